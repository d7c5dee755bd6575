# SPDX-License-Identifier: MIT
"""Instants: int64 nanoseconds since the Unix epoch, UTC, on the library's side.

A time without a zone is refused wherever it turns up: guessing one would store another instant.
"""

from __future__ import annotations

import datetime as dt
import numbers
from ctypes import byref, c_int64
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._c import abi as _abi
from ._c.library import library
from ._c.signals import pass_on
from ._c.status import check
from ._c.text import encode
from ._in.cells import Refusal, described, is_missing, shown
from ._in.columns.dtypes import Labelled, objects
from ._in.columns.encoding import each
from .errors import InvalidInputError

__all__ = [
    "PLAIN_ZONES",
    "argument_ns",
    "column_ns",
    "epoch_refusal",
    "instant_ns",
    "only_ns",
    "optional_argument_ns",
    "range_of",
    "storable_ns",
    "to_datetime",
    "to_timestamp",
    "zone_of",
]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_UTC = pd.Timestamp(0, tz="UTC").tzinfo  # looked up once
_Timestamp = pd.Timestamp
zone_of = dt.datetime.tzinfo.__get__
"""Give a datetime's zone. A Timestamp has a property over it, which takes three times as long."""
PLAIN_ZONES = frozenset({dt.timezone, ZoneInfo})
"""Types of zones that are known to have an offset at any time."""
_NS_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_FIRST_TIME = _abi.NO_TIME + 1
_LAST_TIME = _abi.LAST_TIME
_BEYOND = 2**64  # an instant that does not fit int64 nanoseconds; only its sign counts

_NAIVE = "has no time zone"
_LOCALIZE = "say which one it is in, e.g. {} = pd.Timestamp({}).tz_localize('UTC')"
_RANGE = "stored times reach from 1677-09-21 to 2262-04-11"

# The first row that fits says why a value is not an instant.
_NO_TIMES: tuple[tuple[tuple[type, ...], str, str], ...] = (
    ((str,), "text is not a timestamp", "convert it, e.g. {} = pd.to_datetime({}, utc=True)"),
    (
        (dt.date,),
        "a date is not an instant",
        "say when it begins, e.g. {} = pd.to_datetime({}, utc=True)",
    ),
    (
        (dt.timedelta, np.timedelta64),
        "a duration is not an instant",
        "add it to the time that it counts from, e.g. {} = pd.Timestamp(0, tz='UTC') + "
        "pd.to_timedelta({})",
    ),
    ((np.datetime64,), f"an np.datetime64 {_NAIVE}", _LOCALIZE),
    (
        (pd.Period,),
        "a period is not an instant",
        "take its beginning, e.g. {} = {}{dt}.to_timestamp(){dt}.tz_localize('UTC')",
    ),
)

# Numbers below which an epoch is of a unit. 1e11 seconds are the year 5138, 1e11 ms March 1973.
_EPOCH_UNITS = ((1e11, "s"), (1e14, "ms"), (1e17, "us"), (float("inf"), "ns"))
_CALENDAR_DATES = range(1900_01_01, 2100_12_32)


# ---- One instant ----------------------------------------------------------------------------


def instant_ns(value: Any) -> int:
    """Give an aware datetime as nanoseconds, which may lie beyond int64.

    Raises
    ------
    Refusal
        It is naive, NaT or no datetime at all.
    """
    if not isinstance(value, dt.datetime):
        raise _refuse_instant(value)
    if value is pd.NaT:
        raise Refusal("NaT is not an instant", "drop the row or give it a time")
    # To ask a zone for its offset costs as much as all the rest; these have one at any time.
    try:
        zone = value.tzinfo
        if type(zone) not in PLAIN_ZONES and (zone is None or value.utcoffset() is None):
            raise Refusal(f"{shown(value)} {_NAIVE}", _LOCALIZE)
        if isinstance(value, pd.Timestamp):
            return _timestamp_ns(value)
        since = dt.datetime.__sub__(value, _EPOCH)  # a subclass may subtract otherwise
    except Refusal:
        raise
    except Exception as error:  # what the caller's own zone raises
        pass_on(error)
        reason = f"{shown(value)} has a time zone that fails: {error!r}"
        raise Refusal(reason, "pass the time in UTC") from error
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000


