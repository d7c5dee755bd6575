# SPDX-License-Identifier: MIT
"""A second copy of SQLite in the process, or any code that closes the file: noticed, nothing lost.

apsw and pysqlite3 each bring a SQLite of their own. It shares no locks with the store's, and its
close() drops the store's locks along with its own.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import READS, WRITES, put_three_bars_and_a_state, whole
from figures import figure
from processes import Program

import data_store
from data_store import DataStore
from data_store._c import connection as _connection
from data_store.errors import ClosedError, InvalidInputError

pytestmark = pytest.mark.sqlite_only("locks of files, and who else has the file open")

HAS_PYSQLITE3 = platform.machine() == "x86_64"  # elsewhere there is no wheel of it
COPIES = ["apsw", "pysqlite3"] if HAS_PYSQLITE3 else ["apsw"]
COUNT = "SELECT count(*) FROM system_state"


def connect(name: str, path: Path) -> Any:
    """A connection of another copy of SQLite, which has not looked at the file yet."""
    module: Any = importlib.import_module(name)
    return module.Connection(str(path)) if name == "apsw" else module.connect(str(path))


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars and a state."""
    put_three_bars_and_a_state(store)
    return store


@pytest.fixture(scope="module")
def refused() -> Iterator[list[str]]:
    """The writes that were refused because of another copy."""
    names: list[str] = []
    yield names
    figure("second copy of SQLite: writes refused", f"{len(names)}")


# -- another copy of SQLite ---------------------------------------------------------------------


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("copy", COPIES)
def test_no_write_while_another_copy_has_the_file_open(
    stored: DataStore, path: Path, copy: str, call: str, refused: list[str]
) -> None:
    other = connect(copy, path)
    other.execute(COUNT).fetchall()
    with pytest.raises(ClosedError, match=r"another copy of SQLite.*sql\(\)"):
        WRITES[call](stored)
    other.close()
    stored.close()
    whole(path)
    refused.append(call)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("copy", COPIES)
def test_no_write_after_another_copy_has_closed_the_file(
    stored: DataStore, path: Path, copy: str, call: str, refused: list[str]
) -> None:
    with contextlib.closing(connect(copy, path)) as other:
        other.execute(COUNT).fetchall()
    with pytest.raises(ClosedError, match=r"locks.*gone.*backup\(\)"):
        WRITES[call](stored)
    refused.append(call)
    stored.close()
    whole(path)


@pytest.mark.parametrize("copy", COPIES)
def test_another_copy_cannot_take_the_wal_away(stored: DataStore, path: Path, copy: str) -> None:
    wal = path.with_name(path.name + "-wal")
    before = wal.stat().st_ino, wal.stat().st_size
    with contextlib.closing(connect(copy, path)) as other:
        other.execute(COUNT).fetchall()
    assert (wal.stat().st_ino, wal.stat().st_size) == before
    stored.close()
    whole(path)


@pytest.mark.parametrize("copy", COPIES)
def test_another_copy_that_opens_within_a_transaction_stops_its_commit(
    stored: DataStore, path: Path, copy: str
) -> None:
    transaction = stored.transaction()
    transaction.__enter__()
    stored.state.set("a", 2)
    with contextlib.closing(connect(copy, path)) as other:
        other.execute(COUNT).fetchall()
        with pytest.raises(ClosedError):
            transaction.__exit__(None, None, None)
    stored.close()
    whole(path)


