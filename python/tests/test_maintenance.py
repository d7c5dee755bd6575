# SPDX-License-Identifier: MIT
"""backup, checkpoint, info, get_connection."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import database
import pandas as pd
import places
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same
from processes import Program

from data_store import DataStore
from data_store.errors import DataStoreError, InvalidInputError, StorageError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars with a feature, a request, a state; none of it folded into the file yet."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME, features=[{"a@1": entry(0.5)}] * 3)
    store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="x", start_ts=START, end_ts=START, requested_at=START
    )
    store.state.set("a", [1])
    return store


# -- backup -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path])
def test_a_backup_is_a_whole_store_in_one_file(
    stored: DataStore, path: Path, tmp_path: Path, kind: type
) -> None:
    target = tmp_path / "copy.db"
    stored.backup(kind(target))
    alone = tmp_path / "elsewhere" / "alone.db"
    alone.parent.mkdir()
    shutil.copyfile(target, alone)
    assert values_of(alone) == values_of(path)
    with DataStore(alone) as copy:
        assert copy.check() == []
        same(copy.market.read(SYMBOL, TIMEFRAME), bars(3))


def values_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows without what tells where they lie, which each engine has in a form of its own."""
    return {table: [row[1:] for row in rows] for table, rows in database.contents(path).items()}


def test_a_backup_refuses_an_existing_target(stored: DataStore, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"precious")
    with pytest.raises(InvalidInputError, match=r"copy\.db"):
        stored.backup(target)
    assert target.read_bytes() == b"precious"


