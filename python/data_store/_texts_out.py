# SPDX-License-Identifier: MIT
"""Text columns that the library read, as arrays of pandas' default text dtype."""

from __future__ import annotations

from ctypes import byref
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._handles import ResultHandle, c_array
from ._library import library
from ._status import check
from ._text import decode_array

__all__ = ["STR", "codes_out", "text_array", "text_columns_out"]

# pandas' default dtype of text: missing is NaN; backed by Arrow where pyarrow is installed.
STR = pd.StringDtype(na_value=np.nan)

_SHORT = 16  # up to so many bytes a text, room for the longest in each row is no waste
_ALIGNMENT = 64  # of Arrow's buffers


def text_array(texts: list[str | None]) -> Any:
    """Give texts as an array of pandas' default text dtype, None as missing."""
    return pd.array(texts, dtype=STR)


def codes_out(owner: ResultHandle, column: Any, count: int) -> npt.NDArray[np.int32]:
    """Give a text column's codes, -1 as missing."""
    if column.values is None:
        return np.full(count, -1, np.int32)
    if column.codes is None:
        return np.zeros(count, np.int32)
    return c_array(owner, column.codes, count, np.int32)


def text_columns_out(owner: ResultHandle, columns: list[Any], count: int) -> list[Any]:
    """Give text columns of `count` rows as arrays.

    Those made for Arrow lie in one block of memory: a process that reads again and again gets it
    back from malloc, where many small pieces go back to the system, and fresh pages cost more than
    filling them. A column that says the same as the one before shares its array's memory, as
    qualities often do: Arrow's arrays never change.
    """
    texts = [_TextColumn(owner, column, count) for column in columns]
    if STR.storage != "pyarrow" or not count:
        return [column.array() for column in texts]
    is_alike = [False] + [second.says_the_same_as(first) for first, second in pairwise(texts)]
    rooms = (column.room for column, alike in zip(texts, is_alike, strict=True) if not alike)
    memory = _ArrowMemory(sum(rooms))
    array_of: Any = pd.arrays.ArrowStringArray  # pandas-stubs do not know its dtype
    arrays: list[Any] = []
    layout: Any = None
    for column, alike in zip(texts, is_alike, strict=True):
        layout = layout if alike else column.laid_out(memory)
        arrays.append(array_of(layout, dtype=STR))
    return arrays


class _TextColumn:
    """Words, and the number of a word in each row."""

    __slots__ = ("_codes", "_column", "_longest", "_words")

    def __init__(self, owner: ResultHandle, column: Any, count: int) -> None:
        self._column = column
        self._words = decode_array(column.values, column.value_count)
        self._codes = codes_out(owner, column, count)
        self._longest = max((len(word.encode()) for word in self._words if word), default=0)

    def says_the_same_as(self, other: _TextColumn) -> bool:
        return self._words == other._words and np.array_equal(self._codes, other._codes)

    def array(self) -> Any:
        return text_array(self._words).take(self._codes, allow_fill=True)

    @property
    def room(self) -> int:
        """What `laid_out` takes at most, in bytes."""
        return _aligned(8 * (self._codes.size + 1)) + _aligned(self._text_room)

    @property
    def _text_room(self) -> int:
        return self._codes.size * self._longest if self._longest <= _SHORT else 0

    def laid_out(self, memory: _ArrowMemory) -> Any:
        """Lay the column out as Arrow has it: `take` of pyarrow costs several times as much."""
        import pyarrow as pa

        count = self._codes.size
        offsets_at, offsets = memory.take(8 * (count + 1))
        room = self._text_room
        if self._longest > _SHORT:
            self._lay_out(offsets_at, None, 0)
            room = np.frombuffer(offsets, np.int64)[count].item()
            memory = _ArrowMemory(_aligned(room))
        text_at, text = memory.take(room)
        self._lay_out(offsets_at, text_at, room)
        present = self._codes >= 0
        missing = count - int(np.count_nonzero(present))
        validity = pa.py_buffer(np.packbits(present, bitorder="little")) if missing else None
        return pa.LargeStringArray.from_buffers(count, offsets, text, validity, missing)

    def _lay_out(self, offsets: int, text: int | None, room: int) -> None:
        column = byref(self._column)
        check(library.ds_text_column_lay_out(column, self._codes.size, offsets, text, room))


class _ArrowMemory:
    """A block of bytes, to be taken piece by piece; it lives as long as one of its pieces."""

    __slots__ = ("_address", "_buffer", "_taken")

    def __init__(self, size: int) -> None:
        import pyarrow as pa

        block = np.empty(size, np.uint8)
        self._address = block.ctypes.data
        self._buffer = pa.py_buffer(block)
        self._taken = 0

    def take(self, size: int) -> tuple[int, Any]:
        """Give the address of the next `size` bytes, and the buffer that they are."""
        start = self._taken
        self._taken += _aligned(size)
        return self._address + start, self._buffer.slice(start, size)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
