# SPDX-License-Identifier: MIT
"""pandas' own to_sql and read_sql on a sqlite3 connection."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pandas as pd

from dataset import COLUMNS, TIMEFRAME

from .base import packed, stamps, times, unpacked

_SERIES = "FROM market_data WHERE symbol = ? AND timeframe = ? ORDER BY timestamp"


class PandasSql:
    """to_sql cannot replace rows: those that exist go through a staging table."""

    def __init__(self, path: str, synchronous: str) -> None:
        self._connection = sqlite3.connect(path, timeout=10)
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        (self._is_new,) = self._connection.execute(
            "SELECT NOT EXISTS (SELECT 1 FROM market_data)"
        ).fetchone()

    def close(self) -> None:
        self._connection.close()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        table = bars.reset_index(drop=True)
        table.insert(0, "symbol", symbol)
        table.insert(1, "timeframe", TIMEFRAME)
        table.insert(2, "timestamp", stamps(bars.index))
        if features is not None:
            table["features"] = packed(features)
        if self._is_new:
            table.to_sql("market_data", self._connection, if_exists="append", index=False)
            return
        table.to_sql("staging", self._connection, if_exists="replace", index=False)
        columns = ", ".join(table.columns)
        with self._connection:
            self._connection.execute(
                f"INSERT OR REPLACE INTO market_data ({columns}) SELECT {columns} FROM staging"
            )
            self._connection.execute("DROP TABLE staging")

    def _select(self, columns: str, symbol: str) -> pd.DataFrame:
        query = f"SELECT timestamp, {columns} {_SERIES}"
        return pd.read_sql(query, self._connection, params=(symbol, TIMEFRAME))

    def read(self, symbol: str) -> pd.DataFrame:
        table = self._select(", ".join(COLUMNS), symbol)
        frame = table[COLUMNS].set_index(times(table["timestamp"]))
        return frame.astype({"is_gap": "bool", "source": "str", "quality": "str"})

    def read_features(self, symbol: str) -> pd.DataFrame:
        table = self._select("features", symbol)
        entries: list[dict[str, Any]] = [json.loads(text) for text in table["features"]]
        return unpacked(times(table["timestamp"]), entries)