def _timestamp_ns(value: pd.Timestamp) -> int:
    try:
        return value.value
    except (OverflowError, ValueError):
        return _BEYOND if value.year > _EPOCH.year else -_BEYOND


def _refuse_instant(value: object) -> Refusal:
    for types, reason, remedy in _NO_TIMES:
        if isinstance(value, types):
            if types == (str,) and _is_numeric(value):
                return _refuse_number(float(str(value)), shown(value), "pd.to_numeric({})")
            return Refusal(f"{reason}: {shown(value)}", remedy)
    if isinstance(value, numbers.Number):
        return _refuse_number(value, shown(value), "{}")
    return Refusal(f"{described(value)} is not an instant", "pass an aware datetime")


def _is_numeric(text: Any) -> bool:
    try:
        return float(text) == float(text)
    except ValueError as error:
        pass_on(error)
        return False


def _refuse_number(value: Any, shown_value: str, expression: str) -> Refusal:
    """Say how to convert a number; its size tells what it counts."""
    try:
        unit = next(unit for limit, unit in _EPOCH_UNITS if abs(value) < limit)
        how = f"unit='{unit}'"
        if value in _CALENDAR_DATES:
            expression, how = "{text}", "format='%Y%m%d'"
    except Exception as error:  # NaN, infinity, or a number of the caller's own
        pass_on(error)
        how = "unit='s'"
    return Refusal(
        f"a number is not a timestamp: {shown_value}",
        f"convert it, e.g. {{}} = pd.to_datetime({expression}, {how}, utc=True)",
    )


def epoch_refusal(index: pd.Index[Any]) -> Refusal | None:
    """Say how to convert an index whose numbers are too large to count rows; None for others."""
    if not len(index) or not isinstance(index.dtype, np.dtype) or index.dtype.kind not in "iuf":
        return None
    first = index.to_numpy()[0].item()
    return _refuse_number(first, shown(first), "{}") if first > _MOST_ROWS else None


_MOST_ROWS = 10_000_000


def storable_ns(value: Any) -> int:
    """`instant_ns`, within the range of what can be stored."""
    ns: int
    # Nearly every instant is one of these, in a zone that is known to have an offset at any time.
    kind = type(value)
    if kind is _Timestamp and type(zone_of(value)) in PLAIN_ZONES:
        try:
            ns = value.value
        except (OverflowError, ValueError):
            ns = _timestamp_ns(value)
    elif kind is dt.datetime and type(value.tzinfo) is dt.timezone:
        ns = (value - _EPOCH) // _MICROSECOND * 1_000
    else:
        ns = instant_ns(value)
    if not _FIRST_TIME <= ns <= _LAST_TIME:
        raise Refusal(f"{shown(value)} is out of range", _RANGE)
    return ns


def argument_ns(value: object, place: str, name: str) -> int:
    """Give the instant of an argument: an aware datetime, or ISO 8601 text with an offset.

    Raises
    ------
    InvalidInputError
        With `place`, and the argument's `name`.
    """
    try:
        return _text_ns(value, name) if isinstance(value, str) else storable_ns(value)
    except Refusal as refusal:
        raise InvalidInputError(f"{place}: {name}: {refusal.told(name)}") from refusal.__cause__
    except InvalidInputError as error:
        raise InvalidInputError(f"{place}: {name}: {error}") from None


def _text_ns(text: str, name: str) -> int:
    time = c_int64()
    check(library.ds_time_of_text(encode(text, name), byref(time)))
    return time.value


def optional_argument_ns(value: object, place: str, name: str) -> int:
    """`argument_ns`, with None as "no time"."""
    return _abi.NO_TIME if value is None else argument_ns(value, place, name)


# ---- A column of instants -------------------------------------------------------------------


