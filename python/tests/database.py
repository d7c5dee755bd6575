# SPDX-License-Identifier: MIT
"""The file as any other SQLite tool sees it: plain sqlite3, no data_store.

On a server psycopg takes its part.
"""

from __future__ import annotations

import contextlib
import sqlite3
from os import PathLike
from typing import Any, Union

import places

MARKET_DATA = """
CREATE TABLE IF NOT EXISTS market_data (
    symbol      TEXT NOT NULL,
    timeframe   TEXT NOT NULL,
    timestamp   TEXT NOT NULL,
    open        REAL,
    high        REAL,
    low         REAL,
    close       REAL,
    volume      REAL,
    source      TEXT,
    quality     TEXT,
    is_gap      INTEGER DEFAULT 0,
    latency_sec REAL,
    features    JSON,
    PRIMARY KEY (symbol, timeframe, timestamp)
);
"""
MARKET_REQUESTS = """
CREATE TABLE IF NOT EXISTS market_requests (
    symbol          TEXT NOT NULL,
    timeframe       TEXT NOT NULL,
    requested_at    TEXT NOT NULL,
    provider_used   TEXT NOT NULL,
    fallback_used   INTEGER DEFAULT 0,
    start_ts        TEXT NOT NULL,
    end_ts          TEXT NOT NULL,
    coverage_ratio  REAL,
    gap_count       INTEGER,
    quality         TEXT,
    notes           TEXT,
    PRIMARY KEY (symbol, timeframe, requested_at)
);
"""
SYSTEM_STATE = """
CREATE TABLE IF NOT EXISTS system_state (
    key        TEXT PRIMARY KEY,
    value      JSON NOT NULL,
    updated_at TEXT NOT NULL
);
"""
SCHEMA = MARKET_DATA + MARKET_REQUESTS + SYSTEM_STATE
TABLES = ("market_data", "market_requests", "system_state")

Path = Union[str, PathLike[str]]  # noqa: UP007  # Python 3.9 evaluates it


def query(path: Path, statement: str, *params: object) -> list[tuple[Any, ...]]:
    """The rows that one statement gives; what it writes is committed."""
    if places.is_server(path):
        from postgresql import tables

        return tables.query(str(path), statement, *params)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, params).fetchall()


def script(path: Path, statements: str) -> None:
    """Runs any number of statements, each committed."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows with their rowids, by table."""
    if places.is_server(path):
        from postgresql import tables

        return tables.contents(str(path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid").fetchall()
            for table in TABLES
        }


def columns(path: Path, table: str) -> list[tuple[Any, ...]]:
    """Name, declared type, NOT NULL, default and place in the key of every column."""
    return [row[1:] for row in query(path, f"PRAGMA table_info({table})")]


def put_bar(path: Path, symbol: str, timeframe: str, timestamp: str, **fields: object) -> None:
    """A bar as a foreign tool may store it: any text as a timestamp, any value in any column."""
    names = ["symbol", "timeframe", "timestamp", *fields]
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO market_data ({', '.join(names)}) VALUES ({marks})"
    query(path, statement, symbol, timeframe, timestamp, *fields.values())


def put_bars(path: Path, symbol: str, timeframe: str, timestamps: list[str]) -> None:
    """Bare bars with these texts as timestamps, each once."""
    rows = [(symbol, timeframe, text) for text in dict.fromkeys(timestamps)]
    if places.is_server(path):
        for row in rows:
            query(path, INSERT_BARE, *row)
        return
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(INSERT_BARE, rows)


INSERT_BARE = "INSERT INTO market_data (symbol, timeframe, timestamp) VALUES (?, ?, ?)"


def literal(value: object) -> str:
    """A value as SQL has it."""
    if isinstance(value, (bytes, bytearray)):
        return f"x'{value.hex()}'"
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(+value)
