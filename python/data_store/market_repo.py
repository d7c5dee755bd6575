# SPDX-License-Identifier: MIT
"""Bars, their features, and how they were obtained."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from ctypes import POINTER, byref, c_int64
from typing import Any, Final, Literal, TypeAlias

import pandas as pd

from ._arrow import ArrowResult, ArrowTable, is_arrow, quality_word, write_stream
from ._arrow_reads import arrow_between, arrow_chunks_between
from ._bar import (
    FIRST_COLUMNS,
    ROOM_BYTES,
    SIZE,
    UNSET,
    Bar,
    Unset,
    bar_error,
    bar_in_room,
    bar_out,
    give_room_back,
    pack,
    packable,
    packed,
    take_room,
)
from ._c import abi as _abi
from ._c.handles import OfThisProcess, ResultHandle, StoreHandle
from ._c.library import library, untyped
from ._c.signals import pass_on, raised
from ._c.status import check
from ._c.text import encode_name, encode_names, symbol_texts, timeframe_texts
from ._in.cells import Refusal, flag_argument
from ._in.columns.texts import NO_TEXT, placed, words
from ._in.features import entry_json, features_in
from ._in.frames import bars_in
from ._in.one_row import one_row_in, write_bar_and_entry, write_one_entry
from ._in.rows import place_of
from ._in.selection import Selection, key_list, limit_of, selection_of
from ._out.frames import bars_out, feature_columns_out
from ._reads import bars_between, chunks_between, latest_bars
from ._requests import request_in, requests_out, series_out
from ._timestamps import PLAIN_ZONES, range_of, storable_ns, zone_of
from .errors import InvalidTypeError

__all__ = ["MarketRepo"]

Entry: TypeAlias = Mapping[str, Any] | str | None
Features: TypeAlias = "pd.DataFrame | pd.Series[Any] | Mapping[dt.datetime, Entry]"
Bound: TypeAlias = dt.datetime | str | None
FeatureChoice: TypeAlias = bool | Literal["json"] | Sequence[str] | None

_Timestamp: Final = pd.Timestamp
_write_bar: Final = untyped("ds_market_write_bar")
_latest_bar_into: Final = untyped("ds_market_latest_bar_into")
_record_request: Final = untyped("ds_market_record_request")


class MarketRepo(OfThisProcess):
    """Bars and features by symbol, timeframe and timestamp. Use `DataStore.market`.

    All writes are upserts, one transaction per call: if anything is wrong in any row, nothing of
    the call is written. Bounds are inclusive: aware datetimes, or ISO 8601 text, which without an
    offset means UTC and as a bare date covers the whole day. Threads may share one `MarketRepo`.
    A DataFrame that is returned owns its memory and may outlive the store.
    """

    __slots__ = ("_store",)

    def __init__(self, store: StoreHandle) -> None:
        self._store = store

    # ---- Writing ----------------------------------------------------------------------------

    def write(
        self,
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
        return self._write(
            library.ds_market_write, bars_in(df, symbol, timeframe, features), replace
        )

    def write_features(
        self,
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
        replaces = 0 if replace is False else flag_argument(replace, "replace")
        status = write_one_entry(self._store, features, symbol, timeframe, quality, replaces)
        if status is not None:
            if status or raised:
                check(status)
            return 1
        if is_arrow(features):
            options = quality_word(quality), flag_argument(replace, "replace")
            function = library.ds_market_write_features_arrow
            return write_stream(function, self._store, features, (symbol, timeframe), *options)
        batch = features_in(features, symbol, timeframe, quality)
        return self._write(library.ds_market_write_features, batch, replace)

    def _write(self, function: Any, batch: Any, replace: bool) -> int:
        rows = c_int64()
        check(function(self._store, batch, flag_argument(replace, "replace"), byref(rows)))
        return rows.value

    def write_bar(
        self,
        symbol: str,
        timeframe: str,
        timestamp: dt.datetime,
        *,
        open: float | Unset | None = UNSET,
        high: float | Unset | None = UNSET,
        low: float | Unset | None = UNSET,
        close: float | Unset | None = UNSET,
        volume: float | Unset | None = UNSET,
        source: str | Unset | None = UNSET,
        quality: str | Unset | None = UNSET,
        is_gap: bool | Unset | None = UNSET,
        latency_sec: float | Unset | None = UNSET,
        features: Entry | Unset = UNSET,
        replace: bool = False,
    ) -> None:
        """Write one live bar, without a DataFrame.

        Parameters
        ----------
        symbol : str
            Not empty, at most 65,535 bytes of UTF-8.
        timeframe : str
            Likewise.
        timestamp : datetime
            Aware; a `pandas.Timestamp` keeps its nanoseconds.
        open, high, low, close, volume : float or None, optional
            Left out: the column keeps what is stored. None and NaN are NULL.
        source, quality : str or None, optional
            Left out: the column keeps what is stored. None is NULL.
        is_gap : bool or None, optional
            Left out: the column keeps what is stored. None is False.
        latency_sec : float or None, optional
            Seconds from the bar's end to its arrival; else as `open`.
        features : dict or str, optional
            A dict of key to `{"value": number or None, "quality": str}`, or JSON text. Merged by
            key into what is stored; None leaves that alone.
        replace : bool, default False
            The row becomes what was passed and nothing else.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        FeatureValidationError
            A feature breaks the rules; it names key and reason.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        try:
            # Nearly every bar is of these types, and packed as it is.
            if (
                type(open) is type(high) is type(low) is type(close) is float
                and type(volume) is type(latency_sec) is float
                and type(source) is type(quality) is str
                and type(is_gap) is bool
            ):
                taken = None
                columns = FIRST_COLUMNS
                source_text, quality_text = words[source], words[quality]
            else:
                columns, *taken = packable(
                    is_gap, open, high, low, close, volume, latency_sec, source, quality
                )
            if type(timestamp) is _Timestamp and type(zone_of(timestamp)) in PLAIN_ZONES:
                ns = timestamp.value
            else:
                ns = storable_ns(timestamp)
        except (Refusal, OverflowError, ValueError) as error:
            pass_on(error)
            # In the order of CELL_NAMES, as above.
            cells = is_gap, open, high, low, close, volume, latency_sec, source, quality
            raise bar_error(symbol, timeframe, timestamp, *cells) from None
        features_text = NO_TEXT
        replaces = 0 if replace is False else flag_argument(replace, "replace")
        if type(features) is dict and columns == FIRST_COLUMNS:
            carried = taken or (
                is_gap, open, high, low, close, volume, latency_sec, source_text, quality_text,
            )  # fmt: skip
            status = write_bar_and_entry(
                self._store, features, ns, symbol, timeframe, replaces, carried
            )
            if status is not None:
                if status or raised:
                    check(status)
                return
        if features is not UNSET:
            features_text = placed(entry_json(features, 0, place_of(symbol, timeframe)))
            if features_text is not NO_TEXT:
                columns |= _abi.COLUMN_FEATURES
        try:
            symbol_text, timeframe_text = symbol_texts[symbol], timeframe_texts[timeframe]
        except Exception as error:  # without a plain hash: not plain text
            pass_on(error)
            symbol_text, timeframe_text = encode_names(symbol, timeframe)
        # The texts stay here until the call is over: the packed bar points to them.
        if taken is None:
            bar = pack(
                SIZE, ns, columns, is_gap, open, high, low, close, volume, latency_sec,
                source_text[1], quality_text[1], features_text[1],
            )  # fmt: skip
        else:
            bar = packed(ns, columns, taken, features_text)
        status = _write_bar(self._store, symbol_text, timeframe_text, bar, replaces)
        if status or raised:
            check(status)

    # ---- Reading ----------------------------------------------------------------------------

    def read(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        limit: int | None = None,
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
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        selection = selection_of(symbol, columns, features, limit)
        return bars_out(
            bars_between(self._store, symbol, timeframe, start, end, selection), selection
        )

    def read_features(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        keys: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Read the features of every bar of a range, with their quality, from one snapshot.

        Parameters
        ----------
        symbol : str or list of str
            One, or several, each once.
        timeframe : str
            Of all of them.
        start, end : aware datetime or str, optional
            Inclusive bounds; None: none. ISO 8601 text without an offset means UTC, and as a bare
            date covers the whole day.
        keys : list of str, optional
            In this order. None: all that are found, sorted.

        Returns
        -------
        DataFrame
            Indexed as by `read`. Column levels (key, "value"|"quality"): float64 and str, both
            missing where a bar has no such feature. `write_features` takes it back.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        choice = True if keys is None else key_list(keys, "keys")
        selection = Selection((), choice, by_symbol=not isinstance(symbol, str), members=True)
        return feature_columns_out(
            bars_between(self._store, symbol, timeframe, start, end, selection), selection
        )

    def latest(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        n: int = 1,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
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
        columns, features
            As for `read`.

        Returns
        -------
        DataFrame
            As `read` returns it.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        selection = selection_of(symbol, columns, features)
        return bars_out(latest_bars(self._store, symbol, timeframe, n, selection), selection)

    def latest_bar(self, symbol: str, timeframe: str) -> Bar | None:
        """Read the latest bar without a DataFrame.

        Parameters
        ----------
        symbol : str
            Not empty, at most 65,535 bytes of UTF-8.
        timeframe : str
            Likewise.

        Returns
        -------
        Bar or None
            With all columns and features; None if the series has no bar.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        try:
            symbol_text, timeframe_text = symbol_texts[symbol], timeframe_texts[timeframe]
        except Exception as error:  # without a plain hash: not plain text
            pass_on(error)
            symbol_text, timeframe_text = encode_names(symbol, timeframe)
        room = take_room()
        out_bar, out_size, size, memory, texts = room
        status = _latest_bar_into(
            self._store, symbol_text, timeframe_text, out_bar, ROOM_BYTES, out_size
        )
        if status or raised:
            check(status)
        taken = size.value
        if taken > ROOM_BYTES:
            bar = self._long_latest_bar(symbol, timeframe)
        else:
            bar = bar_in_room(memory, texts, symbol, timeframe) if taken else None
        give_room_back(room)
        return bar

    def _long_latest_bar(self, symbol: str, timeframe: str) -> Bar | None:
        pointer = POINTER(_abi.ds_bar)()
        names = encode_names(symbol, timeframe)
        check(library.ds_market_latest_bar(self._store, *names, byref(pointer)))
        if not pointer:
            return None
        try:
            return bar_out(pointer.contents, symbol, timeframe)
        finally:
            library.ds_bar_free(pointer)

    def iter(
        self,
        symbol: str | Sequence[str],
        timeframe: str,
        start: Bound = None,
        end: Bound = None,
        *,
        columns: Sequence[str] | None = None,
        features: FeatureChoice = None,
        chunk: int = 50_000,
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
            Inclusive bounds; None: none. ISO 8601 text without an offset means UTC, and as a bare
            date covers the whole day.
        columns, features
            As for `read`.
        chunk : int, default 50_000
            Rows, 1 or more.

        Yields
        ------
        DataFrame
            As `read` returns it, never empty.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        selection = selection_of(symbol, columns, features)
        return chunks_between(self._store, symbol, timeframe, start, end, chunk, selection)

    # ---- Reading, without pandas ------------------------------------------------------------

    def read_arrow(
        self,
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
        return arrow_between(self._store, symbol, timeframe, start, end, selection, bars_out)

    def read_features_arrow(
        self,
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
        choice = True if keys is None else key_list(keys, "keys")
        selection = Selection((), choice, by_symbol=not isinstance(symbol, str), members=True)
        return arrow_between(
            self._store, symbol, timeframe, start, end, selection, feature_columns_out
        )

    def iter_arrow(
        self,
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

    # ---- Inventory, deletion ----------------------------------------------------------------

    def series(self, counts: bool = True) -> pd.DataFrame:
        """Tell what is stored.

        Parameters
        ----------
        counts : bool, default True
            Count bars and gaps too, which looks at every row.

        Returns
        -------
        DataFrame
            symbol, timeframe (str), first, last (datetime64[ns, UTC]) and, with counts, bars and
            gaps (int64; rows whose is_gap is True). One row per series, sorted by the bytes of both
            names.

        Raises
        ------
        InvalidInputError
            `counts` is not a bool.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        pointer = POINTER(_abi.ds_series)()
        counted = flag_argument(counts, "counts")
        check(library.ds_market_series(self._store, counted, byref(pointer)))
        return series_out(ResultHandle(pointer, library.ds_series_free), counts=counted)

    def delete(self, symbol: str, timeframe: str, start: Bound = None, end: Bound = None) -> int:
        """Delete bars with their features; without bounds the whole series.

        Parameters
        ----------
        symbol : str
            Not empty, at most 65,535 bytes of UTF-8.
        timeframe : str
            Likewise.
        start, end : aware datetime or str, optional
            Inclusive bounds; None: none. ISO 8601 text without an offset means UTC, and as a bare
            date covers the whole day.

        Returns
        -------
        int
            How many bars were deleted.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        rows = c_int64()
        check(
            library.ds_market_delete(
                self._store,
                encode_name(symbol, "symbol"),
                encode_name(timeframe, "timeframe"),
                range_of(start, end),
                byref(rows),
            )
        )
        return rows.value

    # ---- Requests ---------------------------------------------------------------------------

    def record_request(
        self,
        symbol: str,
        timeframe: str,
        *,
        provider_used: str,
        start_ts: dt.datetime | str,
        end_ts: dt.datetime | str,
        requested_at: dt.datetime | str | None = None,
        fallback_used: bool = False,
        coverage_ratio: float | None = None,
        gap_count: int | None = None,
        quality: str | None = None,
        notes: str | None = None,
    ) -> None:
        """Record how a range of bars was obtained.

        Upserts the whole row on (symbol, timeframe, requested_at).

        Parameters
        ----------
        symbol : str
            Not empty, at most 65,535 bytes of UTF-8.
        timeframe : str
            Likewise.
        provider_used : str
            The provider that answered.
        start_ts, end_ts : datetime or str
            The range that was asked for. Aware, or ISO 8601 text with an offset.
        requested_at : datetime or str, optional
            Likewise. None: now, or the next microsecond that is free.
        fallback_used : bool, default False
            Whether that provider was not the first choice.
        coverage_ratio : float, optional
            How much of the range came, from 0 to 1. None and NaN are NULL.
        gap_count : int, optional
            How many bars are missing. None is NULL.
        quality, notes : str, optional
            Any text. None is NULL.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        # The texts stay here until the call is over: the packed request points to them.
        request, _texts = request_in(
            symbol, timeframe, provider_used, start_ts, end_ts, requested_at, fallback_used,
            coverage_ratio, gap_count, quality, notes,
        )  # fmt: skip
        status = _record_request(self._store, request, None)
        if status or raised:
            check(status)

    def requests(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        start: Bound = None,
        end: Bound = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """Read recorded requests by `requested_at`, oldest first, from one snapshot.

        Parameters
        ----------
        symbol, timeframe : str, optional
            None: any.
        start, end : aware datetime or str, optional
            Inclusive bounds of `requested_at`, as for `read`.
        limit : int, optional
            At most so many, the oldest ones. None: all.

        Returns
        -------
        DataFrame
            The schema's columns: requested_at, start_ts, end_ts as datetime64[ns, UTC],
            fallback_used bool, coverage_ratio float64, gap_count Int64, the rest str.

        Raises
        ------
        InvalidInputError
            An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        pointer = POINTER(_abi.ds_requests)()
        check(
            library.ds_market_requests(
                self._store,
                None if symbol is None else encode_name(symbol, "symbol"),
                None if timeframe is None else encode_name(timeframe, "timeframe"),
                range_of(start, end),
                limit_of(limit),
                byref(pointer),
            )
        )
        return requests_out(ResultHandle(pointer, library.ds_requests_free))
