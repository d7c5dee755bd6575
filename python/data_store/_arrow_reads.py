# SPDX-License-Identifier: MIT
"""The calls that read bars as tables of Arrow."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ._arrow import ArrowResult, bars_result
from ._c.handles import BarsHandle, StoreHandle
from ._c.library import library
from ._c.status import check
from ._in.cells import count_of
from ._in.selection import Selection
from ._out.frames import bars_out
from ._reads import asked_between, bars_between, chunks_between

__all__ = ["arrow_between", "arrow_chunks_between"]


def arrow_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    selection: Selection,
    frame_of: Callable[[BarsHandle, Selection], pd.DataFrame],
) -> ArrowResult:
    """Give a range as a table; `frame_of` makes a frame of it, for those who want one."""
    owner = bars_between(store, symbol, timeframe, start, end, selection)
    # A frame of one's own: nobody else's numbers change with it.
    return bars_result(
        owner,
        lambda: frame_of(owner, selection).reset_index().copy(),
        by_symbol=selection.by_symbol,
    )


def arrow_chunks_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    chunk: object,
    selection: Selection,
) -> ArrowResult:
    """Begin a scan, and give it as a stream of a record batch per chunk."""
    asked = asked_between(store, symbol, timeframe, start, end, selection)
    rows = count_of(chunk, "chunk")

    def make(address: int) -> None:
        check(library.ds_market_scan_arrow(*asked, rows, selection.by_symbol, address))

    def frame() -> pd.DataFrame:
        frames = list(chunks_between(store, symbol, timeframe, start, end, chunk, selection))
        if not frames:
            none = bars_between(store, symbol, timeframe, start, end, selection)
            frames = [bars_out(none, selection)]
        return pd.concat(frames).reset_index()

    return ArrowResult(make, frame, is_stream=True)
