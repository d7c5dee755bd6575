# SPDX-License-Identifier: MIT
"""Many threads on one store: nothing lost, nothing torn, none held up by the interpreter."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pandas as pd
from frames import SYMBOL, TIMEFRAME, bars, times
from processes import at_once

from data_store import DataStore


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
    """With the GIL held during the wait, no thread could commit, and the write would time out."""
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
