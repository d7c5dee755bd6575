# SPDX-License-Identifier: MIT
"""Parquet and Feather (Arrow) files, by pyarrow or polars, whichever is installed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from ast import literal_eval
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ...errors import InvalidInputError, LibraryError
from ..times import NS_PER_UNIT, TimeForm, iso_text
from .chunk import Piece, Source
from .layout import Layout
from .naming import Wishes, are_prices, targets_of

__all__ = ["TableFile"]

_ROWS = 50_000
Kind = Literal["Parquet", "Feather"]


class TableFile(Source):
    """A Parquet or Feather file.

    Parameters
    ----------
    path : str
        The file.
    kind : {"Parquet", "Feather"}
        Which.
    wishes : Wishes
        What the user said about it.

    Raises
    ------
    LibraryError
        Neither pyarrow nor polars is installed.
    InvalidInputError
        The file is damaged, or its columns are not those of bars.
    """

    def __init__(self, path: str, kind: Kind, wishes: Wishes) -> None:
        super().__init__(path, kind)
        self._table = _opened(path, kind)
        names = self._table.names
        pairs = list(map(_levels, names))
        tickers = list(dict.fromkeys(ticker for _, ticker in pairs if ticker))
        if wishes.symbol and len(tickers) > 1:
            raise InvalidInputError(
                f"{path}: --symbol names one series, the file has {', '.join(tickers)}: leave it "
                "out, and each gets its own name"
            )
        self._layouts: list[Layout] = []
        for ticker in tickers or [""]:
            mine = [place for place, (_, other) in enumerate(pairs) if other in ("", ticker)]
            notes = [] if self._layouts else self.notes
            found = targets_of([pairs[place][0] for place in mine], wishes, notes, file=path)
            targets = [(mine[place], target) for place, target in found]
            times = wishes.times
            for place, target in targets:
                if target == "timestamp" and self._table.is_aware(names[place]):
                    times = TimeForm("ns")
            symbol = wishes.symbol or ticker or None
            layout = Layout(targets, times, symbol, wishes.timeframe, wishes.decimal)
            layout.word = "row"
            layout.skips_blank = len(tickers) > 1
            layout.name_series(path)
            self._layouts.append(layout)
        self.size = self._table.rows

    def pieces(self) -> Iterator[Piece]:
        """Give the bars, and the rows that cannot be read, in the file's order."""
        places = sorted({place for layout in self._layouts for place, _ in layout.targets})
        for layout in self._layouts:
            layout.targets = [(places.index(place), target) for place, target in layout.targets]
        first = 1
        for columns in self._table.batches([self._table.names[place] for place in places]):
            count = len(columns[0])
            for layout in self._layouts:
                yield from layout.pieces(columns, range(first, first + count), empty_is_text=True)
            first += count
            self.done = first - 1


def _levels(name: str) -> tuple[str, str]:
    """Give the price and the ticker of a column of yfinance's frames: `('Close', 'AAPL')`.

    A file has the text of the pair that pandas has for a name. The ticker of others is empty.
    """
    try:
        pair = literal_eval(name) if name.startswith("(") else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pair = None
    if not isinstance(pair, tuple) or [type(one) for one in pair] != [str, str]:
        return name, ""
    first, second = pair
    return (first, second) if not second or are_prices([first]) else (second, first)


class _Table(ABC):
    """A file that a library has open."""

    names: list[str]
    rows: int

    @abstractmethod
    def is_aware(self, name: str) -> bool:
        """Tell whether a column has times with a zone."""

    @abstractmethod
    def batches(self, names: list[str]) -> Iterator[list[Sequence[Any]]]:
        """Give the columns named, in turn; aware times as nanoseconds, naive ones as text."""


class _PyArrowTable(_Table):
    def __init__(self, path: str, kind: Kind) -> None:
        import pyarrow as pa

        self._pa = pa
        self._file: Any
        if kind == "Parquet":
            import pyarrow.parquet as pq

            self._file = pq.ParquetFile(path)
            self._schema = self._file.schema_arrow
            self.rows = self._file.metadata.num_rows
        else:
            self._file = pa.ipc.open_file(pa.memory_map(path))
            self._schema = self._file.schema
            counts = range(self._file.num_record_batches)
            self.rows = sum(self._file.get_batch(place).num_rows for place in counts)
        self._is_parquet = kind == "Parquet"
        self.names = list(self._schema.names)

    def is_aware(self, name: str) -> bool:
        kind = self._schema.field(name).type
        return bool(self._pa.types.is_timestamp(kind) and kind.tz)

    def batches(self, names: list[str]) -> Iterator[list[Sequence[Any]]]:
        if self._is_parquet:
            batches = self._file.iter_batches(batch_size=_ROWS, columns=names)
        else:
            batches = (
                whole.slice(first, _ROWS)
                for whole in map(self._file.get_batch, range(self._file.num_record_batches))
                for first in range(0, whole.num_rows, _ROWS)
            )
        for batch in batches:
            yield [self._values(batch.column(batch.schema.get_field_index(name))) for name in names]

    def _values(self, column: Any) -> Sequence[Any]:
        kind = column.type
        if self._pa.types.is_timestamp(kind):
            ticks = column.cast(self._pa.int64()).to_pylist()
            return _times(ticks, NS_PER_UNIT[kind.unit], is_aware=bool(kind.tz))
        if self._pa.types.is_float64(kind) and not column.null_count:
            return array("d", column.to_pylist())
        return list(column.to_pylist())


class _PolarsTable(_Table):
    def __init__(self, path: str, kind: Kind) -> None:
        import polars as pl

        self._pl = pl
        scan = pl.scan_parquet if kind == "Parquet" else pl.scan_ipc
        self._frame = scan(path)
        self._schema = self._frame.collect_schema()
        self.names = list(self._schema.names())
        self.rows = int(self._frame.select(pl.len()).collect().item())

    def is_aware(self, name: str) -> bool:
        kind = self._schema[name]
        return isinstance(kind, self._pl.Datetime) and bool(kind.time_zone)

    def batches(self, names: list[str]) -> Iterator[list[Sequence[Any]]]:
        for first in range(0, self.rows, _ROWS):
            frame = self._frame.select(names).slice(first, _ROWS).collect()
            yield [self._values(frame[name]) for name in names]

    def _values(self, column: Any) -> Sequence[Any]:
        kind = column.dtype
        if isinstance(kind, self._pl.Datetime):
            ticks = column.to_physical().to_list()
            return _times(ticks, NS_PER_UNIT[kind.time_unit], is_aware=bool(kind.time_zone))
        return list(column.to_list())


def _times(ticks: list[int | None], factor: int, *, is_aware: bool) -> list[Any]:
    if is_aware:
        return [None if tick is None else tick * factor for tick in ticks]
    return [None if tick is None else iso_text(tick * factor)[:-6] for tick in ticks]


def _opened(path: str, kind: Kind) -> _Table:
    for make, library in ((_PyArrowTable, "pyarrow"), (_PolarsTable, "polars")):
        try:
            __import__(library)
        except ImportError:
            continue
        try:
            return make(path, kind)
        except OSError:
            raise
        except Exception as error:  # what the library raises for a damaged file
            raise InvalidInputError(
                f"{path}: {library} cannot read it as {kind}: {error}"
            ) from None
    raise LibraryError(
        f"{path}: {kind} needs pyarrow or polars, and neither is installed: "
        "pip install 'data_store[arrow]'"
    )
