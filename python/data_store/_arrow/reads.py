# SPDX-License-Identifier: MIT
"""The calls that read bars as tables of Arrow."""

from __future__ import annotations

from typing import Any

from .._c.handles import StoreHandle
from .._c.library import library
from .._c.status import check
from .._deferred import frames
from .._in.cells import count_of
from .._in.selection import Selection
from .._progress import reporter_of
from .._reads import asked_between, bars_between
from .result import ArrowResult, bars_result

__all__ = ["arrow_between", "arrow_chunks_between"]


def arrow_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    selection: Selection,
) -> ArrowResult:
    """Give a range as a table."""
    owner = bars_between(store, symbol, timeframe, start, end, selection)
    return bars_result(
        owner,
        lambda: frames.table_of_bars(owner, selection),
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
    progress: object = None,
) -> ArrowResult:
    """Begin a scan, and give it as a stream of a record batch per chunk."""
    asked = asked_between(store, symbol, timeframe, start, end, selection)
    rows = count_of(chunk, "chunk")

    reporter = reporter_of(progress, "iter_arrow")

    def make(address: int) -> None:
        with reporter:
            check(library.ds_market_scan_arrow(*asked, rows, selection.by_symbol, address))

        reporter.keep()

    def frame() -> Any:
        given = store, symbol, timeframe, start, end, chunk, selection
        return frames.table_of_chunks(*given, progress)

    return ArrowResult(make, frame, is_stream=True)
