# SPDX-License-Identifier: MIT
"""How little memory it takes: a small program, and while a million bars stream in and out.

The small programs (`small_program.py`) run where no other package is installed, and count what they
take beyond the bare interpreter.

Each figure comes from a process of its own, the medians of several. The peak is the kernel's own
(VmHWM of /proc/self/status), started over before what is measured. Prints a table, and puts it into
docs/figures.md with `--write`; exit status 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pages
from bench import LIBRARY, ROOM, ROOT, BenchError, prepare, remove

BARE = ROOT / ".venv-bare/bin/python"
SMALL = ("state", "live", "arrow")
CHUNK = 50_000
MEGABYTE = 1024.0

# pandas and data_store are imported by the samples: how much that takes is one of the questions.


def resident(kind: str = "VmRSS") -> float:
    """Give this process's memory in MB: VmRSS now, or VmHWM at its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind + ":"):
            return int(line.split()[1]) / MEGABYTE
    raise RuntimeError(f"no {kind} in /proc/self/status")


def forget_peak() -> None:
    """Make the present memory the peak, as proc(5) tells of clear_refs."""
    Path("/proc/self/clear_refs").write_text("5")


# ---- The samples: each the whole life of a process --------------------------------------------


def opening(path: Path, _: int) -> dict[str, float]:
    """Import data_store and open a file that exists, after numpy and pandas."""
    import numpy  # noqa: F401
    import pandas  # noqa: F401

    before, began = resident(), time.perf_counter()
    from data_store import DataStore

    store = DataStore(path)
    seconds, grown = time.perf_counter() - began, resident() - before
    store.close()
    return {"ms": seconds * 1000, "mb": grown}


def writing(path: Path, rows: int) -> dict[str, float]:
    """Stream chunks through `write`; the same chunks before, unwritten, are the frames' own."""
    return _streamed(path, rows, "first")


def rewriting(path: Path, rows: int) -> dict[str, float]:
    """Stream chunks of bars that are stored, with other values: SQLite may keep what it changes."""
    return _streamed(path, rows, "first", "other")


def _streamed(path: Path, rows: int, *passes: str) -> dict[str, float]:
    """Measure the last of some passes over the same bars, with values of its own each."""
    from data_store import DataStore

    with DataStore(path, durability="normal") as store:
        for kind in passes[:-1]:
            for chunk in _chunks(rows, kind):
                store.market.write(chunk, "EURUSD", "1m")
                del chunk
        _drain(_chunks(rows))
        forget_peak()
        _drain(_chunks(rows))
        frames = resident("VmHWM")
        forget_peak()
        for chunk in _chunks(rows, passes[-1]):
            store.market.write(chunk, "EURUSD", "1m")
            del chunk
        return {"mb": resident("VmHWM") - frames}


def reading(path: Path, rows: int) -> dict[str, float]:
    """Let chunks come back through `iter`, each dropped before the next."""
    from data_store import DataStore

    with DataStore(path, durability="normal") as store:
        for chunk in _chunks(rows):
            store.market.write(chunk, "EURUSD", "1m")
        size = int(chunk.memory_usage(deep=False).sum()) / MEGABYTE / 1024
        del chunk
    with DataStore(path) as store:
        forget_peak()
        before, found = resident("VmHWM"), 0
        for chunk in store.market.iter("EURUSD", "1m", chunk=CHUNK):
            found += len(chunk)
            del chunk
        grown = resident("VmHWM") - before
        if found != rows:
            raise RuntimeError(f"{found} bars came back, not {rows}")
        return {"mb": grown - size}


def _chunks(rows: int, kind: str = "first") -> Iterator[Any]:
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(1 if kind == "first" else 2)
    for first in range(0, rows, CHUNK):
        count = min(CHUNK, rows - first)
        start = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=first)
        close = np.round(100 + random.normal(0, 1, count), 5)
        yield pd.DataFrame(
            {"open": close, "high": close, "low": close, "close": close, "volume": close * 100},
            index=pd.date_range(start, periods=count, freq="min"),
        ).assign(source="alpha", quality="clean", is_gap=False, latency_sec=close / 1000)


