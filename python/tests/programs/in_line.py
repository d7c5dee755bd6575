# SPDX-License-Identifier: MIT
"""Waits for its turn to write: ``in_line.py PATH``.

Prints ``ready`` once its store is open, begins a transaction at the first line of input, prints the
``counter`` that it finds in it.
"""

from __future__ import annotations

import sys

from data_store import DataStore


def main(path: str) -> None:
    with DataStore(path, durability="normal", timeout=60) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        with store.transaction():
            print(store.state.get("counter", 0), flush=True)


main(*sys.argv[1:])
