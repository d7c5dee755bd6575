# SPDX-License-Identifier: MIT
"""The calls that read bars: names, bounds and options in, the library's result out."""

from __future__ import annotations

from ctypes import POINTER, byref

from ._c import abi as _abi
from ._c.handles import BarsHandle, ResultHandle, StoreHandle
from ._c.library import library
from ._c.status import check
from ._c.text import TextArray, encode_name
from ._in.cells import count_of
from ._in.selection import Selection, symbols_of
from ._timestamps import range_of

__all__ = ["asked_between", "bars_between", "latest_bars", "scan_between"]


def asked_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    selection: Selection,
) -> tuple[StoreHandle, TextArray, int, bytes, _abi.ds_range | None, Selection]:
    """Give what each call that reads a range takes first."""
    symbols = symbols_of(symbol)
    name = encode_name(timeframe, "timeframe")
    return store, symbols, symbols.count, name, range_of(start, end), selection


def bars_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    selection: Selection,
) -> BarsHandle:
    """Give the `ds_bars` of a range."""
    asked = asked_between(store, symbol, timeframe, start, end, selection)
    pointer = POINTER(_abi.ds_bars)()
    check(library.ds_market_read(*asked, byref(pointer)))
    return BarsHandle(pointer, library.ds_bars_free, asked[1].names)


def latest_bars(
    store: StoreHandle, symbol: object, timeframe: object, n: object, selection: Selection
) -> BarsHandle:
    """Give the `ds_bars` of the latest bars of each symbol."""
    symbols = symbols_of(symbol)
    pointer = POINTER(_abi.ds_bars)()
    check(
        library.ds_market_latest(
            store,
            symbols,
            symbols.count,
            encode_name(timeframe, "timeframe"),
            count_of(n, "n"),
            selection,
            byref(pointer),
        )
    )
    return BarsHandle(pointer, library.ds_bars_free, symbols.names)


def scan_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    chunk: object,
    selection: Selection,
) -> ResultHandle:
    """Begin a scan, and give its `ds_scan`."""
    asked = asked_between(store, symbol, timeframe, start, end, selection)
    pointer = POINTER(_abi.ds_scan)()
    check(library.ds_market_scan(*asked, count_of(chunk, "chunk"), byref(pointer)))
    return ResultHandle(pointer, library.ds_scan_free)
