# SPDX-License-Identifier: MIT
"""A store that a forked child opens for itself is right, whatever its parent was doing."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from figures import IS_FULL_RUN, figure
from frames import SYMBOL, TIMEFRAME, bars
from places import on_server
from processes import Program, in_child

from data_store import DataStore

CHILDREN, SECONDS = (1_000, 60) if IS_FULL_RUN else (80, 0)
ROWS = 500


def closes(value: float) -> Any:
    return bars(ROWS).assign(close=value)


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    store.market.write(closes(0.0), SYMBOL, TIMEFRAME)
    return store


# -- what the parent is doing ---------------------------------------------------------------------


@contextmanager
def in_thread(work: Callable[[threading.Event, threading.Event], None]) -> Iterator[None]:
    """Runs `work` in a thread up to its first event, and lets it end after the block."""
    ready, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(ready, go))
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        go.set()
        thread.join()


def reading(store: DataStore) -> Any:
    def work(ready: threading.Event, go: threading.Event) -> None:
        connection = store.get_connection()
        cursor = connection.execute("SELECT close FROM market_data")
        cursor.fetchone()
        ready.set()
        go.wait()
        assert {row[0] for row in cursor.fetchall()} == {0.0}
        connection.close()

    return in_thread(work)


def iterating(store: DataStore) -> Any:
    def work(ready: threading.Event, go: threading.Event) -> None:
        chunks = store.market.iter(SYMBOL, TIMEFRAME, chunk=100)
        count = len(next(chunks))
        ready.set()
        go.wait()
        assert count + sum(map(len, chunks)) == ROWS

    return in_thread(work)


def transacting(store: DataStore) -> Any:
    def work(ready: threading.Event, go: threading.Event) -> None:
        with store.transaction():
            store.state.set("parent", 1)
            ready.set()
            go.wait()

    return in_thread(work)


def with_a_plain_connection(store: DataStore) -> Any:
    def work(ready: threading.Event, go: threading.Event) -> None:
        connection = sqlite3.connect(store.path)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM market_data").fetchone()
        ready.set()
        go.wait()
        connection.close()

    return in_thread(work)


OF_SQLITE3 = pytest.mark.sqlite_only("get_connection() is sqlite3's")
PARENTS = [
    pytest.param(reading, marks=OF_SQLITE3),
    iterating,
    transacting,
    pytest.param(with_a_plain_connection, marks=OF_SQLITE3),
]


@pytest.mark.sqlite_only("get_connection() is sqlite3's")
@pytest.mark.parametrize("parent", PARENTS)
def test_a_snapshot_of_the_childs_holds_while_the_parent_goes_on(
    stored: DataStore, path: Path, parent: Callable[[DataStore], Any]
) -> None:
    """The child takes a lock of its own on its snapshot: no checkpoint goes beyond it."""
    context = multiprocessing.get_context("fork")
    asked, answer = context.Pipe()

    def child() -> tuple[set[float], set[float]]:
        with DataStore(path) as own, own.get_connection() as connection:
            connection.execute("BEGIN")
            first = {row[0] for row in connection.execute("SELECT close FROM market_data LIMIT 9")}
            answer.send("reading")
            answer.recv()
            rest = {row[0] for row in connection.execute("SELECT close FROM market_data")}
            connection.execute("COMMIT")
            return first, rest

    writing: list[dict[str, Any]] = []

    def go_on() -> None:
        assert asked.recv() == "reading"
        with DataStore(path) as other:
            for value in (1.0, 2.0):
                other.market.write(closes(value), SYMBOL, TIMEFRAME)
                writing.append(other.checkpoint())
        asked.send("look again")

    writer = threading.Thread(target=go_on)
    if parent is transacting:
        # Nobody else can write before it is over, which is what the next test is about.
        writer = threading.Thread(target=lambda: (asked.recv(), asked.send("look again")))
    with parent(stored):
        writer.start()
        assert in_child(child) == ({0.0}, {0.0})
        writer.join()
    if parent is not transacting:
        # A control: the child did hold something back.
        assert any(report["held_back"] for report in writing)
    assert stored.check() == []


def test_a_child_waits_for_the_transaction_of_its_parent(stored: DataStore, path: Path) -> None:
    def write(timeout: float) -> Callable[[], Any]:
        def child() -> None:
            with DataStore(path, timeout=timeout) as own:
                own.state.set("child", 1)

        return child

    with transacting(stored):
        assert in_child(write(0.05)) == "BusyError"
    assert in_child(write(60)) is None
    assert stored.state.items() == {"child": 1, "parent": 1}


@pytest.mark.sqlite_only("get_connection() is sqlite3's")
def test_closing_what_was_inherited_takes_no_lock_from_the_child(
    stored: DataStore, path: Path
) -> None:
    """Locks belong to the process: a close() of the parent's descriptor would drop them."""
    inherited = stored.get_connection()
    inherited.execute("SELECT count(*) FROM market_data").fetchone()

    def child() -> list[Any]:
        with DataStore(path, timeout=0) as own:
            with own.transaction():
                own.state.set("child", 1)
                inherited.close()
                stored.close()
                # The lock is still the child's: nobody else gets it.
                answer = in_child(lambda: DataStore(path, timeout=0).state.set("grandchild", 1))
                own.state.set("child", 2)
            own.state.set("child", [own.state.get("child"), "again"])
            return [answer, own.state.get("child"), own.check()]

    assert in_child(child) == ["BusyError", [2, "again"], []]
    inherited.close()
    assert stored.state.items() == {"child": [2, "again"]}


