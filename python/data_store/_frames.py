# SPDX-License-Identifier: MIT
"""The calls that take or give pandas' DataFrames, by the names of their methods.

Imported by `_deferred` when the first of them is made: nothing else of the package takes pandas.
"""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import POINTER, byref, c_int64
from typing import Any

import pandas as pd

from ._c import abi as _abi
from ._c.handles import BarsHandle, ResultHandle, StoreHandle
from ._c.library import library, untyped
from ._c.status import check
from ._c.text import encode_names
from ._in.cells import flag_argument
from ._in.expected import expected_in
from ._in.features import features_in
from ._in.frames import bars_in
from ._in.one_row import one_row_in
from ._in.selection import Selection
from ._out.frames import bars_out, feature_columns_out
from ._out.inventory import missing_out, requests_out, series_out
from ._out.rows import rows_out
from ._progress import NoReporter, Reporter, reporter_of
from ._reads import bars_between, latest_bars, scan_between
from ._sql import rows_of_query
from ._timestamps import range_of

__all__ = [
    "iter",
    "latest",
    "missing",
    "read",
    "read_features",
    "requests",
    "rows_out",
    "series",
    "sql",
    "table_of_bars",
    "table_of_chunks",
    "write",
    "write_batch",
    "write_features",
]

_write_bar = untyped("ds_market_write_bar")
_market_write = untyped("ds_market_write")


# ---- In -------------------------------------------------------------------------------------


def write(
    store: StoreHandle,
    frame: Any,
    symbol: object,
    timeframe: object,
    features: object,
    replace: object,
) -> int:
    """Write bars of a frame; a frame of one plain row as a live bar."""
    if features is None:
        row = one_row_in(frame, symbol, timeframe)
        if row is not None:
            names = encode_names(symbol, timeframe)
            replaces = 0 if replace is False else flag_argument(replace, "replace")
            check(_write_bar(store, *names, row[0], replaces))
            return 1
    return write_batch(store, frame, symbol, timeframe, features, replace)


def write_batch(
    store: StoreHandle,
    frame: Any,
    symbol: object,
    timeframe: object,
    features: object,
    replace: object,
) -> int:
    """Write bars of a frame, as a batch."""
    batch = bars_in(frame, symbol, timeframe, features)
    rows = c_int64()
    replaces = 0 if replace is False else flag_argument(replace, "replace")
    check(_market_write(store, batch, replaces, byref(rows)))
    return rows.value


def write_features(
    store: StoreHandle,
    features: Any,
    symbol: object,
    timeframe: object,
    quality: object,
    replace: object,
) -> int:
    """Write features of a frame, or a series."""
    batch = features_in(features, symbol, timeframe, quality)
    replaces = flag_argument(replace, "replace")
    rows = c_int64()
    check(library.ds_market_write_features(store, batch, replaces, byref(rows)))
    return rows.value


# ---- Out ------------------------------------------------------------------------------------


def read(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    selection: Selection,
) -> pd.DataFrame:
    """Give a range of bars."""
    return bars_out(bars_between(store, symbol, timeframe, start, end, selection), selection)


def read_features(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    selection: Selection,
) -> pd.DataFrame:
    """Give the features of a range, with their quality."""
    owner = bars_between(store, symbol, timeframe, start, end, selection)
    return feature_columns_out(owner, selection)


def latest(
    store: StoreHandle, symbol: object, timeframe: object, n: object, selection: Selection
) -> pd.DataFrame:
    """Give the latest bars of each symbol."""
    return bars_out(latest_bars(store, symbol, timeframe, n, selection), selection)


def iter(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    chunk: object,
    selection: Selection,
    progress: object = None,
) -> Iterator[pd.DataFrame]:
    """Begin a scan, and give its chunks."""
    reporter = reporter_of(progress, "iter")
    with reporter:
        scan = scan_between(store, symbol, timeframe, start, end, chunk, selection)
    return _chunks(scan, selection, reporter)


def _chunks(
    scan: ResultHandle, selection: Selection, reporter: Reporter | NoReporter
) -> Iterator[pd.DataFrame]:
    with reporter.scanning(), scan:
        while True:
            pointer = POINTER(_abi.ds_bars)()
            check(library.ds_scan_next(scan, byref(pointer)))
            if not pointer:
                return
            yield bars_out(BarsHandle(pointer, library.ds_bars_free), selection)


def series(store: StoreHandle, *, counts: bool) -> pd.DataFrame:
    """Give the inventory."""
    pointer = POINTER(_abi.ds_series)()
    check(library.ds_market_series(store, counts, byref(pointer)))
    return series_out(ResultHandle(pointer, library.ds_series_free), counts=counts)


def missing(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    expected: object,
) -> pd.DataFrame:
    """Give the runs of expected times within bounds at which no bar is stored."""
    names = encode_names(symbol, timeframe)
    # The times stay here until the call is over: the options point to them.
    options, _times = expected_in(expected, symbol, timeframe)
    pointer = POINTER(_abi.ds_missing)()
    between = range_of(start, end)
    check(library.ds_market_missing(store, *names, between, byref(options), byref(pointer)))
    return missing_out(ResultHandle(pointer, library.ds_missing_free))


def requests(
    store: StoreHandle,
    names: tuple[bytes | None, bytes | None],
    between: _abi.ds_range | None,
    limit: int,
) -> pd.DataFrame:
    """Give recorded requests; a name that is None stands for any."""
    pointer = POINTER(_abi.ds_requests)()
    check(library.ds_market_requests(store, *names, between, limit, byref(pointer)))
    return requests_out(ResultHandle(pointer, library.ds_requests_free))


def sql(store: StoreHandle, text: object, params: object, timeout: float | None) -> pd.DataFrame:
    """Run one statement that only reads, for at most `timeout` seconds."""
    return rows_out(rows_of_query(store, text, params, timeout))


# ---- What is read as a table of Arrow -------------------------------------------------------


def table_of_bars(owner: BarsHandle, selection: Selection) -> pd.DataFrame:
    """Give bars, or their features, as `read_arrow` has them: the keys are columns.

    A frame of its own: nobody else's numbers change with it.
    """
    has_members = selection.features == _abi.FEATURES_COLUMNS
    frame_of = feature_columns_out if has_members else bars_out
    return frame_of(owner, selection).reset_index().copy()


def table_of_chunks(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    chunk: object,
    selection: Selection,
    progress: object = None,
) -> pd.DataFrame:
    """Give a scan as one frame."""
    frames = list(iter(store, symbol, timeframe, start, end, chunk, selection, progress))
    if not frames:
        frames = [read(store, symbol, timeframe, start, end, selection)]
    return pd.concat(frames).reset_index()
