# SPDX-License-Identifier: MIT
"""Bars and features written from tables."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref, c_int64
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from .._arrow import ArrowTable, is_arrow, quality_word, write_stream
from .._c.library import library, untyped
from .._c.status import check
from .._c.text import encode_names
from .._in.cells import flag_argument
from .._in.features import features_in
from .._in.frames import bars_in
from .._in.one_row import one_entry_in, one_row_in
from .._in.rows import place_of
from ..errors import InvalidTypeError
from .arguments import Entry, Features

if TYPE_CHECKING:
    from ..market_repo import MarketRepo

__all__ = ["write", "write_features"]

_write_bar: Final = untyped("ds_market_write_bar")


def write(
    self: MarketRepo,
    df: pd.DataFrame | ArrowTable,
    symbol: str | None,
    timeframe: str | None,
    *,
    features: Features | Sequence[Entry] | None = None,
    replace: bool = False,
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
        an `ArrowResult`) with such columns; its `timestamp` has a time zone.
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
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    if features is None:
        row = one_row_in(df, symbol, timeframe)
        if row is not None:
            names = encode_names(symbol, timeframe)
            replaces = 0 if replace is False else flag_argument(replace, "replace")
            check(_write_bar(self._store, *names, row[0], replaces))
            return 1
    if is_arrow(df):
        if features is not None:
            raise InvalidTypeError(
                f"{place_of(symbol, timeframe)}: features= goes with a pandas DataFrame; give "
                "the table a column 'features' of JSON text, or write them with write_features"
            )
        replaces = flag_argument(replace, "replace")
        function = library.ds_market_write_arrow
        return write_stream(function, self._store, df, (symbol, timeframe), replaces)
    return _written(
        self, library.ds_market_write, bars_in(df, symbol, timeframe, features), replace
    )


def write_features(
    self: MarketRepo,
    features: Features | ArrowTable,
    symbol: str | None,
    timeframe: str | None,
    *,
    quality: str | pd.DataFrame | None = None,
    replace: bool = False,
) -> int:
    """Write features of bars that are stored already.

    Parameters
    ----------
    features : DataFrame, Series or mapping
        The forms of `write`, except the list by position. Or a table of Arrow with a
        `timestamp` and a column per key: numbers, or structs of value and quality as
        `read_features_arrow` gives them; or with a column `features` of JSON text.
    symbol, timeframe : str or None
        None: the table carries them, as `read_features` returns it.
    quality : str or DataFrame, optional
        For a wide frame: a word for all values, or a frame of words of the same shape; for
        numbers of a table of Arrow a word. One of ready, warmup, degraded, missing. None:
        ready where there is a number, else missing.
    replace : bool, default False
        The features of each bar named become those given, instead of merging by key. None for
        a bar leaves its features alone all the same.

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
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    one = one_entry_in(features, symbol, timeframe, quality)
    if one is not None:  # whose second part keeps alive what the first points to
        return _written(self, library.ds_market_write_features, byref(one[0]), replace)
    if is_arrow(features):
        options = quality_word(quality), flag_argument(replace, "replace")
        function = library.ds_market_write_features_arrow
        return write_stream(function, self._store, features, (symbol, timeframe), *options)
    batch = features_in(features, symbol, timeframe, quality)
    return _written(self, library.ds_market_write_features, batch, replace)


def _written(repo: MarketRepo, function: Any, batch: Any, replace: bool) -> int:
    rows = c_int64()
    check(function(repo._store, batch, flag_argument(replace, "replace"), byref(rows)))
    return rows.value
