# SPDX-License-Identifier: MIT
"""Ranges of bars as tables of Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._arrow import ArrowResult
from .._arrow_reads import arrow_between, arrow_chunks_between
from .._in.selection import features_selection, selection_of
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
) -> ArrowResult:
    """Read bars from one snapshot, as a table of Arrow whose numbers are not copied.

    Parameters
    ----------
    symbol, timeframe, start, end, columns, features, limit
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
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = selection_of(symbol, columns, features, limit)
    return arrow_between(self._store, symbol, timeframe, start, end, selection)


def read_features_arrow(
    self: MarketRepo,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound = None,
    end: Bound = None,
    *,
    keys: Sequence[str] | None = None,
) -> ArrowResult:
    """Read the features of every bar of a range as a table of Arrow, from one snapshot.

    Parameters
    ----------
    symbol, timeframe, start, end, keys
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
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    selection = features_selection(symbol, keys)
    return arrow_between(self._store, symbol, timeframe, start, end, selection)


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
) -> ArrowResult:
    """Read bars as a stream of Arrow, a record batch per chunk; it can be taken once.

    Each chunk is a snapshot of its own, read when the consumer asks for it, and nothing is held
    open between two of them. With `features=True` the keys are those that the range has when
    this is called, which takes a first pass over it.

    Parameters
    ----------
    symbol, timeframe, start, end, columns, features, chunk
        As for `iter`.

    Returns
    -------
    ArrowResult
        With the columns of `read_arrow`.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`. What goes wrong later is an error of the
        consumer's, with the same message.
    """
    selection = selection_of(symbol, columns, features)
    return arrow_chunks_between(self._store, symbol, timeframe, start, end, chunk, selection)
