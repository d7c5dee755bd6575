# SPDX-License-Identifier: MIT
"""`data-store copy` and `verify`: an equal store, and the first thing that is not."""

from __future__ import annotations

import json
from pathlib import Path

import database
import places
import pytest
from frames import SYMBOL, TIMEFRAME, bars
from shells import Shell

from data_store import DataStore


@pytest.fixture
def filled(path: Path) -> Path:
    with DataStore(path) as store:
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        store.state.set("phase", "long")
    return path


def test_a_copy_is_verified_and_made_once(shell: Shell, filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert shell("verify", filled, copy).status == 1  # it is not there
    ended = shell("copy", filled, copy)
    assert (ended.status, ended.out) == (0, "")
    assert "3 bars of 1 series" in ended.err
    assert "written: 3 bars, 0 requests, 1 state value" in ended.err
    equal = shell("verify", filled, copy)
    assert (equal.status, equal.out) == (0, "")
    assert "hold the same" in equal.err
    done = json.loads(shell("copy", filled, copy, "--json").out)
    assert (done["bars"], done["bars_written"], done["states_written"]) == (3, 0, 0)


def test_the_first_difference_is_named(shell: Shell, filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert shell("copy", filled, copy).status == 0
    with DataStore(copy) as store:
        store.market.write(bars(3)[["close"]] + 1, SYMBOL, TIMEFRAME)
    first = bars(1)["close"].iloc[0]
    ended = shell("verify", filled, copy)
    assert ended.status == 1
    assert ended.out == (
        f"{SYMBOL} {TIMEFRAME} 2026-03-01T15:00:00+00:00:"
        f" close is {first} here and {first + 1} there\n"
    )
    found = shell("verify", filled, copy, "--json", "--limit", 10)
    assert (found.status, len(found.rows)) == (1, 3)
    assert found.rows[0] == {
        "part": "bar", "kind": "value", "symbol": SYMBOL, "timeframe": TIMEFRAME,
        "time": "2026-03-01T15:00:00+00:00", "key": None, "column": "close",
        "here": str(first), "there": str(first + 1),
    }  # fmt: skip
    assert shell("verify", filled, copy, "--csv").out.startswith("part,kind,symbol")
    assert shell("verify", filled, filled, "--json").rows == []
    assert shell("verify", filled, copy, "--limit", 0).status == 2


def test_a_source_that_is_not_there_makes_no_target(shell: Shell, tmp_path: Path) -> None:
    ended = shell("copy", tmp_path / "absent.db", tmp_path / "copy.db")
    assert (ended.status, "absent.db" in ended.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_not_copied_to_itself(shell: Shell, filled: Path) -> None:
    ended = shell("copy", filled, filled)
    assert (ended.status, "itself" in ended.err) == (1, True)


@pytest.mark.parametrize("target", ["out.csv", "out.db", "-"])
def test_a_snapshot_is_exported_and_leaves_nothing_else(
    shell: Shell, filled: Path, folder: Path, target: str
) -> None:
    place = target if target == "-" else folder / target
    plain, snapshot = shell("export", filled, place, "--overwrite"), shell(
        "export", filled, place, "--overwrite", "--snapshot"
    )  # fmt: skip
    assert (plain.status, snapshot.status) == (0, 0)
    assert plain.out == snapshot.out
    assert [one.name for one in folder.iterdir()] == ([] if target == "-" else [target])
    if target.endswith(".db"):
        query = "SELECT * FROM market_data ORDER BY timestamp"
        assert database.query(folder / target, query) == database.query(filled, query)
    refused = shell("export", filled, filled, "--snapshot", "--overwrite")
    assert refused.status == 2
    assert places.on_server() or "itself" in refused.err
