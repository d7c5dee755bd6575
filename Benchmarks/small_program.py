# SPDX-License-Identifier: MIT
"""A small program, measured from within: what data_store takes beyond a bare interpreter.

``small_program.py NAME PATH`` prints milliseconds and megabytes as JSON. Run it with a Python that
has no other package installed: `memory.py` does.
"""

import json
import sys
import time

# What the interpreter has not loaded by itself counts as data_store's.
from datetime import UTC, datetime, timedelta

HOUR = datetime(2026, 3, 1, 15, tzinfo=UTC)
BARS = 1_000


def resident() -> float:
    """Give this process's memory in MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))


def fill(path: str) -> None:
    """Make the file that the programs use."""
    from data_store import DataStore

    with DataStore(path, durability="normal") as store, store.transaction():
        store.state.set("phase", {"side": "long", "since": 5})
        for row in range(BARS):
            store.market.write_bar("EURUSD", "1h", HOUR + timedelta(hours=row), close=row / 8)


def state(path: str) -> None:
    """Read a state value."""
    from data_store import DataStore

    assert DataStore(path).state.get("phase")["side"] == "long"


def live(path: str) -> None:
    """Write a bar, and read it."""
    from data_store import DataStore

    market = DataStore(path).market
    market.write_bar("EURUSD", "1h", HOUR + timedelta(hours=BARS), close=1.5, source="feed")
    assert market.latest_bar("EURUSD", "1h").close == 1.5


def arrow(path: str) -> None:
    """Read a thousand bars as a table of Arrow."""
    from data_store import DataStore

    result = DataStore(path).market.read_arrow("EURUSD", "1h", features=True)
    assert result.__arrow_c_stream__() is not None


def main() -> None:
    """Run one of them."""
    name, path = sys.argv[1:]
    if name == "fill":
        fill(path)
        return
    before, began = resident(), time.perf_counter()
    globals()[name](path)
    seconds, grown = time.perf_counter() - began, resident() - before
    print(json.dumps({"ms": seconds * 1000, "mb": grown}))


main()
