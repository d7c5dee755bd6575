# SPDX-License-Identifier: MIT
"""Python's own sqlite3, and apsw, written as well as they can be: the SQL and the loops are one."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from itertools import repeat
from typing import Any

import pandas as pd

from dataset import COLUMNS, TIMEFRAME

from .base import printed, rows, stamps, times, unpacked

_KEY = ["symbol", "timeframe", "timestamp"]
_FEATURED = [*_KEY, *COLUMNS, "features"]


def _insert(columns: list[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO market_data ({', '.join(columns)}) VALUES ({marks})"


_INSERT = _insert([*_KEY, *COLUMNS])
_INSERT_FEATURED = _insert(_FEATURED)
_SERIES = "FROM market_data WHERE symbol = ? AND timeframe = ? ORDER BY timestamp"
_READ = f"SELECT timestamp, {', '.join(COLUMNS)} {_SERIES}"
_READ_FEATURES = f"SELECT timestamp, features {_SERIES}"
_LATEST = f"SELECT timestamp, {', '.join(COLUMNS)}, features {_SERIES} DESC LIMIT 1"
_MERGE = (
    "UPDATE market_data SET features = json_set(coalesce(features, '{}'), ?, json(?))"
    " WHERE symbol = ? AND timeframe = ? AND timestamp = ?"
)


class Sqlite3:
    """Prepared statements through executemany and fetchall, columns made by zip."""

    def __init__(self, path: str, synchronous: str) -> None:
        self._connection = self._connect(path)
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")

    def _connect(self, path: str) -> Any:
        return sqlite3.connect(path, timeout=10, isolation_level=None)

    def close(self) -> None:
        self._connection.close()

    def _commit_many(self, sql: str, parameters: Any) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(sql, parameters)
        self._connection.execute("COMMIT")

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        sql = _INSERT if features is None else _INSERT_FEATURED
        self._commit_many(sql, rows(symbol, bars, features))

    def merge(self, symbol: str, features: pd.DataFrame) -> None:
        key = features.columns[0]
        members = [f'{{"value":{value},"quality":"ready"}}' for value in printed(features[key])]
        path = repeat(f'$."{key}"')
        place = repeat(symbol), repeat(TIMEFRAME), stamps(features.index)
        self._commit_many(_MERGE, zip(path, members, *place))  # noqa: B905  # repeat has no end

    def read(self, symbol: str) -> pd.DataFrame:
        found = self._connection.execute(_READ, (symbol, TIMEFRAME)).fetchall()
        stamp, *values = zip(*found, strict=True)
        columns = dict(zip(COLUMNS, values, strict=True))
        dtypes = {"source": "str", "quality": "str", "is_gap": "bool"}
        return pd.DataFrame(
            {
                name: pd.Series(column, dtype=dtypes.get(name, "float64"))
                for name, column in columns.items()
            }
        ).set_index(times(stamp))

    def read_features(self, symbol: str) -> pd.DataFrame:
        found = self._connection.execute(_READ_FEATURES, (symbol, TIMEFRAME)).fetchall()
        stamp, texts = zip(*found, strict=True)
        return unpacked(times(stamp), [json.loads(text) if text else {} for text in texts])

    def write_bar(self, symbol: str, time: pd.Timestamp, bar: dict[str, Any]) -> None:
        values = (bar[name] for name in COLUMNS)
        self._connection.execute(_INSERT, (symbol, TIMEFRAME, time.isoformat(), *values))

    def latest_bar(self, symbol: str) -> tuple[Any, ...]:
        found = self._connection.execute(_LATEST, (symbol, TIMEFRAME)).fetchone()
        features = json.loads(found[-1]) if found[-1] else {}
        return (dt.datetime.fromisoformat(found[0]), *found[1:-1], features)


class Apsw(Sqlite3):
    """The same through apsw, which brings an SQLite of its own."""

    def _connect(self, path: str) -> Any:
        import apsw

        connection = apsw.Connection(path)
        connection.set_busy_timeout(10_000)
        return connection
