# SPDX-License-Identifier: MIT
"""A query: its parameters on their way in, and its rows on their way out."""

from __future__ import annotations

import ctypes
import datetime as dt
import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from ctypes import POINTER, byref
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._arrow import ArrowResult, rows_result
from ._c import abi as _abi
from ._c.handles import ResultHandle, StoreHandle
from ._c.library import library
from ._c.signals import pass_on
from ._c.status import check
from ._c.text import decode, encode
from ._in.cells import (
    INT64,
    Refusal,
    described,
    is_integer,
    is_missing,
    number,
    number_argument,
    refuse_duration,
    shown,
)
from ._in.kinds import is_duration, is_of
from ._out.arrays import c_array
from ._out.frames import frame_of
from ._out.texts import names_index, text_array
from ._timestamps import storable_ns
from .errors import InvalidInputError, InvalidTypeError

__all__ = ["Parameters", "SqlValue", "query", "query_arrow"]

SqlValue: TypeAlias = (
    bool | int | float | str | bytes | bytearray | memoryview | dt.datetime | np.generic | None
)
Parameters: TypeAlias = Sequence[SqlValue] | Mapping[str, SqlValue]


def query(store: StoreHandle, text: object, params: object, timeout: float | None) -> pd.DataFrame:
    """Run one statement that only reads, for at most `timeout` seconds."""
    return _rows_out(_rows(store, text, params, timeout))


def query_arrow(
    store: StoreHandle, text: object, params: object, timeout: float | None
) -> ArrowResult:
    """Do the same, and give the rows as a table of Arrow."""
    owner = _rows(store, text, params, timeout)
    return rows_result(owner, lambda: _rows_out(owner).copy())


def _rows(store: StoreHandle, text: object, params: object, timeout: float | None) -> ResultHandle:
    """Give the `ds_rows` of a query."""
    parameters = _parameters_in(params)
    pointer = POINTER(_abi.ds_rows)()
    asked = (store, encode(text, "query"), parameters, len(parameters))
    if timeout is None:
        check(library.ds_sql(*asked, byref(pointer)))
    else:
        limit = number_argument(timeout, "timeout")
        check(library.ds_sql_within(*asked, limit, byref(pointer)))
    return ResultHandle(pointer, library.ds_rows_free)


# ---- In -------------------------------------------------------------------------------------


def _parameters_in(params: object) -> ctypes.Array[_abi.ds_sql_parameter]:
    """Give a query's parameters, by position from a sequence or by name from a mapping."""
    pairs: Sequence[tuple[object, Any]]
    no_parameters = (
        "params must be a sequence of values or a mapping from name to value, not "
        f"{type(params).__name__}; a single value goes into a tuple: (value,)"
    )
    try:
        if isinstance(params, Mapping):
            pairs = list(params.items())
        elif isinstance(params, (Sequence, np.ndarray, pd.Series)) and not isinstance(
            params, (str, bytes, bytearray, memoryview)
        ):
            pairs = list(enumerate(params))
        else:
            raise InvalidTypeError(no_parameters)
    except InvalidTypeError:
        raise
    except Exception as error:  # an array of no dimension, or the caller's own object
        pass_on(error)
        raise InvalidTypeError(no_parameters) from error
    filled = (_abi.ds_sql_parameter * len(pairs))()
    for parameter, (name, value) in zip(filled, pairs, strict=True):
        try:
            _fill(parameter, value)
        except Refusal as refusal:
            raise InvalidInputError(
                f"query parameter {shown(name)}: {refusal.told('value')}"
            ) from None
        if isinstance(params, Mapping):
            parameter.name = encode(name, "a query parameter's name")
    return filled


