# SPDX-License-Identifier: MIT
"""Another data_store file."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from math import nan
from typing import Any

from ...core import DataStore
from ..arrow_in import Batch, batches_of
from ..inventory import requests_of, series_of
from .chunk import NUMBERS, Chunk, Piece, Source
from .naming import Wishes, none_of

__all__ = ["StoreFile", "columns_of"]

_ROWS = 50_000


class StoreFile(Source):
    """A store that is read: bars, features, state and requests.

    Parameters
    ----------
    path : str
        The file.
    wishes : Wishes
        `symbol` and `timeframe` choose series; with either of them state and requests stay out.
    start, end : str, optional
        Inclusive bounds, as for `read`.
    """

    def __init__(
        self, path: str, wishes: Wishes, start: str | None = None, end: str | None = None
    ) -> None:
        super().__init__(path, "data_store")
        self._store = DataStore(path, read_only=True)
        self._range = start, end
        self._is_whole = (
            wishes.symbol is None and wishes.timeframe is None and start is None and end is None
        )
        every = series_of(self._store)
        self._series = [
            series
            for series in every
            if wishes.symbol in (None, series.symbol)
            and wishes.timeframe in (None, series.timeframe)
        ]
        if not self._series and not self._is_whole:
            known = [f"{series.symbol} {series.timeframe}" for series in every]
            self.notes.append(none_of(wishes, known))
        self.size = sum(series.bars or 0 for series in self._series)

    def pieces(self) -> Iterator[Piece]:
        """Give the bars, series by series."""
        for series in self._series:
            names = series.symbol, series.timeframe
            rows = self._store.market.iter_arrow(*names, *self._range, features="json", chunk=_ROWS)
            for batch in batches_of(rows):
                if batch.length:
                    yield Chunk(*names, columns_of(batch))
                self.done += batch.length

    def state(self) -> Mapping[str, Any]:
        """Give all state values."""
        return self._store.state.items() if self._is_whole else {}

    def requests(self) -> list[dict[str, Any]]:
        """Give all recorded requests."""
        return requests_of(self._store) if self._is_whole else []

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def columns_of(batch: Batch) -> dict[str, array[Any] | list[str | None]]:
    """Give a batch of bars as `ColumnTable` takes them."""
    columns: dict[str, array[Any] | list[str | None]] = {}
    for name, values in batch.columns.items():
        if name in NUMBERS and not isinstance(values, array):
            columns[name] = array("d", [nan if value is None else value for value in values])
        elif name == "is_gap":
            columns[name] = array("b", values)
        else:
            columns[name] = values if isinstance(values, array) else list(values)
    return columns
