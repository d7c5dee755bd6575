# SPDX-License-Identifier: MIT
"""What a file gives: chunks of bars of one series, and rows that cannot be read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["NUMBERS", "TEXTS", "Chunk", "Piece", "Refused", "Source"]

NUMBERS = ("open", "high", "low", "close", "volume", "latency_sec")
TEXTS = ("source", "quality")


class Refused(NamedTuple):
    """A row that cannot be stored."""

    place: str
    """Such as "line 7"."""
    reason: str


@dataclass
class Chunk:
    """Bars of one series, in the file's order."""

    symbol: str
    timeframe: str
    columns: dict[str, array[Any] | list[str | None]]
    """As `ColumnTable` takes them, `timestamp` among them; `features` is JSON text."""
    places: list[str] | None = None
    """Where each row stands, if that is told."""

    @property
    def times(self) -> array[int]:
        """Nanoseconds since 1970, UTC."""
        times = self.columns["timestamp"]
        assert isinstance(times, array)
        return times

    def __len__(self) -> int:
        return len(self.columns["timestamp"])

    def picked(self, rows: list[int]) -> Chunk:
        """Give some of the rows, in their order."""
        if len(rows) == len(self):
            return self
        columns: dict[str, array[Any] | list[str | None]] = {}
        for name, values in self.columns.items():
            some = [values[row] for row in rows]
            columns[name] = array(values.typecode, some) if isinstance(values, array) else some
        places = self.places and [self.places[row] for row in rows]
        return Chunk(self.symbol, self.timeframe, columns, places)


Piece: TypeAlias = "Chunk | Refused"


@dataclass
class Source(ABC):
    """A file that is open.

    Parameters
    ----------
    name : str
        As the user named it.
    kind : str
        What it is, in words.
    """

    name: str
    kind: str
    notes: list[str] = field(default_factory=list)
    """What the user should know: columns that are left out, for one."""
    size: int | None = None
    """How much there is to read, in some unit of the source's own."""
    done: int = 0
    """How much of it was read."""

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """Give the bars, and the rows that cannot be read, in the file's order."""

    def state(self) -> Mapping[str, Any]:
        """Give state values, of sources that have any."""
        return {}

    def requests(self) -> list[dict[str, Any]]:
        """Give recorded requests, of sources that have any; times are ISO 8601 text."""
        return []

    def close(self) -> None:  # noqa: B027 - most sources have nothing to close
        """Close what is open."""
