# SPDX-License-Identifier: MIT
"""No file descriptor left: a StorageError, nothing half-written, all good once there are some.

A child process lowers its own limit to the descriptors that it has.
"""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from calls import EVERY, WRITES, put_three_bars_and_a_state, whole
from frames import SYMBOL, TIMEFRAME, bars
from processes import Program, in_child

from data_store import DataStore
from data_store.errors import StorageError

pytestmark = pytest.mark.sqlite_only("limits of the process that writes the file")


@contextmanager
def spare_descriptors(count: int) -> Iterator[None]:
    """Room for so many more descriptors, not counting the gaps that the process has."""
    next_free = os.dup(0)
    os.close(next_free)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_free + count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def outcome(action: Any) -> str:
    try:
        action()
    except StorageError as error:
        return "StorageError" if "descriptor" in str(error) else str(error)
    return "done"


@pytest.mark.parametrize("name", EVERY)
def test_a_call_without_descriptors_is_done_or_says_so(path: Path, name: str) -> None:
    def try_it() -> tuple[str, bool]:
        with DataStore(path) as store:
            put_three_bars_and_a_state(store)
            before = store.sql("SELECT * FROM market_data").to_dict(), store.state.items()
        with DataStore(path) as store:
            with spare_descriptors(0):
                found = outcome(lambda: EVERY[name](store))
            if name == "transaction":
                return found, True  # open until the store is closed, which takes it back
            after = store.sql("SELECT * FROM market_data").to_dict(), store.state.items()
            store.state.set("b", 1)
            assert store.state.delete("b")
            assert store.check() == []
            return found, after == before

    found, is_unchanged = in_child(try_it)
    if name in WRITES:
        assert found == "done"  # what writes was opened with the store
    else:
        assert is_unchanged
    assert name not in ("read", "sql", "backup", "check", "checkpoint") or found == "StorageError"
    assert not path.with_name(path.name + ".copy").exists()


def test_a_store_opens_with_enough_descriptors_or_says_so(path: Path) -> None:
    def try_it() -> list[str]:
        found = []
        for spare in range(40):
            descriptors = len(os.listdir("/proc/self/fd"))
            with spare_descriptors(spare):
                found.append(outcome(lambda: DataStore(path).close()))
            assert len(os.listdir("/proc/self/fd")) <= descriptors
        return found

    found = in_child(try_it)
    assert set(found) == {"StorageError", "done"}
    with DataStore(path) as store:
        put_three_bars_and_a_state(store)
    whole(path)


def test_reads_on_new_threads_find_no_descriptors_and_then_some(path: Path) -> None:
    """Each thread that reads beside another takes a connection of its own."""
    threads = 4

    def read_at_once(store: DataStore) -> list[str]:
        found: list[str] = []
        gate = threading.Barrier(threads)

        def read() -> None:
            gate.wait()
            found.append(outcome(lambda: store.market.read(SYMBOL, TIMEFRAME)))

        running = [threading.Thread(target=read) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return found

    def try_it() -> tuple[list[str], list[str]]:
        with DataStore(path) as store:
            store.market.write(bars(3), SYMBOL, TIMEFRAME)
            store.state.set("a", 1)
            with spare_descriptors(0):
                without = read_at_once(store)
            return without, read_at_once(store)

    without, then = in_child(try_it)
    assert without == ["StorageError"] * threads
    assert then == ["done"] * threads
    whole(path)


def test_a_backup_with_few_descriptors_appears_whole_or_not_at_all(path: Path) -> None:
    def try_it() -> list[str]:
        found = []
        with DataStore(path) as store:
            put_three_bars_and_a_state(store)
            for spare in range(12):
                target = path.with_name(f"copy{spare}.db")
                with spare_descriptors(spare):
                    found.append(outcome(lambda target=target: store.backup(target)))
                assert target.exists() == (found[-1] == "done")
        return found

    found = in_child(try_it)
    assert set(found) == {"StorageError", "done"}
    for target in path.parent.glob("copy*"):
        whole(target)
    whole(path)


def test_very_many_commits_without_descriptors_are_all_there(path: Path) -> None:
    """The WAL grows until it is checkpointed, which takes one more connection."""

    def write() -> int:
        with DataStore(path) as store:
            with spare_descriptors(0):
                for step in range(40):
                    store.market.write(bars(2000), f"S{step}", TIMEFRAME)
            wal = store.info()["wal_bytes"]
            store.checkpoint()
            return int(wal)

    assert in_child(write) > 8 << 20, "there was nothing to fold in"
    with DataStore(path) as store:
        assert store.market.series()["bars"].tolist() == [2000] * 40
        assert store.check() == []


@pytest.mark.parametrize("name", EVERY)
def test_a_first_call_without_descriptors_is_done_or_says_so(path: Path, name: str) -> None:
    """Python opens files of the package at the first use of a part: that needs descriptors, too."""
    with Program("first_call", path, name) as running:
        assert running.finish() in (["done"], ["StorageError"])
