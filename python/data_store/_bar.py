# SPDX-License-Identifier: MIT
"""A single bar, on its way in and out without a DataFrame."""

from __future__ import annotations

import datetime as dt
from ctypes import sizeof
from typing import Any, Final, NamedTuple

from . import _abi
from ._columns import Refusal
from ._columns.cells import flag, number
from ._columns.texts import cached_utf8, text_or_missing
from ._features_in import entry_json
from ._json import from_json
from ._rows import cell_error, place_of
from ._text import decode_optional
from ._timestamps import storable_ns, to_datetime

__all__ = ["UNSET", "Bar", "Unset", "bar_in", "bar_out"]


class Unset:
    """The default of an argument that is not carried, so that None can be NULL."""

    def __repr__(self) -> str:
        return "..."


UNSET: Final = Unset()

_SIZE = sizeof(_abi.ds_bar)
_NAN = float("nan")
_DOUBLES = ("open", "high", "low", "close", "volume", "latency_sec")
_DOUBLE_BITS = tuple((name, _abi.COLUMN_BITS[name]) for name in _DOUBLES)
_SOURCE = _abi.COLUMN_BITS["source"]
_QUALITY = _abi.COLUMN_BITS["quality"]
_IS_GAP = _abi.COLUMN_BITS["is_gap"]


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
    timestamp: object,
    numbers: tuple[Any, ...],
    source: object,
    quality: object,
    is_gap: object,
    features: object,
) -> _abi.ds_bar:
    """Fill a `ds_bar`. `numbers`: open, high, low, close, volume, latency_sec."""
    columns = 0
    doubles = []
    name = "timestamp"
    try:
        ns = storable_ns(timestamp)
        for field, value in zip(_DOUBLE_BITS, numbers, strict=True):
            name, bit = field
            if value is UNSET:
                doubles.append(_NAN)
            else:
                columns |= bit
                doubles.append(value if type(value) is float else number(value))
        name = "is_gap"
        gap = 0 if is_gap is UNSET else flag(is_gap)
        name = "source"
        source_text = _text(source)
        name = "quality"
        quality_text = _text(quality)
    except Refusal as refusal:
        raise cell_error(refusal, place_of(symbol, timeframe), name) from None
    features_text = None
    if features is not UNSET:
        features_text = entry_json(features, 0, place_of(symbol, timeframe))
    if source is not UNSET:
        columns |= _SOURCE
    if quality is not UNSET:
        columns |= _QUALITY
    if is_gap is not UNSET:
        columns |= _IS_GAP
    if features_text is not None:
        columns |= _abi.COLUMN_FEATURES
    return _abi.ds_bar(_SIZE, ns, columns, gap, *doubles, source_text, quality_text, features_text)


def _text(value: object) -> bytes | None:
    if type(value) is str:
        return cached_utf8(value)
    return None if value is UNSET else text_or_missing(value)


def bar_out(bar: _abi.ds_bar, symbol: str, timeframe: str) -> Bar:
    """Copy a `ds_bar` that the library handed out."""
    features = bar.features_json
    return Bar(
        to_datetime(bar.timestamp),
        _present(bar.open),
        _present(bar.high),
        _present(bar.low),
        _present(bar.close),
        _present(bar.volume),
        decode_optional(bar.source),
        decode_optional(bar.quality),
        bar.is_gap != 0,
        _present(bar.latency_sec),
        {} if features is None else from_json(features, f"{symbol} {timeframe}: features"),
    )


def _present(value: float) -> float | None:
    return value if value == value else None
