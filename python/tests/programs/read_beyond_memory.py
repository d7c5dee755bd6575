# SPDX-License-Identifier: MIT
"""read_beyond_memory.py PATH KIND ROWS: reads more than fits, then what fits, then all of it."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

import pytest

from data_store import DataStore, errors

# Less than the columns of all rows take, and enough for SQLite and for Python's own objects.
ROOM = 12_000_000

READS = {
    "read": lambda store: store.market.read("EURUSD", "1m"),
    "read_features": lambda store: store.market.read_features("EURUSD", "1m"),
    "json": lambda store: store.market.read("EURUSD", "1m", features="json"),
    "sql": lambda store: store.sql("SELECT symbol, timestamp, close, features FROM market_data"),
}

path, kind, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
with DataStore(path) as store:
    store.market.latest("EURUSD", "1m")
    # What was freed and kept for later would be room beyond the limit.
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, before[1]))
    with pytest.raises(errors.OutOfMemoryError, match="memory") as caught:
        READS[kind](store)
    assert isinstance(caught.value, MemoryError)
    first = store.market.read("EURUSD", "1m", limit=10)["close"].tolist()
    assert first == [row / 3 for row in range(10)]
    store.state.set("after", kind)
    resource.setrlimit(resource.RLIMIT_AS, before)
    assert len(READS[kind](store)) == rows
    assert store.state.get("after") == kind
