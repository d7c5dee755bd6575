# SPDX-License-Identifier: MIT
"""Bars as tables of Arrow, a chunk at a time, for those that take them one by one."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import POINTER, byref
from typing import TYPE_CHECKING

from .._c import abi as _abi
from .._c.first_use import at_first_use
from .._c.handles import BarsHandle, ResultHandle, StoreHandle
from .._c.library import library
from .._c.status import check
from .._c.text import encode_name
from .._in.cells import count_of
from .._in.selection import Selection, symbols_of
from .._progress import NoReporter, Reporter, reporter_of
from .result import ArrowResult, bars_result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["batches_between"]


def batches_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    bounds: _abi.ds_range | None,
    chunk: object,
    selection: Selection,
    progress: object = None,
) -> Iterator[ArrowResult]:
    """Begin a scan, and give each chunk of it: never empty, of one symbol, one snapshot."""
    symbols = symbols_of(symbol)
    pointer = POINTER(_abi.ds_scan)()
    reporter = reporter_of(progress, "iter_arrow")
    with reporter:
        check(
            library.ds_market_scan(
                store,
                symbols,
                symbols.count,
                encode_name(timeframe, "timeframe"),
                bounds,
                selection,
                count_of(chunk, "chunk"),
                byref(pointer),
            )
        )
    return _batches(ResultHandle(pointer, library.ds_scan_free), selection, reporter)


def _batches(
    scan: ResultHandle, selection: Selection, reporter: Reporter | NoReporter
) -> Iterator[ArrowResult]:
    with reporter.scanning(), scan:
        while True:
            pointer = POINTER(_abi.ds_bars)()
            check(library.ds_scan_next(scan, byref(pointer)))
            if not pointer:
                return
            yield _batch(BarsHandle(pointer, library.ds_bars_free), selection)


def _batch(owner: BarsHandle, selection: Selection) -> ArrowResult:
    def frame() -> pd.DataFrame:
        with at_first_use.lock, at_first_use:
            from .._out.frames import bars_out

        return bars_out(owner, selection).reset_index().copy()

    return bars_result(owner, frame, by_symbol=selection.by_symbol)
