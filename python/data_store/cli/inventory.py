# SPDX-License-Identifier: MIT
"""Series and requests as plain rows, without a DataFrame: so the commands need no pandas."""

from __future__ import annotations

from ctypes import POINTER, byref, c_char_p, c_int64
from typing import Any, NamedTuple

from .._c import abi
from .._c.handles import ResultHandle
from .._c.library import library
from .._c.opening import LAST_TIME, NO_TIME
from .._c.status import check
from .._c.text import encode, encode_name
from ..core import DataStore
from .times import iso_text

__all__ = ["REQUEST_COLUMNS", "Series", "missing_runs", "requests_of", "series_of"]


REQUEST_COLUMNS = (
    "symbol", "timeframe", "requested_at", "provider_used", "fallback_used", "start_ts", "end_ts",
    "coverage_ratio", "gap_count", "quality", "notes",
)  # fmt: skip


class Series(NamedTuple):
    """A series and what there is of it."""

    symbol: str
    timeframe: str
    first: int
    """Nanoseconds since 1970, UTC."""
    last: int
    bars: int | None
    gaps: int | None


def series_of(store: DataStore, *, counts: bool = True) -> list[Series]:
    """Give the series of a store, sorted by the bytes of their names.

    Parameters
    ----------
    store : DataStore
        Open.
    counts : bool, default True
        Count bars and gaps too, which looks at every row.
    """
    pointer = POINTER(abi.ds_series)()
    check(library.ds_market_series(store._store, counts, byref(pointer)))
    with ResultHandle(pointer, library.ds_series_free) as owner:
        view = library.ds_series_entries(owner).contents

        def texts(address: int | None) -> list[str]:
            items = (c_char_p * view.count).from_address(address) if address and view.count else []
            return [(item or b"").decode() for item in items]

        def numbers(address: int | None) -> list[Any]:
            if not address or not view.count:
                return [None] * view.count
            return list((c_int64 * view.count).from_address(address))

        columns = (
            texts(view.symbols),
            texts(view.timeframes),
            numbers(view.first),
            numbers(view.last),
            numbers(view.bars if counts else 0),
            numbers(view.gaps if counts else 0),
        )
        return [Series(*row) for row in zip(*columns)]


def missing_runs(
    store: DataStore, symbol: str, timeframe: str, start: str, end: str, step: int
) -> list[tuple[int, int, int]]:
    """Give first time, last time and count of the runs of bars that are not stored.

    Parameters
    ----------
    store : DataStore
        Open.
    symbol, timeframe : str
        The series.
    start, end : str
        Inclusive bounds; the first bar is expected at `start`.
    step : int
        Nanoseconds between two bars.
    """
    pointer = POINTER(abi.ds_missing)()
    names = encode_name(symbol, "symbol"), encode_name(timeframe, "timeframe")
    expected = abi.ds_expected(step=step)
    asked = store._store, *names, _range(start, end), byref(expected)
    check(library.ds_market_missing(*asked, byref(pointer)))
    with ResultHandle(pointer, library.ds_missing_free) as owner:
        view = library.ds_missing_runs(owner).contents
        if not view.count:
            return []
        columns = [
            (c_int64 * view.count).from_address(address)
            for address in (view.starts, view.ends, view.bars)
        ]
        return list(zip(*columns))


def requests_of(
    store: DataStore,
    symbol: str | None = None,
    timeframe: str | None = None,
    start: str | None = None,
    end: str | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Give recorded requests, oldest first, as `record_request` takes them; times are ISO text."""
    pointer = POINTER(abi.ds_requests)()
    check(
        library.ds_market_requests(
            store._store,
            None if symbol is None else encode_name(symbol, "symbol"),
            None if timeframe is None else encode_name(timeframe, "timeframe"),
            _range(start, end),
            -1 if limit is None else limit,
            byref(pointer),
        )
    )
    with ResultHandle(pointer, library.ds_requests_free) as owner:
        count = library.ds_requests_count(owner)
        items = library.ds_requests_items(owner)[:count] if count else []
        return [_request(item) for item in items]


def _range(start: str | None, end: str | None) -> abi.ds_range:
    bounds = abi.ds_range(start=NO_TIME, end=LAST_TIME)
    if start is not None:
        bounds.start_text = encode(start, "start")
    if end is not None:
        bounds.end_text = encode(end, "end")
    return bounds


def _request(item: Any) -> dict[str, Any]:
    def text(value: bytes | None) -> str | None:
        return None if value is None else value.decode()

    ratio = item.coverage_ratio
    values = (
        text(item.symbol),
        text(item.timeframe),
        iso_text(item.requested_at),
        text(item.provider_used),
        bool(item.fallback_used),
        iso_text(item.start_ts),
        iso_text(item.end_ts),
        ratio if ratio == ratio else None,
        item.gap_count if item.has_gap_count else None,
        text(item.quality),
        text(item.notes),
    )
    return dict(zip(REQUEST_COLUMNS, values))
