# SPDX-License-Identifier: MIT
"""The latest bar of each series, while other processes write, delete, roll back and checkpoint."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import places
import pytest
from processes import Program

from data_store import DataStore

STEPS = 500
LOCK = "BEGIN; LOCK TABLE market_data, system_state IN SHARE ROW EXCLUSIVE MODE"
BEGIN_WRITING = LOCK if places.on_server() else "BEGIN IMMEDIATE"
SYMBOLS = [f"S{number}" for number in range(40)]
TIMEFRAME = "1m"
BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
COLUMNS = ("open", "high", "low", "close", "volume", "source", "quality", "latency_sec")
TIME, GAP = (
    (
        "to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') || '+00:00'",
        "is_gap::int",
    )
    if places.on_server()
    else ("timestamp", "is_gap")
)
LATEST = (
    f"SELECT {TIME}, {', '.join(COLUMNS)}, {GAP} FROM market_data "
    f"WHERE symbol = '{{}}' AND timeframe = '{TIMEFRAME}' ORDER BY timestamp DESC LIMIT 1"
)


class Other:
    """A process that has the file open by sqlite3 alone, or a session by psycopg."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def run(self, statement: str) -> list[list[Any]]:
        self._program.say(statement)
        rows: list[list[Any]] = json.loads(self._program.line())
        return rows


