# SPDX-License-Identifier: MIT
"""Closed, forked, moved, deleted: an error, never a lost or damaged row."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from calls import EVERY, READS, WRITES, put_three_bars_and_a_state, whole
from frames import SYMBOL, TIMEFRAME, bars, same
from processes import Program, in_child

from data_store import DataStore
from data_store.errors import ClosedError, InvalidTypeError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars and a state."""
    put_three_bars_and_a_state(store)
    return store


# -- close --------------------------------------------------------------------------------------


def test_close_may_be_called_any_number_of_times(stored: DataStore, path: Path) -> None:
    for _ in range(5):
        stored.close()
    whole(path)


@pytest.mark.parametrize("name", EVERY)
def test_after_close_every_call_says_so(stored: DataStore, path: Path, name: str) -> None:
    stored.close()
    with pytest.raises(ClosedError):
        EVERY[name](stored)
    stored.close()
    whole(path)


def test_a_store_may_be_dropped_without_close(path: Path) -> None:
    store = DataStore(path)
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.state.set("a", 1)
    market, state, chunks = store.market, store.state, store.market.iter(SYMBOL, TIMEFRAME, chunk=1)
    next(chunks)
    del store
    gc.collect()
    state.set("b", 1)
    assert len(market.read(SYMBOL, TIMEFRAME)) == 3
    assert len(list(chunks)) == 2
    state.delete("b")
    del market, state, chunks
    gc.collect()
    whole(path)


@pytest.mark.sqlite_only("the store is a file")
def test_the_last_close_leaves_everything_in_the_file(stored: DataStore, path: Path) -> None:
    stored.close()
    alone = path.with_name("alone.db")
    shutil.copyfile(path, alone)
    if (wal := path.with_name(path.name + "-wal")).exists():
        shutil.copyfile(wal, alone.with_name(alone.name + "-wal"))
    whole(alone)


