# SPDX-License-Identifier: MIT
"""Ranges of bars as tables of Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._arrow.reads import arrow_between, arrow_chunks_between
from .._arrow.result import ArrowResult
from .._in.selection import features_selection, selection_of
from .._progress import Progress, reported
from .arguments import Bound, FeatureChoice

if TYPE_CHECKING:
    from ..market_repo import MarketRepo

__all__ = ["iter_arrow", "read_arrow", "read_features_arrow"]


def read_arrow(
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
) -> ArrowResult:
    """Read bars from one snapshot, as a table of Arrow whose numbers are not copied.

    Parameters
    ----------
    symbol, timeframe, start, end, columns, features, limit, progress
        As for `read`.

    Returns
    -------
    ArrowResult
        `symbol` for a list of symbols, `timestamp` (nanoseconds, UTC), then the columns as by
        `read`: float64, null where `read` has NaN; is_gap bool; symbol, source and quality
        dictionaries of text.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        `progress` is True, and tqdm is not installed.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = selection_of(symbol, columns, features, limit)
    given = self._store, symbol, timeframe, start, end, selection
    return reported(progress, "read_arrow", arrow_between, *given)


def read_features_arrow(
    self: MarketRepo,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound = None,
    end: Bound = None,
    *,
    keys: Sequence[str] | None = None,
    progress: Progress = None,
) -> ArrowResult:
    """Read the features of every bar of a range as a table of Arrow, from one snapshot.

    Parameters
    ----------
    symbol, timeframe, start, end, keys, progress
        As for `read_features`.

    Returns
    -------
    ArrowResult
        `symbol` for a list of symbols, `timestamp`, then a struct per key of value (float64)
        and quality (dictionary of text), null where a bar has no such feature.
        `write_features` takes it back.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        `progress` is True, and tqdm is not installed.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = features_selection(symbol, keys)
    given = self._store, symbol, timeframe, start, end, selection
    return reported(progress, "read_features_arrow", arrow_between, *given)


def iter_arrow(
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
) -> ArrowResult:
    """Read bars as a stream of Arrow, a record batch per chunk; it can be taken once.

    Each chunk is a snapshot of its own, read when the consumer asks for it, and nothing is held
    open between two of them. With `features=True` the keys are those that the range has when
    this is called, which takes a first pass over it.

    Parameters
    ----------
    symbol, timeframe, start, end, columns, features, chunk, progress
        As for `iter`. What `progress` raises is an error of the consumer's.

    Returns
    -------
    ArrowResult
        With the columns of `read_arrow`.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    LibraryError
        `progress` is True, and tqdm is not installed.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`. What goes wrong later is an error of the
        consumer's, with the same message.
    """
    selection = selection_of(symbol, columns, features)
    return arrow_chunks_between(
        self._store, symbol, timeframe, start, end, chunk, selection, progress
    )
