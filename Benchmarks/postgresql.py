# SPDX-License-Identifier: MIT
"""Compare data_store on a PostgreSQL server with C on libpq, psycopg, SQLAlchemy and pandas.

Contenders take turns at one bulk work after the other, each in an empty table, several times over.
Single calls go by short turns of a few calls, in an order that changes each time, each contender
in a schema of its own: what the disk and the machine do meanwhile, they do to all of them. They are
made with the disk and, as "normal", without waiting for it (synchronous_commit off), which leaves
the work of client and server. On one machine their time hangs on whether the kernel puts both sides
on one core or wakes the other one: take the median of many turns. What is stored is compared with
the data each time. Prints the median of each, and of the ratios within a turn.

    postgresql.py [--url URL] [--rounds N] [--rows N] [--turns N] [--only WORK...]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import psycopg

import pages
from contenders.on_postgresql import Ours, Pandas, Psycopg, SQLAlchemy
from dataset import COLUMNS, Dataset, Recipe, make

# Calls of one contender before the next one's.
CALLS_OF_A_TURN = 20
OTHERS = {"data_store": Ours, "psycopg": Psycopg, "SQLAlchemy": SQLAlchemy, "pandas": Pandas}

HERE = Path(__file__).resolve().parent
SCHEMA = "data_store_bench"
ROWS = 100_000
PAGE = pages.DOCS / "postgresql.md"
MARK = "speed"
WORKS = {
    "write": f"a frame of {ROWS:,} bars",
    "write, 20 features": f"a frame of {ROWS // 10:,} bars with 20 features",
    "rewrite": "the first again, unchanged",
    "read": f"`read`, {ROWS:,} bars",
    "write_bar": "a live bar, `full`",
    "write_bar, normal": "a live bar, `normal`",
    "latest_bar": "`latest_bar`",
}
# What `docs/postgresql.md` aims at, as a part of another's time.
PROMISES = {
    ("write", "C"): 1 / 0.9,
    ("read", "C"): 1 / 0.9,
    ("write_bar", "C"): 1.2,
    ("write_bar, normal", "C"): 1.2,
    ("write", "psycopg"): 1 / 3,
    ("read", "psycopg"): 1 / 3,
}


def main() -> int:
    """Run the works, print a table, and tell by the exit status whether the promises are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("DATA_STORE_POSTGRESQL"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--turns", type=int, default=150)
    parser.add_argument("--only", nargs="+", help="works, such as read, or bulk for all that are")
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".build/bench-postgresql")
    parser.add_argument("--c", type=Path, default=HERE.parent / ".build/bench/postgresql")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    options = parser.parse_args()
    if not options.url:
        parser.error("name a server with --url, or in DATA_STORE_POSTGRESQL")
    if options.write and (options.rows != ROWS or options.only):
        parser.error("--write is for all works with all rows")
    times: dict[str, dict[str, list[float]]] = {}
    with _schema(options.url, "") as url:
        _measure_bulk(url, options, times)
    _measure_calls(options, times)
    ratios = {
        (work, name): _ratio(by_name["data_store"], seconds)
        for work, by_name in times.items()
        for name, seconds in by_name.items()
    }
    if options.write:
        pages.put(PAGE, _table(ratios), MARK)
    return _report(times, ratios)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def _is_kept(ratios: dict[tuple[str, str], float], place: tuple[str, str]) -> bool:
    return place not in PROMISES or ratios[place] <= PROMISES[place]


def _table(ratios: dict[tuple[str, str], float]) -> str:
    """Give data_store's time as a part of the others'; bold: more than aimed at."""
    others = ["C", *(name for name in OTHERS if name != "data_store")]
    lines = [["", *others], ["---"] + ["---:"] * len(others)]
    for work in (work for work in WORKS if (work, "data_store") in ratios):
        line = [WORKS[work]]
        for name in others:
            place = (work, name)
            shown = f"{ratios[place]:.2f}" if place in ratios else ""
            line.append(shown if not shown or _is_kept(ratios, place) else f"**{shown}**")
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _wants(options: argparse.Namespace, work: str) -> bool:
    kinds = {work, work.split(",")[0]} | (set() if "bar" in work else {"bulk"})
    return not options.only or bool(kinds & set(options.only))


