# SPDX-License-Identifier: MIT
"""Bars and features, for tasks of an event loop."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from .._bar import UNSET, Unset
from .._market.arguments import Bound, Entry, Expected, FeatureChoice, Features
from ._batches import batches_of
from ._calls import Calls
from ._progress import on_loop

if TYPE_CHECKING:
    import pandas as pd

    from .._arrow.result import ArrowResult
    from .._arrow.writing import ArrowTable
    from .._bar import Bar
    from .._progress import Progress

__all__ = ["MarketRepo"]


class MarketRepo:
    """The calls of `data_store.MarketRepo` as coroutines. Use `DataStore.market`.

    What is given to a call must not change before the call has ended. A function that is passed as
    `progress` is called on the thread of the event loop, which the call does not wait for; what it
    raises stops the call at its next report, undone, and is raised by the ``await``. What it
    raises at the last report, when the call is over, goes to the loop's exception handler.

    Parameters
    ----------
    calls : Calls
        Of the store.
    """

    __slots__ = ("_calls",)

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    # ---- Writing ----------------------------------------------------------------------------

    async def write(
        self,
        df: pd.DataFrame | ArrowTable,
        symbol: str | None,
        timeframe: str | None,
        *,
        features: Features | Sequence[Entry] | None = None,
        replace: bool = False,
        progress: Progress = None,
    ) -> int:
        """Write bars with the same result as writing each row in order; give the rows given."""
        told = on_loop(progress)
        return await self._calls.write(
            lambda store: store.market.write(
                df,
                symbol,
                timeframe,
                features=features,
                replace=replace,
                progress=told,
            )
        )

    async def write_features(
        self,
        features: Features | ArrowTable,
        symbol: str | None,
        timeframe: str | None,
        *,
        quality: str | pd.DataFrame | None = None,
        replace: bool = False,
        progress: Progress = None,
    ) -> int:
        """Write features of bars that are stored already; give the rows given."""
        told = on_loop(progress)
        return await self._calls.write(
            lambda store: store.market.write_features(
                features,
                symbol,
                timeframe,
                quality=quality,
                replace=replace,
                progress=told,
            )
        )

    async def write_bar(
        self,
        symbol: str,
        timeframe: str,
        timestamp: dt.datetime,
        *,
        open: float | Unset | None = UNSET,
        high: float | Unset | None = UNSET,
        low: float | Unset | None = UNSET,
        close: float | Unset | None = UNSET,
        volume: float | Unset | None = UNSET,
        source: str | Unset | None = UNSET,
        quality: str | Unset | None = UNSET,
        is_gap: bool | Unset | None = UNSET,
        latency_sec: float | Unset | None = UNSET,
        features: Entry | Unset = UNSET,
        replace: bool = False,
    ) -> None:
        """Write one live bar, without a DataFrame."""
        await self._calls.write(
            lambda store: store.market.write_bar(
                symbol,
                timeframe,
                timestamp,
                open=open,
                high=high,
                low=low,
                close=close,
                volume=volume,
                source=source,
                quality=quality,
                is_gap=is_gap,
                latency_sec=latency_sec,
                features=features,
                replace=replace,
            )
        )

    async def delete(
        self, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
    ) -> int:
        """Delete bars with their features; give how many."""
        return await self._calls.write(
            lambda store: store.market.delete(symbol, timeframe, start, end)
        )

    async def record_request(
        self,
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
        """Record how a range of bars was obtained."""
        await self._calls.write(
            lambda store: store.market.record_request(
                symbol,
                timeframe,
                provider_used=provider_used,
                start_ts=start_ts,
                end_ts=end_ts,
                requested_at=requested_at,
                fallback_used=fallback_used,
                coverage_ratio=coverage_ratio,
                gap_count=gap_count,
                quality=quality,
                notes=notes,
            )
        )

    # ---- Reading ----------------------------------------------------------------------------

    async def read(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        limit: int | None = None,
        progress: Progress = None,
    ) -> pd.DataFrame:
        """Read bars from one snapshot."""
        told = on_loop(progress)
        return await self._calls.read(
            lambda store: store.market.read(
                symbol,
                timeframe,
                start,
                end,
                columns=columns,
                features=features,
                limit=limit,
                progress=told,
            )
        )

    async def read_features(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        keys: Sequence[str] | None = None,
        progress: Progress = None,
    ) -> pd.DataFrame:
        """Read the features of every bar of a range, with their quality, from one snapshot."""
        told = on_loop(progress)
        return await self._calls.read(
            lambda store: store.market.read_features(
                symbol,
                timeframe,
                start,
                end,
                keys=keys,
                progress=told,
            )
        )

    async def latest(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        n: int = 1,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        progress: Progress = None,
    ) -> pd.DataFrame:
        """Read the latest `n` bars of each symbol, ascending, from one snapshot."""
        told = on_loop(progress)
        return await self._calls.read(
            lambda store: store.market.latest(
                symbol,
                timeframe,
                n,
                columns=columns,
                features=features,
                progress=told,
            )
        )

    async def latest_bar(self, symbol: str, timeframe: str) -> Bar | None:
        """Read the latest bar without a DataFrame."""
        return await self._calls.read(lambda store: store.market.latest_bar(symbol, timeframe))

    async def iter(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        chunk: int = 50_000,
        progress: Progress = None,
    ) -> AsyncIterator[pd.DataFrame]:
        """Read bars in chunks of at most `chunk` rows, each of one symbol: for ``async for``."""
        told = on_loop(progress)
        chunks = await self._calls.read(
            lambda store: store.market.iter(
                symbol,
                timeframe,
                start,
                end,
                columns=columns,
                features=features,
                chunk=chunk,
                progress=told,
            )
        )
        while (frame := await self._calls.read(lambda _: next(chunks, None))) is not None:
            yield frame

    async def read_arrow(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        limit: int | None = None,
        progress: Progress = None,
    ) -> ArrowResult:
        """Read bars from one snapshot, as a table of Arrow whose numbers are not copied."""
        told = on_loop(progress)
        return await self._calls.read(
            lambda store: store.market.read_arrow(
                symbol,
                timeframe,
                start,
                end,
                columns=columns,
                features=features,
                limit=limit,
                progress=told,
            )
        )

    async def read_features_arrow(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        keys: Sequence[str] | None = None,
        progress: Progress = None,
    ) -> ArrowResult:
        """Read the features of every bar of a range as a table of Arrow, from one snapshot."""
        told = on_loop(progress)
        return await self._calls.read(
            lambda store: store.market.read_features_arrow(
                symbol,
                timeframe,
                start,
                end,
                keys=keys,
                progress=told,
            )
        )

    async def iter_arrow(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        chunk: int = 50_000,
        progress: Progress = None,
    ) -> AsyncIterator[ArrowResult]:
        """Read bars in chunks, each a table of Arrow with the same columns: for ``async for``."""
        told = on_loop(progress)
        batches = await self._calls.read(
            lambda store: batches_of(
                store, symbol, timeframe, start, end, columns, features, chunk, told
            )
        )
        while (batch := await self._calls.read(lambda _: next(batches, None))) is not None:
            yield batch

    # ---- Inventory --------------------------------------------------------------------------

    async def exists(self, symbol: str, timeframe: str) -> bool:
        """Tell whether a series has a bar."""
        return await self._calls.read(lambda store: store.market.exists(symbol, timeframe))

    async def count(
        self, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
    ) -> int:
        """Count the rows that `read` would give, from the index alone."""
        return await self._calls.read(
            lambda store: store.market.count(symbol, timeframe, start, end)
        )

    async def hash(
        self, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
    ) -> str:
        """Hash the bars of a range, the same in every store that holds the same bars."""
        return await self._calls.read(
            lambda store: store.market.hash(symbol, timeframe, start, end)
        )

    async def feature_keys(
        self, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
    ) -> list[str]:
        """List the features that the bars of a range have."""
        return await self._calls.read(
            lambda store: store.market.feature_keys(symbol, timeframe, start, end)
        )

    async def missing(
        self,
        symbol: str,
        timeframe: str,
        start: Bound,
        end: Bound,
        *,
        expected: Expected,
    ) -> pd.DataFrame:
        """Find the runs of expected bars that are not stored, from the index alone."""
        return await self._calls.read(
            lambda store: store.market.missing(symbol, timeframe, start, end, expected=expected)
        )

    async def series(self, counts: bool = True) -> pd.DataFrame:
        """Tell what is stored."""
        return await self._calls.read(lambda store: store.market.series(counts))

    async def requests(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        start: Bound = None,
        end: Bound = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """Read recorded requests by `requested_at`, oldest first, from one snapshot."""
        return await self._calls.read(
            lambda store: store.market.requests(symbol, timeframe, start, end, limit)
        )
