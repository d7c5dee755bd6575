# SPDX-License-Identifier: MIT
"""Bars and features written from tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import byref, c_int64
from functools import partial
from typing import TYPE_CHECKING, Any

from .._arrow.writing import ArrowTable, is_arrow, quality_word, write_stream
from .._c.library import library
from .._c.signals import raised
from .._c.status import check
from .._deferred import frames
from .._in.cells import flag_argument, shown
from .._in.entries import entries_in, order_error
from .._in.kinds import is_of
from .._in.lazy import is_lazy, lazy_error
from .._in.one_entry import write_one_entry
from .._in.places import place_of
from .._progress import Progress, reported
from ..errors import InvalidTypeError
from .arguments import Entry, Features

if TYPE_CHECKING:
    import pandas as pd

    from ..market_repo import MarketRepo

__all__ = ["write", "write_features"]


def write(
    self: MarketRepo,
    df: pd.DataFrame | ArrowTable,
    symbol: str | None,
    timeframe: str | None,
    *,
    features: Features | Sequence[Entry] | None = None,
    replace: bool = False,
    progress: Progress = None,
) -> int:
    """Write bars with the same result as writing each row in order.

    So the last of several equal timestamps wins. A column that the frame does not carry keeps
    what is stored; on a new row it gets the schema's default.

    Parameters
    ----------
    df : DataFrame
        A tz-aware `DatetimeIndex`, of any zone and unit, or such a `timestamp` column; any of
        open, high, low, close, volume, latency_sec (numbers), source, quality (text), is_gap
        (bool, 0 or 1), features (see below). Missing is NULL, in `is_gap` False. Contiguous
        float64 columns are not copied. No rows: nothing is written. Or a table that offers
        ``__arrow_c_stream__`` or ``__arrow_c_array__`` (pyarrow, polars, DuckDB, nanoarrow,
        an `ArrowResult`, or a capsule of an ``ArrowArrayStream``) with such columns; its
        `timestamp` has a time zone. That needs no pandas.
    symbol, timeframe : str or None
        None: the frame carries them, as columns or index levels.
    features : DataFrame, Series, mapping or list, optional
        For bars of this call: a wide DataFrame (columns are keys "name@version"; quality ready
        where there is a number, else missing), one with column levels (key,
        "value"|"quality"), a Series or mapping from timestamp to a dict or JSON text, or a
        list of those by position. Features merge by key; None for a bar leaves its features
        alone.
    replace : bool, default False
        Each row becomes what was passed and nothing else: no features passed, none left.
    progress : bool or callable, optional
        True: a bar of tqdm's, if that is installed. Or it is called with the rows done and of how
        many (None while nobody knows), on this thread, at most some 20 times a second and once at
        the end, before the commit. What it raises ends the call, undone, and is raised here.

    Returns
    -------
    int
        Rows given.

    Raises
    ------
    InvalidInputError
        A cell, a column or an argument is wrong; the message names row and column.
        `InvalidTypeError` if the frame, a name or a flag is of a wrong type.
    FeatureValidationError
        A feature breaks the rules; it names row, key and reason.
    LibraryError
        It is a frame, and pandas cannot be imported; or `progress` is True, and tqdm cannot.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    if progress is not None:
        given = self, df, symbol, timeframe, features, replace
        return reported(progress, "write", _write_batch, *given)
    if is_of(df, "DataFrame"):
        return frames.write(self._store, df, symbol, timeframe, features, replace)
    return _write_table(self, df, symbol, timeframe, features, replace)


def _write_batch(
    self: MarketRepo, df: Any, symbol: Any, timeframe: Any, features: Any, replace: bool
) -> int:
    if is_of(df, "DataFrame"):  # as a batch even where it is of one row, which tells of itself
        return frames.write_batch(self._store, df, symbol, timeframe, features, replace)
    return _write_table(self, df, symbol, timeframe, features, replace)


