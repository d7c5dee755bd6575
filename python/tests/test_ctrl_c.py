# SPDX-License-Identifier: MIT
"""Ctrl-C during a long call: KeyboardInterrupt, in the midst of it, with nothing of it done.

A program makes one call that lasts and gets a real SIGINT while the library is at work on it. That
the exception comes from where a call asks, and that the library's status is DS_INTERRUPTED, tells
that the call was stopped, and did not merely end first.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from figures import figure
from processes import Program
from programs.long_call import SERIES, frame

from data_store import DataStore
from data_store._c import opening as _abi

BARS = 1_000_000
"""As many as keep each call busy for some multiples of the 50 ms between two questions."""

AT_MOST = 30
"""Seconds, against a call that hangs; the figure tells how long it took."""

ON_STORED_BARS = [
    "rewrite", "write_features", "read", "read_features", "iter", "series", "delete", "backup",
    "check", "sql",
]  # fmt: skip

READS = {"read", "read_features", "iter", "series", "check", "sql"}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "market.db"
    bars = frame(BARS)
    features = bars[["close"]].rename(columns={"close": "early@1"})
    with DataStore(path, durability="normal") as store:
        store.market.write(bars, *SERIES, features=features)
    return path


@pytest.fixture(scope="module", autouse=True)
def slowest() -> Iterator[list[float]]:
    seconds: list[float] = []
    yield seconds
    figure("Ctrl-C: long calls stopped", f"{len(seconds)}")
    if seconds:
        figure("Ctrl-C: slowest to stop", f"{max(seconds) * 1000:.0f} ms")


def stop(path: Path, kind: str, slowest: list[float]) -> None:
    """Stop a call midway; once more if the signal came as a read ended, as on a busy machine."""
    for _ in range(20):
        if stopped_midway(path, kind, slowest):
            return
    pytest.fail(f"no {kind} was stopped before it had ended")


def stopped_midway(path: Path, kind: str, slowest: list[float]) -> bool:
    with Program("long_call", path, kind, BARS) as program:
        assert program.line() == "running"
        began = time.monotonic()
        program.signal(signal.SIGINT)
        told = program.line()
        took = time.monotonic() - began
        if kind in READS and told.endswith(f"status {_abi.OK}"):
            program.say("go on")
            assert program.line() == "usable"
            assert program.finish() == []
            return False
        assert told == f"KeyboardInterrupt in _answers, status {_abi.INTERRUPTED}"
        assert took < AT_MOST
        slowest.append(took)
        program.say("go on")
        assert program.line() == "usable"
        assert program.finish() == []
    return True


@pytest.mark.parametrize("kind", ON_STORED_BARS)
def test_ctrl_c_stops_a_call_on_many_bars(large: Path, kind: str, slowest: list[float]) -> None:
    stop(large, kind, slowest)
    assert not os.path.exists(f"{large}.copy")
    assert [name for name in os.listdir(large.parent) if "partial" in name] == []
    with DataStore(large) as store:
        found = store.sql(
            "SELECT count(*) AS bars, max(close) AS top, "
            "sum(features LIKE '%early@1%') AS early, sum(features LIKE '%late@1%') AS late "
            "FROM market_data"
        )
        assert found.iloc[0].tolist() == [BARS, 2, BARS, 0]


@pytest.mark.parametrize("kind", ["write", "write in a transaction"])
def test_ctrl_c_leaves_nothing_of_a_write(path: Path, kind: str, slowest: list[float]) -> None:
    stop(path, kind, slowest)
    with DataStore(path) as store:
        assert store.market.series().empty
        assert store.state.items() == {"after": 1}
        assert store.check() == []


def test_ctrl_c_ends_the_wait_for_another_process(path: Path, slowest: list[float]) -> None:
    DataStore(path).close()
    with Program("holder", path) as holder:
        assert holder.line() == "held"
        with Program("long_call", path, "wait for the write lock", 0) as program:
            assert program.line() == "running"
            program.signal(signal.SIGINT)
            assert program.line() == f"KeyboardInterrupt in _answers, status {_abi.INTERRUPTED}"
            holder.say("rollback")
            assert holder.line() == "free"
            program.say("go on")
            assert program.line() == "usable"
        holder.say("end")
        assert holder.finish() == []
    with DataStore(path) as store:
        assert store.state.items() == {"after": 1}
