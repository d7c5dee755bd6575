# SPDX-License-Identifier: MIT
"""What the programs of the demo agree on: the series, the keys in `state`, when to stop.

They share no memory and send each other nothing. Each one notes in the store how far it has
come, in the same transaction as the rows themselves; the next one reads that note.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data_store import DataStore

SERIES = (("EURUSD", "1h"), ("GOOG", "1d"))
PROGRAMS = ("market_feed", "feature_engine", "strategy_logic", "trading_ui")


def progress_key(program: str, symbol: str, timeframe: str) -> str:
    """Name a program's state of one series: as a list, since a symbol may hold any separator."""
    return json.dumps([program, symbol, timeframe], ensure_ascii=False)


def through(store: DataStore, program: str, symbol: str, timeframe: str) -> pd.Timestamp | None:
    """Tell the latest bar that `program` has done with, None before the first."""
    text = store.state.get(progress_key(program, symbol, timeframe))
    return None if text is None else pd.Timestamp(text)


def follow(store: DataStore, leader: str, work: Callable[[], bool]) -> None:
    """Call `work` until the program `leader` is done and `work` finds nothing more to do."""
    while True:
        # Asked before the work: whatever the leader wrote before it was done is seen by it.
        leading = store.state.get(leader) == "running"
        if work():
            continue
        if not leading:
            return
        time.sleep(0.02)


def say(program: str, text: str) -> None:
    print(f"{program:<15} {text}", flush=True)


@dataclass
class Fuse:
    """Kills its own process at step `steps`, with no chance to tidy up; None: never."""

    steps: int | None

    def burn(self) -> None:
        if self.steps is None:
            return
        self.steps -= 1
        if self.steps <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Make the parser of what all four programs take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("database", type=Path, help="the database file")
    parser.add_argument(
        "--stop-after",
        type=int,
        metavar="STEPS",
        help="die at this step as if killed, to see that nothing is lost",
    )
    return parser
