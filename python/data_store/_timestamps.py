# SPDX-License-Identifier: MIT
"""Instants: int64 nanoseconds since the Unix epoch, UTC, on the library's side.

A time without a zone is refused wherever it turns up: guessing one would store another instant.
"""

from __future__ import annotations

import datetime as dt
import numbers
import sys
from collections.abc import Callable, Iterable
from ctypes import byref, c_int64
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ._c import abi as _abi
from ._c.first_use import at_first_use
from ._c.library import library
from ._c.opening import LAST_TIME, NO_TIME
from ._c.signals import pass_on
from ._c.status import check
from ._c.text import encode
from ._in.cells import Refusal, described, is_missing, shown
from ._in.kinds import is_duration, is_missing_type, is_of
from .errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FIRST_TIME",
    "NAIVE",
    "NS_PER_UNIT",
    "PLAIN_ZONES",
    "RANGE",
    "argument_ns",
    "cells_ns",
    "instant_ns",
    "localized",
    "optional_argument_ns",
    "range_of",
    "refuse_epoch",
    "storable_ns",
    "timestamp_maker",
    "to_datetime",
    "when_timestamps_come",
    "zone_of",
]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_MICROSECOND = dt.timedelta(microseconds=1)
zone_of = dt.datetime.tzinfo.__get__
"""Give a datetime's zone. A Timestamp has a property over it, which takes three times as long."""
PLAIN_ZONES = frozenset({dt.timezone, ZoneInfo})
"""Types of zones that are known to have an offset at any time."""
NS_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
FIRST_TIME = NO_TIME + 1
_LAST_TIME = LAST_TIME
_BEYOND = 2**64  # an instant that does not fit int64 nanoseconds; only its sign counts

NAIVE = "has no time zone"
_LOCALIZE = "say which one it is in, e.g. {} = pd.Timestamp({}).tz_localize('UTC')"
RANGE = "stored times reach from 1677-09-21 to 2262-04-11"

# The first row that fits says why a value is not an instant, and what to do with pandas.
_NO_TIMES: tuple[tuple[Callable[[object], bool], str, str], ...] = (
    (
        lambda value: isinstance(value, str),
        "text is not a timestamp",
        "convert it, e.g. {} = pd.to_datetime({}, utc=True)",
    ),
    (
        lambda value: isinstance(value, dt.date),
        "a date is not an instant",
        "say when it begins, e.g. {} = pd.to_datetime({}, utc=True)",
    ),
    (
        is_duration,
        "a duration is not an instant",
        "add it to the time that it counts from, e.g. {} = pd.Timestamp(0, tz='UTC') + "
        "pd.to_timedelta({})",
    ),
    (lambda value: is_of(value, "datetime64"), f"an np.datetime64 {NAIVE}", _LOCALIZE),
    (
        lambda value: is_of(value, "Period"),
        "a period is not an instant",
        "take its beginning, e.g. {} = {}{dt}.to_timestamp(){dt}.tz_localize('UTC')",
    ),
)

# What to do where pandas is not loaded: advice that begins with an import would be none.
_PLAIN_ADVICE = {
    "text is not a timestamp": "convert it, e.g. {} = datetime.datetime.fromisoformat({}), from "
    "text that has an offset",
    "a date is not an instant": "say when it begins, e.g. {} = datetime.datetime.combine({}, "
    "datetime.time(), datetime.timezone.utc)",
    "a duration is not an instant": "add it to the time that it counts from",
    f"an np.datetime64 {NAIVE}": "say which one it is in, e.g. {} = "
    "{}.astype('M8[us]').item().replace(tzinfo=datetime.timezone.utc)",
}
_PLAIN_LOCALIZE = "say which one it is in, e.g. {} = {}.replace(tzinfo=datetime.timezone.utc)"

# Numbers below which an epoch is of a unit. 1e11 seconds are the year 5138, 1e11 ms March 1973.
_EPOCH_UNITS = ((1e11, "s"), (1e14, "ms"), (1e17, "us"), (float("inf"), "ns"))
_CALENDAR_DATES = range(1900_01_01, 2100_12_32)


# ---- pandas' timestamps, which are datetimes with a faster way in ----------------------------


_Timestamp: Any = None  # until pandas is there: it is not loaded for this
_learners: list[Callable[[Any], None]] = []


def when_timestamps_come(learn: Callable[[Any], None]) -> None:
    """Have `learn` called with pandas' class of timestamps: now, or with the first that comes."""
    _learners.append(learn)
    kind = getattr(sys.modules.get("pandas"), "Timestamp", None)
    if kind is not None:
        learn(kind)


def _learn(kind: Any) -> None:
    global _Timestamp
    _Timestamp = kind


when_timestamps_come(_learn)


# ---- One instant ----------------------------------------------------------------------------


