# SPDX-License-Identifier: MIT
"""call_under_limits.py PATH KIND ROOM...: one call with features and ROOM bytes of address space.

It succeeds or raises a MemoryError (the store's own, or pandas'), and the store goes on. Each room
has a process of its own, forked before any store is open.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
import traceback
from pathlib import Path

import numpy as np
import pandas as pd

from data_store import DataStore

ROWS = 20_000
KEYS = [f"rank@{number}" for number in range(8)]

index = pd.date_range("2030-01-01", periods=ROWS, freq="min", tz="UTC")
numbers = np.arange(ROWS) / 7
bars = pd.DataFrame({"close": numbers}, index=index)
features = pd.DataFrame(dict.fromkeys(KEYS, numbers), index=index)

path, kind = sys.argv[1:3]


def call_with(room: int) -> None:
    symbol = f"room {room}"
    with DataStore(path, durability="normal") as store:
        calls = {
            "read_features": lambda: store.market.read_features("EURUSD", "1m"),
            "values": lambda: store.market.read("EURUSD", "1m", features=True),
            "write": lambda: store.market.write(bars, symbol, "1m", features=features),
        }
        store.market.latest("EURUSD", "1m")
        # What was freed and kept for later would be room beyond the limit.
        ctypes.CDLL(None).malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, before[1]))
        done = False
        with contextlib.suppress(MemoryError):
            calls[kind]()
            done = True
        resource.setrlimit(resource.RLIMIT_AS, before)
        assert len(store.market.read("EURUSD", "1m", limit=10)) == 10
        if kind == "write":
            # All of it or nothing.
            stored = store.market.read(symbol, "1m", features=KEYS)
            assert len(stored) == (ROWS if done else 0)
            assert all((stored[key] == numbers[: len(stored)]).all() for key in KEYS)


for argument in sys.argv[3:]:
    child = os.fork()
    if child == 0:
        try:
            call_with(int(argument))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if status := os.waitpid(child, 0)[1]:
        sys.exit(
            f"{kind} with {argument} bytes of room: status {os.waitstatus_to_exitcode(status)}"
        )
