# SPDX-License-Identifier: MIT
"""Reads registers, keeps a journal: ``soak_reader.py PATH JOURNALS NAME ACCESS SEED WRITER...``.

ACCESS is ``read-only`` or ``read-write``. Prints ``ready`` once its store is open, begins at the
first line of input, ends at the next, prints ``done``.
"""

from __future__ import annotations

import random
import sys
import threading
from pathlib import Path

from journal import Journal
from registers import any_read

from data_store import DataStore


def main(path: str, journals: str, name: str, access: str, seed: str, *names: str) -> None:
    with DataStore(path, read_only=access == "read-only") as store:
        journal, dice = Journal(Path(journals) / name), random.Random(f"{seed} {name}")
        print("ready", flush=True)
        sys.stdin.readline()
        told_to_end = threading.Event()

        def listen() -> None:
            sys.stdin.readline()
            told_to_end.set()

        threading.Thread(target=listen, daemon=True).start()
        while not told_to_end.is_set():
            journal.look(lambda: any_read(store, names, dice))
    print("done", flush=True)


main(*sys.argv[1:])
