# SPDX-License-Identifier: MIT
"""Holds the main paths to their committed cost: instructions a bar, heap allocations a call.

Neither depends on how busy the machine is. Instructions come from `valgrind --tool=callgrind`: the
same program runs twice, with few calls and with more, and the difference is the calls' own, work in
other threads included. Allocations are counted in the process, for the calls after the first few.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import LIBRARY, ROOM, ROOT, BenchError, prepare, remove
from dataset import Dataset, Recipe, make

THRESHOLDS = ROOM / "thresholds.json"
SERIES = 8
ROWS = 2000
FEATURED_ROWS = 500


@dataclass(frozen=True)
class MainPath:
    """A main path.

    Parameters
    ----------
    name : str
    call : str
        The path of c/floor.c.
    data : str
    base : str or None
        What the file holds before.
    few, many : int
        Calls of the two runs. Their difference is what is counted.
    rows : int
        Bars a call.
    has_threads : bool
        A second thread takes part.
    """

    name: str
    call: str
    data: str
    base: str | None
    few: int = 2
    many: int = 6
    rows: int = 1  # bars a call
    # How many chunks two threads need depends on which of them is ahead.
    has_threads: bool = False


PATHS = [
    MainPath("write", "write", "bars", None, rows=ROWS),
    MainPath("write with 20 features", "write", "features", None, rows=FEATURED_ROWS),
    MainPath("rewrite, identical", "write", "bars", "bars", rows=ROWS),
    MainPath("rewrite, changed", "write", "changed", "bars", rows=ROWS),
    MainPath("read", "read", "bars", "bars", rows=ROWS),
    MainPath(
        "read 20 features",
        "read_features",
        "features",
        "features",
        rows=FEATURED_ROWS,
        has_threads=True,
    ),
    MainPath("merge one feature", "merge", "extra", "features", rows=FEATURED_ROWS),
    MainPath("write_bar", "write_bar", "changed", "bars", few=50, many=250),
    MainPath("write_bar, a new one", "new_bar", "bars", "bars", few=50, many=250),
    MainPath("latest_bar", "latest_bar", "bars", "bars", few=50, many=250),
    MainPath("20 features on one bar", "merge_one", "features", "features", few=50, many=250),
    MainPath("state_set", "state_set", "bars", "bars", few=50, many=250),
    MainPath("state_get", "state_get", "bars", "bars", few=50, many=250),
    MainPath("record_request", "record_request", "bars", "bars", few=50, many=250),
    MainPath("sql", "sql", "bars", "bars", few=50, many=250),
    MainPath("open, state_get, close", "open_close", "bars", "bars", few=4, many=24),
]

RECIPES = {
    "bars": Recipe(SERIES, ROWS),
    "changed": Recipe(SERIES, ROWS, seed=2),
    "features": Recipe(SERIES, FEATURED_ROWS, 20, mixed=True),
    "extra": Recipe(SERIES, FEATURED_ROWS, 1, first_feature=20),
}


class Floor:
    """Counts what the paths cost.

    Parameters
    ----------
    folder : Path
        For programs, data and databases.
    library : Path
        The library under test.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        self._folder = folder
        self._environment = prepare(folder, library)
        self._data = {
            name: make(folder / "floor-data" / name, recipe) for name, recipe in RECIPES.items()
        }
        for name in ("bars", "features"):
            path = self._base(name)
            remove(path)
            self._run([], "write", SERIES, path, self._data[name])

    def _base(self, name: str) -> Path:
        return self._folder / f"floor-{name}.db"

    @contextmanager
    def _file(self, path: MainPath) -> Iterator[Path]:
        """Give a file with what the path starts from; it goes afterwards."""
        file = self._folder / "floor.db"
        remove(file)
        if path.base is not None:
            shutil.copyfile(self._base(path.base), file)
        yield file
        remove(file)

    def _run(
        self, wrapper: list[str], call: str, calls: int, file: Path, data: Dataset
    ) -> tuple[str, str]:
        program = [str(self._folder / "floor"), call, str(calls), str(file), str(data.folder)]
        done = subprocess.run(
            [*wrapper, *program], env=self._environment, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise BenchError(f"{' '.join([*wrapper, *program])}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def instructions(self, path: MainPath) -> float:
        """Count the instructions a bar."""
        few, many = (self._counted(path, calls) for calls in (path.few, path.many))
        return (many - few) / (path.many - path.few) / path.rows

    def _counted(self, path: MainPath, calls: int) -> int:
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        with self._file(path) as file:
            _, told = self._run(valgrind, path.call, calls, file, self._data[path.data])
        found = re.search(r"Collected : (\d+)", told)
        if found is None:
            raise BenchError(f"valgrind counted nothing:\n{told}")
        return int(found[1])

    def shares(self, path: MainPath) -> dict[str, float]:
        """Tell what spends the instructions of a bar, in percent."""
        few, many = (self._spent(path, calls) for calls in (path.few, path.many))
        own = {owner: many[owner] - few[owner] for owner in many}
        return {owner: 100 * count / sum(own.values()) for owner, count in own.items()}

    def profile(self, path: MainPath, calls: int) -> Path:
        """Give the profile of so many calls, of the whole program."""
        profile = self._folder / "floor.callgrind"
        valgrind = ["valgrind", "--tool=callgrind", "--demangle=no"]
        with self._file(path) as file:
            self._run(
                [*valgrind, f"--callgrind-out-file={profile}"],
                path.call,
                calls,
                file,
                self._data[path.data],
            )
        return profile

    def _spent(self, path: MainPath, calls: int) -> dict[str, int]:
        profile = self.profile(path, calls)
        spent = dict.fromkeys(("SQLite", "data_store", "others"), 0)
        names: dict[str, str] = {}
        owner, is_call = "others", False
        for line in profile.read_text().splitlines():
            if line.startswith("ob="):
                number, _, name = line[3:].partition(" ")
                names.setdefault(number, name)
                owner = _owner(names[number])
            elif line.startswith("calls="):
                is_call = True  # the next line is what was spent in the callee
            elif line[:1].isdigit() or line[:1] in "+-*":
                place_and_cost = line.split()
                if not is_call and len(place_and_cost) > 1:
                    spent[owner] += int(place_and_cost[1])
                is_call = False
            elif line.startswith("cob="):
                number, _, name = line[4:].partition(" ")
                if name:
                    names.setdefault(number, name)
        profile.unlink()
        return spent

    def allocations(self, path: MainPath) -> float:
        """Count the heap allocations a call: the median of those after the first few."""
        preload = ["env", f"LD_PRELOAD={self._folder / 'allocations.so'}"]
        with self._file(path) as file:
            counts, _ = self._run(preload, path.call, path.many, file, self._data[path.data])
        found = [int(count) for count in counts.split()]
        if len(found) != path.many:
            raise BenchError(f"{path.name}: the allocations were not counted")
        return statistics.median(found[path.few :])


def _owner(library: str) -> str:
    if "libsqlite3" in library:
        return "SQLite"
    return "data_store" if "libdata_store" in library else "others"


def _is_within(found: float, threshold: dict[str, float]) -> bool:
    return found <= threshold["count"] * (1 + threshold["tolerance"]) + threshold["slack"]


# How much more is let pass: code moves a little with each compiler, allocations hardly do. One
# allocation more in a small call is a change; in a bulk call it is the page cache.
TOLERANCES = {
    "instructions": {"tolerance": 0.04, "slack": 2},
    "allocations": {"tolerance": 0.02, "slack": 0},
}
THREADED_ALLOCATIONS = {"tolerance": 0.2, "slack": 0}


def main() -> int:
    """Count, then compare or keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="keep what is counted as thresholds")
    parser.add_argument("--shares", action="store_true", help="show what spends the instructions")
    parser.add_argument("--only", action="append", help="a path by its name; again for more")
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/bench")
    arguments = parser.parse_args()
    kept = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.is_file() else {}
    try:
        floor = Floor(arguments.folder, arguments.library)
        slower = 0
        for path in PATHS if arguments.shares else []:
            shares = floor.shares(path).items()
            told = "  ".join(f"{owner} {share:.0f} %" for owner, share in shares)
            print(f"{path.name:24} {told}", flush=True)
        for path in (path for path in PATHS if not arguments.only or path.name in arguments.only):
            found = {
                "instructions": floor.instructions(path),
                "allocations": floor.allocations(path),
            }
            for unit, count in found.items():
                if arguments.update:
                    is_loose = path.has_threads and unit == "allocations"
                    kept.setdefault(path.name, {})[unit] = {
                        "count": round(count, 1),
                        **(THREADED_ALLOCATIONS if is_loose else TOLERANCES[unit]),
                    }
                threshold = kept.get(path.name, {}).get(unit)
                if threshold is None:
                    raise BenchError(f"{path.name}: no threshold for {unit}; run with --update")
                is_within = _is_within(count, threshold)
                slower += not is_within
                verdict = "" if is_within else "  TOO MANY"
                each = "bar" if unit == "instructions" else "call"
                print(
                    f"{path.name:24} {unit:12} {count:12,.1f} a {each:5}"
                    f" threshold {threshold['count']:12,.1f}{verdict}",
                    flush=True,
                )
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.update:
        THRESHOLDS.write_text(json.dumps(kept, indent=2) + "\n")
    if slower:
        print(
            f"{slower} of these cost more than they did. Fix the path, or, where the price is "
            "right, run Benchmarks/floor --update and say why in the commit.",
            file=sys.stderr,
        )
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
