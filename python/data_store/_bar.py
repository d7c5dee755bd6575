# SPDX-License-Identifier: MIT
"""A single bar, on its way in and out without a DataFrame."""

from __future__ import annotations

import datetime as dt
from struct import Struct
from typing import Any, Final, NamedTuple, TypeAlias

from . import _abi
from ._columns import Refusal
from ._columns.cells import flag, number
from ._columns.texts import NO_TEXT, placed, word, words
from ._features_in import entry_json
from ._json import from_json
from ._rows import cell_error, place_of
from ._text import decode
from ._timestamps import to_datetime

__all__ = ["UNSET", "Bar", "PackedBar", "Unset", "bar_in", "bar_out"]


class Unset:
    """The default of an argument that is not carried, so that None can be NULL."""

    def __repr__(self) -> str:
        return "..."


UNSET: Final = Unset()

_NAN = float("nan")
_OHLCV = ("open", "high", "low", "close", "volume")
_ALL_OHLCV = sum(_abi.COLUMN_BITS[name] for name in _OHLCV)
_LATENCY_SEC = _abi.COLUMN_BITS["latency_sec"]
_SOURCE = _abi.COLUMN_BITS["source"]
_QUALITY = _abi.COLUMN_BITS["quality"]
_IS_GAP = _abi.COLUMN_BITS["is_gap"]

# A live bar is packed, and read, in one step: a ctypes struct converts field by field. The
# alignment is native, as in the header; the first field is the struct's own size.
_LAYOUT = Struct("NqIi6d3P")
_pack: Final = _LAYOUT.pack
_SIZE = _LAYOUT.size
_unpack_numbers: Final = Struct("8xq4xi6d").unpack_from
_new_bar: Final = tuple.__new__

PackedBar: TypeAlias = tuple[bytes, object]
"""The bytes of a `ds_bar`, and what must live as long as they are in use: the texts that they
point to. Each call has its own, whatever interrupts it."""


class Bar(NamedTuple):
    """One stored bar; a column that is NULL is None.

    Attributes
    ----------
    timestamp : datetime
        UTC. Cut to whole microseconds: a datetime knows no nanoseconds. `latest` keeps them.
    open, high, low, close, volume : float or None
    source, quality : str or None
    is_gap : bool
    latency_sec : float or None
        Seconds.
    features : dict
        Key to `{"value": number or None, "quality": str}`; empty where there are none.
    """

    timestamp: dt.datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    source: str | None
    quality: str | None
    is_gap: bool
    latency_sec: float | None
    features: dict[str, dict[str, Any]]


def bar_in(
    symbol: object,
    timeframe: object,
    ns: int,
    open: Any,
    high: Any,
    low: Any,
    close: Any,
    volume: Any,
    latency_sec: Any,
    source: object,
    quality: object,
    is_gap: object,
    features: object,
) -> PackedBar:
    """Pack a bar at an instant that can be stored; `UNSET` is not carried."""
    try:
        # Nearly every bar is of five floats.
        if type(open) is type(high) is type(low) is type(close) is type(volume) is float:
            columns = _ALL_OHLCV
        else:
            columns = 0
            numbers = [open, high, low, close, volume]
            for place, name in enumerate(_OHLCV):
                if numbers[place] is UNSET:
                    numbers[place] = _NAN
                else:
                    numbers[place] = number(numbers[place])
                    columns |= _abi.COLUMN_BITS[name]
            open, high, low, close, volume = numbers
        name = "latency_sec"
        if type(latency_sec) is float:
            columns |= _LATENCY_SEC
        elif latency_sec is UNSET:
            latency_sec = _NAN
        else:
            columns |= _LATENCY_SEC
            latency_sec = number(latency_sec)
        name = "is_gap"
        if type(is_gap) is bool:
            columns |= _IS_GAP
        elif is_gap is UNSET:
            is_gap = 0
        else:
            columns |= _IS_GAP
            is_gap = flag(is_gap)
        name = "source"
        if type(source) is str:
            columns |= _SOURCE
            source_text = words[source]
        elif source is UNSET:
            source_text = NO_TEXT
        else:
            columns |= _SOURCE
            source_text = word(source)
        name = "quality"
        if type(quality) is str:
            columns |= _QUALITY
            quality_text = words[quality]
        elif quality is UNSET:
            quality_text = NO_TEXT
        else:
            columns |= _QUALITY
            quality_text = word(quality)
    except Refusal as refusal:
        raise cell_error(refusal, place_of(symbol, timeframe), name) from None
    features_text = NO_TEXT
    if features is not UNSET:
        features_text = placed(entry_json(features, 0, place_of(symbol, timeframe)))
        if features_text is not NO_TEXT:
            columns |= _abi.COLUMN_FEATURES
    bar = _pack(
        _SIZE,
        ns,
        columns,
        is_gap,
        open,
        high,
        low,
        close,
        volume,
        latency_sec,
        source_text[1],
        quality_text[1],
        features_text[1],
    )
    return bar, (source_text, quality_text, features_text)


def bar_out(bar: _abi.ds_bar, symbol: str, timeframe: str) -> Bar:
    """Copy a `ds_bar` that the library handed out."""
    ns, is_gap, open, high, low, close, volume, latency_sec = _unpack_numbers(bar)
    source = bar.source
    quality = bar.quality
    features = bar.features_json
    # NaN, which is unlike itself, stands for NULL.
    return _new_bar(
        Bar,
        (
            to_datetime(ns),
            open if open == open else None,
            high if high == high else None,
            low if low == low else None,
            close if close == close else None,
            volume if volume == volume else None,
            None if source is None else decode(source),
            None if quality is None else decode(quality),
            is_gap != 0,
            latency_sec if latency_sec == latency_sec else None,
            {} if features is None else from_json(features, f"{symbol} {timeframe}: features"),
        ),
    )
