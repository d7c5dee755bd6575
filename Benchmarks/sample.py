# SPDX-License-Identifier: MIT
"""One sample of one contender in Python, in a process of its own.

sample.py CONTENDER OPERATION DATABASE SYNCHRONOUS DATA [COUNT]: the operations of c/yardstick.c.
What is read is held against the data, outside the time that is taken. Prints a line of JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from contenders import ENTRIES
from contenders.base import Contender, Expected
from dataset import COLUMNS, Dataset

Measured = dict[str, float]


def write(contender: Contender, data: Dataset, _: int) -> Measured:
    """Write each series in a commit of its own, up to the file's being closed."""
    frames = [data.frame(series) for series in range(data.series)]
    features = [
        data.feature_frame(series) if data.features else None for series in range(data.series)
    ]
    began = time.perf_counter()
    for symbol, bars, columns in zip(data.symbols, frames, features, strict=True):
        contender.write(symbol, bars, columns)
    return _closed(contender, began)


def write_levels(contender: Contender, data: Dataset, _: int) -> Measured:
    """Write each series with features in two column levels."""
    frames = [(data.frame(series), data.feature_columns(series)) for series in range(data.series)]
    began = time.perf_counter()
    for symbol, (bars, features) in zip(data.symbols, frames, strict=True):
        contender.write(symbol, bars, features)
    return _closed(contender, began)


def store(contender: Contender, data: Dataset, _: int) -> Measured:
    """Store a dataset with its qualities, as a base of contenders that keep a folder."""
    for series, symbol in enumerate(data.symbols):
        contender.write(symbol, data.frame(series), None)
        if data.features:
            contender.write_features(symbol, data.feature_columns(series))
    contender.close()
    return {}


def merge(contender: Contender, data: Dataset, _: int) -> Measured:
    """Add a feature to bars that are stored."""
    features = [data.feature_frame(series) for series in range(data.series)]
    began = time.perf_counter()
    for symbol, columns in zip(data.symbols, features, strict=True):
        contender.merge(symbol, columns)
    return _closed(contender, began)


def _closed(contender: Contender, began: float) -> Measured:
    committed = time.perf_counter()
    contender.close()
    return {"committed": committed - began, "seconds": time.perf_counter() - began}


def read(contender: Contender, data: Dataset, _: int) -> Measured:
    """Read series after series."""
    return _reading(contender.read, Expected(data).bars, data)


def read_features(contender: Contender, data: Dataset, _: int) -> Measured:
    """Read the features of series after series."""
    return _reading(contender.read_features, Expected(data).features, data)


def _reading(
    read_series: Callable[[str], pd.DataFrame],
    check: Callable[[int, pd.DataFrame], None],
    data: Dataset,
) -> Measured:
    seconds = 0.0
    for series, symbol in enumerate(data.symbols):
        began = time.perf_counter()
        found = read_series(symbol)
        seconds += time.perf_counter() - began
        check(series, found)
        del found
    return {"seconds": seconds}


def threads(contender: Contender, data: Dataset, _: int) -> Measured:
    """Read all series by one thread, then half of them by each of two."""
    check = Expected(data).bars
    check(0, contender.read(data.symbols[0]))  # what a first read sets up

    def read_some(symbols: list[str]) -> None:
        for symbol in symbols:
            contender.read(symbol)

    half = data.series // 2
    began = time.perf_counter()
    read_some(data.symbols[: 2 * half])
    alone = time.perf_counter()
    parts = data.symbols[:half], data.symbols[half : 2 * half]
    readers = [threading.Thread(target=read_some, args=(part,)) for part in parts]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return {"one": alone - began, "two": time.perf_counter() - alone}


def stream(contender: Contender, data: Dataset, _: int) -> Measured:
    """Rewrite the bars of one series over and over, 1,000 a commit, until SIGTERM."""
    frames = [data.frame(series) for series in range(data.series)]
    batches = [
        frame.iloc[first : first + 1000] for frame in frames for first in range(0, data.rows, 1000)
    ]
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    commits = 0
    while not stopped:
        contender.write("WRITER", batches[commits % len(batches)], None)
        commits += 1
        if commits == 1:
            print("writing", flush=True)
    return {"commits": commits}


# ---- One bar at a time ----------------------------------------------------------------------


def _live_bars(data: Dataset) -> list[tuple[str, pd.Timestamp, dict[str, Any]]]:
    """Give the bars of the data time by time, as a market does; NaN as None.

    Their keys are those of COLUMNS, as a feed names columns in its source: pandas gives each frame
    names of its own, which Python compares letter by letter.
    """
    frames = [data.frame(series)[COLUMNS].to_dict("records") for series in range(data.series)]
    bars = []
    for row, moment in enumerate(data.index):
        for symbol, records in zip(data.symbols, frames, strict=True):
            record = records[row]
            bar = {name: None if record[name] != record[name] else record[name] for name in COLUMNS}
            bars.append((symbol, moment, bar))
    return bars


def write_bar(contender: Contender, data: Dataset, _: int) -> Measured:
    """Write bars one by one, a commit for each."""
    seconds = []
    for symbol, moment, bar in _live_bars(data):
        began = time.perf_counter()
        contender.write_bar(symbol, moment, bar)
        seconds.append(time.perf_counter() - began)
    return {"p50": median(seconds)}


def one_row(contender: Contender, data: Dataset, _: int) -> Measured:
    """Write every other bar as a DataFrame of one row, the ones between as a bare bar."""
    frames = dict(zip(data.symbols, map(data.frame, range(data.series)), strict=True))
    seconds: dict[str, list[float]] = {"frame": [], "bar": []}
    for call, (symbol, moment, bar) in enumerate(_live_bars(data)):
        row = call // data.series
        if row % 2:
            began = time.perf_counter()
            contender.write_bar(symbol, moment, bar)
            seconds["bar"].append(time.perf_counter() - began)
        else:
            frame = frames[symbol].iloc[row : row + 1].copy()
            began = time.perf_counter()
            contender.write(symbol, frame, None)
            seconds["frame"].append(time.perf_counter() - began)
    return {name: median(values) for name, values in seconds.items()}


def latest_bar(contender: Contender, data: Dataset, count: int) -> Measured:
    """Read the newest bar of series after series."""
    check = Expected(data).latest
    seconds = []
    for call in range(count):
        symbol = data.symbols[call % data.series]
        began = time.perf_counter()
        found = contender.latest_bar(symbol)
        seconds.append(time.perf_counter() - began)
        if call < data.series:
            check(call, found)
    return {"p50": median(seconds)}


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        write, write_levels, store, merge, read, read_features, threads, stream, write_bar,
        one_row, latest_bar,
    )
}  # fmt: skip


def main() -> None:
    """Take one sample."""
    name, operation, path, synchronous, folder, *rest = sys.argv[1:]
    contender = ENTRIES[name].load()(path, synchronous)
    data = Dataset(Path(folder))
    measured = OPERATIONS[operation](contender, data, int(rest[0]) if rest else 0)
    contender.close()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
