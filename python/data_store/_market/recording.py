# SPDX-License-Identifier: MIT
"""How ranges of bars were obtained."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from .._c.library import untyped
from .._c.signals import raised
from .._c.status import check
from .._c.text import encode_name
from .._deferred import frames
from .._in.selection import limit_of
from .._requests import request_in
from .._timestamps import range_of
from .arguments import Bound

if TYPE_CHECKING:
    import pandas as pd

    from ..market_repo import MarketRepo

__all__ = ["record_request", "requests"]

_record_request: Final = untyped("ds_market_record_request")


def record_request(
    self: MarketRepo,
    symbol: str,
    timeframe: str,
    *,
    provider_used: str,
    start_ts: dt.datetime | str,
    end_ts: dt.datetime | str,
    requested_at: dt.datetime | str | None = None,
    fallback_used: bool = False,
    coverage_ratio: float | None = None,
    gap_count: int | None = None,
    quality: str | None = None,
    notes: str | None = None,
) -> None:
    """Record how a range of bars was obtained.

    Upserts the whole row on (symbol, timeframe, requested_at).

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
    provider_used : str
        The provider that answered.
    start_ts, end_ts : datetime or str
        The range that was asked for. Aware, or ISO 8601 text with an offset.
    requested_at : datetime or str, optional
        Likewise. None: now, or the next microsecond that is free.
    fallback_used : bool, default False
        Whether that provider was not the first choice.
    coverage_ratio : float, optional
        How much of the range came, from 0 to 1. None and NaN are NULL.
    gap_count : int, optional
        How many bars are missing. None is NULL.
    quality, notes : str, optional
        Any text. None is NULL.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    # The texts stay here until the call is over: the packed request points to them.
    request, _texts = request_in(
        symbol, timeframe, provider_used, start_ts, end_ts, requested_at, fallback_used,
        coverage_ratio, gap_count, quality, notes,
    )  # fmt: skip
    status = _record_request(self._store, request, None)
    if status or raised:
        check(status)


def requests(
    self: MarketRepo,
    symbol: str | None = None,
    timeframe: str | None = None,
    start: Bound = None,
    end: Bound = None,
    limit: int | None = None,
) -> pd.DataFrame:
    """Read recorded requests by `requested_at`, oldest first, from one snapshot.

    Parameters
    ----------
    symbol, timeframe : str, optional
        None: any.
    start, end : aware datetime or str, optional
        Inclusive bounds of `requested_at`, as for `read`.
    limit : int, optional
        At most so many, the oldest ones. None: all.

    Returns
    -------
    DataFrame
        The schema's columns: requested_at, start_ts, end_ts as datetime64[ns, UTC],
        fallback_used bool, coverage_ratio float64, gap_count Int64, the rest str.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        pandas is not installed.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    names = (
        None if symbol is None else encode_name(symbol, "symbol"),
        None if timeframe is None else encode_name(timeframe, "timeframe"),
    )
    return frames.requests(self._store, names, range_of(start, end), limit_of(limit))
