# SPDX-License-Identifier: MIT
"""The demo as a user runs it: real candles, four processes, any of them killed half-way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from data_store import DataStore

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"
BARS = 600  # of each series: more than one batch of the feed, three chunks of the others
SERIES = (("EURUSD", "1h"), ("GOOG", "1d"))

# What a second run must find as an undisturbed run left it; `updated_at` alone is the clock's.
CONTENTS = {
    "bars": "SELECT * FROM market_data ORDER BY symbol, timeframe, timestamp",
    "requests": "SELECT * FROM market_requests ORDER BY symbol, timeframe, requested_at",
    "state": "SELECT key, value FROM system_state ORDER BY key",
}


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEMO), "--folder", str(folder), "--bars", str(BARS)]
    return subprocess.run(
        [*command, "--pace", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def contents(folder: Path) -> dict[str, pd.DataFrame]:
    with DataStore(folder / "market.db", read_only=True) as store:
        assert store.check() == []
        return {name: store.sql(query) for name, query in CONTENTS.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    result = run_demo(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the file is sound" in result.stdout
    assert str(folder / "EURUSD.png") in result.stdout
    return folder


def test_it_stores_every_bar_with_its_features(undisturbed: Path) -> None:
    with DataStore(undisturbed / "market.db", read_only=True) as store:
        inventory = store.market.series().set_index(["symbol", "timeframe"])
        assert inventory["bars"].to_dict() == dict.fromkeys(SERIES, BARS)
        assert inventory.loc[("GOOG", "1d"), "gaps"] > 0
        for symbol, timeframe in SERIES:
            features = store.market.read_features(symbol, timeframe)
            quality = features.xs("quality", axis=1, level=1)
            assert set(quality.columns) == {"returns@1.0", "rsi@2.1", "sma.20@1.0"}
            assert quality.notna().all(axis=None)
            assert quality.iloc[0].eq("warmup").all()
            assert quality.iloc[-1].isin(["ready", "degraded"]).all()
        assert len(store.market.requests()) == 4


def test_it_draws_a_picture(undisturbed: Path) -> None:
    assert (undisturbed / "EURUSD.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_a_second_run_changes_nothing(undisturbed: Path) -> None:
    before = contents(undisturbed)
    result = run_demo(undisturbed)
    assert result.returncode == 0, result.stdout + result.stderr
    after = contents(undisturbed)
    for name in CONTENTS:
        pd.testing.assert_frame_equal(after[name], before[name], check_exact=True)


@pytest.mark.parametrize(
    ("program", "step"),
    [
        ("market_feed", 2),  # within the transaction of a batch
        ("market_feed", 70),  # within that of a live bar
        ("feature_engine", 3),
        ("strategy_logic", 3),
        ("trading_ui", 2),
    ],
)
def test_a_killed_program_leaves_no_trace(
    program: str, step: int, undisturbed: Path, tmp_path: Path
) -> None:
    killed = run_demo(tmp_path, "--kill", f"{program}:{step}")
    assert killed.returncode == 1, killed.stdout + killed.stderr
    assert f"{program} ended early" in killed.stdout

    again = run_demo(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    expected, found = contents(undisturbed), contents(tmp_path)
    for name in CONTENTS:
        pd.testing.assert_frame_equal(found[name], expected[name], check_exact=True)
    assert (tmp_path / "EURUSD.png").is_file()
