# SPDX-License-Identifier: MIT
"""Opens a store and writes: ``hard_link.py PATH``. Prints what came of it."""

from __future__ import annotations

import sys

from data_store import DataStore, DataStoreError

try:
    with DataStore(sys.argv[1]) as store:
        store.state.set("other", 1)
    print("written", flush=True)
except DataStoreError as error:
    print(f"{type(error).__name__}: {error}", flush=True)