def test_very_many_stores_may_be_opened_one_after_the_other(path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for step in range(100):
        with DataStore(path) as store:
            store.state.set("step", step)
    assert len(os.listdir("/proc/self/fd")) <= before + 10


def test_stores_on_the_same_file_close_without_disturbing_each_other(
    stored: DataStore, path: Path
) -> None:
    for step in range(10):
        with DataStore(path) as other:
            other.state.set("a", step)
        stored.market.write(bars(3), SYMBOL, TIMEFRAME)
        assert stored.state.get("a") == step
    stored.state.set("a", 1)
    stored.close()
    whole(path)


# -- fork ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_in_a_forked_child_every_call_says_closed(stored: DataStore, path: Path, name: str) -> None:
    assert in_child(lambda: EVERY[name](stored)) == "ClosedError"
    same(stored.market.read(SYMBOL, TIMEFRAME), bars(3))
    stored.state.set("a", 1)
    stored.close()
    whole(path)


def test_a_child_may_close_what_it_inherited_without_harm(stored: DataStore, path: Path) -> None:
    assert in_child(stored.close) is None
    stored.market.write(bars(3), SYMBOL, TIMEFRAME)
    assert stored.state.get("a") == 1
    whole(path)


def test_a_child_may_open_a_store_of_its_own(stored: DataStore, path: Path) -> None:
    def write() -> int:
        with DataStore(path) as own:
            own.state.set("child", 1)
            return len(own.market.read(SYMBOL, TIMEFRAME))

    assert in_child(write) == 3
    assert stored.state.items() == {"a": 1, "child": 1}


def test_a_child_cannot_end_its_parents_transaction(stored: DataStore, contents: Any) -> None:
    before = contents()
    transaction = stored.transaction()
    transaction.__enter__()

    def leave() -> None:
        transaction.__exit__(None, None, None)

    stored.state.set("a", 2)
    assert in_child(leave) == "ClosedError"
    assert contents() == before
    stored.state.set("a", 3)
    transaction.__exit__(None, None, None)
    assert stored.state.get("a") == 3


# -- moved, deleted -----------------------------------------------------------------------------


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_after_the_file_was_deleted_every_call_says_so(
    stored: DataStore, path: Path, name: str
) -> None:
    path.unlink()
    with pytest.raises(ClosedError):
        EVERY[name](stored)
    stored.close()
    assert not path.exists()


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_after_the_file_was_moved_every_call_says_so_and_nothing_is_lost(
    stored: DataStore, path: Path, name: str
) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    with pytest.raises(ClosedError):
        EVERY[name](stored)
    assert not path.exists()
    away.rename(path)
    stored.close()
    whole(path)


@pytest.mark.sqlite_only("the store is a file")
def test_after_the_file_was_replaced_the_new_one_is_left_alone(
    stored: DataStore, path: Path
) -> None:
    other = path.with_name("other.db")
    with DataStore(other) as new:
        new.state.set("new", 1)
    before = other.read_bytes()
    os.replace(other, path)
    for name in ("write", "state.set", "read", "state.get"):
        with pytest.raises(ClosedError):
            EVERY[name](stored)
    stored.close()
    assert path.read_bytes() == before


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
@pytest.mark.parametrize("remove", [Path.unlink, lambda side: side.rename(f"{side}.away")])
def test_after_a_side_file_went_away_no_write_is_acknowledged(
    stored: DataStore, path: Path, name: str, suffix: str, remove: Any
) -> None:
    remove(path.with_name(path.name + suffix))
    with pytest.raises(ClosedError, match=f"{suffix} was moved"):
        WRITES[name](stored)
    stored.close()


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_what_went_away_within_a_transaction_stops_its_commit(
    stored: DataStore, path: Path, suffix: str
) -> None:
    side = path.with_name(path.name + suffix)
    transaction = stored.transaction()
    transaction.__enter__()
    stored.state.set("a", 2)
    side.rename(f"{side}.away")
    with pytest.raises(ClosedError, match="was moved"):
        transaction.__exit__(None, None, None)
    Path(f"{side}.away").rename(side)
    assert stored.state.get("a") == 1
    stored.state.set("a", 1)
    stored.close()
    whole(path)


@pytest.mark.sqlite_only("the store is a file")
def test_a_folder_that_was_moved_takes_its_store_along(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with DataStore(folder / "market.db") as store:
        put_three_bars_and_a_state(store)
        folder.rename(tmp_path / "away")
        for name in WRITES:
            with pytest.raises(ClosedError, match="was moved"):
                WRITES[name](store)
    whole(tmp_path / "away" / "market.db")


# -- multiprocessing ----------------------------------------------------------------------------


def use(store: DataStore, answers: Any) -> None:
    """What a child does with a store that it inherited."""
    try:
        store.state.set("a", 2)
        answers.put("done")
    except ClosedError:
        answers.put("ClosedError")


def use_own(path: str, answers: Any) -> None:
    """What a child does with a store of its own."""
    with DataStore(path) as store:
        store.state.set("child", store.state.get("a"))
        answers.put("done")


def test_a_child_of_multiprocessing_inherits_no_store(stored: DataStore, path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=use, args=(stored, answers))
    child.start()
    assert answers.get(timeout=60) == "ClosedError"
    child.join()
    stored.close()
    whole(path)


def test_a_store_is_not_sent_to_a_spawned_child(stored: DataStore) -> None:
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=use, args=(stored, context.Queue()))
    with pytest.raises(InvalidTypeError, match="Pass the path"):
        child.start()
    stored.state.set("a", 1)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_opens_its_own(
    stored: DataStore, path: Path, method: str
) -> None:
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    child = context.Process(target=use_own, args=(str(path), answers))
    child.start()
    assert answers.get(timeout=60) == "done"
    child.join()
    assert child.exitcode == 0
    stored.state.set("a", 2)
    assert stored.state.items() == {"a": 2, "child": 1}
    assert stored.check() == []


# -- get_connection -----------------------------------------------------------------------------


@pytest.mark.sqlite_only("get_connection() is sqlite3's")
def test_get_connection_survives_the_store(stored: DataStore) -> None:
    connection = stored.get_connection()
    stored.close()
    assert connection.execute("SELECT count(*) FROM market_data").fetchone()[0] == 3
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


# -- names and sizes ------------------------------------------------------------------------------


@pytest.mark.sqlite_only("the store is a file")
def test_two_hard_links_of_a_file_are_not_written_at_once(stored: DataStore, path: Path) -> None:
    """Each name has a -wal of its own: what one writes would destroy what the other has stored."""
    other = path.with_name("other.db")
    os.link(path, other)
    with Program("hard_link", other) as program:
        (answer,) = program.finish()
    assert answer.startswith("ClosedError")
    assert "hard link" in answer
    stored.state.set("a", 1)
    stored.close()
    whole(path)
    with Program("hard_link", other) as program:
        assert program.finish() == ["written"]


@pytest.mark.sqlite_only("the store is a file")
def test_a_symbolic_link_is_the_same_name(stored: DataStore, path: Path) -> None:
    other = path.with_name("other.db")
    other.symlink_to(path)
    with Program("hard_link", other) as program:
        assert program.finish() == ["written"]
    assert stored.state.get("other") == 1


@pytest.mark.sqlite_only("the store is a file")
def test_a_file_that_was_emptied_is_written_no_more(stored: DataStore, path: Path) -> None:
    stored.market.write(bars(300), "OTHER", TIMEFRAME)
    subprocess.run(["truncate", "--size", "0", path], check=True)
    wal = Path(f"{path}-wal")
    before = wal.read_bytes()
    for name in WRITES:
        with pytest.raises(ClosedError, match="emptied"):
            WRITES[name](stored)
    stored.close()
    assert wal.read_bytes() == before
