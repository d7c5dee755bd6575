# SPDX-License-Identifier: MIT
"""Works in which data_store is measured against itself: frames, threads, a writer beside, the WAL.

The yardstick takes part where it can, to show what the machine has to give.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .base import Call, Work, verify_live

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench import Bench, Measured
    from contenders import Entry


@dataclass(frozen=True)
class OneRow(Work):
    """A DataFrame of one row and a bare bar, in turn."""

    contenders: ClassVar[tuple[str, ...]] = ("ours",)
    at_most: ClassVar[bool] = True
    repeats: ClassVar[int] = Call.repeats

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        with bench.file(entry, "short") as path:
            measured = bench.sample(entry, "one_row", path, "live", "NORMAL")
            verify_live(bench, path)
        return measured

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Microseconds that a frame costs above a bare bar."""
        return (own["frame"] - own["bar"]) * 1e6

    def shown(self, figure: float) -> str:
        """See `Work`."""
        return f"{figure:.0f} us"

    def rate(self, bench: Bench, own: Measured) -> str:
        """Microseconds a call."""
        return f"{own['frame'] * 1e6:,.0f} us"


@dataclass(frozen=True)
class Threads(Work):
    """All series read by one thread, then half of them by each of two."""

    contenders: ClassVar[tuple[str, ...]] = ("c", "ours", "c-nomutex")

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        return bench.sample(entry, "threads", bench.base(entry, "bars"), "bars")

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Speed of two threads to that of one."""
        return own["one"] / own["two"]


@dataclass(frozen=True)
class BesideWriter(Work):
    """All series read alone, then while another process rewrites another series."""

    contenders: ClassVar[tuple[str, ...]] = ("c", "ours", "c-nomutex")

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        with bench.file(entry, "bars") as path:
            alone = bench.sample(entry, "read", path, "bars")
            with bench.writing(entry, path, "short"):
                beside = bench.sample(entry, "read", path, "bars")
        return {"alone": alone["seconds"], "beside": beside["seconds"]}

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Speed beside the writer to that alone."""
        return own["alone"] / own["beside"]


@dataclass(frozen=True)
class WalGrowth(Work):
    """Bytes that the WAL grows by when bars are written, and when the same are written again.

    A reader that holds the file as it was keeps every frame in the WAL, so its size tells all
    that was written. The times of this are of no interest.
    """

    contenders: ClassVar[tuple[str, ...]] = ("c", "ours")
    at_most: ClassVar[bool] = True

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        with bench.file(entry, None) as path:
            empty = bench.data("live")
            bench.sample(entry, "write", path, "live")
            with _held(path):
                wal = Path(f"{path}-wal")
                before = wal.stat().st_size
                bench.sample(entry, "write", path, "short")
                first = wal.stat().st_size - before
                bench.sample(entry, "write", path, "short")
                again = wal.stat().st_size - before - first
            short = bench.data("short")
            rows = empty.series * empty.rows + short.series * short.rows
            bench.verify(path, rows, 0, "live", "short")
        if first <= 0:
            raise AssertionError("the first write left nothing in the WAL")
        return {"first": first, "again": again}

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Percent of the first write's bytes."""
        return 100 * own["again"] / own["first"]

    def shown(self, figure: float) -> str:
        """See `Work`."""
        return f"{figure:.2f} %"


_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM market_data").fetchone()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep a reader of this snapshot, in a process of its own."""
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != "held\n":
            raise RuntimeError("the reader that keeps the WAL did not start")
        yield
        holder.communicate()
