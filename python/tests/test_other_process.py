# SPDX-License-Identifier: MIT
"""What the store remembers of other tools' times, while another process writes such times."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from data_store import DataStore

pytestmark = pytest.mark.sqlite_only("a column of text takes what a typed column refuses")

STEPS = 600
SYMBOLS = [f"S{number}" for number in range(12)]
TIMEFRAME = "1m"
BEGIN = pd.Timestamp("2026-03-01", tz="UTC")
ZONES = ["Asia/Tokyo", "America/New_York", "UTC"]

OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
for statement in sys.stdin:
    connection.execute(statement)
    print("done", flush=True)
"""


class Other:
    """A process with sqlite3 alone; each statement is committed when `run` returns."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program

    def run(self, statement: str) -> None:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(statement + "\n")
        self._program.stdin.flush()
        assert self._program.stdout.readline() == "done\n"

    def insert(self, symbol: str, text: str, close: float) -> None:
        self.run(
            "INSERT OR IGNORE INTO market_data(symbol, timeframe, timestamp, close) "
            f"VALUES ('{symbol}', '{TIMEFRAME}', '{text}', {close})"
        )


@contextmanager
def other_process(path: Path) -> Iterator[Other]:
    command = [sys.executable, "-c", OTHER, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as program:
        yield Other(program)
        assert program.stdin is not None
        program.stdin.close()


def test_times_that_another_process_writes_are_seen_as_by_a_store_opened_afresh(
    path: Path,
) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    choose = random.Random(seed)

    def minute() -> pd.Timestamp:
        return BEGIN + pd.Timedelta(minutes=choose.randrange(3000))

    def seen(store: DataStore, symbol: str, start: pd.Timestamp) -> list[str]:
        bar = store.market.latest_bar(symbol, TIMEFRAME)
        end = start + pd.Timedelta(hours=5)
        part = store.market.read(symbol, TIMEFRAME, start=start, end=end)
        latest = store.market.latest(SYMBOLS[:4], TIMEFRAME, 3)
        return [repr(bar and (bar.timestamp, bar.close)), part.to_csv(), latest.to_csv()]

    with DataStore(path, durability="normal") as store, other_process(path) as other:
        for step in range(STEPS):
            symbol, kind, close = choose.choice(SYMBOLS), choose.random(), float(step)
            if kind < 0.4:
                store.market.write_bar(symbol, TIMEFRAME, timestamp=minute(), close=close)
            elif kind < 0.5:
                times = pd.date_range(minute(), periods=50, freq="min")
                store.market.write(pd.DataFrame({"close": close}, index=times), symbol, TIMEFRAME)
            elif kind < 0.75:
                separator = choose.choice("T ")
                other.insert(
                    symbol, minute().tz_convert(choose.choice(ZONES)).isoformat(separator), close
                )
            elif kind < 0.85:
                other.insert(symbol, minute().isoformat(), close)
            elif kind < 0.9:
                store.checkpoint()
            elif kind < 0.95:
                other.run("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                store.market.delete(symbol, TIMEFRAME, minute(), None)
            start = minute()
            found = seen(store, symbol, start)
            if step % 5 == 0:
                with DataStore(path, durability="normal", fast_paths=False) as fresh:
                    assert found == seen(fresh, symbol, start), f"seed {seed}, step {step}"