def instant_ns(value: Any) -> int:
    """Give an aware datetime as nanoseconds, which may lie beyond int64.

    Raises
    ------
    Refusal
        It is naive, NaT or no datetime at all.
    """
    kind = type(value)
    if kind is not dt.datetime:
        if not isinstance(value, dt.datetime):
            raise _refuse_instant(value)
        if is_missing_type(kind):
            raise Refusal("NaT is not an instant", "drop the row or give it a time")
    # To ask a zone for its offset costs as much as all the rest; these have one at any time.
    try:
        zone = value.tzinfo
        if type(zone) not in PLAIN_ZONES and (zone is None or value.utcoffset() is None):
            raise Refusal(f"{shown(value)} {NAIVE}", _advice(_LOCALIZE, _PLAIN_LOCALIZE))
        if kind is not dt.datetime and is_of(value, "Timestamp"):
            if kind is not _Timestamp and kind.__module__.partition(".")[0] == "pandas":
                for learn in _learners:
                    learn(kind)
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


def _advice(with_pandas: str, plain: str) -> str:
    return with_pandas if sys.modules.get("pandas") is not None else plain


def _refuse_instant(value: object) -> Refusal:
    for fits, reason, remedy in _NO_TIMES:
        if fits(value):
            if isinstance(value, str) and _is_numeric(value):
                number = _advice("pd.to_numeric({})", "float({})")
                return refuse_epoch(float(str(value)), shown(value), number)
            plain = _PLAIN_ADVICE.get(reason, remedy)
            return Refusal(f"{reason}: {shown(value)}", _advice(remedy, plain))
    if isinstance(value, numbers.Number):
        return refuse_epoch(value, shown(value), "{}")
    return Refusal(f"{described(value)} is not an instant", "pass an aware datetime")


def _is_numeric(text: Any) -> bool:
    try:
        return float(text) == float(text)
    except ValueError as error:
        pass_on(error)
        return False


def refuse_epoch(value: Any, shown_value: str, expression: str) -> Refusal:
    """Say how to convert a number; its size tells what it counts."""
    unit, is_date = "s", False
    try:
        unit = next(unit for limit, unit in _EPOCH_UNITS if abs(value) < limit)
        is_date = value in _CALENDAR_DATES
    except Exception as error:  # NaN, infinity, or a number of the caller's own
        pass_on(error)
    if is_date:
        pandas = "pd.to_datetime({text}, format='%Y%m%d', utc=True)"
        plain = "datetime.datetime.strptime({text} + 'Z', '%Y%m%d%z')"
    else:
        pandas = f"pd.to_datetime({expression}, unit='{unit}', utc=True)"
        seconds = expression if unit == "s" else f"{expression} / {10**9 // NS_PER_UNIT[unit]}"
        plain = f"datetime.datetime.fromtimestamp({seconds}, datetime.timezone.utc)"
    return Refusal(
        f"a number is not a timestamp: {shown_value}",
        f"convert it, e.g. {{}} = {_advice(pandas, plain)}",
    )


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
    if not FIRST_TIME <= ns <= _LAST_TIME:
        raise Refusal(f"{shown(value)} is out of range", RANGE)
    return ns


def cells_ns(cells: Iterable[Any]) -> list[int]:
    """Give a column of single instants; missing is `NO_TIME`, which the library refuses.

    Raises
    ------
    Refusal
        With the row of the first that is naive, out of range, or not an instant.
    """
    found = []
    for row, cell in enumerate(cells):
        try:
            found.append(NO_TIME if is_missing(cell) else storable_ns(cell))
        except Refusal as refusal:
            if refusal.remedy is _LOCALIZE:
                remedy = localized("pd.to_datetime({})")
                raise Refusal(refusal.reason, remedy, row) from None
            raise refusal.at(row) from refusal.__cause__
    return found


def localized(times: str) -> str:
    """Say how to give a column of times its zone."""
    return f"say which one it is in, e.g. {{}} = {times}{{dt}}.tz_localize('UTC')"


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
    return NO_TIME if value is None else argument_ns(value, place, name)


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
    bounds = _abi.ds_range(start=NO_TIME, end=LAST_TIME)
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
        return min(max(instant_ns(value), FIRST_TIME), LAST_TIME)
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


def to_iso(ns: int) -> str:
    """Give an instant as the store writes it: ``2026-03-01T15:00:00+00:00``, to the nanosecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    whole = (_EPOCH + dt.timedelta(0, seconds)).isoformat()[:19]
    fraction = f".{rest:09d}" if rest % 1_000 else f".{rest // 1_000:06d}" if rest else ""
    return f"{whole}{fraction}+00:00"


def timestamp_maker() -> Callable[[int], pd.Timestamp | None]:
    """Give what makes Timestamps in UTC of instants, None of "no time"; loads pandas.

    Without pandas installed it makes datetimes, cut to whole microseconds.
    """
    with at_first_use.lock, at_first_use:
        try:
            import pandas as pd
        except ImportError:

            def made(ns: int) -> Any:
                return None if ns == NO_TIME else to_datetime(ns)
        else:
            utc = pd.Timestamp(0, tz="UTC").tzinfo  # looked up once
            timestamp_of = pd.Timestamp

            def made(ns: int) -> Any:
                return None if ns == NO_TIME else timestamp_of(ns, unit="ns", tz=utc)

    return made
