# SPDX-License-Identifier: MIT
"""Single texts: sources, qualities, names; what a cell says, and where C finds it."""

from __future__ import annotations

from ctypes import c_char_p, c_void_p
from typing import TYPE_CHECKING

from .._c.text import Remembered, text_problem
from .cells import Refusal, is_missing, refuse_text

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["NO_TEXT", "PlacedText", "placed", "text_or_missing", "word", "words"]


def text_or_missing(cell: object) -> bytes | None:
    """Give one cell as UTF-8, None if it is missing."""
    if isinstance(cell, str):
        if type(cell) is not str:
            cell = str.__str__(cell)  # the bare text of a subclass
        problem = text_problem(cell)
        if problem is not None:
            raise Refusal(*problem)
        return cell.encode()
    if is_missing(cell):
        return None
    raise refuse_text(cell)


PlacedText: TypeAlias = "tuple[bytes | None, int]"
"""A text and the address at which C finds it for as long as the text lives; 0 for none."""

NO_TEXT: PlacedText = (None, 0)


def placed(text: bytes | None) -> PlacedText:
    """Give a text with its address."""
    if text is None:
        return NO_TEXT
    address = c_void_p.from_buffer(c_char_p(text)).value
    assert address is not None
    return text, address


def word(cell: object) -> PlacedText:
    """`text_or_missing`, placed."""
    return placed(text_or_missing(cell))


words = Remembered(word)
"""`word` for those that come again and again: sources, qualities."""
