# SPDX-License-Identifier: MIT
"""Many threads on one store, many processes on one file: nothing lost, nothing torn."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from frames import SYMBOL, TIMEFRAME, bars, entry, same, times
from processes import Program

from data_store import DataStore
from data_store.errors import BusyError


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Runs each action in a thread of its own, all let go together; raises what any raised."""
    gate = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)
    errors: list[BaseException] = []

    def run(position: int) -> None:
        gate.wait()
        try:
            results[position] = actions[position]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(position,)) for position in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def run_workers(path: Path, task: str, workers: int, count: int) -> None:
    with contextlib.ExitStack() as stack:
        programs = [
            stack.enter_context(Program("worker", path, task, f"worker{number}", count))
            for number in range(workers)
        ]
        for program in programs:
            assert program.line() == "ready"
        for program in programs:
            program.say("go")
        for program in programs:
            assert program.finish() == ["done"]


# -- threads on one store -----------------------------------------------------------------------


def test_threads_write_series_of_their_own_through_one_store(store: DataStore) -> None:
    def write(name: str) -> None:
        for step in range(20):
            start = times(1)[0] + step * pd.Timedelta("5h")
            assert store.market.write(bars(5, start), name, TIMEFRAME) == 5

    at_once(*(lambda name=f"S{number}": write(name) for number in range(8)))
    assert store.market.series()["bars"].tolist() == [100] * 8
    assert store.check() == []


def test_threads_see_whole_batches_only(store: DataStore) -> None:
    done = threading.Event()
    index = times(200)

    def batch(value: float) -> pd.DataFrame:
        return pd.DataFrame({"open": value, "close": value}, index=index)

    store.market.write(batch(0.0), SYMBOL, TIMEFRAME)

    def write() -> None:
        try:
            for step in range(1, 60):
                store.market.write(batch(float(step)), SYMBOL, TIMEFRAME)
        finally:
            done.set()

    def read() -> int:
        last, reads = 0.0, 0
        while not done.is_set() or reads == 0:
            found = store.market.read(SYMBOL, TIMEFRAME, columns=["open", "close"])
            assert len(found) == 200
            values = set(found["open"]) | set(found["close"])
            assert len(values) == 1, "a read saw half of a batch"
            assert values.pop() >= last, "a read went back in time"
            last, reads = found["open"].iloc[0], reads + 1
        return reads

    _, *reads = at_once(write, read, read)
    assert all(reads)
    assert store.market.read(SYMBOL, TIMEFRAME)["close"].tolist() == [59.0] * 200


def test_threads_count_with_compare_and_set(store: DataStore) -> None:
    def count() -> None:
        for _ in range(50):
            while True:
                value = store.state.get("counter", None)
                if store.state.compare_and_set("counter", value, (value or 0) + 1):
                    break

    at_once(*[count] * 4)
    assert store.state.get("counter") == 200


def test_threads_take_turns_with_transactions(store: DataStore) -> None:
    def count() -> None:
        for _ in range(25):
            with store.transaction():
                store.state.set("counter", store.state.get("counter", 0) + 1)

    at_once(*[count] * 4)
    assert store.state.get("counter") == 100


def test_threads_merge_features_of_their_own_into_the_same_bars(store: DataStore) -> None:
    store.market.write(bars(10), SYMBOL, TIMEFRAME)

    def merge(name: str) -> None:
        for step in range(20):
            frame = pd.DataFrame({f"{name}_{step}@1": 1.0}, index=times(10))
            store.market.write_features(frame, SYMBOL, TIMEFRAME)

    at_once(*(lambda name=name: merge(name) for name in "abcd"))
    found = store.market.read_features(SYMBOL, TIMEFRAME)
    assert found.shape == (10, 160)
    assert not found.isna().any().any()


def test_close_in_one_thread_waits_for_calls_in_others(path: Path) -> None:
    store = DataStore(path)
    written: list[int] = []
    first = threading.Event()

    def write() -> None:
        with contextlib.suppress(Exception):
            for step in range(10_000):
                store.state.set(f"key{step}", step)
                written.append(step)
                first.set()

    def close() -> None:
        first.wait()
        store.close()

    at_once(write, close)
    with DataStore(path) as again:
        found = set(again.state.items().values())
        assert set(written) <= found
        assert len(found) <= len(written) + 1
        assert again.check() == []


def test_python_goes_on_in_other_threads_while_a_write_waits(path: Path, store: DataStore) -> None:
    """With the GIL held during the wait, nobody could commit, and the write would time out."""
    started = threading.Event()
    outcome: list[int] = []

    def write() -> None:
        started.set()
        outcome.append(patient.market.write(bars(3), SYMBOL, TIMEFRAME))

    waiter = threading.Thread(target=write)
    with DataStore(path, timeout=20) as patient:
        with store.transaction():
            waiter.start()
            started.wait()
            for number in range(200):
                store.state.set("number", number)
        waiter.join()
    assert outcome == [3]


# -- processes on one file ----------------------------------------------------------------------


