# SPDX-License-Identifier: MIT
"""Raises registers, and keeps journals: ``soak_writer.py PATH JOURNALS LIFE DURABILITY SEED
COMMITS SECONDS NAME...``, a thread for each NAME, all on one store.

Prints ``opening``, then ``ready`` once each thread knows where its registers stand, begins at the
first line of input, ends when each thread has made so many commits and so many seconds have gone
by, prints ``done``. LIFE tells the journals of a process from those of the one that it succeeds.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import registers
from journal import Journal, now

from data_store import DataStore


class Writer:
    """One thread's registers, and those that it shares with all others."""

    def __init__(self, store: DataStore, name: str, journal: Journal, seed: str) -> None:
        self._store, self._name, self._journal = store, name, journal
        self._dice = random.Random(f"{seed} {name}")
        self._versions: dict[str, int] = {}
        for read in registers.THOROUGH_READS:
            found = journal.look(lambda read=read: read(store, [name]))
            self._versions |= {register: versions[0] for register, versions in found.items()}

    def commit(self) -> None:
        """One commit of a kind that the dice choose."""
        kind = self._dice.choice([*registers.OWN, "live", "counter", "counter", "sequence"])
        if kind == "counter":
            self._count()
        elif kind == "sequence":
            self._continue_sequence()
        else:
            self._raise(kind)

    def _raise(self, kind: str) -> None:
        register = f"{kind}.{self._name}"
        version = self._versions[register] + 1
        self._journal.tried(register, version, now())
        registers.OWN[kind](self._store, self._name, version)
        self._journal.acknowledged()
        self._versions[register] = version

    def _count(self) -> None:
        while True:
            value = self._store.state.get("counter")
            version = (value or 0) + 1
            self._journal.tried("counter", version, now())
            if self._store.state.compare_and_set("counter", value, version):
                self._journal.acknowledged()
                return
            self._journal.refused()

    def _continue_sequence(self) -> None:
        began = now()
        with self._store.transaction():
            version = self._store.state.get("sequence", 0) + 1
            self._journal.tried("sequence", version, began)
            registers.write_sequence(self._store, version)
        self._journal.acknowledged()


def each(writers: list[Writer], action: Callable[[Writer], None]) -> None:
    """Runs `action` for each writer in a thread of its own; raises what one of them raised."""
    errors: list[BaseException] = []

    def run(writer: Writer) -> None:
        try:
            action(writer)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main(
    path: str, journals: str, life: str, durability: str, seed: str, commits: str, seconds: str,
    *names: str,
) -> None:  # fmt: skip
    print("opening", flush=True)
    with DataStore(path, durability=durability, timeout=60) as store:
        writers = [
            Writer(store, name, Journal(Path(journals) / f"{name}.{life}"), seed) for name in names
        ]
        print("ready", flush=True)
        sys.stdin.readline()
        end = time.monotonic() + float(seconds)

        def work(writer: Writer) -> None:
            made = 0
            while made < int(commits) or time.monotonic() < end:
                writer.commit()
                made += 1

        each(writers, work)
    print("done", flush=True)


main(*sys.argv[1:])