def test_a_backup_overwrites_when_told_to(stored: DataStore, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    for step in range(3):
        stored.state.set("step", step)
        stored.backup(target, overwrite=step > 0)
        with DataStore(target) as copy:
            assert copy.state.get("step") == step
            assert len(copy.market.read(SYMBOL, TIMEFRAME)) == 3


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_backup_never_overwrites_its_own_store(
    stored: DataStore, path: Path, tmp_path: Path, overwrite: bool
) -> None:
    (tmp_path / "symbolic.db").symlink_to(path)
    os.link(path, tmp_path / "hard.db")
    roundabout = tmp_path / "." / ".." / tmp_path.name / path.name
    for target in (path, tmp_path / "symbolic.db", tmp_path / "hard.db", roundabout):
        with pytest.raises(InvalidInputError):
            stored.backup(target, overwrite=overwrite)
    same(stored.market.read(SYMBOL, TIMEFRAME), bars(3))
    stored.state.set("b", 1)
    assert stored.check() == []


def test_a_failed_backup_leaves_nothing_behind(
    stored: DataStore, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "existing").touch()
    before = sorted(tmp_path.rglob("*"))
    cases: list[tuple[Path, bool, type[DataStoreError]]] = [
        (tmp_path / "nowhere" / "copy.db", False, StorageError),
        (tmp_path / "directory", False, StorageError),
        (tmp_path / "directory", True, StorageError),
        (tmp_path / "existing", False, InvalidInputError),
        (path, True, InvalidInputError),
    ]
    for target, overwrite, error in cases:
        with pytest.raises(error):
            stored.backup(target, overwrite=overwrite)
    assert sorted(tmp_path.rglob("*")) == before


def everything(folder: Path) -> dict[str, bytes]:
    """The bytes of each file that is not of the open store."""
    return {
        str(found): found.read_bytes()
        for found in folder.rglob("*")
        if found.is_file() and not found.name.startswith("market.db")
    }


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_backup_never_takes_the_place_of_the_stores_own_files(
    stored: DataStore,
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    overwrite: bool,
) -> None:
    side = path.with_name(path.name + suffix)
    other = tmp_path / "other"
    other.mkdir()
    (other / "folder").symlink_to(tmp_path)
    targets = [side, other / "folder" / side.name, tmp_path / "other" / ".." / side.name]
    if side.exists():
        (other / "symbolic").symlink_to(side)
        os.link(side, other / "hard")
        targets += [other / "symbolic", other / "hard"]
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    for target in (*targets, side.name, f"./{side.name}"):
        with pytest.raises(InvalidInputError):
            stored.backup(target, overwrite=overwrite)
    assert sorted(tmp_path.rglob("*")) == before
    stored.state.set("b", 1)
    assert stored.check() == []
    stored.close()
    with DataStore(path) as again:
        same(again.market.read(SYMBOL, TIMEFRAME), bars(3))
        assert again.state.items() == {"a": [1], "b": 1}


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_backup_never_takes_the_place_of_another_databases_files(
    stored: DataStore, tmp_path: Path, suffix: str
) -> None:
    with DataStore(tmp_path / "other.db") as other:
        other.state.set("a", 2)
        side = tmp_path / f"other.db{suffix}"
        before = sorted(tmp_path.rglob("*"))
        for overwrite in (False, True):
            with pytest.raises(InvalidInputError, match=r"other\.db"):
                stored.backup(side, overwrite=overwrite)
        assert sorted(tmp_path.rglob("*")) == before
        assert other.state.get("a") == 2
    with DataStore(tmp_path / "other.db") as other:
        assert other.state.get("a") == 2


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
@pytest.mark.parametrize("content", [b"", b"left", b"\0" * 600], ids=["empty", "short", "zeros"])
@pytest.mark.parametrize("target_exists", [False, True])
def test_a_backup_is_not_made_beside_a_wal_or_a_journal(
    stored: DataStore,
    tmp_path: Path,
    suffix: str,
    content: bytes,
    overwrite: bool,
    target_exists: bool,
) -> None:
    target = tmp_path / "copy.db"
    if target_exists:
        target.write_bytes(b"precious")
    target.with_name(target.name + suffix).write_bytes(content)
    before = everything(tmp_path)
    with pytest.raises(InvalidInputError, match=r"copy\.db"):
        stored.backup(target, overwrite=overwrite)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("how", ["deleted", "there"])
def test_a_backup_beside_what_a_killed_process_left_is_refused(
    stored: DataStore, tmp_path: Path, how: str
) -> None:
    target = tmp_path / "copy.db"
    stored.backup(target)
    with Program("writer", target, "full", "bars", 0) as writer:
        writer.line()
    if how == "deleted":
        target.unlink()
    before = everything(tmp_path)
    assert str(tmp_path / "copy.db-wal") in before
    for overwrite in (False, True):
        with pytest.raises(InvalidInputError, match=r"copy\.db"):
            stored.backup(target, overwrite=overwrite)
    assert everything(tmp_path) == before
    # As the message advises.
    if how == "deleted":
        (tmp_path / "copy.db-wal").unlink()
    else:
        DataStore(target).close()
    stored.backup(target, overwrite=True)
    with DataStore(target) as copy:
        assert copy.market.series()["symbol"].tolist() == [SYMBOL]
        assert copy.check() == []


def test_a_shm_that_is_left_beside_the_target_is_harmless(
    stored: DataStore, tmp_path: Path
) -> None:
    (tmp_path / "copy.db-shm").write_bytes(b"\x5a" * 32768)
    stored.backup(tmp_path / "copy.db")
    with DataStore(tmp_path / "copy.db") as copy:
        same(copy.market.read(SYMBOL, TIMEFRAME), bars(3))
        copy.state.set("b", 1)
        assert copy.check() == []


def test_a_backup_onto_another_live_store_is_refused(stored: DataStore, tmp_path: Path) -> None:
    with DataStore(tmp_path / "live.db"), pytest.raises(InvalidInputError):
        stored.backup(tmp_path / "live.db", overwrite=True)
    with DataStore(tmp_path / "live.db") as live:
        live.state.set("mine", 1)
        with pytest.raises(InvalidInputError):
            stored.backup(tmp_path / "live.db", overwrite=True)
        live.state.set("mine", 2)
        assert live.state.items() == {"mine": 2}


def test_a_backup_onto_what_is_not_a_file_is_refused(stored: DataStore, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo")
    before = sorted(tmp_path.rglob("*"))
    for name in ("directory", "dangling", "fifo"):
        for overwrite in (False, True):
            with pytest.raises(StorageError, match=name):
                stored.backup(tmp_path / name, overwrite=overwrite)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_backup_through_a_link_replaces_the_file_that_it_leads_to(
    stored: DataStore, tmp_path: Path
) -> None:
    (tmp_path / "real.db").write_bytes(b"old")
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    stored.backup(tmp_path / "link.db", overwrite=True)
    assert (tmp_path / "link.db").is_symlink()
    with DataStore(tmp_path / "real.db") as copy:
        same(copy.market.read(SYMBOL, TIMEFRAME), bars(3))


def test_a_target_with_the_longest_name_is_taken(stored: DataStore, tmp_path: Path) -> None:
    target = tmp_path / ("n" * (255 - len("-journal")))
    stored.backup(target)
    with DataStore(target) as copy:
        copy.state.set("b", 1)
        same(copy.market.read(SYMBOL, TIMEFRAME), bars(3))
    with pytest.raises(StorageError, match="too long"):
        stored.backup(tmp_path / ("n" * 248))


@pytest.mark.parametrize("target", ["", "a\x00b", None, 3], ids=repr)
def test_a_backup_needs_a_path(stored: DataStore, target: Any) -> None:
    with pytest.raises(InvalidInputError):
        stored.backup(target)


def test_a_backup_taken_while_others_write_holds_whole_batches(
    store: DataStore, path: Path, tmp_path: Path
) -> None:
    with Program("writer", path, "full", "bars", 0) as writer:
        for step in range(5):
            last = int(writer.line())
            target = tmp_path / f"copy{step}.db"
            store.backup(target)
            with DataStore(target) as copy:
                assert copy.check() == []
                closes = copy.market.read("killed", "1min")["close"]
                assert len(closes) >= (last + 1) * 20
                assert len(closes) % 20 == 0
                assert closes.tolist() == [float(row // 20) for row in range(len(closes))]


# -- checkpoint ---------------------------------------------------------------------------------


@pytest.mark.sqlite_only("checkpoints are the server's own business")
def test_a_checkpoint_folds_the_wal_into_the_file(
    stored: DataStore, path: Path, tmp_path: Path
) -> None:
    folded = stored.checkpoint()
    assert set(folded) >= {"wal_frames", "checkpointed", "held_back"}
    assert folded["wal_frames"] == folded["checkpointed"] > 0
    assert folded["held_back"] == 0
    rows = database.contents(path)
    # Copied by another process: a close() in this one would drop the locks of `stored`.
    os.spawnlp(os.P_WAIT, "cp", "cp", str(path), str(tmp_path / "alone.db"))
    assert database.contents(tmp_path / "alone.db") == rows


@pytest.mark.sqlite_only("checkpoints are the server's own business")
def test_a_checkpoint_tells_how_much_readers_hold_back(stored: DataStore, path: Path) -> None:
    stored.checkpoint()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM market_data").fetchone()
        stored.market.write(bars(500), SYMBOL, TIMEFRAME)
        folded = stored.checkpoint()
        assert folded["held_back"] > 0
        assert folded["wal_frames"] == folded["checkpointed"] + folded["held_back"]
        reader.execute("COMMIT")
    assert stored.checkpoint()["held_back"] == 0


# -- info ---------------------------------------------------------------------------------------


DURABILITIES = pytest.mark.parametrize(
    ("durability", "level"), [("full", "FULL"), ("normal", "NORMAL")]
)


@DURABILITIES
def test_info_tells_what_the_store_is(path: places.Place, durability: Any, level: str) -> None:
    with DataStore(path, durability=durability) as store:
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        store.state.set_many({"a": 1, "b": 2})
        found = store.info()
        assert (found["path"], found["synchronous"]) == (store.path, level)
        assert found["durability"] == durability
        assert found["rows"] == {"market_data": 3, "market_requests": 0, "system_state": 2}
        assert re.fullmatch(r"\d+\.\d+\.\d+", found["library_version"])
        assert isinstance(found["abi_version"], int)
        assert isinstance(found["wal_reset_safe"], bool)


@pytest.mark.sqlite_only("info() tells of files")
def test_info_tells_of_the_file(path: Path) -> None:
    with DataStore(path) as store:
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        found = store.info()
        assert os.path.samefile(found["path"], path)
        assert found["journal_mode"] == "wal"
        assert found["page_size"] == database.query(path, "PRAGMA page_size")[0][0]
        assert found["file_bytes"] == path.stat().st_size
        assert found["wal_bytes"] == path.with_name(path.name + "-wal").stat().st_size
        own = store.sql("SELECT sqlite_version(), sqlite_source_id()").iloc[0].tolist()
        assert [found["sqlite_version"], found["sqlite_source_id"]] == own


@pytest.mark.sqlite_only("checkpoints are the server's own business")
def test_info_tells_of_the_last_checkpoint_of_this_very_store(
    stored: DataStore, path: Path
) -> None:
    assert stored.info()["last_checkpoint"] is None
    with DataStore(path) as other:
        other.checkpoint()
    assert stored.info()["last_checkpoint"] is None
    before = pd.Timestamp.now("UTC").floor("us")
    result = stored.checkpoint()
    found = stored.info()["last_checkpoint"]
    at = found.pop("at")
    assert isinstance(at, pd.Timestamp)
    assert str(at.tz) == "UTC"
    assert before <= at <= pd.Timestamp.now("UTC")
    assert found == result


@pytest.mark.sqlite_only("checkpoints are the server's own business")
def test_info_knows_the_sqlite_versions_that_are_free_of_the_wal_reset_bug(
    store: DataStore,
) -> None:
    found = store.info()
    version = tuple(map(int, found["sqlite_version"].split(".")))
    fixed = version >= (3, 51, 3) or version in [(3, 50, 7), (3, 44, 6)] or version < (3, 7, 0)
    assert found["wal_reset_safe"] is fixed


# -- get_connection -----------------------------------------------------------------------------


@pytest.mark.sqlite_only("get_connection() is sqlite3's")
def test_a_connection_is_set_up_as_the_specification_asks(stored: DataStore, path: Path) -> None:
    with contextlib.closing(stored.get_connection()) as connection:
        assert isinstance(connection, sqlite3.Connection)
        assert connection.row_factory is sqlite3.Row
        pragmas = ["journal_mode", "synchronous", "temp_store", "busy_timeout"]
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
        assert found == ["wal", 1, 2, 10_000]
        assert connection.execute("SELECT close FROM market_data").fetchone()["close"] == 1.25


@pytest.mark.sqlite_only("get_connection() is sqlite3's")
def test_what_a_connection_commits_is_seen_by_the_store(stored: DataStore) -> None:
    with contextlib.closing(stored.get_connection()) as connection:
        connection.execute("UPDATE market_data SET close = 9.5")
        assert stored.market.read(SYMBOL, TIMEFRAME)["close"].tolist() == [1.25, 1.375, 1.5]
        connection.commit()
        assert stored.market.read(SYMBOL, TIMEFRAME)["close"].tolist() == [9.5] * 3
    stored.market.write(bars(3), SYMBOL, TIMEFRAME)
    assert stored.check() == []
