# SPDX-License-Identifier: MIT
"""Stores that may not write, and files that may not be written."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import places
import pytest
from calls import READS, WRITES, put_three_bars_and_a_state, whole
from database import contents
from frames import SYMBOL, TIMEFRAME, bars, same
from processes import in_child

from data_store import DataStore
from data_store.errors import SchemaError, StorageError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars and a state."""
    put_three_bars_and_a_state(store)
    return store


# -- read_only ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in WRITES if name != "transaction"])
def test_a_read_only_store_refuses_to_write(stored: DataStore, path: Path, name: str) -> None:
    stored.close()
    with DataStore(path, read_only=True) as reader:
        with pytest.raises(StorageError):
            WRITES[name](reader)
        same(reader.market.read(SYMBOL, TIMEFRAME), bars(3))
    whole(path)


def kept(path: Path) -> object:
    """What must stay: the file's bytes, or a server's rows in their places."""
    return contents(path) if places.is_server(path) else path.read_bytes()


@pytest.mark.parametrize("name", READS)
def test_a_read_only_store_reads(stored: DataStore, path: Path, name: str) -> None:
    with DataStore(path, read_only=True) as reader:
        READS[name](reader)
        assert reader.check() == []
    stored.close()
    before = kept(path)
    with DataStore(path, read_only=True) as reader:
        READS[name](reader)
        assert reader.check() == []
    assert kept(path) == before


def test_a_read_only_store_sees_what_others_write(stored: DataStore, path: Path) -> None:
    with DataStore(path, read_only=True) as reader:
        stored.state.set("b", 2)
        assert reader.state.items() == {"a": 1, "b": 2}


def test_read_only_makes_nothing(path: places.Place) -> None:
    # A schema is there, and is empty, where a file is not.
    error = SchemaError if places.is_server(path) else StorageError
    for _ in range(2):
        with pytest.raises(error, match=re.escape(str(path).rpartition("/")[2].split("?")[0])):
            DataStore(path, read_only=True)
    if isinstance(path, Path):
        assert not path.exists()


# -- permissions --------------------------------------------------------------------------------


def as_nobody(action: Callable[[], Any]) -> Any:
    """`action` in a child that is not root, for whom alone permissions count."""

    def run() -> Any:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        return action()

    return in_child(run)


@pytest.fixture
def locked() -> Iterator[Path]:
    """A sound file without a waiting -wal; neither it nor its directory may be written."""
    directory = Path(tempfile.mkdtemp())
    path = directory / "market.db"
    with DataStore(path) as store:
        put_three_bars_and_a_state(store)
        store.checkpoint()
    path.chmod(0o444)
    directory.chmod(0o555)
    yield path
    directory.chmod(0o755)
    shutil.rmtree(directory)


@pytest.mark.sqlite_only("the store is a file")
def test_read_only_works_where_nothing_can_be_written(locked: Path) -> None:
    before = locked.read_bytes(), sorted(locked.parent.iterdir())

    def read() -> list[float]:
        with DataStore(locked, read_only=True) as reader:
            assert reader.state.items() == {"a": 1}
            assert reader.check() == []
            return reader.market.read(SYMBOL, TIMEFRAME)["close"].tolist()

    assert as_nobody(read) == bars(3)["close"].tolist()
    assert (locked.read_bytes(), sorted(locked.parent.iterdir())) == before


@pytest.mark.sqlite_only("the store is a file")
def test_writing_without_permission_is_a_storage_error(locked: Path) -> None:
    def write() -> Any:
        with DataStore(locked) as store:
            store.state.set("a", 2)

    assert as_nobody(write) == "StorageError"
    whole(locked, read_only=True)


@pytest.mark.sqlite_only("the store is a file")
def test_opening_without_permission_is_a_storage_error(locked: Path) -> None:
    locked.chmod(0)
    try:
        assert as_nobody(lambda: DataStore(locked)) == "StorageError"
        assert as_nobody(lambda: DataStore(locked, read_only=True)) == "StorageError"
        assert as_nobody(lambda: DataStore(locked.with_name("new.db"))) == "StorageError"
    finally:
        locked.chmod(0o444)


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o007, 0o027])
def test_files_are_made_with_the_callers_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with DataStore(tmp_path / "market.db") as store:
            store.state.set("a", 1)
            store.backup(tmp_path / "copy.db")
            for found in tmp_path.iterdir():
                mode = stat.S_IMODE(found.stat().st_mode)
                assert mode & umask == 0, f"{found.name}: {mode:o}"
                assert mode & 0o600 == 0o600, f"{found.name}: {mode:o}"
    finally:
        os.umask(before)
