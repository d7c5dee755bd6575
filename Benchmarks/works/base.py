# SPDX-License-Identifier: MIT
"""A work: what each contender does in it, and how that compares with the yardstick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    from bench import Bench, Measured
    from contenders import Entry

BULK = ("c", "ours", "ours-c", "sqlite3", "pandas", "apsw", "adbc", "arcticdb", "c-nomutex")
BY_KEY = ("c", "ours", "ours-c", "sqlite3", "apsw", "c-nomutex")


@dataclass(frozen=True)
class Work:
    """A row of the table.

    Parameters
    ----------
    name, title : str
    target : float
        What `ours` has to reach.
    """

    name: str
    title: str
    target: float

    contenders: ClassVar[tuple[str, ...]] = BULK
    at_most: ClassVar[bool] = False  # else the target is a least
    repeats: ClassVar[int] = 1  # samples a run

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """Do the work once, in a process of its own, and verify what was stored or read."""
        raise NotImplementedError

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Compare a sample with the yardstick's of the same run."""
        raise NotImplementedError

    def shown(self, figure: float) -> str:
        """Give a figure with its unit."""
        return f"{figure:.2f} x"

    def rate(self, bench: Bench, own: Measured) -> str:
        """Give the median sample in a unit of its own; nothing where the figure says it all."""
        return ""

    def is_met(self, figure: float) -> bool:
        """Tell whether a figure reaches the target."""
        return figure <= self.target if self.at_most else figure >= self.target


@dataclass(frozen=True)
class Write(Work):
    """Rows are written, a commit a series, up to the file's being closed.

    Parameters
    ----------
    data : str
        What is written.
    base : str, optional
        What the file holds before.
    operation : str, optional
    """

    data: str = ""
    base: str | None = None
    operation: str = "write"

    @property
    def contenders(self) -> tuple[str, ...]:  # type: ignore[override]
        """Which contenders take part: merging by key needs an UPDATE, which bulk tables lack."""
        return BY_KEY if self.operation == "merge" else BULK

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        data = bench.data(self.data)
        with bench.file(entry, self.base) as path:
            measured = bench.sample(entry, self.operation, path, self.data)
            if entry.folder:
                bench.verify_by_reading(entry, path, self.data)
                return measured
            layers = (self.base, self.data) if self.operation == "merge" else (self.data,)
            features = sum(bench.data(name).features for name in layers if name)
            bench.verify(
                path, data.series * data.rows, features, *(name for name in layers if name)
            )
        return measured

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Speed: how many times as fast as the yardstick."""
        return yardstick["seconds"] / own["seconds"]

    def rate(self, bench: Bench, own: Measured) -> str:
        """Thousand bars a second."""
        data = bench.data(self.data)
        return f"{data.series * data.rows / own['seconds'] / 1000:,.0f} k/s"


@dataclass(frozen=True)
class WriteLevels(Write):
    """Features as users build them: two column levels, qualities as `str`, not all "ready"."""

    @property
    def contenders(self) -> tuple[str, ...]:  # type: ignore[override]
        """The others take features by key, all "ready"."""
        return ("c", "ours", "ours-c")

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        data = bench.data(self.data)
        with bench.file(entry, None) as path:
            operation = "write" if entry.program else "write_levels"
            measured = bench.sample(entry, operation, path, self.data)
            bench.verify(path, data.series * data.rows, data.features, self.data)
        return measured


@dataclass(frozen=True)
class Read(Write):
    """Series are read one after the other; each is verified before the next."""

    operation: str = "read"

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        return bench.sample(entry, self.operation, bench.base(entry, self.data), self.data)


@dataclass(frozen=True)
class Call(Work):
    """Many small calls: the median of their times.

    Parameters
    ----------
    operation : str
    synchronous : str, optional
    """

    operation: str = ""
    synchronous: str = "NORMAL"

    contenders: ClassVar[tuple[str, ...]] = BY_KEY
    at_most: ClassVar[bool] = True
    reads: ClassVar[int] = 20_000
    # A sample takes a second, in which a neighbour on the machine can make all a third slower.
    repeats: ClassVar[int] = 5

    def sample(self, bench: Bench, entry: Entry) -> Measured:
        """See `Work`."""
        if self.operation == "latest_bar":
            path = bench.base(entry, "short")
            return bench.sample(
                entry,
                self.operation,
                path,
                "short",
                count=int(self.reads * min(bench.scale * 10, 1)),
            )
        with bench.file(entry, "short") as path:
            measured = bench.sample(entry, self.operation, path, "live", self.synchronous)
            verify_live(bench, path)
        return measured

    def figure(self, own: Measured, yardstick: Measured) -> float:
        """Give the multiple of the yardstick's time."""
        return own["p50"] / yardstick["p50"]

    def rate(self, bench: Bench, own: Measured) -> str:
        """Microseconds a call."""
        return f"{own['p50'] * 1e6:,.1f} us"


def verify_live(bench: Bench, path: Path) -> None:
    """Compare a file with the short dataset with the live bars after it."""
    rows = sum(data.series * data.rows for data in map(bench.data, ("short", "live")))
    bench.verify(path, rows, 0, "short", "live")