class Writes:
    """Writes near the end of series, chosen by `dice`."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._newest = dict.fromkeys(SYMBOLS, 0)
        self._count = 0

    def minute(self, symbol: str) -> int:
        """Mostly the next one; else one that is there, or is not, near it."""
        newest = self._newest[symbol]
        minute = newest + 1 if self._dice.random() < 0.6 else newest - self._dice.randrange(5)
        minute = max(minute, 0)
        self._newest[symbol] = max(newest, minute)
        return minute

    def fields(self) -> dict[str, Any]:
        self._count += 1
        fields: dict[str, Any] = {"close": float(self._count)}
        for name in ("open", "high", "low", "volume", "latency_sec"):
            if self._dice.random() < 0.5:
                fields[name] = self._dice.choice([None, 0.1, -1.5, 1e300, float(self._count)])
        if self._dice.random() < 0.5:
            fields["source"] = self._dice.choice([None, "", "Börse", "x" * 200])
        return fields

    def statement(self) -> str:
        """What another tool runs."""
        symbol = self._dice.choice(SYMBOLS)
        if self._dice.random() < 0.2:
            cut = max(self._newest[symbol] - self._dice.randrange(4), 0)
            self._newest[symbol] = cut
            return (
                f"DELETE FROM market_data WHERE symbol = '{symbol}' AND timestamp > '{text(cut)}'"
            )
        fields, time = self.fields(), text(self.minute(symbol))
        # Whatever is of the key comes first.
        names = ", ".join(("symbol", "timeframe", "timestamp", *fields))
        values = ", ".join(map(literal, (symbol, TIMEFRAME, time, *fields.values())))
        insert = f"INTO market_data({names}) VALUES ({values})"
        if not places.on_server():
            return f"INSERT OR REPLACE {insert}"
        key = f"symbol = '{symbol}' AND timeframe = '{TIMEFRAME}' AND timestamp = '{time}'"
        return f"DELETE FROM market_data WHERE {key}; INSERT {insert}"

    def here(self, store: DataStore) -> None:
        """What the store that is asked writes by itself."""
        symbol, kind = self._dice.choice(SYMBOLS), self._dice.random()
        if kind < 0.8:
            minute = self.minute(symbol)
            store.market.write_bar(symbol, TIMEFRAME, time(minute), **self.fields())
        elif kind < 0.9:
            times = pd.DatetimeIndex([time(self.minute(symbol)) for _ in range(5)])
            store.market.write(pd.DataFrame({"close": 0.5}, index=times), symbol, TIMEFRAME)
        else:
            cut = self._newest[symbol] = max(self._newest[symbol] - 2, 0)
            store.market.delete(symbol, TIMEFRAME, time(cut + 1), None)


def time(minute: int) -> dt.datetime:
    return BEGIN + dt.timedelta(minutes=minute)


def text(minute: int) -> str:
    return time(minute).isoformat()


def literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else repr(value)


def found(store: DataStore, symbol: str) -> list[list[Any]]:
    bar = store.market.latest_bar(symbol, TIMEFRAME)
    if bar is None:
        return []
    columns = [getattr(bar, name) for name in COLUMNS]
    return [[bar.timestamp.isoformat(), *columns, int(bar.is_gap)]]


def transaction(dice: random.Random, other: Other, writes: Writes, store: DataStore) -> None:
    """One of another process, of which the store sees nothing before its end."""
    symbol = dice.choice(SYMBOLS)
    before = found(store, symbol)
    other.run(BEGIN_WRITING)
    for _ in range(dice.randrange(1, 30)):
        other.run(writes.statement())
        assert found(store, symbol) == before
    other.run(dice.choice(["COMMIT", "ROLLBACK"]))


def test_the_latest_bars_are_those_that_are_stored_whatever_other_processes_do(
    path: Path, dice: random.Random
) -> None:
    writes = Writes(dice)
    with (
        DataStore(path, durability="normal") as store,
        Program("sql_by_line", path) as one,
        Program("sql_by_line", path) as two,
    ):
        others = [Other(one), Other(two)]
        for step in range(STEPS):
            other, kind = dice.choice(others), dice.random()
            if kind < 0.35:
                writes.here(store)
            elif kind < 0.7:
                other.run(writes.statement())
            elif kind < 0.85:
                transaction(dice, other, writes, store)
            elif kind < 0.9:
                mode = dice.choice(["PASSIVE", "RESTART", "TRUNCATE"])
                is_file = not places.on_server()
                other.run(f"PRAGMA wal_checkpoint({mode})" if is_file else "VACUUM market_data")
            elif kind < 0.93:
                store.checkpoint()
            elif kind < 0.95:
                other.run("CREATE TABLE IF NOT EXISTS other(a)")
                other.run("DROP TABLE other")
            for symbol in dice.sample(SYMBOLS, 6):
                stored = other.run(LATEST.format(symbol))
                assert found(store, symbol) == stored, f"step {step}: {symbol}"


@pytest.mark.sqlite_only("paths that rest on SQLite's internals")
def test_pages_that_were_a_tables_and_become_the_indexs_are_looked_at(path: Path) -> None:
    series = [f"N{number}" for number in range(40)]
    counting = "WITH RECURSIVE c(n) AS (VALUES(0) UNION ALL SELECT n + 1 FROM c WHERE n < {}) "
    with DataStore(path) as store, Program("sql_by_line", path) as program:
        other = Other(program)
        for _ in range(20):  # the first reads of a store are not by way of pages that stay
            store.market.write_bar("A", TIMEFRAME, BEGIN, close=1.0)
            store.market.latest_bar("A", TIMEFRAME)
        other.run("CREATE TABLE more(n INTEGER PRIMARY KEY, bytes)")
        other.run(counting.format(400) + "INSERT INTO more SELECT n, randomblob(900) FROM c")
        for number in range(1, 400, 3):
            other.run(f"UPDATE more SET bytes = randomblob(900) WHERE n = {number}")
            store.market.latest_bar("A", TIMEFRAME)
        other.run("DROP TABLE more")
        for symbol in series:
            times = "strftime('%Y-%m-%dT%H:%M:%S+00:00', '2026-03-01T15:00:00', n || ' minutes')"
            other.run(
                f"{counting.format(99)}"
                "INSERT INTO market_data(symbol, timeframe, timestamp, close) "
                f"SELECT '{symbol}', '{TIMEFRAME}', {times}, n FROM c"
            )
            store.market.latest_bar(symbol, TIMEFRAME)
        for symbol in series:
            # Half past five in the afternoon, which sorts before all others.
            other.run(
                "INSERT INTO market_data(symbol, timeframe, timestamp, close) "
                f"VALUES ('{symbol}', '{TIMEFRAME}', '2026-03-01T01:30:00-16:00', -1)"
            )
            bar = store.market.latest_bar(symbol, TIMEFRAME)
            assert bar is not None
            assert bar.close == -1, symbol
