# SPDX-License-Identifier: MIT
"""Measure what one session does on a PostgreSQL server: the table of rates in docs/postgresql.md.

Each line is the median of several runs, or of many calls. `--write` puts the table into the page.

    make bench-postgresql-rates            or, into the page, with WRITE=--write
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import pandas as pd
import psycopg

import pages
from data_store import DataStore
from dataset import COLUMNS, FIRST, MINUTE, QUALITIES, SOURCES, TIMEFRAME

PAGE = pages.DOCS / "postgresql.md"
MARK = "rates"
SCHEMA = "data_store_rates"
ROWS, MANY = 100_000, 1_000


def main() -> int:
    """Measure, print the table, and write it into the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("DATA_STORE_POSTGRESQL"))
    parser.add_argument("--runs", type=int, default=5, help="of what takes long")
    parser.add_argument("--calls", type=int, default=1_000, help="of what is short")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    options = parser.parse_args()
    if not options.url:
        parser.error("name a server with --url, or in DATA_STORE_POSTGRESQL")
    with psycopg.connect(options.url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            mark = "&" if "?" in options.url else "?"
            url = f"{options.url}{mark}options=-csearch_path%3D{SCHEMA}"
            lines = [*_rates(url, options.runs, options.calls)]
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    table = "| | |\n|---|---:|\n" + "".join(f"| {what} | {rate} |\n" for what, rate in lines)
    print(table, end="")
    if options.write:
        pages.put(PAGE, table.rstrip("\n"), MARK)
    return 0


def _bars(rows: int, first: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(1)
    index = pd.to_datetime(FIRST + MINUTE * (first + np.arange(rows)), utc=True, unit="ns")
    frame = pd.DataFrame(random.normal(100, 1, (rows, 5)), index, COLUMNS[:5])
    frame["source"] = random.choice(SOURCES, rows)
    frame["quality"] = random.choice(QUALITIES, rows)
    frame["is_gap"] = random.random(rows) < 0.01
    frame["latency_sec"] = random.random(rows)
    return frame


def _median(call: Callable[[], object], times: int) -> float:
    """Give the median of the seconds of a call."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _rate(rows: int, seconds: float) -> str:
    return f"{round(rows / seconds, -2):,.0f} bars/s"


def _short(*seconds: float) -> str:
    return "; ".join(f"{each * 1e3:.2f} ms" for each in seconds)


def _rates(url: str, runs: int, calls: int) -> Iterator[tuple[str, str]]:
    bars = _bars(ROWS)
    features = pd.DataFrame(
        np.random.default_rng(2).random((ROWS, 3)), bars.index, ["a@1", "b@1", "c@1"]
    )
    names = (f"S{number:06d}" for number in count())
    with DataStore(url) as store, DataStore(url, durability="normal") as quick:
        market = store.market
        written = _median(lambda: market.write(bars, next(names), TIMEFRAME), runs)
        yield "a frame of 100,000 bars with 9 columns", _rate(ROWS, written)
        market.write(bars, "BARS", TIMEFRAME)
        again = _median(lambda: market.write(bars, "BARS", TIMEFRAME), runs)
        yield "that frame again, unchanged", _rate(ROWS, again)
        written = _median(
            lambda: market.write(bars, next(names), TIMEFRAME, features=features), runs
        )
        yield "such a frame with three features", _rate(ROWS, written)
        market.write(bars, "FEATURES", TIMEFRAME, features=features)
        again = _median(lambda: market.write(bars, "FEATURES", TIMEFRAME, features=features), runs)
        yield "that frame again, unchanged", _rate(ROWS, again)

        minutes = iter(range(10 * runs))
        symbols = [f"M{number:04d}" for number in range(MANY)]
        frames = iter(
            [
                _bars(1, minute)
                .loc[lambda bar: bar.index.repeat(MANY)]
                .assign(symbol=symbols, timeframe=TIMEFRAME)
                for minute in minutes
            ]
        )
        taken = _median(lambda: market.write(next(frames), None, None), 10 * runs)
        yield f"one bar of each of {MANY:,} symbols in a frame", _short(taken)

        live = _bars(calls)
        taken_by = []
        for one, name in ((store, "LIVE"), (quick, "QUICK")):
            rows = iter(live.to_dict("index").items())

            def write_bar(one=one, name=name, rows=rows) -> None:  # type: ignore[no-untyped-def]
                moment, bar = next(rows)
                one.market.write_bar(name, TIMEFRAME, moment.to_pydatetime(), **bar)

            taken_by.append(_median(write_bar, calls))
        yield "a live bar, `full`; `normal`", _short(*taken_by)

        yield (
            "`read`, 100,000 bars",
            _rate(ROWS, _median(lambda: market.read("BARS", TIMEFRAME), runs)),
        )
        taken = _median(lambda: market.latest("BARS", TIMEFRAME, 200), calls // 4)
        yield "the last 200 bars", _short(taken)
        taken = _median(lambda: market.latest(symbols[:100], TIMEFRAME, 10), calls // 10)
        yield "the last 10 bars of 100 symbols", _short(taken)
        taken = _median(
            lambda: market.latest(symbols[:500], TIMEFRAME, 1, columns=[], features=True),
            calls // 10,
        )
        yield "the newest bar's features of 500 symbols", _short(taken)
        taken = _median(lambda: market.latest_bar("BARS", TIMEFRAME), calls)
        yield "`latest_bar`", _short(taken)
        store.state.set("key", {"phase": "long", "size": 3})
        taken = _median(lambda: store.state.get("key"), calls)
        values = count()
        both = [
            _median(lambda one=one: one.state.set("key", next(values)), calls)  # type: ignore[misc]
            for one in (store, quick)
        ]
        yield "`state.get`", _short(taken)
        yield "`state.set`, `full`; `normal`", _short(*both)


if __name__ == "__main__":
    sys.exit(main())
