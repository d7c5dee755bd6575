# SPDX-License-Identifier: MIT
"""Bars as a LazyFrame of polars, which reads no more of the file than its query needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from ._arrow.batches import batches_between
from ._c import abi as _abi
from ._c.opening import LAST_TIME, NO_TIME
from ._in.selection import Selection
from ._timestamps import range_of
from .errors import LibraryError

try:
    import polars as pl
    from polars.io.plugins import register_io_source

    from ._polars_bounds import EVER, bounds_of
except ImportError as error:
    raise LibraryError(
        f"polars 1.36 or newer is needed for this and cannot be imported ({error}): "
        "pip install data_store[polars]"
    ) from error

if TYPE_CHECKING:
    from ._market.arguments import Bound, FeatureChoice
    from .core import DataStore

__all__ = ["scan"]

_CHUNK: Final = 50_000


def scan(
    store: DataStore,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound = None,
    end: Bound = None,
    *,
    columns: Sequence[str] | None = None,
    features: FeatureChoice = None,
) -> pl.LazyFrame:
    """Give bars as a LazyFrame: they are read when it is collected.

    The store reads what the query needs: the columns and features that it uses, the range of
    `timestamp` that it asks for (``>=``, ``>``, ``<=``, ``<``, ``==``, ``is_between``, and these
    joined by ``&`` with anything), and as many rows as `head` leaves. polars does the rest. Rows
    come in chunks, each a snapshot of its own, as those of `MarketRepo.iter_arrow`. A query may
    read them in threads of polars, which see the last commit, not an open transaction.

    Parameters
    ----------
    store : DataStore
        To be open when the LazyFrame is collected.
    symbol : str or list of str
        One, or several, each once. For a list there is a column `symbol`.
    timeframe : str
        Of all of them.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `MarketRepo.read`; None: none. Where one is text, the query's own
        bound on that side is not handed to the store.
    columns : list of str, optional
        None: all nine.
    features : True, "json" or list of str, optional
        As for `MarketRepo.read_arrow`. With True the keys are those that the range has now.

    Returns
    -------
    polars.LazyFrame
        The columns of `MarketRepo.read_arrow`: `timestamp` is Datetime("ns", "UTC"); symbol,
        source and quality are Categorical.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if it is of a wrong type.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.

    Examples
    --------
    >>> bars = data_store.polars.scan(store, "EURUSD", "1h")
    >>> noon = dt.datetime(2026, 3, 2, 12, tzinfo=dt.timezone.utc)
    >>> bars.filter(pl.col("timestamp") >= noon).select("timestamp", "close").collect()
    """
    # A copy: the caller's list may change before the query runs.
    symbols = (
        symbol if isinstance(symbol, str) or not isinstance(symbol, Iterable) else list(symbol)
    )
    source = _Source(store, symbols, timeframe, (start, end), Selection(columns, features))
    return register_io_source(source.frames, schema=source.schema)


class _Source:
    """What `scan` was asked for, and found to be right."""

    def __init__(
        self,
        store: DataStore,
        symbol: str | list[str],
        timeframe: str,
        bounds: tuple[Bound, Bound],
        selection: Selection,
    ) -> None:
        self._store = store
        self._symbol = symbol
        self._timeframe = timeframe
        self._bounds = bounds
        self._features: Any = selection.keys
        whole = (symbol, timeframe, *bounds)
        if selection.features == _abi.FEATURES_JSON:
            self._features = "json"
        elif selection.features == _abi.FEATURES_VALUES and selection.keys is None:
            # A LazyFrame has to know its columns.
            names = store.market.iter_arrow(*whole, columns=(), features=True).column_names
            self._features = names[1 if isinstance(symbol, str) else 2 :]
        chosen: Any = {"columns": selection.columns, "features": self._features, "limit": 0}
        self.schema = store.market.read_arrow(*whole, **chosen).to_polars().schema

    def frames(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        """Read what a query needs, a chunk at a time.

        Parameters
        ----------
        with_columns : list of str, optional
            None: all.
        predicate : polars.Expr, optional
            What rows have to pass.
        n_rows : int, optional
            At most so many rows, counted before `predicate`. None: all.
        batch_size : int, optional
            Rows of a chunk.

        Yields
        ------
        polars.DataFrame
            At least one.
        """
        names = self.schema.names() if with_columns is None else with_columns
        needed = {*names, *(() if predicate is None else predicate.meta.root_names())}
        # A range would leave out rows that `n_rows` counts.
        bounds = EVER if predicate is None or n_rows is not None else bounds_of(predicate)
        nothing_yet = True
        for frame in self._read(needed, bounds, n_rows, batch_size or _CHUNK):
            passed = frame if predicate is None else frame.filter(predicate)
            yield passed.select(names)
            nothing_yet = False
        if nothing_yet:
            yield pl.DataFrame(schema=self.schema).select(names)

    def _read(
        self, needed: set[str], bounds: tuple[int, int], n_rows: int | None, chunk: int
    ) -> Iterator[pl.DataFrame]:
        if n_rows == 0 or bounds[0] > bounds[1]:
            return
        features = self._features
        if features == "json":
            features = "json" if "features" in needed else None
        elif features is not None:
            features = [key for key in features if key in needed]
        columns = [name for name in _abi.COLUMN_BITS if name in needed]
        batches = batches_between(
            self._store._store,
            self._symbol,
            self._timeframe,
            _narrowed(range_of(*self._bounds), bounds),
            chunk if n_rows is None else min(chunk, n_rows),
            Selection(columns, features, by_symbol=not isinstance(self._symbol, str)),
        )
        left = n_rows
        for batch in batches:
            frame = batch.to_polars()
            if left is not None:
                frame = frame.head(left)
                left -= len(frame)
            yield frame
            if left == 0:
                return


def _narrowed(given: _abi.ds_range | None, bounds: tuple[int, int]) -> _abi.ds_range:
    """Narrow a range that was given; the library uses its texts instead of its numbers."""
    narrow = given or _abi.ds_range(start=NO_TIME, end=LAST_TIME)
    narrow.start = max(narrow.start, bounds[0])
    narrow.end = min(narrow.end, bounds[1])
    return narrow
