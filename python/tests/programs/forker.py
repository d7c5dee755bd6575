# SPDX-License-Identifier: MIT
"""Forks while it has a store open; the child opens one of its own: ``forker.py PATH``.

Each line of input lets the next step go; each step says when it is done.
"""

from __future__ import annotations

import os
import sys

from data_store import DataStore


def main(path: str) -> None:
    store = DataStore(path)
    store.state.set("parent", 1)
    wake, waker = os.pipe()
    done, doer = os.pipe()
    child = os.fork()
    if child == 0:
        own = DataStore(path)
        own.state.set("child", [])
        os.write(doer, b".")
        os.read(wake, 1)
        for step in range(100):
            own.state.set("child", [*own.state.get("child"), step])
        own.close()
        os._exit(0)
    os.read(done, 1)
    print("child has written", flush=True)
    sys.stdin.readline()
    store.close()
    print("parent has closed", flush=True)
    sys.stdin.readline()
    os.write(waker, b".")
    _, status = os.waitpid(child, 0)
    print(
        "child has written again" if status == 0 else f"the child ended with {status}", flush=True
    )


main(*sys.argv[1:])
