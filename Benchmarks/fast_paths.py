# SPDX-License-Identifier: MIT
"""What each fast path is worth: everyday calls and bulk work with all, without one, and with none.

    .venv-bench/bin/python Benchmarks/fast_paths.py [--rounds 5] [--only latest_bar,...]

The contenders are processes that take turns, each with DATA_STORE_FAST_PATHS set its own way.
Prints a table of medians, as multiples of the time with all paths: above 1 the missing path earns
its keep.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATHS = ["pages", "latest_pages", "frames", "read_lock"]
WAYS = {
    "all": "1",
    **{f"no {path}": ",".join(p for p in PATHS if p != path) for path in PATHS},
    "none": "0",
}


def works(folder: Path) -> dict[str, Callable[[], float]]:
    """Each gives the seconds of one round; calls of microseconds come by the thousand."""
    import pandas as pd

    from data_store import DataStore

    start = pd.Timestamp("2026-03-01", tz="UTC")
    store = DataStore(folder / "desk.db", durability="normal")
    full = DataStore(folder / "desk.db", durability="full")
    symbols = [f"S{number:03}" for number in range(200)]
    times = pd.date_range(start, periods=400, freq="min")
    values = [float(k) for k in range(400)]
    columns = ["open", "high", "low", "close", "volume"]
    frame = pd.DataFrame(dict.fromkeys(columns, values), index=times)
    everything = pd.concat(
        [frame.reset_index(names="timestamp").assign(symbol=symbol) for symbol in symbols]
    ).assign(timeframe="1m")
    store.market.write(everything, None, None)
    long = pd.DataFrame(
        {column: [float(k) for k in range(100_000)] for column in columns},
        index=pd.date_range(start, periods=100_000, freq="min"),
    )
    minute = pd.Timedelta(minutes=1)
    state = {"bar": 400, "bulk": 0}

    def timed(work: Callable[[], object], times: int = 1) -> float:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - began) / times

    def write_bar(target: DataStore) -> Callable[[], None]:
        def one() -> None:
            state["bar"] += 1
            target.market.write_bar(
                symbols[state["bar"] % 200], "1m", start + minute * (state["bar"] // 200 + 400),
                open=1.0, high=2.0, low=0.5, close=1.5, volume=10.0,
            )  # fmt: skip

        return one

    def latest() -> None:
        state["bar"] += 7
        store.market.latest_bar(symbols[state["bar"] % 200], "1m")

    def write_then_latest() -> None:
        write_bar(store)()
        store.market.latest_bar(symbols[state["bar"] % 200], "1m")

    def bulk() -> None:
        state["bulk"] += 1
        store.market.write(long, f"BULK{state['bulk']}", "1m")

    store.market.write(long, "LONG", "1m")
    return {
        "latest_bar, 1 series": lambda: timed(lambda: store.market.latest_bar("S000", "1m"), 2000),
        "latest_bar, 200 series": lambda: timed(latest, 2000),
        "write_bar, NORMAL": lambda: timed(write_bar(store), 1000),
        "write_bar, FULL": lambda: timed(write_bar(full), 100),
        "write_bar, then latest_bar": lambda: timed(write_then_latest, 500),
        "last 200 bars": lambda: timed(lambda: store.market.latest("S100", "1m", 200), 200),
        "60 bars": lambda: timed(
            lambda: store.market.read("S050", "1m", times[100], times[159]), 200
        ),
        "state.set": lambda: timed(lambda: store.state.set("k", [1, 2]), 1000),
        "100,000 bars read": lambda: timed(lambda: store.market.read("LONG", "1m")),
        "100,000 bars written": lambda: timed(bulk),
        "100,000 bars rewritten": lambda: timed(
            lambda: store.market.write(long * 1.0 + state["bar"], "LONG", "1m")
        ),
        "200 series, one bar each": lambda: timed(
            lambda: store.market.write(everything.iloc[::400], None, None), 5
        ),
    }


def sample(only: list[str]) -> None:
    """Print the best of three rounds of each work, as JSON."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder:
        print(
            json.dumps(
                {
                    name: min(work() for _ in range(3))
                    for name, work in works(Path(folder)).items()
                    if not only or any(name.startswith(start) for start in only)
                }
            )
        )


def main() -> None:
    """Take samples in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--sample", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    only = [name for name in given.only.split(",") if name]
    if given.sample:
        return sample(only)
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(given.rounds):
        for way, value in WAYS.items():
            done = subprocess.run(
                [sys.executable, __file__, "--sample", "--only", given.only],
                env={**os.environ, "DATA_STORE_FAST_PATHS": value},
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            found[way].append(json.loads(done.stdout))
    print("| call | all | " + " | ".join(list(WAYS)[1:]) + " |")
    print("|---|" + "---|" * len(WAYS))
    for name in found["all"][0]:
        medians = {
            way: statistics.median(one[name] for one in samples) for way, samples in found.items()
        }
        base = medians["all"]
        unit = f"{base * 1e6:,.1f} us" if base < 1e-3 else f"{base * 1e3:,.1f} ms"
        others = " | ".join(f"{medians[way] / base:.2f}" for way in list(WAYS)[1:])
        print(f"| {name} | {unit} | {others} |")
    return None


if __name__ == "__main__":
    main()