@contextmanager
def _schema(base: str, suffix: str, **settings: str) -> Iterator[str]:
    """Make a schema with the tables, and give a URL with it and these settings."""
    name = f"{SCHEMA}{suffix}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.execute(f"CREATE SCHEMA {name}")
        try:
            given = " ".join(f"-c{key}={value}" for key, value in settings.items())
            set_all = quote(f"-csearch_path={name} {given}".strip())
            url = f"{base}{'&' if '?' in base else '?'}options={set_all}"
            Ours(url).close()
            yield url
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


class C:
    """The yardstick, which is a program of its own."""

    def __init__(self, program: Path, url: str, folder: Path) -> None:
        self._program, self._url, self._folder = program, url, folder

    def run(self, operation: str) -> float:
        """Give the seconds that a bulk work took."""
        told = subprocess.run(
            [self._program, operation, self._url, self._folder],
            check=True,
            capture_output=True,
            text=True,
        )
        figures: dict[str, float] = json.loads(told.stdout)
        return figures["seconds"]

    @contextmanager
    def calls(self, operation: str) -> Iterator[Callable[[int], list[float]]]:
        """Start it, and give a function that has it make calls and gives the seconds of each."""
        command = [self._program, operation, self._url, self._folder]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            ask, answers = program.stdin, program.stdout

            def make(count: int) -> list[float]:
                print(count, file=ask, flush=True)
                return [float(told) for told in answers.readline().split()]

            yield make
            ask.close()
        if program.returncode:
            raise subprocess.CalledProcessError(program.returncode, command)


