# SPDX-License-Identifier: MIT
"""Ranges and the latest bars, as DataFrames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .._deferred import frames
from .._in.selection import features_selection, selection_of
from .._progress import Progress, reported
from .arguments import Bound, FeatureChoice

if TYPE_CHECKING:
    import pandas as pd

    from ..market_repo import MarketRepo

__all__ = ["iter", "latest", "read", "read_features"]


def read(
    self: MarketRepo,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound = None,
    end: Bound = None,
    *,
    columns: Sequence[str] | None = None,
    features: FeatureChoice = None,
    limit: int | None = None,
    progress: Progress = None,
) -> pd.DataFrame:
    """Read bars from one snapshot.

    Parameters
    ----------
    symbol : str or list of str
        One, or several, each once.
    timeframe : str
        Of all of them.
    start, end : aware datetime or str, optional
        Inclusive bounds; None: none. ISO 8601 text without an offset means UTC, and as a bare
        date covers the whole day.
    columns : list of str, optional
        None: all nine.
    features : True, "json" or list of str, optional
        True or a list of keys adds the values as float64 columns named by key (a key that is
        not stored: all NaN); "json" adds the stored text as `features`. None: no features.
    limit : int, optional
        At most so many rows, from the beginning of the result. None: all.
    progress : bool or callable, optional
        True: a bar of tqdm's, if that is installed. Or it is called with the rows done and of how
        many (None while nobody knows), on this thread, at most some 20 times a second and once at
        the end. What it raises ends the call, undone, and is raised here.

    Returns
    -------
    DataFrame
        float64 numbers (NaN is NULL), bool is_gap, str source and quality, in the schema's
        order. Index `DatetimeIndex[ns, UTC]` named `timestamp`, ascending; for a list of
        symbols (symbol, timestamp), the symbols in the order asked. Nothing found: no rows.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        pandas is not installed; or `progress` is True, and tqdm is not.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = selection_of(symbol, columns, features, limit)
    if progress is not None:
        given = self._store, symbol, timeframe, start, end, selection
        return reported(progress, "read", frames.read, *given)
    return frames.read(self._store, symbol, timeframe, start, end, selection)


def read_features(
    self: MarketRepo,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound = None,
    end: Bound = None,
    *,
    keys: Sequence[str] | None = None,
    progress: Progress = None,
) -> pd.DataFrame:
    """Read the features of every bar of a range, with their quality, from one snapshot.

    Parameters
    ----------
    symbol : str or list of str
        One, or several, each once.
    timeframe : str
        Of all of them.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `read`; None: none.
    keys : list of str, optional
        In this order. None: all that are found, sorted.
    progress : bool or callable, optional
        As for `read`.

    Returns
    -------
    DataFrame
        Indexed as by `read`. Column levels (key, "value"|"quality"): float64 and str, both
        missing where a bar has no such feature. `write_features` takes it back.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        pandas is not installed; or `progress` is True, and tqdm is not.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = features_selection(symbol, keys)
    if progress is not None:
        given = self._store, symbol, timeframe, start, end, selection
        return reported(progress, "read_features", frames.read_features, *given)
    return frames.read_features(self._store, symbol, timeframe, start, end, selection)


def latest(
    self: MarketRepo,
    symbol: str | Sequence[str],
    timeframe: str,
    n: int = 1,
    *,
    columns: Sequence[str] | None = None,
    features: FeatureChoice = None,
    progress: Progress = None,
) -> pd.DataFrame:
    """Read the latest `n` bars of each symbol, ascending, from one snapshot.

    Parameters
    ----------
    symbol : str or list of str
        One, or several, each once.
    timeframe : str
        Of all of them.
    n : int, default 1
        0 or more.
    columns, features, progress
        As for `read`.

    Returns
    -------
    DataFrame
        As `read` returns it.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        pandas is not installed; or `progress` is True, and tqdm is not.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = selection_of(symbol, columns, features)
    if progress is not None:
        given = self._store, symbol, timeframe, n, selection
        return reported(progress, "latest", frames.latest, *given)
    return frames.latest(self._store, symbol, timeframe, n, selection)


def iter(
    self: MarketRepo,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound = None,
    end: Bound = None,
    *,
    columns: Sequence[str] | None = None,
    features: FeatureChoice = None,
    chunk: int = 50_000,
    progress: Progress = None,
) -> Iterator[pd.DataFrame]:
    """Read bars in chunks of at most `chunk` rows, each of one symbol.

    Each chunk is a snapshot of its own, and nothing is held open between two of them: bars
    that are written ahead of the reader are seen. With `features=True` a chunk has the keys
    that are in it. The iterator is for one thread at a time.

    Parameters
    ----------
    symbol : str or list of str
        One, or several, each once.
    timeframe : str
        Of all of them.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `read`; None: none.
    columns, features
        As for `read`.
    chunk : int, default 50_000
        Rows, 1 or more.
    progress : bool or callable, optional
        As for `read`, with the rows of all chunks so far, on the thread that takes a chunk.

    Yields
    ------
    DataFrame
        As `read` returns it, never empty.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        pandas is not installed; or `progress` is True, and tqdm is not.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = selection_of(symbol, columns, features)
    return frames.iter(self._store, symbol, timeframe, start, end, chunk, selection, progress)
