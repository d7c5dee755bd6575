# SPDX-License-Identifier: MIT
"""The latest bars of a series as columns: the library's call, without a DataFrame."""

from __future__ import annotations

from ctypes import POINTER, addressof, byref
from typing import Any

from .._c import abi
from .._c.handles import ResultHandle
from .._c.library import library
from .._c.status import check
from .._c.text import TextArray, encode_name
from .._in.selection import Selection
from ..core import DataStore
from .arrow_in import batches_of
from .arrow_structs import ArrowStream, new_capsule

__all__ = ["LatestBars", "first_and_last"]


class LatestBars:
    """What `market.latest` reads, as a stream of Arrow for `batches_of`.

    Parameters
    ----------
    store : DataStore
        Open.
    symbol, timeframe : str
        The series.
    count : int
        How many bars.
    columns, features : optional
        As for `read`.
    """

    def __init__(
        self,
        store: DataStore,
        symbol: str,
        timeframe: str,
        count: int,
        columns: list[str] | None = None,
        features: Any = None,
    ) -> None:
        selection = Selection(columns, features)
        symbols = TextArray([encode_name(symbol, "symbol")])
        name = encode_name(timeframe, "timeframe")
        pointer = POINTER(abi.ds_bars)()
        asked = store._store, symbols, symbols.count, name, count, selection
        check(library.ds_market_latest(*asked, byref(pointer)))
        self._owner = ResultHandle(pointer, library.ds_bars_free)
        self._stream = ArrowStream()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the bars; their reader releases the stream."""
        address = addressof(self._stream)
        check(library.ds_bars_arrow(self._owner, False, address))
        return new_capsule(address, b"arrow_array_stream", None)


def first_and_last(store: DataStore, symbol: str, timeframe: str) -> tuple[int | None, int | None]:
    """Give the times of the first and the last bar of a series; None if there are none."""
    first = store.market.read_arrow(symbol, timeframe, columns=["is_gap"], limit=1)
    last = LatestBars(store, symbol, timeframe, 1, ["is_gap"])
    ends = [
        time
        for rows in (first, last)
        for batch in batches_of(rows)
        for time in batch.columns["timestamp"]
    ]
    return (ends[0], ends[-1]) if ends else (None, None)
