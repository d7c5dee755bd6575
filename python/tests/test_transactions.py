# SPDX-License-Identifier: MIT
"""Everything inside commits or nothing does; what others see meanwhile; which of them wait."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same
from processes import in_thread

from data_store import DataStore
from data_store.errors import BusyError, ClosedError, InvalidInputError, MissingBarError


class PlannedError(Exception):
    """Raised by the tests themselves."""


def write_everything(store: DataStore) -> None:
    """One call of each writing kind."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.market.write_bar(SYMBOL, "live", START, close=1.0)
    store.market.write_features({START: {"a@1": entry(1.0)}}, SYMBOL, TIMEFRAME)
    store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="x", start_ts=START, end_ts=START, requested_at=START
    )
    store.state.set("a", 1)
    store.state.set_many({"b": 2})
    assert store.state.compare_and_set("c", None, 3)
    store.market.delete(SYMBOL, "old")
    store.state.delete("old")


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Something for `write_everything` to delete."""
    store.market.write(bars(2), SYMBOL, "old")
    store.state.set("old", 1)
    return store


def test_a_transaction_commits_both_repos_at_once(
    stored: DataStore, path: Path, contents: Any
) -> None:
    before = contents()
    with stored.transaction():
        write_everything(stored)
        assert contents() == before
    after = contents()
    assert [len(rows) for rows in after.values()] == [4, 1, 3]


@pytest.mark.parametrize("error", [PlannedError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_rolls_everything_back_and_goes_on(
    stored: DataStore, contents: Any, error: type[BaseException]
) -> None:
    before = contents()

    def fail() -> None:
        with stored.transaction():
            write_everything(stored)
            raise error

    with pytest.raises(error):
        fail()
    assert contents() == before
    write_everything(stored)
    assert contents() != before


def test_its_thread_reads_its_own_writes(stored: DataStore) -> None:
    with stored.transaction():
        write_everything(stored)
        same(stored.market.read(SYMBOL, TIMEFRAME), bars(3))
        assert stored.market.latest_bar(SYMBOL, "live") is not None
        assert [len(part) for part in stored.market.iter(SYMBOL, TIMEFRAME, chunk=2)] == [2, 1]
        assert len(stored.market.read(SYMBOL, "old")) == 0
        assert stored.market.series()["bars"].sum() == 4
        assert len(stored.market.requests()) == 1
        assert stored.state.items() == {"a": 1, "b": 2, "c": 3}
        assert stored.sql("SELECT count(*) AS n FROM market_data")["n"].tolist() == [4]


def test_other_threads_and_stores_read_the_last_commit(
    stored: DataStore, impatient: DataStore
) -> None:
    with stored.transaction():
        write_everything(stored)
        for reader in (stored, impatient):
            assert in_thread(lambda reader=reader: len(reader.market.read(SYMBOL, "old"))) == 2
            assert in_thread(lambda reader=reader: reader.state.items()) == {"old": 1}
            assert in_thread(lambda reader=reader: len(reader.market.requests())) == 0
        assert len(impatient.market.read(SYMBOL, TIMEFRAME)) == 0
    assert len(impatient.market.read(SYMBOL, TIMEFRAME)) == 3
    assert in_thread(lambda: stored.state.get("a")) == 1


def test_it_takes_the_write_lock_at_once(store: DataStore, impatient: DataStore) -> None:
    with store.transaction(), pytest.raises(BusyError):
        impatient.state.set("a", 1)
    impatient.state.set("a", 2)
    assert store.state.get("a") == 2


def test_it_is_busy_before_anything_is_done_inside(store: DataStore, impatient: DataStore) -> None:
    inside = False
    with store.transaction(), pytest.raises(BusyError), impatient.transaction():
        inside = True
    assert not inside


def test_another_thread_of_the_same_store_is_busy_too(path: Path) -> None:
    with DataStore(path, timeout=0) as store:
        with store.transaction():
            store.state.set("a", 1)
            assert isinstance(in_thread(lambda: store.state.set("a", 2)), BusyError)
        assert in_thread(lambda: store.state.set("a", 3)) is None
        assert store.state.get("a") == 3


def test_writes_of_other_threads_wait_for_the_commit(store: DataStore) -> None:
    started = threading.Event()

    def write() -> None:
        started.set()
        store.state.set("last", "other thread")

    other = threading.Thread(target=write)
    with store.transaction():
        other.start()
        started.wait()
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        store.state.set("last", "transaction")
    other.join()
    assert store.state.get("last") == "other thread"
    assert len(store.market.read(SYMBOL, TIMEFRAME)) == 3


def test_a_call_refused_inside_is_undone_alone(stored: DataStore) -> None:
    with stored.transaction():
        stored.market.write(bars(3), SYMBOL, TIMEFRAME)
        with pytest.raises(InvalidInputError):
            stored.market.write(
                bars(3, base=9.0), SYMBOL, TIMEFRAME, features=[None, None, {"bad": 1}]
            )
        with pytest.raises(MissingBarError):
            stored.market.write_features(
                {START: {"a@1": entry(1)}, START.replace(year=2030): {"a@1": entry(1)}},
                SYMBOL,
                TIMEFRAME,
            )
        with pytest.raises(InvalidInputError):
            stored.state.set_many({"b": 1, "": 2})
        stored.state.set("a", 1)
    same(stored.market.read(SYMBOL, TIMEFRAME), bars(3))
    assert stored.market.read_features(SYMBOL, TIMEFRAME).shape == (3, 0)
    assert stored.state.items() == {"old": 1, "a": 1}


def test_a_nested_one_is_a_savepoint(store: DataStore) -> None:
    with store.transaction():
        store.state.set("outer", 1)
        with contextlib.suppress(PlannedError), store.transaction():
            store.state.set("outer", 2)
            store.state.set("lost", 1)
            raise PlannedError
        with store.transaction():
            store.state.set("kept", 1)
            with contextlib.suppress(PlannedError), store.transaction():
                store.state.set("kept", 2)
                raise PlannedError
        assert store.state.items() == {"kept": 1, "outer": 1}
    assert store.state.items() == {"kept": 1, "outer": 1}


def test_an_exception_outside_undoes_nested_ones_that_ended_well(
    store: DataStore, contents: Any
) -> None:
    before = contents()
    with contextlib.suppress(PlannedError), store.transaction():
        with store.transaction():
            store.state.set("a", 1)
        raise PlannedError
    assert contents() == before


def test_a_nested_one_publishes_nothing_by_itself(store: DataStore, contents: Any) -> None:
    before = contents()
    with store.transaction():
        with store.transaction():
            store.state.set("a", 1)
        assert contents() == before
    assert contents() != before


def test_very_many_nested_ones(store: DataStore) -> None:
    with contextlib.ExitStack() as stack:
        for depth in range(100):
            stack.enter_context(store.transaction())
            store.state.set("depth", depth)
    assert store.state.get("depth") == 99


def test_transactions_follow_each_other(store: DataStore) -> None:
    for step in range(20):
        with contextlib.suppress(PlannedError), store.transaction():
            store.state.set("step", step)
            if step % 2:
                raise PlannedError
    assert store.state.get("step") == 18


def test_an_empty_transaction_is_nothing(store: DataStore, contents: Any) -> None:
    before = contents()
    with store.transaction():
        pass
    assert contents() == before


def test_close_inside_rolls_back(path: Path) -> None:
    store = DataStore(path)
    store.state.set("a", 1)
    with contextlib.suppress(ClosedError), store.transaction():
        store.state.set("a", 2)
        store.close()
        with pytest.raises(ClosedError):
            store.state.set("a", 3)
    with DataStore(path, timeout=0) as again:
        assert again.state.get("a") == 1
        again.state.set("a", 4)


def test_a_committed_transaction_is_there_when_the_file_is_opened_again(
    stored: DataStore, path: Path, contents: Any
) -> None:
    with stored.transaction():
        write_everything(stored)
    whole = contents()
    stored.close()
    with DataStore(path) as again:
        assert contents() == whole
        assert again.check() == []
