# SPDX-License-Identifier: MIT
"""Forks again and again while its threads work on a store; each child opens it and checks it.

``forking.py PATH CHILDREN SECONDS SEED``: at least so many children, for at least so long.
Prints what each child found wrong, then the number of children.
"""

from __future__ import annotations

import faulthandler
import os
import random
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable

import pandas as pd

from data_store import DataStore

SERIES = ("X", "1h")
BARS = 600
AT_ONCE = 2
PATIENCE = 300.0  # seconds, after which a child tells where it hangs
ONE_SNAPSHOT = "SELECT count(*) n, count(DISTINCT close) d, min(close) low FROM market_data"
SLOWLY = (
    "SELECT count(*) n, count(DISTINCT close) d, min(close) low FROM (SELECT m.close FROM"
    " market_data m WHERE (WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE"
    " x < 400) SELECT count(*) FROM c) > 0) AS slow"
)
INDEX = pd.date_range("2026-03-01", periods=BARS, freq="h", tz="UTC")


def same_close(value: float) -> pd.DataFrame:
    return pd.DataFrame({"close": [value] * BARS}, index=INDEX)


class Parent:
    """The store and the threads that are at work on it."""

    def __init__(self, path: str) -> None:
        self.store = DataStore(path, durability="normal")
        self.store.market.write(same_close(0.0), *SERIES)
        with self.store.transaction():
            self.store.state.set_many({"a": 0, "b": 0})
        self._end = threading.Event()
        self._errors: list[str] = []
        works = [self.rewrite, self.transact, self.query, self.iterate]
        if not path.startswith("postgresql://"):  # get_connection() is sqlite3's
            works.append(self.hold_a_cursor)
        self._threads = [threading.Thread(target=self._repeat, args=(work,)) for work in works]
        for thread in self._threads:
            thread.start()

    def _repeat(self, work: Callable[[int], None]) -> None:
        turn = 0
        try:
            while not self._end.is_set():
                turn += 1
                work(turn)
        except BaseException:
            self._errors.append(traceback.format_exc())

    def rewrite(self, turn: int) -> None:
        self.store.market.write(same_close(float(turn)), *SERIES)
        if turn % 5 == 0:
            self.store.checkpoint()

    def transact(self, turn: int) -> None:
        with self.store.transaction():
            self.store.state.set("a", turn)
            self.store.state.set("b", turn)

    def query(self, turn: int) -> None:
        assert self.store.sql(SLOWLY).d[0] == 1

    def iterate(self, turn: int) -> None:
        assert sum(map(len, self.store.market.iter(*SERIES, chunk=100))) == BARS

    def hold_a_cursor(self, turn: int) -> None:
        connection = self.store.get_connection()
        cursor = connection.execute("SELECT close FROM market_data")
        first = cursor.fetchone()[0]
        time.sleep(0.01)  # the others go on meanwhile; nothing depends on how long
        assert {row[0] for row in cursor.fetchall()} == {first}
        connection.close()

    def end(self) -> list[str]:
        self._end.set()
        for thread in self._threads:
            thread.join()
        self.store.close()
        return self._errors


def child(path: str, number: int, dice: random.Random) -> None:
    """What a child sees is one snapshot, and no earlier than before; what it writes is there."""
    seen = -1.0
    with DataStore(path, durability="normal", timeout=60) as own:
        for step in range(dice.randrange(2, 8)):
            row = own.sql(dice.choice((ONE_SNAPSHOT, SLOWLY))).iloc[0]
            assert (row.n, row.d) == (BARS, 1), dict(row)
            assert row.low >= seen, (row.low, seen)
            closes = set(own.market.read(*SERIES).close)
            assert len(closes) == 1, closes
            assert min(closes) >= row.low, (closes, row.low)
            seen = min(closes)
            pair = own.state.items()
            assert pair["a"] == pair["b"], pair
            if dice.randrange(3) == 0:
                with own.transaction():
                    own.state.set(f"child{number}", step)
                    assert own.state.get(f"child{number}") == step
        own.state.set(f"child{number}", "done")


def main(path: str, children: int, seconds: float, seed: str) -> None:
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # of fork() beside threads: that is the point
    parent = Parent(path)
    dice = random.Random(seed)
    running: set[int] = set()
    failed = forks = 0
    started = time.monotonic()
    while forks < children or time.monotonic() - started < seconds:
        process = os.fork()
        if process == 0:
            status = 1
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            try:
                child(path, forks, random.Random(f"{seed} {forks}"))
                status = 0
            except BaseException:
                print(f"child {forks}:", traceback.format_exc(), flush=True)
            os._exit(status)
        forks += 1
        running.add(process)
        while len(running) >= AT_ONCE:
            ended, status = os.wait()
            running.discard(ended)
            failed += status != 0
        time.sleep(dice.random() / 100)
    for process in running:
        failed += os.waitpid(process, 0)[1] != 0
    for error in parent.end():
        print("parent:", error)
    with DataStore(path) as store:
        findings = store.check()
        states = store.state.items("child")
    lost = [number for number in range(forks) if states.get(f"child{number}") != "done"]
    print(f"children {forks}, failed {failed}, lost {lost}, findings {findings}", flush=True)


main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
