# SPDX-License-Identifier: MIT
"""Does one task `count` times: ``worker.py PATH TASK NAME COUNT``.

Prints ``ready`` once its store is open, begins at the first line of input, prints ``done``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pandas as pd

from data_store import DataStore

START = pd.Timestamp("2026-03-01T15:00:00Z")
INDEX = pd.date_range(START, periods=10, freq="1h", unit="ns")


def own_bars(store: DataStore, name: str, step: int) -> None:
    """A batch of ten bars in a series of its own."""
    frame = pd.DataFrame({"close": [float(step)] * 10}, index=INDEX + step * pd.Timedelta("10h"))
    store.market.write(frame, name, "1h")


def same_bars(store: DataStore, name: str, step: int) -> None:
    """The same ten bars as all other workers, all with one value of its own."""
    frame = pd.DataFrame({"close": [float(step)] * 10, "source": name}, index=INDEX)
    store.market.write(frame, "shared", "1h")


def features(store: DataStore, name: str, step: int) -> None:
    """A feature of its own, new in each step, in the ten bars that all workers write."""
    frame = pd.DataFrame({f"{name}_{step}@1": [float(step)] * 10}, index=INDEX)
    store.market.write_features(frame, "shared", "1h")


def counter(store: DataStore, name: str, step: int) -> None:
    """Adds one to a counter that all workers share."""
    while True:
        value = store.state.get("counter")
        if store.state.compare_and_set("counter", value, (value or 0) + 1):
            return


def transactions(store: DataStore, name: str, step: int) -> None:
    """Adds one by reading and writing in one transaction."""
    with store.transaction():
        store.state.set("counter", store.state.get("counter", 0) + 1)


def requests(store: DataStore, name: str, step: int) -> None:
    """Records a request, now, under a key that all workers use."""
    store.market.record_request(
        "shared", "1h", provider_used=name, start_ts=START, end_ts=START, gap_count=step
    )


TASKS: dict[str, Callable[[DataStore, str, int], None]] = {
    task.__name__: task for task in (own_bars, same_bars, features, counter, transactions, requests)
}


def main(path: str, task: str, name: str, count: str) -> None:
    with DataStore(path, timeout=60) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        for step in range(int(count)):
            TASKS[task](store, name, step)
    print("done", flush=True)


main(*sys.argv[1:])
