# SPDX-License-Identifier: MIT
"""Columns of text."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..._c.signals import pass_on
from ..cells import Refusal, refuse_text
from ..words import text_or_missing
from .dtypes import MANY, Booleans, Column, Floats, Integers, Objects, objects
from .encoding import Rows, each, encode, nulls, refuse_any, refuse_booleans

__all__ = ["TextCodes", "texts"]


class TextCodes:
    """Text, dictionary-coded: row i has `values[codes[i]]`, missing if the code is -1.

    Attributes
    ----------
    codes : ndarray of int32, or None
        None stands for code 0 in every row.
    values : list of bytes
        UTF-8.
    block : bytes
        The values with a NUL between each two, where they were encoded so; else empty.
    count : int
        How many values there are.
    """

    __slots__ = ("_values", "block", "codes", "count")

    def __init__(
        self,
        codes: npt.NDArray[np.int32] | None,
        values: list[bytes] | None,
        block: bytes = b"",
        count: int = 0,
    ) -> None:
        self.codes = codes
        self._values = values
        self.block = block
        self.count = count if values is None else len(values)

    @property
    def values(self) -> list[bytes]:
        """Split the block only where each has to be looked at."""
        if self._values is None:
            self._values = self.block.split(b"\0")
        return self._values

    def take(self, rows: Rows) -> TextCodes:
        """Give the rows asked for; row -1 is a missing one."""
        if self.codes is None:
            return TextCodes(np.minimum(rows, 0).astype(np.int32), self.values)
        return TextCodes(np.append(self.codes, np.int32(-1))[rows], self.values)


def _all_missing(count: int) -> TextCodes:
    return TextCodes(np.full(count, -1, np.int32), [b""])


def _texts_from_floats(cells: Floats) -> TextCodes:
    values = cells.values
    refuse_any(values == values, lambda row: values[row].item(), refuse_text)
    return _all_missing(values.size)


def _texts_from_integers(cells: Integers) -> TextCodes:
    refuse_any(~nulls(cells), lambda row: cells.values[row].item(), refuse_text)
    return _all_missing(cells.values.size)


def _texts_from_booleans(cells: Booleans) -> TextCodes:
    refuse_booleans(cells, refuse_text)
    return _all_missing(cells.values.size)


def _texts_from_objects(cells: Objects) -> TextCodes:
    # A dict keeps equal texts together as Python compares them, and looks at each text once.
    codes: dict[Any, int] = {}
    values: list[bytes] = []
    try:
        distinct = dict.fromkeys(cells.values)
    except Exception as error:  # cannot be hashed: not text, or a str subclass
        pass_on(error)
        return _texts_from_bytes(each(cells.values, text_or_missing))
    plain = _plain_texts(cells.values, distinct)
    if plain is not None:
        return plain
    for cell in distinct:
        try:
            text = text_or_missing(cell)
        except Refusal as refusal:
            raise refusal.at(_index_of(cells.values, cell)) from None
        codes[cell] = -1 if text is None else len(values)
        if text is not None:
            values.append(text)
    if len(codes) == 1 and values:
        return TextCodes(None, values)
    return TextCodes(_coded(cells.values, codes), values or [b""])


def _plain_texts(cells: list[Any], distinct: Collection[Any]) -> TextCodes | None:
    """Encode cells of which these are distinct; None where one of them is to be looked at alone."""
    block = _block_of(distinct)
    if block is None:
        return None
    count = len(distinct)
    if count == 1:
        return TextCodes(None, [block])
    if count == len(cells):  # each its own
        return TextCodes(np.arange(count, dtype=np.int32), None, block, count)
    return TextCodes(_coded(cells, dict(zip(distinct, range(count)))), None, block, count)


def _block_of(texts: Collection[Any]) -> bytes | None:
    """Encode texts in one piece; None where one of them has to be looked at alone."""
    if {*map(type, texts)} != {str}:
        return None
    try:
        block = "\0".join(texts).encode()
    except UnicodeEncodeError:
        return None
    return block if block.count(0) == len(texts) - 1 else None


def _coded(cells: list[Any], codes: dict[Any, int]) -> npt.NDArray[np.int32]:
    return np.fromiter(map(codes.__getitem__, cells), np.int32, len(cells))


def _texts_from_bytes(cells: list[bytes | None]) -> TextCodes:
    values = list(dict.fromkeys(text for text in cells if text is not None))
    codes: dict[bytes | None, int] = {text: code for code, text in enumerate(values)}
    codes[None] = -1
    return TextCodes(np.array([codes[text] for text in cells], np.int32), values or [b""])


def _index_of(cells: list[Any], wanted: object) -> int:
    return next(row for row, cell in enumerate(cells) if cell is wanted)


_TEXTS: dict[type, Callable[[Any], TextCodes]] = {
    Floats: _texts_from_floats,
    Integers: _texts_from_integers,
    Booleans: _texts_from_booleans,
    Objects: _texts_from_objects,
}


_STRING = pd.StringDtype


def texts(column: Column) -> TextCodes:
    """Encode a column of text; missing is code -1."""
    # Of pandas' own text, which has nothing else but missing cells: a few rows take longer to be
    # asked what they are than to be encoded.
    if type(column.dtype) is _STRING and column.size < MANY:
        cells = objects(column)
        plain = _plain_texts(cells, dict.fromkeys(cells))
        if plain is not None:
            return plain
    return encode(column, _TEXTS, TextCodes.take)
