# SPDX-License-Identifier: MIT
"""What goes into a file: bars of a series, a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...core import DataStore
from ..arrow_in import batches_of
from ..inventory import Series
from ..times import iso_text

__all__ = ["COLUMNS", "Part", "Selected", "parts_of"]

COLUMNS = (
    "symbol", "timeframe", "timestamp", "open", "high", "low", "close", "volume", "source",
    "quality", "is_gap", "latency_sec", "features",
)  # fmt: skip
_ROWS = 20_000


class Selected(NamedTuple):
    """What of a store is exported."""

    store: DataStore
    series: list[Series]
    start: str | None
    end: str | None

    def rows(self, series: Series) -> Any:
        """Give the bars of a series as an `ArrowResult` that can be taken once."""
        return self.store.market.iter_arrow(
            series.symbol, series.timeframe, self.start, self.end, features="json", chunk=_ROWS
        )


class Part(NamedTuple):
    """Bars of a series."""

    symbol: str
    timeframe: str
    length: int
    columns: dict[str, Sequence[Any]]
    """From `timestamp` on, times as text."""


def parts_of(selected: Selected) -> Iterator[Part]:
    """Read what is selected."""
    for series in selected.series:
        for batch in batches_of(selected.rows(series)):
            columns = dict(batch.columns)
            columns["timestamp"] = list(map(iso_text, columns["timestamp"]))
            yield Part(series.symbol, series.timeframe, batch.length, columns)
