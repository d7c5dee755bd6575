# SPDX-License-Identifier: MIT
"""Writes without end: ``hog.py PATH``.

Prints ``held`` within a transaction; at the first line of input it commits, and commits on without
a pause, one more in ``counter`` each time, until the next line; then prints how many they were.
"""

from __future__ import annotations

import sys
import threading

from data_store import DataStore


def main(path: str) -> None:
    told_to_end = threading.Event()

    def listen() -> None:
        sys.stdin.readline()
        told_to_end.set()

    with DataStore(path, durability="normal", timeout=60) as store:
        with store.transaction():
            store.state.set("counter", 0)
            print("held", flush=True)
            sys.stdin.readline()
        threading.Thread(target=listen, daemon=True).start()
        commits = 0
        while not told_to_end.is_set():
            commits += 1
            store.state.set("counter", commits)
    print(commits, flush=True)


main(*sys.argv[1:])
