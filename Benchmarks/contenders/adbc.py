# SPDX-License-Identifier: MIT
"""The ADBC driver of SQLite: Arrow tables in and out. It brings an SQLite of its own."""

from __future__ import annotations

import json
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pandas as pd
import pyarrow as pa

from dataset import COLUMNS, TIMEFRAME

from .base import packed, stamps, times, unpacked

_SERIES = "FROM market_data WHERE symbol = ? AND timeframe = ? ORDER BY timestamp"


class Adbc:
    """adbc_ingest cannot replace rows: those that exist go through a staging table."""

    def __init__(self, path: str, synchronous: str) -> None:
        self._connection = adbc.connect(path, autocommit=True)
        self._cursor = self._connection.cursor()
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "temp_store=MEMORY"):
            self._run(f"PRAGMA {pragma}")
        self._cursor.execute("SELECT count(*) FROM (SELECT 1 FROM market_data LIMIT 1)")
        self._is_new = self._cursor.fetchone() == (0,)

    def close(self) -> None:
        self._cursor.close()
        self._connection.close()

    def _run(self, sql: str) -> None:
        self._cursor.execute(sql)
        self._cursor.fetchall()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        count = len(bars)
        columns: dict[str, Any] = {
            "symbol": pa.repeat(symbol, count),
            "timeframe": pa.repeat(TIMEFRAME, count),
            "timestamp": stamps(bars.index),
        }
        for name in COLUMNS:
            values = bars[name].astype("int64") if name == "is_gap" else bars[name]
            columns[name] = pa.Array.from_pandas(values)
        if features is not None:
            columns["features"] = packed(features)
        table = pa.table(columns)
        if self._is_new:
            self._run("BEGIN IMMEDIATE")
            self._cursor.adbc_ingest("market_data", table, mode="append")
            self._run("COMMIT")
            return
        names = ", ".join(columns)
        self._run("BEGIN IMMEDIATE")
        self._cursor.adbc_ingest("staging", table, mode="create")
        self._run(f"INSERT OR REPLACE INTO market_data ({names}) SELECT {names} FROM staging")
        self._run("DROP TABLE staging")
        self._run("COMMIT")

    def _select(self, columns: str, symbol: str) -> pd.DataFrame:
        self._cursor.execute(f"SELECT timestamp, {columns} {_SERIES}", (symbol, TIMEFRAME))
        table: pd.DataFrame = self._cursor.fetch_arrow_table().to_pandas()
        return table

    def read(self, symbol: str) -> pd.DataFrame:
        table = self._select(", ".join(COLUMNS), symbol)
        frame = table[COLUMNS].set_index(times(table["timestamp"]))
        return frame.astype({"is_gap": "bool", "source": "str", "quality": "str"})

    def read_features(self, symbol: str) -> pd.DataFrame:
        table = self._select("features", symbol)
        entries: list[dict[str, Any]] = [json.loads(text) for text in table["features"]]
        return unpacked(times(table["timestamp"]), entries)
