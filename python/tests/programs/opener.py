# SPDX-License-Identifier: MIT
"""Makes one new store after another until it is killed: ``opener.py DIRECTORY``.

Prints the number of a store once one write to it has returned.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from data_store import DataStore


def main(directory: str) -> None:
    for number in itertools.count():
        with DataStore(Path(directory) / f"{number}.db") as store:
            store.state.set("number", number)
            print(number, flush=True)


main(*sys.argv[1:])
