# SPDX-License-Identifier: MIT
"""Writes numbered batches until it is killed: ``writer.py PATH DURABILITY KIND FIRST``.

Prints the number of a batch once its call has returned: that batch is acknowledged.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import pandas as pd

from data_store import DataStore

START = pd.Timestamp("2000-01-01T00:00:00Z")
ROWS = 20


def batch_bars(store: DataStore, number: int) -> None:
    """Twenty new bars with a feature each."""
    index = pd.date_range(START + number * ROWS * pd.Timedelta("1min"), periods=ROWS, freq="1min")
    frame = pd.DataFrame({"close": float(number), "volume": float(number)}, index=index)
    features = pd.DataFrame({"batch@1": [number] * ROWS}, index=index)
    store.market.write(frame, "killed", "1min", features=features)


def batch_rewrite(store: DataStore, number: int) -> None:
    """The same twenty bars again and again."""
    index = pd.date_range(START, periods=ROWS, freq="1min")
    frame = pd.DataFrame({"close": float(number), "volume": float(number)}, index=index)
    features = pd.DataFrame({"batch@1": [number] * ROWS}, index=index)
    store.market.write(frame, "killed", "1min", features=features)


def batch_live(store: DataStore, number: int) -> None:
    """One bar at a time, without a frame."""
    stamp = START + number * pd.Timedelta("1min")
    features = {"batch@1": {"value": number, "quality": "ready"}}
    store.market.write_bar("killed", "1min", stamp, close=float(number), features=features)


def batch_state(store: DataStore, number: int) -> None:
    """Twenty keys at once, and the checkpoint now and then."""
    store.state.set_many({f"key{position}": [number] for position in range(ROWS)})
    if number % 50 == 49:
        store.checkpoint()


def batch_transaction(store: DataStore, number: int) -> None:
    """Both repos in one transaction."""
    with store.transaction():
        batch_live(store, number)
        store.state.set("last", number)


KINDS: dict[str, Callable[[DataStore, int], None]] = {
    "bars": batch_bars,
    "rewrite": batch_rewrite,
    "live": batch_live,
    "state": batch_state,
    "transaction": batch_transaction,
}


def main(path: str, durability: str, kind: str, first: str) -> None:
    with DataStore(path, durability=durability) as store:
        for number in itertools.count(int(first)):
            KINDS[kind](store, number)
            print(number, flush=True)


main(*sys.argv[1:])
