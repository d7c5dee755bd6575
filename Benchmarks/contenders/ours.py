# SPDX-License-Identifier: MIT
"""data_store from Python."""

from __future__ import annotations

from typing import Any

import pandas as pd

from data_store import DataStore
from dataset import TIMEFRAME


class Ours:
    """What this repository is about."""

    def __init__(self, path: str, synchronous: str) -> None:
        self.store = DataStore(path, durability="full" if synchronous == "FULL" else "normal")
        self._market = self.store.market

    def close(self) -> None:
        self.store.close()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        self._market.write(bars, symbol, TIMEFRAME, features=features)

    def merge(self, symbol: str, features: pd.DataFrame) -> None:
        self._market.write_features(features, symbol, TIMEFRAME)

    def read(self, symbol: str) -> pd.DataFrame:
        return self._market.read(symbol, TIMEFRAME)

    def read_features(self, symbol: str) -> pd.DataFrame:
        return self._market.read_features(symbol, TIMEFRAME)

    def write_bar(self, symbol: str, time: pd.Timestamp, bar: dict[str, Any]) -> None:
        self._market.write_bar(symbol, TIMEFRAME, time, **bar)

    def latest_bar(self, symbol: str) -> tuple[Any, ...] | None:
        return self._market.latest_bar(symbol, TIMEFRAME)
