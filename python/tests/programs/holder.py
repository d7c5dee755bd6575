# SPDX-License-Identifier: MIT
"""Holds a transaction open: ``holder.py PATH``.

Prints ``held``; at the input ``commit`` it commits, at ``rollback`` it rolls back; then ``free``.
"""

from __future__ import annotations

import sys

from data_store import DataStore


class RollbackError(Exception):
    """Leaves the transaction without a commit."""


def main(path: str) -> None:
    with DataStore(path) as store:
        try:
            with store.transaction():
                store.state.set("holder", "was here")
                print("held", flush=True)
                if sys.stdin.readline().strip() != "commit":
                    raise RollbackError
        except RollbackError:
            pass
        print("free", flush=True)
        sys.stdin.readline()


main(*sys.argv[1:])