def _drain(chunks: Iterator[Any]) -> None:
    for chunk in chunks:
        del chunk


SAMPLES: dict[str, Callable[[Path, int], dict[str, float]]] = {
    sample.__name__: sample for sample in (opening, writing, rewriting, reading)
}


# ---- The table --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """What a sample may show at most."""

    title: str
    sample: str
    unit: str
    at_most: float


MARK = "memory"
TARGETS = [
    Target("without pandas: import, open, `state.get`", "state", "mb", 12),
    Target("without pandas: import, open, `state.get`", "state", "ms", 15),
    Target("the same with `write_bar` and `latest_bar` instead", "live", "mb", 14),
    Target("the same with `write_bar` and `latest_bar` instead", "live", "ms", 35),
    Target("the same with `read_arrow` of 1,000 bars instead", "arrow", "mb", 14),
    Target("the same with `read_arrow` of 1,000 bars instead", "arrow", "ms", 35),
    Target("`import data_store` and opening a file, beyond NumPy and pandas", "opening", "mb", 5),
    Target("`import data_store` and opening a file, beyond NumPy and pandas", "opening", "ms", 10),
    Target("1,000,000 bars through `write`, beyond their frames", "writing", "mb", 8),
    Target("the same bars again, with other values, beyond that", "rewriting", "mb", 8),
    Target("1,000,000 bars through `iter`", "reading", "mb", 8),
]


def main() -> int:
    """Take all samples and compare them with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", choices=SAMPLES, help="take one, in this process")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--bare", type=Path, default=BARE, help="a Python without packages")
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/bench")
    parser.add_argument("--write", action="store_true", help="put the table into docs/figures.md")
    arguments = parser.parse_args()
    path = arguments.folder / "memory.db"
    if arguments.sample:
        print(json.dumps(SAMPLES[arguments.sample](path, arguments.rows)))
        return 0

    environment = prepare(arguments.folder, arguments.library)
    # A user's Python does; one that may not keep its bytecode compiles the package each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def sample(name: str) -> dict[str, float]:
        command = [sys.executable, __file__, "--sample", name]
        command += ["--rows", str(arguments.rows), "--folder", str(arguments.folder)]
        if name in SMALL:
            command = [str(arguments.bare), str(ROOM / "small_program.py"), name, str(path)]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        measured: dict[str, float] = json.loads(done.stdout)
        return measured

    if not arguments.bare.is_file():
        raise BenchError(f"no Python at {arguments.bare}: run 'make setup'")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (*SMALL, *SAMPLES)}
    for _ in range(arguments.runs):
        for name, samples in found.items():
            remove(path)
            if name in SMALL:
                program = [str(arguments.bare), str(ROOM / "small_program.py"), "fill", str(path)]
                subprocess.run(program, env=environment, check=True)
                sample(name)  # compiles the package's files, the first time
            if name == "opening":
                sample(name)  # makes the file
            samples.append(sample(name))
    remove(path)
    missed = 0
    lines = ["| what | measured | target |", "|---|---:|---:|"]
    for target in TARGETS:
        figure = median(sample[target.unit] for sample in found[target.sample])
        is_met = figure <= target.at_most
        missed += not is_met
        unit = target.unit.replace("mb", "MB")
        print(
            f"{target.title:70} {figure:8.1f} {unit}"
            f"  at most {target.at_most:g}  {'met' if is_met else 'MISSED'}"
        )
        shown = f"{figure:.1f} {unit}" if is_met else f"**{figure:.1f} {unit}**"
        lines.append(f"| {target.title} | {shown} | at most {target.at_most:g} {unit} |")
    if arguments.write:
        pages.put(pages.FIGURES, "\n".join(lines), MARK)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
