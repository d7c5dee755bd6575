# SPDX-License-Identifier: MIT
"""Writers that go on through any fault, and remember what was acknowledged."""

from __future__ import annotations

import itertools
import threading

from frames import TIMEFRAME, bars

from data_store import DataStore, DataStoreError
from data_store.errors import BusyError, ClosedError, StorageError


class Writers:
    """Threads, each with a store of its own: each counts in a bar of its own until told to end."""

    def __init__(self, url: str, count: int) -> None:
        self.acknowledged = [0] * count
        self.errors: list[Exception] = []
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(url, number)) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def await_more(self, each: int) -> None:
        """Until each has so many more calls acknowledged."""
        goals = [made + each for made in self.acknowledged]
        while any(made < goal for made, goal in zip(self.acknowledged, goals, strict=True)):
            assert all(thread.is_alive() for thread in self._threads), self.errors
            self._ends.wait(0.005)

    def end(self) -> None:
        """Returns when each has ended the call that it is in."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _write(self, url: str, number: int) -> None:
        frame = bars(1)
        with DataStore(url, timeout=5) as store:
            for value in itertools.count(1):
                while not self._ends.is_set():
                    try:
                        frame["close"] = float(value)
                        store.market.write(frame, f"W{number}", TIMEFRAME)
                        self.acknowledged[number] = value
                        break
                    except DataStoreError as error:
                        if not isinstance(error, StorageError | ClosedError | BusyError):
                            raise
                        self.errors.append(error)
                        self._ends.wait(0.02)
                else:
                    return

    def nothing_is_lost(self, store: DataStore) -> None:
        """What was acknowledged is there, or the next one, whose call was cut short."""
        for number, value in enumerate(self.acknowledged):
            found = store.market.latest_bar(f"W{number}", TIMEFRAME)
            assert found is not None
            assert found.close is not None
            assert value <= found.close <= value + 1, f"W{number}: {found.close} after {value}"
