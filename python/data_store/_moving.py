# SPDX-License-Identifier: MIT
"""Two stores: what a copy has done, and in what they differ."""

from __future__ import annotations

from ctypes import POINTER, byref
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from ._c import maintenance as _abi
from ._c.handles import ResultHandle, StoreHandle
from ._c.library import library
from ._c.opening import NO_TIME
from ._c.status import check
from ._c.text import decode, decode_optional
from ._in.cells import count_of
from ._timestamps import to_iso

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["Copied", "Difference", "compared", "copied"]


class Copied(TypedDict):
    """What a copy has done: see `DataStore.copy_to`."""

    series: int
    bars: int
    bars_written: int
    requests: int
    requests_written: int
    states: int
    states_written: int


class Difference(NamedTuple):
    """Something in which two stores differ: see `DataStore.differences`. Its `str` is a sentence.

    Attributes
    ----------
    part : {"bar", "request", "state"}
        What differs.
    kind : {"value", "only here", "only there"}
        Both stores have it, with different values of `column`; or only one has it.
    symbol, timeframe : str or None
        Of a bar or a request.
    time : str or None
        Of the bar, or when the request was made: ISO 8601 in UTC, to the nanosecond.
    key : str or None
        Of a state value.
    column : str or None
        The one that differs; None if only one of the stores has the bar, request or key.
    here, there : str or None
        The value of the column in this store and in the other one: the shortest digits that read
        back to the same bits, ISO 8601 times, JSON text as it is stored. None is NULL.
    text : str
        All of it as a sentence.
    """

    part: Literal["bar", "request", "state"]
    kind: Literal["value", "only here", "only there"]
    symbol: str | None
    timeframe: str | None
    time: str | None
    key: str | None
    column: str | None
    here: str | None
    there: str | None
    text: str

    def __str__(self) -> str:
        return self.text


_PARTS: dict[int, Any] = {
    _abi.DIFFERENCE_BAR: "bar",
    _abi.DIFFERENCE_REQUEST: "request",
    _abi.DIFFERENCE_STATE: "state",
}
_KINDS: dict[int, Any] = {
    _abi.DIFFERENCE_VALUE: "value",
    _abi.DIFFERENCE_ONLY_HERE: "only here",
    _abi.DIFFERENCE_ONLY_THERE: "only there",
}


def copied(source: StoreHandle, target: StoreHandle, chunk: object) -> Copied:
    """Copy a store into another one."""
    options = _abi.ds_copy_options(chunk=count_of(chunk, "chunk"))
    result = _abi.ds_copy_result()
    check(library.ds_store_copy(source, target, byref(options), byref(result)))
    return {
        "series": result.series,
        "bars": result.bars,
        "bars_written": result.bars_written,
        "requests": result.requests,
        "requests_written": result.requests_written,
        "states": result.states,
        "states_written": result.states_written,
    }


def compared(
    here: StoreHandle, there: StoreHandle, limit: object, chunk: object
) -> list[Difference]:
    """Compare two stores."""
    options = _abi.ds_compare_options(
        limit=count_of(limit, "limit"), chunk=count_of(chunk, "chunk")
    )
    pointer = POINTER(_abi.ds_differences)()
    check(library.ds_store_compare(here, there, byref(options), byref(pointer)))
    with ResultHandle(pointer, library.ds_differences_free) as found:
        count = library.ds_differences_count(found)
        items = library.ds_differences_items(found)[:count] if count else []
        return [
            Difference(
                _PARTS[item.part],
                _KINDS[item.kind],
                decode_optional(item.symbol),
                decode_optional(item.timeframe),
                None if item.time == NO_TIME else to_iso(item.time),
                decode_optional(item.key),
                decode_optional(item.column),
                decode_optional(item.here),
                decode_optional(item.there),
                decode(item.text),
            )
            for item in items
        ]
