# SPDX-License-Identifier: MIT
"""data_store from Python."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from data_store import DataStore


class Ours:
    """What this repository is about."""

    def __init__(self, path: str, synchronous: str, pool: str) -> None:
        self._store = DataStore(path, durability="full" if synchronous == "FULL" else "normal")
        self._market = self._store.market
        # As a caller has them, without a step between.
        self.latest_bar = self._market.latest_bar
        self.last = self._market.latest
        self.last_of_many = self._market.latest
        self.between = self._market.read
        self.write_frame = self._market.write
        self.state_set = self._store.state.set
        self.state_get = self._store.state.get
        self.sql = self._store.sql

    def close(self) -> None:
        self._store.close()

    def write_bar(
        self, symbol: str, timeframe: str, time: dt.datetime, bar: dict[str, Any]
    ) -> None:
        self._market.write_bar(symbol, timeframe, time, **bar)

    def write_then_latest(
        self, symbol: str, timeframe: str, time: dt.datetime, bar: dict[str, Any]
    ) -> tuple[Any, ...] | None:
        self._market.write_bar(symbol, timeframe, time, **bar)
        return self._market.latest_bar(symbol, timeframe)

    def last_of_each(self, symbol: str, timeframes: list[str], count: int) -> list[pd.DataFrame]:
        return [self._market.latest(symbol, timeframe, count) for timeframe in timeframes]

    def newest_features(self, symbols: list[str], timeframe: str, keys: list[str]) -> pd.DataFrame:
        return self._market.latest(symbols, timeframe, columns=["close"], features=keys)

    def write_section(self, frame: pd.DataFrame, timeframe: str) -> None:
        self._market.write(frame, None, timeframe)

    def write_features(
        self, symbol: str, timeframe: str, time: dt.datetime, entry: dict[str, Any]
    ) -> None:
        self._market.write_features({time: entry}, symbol, timeframe)

    def record_request(
        self, symbol: str, timeframe: str, start: dt.datetime, end: dt.datetime
    ) -> None:
        self._market.record_request(
            symbol,
            timeframe,
            provider_used="feed",
            start_ts=start,
            end_ts=end,
            coverage_ratio=0.99,
            gap_count=2,
            quality="clean",
        )
