# SPDX-License-Identifier: MIT
"""Each example of the help, and so of docs/cli.md and of the man page, works as it stands."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import layouts
import pytest
import typer
from layouts import DAY, rows, zipped
from shells import Shell

import data_store
from data_store import DataStore
from data_store.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = str(Path(data_store.__file__).parents[1])
TABLES = any(importlib.util.find_spec(name) for name in ("pyarrow", "polars"))
MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
# What only a shell can do.
SHELL = ("|", ">", "<", "&&", "*")


def examples() -> list[str]:
    found: list[str] = []

    def look(command: object) -> None:
        if hasattr(command, "commands"):
            for below in command.commands.values():
                look(below)
        else:
            found.extend(line.strip() for line in command.epilog.splitlines()[2:])  # type: ignore[attr-defined]

    look(typer.main.get_command(app))
    return found


def first_block() -> list[str]:
    page = (ROOT / "docs" / "cli.md").read_text()
    return page.split("```sh\n")[1].split("```")[0].splitlines()


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples name."""
    folder = tmp_path / "examples"
    (folder / "copies").mkdir(parents=True)
    freqtrade = folder / "user_data" / "data" / "binance"
    freqtrade.mkdir(parents=True)
    bars = rows(40)
    with DataStore(folder / "market.db") as store:
        for symbol in ("EURUSD", "GBPUSD"):
            for bar in bars:
                time = bar.time.replace(year=2026, month=3)
                store.market.write_bar(
                    symbol, "1h", time, close=bar.close, open=bar.open, high=bar.high, low=bar.low,
                    features={"rsi@2.1": {"value": 50.0, "quality": "ready"}},
                )  # fmt: skip
        store.state.set_many({"phase": "short", "positions": {"EURUSD": 1}, "strategy1.a": 1})
        store.market.record_request(
            "EURUSD", "1h", provider_used="p", start_ts=bars[0].time, end_ts=bars[1].time
        )
    shutil.copy(folder / "market.db", folder / "other-store.db")
    layouts.pandas_index(folder / "EURUSD.csv", bars)
    layouts.yahoo(folder / "AAPL.csv", rows(5, DAY))
    for month in (1, 2):
        zipped(layouts.binance)(folder / f"BTCUSDT-1m-2024-0{month}.zip", bars)
    layouts.ccxt_json(folder / "ohlcv.json", bars)
    (folder / "odd.csv").write_text("Day,Last\n2026-03-01T00:00Z,1.5\n")
    layouts.vnpy(folder / "database.db", bars)
    (folder / "query.sql").write_text("SELECT count(*) FROM market_data\n")
    if TABLES:
        from data_store.cli.app import run

        run(["export", str(folder / "market.db"), str(freqtrade / "all.feather")])
        shutil.move(freqtrade / "all.feather", freqtrade / "BTC_USDT-1h.feather")
    monkeypatch.chdir(folder)
    return folder


def can_run(line: str) -> bool:
    """Tell whether this environment has what an example needs."""
    is_table = ".feather" in line or "parquet" in line
    return (
        (TABLES or not is_table)
        and (MATPLOTLIB or ".png" not in line)
        and "postgresql://" not in line  # which needs a server
        and ("jq" not in line or shutil.which("jq") is not None)
    )


# Exit status 1 says that something was found: bars that are missing, a bug in this SQLite.
ALLOWED = {"missing": (0, 1), "doctor": (0, 1)}


def test_every_example_works(shell: Shell, prepared: Path) -> None:
    every = examples()
    assert len(every) > 40
    ran = 0
    for line in [*every, *first_block()]:
        if not can_run(line):
            continue
        ran += 1
        words = shlex.split(line, comments=True)
        command = words[1] if words[0] == "data-store" else ""
        if any(sign in line for sign in SHELL) or words[0] != "data-store":
            tool = f'data-store() {{ {shlex.quote(sys.executable)} -m data_store "$@"; }}; '
            done = subprocess.run(
                ["bash", "-c", tool + line], capture_output=True, text=True, check=False,
                env={**os.environ, "PYTHONPATH": PACKAGE},
            )  # fmt: skip
            status, told = done.returncode, done.stderr
        else:
            ended = shell(*words[1:])
            status, told = ended.status, ended.err
        assert status in ALLOWED.get(command, (0,)), f"{line}: {status}\n{told}"
        assert "Traceback" not in told, line
        # What an example deletes or makes, the next one may need or make again.
        if command == "state" and "delete" in line:
            shell("state", "set", "market.db", "phase", '"long"')
    assert ran > 35
    with DataStore(prepared / "market.db") as store:
        assert store.state.get("positions") == {"EURUSD": 2}
        assert store.state.get("levels") == [1, 2]
        assert "BTCUSDT" in json.dumps(store.market.series(counts=False)["symbol"].tolist())
