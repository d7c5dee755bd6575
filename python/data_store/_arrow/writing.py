# SPDX-License-Identifier: MIT
"""Tables of Arrow on their way in, from whatever library offers one."""

from __future__ import annotations

import ctypes
import functools
from ctypes import byref, c_int64, c_void_p
from typing import TYPE_CHECKING, Any, Protocol

from .._c.handles import StoreHandle
from .._c.signals import pass_on
from .._c.status import check
from .._c.text import encode, encode_name
from ..errors import InvalidInputError, InvalidTypeError
from .capsules import ARRAY, CAPSULE, SCHEMA, STREAM, Kind, get_type, pointer_in, release_type

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["ArrowTable", "is_arrow", "quality_word", "write_stream"]


class _Stream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Any = None) -> object: ...


class _Array(Protocol):
    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[object, object]: ...


ArrowTable: TypeAlias = "_Stream | _Array"
"""What offers itself as a table of Arrow."""


def is_arrow(table: object) -> bool:
    """Tell whether a table offers itself as one of Arrow, and is not one of pandas."""
    kind = type(table)
    if kind is CAPSULE:  # of a stream, as what offers itself gives it
        return True
    if not hasattr(kind, "__arrow_c_stream__") and not hasattr(kind, "__arrow_c_array__"):
        return False
    return kind.__module__.partition(".")[0] != "pandas" and not any(
        parent.__module__.partition(".")[0] == "pandas" for parent in kind.__mro__
    )


def write_stream(
    function: Any, store: StoreHandle, table: object, names: tuple[object, object], *options: Any
) -> int:
    """Hand a table's stream to a function of the library; returns the rows given.

    Parameters
    ----------
    function : callable
        `ds_market_write_arrow` or `ds_market_write_features_arrow`.
    names : tuple
        Symbol and timeframe; None: the table has that column.
    options : optional
        The arguments between the names and the rows.
    """
    symbol, timeframe = names
    given = (
        None if symbol is None else encode_name(symbol, "symbol"),
        None if timeframe is None else encode_name(timeframe, "timeframe"),
    )
    rows = c_int64()
    capsule, address = _stream_of(table)
    check(function(store, address, *given, *options, byref(rows)))
    del capsule
    return rows.value


def _stream_of(table: Any) -> tuple[object, int]:
    """Ask a table for its stream; the first of the two keeps the second alive."""
    try:
        if type(table) is CAPSULE:
            return table, pointer_in(table, STREAM.name)
        if hasattr(type(table), "__arrow_c_stream__"):
            capsule = table.__arrow_c_stream__()
            return capsule, pointer_in(capsule, STREAM.name)
        schema, array = table.__arrow_c_array__()
        stream = _OneArray(
            (schema, pointer_in(schema, SCHEMA.name)), (array, pointer_in(array, ARRAY.name))
        )
        return stream, stream.address
    except Exception as error:  # the caller's own object
        pass_on(error)
        raise InvalidInputError(
            f"the {type(table).__name__} cannot be read as a table of Arrow: {error}"
        ) from error


class _OneArray:
    """A stream of one array, of which the interface of arrays has none."""

    def __init__(self, schema: tuple[object, int], array: tuple[object, int]) -> None:
        self._parts = schema, array
        memory = (c_int64 * 5)()
        self.address = address = ctypes.addressof(memory)
        # None of these refers to this object: it goes with its last user, and takes them along.
        self._functions = functions = (
            get_type(functools.partial(_move, schema[1], SCHEMA)),
            get_type(functools.partial(_move, array[1], ARRAY)),
            ctypes.CFUNCTYPE(c_void_p, c_void_p)(lambda stream: None),
            release_type(lambda stream: _mark_released(address, STREAM)),
        )
        for place, function in enumerate(functions):
            memory[place] = ctypes.cast(function, c_void_p).value or 0
        self._memory = memory


def _move(source: int, kind: Kind, stream: int, target: int) -> int:
    """Move a struct to `target`; the second time there is none left."""
    ctypes.memmove(target, source, kind.size)
    _mark_released(source, kind)
    return 0


def _mark_released(address: int, kind: Kind) -> None:
    ctypes.memset(address + kind.release, 0, 8)


def quality_word(quality: object) -> bytes | None:
    """Give the quality of a table's features; it is one word or none."""
    if quality is None:
        return None
    if not isinstance(quality, str):
        raise InvalidTypeError(
            "quality must be a word or None beside a table of Arrow, not "
            f"{type(quality).__name__}; give structs of value and quality"
        )
    return encode(quality, "quality")