def test_processes_write_series_of_their_own(store: DataStore, path: Path) -> None:
    run_workers(path, "own_bars", workers=4, count=40)
    found = store.market.series()
    assert found["bars"].tolist() == [400] * 4
    for symbol in found["symbol"]:
        closes = store.market.read(symbol, "1h")["close"]
        assert closes.tolist() == [float(step) for step in range(40) for _ in range(10)]
    assert store.check() == []


def test_processes_rewrite_the_same_bars_whole(store: DataStore, path: Path) -> None:
    with contextlib.ExitStack() as stack:
        programs = [
            stack.enter_context(Program("worker", path, "same_bars", f"worker{number}", 60))
            for number in range(3)
        ]
        for program in programs:
            assert program.line() == "ready"
        for program in programs:
            program.say("go")
        for _ in range(100):
            found = store.market.read("shared", "1h", columns=["close", "source"])
            assert len(found) in (0, 10)
            assert found.nunique().max() == 1 or found.empty
        for program in programs:
            assert program.finish() == ["done"]
    assert store.market.read("shared", "1h")["close"].tolist() == [59.0] * 10


def test_processes_merge_features_into_the_same_bars_and_none_is_lost(
    store: DataStore, path: Path
) -> None:
    store.market.write(bars(10), "shared", "1h")
    run_workers(path, "features", workers=3, count=30)
    expected = {
        f"worker{number}_{step}@1": entry(float(step)) for number in range(3) for step in range(30)
    }
    texts = store.market.read("shared", "1h", features="json")["features"]
    assert [json.loads(text) == expected for text in texts] == [True] * 10


@pytest.mark.parametrize("task", ["counter", "transactions"])
def test_processes_count_together_and_no_step_is_lost(
    store: DataStore, path: Path, task: str
) -> None:
    run_workers(path, task, workers=3, count=60)
    assert store.state.get("counter") == 180


def test_processes_record_requests_at_once_and_none_is_lost(store: DataStore, path: Path) -> None:
    run_workers(path, "requests", workers=3, count=80)
    found = store.market.requests("shared", "1h")
    assert len(found) == 240
    assert found["requested_at"].is_monotonic_increasing
    for _, part in found.groupby("provider_used"):
        assert sorted(part["gap_count"]) == list(range(80))


def test_processes_open_a_new_file_at_the_same_time(path: Path) -> None:
    def open_and_write(number: int) -> None:
        with DataStore(path) as store:
            store.state.set(f"key{number}", number)

    at_once(*(lambda number=number: open_and_write(number) for number in range(6)))
    run_workers(path, "own_bars", workers=3, count=2)
    with DataStore(path) as store:
        assert len(store.state.keys()) == 6
        assert store.market.series()["bars"].tolist() == [20] * 3
        assert store.check() == []


def test_a_writer_that_waits_too_long_is_busy_with_nothing_written(
    store: DataStore, impatient: DataStore, path: Path
) -> None:
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    with Program("holder", path) as holder:
        assert holder.line() == "held"
        for call in (
            lambda: impatient.market.write(bars(5, base=9.0), SYMBOL, TIMEFRAME),
            lambda: impatient.market.write_bar(SYMBOL, TIMEFRAME, times(1)[0], close=9.0),
            lambda: impatient.market.write_features(
                {times(1)[0]: {"a@1": entry(1)}}, SYMBOL, TIMEFRAME
            ),
            lambda: impatient.market.delete(SYMBOL, TIMEFRAME),
            lambda: impatient.state.set("a", 1),
            lambda: impatient.state.compare_and_set("a", None, 1),
        ):
            with pytest.raises(BusyError):
                call()
        same(impatient.market.read(SYMBOL, TIMEFRAME), bars(3))
        assert impatient.state.items() == {}
        holder.say("commit")
        assert holder.line() == "free"
        assert impatient.state.items() == {"holder": "was here"}
        same(impatient.market.read(SYMBOL, TIMEFRAME), bars(3))
        impatient.state.set("a", 1)


@pytest.mark.parametrize("timeout", [0, 0.01, 0.2])
def test_a_writer_waits_no_longer_than_its_timeout(
    store: DataStore, path: Path, timeout: float
) -> None:
    with DataStore(path, timeout=timeout) as other:
        with store.transaction(), pytest.raises(BusyError):
            other.state.set("a", 1)
        assert other.state.get("a") is None
        other.state.set("a", 2)


def test_a_store_opens_and_reads_while_another_process_writes(store: DataStore, path: Path) -> None:
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    with Program("holder", path) as holder:
        assert holder.line() == "held"
        for read_only in (False, True):
            with DataStore(path, timeout=0, read_only=read_only) as newcomer:
                same(newcomer.market.read(SYMBOL, TIMEFRAME), bars(3))
                assert newcomer.state.items() == {}


def test_a_killed_writer_frees_the_lock_and_leaves_nothing(
    store: DataStore, impatient: DataStore, path: Path
) -> None:
    with Program("holder", path) as holder:
        assert holder.line() == "held"
        holder.kill()
    impatient.state.set("a", 1)
    assert store.state.items() == {"a": 1}
    assert store.check() == []