def _write_table(
    self: MarketRepo, df: Any, symbol: Any, timeframe: Any, features: Any, replace: bool
) -> int:
    if not is_arrow(df):
        raise _no_table_error(df, symbol, timeframe)
    if features is not None:
        raise InvalidTypeError(
            f"{place_of(symbol, timeframe)}: features= goes with a pandas DataFrame; give "
            "the table a column 'features' of JSON text, or write them with write_features"
        )
    replaces = flag_argument(replace, "replace")
    function = library.ds_market_write_arrow
    return write_stream(function, self._store, df, (symbol, timeframe), replaces)


def write_features(
    self: MarketRepo,
    features: Features | ArrowTable,
    symbol: str | None,
    timeframe: str | None,
    *,
    quality: str | pd.DataFrame | None = None,
    replace: bool = False,
    progress: Progress = None,
) -> int:
    """Write features of bars that are stored already.

    Parameters
    ----------
    features : DataFrame, Series or mapping
        The forms of `write`, except the list by position. Or a table of Arrow with a
        `timestamp` and a column per key: numbers, or structs of value and quality as
        `read_features_arrow` gives them; or with a column `features` of JSON text. A mapping
        and a table of Arrow need no pandas.
    symbol, timeframe : str or None
        None: the table carries them, as `read_features` returns it.
    quality : str or DataFrame, optional
        For a wide frame: a word for all values, or a frame of words of the same shape; for
        numbers of a table of Arrow a word. One of ready, warmup, degraded, missing. None:
        ready where there is a number, else missing.
    replace : bool, default False
        The features of each bar named become those given, instead of merging by key. None for
        a bar leaves its features alone all the same.
    progress : bool or callable, optional
        As for `write`.

    Returns
    -------
    int
        Rows given.

    Raises
    ------
    MissingBarError
        A bar is not stored; nothing was written.
    InvalidInputError
        A label or an argument is wrong; `InvalidTypeError` if the type of an argument is.
    FeatureValidationError
        A feature breaks the rules; it names row, key and reason.
    LibraryError
        It is a frame, and pandas cannot be imported; or `progress` is True, and tqdm cannot.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    if progress is not None:
        given = self, features, symbol, timeframe
        again = partial(write_features, *given, quality=quality, replace=replace)
        return reported(progress, "write_features", again)
    replaces = 0 if replace is False else flag_argument(replace, "replace")
    status = write_one_entry(self._store, features, symbol, timeframe, quality, replaces)
    if status is not None:
        if status or raised:
            check(status)
        return 1
    if is_of(features, "DataFrame") or is_of(features, "Series"):
        return frames.write_features(self._store, features, symbol, timeframe, quality, replace)
    if is_arrow(features):
        options = quality_word(quality), flag_argument(replace, "replace")
        function = library.ds_market_write_features_arrow
        return write_stream(function, self._store, features, (symbol, timeframe), *options)
    if not isinstance(features, Mapping):
        raise order_error(features, symbol, timeframe)
    return _written(self, entries_in(features, symbol, timeframe, quality), replace)


def _written(repo: MarketRepo, batch: Any, replace: bool) -> int:
    rows = c_int64()
    replaces = flag_argument(replace, "replace")
    check(library.ds_market_write_features(repo._store, batch, replaces, byref(rows)))
    return rows.value


def _no_table_error(table: object, symbol: object, timeframe: object) -> InvalidTypeError:
    others = [symbol, timeframe]
    if isinstance(table, str) and any(is_of(other, "DataFrame") for other in others):
        names = [table, *(other for other in others if not is_of(other, "DataFrame"))]
        return InvalidTypeError(
            "the arguments are in another order: the frame comes first, e.g. market.write(df, "
            f"{', '.join(map(shown, names))})"
        )
    if is_lazy(table):
        return lazy_error("df", place_of(symbol, timeframe))
    return InvalidTypeError(
        f"{place_of(symbol, timeframe)}: bars must be a pandas DataFrame or a table of Arrow, not "
        f"{type(table).__name__}; make one with pd.DataFrame(...), or use write_bar for one bar"
    )