def _measure_bulk(
    url: str, options: argparse.Namespace, times: dict[str, dict[str, list[float]]]
) -> None:
    bulk = make(options.folder / "bulk", Recipe(series=2, rows=options.rows // 2))
    features = make(
        options.folder / "features", Recipe(series=2, rows=options.rows // 10, features=20)
    )
    for _ in range(options.rounds):
        for work, data in (("write", bulk), ("write, 20 features", features)):
            for name in ["C", *OTHERS]:
                if not _wants(options, work) or (
                    data.features and name in ("SQLAlchemy", "pandas")
                ):
                    continue
                _empty(url)
                if name == "C":
                    taken = C(options.c, url, data.folder).run("write")
                else:
                    taken = _run(OTHERS[name](url), "write", data)
                _verify(url, data)
                times.setdefault(work, {}).setdefault(name, []).append(taken)
        if not (_wants(options, "rewrite") or _wants(options, "read")):
            continue
        _empty(url)
        _run(Ours(url), "write", bulk)
        for work in ("rewrite", "read"):
            for name in ["C", *OTHERS]:
                operation = "write" if work == "rewrite" else work
                # pandas.to_sql only adds rows.
                if (
                    not _wants(options, work)
                    or (name == "pandas" and work == "rewrite")
                    or (name != "C" and not hasattr(OTHERS[name], operation))
                ):
                    continue
                if name == "C":
                    taken = C(options.c, url, bulk.folder).run(operation)
                else:
                    taken = _run(OTHERS[name](url), operation, bulk)
                times.setdefault(work, {}).setdefault(name, []).append(taken)
        _verify(url, bulk)


def _measure_calls(options: argparse.Namespace, times: dict[str, dict[str, list[float]]]) -> None:
    """Single calls: each contender has a schema of its own, and all take short turns."""
    rows = -(-options.turns * CALLS_OF_A_TURN // 4)
    data = make(options.folder / "live", Recipe(series=4, rows=rows))
    for work, settings in (
        ("write_bar", {}),
        ("write_bar, normal", {"synchronous_commit": "off"}),
        ("latest_bar", {}),
    ):
        if not _wants(options, work):
            continue
        operation = work.split(",")[0]
        with ExitStack() as stack:
            urls = {}
            made: dict[str, Callable[[int], list[float]]] = {}
            for name in ("C", "data_store", "psycopg"):
                url = stack.enter_context(_schema(options.url, f"_{name.lower()}", **settings))
                urls[name] = url
                if operation == "latest_bar":
                    _run(Ours(url), "write", data)
                if name == "C":
                    made[name] = stack.enter_context(
                        C(options.c, url, data.folder).calls(operation)
                    )
                else:
                    given = {"durability": "normal"} if settings and name == "data_store" else {}
                    contender = OTHERS[name](url, **given)
                    stack.callback(contender.close)
                    made[name] = _calls(contender, operation, data)
            order = list(made)
            for turn in range(options.turns):
                random.Random(turn).shuffle(order)
                for name in order:
                    taken = statistics.median(made[name](CALLS_OF_A_TURN))
                    times.setdefault(work, {}).setdefault(name, []).append(taken)
            if operation == "write_bar":
                for url in urls.values():
                    _verify(url, data)


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE market_data")
    # A checkpoint is a right of its own; without it the server starts one when it likes to.
    if admin := os.environ.get("DATA_STORE_POSTGRESQL_ADMIN"):
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


def _run(contender: Any, operation: str, data: Dataset) -> float:
    """Give the seconds of all series."""
    try:
        if operation == "write":
            frames = [_frames(data, symbol) for symbol in range(data.series)]
            began = time.perf_counter()
            for symbol, (bars, features) in zip(data.symbols, frames, strict=True):
                contender.write(symbol, bars, features)
            return time.perf_counter() - began
        seconds = 0.0
        for series, symbol in enumerate(data.symbols):
            began = time.perf_counter()
            found = contender.read(symbol)
            seconds += time.perf_counter() - began
            _same(found, data.frame(series))
        return seconds
    finally:
        contender.close()


def _calls(contender: Any, operation: str, data: Dataset) -> Callable[[int], list[float]]:
    """Give a function that makes calls, one of each symbol after the other, and times them."""
    left: Iterator[Callable[[], object]]
    if operation == "latest_bar":
        left = cycle(
            [lambda symbol=symbol: contender.latest_bar(symbol) for symbol in data.symbols]
        )
    else:
        # Made ahead: what happens between two calls would cool the caches for the second one.
        frames = [_frames(data, series)[0] for series in range(data.series)]
        cells = [{name: [*map(_plain, bars[name])] for name in COLUMNS} for bars in frames]
        moments = frames[0].index.to_pydatetime()
        left = iter(
            [
                lambda s=symbol, m=moments[row], b={n: bars[n][row] for n in COLUMNS}: (
                    contender.write_bar(s, m, b)
                )
                for row in range(data.rows)
                for symbol, bars in zip(data.symbols, cells, strict=True)
            ]
        )

    def make(count: int) -> list[float]:
        seconds = []
        for call in islice(left, count):
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)
        return seconds

    return make


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


def _frames(data: Dataset, series: int) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    return data.frame(series), data.feature_frame(series) if data.features else None


def _verify(url: str, data: Dataset) -> None:
    """Compare what is stored, as data_store reads it, with the data."""
    store = Ours(url)
    try:
        for series, symbol in enumerate(data.symbols):
            _same(store.read(symbol), data.frame(series))
            if data.features:
                stored = store.read_features(symbol).xs("value", axis=1, level=1)
                pd.testing.assert_frame_equal(
                    stored,
                    data.feature_frame(series),
                    check_freq=False,
                    check_names=False,
                    check_exact=True,
                )
    finally:
        store.close()


def _same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    # Others give times in microseconds, or in the server's zone.
    found = found.set_axis(pd.DatetimeIndex(found.index).tz_convert("UTC").as_unit("ns"))
    pd.testing.assert_frame_equal(
        found[COLUMNS],
        expected[COLUMNS],
        check_freq=False,
        check_dtype=False,
        check_names=False,
        check_exact=True,
    )


def _report(times: dict[str, dict[str, list[float]]], ratios: dict[tuple[str, str], float]) -> int:
    for work, by_name in times.items():
        print(f"\n{work}")
        for name, seconds in by_name.items():
            place = (work, name)
            mark = ""
            if place in PROMISES:
                kept = "kept" if _is_kept(ratios, place) else "NOT KEPT"
                mark = f"  {kept}: at most {PROMISES[place]:.2f}"
            taken = f"{statistics.median(seconds) * 1e3:10.3f} ms"
            print(f"  {name:12} {taken}   data_store takes {ratios[place]:5.2f} of it{mark}")
    return 0 if all(_is_kept(ratios, place) for place in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
