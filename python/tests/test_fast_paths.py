# SPDX-License-Identifier: MIT
"""The paths that rest on SQLite's internals can be switched off, and give the same results."""

from __future__ import annotations

from pathlib import Path

import pytest
from frames import SYMBOL, TIMEFRAME, bars, same

from data_store import DataStore, InvalidInputError

pytestmark = pytest.mark.sqlite_only("paths that rest on SQLite's internals")

NAMES = ["pages", "latest_pages", "frames", "read_lock"]
VARIABLE = "DATA_STORE_FAST_PATHS"


def test_the_option_switches_all_of_them_off(path: Path) -> None:
    with DataStore(path, fast_paths=False) as store:
        info = store.info()
    assert info["fast_paths"] == []
    assert "fast_paths" in info["fast_paths_reason"]


def test_the_variable_switches_all_of_them_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    with DataStore(path) as store:
        info = store.info()
    assert info["fast_paths"] == []
    assert f"{VARIABLE}=0" in info["fast_paths_reason"]


def test_they_are_on_or_a_reason_names_the_version(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with DataStore(path) as store:
        info = store.info()
    if info["fast_paths_reason"] is None:
        assert info["fast_paths"] == NAMES
    else:
        assert info["sqlite_version"] in info["fast_paths_reason"]


@pytest.mark.parametrize("value", ["yes", None, 2])
def test_only_a_yes_or_no_is_taken(path: Path, value: object) -> None:
    with pytest.raises(InvalidInputError, match="fast_paths"):
        DataStore(path, fast_paths=value)  # type: ignore[arg-type]
    assert not path.exists()


def test_one_store_with_them_and_one_without_share_a_file(path: Path) -> None:
    frame = bars(2000)
    with DataStore(path) as fast, DataStore(path, fast_paths=False) as plain:
        fast.market.write(frame[:1000], SYMBOL, TIMEFRAME)
        plain.market.write(frame[1000:], SYMBOL, TIMEFRAME)
        for store in (fast, plain):
            same(store.market.read(SYMBOL, TIMEFRAME), frame)
        for turn, (writer, reader) in enumerate([(fast, plain), (plain, fast)] * 20):
            writer.market.write_bar(SYMBOL, TIMEFRAME, frame.index[-1], close=float(turn))
            bar = reader.market.latest_bar(SYMBOL, TIMEFRAME)
            assert bar is not None
            assert bar.close == turn
        assert plain.check() == []
