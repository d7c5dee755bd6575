# SPDX-License-Identifier: MIT
"""A query: its parameters on their way in, and its rows as the library hands them out."""

from __future__ import annotations

import ctypes
import datetime as dt
import operator
import struct
from collections.abc import Mapping, Sequence
from ctypes import POINTER, byref
from typing import TYPE_CHECKING, Any

from ._arrow.result import ArrowResult, rows_result
from ._c import querying as _abi
from ._c.handles import ResultHandle, StoreHandle
from ._c.library import library
from ._c.signals import pass_on
from ._c.status import check
from ._c.text import encode
from ._deferred import frames
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
from ._timestamps import storable_ns
from .errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np

__all__ = ["Parameters", "SqlValue", "query_arrow", "rows_of_query"]

SqlValue: TypeAlias = (
    "bool | int | float | str | bytes | bytearray | memoryview | dt.datetime | np.generic | None"
)
Parameters: TypeAlias = "Sequence[SqlValue] | Mapping[str, SqlValue]"

_Value: TypeAlias = "tuple[int, int, float, bytes | None]"


def query_arrow(
    store: StoreHandle, text: object, params: object, timeout: float | None
) -> ArrowResult:
    """Run one statement that only reads, and give its rows as a table of Arrow."""
    owner = rows_of_query(store, text, params, timeout)
    return rows_result(owner, lambda: frames.rows_out(owner).copy())


def rows_of_query(
    store: StoreHandle, text: object, params: object, timeout: float | None
) -> ResultHandle:
    """Give the `ds_rows` of one statement that only reads, for at most `timeout` seconds."""
    parameters = _parameters_in(params)
    pointer = POINTER(_abi.ds_rows)()
    array = parameters.array
    asked = (store, encode(text, "query"), array, len(array))
    if timeout is None:
        check(library.ds_sql(*asked, byref(pointer)))
    else:
        limit = number_argument(timeout, "timeout")
        check(library.ds_sql_within(*asked, limit, byref(pointer)))
    return ResultHandle(pointer, library.ds_rows_free)


# ---- In -------------------------------------------------------------------------------------


def _parameters_in(params: Any) -> _Parameters:
    """Give a query's parameters, by position from a sequence or by name from a mapping."""
    pairs: Sequence[tuple[object, Any]]
    no_parameters = (
        "params must be a sequence of values or a mapping from name to value, not "
        f"{type(params).__name__}; a single value goes into a tuple: (value,)"
    )
    named = False
    try:
        if type(params) is list or type(params) is tuple:  # as most are
            pairs = list(enumerate(params))
        elif isinstance(params, Mapping):
            named = True
            pairs = list(params.items())
        elif not isinstance(params, (str, bytes, bytearray, memoryview)) and (
            isinstance(params, Sequence) or is_of(params, "ndarray") or is_of(params, "Series")
        ):
            pairs = list(enumerate(params))
        else:
            raise InvalidTypeError(no_parameters)
    except InvalidTypeError:
        raise
    except Exception as error:  # an array of no dimension, or the caller's own object
        pass_on(error)
        raise InvalidTypeError(no_parameters) from error
    # The fields of all structs, one after the other; a pointer is a place in `block`, or -1.
    fields: list[Any] = []
    pieces: list[bytes] = []
    end = 0
    for name, value in pairs:
        label = -1
        if named:
            label = end
            pieces.append(encode(name, "a query parameter's name") + b"\0")
            end += len(pieces[-1])
        try:
            kind, integer, real, text = (
                (_abi.SQL_TEXT, 0, 0.0, encode(value, "text"))
                if type(value) is str  # as most are
                else _fields_of(value)
            )
        except Refusal as refusal:
            raise InvalidInputError(
                f"query parameter {shown(name)}: {refusal.told('value')}"
            ) from None
        if text is None:
            fields += label, kind, integer, real, -1, 0
        else:
            size = len(text)
            fields += label, kind, integer, real, end, size
            pieces.append(text)
            end += size
    return _Parameters(fields, b"".join(pieces))


class _Parameters:
    """An array of `ds_sql_parameter`, with the bytes that it points to.

    All of it is packed at once: to set the fields one by one takes twice as long.

    Parameters
    ----------
    fields : list
        Those of each struct, in order. A pointer is a place in `block`, or -1 for NULL.
    block : bytes
    """

    __slots__ = ("_block", "array")

    def __init__(self, fields: list[Any], block: bytes) -> None:
        self._block = ctypes.c_char_p(block)
        start = ctypes.c_void_p.from_buffer(self._block).value or 0
        for pointers in _POINTERS:
            fields[pointers] = [start + place if place >= 0 else 0 for place in fields[pointers]]
        count = len(fields) // _FIELDS
        packed = struct.pack("@" + _PACKED * count, *fields)
        self.array = (_abi.ds_sql_parameter * count).from_buffer_copy(packed)


_PACKED = "PiqdPq"
"""A `ds_sql_parameter`: name, type, integer, real, bytes, byte_count."""
_FIELDS = len(_PACKED)
_POINTERS = tuple(slice(place, None, _FIELDS) for place, code in enumerate(_PACKED) if code == "P")


def _fields_of(value: Any) -> _Value:
    """Give what a `ds_sql_parameter` says of a value: its type, and the member of that type."""
    if is_missing(value):
        return _abi.SQL_NULL, 0, 0.0, None
    if is_duration(value):
        raise refuse_duration(value, "an SQLite value")
    if is_of(value, "bool") or is_integer(value):
        integer = int(value) if is_of(value, "bool") else operator.index(value)
        if integer not in INT64:
            raise Refusal(f"{shown(value)} is beyond 64 bits", "pass it as text")
        return _abi.SQL_INTEGER, integer, 0.0, None
    if isinstance(value, float) or is_of(value, "floating"):
        return _abi.SQL_REAL, 0, number(value), None
    if isinstance(value, str):
        return _abi.SQL_TEXT, 0, 0.0, encode(value, "text")
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            blob = bytes(value)
        except ValueError as error:
            pass_on(error)
            raise Refusal(f"{shown(value)} cannot be read: {error}", "pass bytes") from error
        return _abi.SQL_BLOB, 0, 0.0, blob
    if isinstance(value, dt.datetime):
        return _abi.SQL_TIME, storable_ns(value), 0.0, None
    raise Refusal(
        f"SQLite has no type for {described(value)}",
        "pass None, a number, text, bytes or an aware datetime",
    )