def column_ns(column: Labelled) -> npt.NDArray[np.int64]:
    """Give a column of aware times, of any zone and unit, as nanoseconds.

    Returns
    -------
    ndarray of int64
        The column's own memory where it is in nanoseconds already. Missing is `NO_TIME`, which
        the library refuses with its row.

    Raises
    ------
    Refusal
        With the row of the first time that is naive, text, or out of range.
    """
    dtype: Any = column.dtype
    if isinstance(dtype, pd.ArrowDtype) and getattr(dtype.pyarrow_dtype, "tz", None) is not None:
        column = column.astype(pd.DatetimeTZDtype(dtype.pyarrow_dtype.unit, "UTC"))
        dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _aware_ns(column.array)
    if getattr(dtype, "kind", "") == "M" and len(column) and not _is_arrow_date(dtype):
        first: Any = column.array[0]
        raise Refusal(f"{shown(first)} {_NAIVE}", _localize("{}"), row=0)
    try:
        return np.array(each(objects(column), _cell_ns), dtype=np.int64)
    except Refusal as refusal:
        if refusal.remedy is not _LOCALIZE:
            raise
        raise Refusal(refusal.reason, _localize("pd.to_datetime({})"), refusal.row) from None


def _is_arrow_date(dtype: object) -> bool:
    """Tell whether a column holds dates, which pandas counts among the times."""
    return isinstance(dtype, pd.ArrowDtype) and str(dtype.pyarrow_dtype).startswith("date")


def _localize(times: str) -> str:
    return f"say which one it is in, e.g. {{}} = {times}{{dt}}.tz_localize('UTC')"


def only_ns(index: pd.DatetimeIndex) -> int | None:
    """Give the only time of an index; None if it cannot be stored."""
    dtype = index.dtype
    if type(dtype) is not pd.DatetimeTZDtype:
        return None
    # Ticks, without their zone: near the end of time there may be no such local time.
    ns = int(index.asi8[0]) * _NS_PER_UNIT[dtype.unit]
    return ns if _FIRST_TIME <= ns <= _abi.LAST_TIME else None


def _cell_ns(cell: object) -> int:
    return _abi.NO_TIME if is_missing(cell) else storable_ns(cell)


def _aware_ns(array: Any) -> npt.NDArray[np.int64]:
    ticks = array.asi8
    if array.unit == "ns":  # as_unit would copy
        return np.ascontiguousarray(ticks)
    limit = _abi.LAST_TIME // _NS_PER_UNIT[array.unit]
    if ticks.size and -limit <= ticks.min() and ticks.max() <= limit:  # NaT is far below
        ns: npt.NDArray[np.int64] = ticks * _NS_PER_UNIT[array.unit]
        return ns
    try:
        return np.ascontiguousarray(array.as_unit("ns").asi8)
    except pd.errors.OutOfBoundsDatetime:
        beyond = ((ticks > limit) | (ticks < -limit)) & (ticks != _abi.NO_TIME)
        row = int(np.argmax(beyond))
        raise Refusal(f"{array[row]} is out of range", _RANGE, row) from None


# ---- A range --------------------------------------------------------------------------------


def range_of(start: object, end: object) -> _abi.ds_range | None:
    """Give inclusive bounds as the library takes them; None if there are none.

    Parameters
    ----------
    start, end : aware datetime, ISO 8601 text, or None
        Text goes to the library as it is. Datetimes beyond the range of int64 nanoseconds are
        moved to its ends, where nothing can be stored any more.
    """
    if start is None and end is None:
        return None
    bounds = _abi.ds_range(start=_abi.NO_TIME, end=_abi.LAST_TIME)
    if isinstance(start, str):
        bounds.start_text = encode(start, "start")
    elif start is not None:
        bounds.start = _bound_ns(start, "start")
    if isinstance(end, str):
        bounds.end_text = encode(end, "end")
    elif end is not None:
        bounds.end = _bound_ns(end, "end")
    return bounds


def _bound_ns(value: object, what: str) -> int:
    try:
        return min(max(instant_ns(value), _FIRST_TIME), _abi.LAST_TIME)
    except Refusal as refusal:
        is_date = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        hint = f"; as text, '{value}' is the whole day" if is_date else ""
        raise InvalidInputError(f"{what}: {refusal.told(what)}{hint}") from refusal.__cause__


# ---- Back -----------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def to_datetime(ns: int) -> dt.datetime:
    """Give an instant as a datetime in UTC, cut to whole microseconds.

    Kept, because the latest bars of many symbols are mostly of one time.
    """
    return _EPOCH + dt.timedelta(0, 0, ns // 1_000)


def to_timestamp(ns: int) -> pd.Timestamp | None:
    """Give an instant as a Timestamp in UTC; None for "no time"."""
    return None if ns == _abi.NO_TIME else pd.Timestamp(ns, unit="ns", tz=_UTC)
