# SPDX-License-Identifier: MIT
"""Compare data_store on a PostgreSQL server with C on libpq, psycopg, SQLAlchemy and pandas.

Contenders take turns at one work after the other, each in an empty table, several times over.
What is stored is compared with the data each time. Prints the median of each, and of the ratios
within a turn.

    postgresql.py [--url URL] [--rounds N] [--rows N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from contenders.on_postgresql import Ours, Pandas, Psycopg, SQLAlchemy
from dataset import COLUMNS, Dataset, Recipe, make

HERE = Path(__file__).resolve().parent
SCHEMA = "data_store_bench"
# What `docs/postgresql.md` promises of data_store, as a part of another's time.
PROMISES = {
    ("write", "C"): 1 / 0.9,
    ("read", "C"): 1 / 0.9,
    ("write_bar", "C"): 1.2,
    ("write", "psycopg"): 1 / 3,
    ("read", "psycopg"): 1 / 3,
}


def main() -> int:
    """Run the works, print a table, and tell by the exit status whether the promises are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("DATA_STORE_POSTGRESQL"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".build/bench-postgresql")
    parser.add_argument("--c", type=Path, default=HERE.parent / ".build/bench/postgresql")
    options = parser.parse_args()
    if not options.url:
        parser.error("name a server with --url, or in DATA_STORE_POSTGRESQL")
    url = f"{options.url}{'&' if '?' in options.url else '?'}options=-csearch_path%3D{SCHEMA}"
    with _schema(options.url, url):
        return _measure(url, options)


@contextmanager
def _schema(base: str, url: str) -> Iterator[None]:
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            Ours(url).close()
            yield
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


class C:
    """The yardstick, which is a program of its own."""

    def __init__(self, program: Path, url: str, folder: Path) -> None:
        self._program, self._url, self._folder = program, url, folder

    def run(self, operation: str) -> float:
        """Give the seconds that it took, or the middle of those of its calls."""
        told = subprocess.run(
            [self._program, operation, self._url, self._folder],
            check=True,
            capture_output=True,
            text=True,
        )
        figures: dict[str, float] = json.loads(told.stdout)
        return figures.get("seconds", figures.get("p50", 0.0))


def _measure(url: str, options: argparse.Namespace) -> int:
    bulk = make(options.folder / "bulk", Recipe(series=2, rows=options.rows // 2))
    features = make(
        options.folder / "features", Recipe(series=2, rows=options.rows // 10, features=20)
    )
    live = make(options.folder / "live", Recipe(series=4, rows=100))
    others = {"data_store": Ours, "psycopg": Psycopg, "SQLAlchemy": SQLAlchemy, "pandas": Pandas}
    times: dict[str, dict[str, list[float]]] = {}
    for _ in range(options.rounds):
        for work, data in (("write", bulk), ("write, 20 features", features), ("write_bar", live)):
            operation = work.split(",")[0]
            for name in ["C", *others]:
                if name == "C":
                    _empty(url)
                    taken = C(options.c, url, data.folder).run(operation)
                elif hasattr(others[name], operation) and not (
                    data.features and name in ("SQLAlchemy", "pandas")
                ):
                    _empty(url)
                    taken = _run(others[name](url), operation, data)
                else:
                    continue
                _verify(url, data)
                times.setdefault(work, {}).setdefault(name, []).append(taken)
        _empty(url)
        store = Ours(url)
        _run(store, "write", bulk)
        for operation in ("rewrite", "read", "latest_bar"):
            for name in ["C", *others]:
                if name == "C":
                    taken = C(options.c, url, bulk.folder).run(
                        "write" if operation == "rewrite" else operation
                    )
                elif (
                    name != "pandas" if operation == "rewrite" else hasattr(others[name], operation)
                ):
                    taken = _run(others[name](url), operation, bulk)
                else:
                    continue
                times.setdefault(operation, {}).setdefault(name, []).append(taken)
        _verify(url, bulk)
    return _report(times)


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE market_data")
    # A checkpoint is a right of its own; without it the server starts one when it likes to.
    if admin := os.environ.get("DATA_STORE_POSTGRESQL_ADMIN"):
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


def _run(contender: Any, operation: str, data: Dataset) -> float:
    """Give the seconds of all series, or the middle of those of the calls."""
    try:
        if operation in ("write", "rewrite"):
            frames = [_frames(data, symbol) for symbol in range(data.series)]
            began = time.perf_counter()
            for symbol, (bars, features) in zip(data.symbols, frames, strict=True):
                contender.write(symbol, bars, features)
            return time.perf_counter() - began
        if operation == "read":
            seconds = 0.0
            for series, symbol in enumerate(data.symbols):
                began = time.perf_counter()
                found = contender.read(symbol)
                seconds += time.perf_counter() - began
                _same(found, data.frame(series))
            return seconds
        calls: list[Callable[[], object]] = []
        if operation == "latest_bar":
            calls = [
                lambda symbol=symbol: contender.latest_bar(symbol) for symbol in data.symbols * 500
            ]
        else:
            frames = [_frames(data, series)[0] for series in range(data.series)]
            for row in range(data.rows):
                for symbol, bars in zip(data.symbols, frames, strict=True):
                    bar = {name: _plain(bars[name].iloc[row]) for name in COLUMNS}
                    moment = bars.index[row].to_pydatetime()
                    calls.append(lambda s=symbol, m=moment, b=bar: contender.write_bar(s, m, b))
        seconds_each = []
        for call in calls:
            began = time.perf_counter()
            call()
            seconds_each.append(time.perf_counter() - began)
        return statistics.median(seconds_each)
    finally:
        contender.close()


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


def _report(times: dict[str, dict[str, list[float]]]) -> int:
    kept = True
    for work, by_name in times.items():
        ours = by_name["data_store"]
        print(f"\n{work}")
        for name, seconds in by_name.items():
            ratio = statistics.median(
                mine / theirs for mine, theirs in zip(ours, seconds, strict=True)
            )
            limit = PROMISES.get((work, name))
            mark = (
                ""
                if limit is None
                else "  kept"
                if ratio <= limit
                else f"  NOT KEPT: at most {limit:.2f}"
            )
            kept = kept and (limit is None or ratio <= limit)
            taken = f"{statistics.median(seconds) * 1e3:10.3f} ms"
            print(f"  {name:12} {taken}   data_store takes {ratio:5.2f} of it{mark}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
