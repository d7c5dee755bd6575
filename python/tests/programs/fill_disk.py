# SPDX-License-Identifier: MIT
"""Fills a small disk with a store, makes room, goes on: ``fill_disk.py FOLDER DURABILITY``.

Prints how many batches were acknowledged before the disk was full.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pandas as pd

from data_store import DataStore
from data_store.errors import StorageError

ROWS = 200
RESERVE = 1_000_000
SQLITE_FULL = 13


def batch() -> pd.DataFrame:
    index = pd.date_range("2026-03-01T15:00", periods=ROWS, freq="1h", tz="UTC")
    return pd.DataFrame({"open": 1.0, "close": 2.0, "source": "feed"}, index=index)


def stored(store: DataStore) -> list[str]:
    series = store.market.series()
    assert set(series["bars"]) <= {ROWS}
    return series["symbol"].tolist()


def fill(store: DataStore) -> list[str]:
    """Write batches until one fails; the symbols of those that were acknowledged."""
    acknowledged: list[str] = []
    while True:
        symbol = f"S{len(acknowledged):05}"
        try:
            store.market.write(batch(), symbol, "1h")
        except StorageError as error:
            if error.sqlite_code & 0xFF != SQLITE_FULL:
                raise
            return acknowledged
        acknowledged.append(symbol)


def main(folder: str, durability: Any) -> None:
    reserve = os.path.join(folder, "reserve")
    with open(reserve, "wb") as file:
        file.write(bytes(RESERVE))
    with DataStore(os.path.join(folder, "market.db"), durability=durability) as store:
        acknowledged = fill(store)
        assert stored(store) == acknowledged
        assert os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize < RESERVE
        os.remove(reserve)
        store.market.write(batch(), "after", "1h")
        assert store.check() == []
    with DataStore(os.path.join(folder, "market.db")) as store:
        assert stored(store) == sorted([*acknowledged, "after"])
        assert store.check() == []
    print(len(acknowledged))


if __name__ == "__main__":
    main(*sys.argv[1:])
