# SPDX-License-Identifier: MIT
"""The files of a run: made once per size and shape, copied for each contender.

data_store makes its own; sqlite3 and C share one with the specification's tables that the yardstick
wrote, with pages as SQLite makes them. Both hold the same rows, written in the same order.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import create, prepare, remove
from contenders.base import packed
from dataset import COLUMNS

from . import load
from .c_library import LIBRARY
from .frames import tuples
from .market import FEATURED, STATE_KEYS, STEPS, STREAMED, Market, time_of
from .state import key_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_LATER = "2026-01-01T00:00:00+00:00"


def environment_of(folder: Path, library: Path) -> dict[str, str]:
    """Make the programs and the copy of the library, once a process: it has them loaded later."""
    environment = {**prepare(folder, library), LIBRARY: str(folder / "desk.so")}
    os.environ |= environment
    return environment


class Place:
    """Where contenders of one size work.

    Parameters
    ----------
    folder : Path
        For programs, data and files; its file system is the one that is measured.
    environment : dict
        Of all processes, as `environment_of` gives it.
    series : int
    """

    def __init__(self, folder: Path, environment: dict[str, str], series: int) -> None:
        self.folder = folder
        self.environment = environment
        self.market = Market(folder / "desk-data", series)
        self.market.load()
        for number in range(STATE_KEYS):
            self.market.state[key_of(number)] = value_of(number, 0)

    def base(self, contender: str) -> Path:
        """Give the file that a contender starts from: not to be changed."""
        is_ours = contender == "ours"
        path = self.folder / "desk-data" / f"{self.market.series}-{'ours' if is_ours else 'c'}.db"
        done = path.with_suffix(".done")
        # What a library of another day made may have pages of another size.
        maker = _digest(Path(self.environment["DATA_STORE_LIBRARY"])) if is_ours else ""
        if not done.exists() or done.read_text() != maker:
            done.unlink(missing_ok=True)
            remove(path)
            if not is_ours:
                create(path)
            program = self.folder / ("ours" if is_ours else "yardstick")
            data = str(self.market.data.folder)
            subprocess.run(
                [program, "write", path, "NORMAL", data],
                env=self.environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            (self._complete_ours if is_ours else self._complete)(path)
            done.write_text(maker)
        return path

    def file(self, contender: str) -> Path:
        """Give a contender's own copy."""
        path = self.folder / f"desk-{contender}.db"
        remove(path)
        shutil.copyfile(self.base(contender), path)
        with path.open("rb") as copy:
            os.fsync(copy.fileno())
        return path

    def _others(self) -> Iterator[tuple[str, str, Any, Any]]:
        for timeframe in STEPS:
            for series in range(self.market.some):
                features = self.market.feature_frame(series) if timeframe == FEATURED else None
                frame = self.market.frame(series, timeframe)
                yield self.market.symbols[series], timeframe, frame, features

    def _complete_ours(self, path: Path) -> None:
        from data_store import DataStore

        with DataStore(path, durability="normal") as store:
            with store.transaction():
                for symbol, timeframe, frame, features in self._others():
                    store.market.write(frame, symbol, timeframe, features=features)
                store.state.set_many(self.market.state)
            store.checkpoint()

    def _complete(self, path: Path) -> None:
        ours = load("ours")(str(path.with_suffix(".schema")), "NORMAL", "")
        ours.close()
        with sqlite3.connect(path.with_suffix(".schema")) as schema:
            tables = schema.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name <> 'market_data'"
            ).fetchall()
        schema.close()
        remove(path.with_suffix(".schema"))
        marks = ", ".join("?" * (len(COLUMNS) + 4))
        insert = (
            f"INSERT INTO market_data (symbol, timeframe, timestamp, {', '.join(COLUMNS)},"
            f" features) VALUES ({marks})"
        )
        with sqlite3.connect(path) as connection:
            for (statement,) in tables:
                connection.execute(statement)
            for symbol, timeframe, frame, features in self._others():
                count = len(frame)
                texts = [None] * count if features is None else packed(features)
                rows = zip(
                    [symbol] * count, [timeframe] * count, *tuples(frame), texts, strict=True
                )
                connection.executemany(insert, rows)
            values = [
                (key, json.dumps(value, separators=(",", ":")), _LATER)
                for key, value in self.market.state.items()
            ]
            connection.executemany("INSERT INTO system_state VALUES (?, ?, ?)", values)
        connection.close()


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def verify(path: Path, market: Market, requests: int) -> None:
    """Check a file against what was written to it in this process."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    select = (
        f"SELECT timestamp, {', '.join(COLUMNS)}, features FROM market_data"
        " WHERE symbol = ? AND timeframe = '1m' AND timestamp >= ? AND timestamp < ?"
        " ORDER BY timestamp"
    )
    bounds = [time_of(market.rows + after).isoformat() for after in (0, STREAMED)]
    for series, minutes in market.written.items():
        found = []
        for text, *cells in connection.execute(select, (market.symbols[series], *bounds)):
            cells[7] = cells[7] != 0
            cells[9] = json.loads(cells[9]) if cells[9] else {}
            found.append((dt.datetime.fromisoformat(text), *cells))
        if found != [market.bar_at(series, minute) for minute in minutes]:
            raise AssertionError(f"{path}: {market.symbols[series]}: other bars than were written")
    for (symbol, minute), entry in market.features.items():
        span = time_of(minute).isoformat(), time_of(minute + 1).isoformat()
        ((*_, features),) = connection.execute(select, (symbol, *span))
        if json.loads(features) != entry:
            raise AssertionError(f"{path}: features of {symbol} {text}")
    for key, value in connection.execute("SELECT key, value FROM system_state"):
        if json.loads(value) != market.state[key]:
            raise AssertionError(f"{path}: state {key}")
    (count,) = connection.execute("SELECT count(*) FROM market_requests").fetchone()
    connection.close()
    if count != requests:
        raise AssertionError(f"{path}: {count} requests, expected {requests}")
