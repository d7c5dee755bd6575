# SPDX-License-Identifier: MIT
"""Whether a large file is as quick as a small one: the same calls at 1 and at 20 million bars.

The file is made of series of 10,000 bars, one after the other. At both sizes: 1,000 bars appended
to a series, a whole series read, the newest bar; then, at the full size, the inventory with counts
(held against C) and without. Prints a table; exit status 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd

from bench import LIBRARY, ROOT, prepare, remove
from dataset import FIRST, MINUTE, TIMEFRAME, Dataset, Recipe, make, symbol_name

ROWS = 10_000
APPENDED = 1000
CALLS = 60
BYTES_A_BAR = 230  # with its index entry; and room for the WAL
PATTERNS = 20


class Growth:
    """A file as it grows.

    Parameters
    ----------
    path : Path
    data : Dataset
        PATTERNS series of bars, which come again and again under other symbols.
    """

    def __init__(self, path: Path, data: Dataset) -> None:
        from data_store import DataStore

        self.store = DataStore(path, durability="normal")
        self._frames = [data.frame(series) for series in range(data.series)]
        self._random = random.Random(1)
        self.series = 0
        self._rounds = 0

    def grow(self, series: int) -> None:
        """Backfill until the file has so many series."""
        for number in range(self.series, series):
            frame = self._frames[number % PATTERNS]
            self.store.market.write(frame, symbol_name(number), TIMEFRAME)
            if number % 100 == 99:
                print(f"\r\033[K{number + 1} series", end="", file=sys.stderr, flush=True)
        self.series = series
        print("\r\033[K", end="", file=sys.stderr)

    def _median(self, call: Callable[[str], object], rounds: int = 1) -> float:
        """Give the median seconds of a call on series anywhere in the file."""
        numbers = self._random.sample(range(self.series), min(CALLS, self.series))
        seconds = []
        for symbol in map(symbol_name, numbers * rounds):
            began = time.perf_counter()
            call(symbol)
            seconds.append(time.perf_counter() - began)
        return median(seconds)

    def append(self) -> float:
        """Microseconds a bar, 1,000 a commit behind the last of a series."""
        first = FIRST + (ROWS + self._rounds * APPENDED) * MINUTE
        self._rounds += 1
        index = pd.date_range(pd.Timestamp(first, tz="UTC"), periods=APPENDED, freq="min")
        frame = self._frames[0].iloc[:APPENDED].set_axis(index)

        def call(symbol: str) -> None:
            self.store.market.write(frame, symbol, TIMEFRAME)

        return self._median(call) / APPENDED * 1e6

    def read(self) -> float:
        """Microseconds a bar, 10,000 bars of one series."""
        last = pd.Timestamp(FIRST + (ROWS - 1) * MINUTE, tz="UTC")

        def call(symbol: str) -> None:
            if len(self.store.market.read(symbol, TIMEFRAME, end=last)) != ROWS:
                raise RuntimeError(f"{symbol} has not {ROWS} bars")

        return self._median(call) / ROWS * 1e6

    def latest(self) -> float:
        """Microseconds a call."""

        def call(symbol: str) -> None:
            self.store.market.latest_bar(symbol, TIMEFRAME)

        return self._median(call, rounds=20) * 1e6

    def inventory(self, counts: bool) -> float:
        """Seconds of `series`; the median of three."""
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            if len(self.store.market.series(counts=counts)) != self.series:
                raise RuntimeError("series() misses some")
            seconds.append(time.perf_counter() - began)
        return median(seconds)


def _counted_in_c(folder: Path, path: Path, data: Dataset) -> float:
    """Seconds that counting takes in C; the median of three."""
    command = [str(folder / "yardstick"), "series", str(path), "NORMAL", str(data.folder)]
    runs = [subprocess.run(command, check=True, capture_output=True) for _ in range(3)]
    return median(float(json.loads(run.stdout)["seconds"]) for run in runs)


def _row(title: str, figures: str, ratio: float, at_most: float, unit: str = "x") -> bool:
    """Print a row; tell whether its target is met."""
    is_met = ratio <= at_most
    verdict = "met" if is_met else "MISSED"
    print(f"{title:34} {figures:32} {ratio:8.2f} {unit:2} at most {at_most:g} {unit}  {verdict}")
    return is_met


def main() -> int:
    """Grow a file and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--bars", type=int, default=20_000_000, help="at the end; from 1/20 of them"
    )
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/bench")
    arguments = parser.parse_args()
    if arguments.bars < 20 * ROWS:
        parser.error(f"--bars must be at least {20 * ROWS:,}")

    arguments.folder.mkdir(parents=True, exist_ok=True)
    needed = arguments.bars * BYTES_A_BAR * 1.2
    free = shutil.disk_usage(arguments.folder).free
    if free < needed:
        print(
            f"{arguments.folder} has {free / 1e9:.1f} GB free, and {arguments.bars:,} bars need "
            f"{needed / 1e9:.1f} GB. Pass --bars with fewer, or --folder on a larger disk.",
            file=sys.stderr,
        )
        return 1

    sys.path.insert(0, str(ROOT / "python"))
    os.environ.update(prepare(arguments.folder, arguments.library))
    data = make(arguments.folder / "data" / "scale", Recipe(PATTERNS, ROWS))
    path = arguments.folder / "scale.db"
    remove(path)
    growth = Growth(path, data)
    measures = {
        "append, us a bar": growth.append,
        "read of 10,000, us a bar": growth.read,
        "latest_bar, us a call": growth.latest,
    }
    small, large = arguments.bars // ROWS // 20, arguments.bars // ROWS
    growth.grow(small)
    before = {title: measure() for title, measure in measures.items()}
    growth.grow(large)
    after = {title: measure() for title, measure in measures.items()}
    print(f"{small * ROWS:,} bars, then {large * ROWS:,} in {large:,} series")
    met = [
        _row(
            title,
            f"{before[title]:.2f}, then {after[title]:.2f}",
            after[title] / before[title],
            1.5,
        )
        for title in measures
    ]
    uncounted, counted = growth.inventory(counts=False), growth.inventory(counts=True)
    growth.store.close()
    in_c = _counted_in_c(arguments.folder, path, data)
    met.append(_row("series(counts=False)", "", uncounted * 1000, 50, "ms"))
    met.append(_row("series(), to C", f"{counted:.2f} s, C {in_c:.2f} s", counted / in_c, 1.2))
    remove(path)
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