@pytest.mark.sqlite_only("get_connection() is sqlite3's")
def test_an_inherited_connection_changes_nothing_once_the_child_has_a_store(
    stored: DataStore, path: Path
) -> None:
    inherited = stored.get_connection()
    inherited.execute("BEGIN IMMEDIATE")
    inherited.execute("UPDATE market_data SET close = 9")

    def child() -> str:
        with DataStore(path) as own:
            assert set(own.market.read(SYMBOL, TIMEFRAME).close) == {0.0}
            try:
                inherited.execute("COMMIT")
            except sqlite3.Error as error:
                return type(error).__name__
            return "committed"

    assert in_child(child) != "committed"
    inherited.execute("ROLLBACK")
    inherited.close()
    assert set(stored.market.read(SYMBOL, TIMEFRAME).close) == {0.0}
    assert stored.check() == []


def test_a_daemon_that_closes_all_descriptors_first(
    stored: DataStore, path: Path, tmp_path: Path
) -> None:
    """Its own files take the numbers of those that the parent's SQLite knows."""

    source, sink = os.pipe()

    def daemon() -> list[int]:
        os.closerange(3, sink)
        os.closerange(sink + 1, 1024)
        logs = [open(tmp_path / f"log{k}", "w+b") for k in range(12)]  # noqa: SIM115
        with DataStore(path, timeout=60) as own:
            for step in range(50):
                own.state.set(f"child{step}", step)
            return [len(own.market.read(SYMBOL, TIMEFRAME)), len(logs)]

    child = os.fork()
    if child == 0:
        try:
            os.write(sink, repr(daemon()).encode())
        finally:
            os._exit(0)
    os.close(sink)
    for step in range(50):
        stored.state.set(f"parent{step}", step)
        if step % 10 == 0:
            stored.checkpoint()
    with os.fdopen(source, "rb") as stream:
        assert stream.read() == repr([ROWS, 12]).encode()
    os.waitpid(child, 0)
    assert len(stored.state.keys("child")) == len(stored.state.keys("parent")) == 50
    assert stored.check() == []


def test_children_of_children(stored: DataStore, path: Path) -> None:
    def descend(depth: int) -> list[Any]:
        with DataStore(path) as own:
            own.state.set(f"depth{depth}", depth)
            if depth == 4:
                return sorted(own.state.items().values())
            below: list[Any] = in_child(lambda: descend(depth + 1))
            own.state.set(f"again{depth}", depth)
            return below

    assert in_child(lambda: descend(1)) == [1, 2, 3, 4]
    assert len(stored.state.keys()) == 7
    assert stored.check() == []


def test_a_child_outlives_its_parent(path: Path) -> None:
    def parent() -> None:
        store = DataStore(path)
        store.state.set("parent", 1)

        def child() -> None:
            with DataStore(path) as own:
                for step in range(20):
                    own.state.set("child", step)
                own.checkpoint()

        in_child(child)
        # Ends without closing anything.

    assert in_child(parent) is None
    with DataStore(path) as store:
        assert store.state.items() == {"parent": 1, "child": 19}
        assert store.check() == []


@pytest.mark.parametrize("read_only", [False, True])
def test_a_child_opens_read_only_what_its_parent_has_open(
    stored: DataStore, path: Path, read_only: bool
) -> None:
    def child() -> int:
        with DataStore(path, read_only=True) as own:
            return len(own.market.read(SYMBOL, TIMEFRAME))

    if read_only:
        stored.close()
        with DataStore(path, read_only=True):
            assert in_child(child) == ROWS
    else:
        assert in_child(child) == ROWS


# -- what is imported at first use -----------------------------------------------------------------


def test_a_fork_waits_for_an_import_of_another_thread(path: Path) -> None:
    """The lock of a module that was being imported at the fork would stay locked in the child."""
    with Program("forking_amidst_an_import", path) as program:
        assert program.finish() == [
            "data_store._frames: 0",
            "data_store._sql: 0",
            # What a file's info() tells of its last checkpoint is a time.
            *([] if on_server() else ["data_store._timestamps: 0"]),
            "data_store.market_repo: 0",
            "data_store.state_repo: 0",
        ]


# -- pools ----------------------------------------------------------------------------------------


def work(path: str, number: int) -> int:
    with DataStore(path, timeout=60) as own:
        own.state.set(f"task{number}", number)
        return len(own.market.read(SYMBOL, TIMEFRAME))


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_a_process_pool(stored: DataStore, path: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    occupied = iterating if on_server() else reading  # whose cursor is SQLite's own
    with (
        transacting(stored) if method == "forkserver" else occupied(stored),
        ProcessPoolExecutor(2, mp_context=context) as pool,
    ):
        tasks = [pool.submit(len, "abc") for _ in range(2)]  # the workers are there
        assert [task.result(timeout=60) for task in tasks] == [3, 3]
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        tasks = [pool.submit(work, str(path), number) for number in range(12)]
        assert [task.result(timeout=60) for task in tasks] == [ROWS] * 12
    assert len(stored.state.keys("task")) == 12
    assert stored.check() == []


def test_children_while_threads_read_write_iterate_and_transact(
    path: Path, dice: random.Random
) -> None:
    with Program("forking", path, CHILDREN, SECONDS, dice.random()) as program:
        *wrong, last = program.finish()
    assert wrong == []
    count = int(last.split()[1].rstrip(","))
    assert last == f"children {count}, failed 0, lost [], findings []"
    assert count >= CHILDREN
    figure("fork: children of a parent whose threads were at work", f"{count:,}")
