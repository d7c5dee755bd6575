# SPDX-License-Identifier: MIT
"""One bar, written and read without a DataFrame."""

from __future__ import annotations

import datetime as dt
from ctypes import POINTER, byref
from typing import TYPE_CHECKING, Any, Final

from .._bar import (
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
from .._c import abi as _abi
from .._c.handles import StoreHandle
from .._c.library import library, untyped
from .._c.signals import pass_on, raised
from .._c.status import check
from .._c.text import encode_names, symbol_texts, timeframe_texts
from .._in.cells import Refusal, flag_argument
from .._in.entries import entry_json
from .._in.one_entry import write_bar_and_entry
from .._in.places import place_of
from .._in.words import NO_TEXT, placed, words
from .._timestamps import PLAIN_ZONES, storable_ns, when_timestamps_come, zone_of
from .arguments import Entry

if TYPE_CHECKING:
    import pandas as pd

    from ..market_repo import MarketRepo

__all__ = ["latest_bar", "write_bar"]

if TYPE_CHECKING:
    _Timestamp = pd.Timestamp
else:
    _Timestamp = None
_write_bar: Final = untyped("ds_market_write_bar")
_latest_bar_into: Final = untyped("ds_market_latest_bar_into")


def _learn(kind: Any) -> None:
    global _Timestamp
    _Timestamp = kind


when_timestamps_come(_learn)


def write_bar(
    self: MarketRepo,
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
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
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


def latest_bar(self: MarketRepo, symbol: str, timeframe: str) -> Bar | None:
    """Read the latest bar without a DataFrame.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.

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
        bar = _long_latest_bar(self._store, symbol, timeframe)
    else:
        bar = bar_in_room(memory, texts, symbol, timeframe) if taken else None
    give_room_back(room)
    return bar


def _long_latest_bar(store: StoreHandle, symbol: str, timeframe: str) -> Bar | None:
    pointer = POINTER(_abi.ds_bar)()
    names = encode_names(symbol, timeframe)
    check(library.ds_market_latest_bar(store, *names, byref(pointer)))
    if not pointer:
        return None
    try:
        return bar_out(pointer.contents, symbol, timeframe)
    finally:
        library.ds_bar_free(pointer)
