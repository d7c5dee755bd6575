# SPDX-License-Identifier: MIT
"""A disk without room: a StorageError, nothing half-written, all good again once there is room.

A child process limits the size of its own files, which SQLite meets as a full disk.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import database
import pytest
from frames import SYMBOL, TIMEFRAME, bars
from processes import in_child

from data_store import DataStore
from data_store.errors import StorageError

pytestmark = pytest.mark.sqlite_only("limits of the process that writes the file")

ROOM = 400_000
"""Bytes that a file may have: some hundred batches of the tests below do not fit."""


@contextmanager
def little_room() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(store: DataStore) -> int:
    """Writes batches of 200 bars until one fails; how many were acknowledged."""
    for number in range(1000):
        try:
            store.market.write(bars(200), f"S{number:03}", TIMEFRAME)
        except StorageError:
            return number
    raise AssertionError("the limit was never met")


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_every_acknowledged_batch_is_there_and_no_other(path: Path, durability: Any) -> None:
    def write() -> tuple[int, list[str]]:
        with DataStore(path, durability=durability) as store, little_room():
            acknowledged = fill(store)
            return acknowledged, store.market.series()["symbol"].tolist()

    acknowledged, seen = in_child(write)
    assert acknowledged > 0
    expected = [f"S{number:03}" for number in range(acknowledged)]
    assert seen == expected
    with DataStore(path) as again:
        found = again.market.series()
        assert found["symbol"].tolist() == expected
        assert set(found["bars"]) == {200}
        assert again.check() == []


def test_the_store_goes_on_once_there_is_room(path: Path) -> None:
    def write() -> int:
        with DataStore(path) as store:
            with little_room():
                acknowledged = fill(store)
            store.market.write(bars(200), "after", TIMEFRAME)
            store.checkpoint()
            return acknowledged

    acknowledged = in_child(write)
    with DataStore(path) as again:
        assert len(again.market.series()) == acknowledged + 1
        assert again.check() == []


def test_a_transaction_that_does_not_fit_is_undone_whole(path: Path) -> None:
    def write() -> None:
        with DataStore(path) as store:
            store.state.set("a", 1)
            with little_room(), store.transaction():
                store.state.set("a", 2)
                for number in range(1000):
                    store.market.write(bars(200), f"S{number:03}", TIMEFRAME)

    assert in_child(write) == "StorageError"
    with DataStore(path) as again:
        assert again.state.items() == {"a": 1}
        assert again.market.series().empty
        assert again.check() == []


@pytest.mark.parametrize("existing", [False, True])
def test_a_backup_that_does_not_fit_leaves_nothing_behind(path: Path, existing: bool) -> None:
    target = path.with_name("copy.db")
    with DataStore(path) as store:
        if existing:
            store.backup(target)
        store.market.write(bars(20_000), SYMBOL, TIMEFRAME)
        store.checkpoint()
    before = {found.name for found in path.parent.iterdir()}

    def copy() -> None:
        with DataStore(path) as store, little_room():
            store.backup(target, overwrite=existing)

    assert in_child(copy) == "StorageError"
    assert {found.name for found in path.parent.iterdir()} == before
    if existing:
        assert database.query(target, "SELECT count(*) FROM market_data") == [(0,)]


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_disk_of_three_megabytes(tmp_path: Path, durability: str) -> None:
    """A tmpfs of the test's own, in a mount namespace that goes with it."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
        pytest.skip("the system gives this user no mount namespace")
    program = Path(__file__).parent / "programs" / "fill_disk.py"
    mount = f"mount -t tmpfs -o size=3m tmpfs {tmp_path} && exec {sys.executable} {program}"
    done = subprocess.run(
        [*namespace, "sh", "-c", f"{mount} {tmp_path} {durability}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