@pytest.mark.parametrize("copy", COPIES)
def test_what_another_copy_commits_is_not_written_over(
    stored: DataStore, path: Path, copy: str
) -> None:
    with contextlib.closing(connect(copy, path)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE system_state SET value = '7'")
        with pytest.raises(ClosedError):
            stored.state.set("b", 1)
        other.execute("COMMIT")
    with pytest.raises(ClosedError):
        stored.state.set("b", 1)
    stored.close()
    with DataStore(path) as again:
        assert again.state.items() == {"a": 7}
        assert again.check() == []


@pytest.mark.parametrize("copy", COPIES)
def test_a_store_does_not_open_beside_another_copy(path: Path, copy: str) -> None:
    with DataStore(path) as first:
        put_three_bars_and_a_state(first)
    with contextlib.closing(connect(copy, path)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE system_state SET value = '1'")
        with pytest.raises(ClosedError, match="another copy of SQLite"):
            DataStore(path)
        other.execute("COMMIT")
    whole(path)


@pytest.mark.parametrize("copy", COPIES)
def test_another_copy_on_another_file_is_nobodys_business(
    stored: DataStore, tmp_path: Path, copy: str
) -> None:
    with contextlib.closing(connect(copy, tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (a)")
        stored.state.set("a", 2)
    stored.state.set("a", 1)
    assert stored.check() == []


def test_another_copy_in_another_process_is_nobodys_business(stored: DataStore, path: Path) -> None:
    code = (
        f"import apsw; c = apsw.Connection({str(path)!r}); "
        f"print(list(c.execute({COUNT!r}))); c.close()"
    )
    for value in (2, 1):
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        stored.state.set("a", value)
    stored.close()
    whole(path)


# -- the same copy of SQLite --------------------------------------------------------------------


def test_connections_of_the_same_copy_come_and_go(stored: DataStore, path: Path) -> None:
    for value in (2, 1):
        for connection in (stored.get_connection(), sqlite3.connect(path)):
            connection.execute(COUNT).fetchall()
            stored.state.set("a", value)
            connection.close()
            stored.state.set("a", value)
    stored.close()
    whole(path)


# -- any code that opens and closes the file -----------------------------------------------------


def read_bytes(path: Path) -> None:
    path.read_bytes()


def copy_away(path: Path) -> None:
    shutil.copyfile(path, path.with_name("copy.db"))


def read_shared_memory(path: Path) -> None:
    path.with_name(path.name + "-shm").read_bytes()


@pytest.mark.parametrize("meddle", [read_bytes, copy_away, read_shared_memory])
def test_locks_that_a_close_has_dropped_are_missed(
    stored: DataStore, path: Path, meddle: Callable[[Path], None]
) -> None:
    meddle(path)
    for name in WRITES:
        with pytest.raises(ClosedError, match=r"locks.*gone"):
            WRITES[name](stored)
    for name in READS:
        READS[name](stored)
    stored.close()
    with DataStore(path) as again:
        again.state.set("b", 1)
        again.state.delete("b")
    whole(path)


def test_locks_dropped_within_a_transaction_stop_its_commit(stored: DataStore, path: Path) -> None:
    transaction = stored.transaction()
    transaction.__enter__()
    stored.state.set("a", 2)
    path.read_bytes()
    with pytest.raises(ClosedError, match=r"locks.*gone"):
        transaction.__exit__(None, None, None)
    stored.close()
    whole(path)


def test_a_file_kept_open_does_no_harm(stored: DataStore, path: Path) -> None:
    with path.open("rb") as stream:
        stream.read(16)
        stored.state.set("a", 2)
        stored.state.set("a", 1)
    with pytest.raises(ClosedError):
        stored.state.set("a", 2)
    stored.close()
    whole(path)


def test_reading_the_wal_drops_no_locks(stored: DataStore, path: Path) -> None:
    path.with_name(path.name + "-wal").read_bytes()
    stored.state.set("a", 1)
    stored.close()
    whole(path)


def test_no_other_process_takes_the_wal_away_once_the_locks_are_gone(
    stored: DataStore, path: Path
) -> None:
    path.read_bytes()
    path.with_name(path.name + "-shm").read_bytes()
    # The last of another process's connections would fold the WAL in and delete it.
    code = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute({COUNT!r}); c.close()"
    wal = path.with_name(path.name + "-wal").stat()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert path.with_name(path.name + "-wal").stat().st_ino == wal.st_ino
    stored.close()
    whole(path)


def test_stores_of_one_process_do_not_take_each_others_locks(stored: DataStore, path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for step in range(20):
        with DataStore(path) as other, DataStore(path, read_only=True) as reader:
            other.state.set("a", step)
            assert reader.state.get("a") == step
        stored.state.set("a", 1)
    assert len(os.listdir("/proc/self/fd")) <= before + 10
    stored.close()
    whole(path)


def test_many_files_leave_no_descriptors_behind(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for step in range(50):
        with DataStore(tmp_path / f"{step}.db") as store:
            store.state.set("a", 1)
            connection = store.get_connection()
        connection.close()
    assert len(os.listdir("/proc/self/fd")) <= before + 100
    with DataStore(tmp_path / "last.db"):
        pass
    assert len(os.listdir("/proc/self/fd")) <= before + 2


# -- forked children with stores of their own -----------------------------------------------------


def test_a_childs_store_outlives_its_parents(path: Path) -> None:
    with Program("forker", path) as program:
        assert program.line() == "child has written"
        program.say("close the parent's")
        assert program.line() == "parent has closed"
        program.say("write")
        assert program.line() == "child has written again"
        assert program.finish() == []
    with DataStore(path) as store:
        assert store.state.items() == {"child": list(range(100)), "parent": 1}
        assert store.check() == []


# -- get_connection -------------------------------------------------------------------------------


@pytest.mark.skipif(not HAS_PYSQLITE3, reason="no wheel of pysqlite3 for this processor")
def test_get_connection_refuses_a_module_with_a_sqlite_of_its_own(
    stored: DataStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "sqlite3", importlib.import_module("pysqlite3"))
    with pytest.raises(InvalidInputError, match="sql\\(\\)"):
        stored.get_connection()
    stored.state.set("a", 1)
    stored.close()
    whole(path)


@pytest.mark.skipif(not HAS_PYSQLITE3, reason="no wheel of pysqlite3 for this processor")
def test_get_connection_refuses_in_a_program_that_has_replaced_sqlite3(path: Path) -> None:
    code = (
        "import sys, pysqlite3; sys.modules['sqlite3'] = pysqlite3\n"
        "from data_store import DataStore\n"
        f"store = DataStore({str(path)!r})\n"
        "try: store.get_connection()\n"
        "except ValueError as error: print('refused:', error)\n"
        "store.state.set('a', 1); print(store.sql('SELECT key FROM system_state').key.tolist())\n"
    )
    package = str(Path(data_store.__file__).parents[1])
    inherited = os.environ.get("PYTHONPATH")
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, inherited]))},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert found[0].startswith("refused: ")
    assert "sql()" in found[0]
    assert found[1:] == ["['a']"]


def test_a_module_that_hides_its_sqlite_has_one_of_its_own() -> None:
    class Hidden:
        connect = len  # its module, builtins, has no sqlite3_libversion to show

    assert _connection._libversion_address(Hidden) is None
