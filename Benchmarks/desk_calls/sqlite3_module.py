# SPDX-License-Identifier: MIT
"""Python's own sqlite3, written as well as it can be.

One connection, statements from the module's cache, the same pragmas and the same texts as the
store's.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from itertools import repeat
from typing import Any

import pandas as pd

from dataset import COLUMNS

from . import frames

_COLUMNS = ", ".join(COLUMNS)
_INSERT = (
    f"INSERT OR REPLACE INTO market_data (symbol, timeframe, timestamp, {_COLUMNS})"
    f" VALUES ({', '.join('?' * (3 + len(COLUMNS)))})"
)
_SERIES = "FROM market_data WHERE symbol = ? AND timeframe = ?"
_LATEST = f"SELECT timestamp, {_COLUMNS}, features {_SERIES} ORDER BY timestamp DESC LIMIT 1"
_LAST = f"SELECT timestamp, {_COLUMNS} {_SERIES} ORDER BY timestamp DESC LIMIT ?"
_BETWEEN = (
    f"SELECT timestamp, {_COLUMNS} {_SERIES} AND timestamp BETWEEN ? AND ? ORDER BY timestamp"
)
_NEWEST = f"SELECT timestamp, close, features {_SERIES} ORDER BY timestamp DESC LIMIT 1"
# Merges by key like the store, as long as no value is null, and none here is.
_MERGE = (
    "UPDATE market_data SET features = json_patch(coalesce(features, '{}'), ?)"
    " WHERE symbol = ? AND timeframe = ? AND timestamp = ?"
)
_SET = "INSERT OR REPLACE INTO system_state (key, value, updated_at) VALUES (?, ?, ?)"
_REQUEST = (
    "INSERT OR REPLACE INTO market_requests (symbol, timeframe, requested_at, provider_used,"
    " fallback_used, start_ts, end_ts, coverage_ratio, gap_count, quality, notes)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_dumps = json.JSONEncoder(separators=(",", ":")).encode


class Sqlite3:
    """What a good Python programmer writes on the standard library."""

    def __init__(self, path: str, synchronous: str, pool: str) -> None:
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._execute = self._connection.execute
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "temp_store=MEMORY"):
            self._execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        self._connection.close()

    def latest_bar(self, symbol: str, timeframe: str) -> tuple[Any, ...]:
        found = self._execute(_LATEST, (symbol, timeframe)).fetchone()
        text, *cells, features = found
        cells[7] = cells[7] != 0
        entries = json.loads(features) if features else {}
        return (dt.datetime.fromisoformat(text), *cells, entries)

    def write_bar(
        self, symbol: str, timeframe: str, time: dt.datetime, bar: dict[str, Any]
    ) -> None:
        self._execute(_INSERT, (symbol, timeframe, time.isoformat(), *bar.values()))

    def write_then_latest(
        self, symbol: str, timeframe: str, time: dt.datetime, bar: dict[str, Any]
    ) -> tuple[Any, ...]:
        self.write_bar(symbol, timeframe, time, bar)
        return self.latest_bar(symbol, timeframe)

    def last(self, symbol: str, timeframe: str, count: int) -> pd.DataFrame:
        rows = self._execute(_LAST, (symbol, timeframe, count)).fetchall()
        rows.reverse()
        return frames.bars(rows)

    def last_of_each(self, symbol: str, timeframes: list[str], count: int) -> list[pd.DataFrame]:
        return [self.last(symbol, timeframe, count) for timeframe in timeframes]

    def between(
        self, symbol: str, timeframe: str, start: dt.datetime, end: dt.datetime
    ) -> pd.DataFrame:
        bounds = start.isoformat(), end.isoformat()
        return frames.bars(self._execute(_BETWEEN, (symbol, timeframe, *bounds)).fetchall())

    def last_of_many(self, symbols: list[str], timeframe: str, count: int) -> pd.DataFrame:
        rows: frames.Rows = []
        counts = []
        self._execute("BEGIN")
        for symbol in symbols:
            found = self._execute(_LAST, (symbol, timeframe, count)).fetchall()
            found.reverse()
            counts.append(len(found))
            rows += found
        self._execute("COMMIT")
        return frames.bars_by_symbol(symbols, counts, rows)

    def newest_features(self, symbols: list[str], timeframe: str, keys: list[str]) -> pd.DataFrame:
        self._execute("BEGIN")
        rows = [self._execute(_NEWEST, (symbol, timeframe)).fetchone() for symbol in symbols]
        self._execute("COMMIT")
        return frames.features_by_symbol(symbols, keys, rows)

    def _insert_many(self, rows: Any) -> None:
        self._execute("BEGIN IMMEDIATE")
        self._connection.executemany(_INSERT, rows)
        self._execute("COMMIT")

    def write_frame(self, frame: pd.DataFrame, symbol: str, timeframe: str) -> None:
        columns = frames.tuples(frame)
        self._insert_many(zip(repeat(symbol), repeat(timeframe), *columns))  # repeat has no end

    def write_section(self, frame: pd.DataFrame, timeframe: str) -> None:
        columns = frames.tuples(frame)
        self._insert_many(
            zip(frame["symbol"].tolist(), repeat(timeframe), *columns)
        )  # repeat has no end

    def write_features(
        self, symbol: str, timeframe: str, time: dt.datetime, entry: dict[str, Any]
    ) -> None:
        self._execute(_MERGE, (_dumps(entry), symbol, timeframe, time.isoformat()))

    def state_set(self, key: str, value: Any) -> None:
        self._execute(_SET, (key, _dumps(value), dt.datetime.now(dt.UTC).isoformat()))

    def state_get(self, key: str) -> Any:
        found = self._execute("SELECT value FROM system_state WHERE key = ?", (key,)).fetchone()
        return None if found is None else json.loads(found[0])

    def record_request(
        self, symbol: str, timeframe: str, start: dt.datetime, end: dt.datetime
    ) -> None:
        now = dt.datetime.now(dt.UTC).isoformat()
        bounds = start.isoformat(), end.isoformat()
        values = symbol, timeframe, now, "feed", 0, *bounds, 0.99, 2, "clean", None
        self._execute(_REQUEST, values)

    def sql(self, query: str, parameters: list[Any]) -> pd.DataFrame:
        cursor = self._execute(query, parameters)
        return frames.query([column[0] for column in cursor.description], cursor.fetchall())
