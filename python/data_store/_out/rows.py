# SPDX-License-Identifier: MIT
"""The rows of a query, as a DataFrame."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_int64
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c import querying as _abi
from .._c.handles import ResultHandle
from .._c.library import library
from .._c.text import decode
from .._pandas import HAS_ARROW_TEXT
from .arrays import c_array
from .frames import frame_of
from .texts import laid_out_texts, names_index, text_array

__all__ = ["rows_out"]


def rows_out(owner: ResultHandle) -> pd.DataFrame:
    """Give the rows of a query as a DataFrame.

    Returns
    -------
    DataFrame
        A column of INTEGER is int64, with NULL Int64; REAL, also with INTEGER or NULL, float64;
        TEXT, also with NULL, str; any other mixture, BLOB, and a result of no rows object.
        Columns of the same name are all there.
    """
    count = library.ds_rows_count(owner)
    structs = library.ds_rows_columns(owner)[: library.ds_rows_column_count(owner)]
    columns = [_array(_Column(owner, struct, count)) for struct in structs]
    labels = names_index(tuple([decode(struct.name) for struct in structs]))
    return frame_of(owner, columns, labels, _numbers(count).view())


@lru_cache(maxsize=64)
def _numbers(count: int) -> pd.RangeIndex:
    """Give the index of so many rows, of which each frame gets a view: its owner may name it."""
    return pd.RangeIndex(count)


class _Column:
    """A `ds_sql_column`, seen through NumPy."""

    __slots__ = ("_owner", "_struct", "count", "kinds")

    def __init__(self, owner: ResultHandle, struct: Any, count: int) -> None:
        self._owner = owner
        self._struct = struct
        self.count = count
        types = ctypes.string_at(struct.types, count) if count else b""
        # In many rows five searches for a byte take next to nothing.
        found = types if count < _FEW else [kind for kind in _KINDS if kind in types]
        self.kinds = frozenset(found)

    def _view(self, field: str, dtype: Any, extra: int = 0) -> npt.NDArray[Any]:
        return c_array(self._owner, getattr(self._struct, field), self.count + extra, dtype)

    @property
    def types(self) -> npt.NDArray[np.uint8]:
        return self._view("types", np.uint8)

    @property
    def integers(self) -> npt.NDArray[np.int64]:
        return self._view("integers", np.int64)

    @property
    def address_of_reals(self) -> int:
        address: int = self._struct.reals
        return address

    @property
    def reals(self) -> npt.NDArray[np.float64]:
        return self._view("reals", np.float64)

    def cells(self) -> list[Any]:
        """Give each row as a Python object."""
        makers: dict[int, Callable[[int], Any]] = {
            _abi.SQL_NULL: lambda row: None,
            _abi.SQL_INTEGER: lambda row: int(self.integers[row]),
            _abi.SQL_REAL: lambda row: float(self.reals[row]),
            _abi.SQL_TEXT: self.texts().__getitem__,
            _abi.SQL_BLOB: self.blobs().__getitem__,
        }
        return [makers[kind](row) for row, kind in enumerate(self.types.tolist())]

    def blobs(self) -> list[bytes]:
        """Give the bytes of each row, empty if it has none."""
        if self._struct.offsets is None:
            return [b""] * self.count
        offsets = self._view("offsets", np.int64, extra=1).tolist()
        block = ctypes.string_at(self._struct.bytes, offsets[-1]) if offsets[-1] else b""
        return [block[start:end] for start, end in zip(offsets, offsets[1:])]

    def plain_texts(self) -> Any:
        """Give texts without a missing one as they lie in memory, or None where that cannot be.

        That is where pandas keeps texts in Arrow's layout, and they are ASCII: so no two bytes
        of one character can be in two texts.
        """
        offsets = self._struct.offsets
        if not HAS_ARROW_TEXT or offsets is None or self.kinds != _TEXT:
            return None
        size = c_int64.from_address(offsets + 8 * self.count).value
        if size and not ctypes.string_at(self._struct.bytes, size).isascii():
            return None
        return laid_out_texts(self._owner, self.count, offsets, self._struct.bytes, size)

    def texts(self) -> list[str | None]:
        """Give the text of each row, None if it is none."""
        blobs = self.blobs()
        if self.kinds == _TEXT:
            return [decode(blob) for blob in blobs]
        return [
            decode(blob) if kind == _abi.SQL_TEXT else None
            for kind, blob in zip(self.types.tolist(), blobs)
        ]


def _integers(column: _Column) -> Any:
    return column.integers


def _nullable_integers(column: _Column) -> Any:
    return pd.arrays.IntegerArray(column.integers, column.types == _abi.SQL_NULL)


def _plain_reals(column: _Column) -> Any:
    return column.address_of_reals


def _reals(column: _Column) -> Any:
    reals = column.reals
    reals[column.types == _abi.SQL_NULL] = np.nan
    return reals


def _mixed_numbers(column: _Column) -> Any:
    reals = _reals(column)
    whole = column.types == _abi.SQL_INTEGER
    integers = column.integers[whole]
    if ((integers > 2**53) | (integers < -(2**53))).any():
        return _objects(column)
    reals[whole] = integers
    return reals


def _words(column: _Column) -> Any:
    laid_out = column.plain_texts()
    return text_array(column.texts()) if laid_out is None else laid_out


def _objects(column: _Column) -> Any:
    objects = np.empty(column.count, object)
    objects[:] = column.cells()
    return objects


_TEXT = frozenset({_abi.SQL_TEXT})

# The types that are in a column -> its array; any other mixture is Python objects.
_ARRAYS: dict[frozenset[int], Callable[[_Column], Any]] = {
    frozenset({_abi.SQL_INTEGER}): _integers,
    frozenset({_abi.SQL_INTEGER, _abi.SQL_NULL}): _nullable_integers,
    frozenset({_abi.SQL_REAL}): _plain_reals,
    frozenset({_abi.SQL_REAL, _abi.SQL_NULL}): _reals,
    frozenset({_abi.SQL_REAL, _abi.SQL_INTEGER}): _mixed_numbers,
    frozenset({_abi.SQL_REAL, _abi.SQL_INTEGER, _abi.SQL_NULL}): _mixed_numbers,
    _TEXT: _words,
    frozenset({_abi.SQL_TEXT, _abi.SQL_NULL}): _words,
}


_KINDS = range(_abi.SQL_BLOB + 1)
_FEW = 64


def _array(column: _Column) -> Any:
    return _ARRAYS.get(column.kinds, _objects)(column)
