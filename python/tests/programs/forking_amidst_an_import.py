# SPDX-License-Identifier: MIT
"""Forks while another thread imports what a call takes; the child makes the same call.

``forking_amidst_an_import.py PATH``: prints each module and how the child ended.
"""

from __future__ import annotations

import faulthandler
import importlib.abc
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from data_store import DataStore

PATIENCE = 60.0  # seconds, after which the child tells where it hangs
CALLS: dict[str, Callable[[DataStore], object]] = {
    "data_store._frames": lambda store: store.market.series(),
    "data_store._sql": lambda store: store.sql("SELECT 1"),
    "data_store._timestamps": lambda store: store.info(),
    "data_store.market_repo": lambda store: store.market,
    "data_store.state_repo": lambda store: store.state,
}


class Slow(importlib.abc.MetaPathFinder):
    """Holds the import of one module until the process is about to fork."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.importing, self.forking = threading.Event(), threading.Event()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == self.name and not self.forking.is_set():
            self.importing.set()
            self.forking.wait()
            time.sleep(0.1)  # a fork that does not wait is done before
        return None


def fork_amidst(name: str, path: str) -> int:
    """The status with which a child ends that was forked while `name` was being imported."""
    slow = Slow(name)
    sys.meta_path.insert(0, slow)
    with DataStore(path) as store:
        store.checkpoint()
        thread = threading.Thread(target=CALLS[name], args=(store,))
        thread.start()
        slow.importing.wait()
        os.register_at_fork(before=slow.forking.set)  # runs before those registered earlier
        child = os.fork()
        if child == 0:
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            with DataStore(path) as own:
                CALLS[name](own)
            os._exit(0)
        thread.join()
        return os.waitpid(child, 0)[1]


def main(path: str) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork() beside threads
    for name in CALLS:
        if name == "data_store._timestamps" and path.startswith("postgresql:"):
            continue  # a server has no last checkpoint to tell of
        assert name not in sys.modules, f"{name} is imported too early"
        child = os.fork()  # a process that has imported nothing yet
        if child == 0:
            print(f"{name}: {fork_amidst(name, path)}", flush=True)
            os._exit(0)
        os.waitpid(child, 0)


main(sys.argv[1])
