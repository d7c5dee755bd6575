# SPDX-License-Identifier: MIT
"""Whether calls over many series take no longer per series the more there are: 1,000 to 100,000.

Each file has five bars per series. A call is made once, which also finds out what the store keeps
in mind of each series, and then three times, of which the quickest counts: processor time, which
other programs on the machine disturb less. Prints a table; exit status 1 where a call takes over
1.5 times as long per series as with a tenth of them. `--write` puts it into docs/figures.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import pages
from bench import LIBRARY, ROOT, prepare, remove
from dataset import FIRST, MINUTE, TIMEFRAME

ROWS = 5
SIZES = (1_000, 10_000, 100_000)
LISTS = (1_000, 5_000, 20_000)
MARK = "many"
WORST_GROWTH = 1.5


def _fill(store: object, names: list[str]) -> None:
    random = np.random.default_rng(1)
    times = pd.DatetimeIndex(FIRST + np.arange(ROWS) * MINUTE, tz="UTC")
    for first in range(0, len(names), 2_000):
        some = names[first : first + 2_000]
        columns = {
            "symbol": np.repeat(np.array(some, object), ROWS),
            "timestamp": times[np.tile(np.arange(ROWS), len(some))],
            "close": random.random(len(some) * ROWS),
            "source": "feed",
        }
        store.market.write(pd.DataFrame(columns), None, TIMEFRAME)  # type: ignore[attr-defined]


def _seconds(call: Callable[[], pd.DataFrame], rows: int) -> tuple[float, float]:
    """Give the first call's time, and the quickest of three more."""
    seconds = []
    for _ in range(4):
        began = time.process_time()
        found = call()
        seconds.append(time.process_time() - began)
        if len(found) != rows:
            raise RuntimeError(f"{len(found)} rows, not {rows}")
    return seconds[0], min(seconds[1:])


def _measured(folder: Path, size: int) -> dict[str, tuple[float, float]]:
    """Microseconds per series by call, the first time and later."""
    from data_store import DataStore

    path = folder / "many.db"
    remove(path)
    names = [f"S{number:06d}" for number in range(size)]
    with DataStore(path, durability="normal") as store:
        _fill(store, names)
    shuffled = np.random.default_rng(2).permutation(size)
    found: dict[str, tuple[float, float]] = {}
    with DataStore(path, durability="normal") as store:
        market = store.market

        def take(title: str, call: Callable[[], pd.DataFrame], series: int, rows: int) -> None:
            first, later = _seconds(call, rows)
            found[title] = first / series * 1e6, later / series * 1e6

        take("`series(counts=False)`", lambda: market.series(counts=False), size, size)
        take("`latest` of all, one frame", lambda: market.latest(names, TIMEFRAME), size, size)
        for count in LISTS:
            if count > size:
                continue
            some = [names[place] for place in shuffled[:count]]
            title = f"`read` of {count:,} symbols anywhere, one frame"
            take(title, lambda some=some: market.read(some, TIMEFRAME), count, count * ROWS)  # type: ignore[misc]
    remove(path)
    return found


def _table(by_size: dict[int, dict[str, tuple[float, float]]]) -> tuple[str, bool]:
    titles = list(by_size[max(by_size)])
    head = ["call", *(f"{size:,} series" for size in by_size), "growth"]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    is_met = True
    for title in titles:
        line = [title]
        later = []
        for found in by_size.values():
            if title in found:
                line.append(f"{found[title][1]:.2f} ({found[title][0]:.2f})")
                later.append(found[title][1])
            else:
                line.append("")
        growth = later[-1] / later[-2] if len(later) > 1 else 1.0
        is_met = is_met and growth <= WORST_GROWTH
        line.append(f"{growth:.2f} x" if len(later) > 1 else "")
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines), is_met


def main() -> int:
    """Measure each size and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/bench")
    parser.add_argument("--write", action="store_true", help="put the table into docs/figures.md")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(ROOT / "python"))
    os.environ.update(prepare(arguments.folder, arguments.library))
    by_size = {size: _measured(arguments.folder, size) for size in SIZES}
    table, is_met = _table(by_size)
    print(table)
    if arguments.write:
        how = (
            "Microseconds of processor time per series, or symbol of the list, the first call of a "
            f"store in brackets; {ROWS} bars per series. Growth: with the most series, relative to "
            f"the size before (at most {WORST_GROWTH:g} x). `Benchmarks/many_series.py --write` "
            "takes them again."
        )
        pages.put(pages.FIGURES, f"{table}\n\n{how}", MARK)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