def _fill(parameter: _abi.ds_sql_parameter, value: Any) -> None:
    if type(value) is str:  # as most are
        _fill_bytes(parameter, _abi.SQL_TEXT, encode(value, "text"))
    elif is_missing(value):
        parameter.type = _abi.SQL_NULL
    elif is_duration(value):
        raise refuse_duration(value, "an SQLite value")
    elif is_of(value, "bool") or is_integer(value):
        integer = int(value) if is_of(value, "bool") else operator.index(value)
        if integer not in INT64:
            raise Refusal(f"{shown(value)} is beyond 64 bits", "pass it as text")
        parameter.type, parameter.integer = _abi.SQL_INTEGER, integer
    elif isinstance(value, float) or is_of(value, "floating"):
        parameter.type, parameter.real = _abi.SQL_REAL, number(value)
    elif isinstance(value, str):
        _fill_bytes(parameter, _abi.SQL_TEXT, encode(value, "text"))
    elif isinstance(value, (bytes, bytearray, memoryview)):
        try:
            blob = bytes(value)
        except ValueError as error:
            pass_on(error)
            raise Refusal(f"{shown(value)} cannot be read: {error}", "pass bytes") from error
        _fill_bytes(parameter, _abi.SQL_BLOB, blob)
    elif isinstance(value, dt.datetime):
        parameter.type, parameter.integer = _abi.SQL_TIME, storable_ns(value)
    else:
        raise Refusal(
            f"SQLite has no type for {described(value)}",
            "pass None, a number, text, bytes or an aware datetime",
        )


def _fill_bytes(parameter: _abi.ds_sql_parameter, kind: int, value: bytes) -> None:
    parameter.type, parameter.bytes, parameter.byte_count = kind, value, len(value)


# ---- Out ------------------------------------------------------------------------------------


def _rows_out(owner: ResultHandle) -> pd.DataFrame:
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
    return frame_of(owner, columns, labels, pd.RangeIndex(count))


class _Column:
    """A `ds_sql_column`, seen through NumPy."""

    __slots__ = ("_owner", "_struct", "count", "kinds")

    def __init__(self, owner: ResultHandle, struct: Any, count: int) -> None:
        self._owner = owner
        self._struct = struct
        self.count = count
        # Five searches for a byte, which take next to nothing.
        types = ctypes.string_at(struct.types, count) if count else b""
        self.kinds = frozenset([kind for kind in _KINDS if kind in types])

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
        return [block[start:end] for start, end in itertools.pairwise(offsets)]

    def texts(self) -> list[str | None]:
        """Give the text of each row, None if it is none."""
        blobs = self.blobs()
        if self.kinds == {_abi.SQL_TEXT}:
            return [decode(blob) for blob in blobs]
        return [
            decode(blob) if kind == _abi.SQL_TEXT else None
            for kind, blob in zip(self.types.tolist(), blobs, strict=True)
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
    return text_array(column.texts())


def _objects(column: _Column) -> Any:
    objects = np.empty(column.count, object)
    objects[:] = column.cells()
    return objects


# The types that are in a column -> its array; any other mixture is Python objects.
_ARRAYS: dict[frozenset[int], Callable[[_Column], Any]] = {
    frozenset({_abi.SQL_INTEGER}): _integers,
    frozenset({_abi.SQL_INTEGER, _abi.SQL_NULL}): _nullable_integers,
    frozenset({_abi.SQL_REAL}): _plain_reals,
    frozenset({_abi.SQL_REAL, _abi.SQL_NULL}): _reals,
    frozenset({_abi.SQL_REAL, _abi.SQL_INTEGER}): _mixed_numbers,
    frozenset({_abi.SQL_REAL, _abi.SQL_INTEGER, _abi.SQL_NULL}): _mixed_numbers,
    frozenset({_abi.SQL_TEXT}): _words,
    frozenset({_abi.SQL_TEXT, _abi.SQL_NULL}): _words,
}


_KINDS = range(_abi.SQL_BLOB + 1)


def _array(column: _Column) -> Any:
    return _ARRAYS.get(column.kinds, _objects)(column)
