# SPDX-License-Identifier: MIT
"""Backs a store up until it is killed: ``copier.py PATH TARGET``; prints each finished round."""

from __future__ import annotations

import itertools
import sys

from data_store import DataStore


def main(path: str, target: str) -> None:
    with DataStore(path) as store:
        for number in itertools.count():
            store.backup(target, overwrite=number > 0)
            print(number, flush=True)


main(*sys.argv[1:])
