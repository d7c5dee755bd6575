# SPDX-License-Identifier: MIT
"""A query: its parameters on their way in, and its rows as the library hands them out."""

from __future__ import annotations

import ctypes
import datetime as dt
import operator
from collections.abc import Mapping, Sequence
from ctypes import POINTER, byref
from typing import TYPE_CHECKING, Any

from ._arrow import ArrowResult, rows_result
from ._c import abi as _abi
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
    asked = (store, encode(text, "query"), parameters, len(parameters))
    if timeout is None:
        check(library.ds_sql(*asked, byref(pointer)))
    else:
        limit = number_argument(timeout, "timeout")
        check(library.ds_sql_within(*asked, limit, byref(pointer)))
    return ResultHandle(pointer, library.ds_rows_free)


# ---- In -------------------------------------------------------------------------------------


def _parameters_in(params: Any) -> ctypes.Array[_abi.ds_sql_parameter]:
    """Give a query's parameters, by position from a sequence or by name from a mapping."""
    pairs: Sequence[tuple[object, Any]]
    no_parameters = (
        "params must be a sequence of values or a mapping from name to value, not "
        f"{type(params).__name__}; a single value goes into a tuple: (value,)"
    )
    try:
        if isinstance(params, Mapping):
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
    filled = (_abi.ds_sql_parameter * len(pairs))()
    for parameter, (name, value) in zip(filled, pairs):
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
