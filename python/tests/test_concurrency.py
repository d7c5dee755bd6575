# SPDX-License-Identifier: MIT
"""Many processes on one file: nothing lost, nothing torn, waiting ends as the timeout says."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from frames import SYMBOL, TIMEFRAME, bars, entry, same, times
from processes import Program, at_once

from data_store import DataStore
from data_store.errors import BusyError


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
