# SPDX-License-Identifier: MIT
"""`data-store plot` draws bars in the terminal and as pictures."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from frames import bars
from shells import Shell

import data_store
from data_store import DataStore
from data_store.cli.drawing import chart_of

PACKAGE = str(Path(data_store.__file__).parents[1])
MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


@pytest.fixture
def filled(path: Path) -> Path:
    with DataStore(path) as store:
        frame = bars(300)
        frame.iloc[5, :5] = math.nan
        store.market.write(
            frame, "A", "1h", features=frame[["close"]].rename(columns={"close": "ma@1"})
        )
    return path


def test_a_chart_in_the_terminal(shell: Shell, filled: Path) -> None:
    ended = shell("plot", filled, "A", "1h", "--last", 20, "--width", 80, "--height", 10,
                  "--feature", "ma@1", "--feature", "none@1")  # fmt: skip
    assert (ended.status, ended.err) == (0, "")
    shown = ended.out.splitlines()
    assert shown[0].rstrip() == "A 1h"
    assert len(shown) == 1 + 10 + 1 + 1 + 2 + 1
    assert all(len(line) <= 80 for line in shown)
    assert {sign for line in shown[1:11] for sign in line} >= set("┃│")
    assert any(line.startswith("      gaps │ x x x") for line in shown)
    assert any(line.startswith("      ma@1 │") for line in shown)
    assert any("none@1 │none" in line for line in shown)
    # Rising prices: the first candle is low, the last is high.
    columns = [[line[12:].ljust(20)[place] for line in shown[1:11]] for place in (0, 19)]
    tops = [next(row for row, sign in enumerate(column) if sign != " ") for column in columns]
    assert tops[0] > tops[1] == 0


def test_more_bars_than_columns_are_joined(shell: Shell, filled: Path) -> None:
    ended = shell("plot", filled, "A", "1h", "--start", "2026-03-01", "--width", 80)
    assert ended.status == 0
    assert "300 bars; each candle is made of 8" in ended.err
    columns = {
        "timestamp": [0, 1, 2, 3],
        "open": [1.0, 2.0, None, 4.0], "high": [5.0, 9.0, None, 4.5],
        "low": [0.5, 1.0, None, 3.0], "close": [2.0, 3.0, None, 3.5],
        "volume": [1.0, 2.0, None, 4.0],
        "is_gap": [False, True, True, False], "f@1": [1.0, None, None, None],
    }  # fmt: skip
    first, second = chart_of("t", columns, ["f@1"], 2).candles
    assert (first.open, first.high, first.low, first.close, first.volume) == (1, 9, 0.5, 3, 3)
    assert (first.gaps, first.values) == (1, [1.0])
    assert (second.open, second.high, second.low, second.close, second.volume) == (
        4,
        4.5,
        3,
        3.5,
        4,
    )


def test_bars_without_prices_have_no_candles(shell: Shell, path: Path, tmp_path: Path) -> None:
    with DataStore(path) as store:
        store.market.write(bars(3)[["is_gap"]], "A", "1h")
    ended = shell("plot", path, "A", "1h")
    assert (ended.status, "nothing in this range has prices" in ended.out) == (0, True)
    if MATPLOTLIB:
        picture = tmp_path / "x.png"
        assert shell("plot", path, "A", "1h", "--out", picture).status == 0


@pytest.mark.skipif(not MATPLOTLIB, reason="needs matplotlib")
def test_a_picture_appears_whole_and_is_not_overwritten(
    shell: Shell, filled: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    ended = shell("plot", filled, "A", "1h", "--out", picture, "--feature", "ma@1")
    assert ended.status == 0, ended.err
    assert picture.read_bytes().startswith(b"\x89PNG\r\n")
    assert shell("plot", filled, "A", "1h", "--out", picture).status == 1
    assert shell("plot", filled, "A", "1h", "--out", picture, "--overwrite").status == 0
    vector = tmp_path / "a.svg"
    assert shell("plot", filled, "A", "1h", "-o", vector).status == 0
    assert b"<svg" in vector.read_bytes()


def test_without_matplotlib_it_says_what_to_install(
    shell: Shell, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = shell("plot", filled, "A", "1h", "--out", tmp_path / "a.png")
    assert (ended.status, "pip install 'data_store[plot]'" in ended.err) == (1, True)
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize("width", [32, 40, 63, 64, 100])
def test_no_line_is_longer_than_the_terminal(shell: Shell, filled: Path, width: int) -> None:
    ended = shell("plot", filled, "A", "1h", "--width", width, "--feature", "ma@1")
    assert ended.status == 0
    shown = ended.out.splitlines()
    assert max(len(line.rstrip()) for line in shown) <= width
    volume = next(line for line in shown if line.startswith("    volume │"))
    assert len(volume.split("│")[1].split(" ")[0]) == (width - 12 if width < 64 else width - 38)
    assert " to " in " ".join(shown)


def test_a_locale_without_the_signs_gets_a_chart_of_ascii(filled: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "data_store", "plot", str(filled), "A", "1h", "--width", "80"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": PACKAGE, "PYTHONIOENCODING": "ascii:backslashreplace"},
    ).stdout
    assert made.isascii()
    assert b"\\" not in made
    assert made.count(b"#") > 10
