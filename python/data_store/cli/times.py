# SPDX-License-Identifier: MIT
"""Times in files: numbers since 1970 in some unit, or text in some zone, as nanoseconds in UTC."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .usage import UsageError

__all__ = ["Remembered", "TimeForm", "duration_ns", "iso_text", "zone_named"]

_EPOCH = dt.datetime(1970, 1, 1)
_DAY = 86_400 * 10**9
_FIRST, _LAST = -(2**63) + 1, 2**63 - 1
NS_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# Numbers below which an epoch is of a unit. 1e11 seconds are the year 5138, 1e11 ms March 1973.
_UNITS = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
_CALENDAR = range(1900_01_01, 2100_12_32)

_ISO = re.compile(
    r"(\d{4})[-./]?(\d\d)[-./]?(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|UTC|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?"
)
_DAY_OR_MONTH_FIRST = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)"
    r"(?: (\d{1,2}:\d\d(?::\d\d(\.\d{1,6})?)?)( [AaPp][Mm])?)?"
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


def zone_named(name: str) -> dt.tzinfo:
    """Give a time zone by its name.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if name.upper() in ("UTC", "Z", "GMT"):
        return dt.timezone.utc
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"--tz: a time zone {name!r} does not exist; examples: "
            "UTC, America/New_York, Europe/Madrid"
        ) from None


def duration_ns(text: str) -> int:
    """Give the nanoseconds of "30s", "5m", "1h", "1d" or "1w".

    Raises
    ------
    UsageError
        It is none of those forms.
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s|m|min|h|H|d|D|w|W)", text.strip())
    seconds = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
    length = Decimal(found[1]) * Decimal(str(seconds[found[2].lower()])) if found else Decimal(0)
    if not 0 < length < 10**9:
        raise UsageError(
            f"{text!r} is not a duration: write a number and s, m, h, d or w, such as 15m or 1h"
        )
    return int(length * 10**9)


# ---- Out ----------------------------------------------------------------------------------------


class Remembered(dict[Any, Any]):
    """What a function gave, by argument; forgotten as a whole when there is too much of it."""

    def __init__(self, make: Any, most: int = 100_000) -> None:
        self._make = make
        self._most = most

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self._most:
            self.clear()
        value = self[key] = self._make(key)
        return value


_dates = Remembered(lambda day: (_EPOCH + dt.timedelta(day)).date().isoformat())


def _clock(ns: int) -> str:
    seconds, fraction = divmod(ns, 10**9)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if fraction:
        text += f".{fraction // 1000:06}" if fraction % 1000 == 0 else f".{fraction:09}"
    return text + "+00:00"


_clocks = Remembered(_clock)


def iso_text(ns: int) -> str:
    """Give a time as the store writes it: ``2026-03-01T15:00:00+00:00``."""
    day, clock = divmod(ns, _DAY)
    return f"{_dates[day]}T{_clocks[clock]}"


# ---- In -----------------------------------------------------------------------------------------


class Unread(NamedTuple):
    """Why a value is not a time."""

    reason: str


class TimeForm:
    """How the times of a file are written.

    Parameters
    ----------
    unit : str, optional
        Of numbers: s, ms, us, ns. None: by their size.
    zone : tzinfo, optional
        Of times that name none. None: those are refused.
    pattern : str, optional
        As for ``datetime.strptime``. None: ISO 8601.
    """

    def __init__(
        self, unit: str | None = None, zone: dt.tzinfo | None = None, pattern: str | None = None
    ) -> None:
        self._unit = unit
        self._zone = zone
        self._pattern = pattern
        # A day's times repeat every day, and a day's date in all its rows.
        self._days = Remembered(_day_of)
        self._clocks = Remembered(self._clock_of)
        self._offsets = Remembered(self._offset_of)

    def read_all(self, values: Sequence[Any]) -> list[int | Unread]:
        """Give each value's nanoseconds, or why there are none."""
        if not len(values):
            return []
        if not self._pattern:
            quick = self._numbers(values)
            if quick is not None:
                return quick
        return [self.read(value) for value in values]

    def _numbers(self, values: Sequence[Any]) -> list[int | Unread] | None:
        """Read whole numbers of one unit; None if it is not as simple as that."""
        first = values[0]
        if type(first) is str:
            if not (first.isascii() and first.isdigit()):
                return None
        elif type(first) is not int:
            return None
        try:
            numbers = list(map(int, values))
        except (ValueError, TypeError):
            return None
        low, high = min(numbers), max(numbers)
        factor = self._factor(low)
        if factor is None or factor != self._factor(high) or not -_LAST <= high * factor <= _LAST:
            return None
        return [number * factor for number in numbers]

    def _factor(self, number: float | Decimal) -> int | None:
        if self._unit:
            return NS_PER_UNIT[self._unit]
        size: Any = abs(number)
        if size < 10**8:  # 1973: rather a date such as 20240102, or a row's number
            return None
        return next((NS_PER_UNIT[unit] for limit, unit in _UNITS if size < limit), 1)

    def read(self, value: Any) -> int | Unread:
        """Give the nanoseconds of one value, or why there are none."""
        if isinstance(value, str):
            text = value.strip()
            if self._pattern:
                return self._by_pattern(text)
            ns = self._quick(text)
            if ns is not None:
                return ns
            if not text:
                return Unread("the time is missing")
            if _NUMBER.fullmatch(text):
                return self._number(Decimal(text), text)
            return self._iso(text)
        if value is None:
            return Unread("the time is missing")
        if isinstance(value, dt.datetime):
            return self._datetime(value, 0, str(value))
        if isinstance(value, dt.date):
            return self._datetime(dt.datetime(value.year, value.month, value.day), 0, str(value))
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            try:
                return self._number(Decimal(value), str(value))
            except InvalidOperation:
                return Unread(f"{value} is not a time")
        return Unread(f"{value!r} is not a time")

    def _number(self, number: Decimal, shown: str) -> int | Unread:
        if not self._unit and number in _CALENDAR:
            return Unread(f"{shown} looks like a date: say --time-format %Y%m%d (and --tz)")
        if not number.is_finite():
            return Unread(f"{shown} is not a time")
        factor = self._factor(number)
        if factor is None:
            return Unread(f"{shown} is too small for a time: say its unit, such as --unit s")
        return _stored(int(number * factor), shown)

    def _quick(self, text: str) -> int | None:
        """Read ``2026-03-01T15:00:00+00:00`` by its halves, each of which was read before."""
        day = self._days[text[:10]]
        if day is None:
            return None
        clock = self._clocks[text[10:]]
        if clock is None:
            return None
        ns, is_local = clock
        if is_local:
            offset = self._offsets[text[:13]]
            if offset is None:
                return None
            ns -= offset
        return int(day + ns)

    def _clock_of(self, text: str) -> tuple[int, bool] | None:
        """Give what a time of day adds to the day, and whether the zone's offset comes off it."""
        found = _ISO.fullmatch("2000-01-01" + text)
        if not found or (not found[8] and self._zone is None):
            return None
        hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
        if hour > 23 or minute > 59 or second > 59:
            return None
        ns = (hour * 3600 + minute * 60 + second) * 10**9 + int((found[7] or "").ljust(9, "0"))
        return ns - _offset_seconds(found[8]) * 10**9, not found[
            8
        ] and self._zone is not dt.timezone.utc

    def _offset_of(self, text: str) -> int | None:
        """Give the zone's offset within a local hour; None if it changes there."""
        try:
            start = dt.datetime.strptime(text[:10] + (text[11:] or "00"), "%Y-%m-%d%H")
        except ValueError:
            return None
        ends = start, start + dt.timedelta(minutes=59, seconds=59)
        offsets = {
            end.replace(tzinfo=self._zone, fold=fold).utcoffset() for end in ends for fold in (0, 1)
        }
        offset = offsets.pop()
        return None if offsets or offset is None else offset // dt.timedelta(microseconds=1) * 1000

    def _iso(self, text: str) -> int | Unread:
        found = _ISO.fullmatch(text)
        if not found:
            return Unread(
                f"{text!r} is not a time: ISO 8601 is read, others with {_format_of(text)}"
            )
        try:
            local = dt.datetime(*(int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6)))  # type: ignore[arg-type]
        except ValueError as error:
            return Unread(f"{text!r} is not a time: {error}")
        fraction = int((found[7] or "").ljust(9, "0"))
        if found[8]:
            ns = _ns_of(local) - _offset_seconds(found[8]) * 10**9 + fraction
            return _stored(ns, text)
        return self._datetime(local, fraction, text)

    def _by_pattern(self, text: str) -> int | Unread:
        try:
            return self._datetime(dt.datetime.strptime(text, self._pattern or ""), 0, text)
        except ValueError:
            return Unread(f"{text!r} is not of the form {self._pattern}")

    def _datetime(self, value: dt.datetime, fraction: int, shown: str) -> int | Unread:
        if value.tzinfo is None:
            if self._zone is None:
                return Unread(
                    f"{shown} names no time zone: say which one it is in, such as --tz UTC"
                )
            value = value.replace(tzinfo=self._zone)
            offsets = {value.replace(fold=fold).utcoffset() for fold in (0, 1)}
            if len(offsets) > 1:
                return Unread(f"{shown} comes twice, or never, in {self._zone}: clocks change then")
        offset = value.utcoffset() or dt.timedelta(0)
        ns = _ns_of(value.replace(tzinfo=None)) - offset // dt.timedelta(microseconds=1) * 1000
        return _stored(ns + fraction, shown)


def _ns_of(naive: dt.datetime) -> int:
    since = naive - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _stored(ns: int, shown: str) -> int | Unread:
    if not _FIRST <= ns <= _LAST:
        return Unread(f"{shown} is out of range: stored times reach from 1677-09-21 to 2262-04-11")
    return ns


def _day_of(text: str) -> int | None:
    found = re.fullmatch(r"(\d{4})[-./](\d\d)[-./](\d\d)", text)
    try:
        # Far from the ends, so that no time of the day goes beyond them.
        if found and 1700 <= int(found[1]) < 2250:
            return _ns_of(dt.datetime(*map(int, found.groups())))  # type: ignore[arg-type]
    except ValueError:
        pass
    return None


def _format_of(text: str) -> str:
    """Give the option that reads a time in another notation, as far as it can be guessed."""
    found = _DAY_OR_MONTH_FIRST.fullmatch(text)
    if not found:
        return "--time-format"
    first, second = int(found[1]), int(found[3])
    mark, year = found[2], "%Y" if len(found[4]) == 4 else "%y"
    orders = []
    if first <= 31 and second <= 12:
        orders.append(f"%d{mark}%m{mark}{year}")
    # Dots are written by those who write the day first.
    if first <= 12 and second <= 31 and mark != ".":
        orders.append(f"%m{mark}%d{mark}{year}")
    clock = found[5] or ""
    half = "%I" if found[7] else "%H"
    rest = ("", f" {half}:%M", f" {half}:%M:%S")[clock.count(":")] + (".%f" if found[6] else "")
    rest += " %p" if found[7] else ""
    return " or ".join(f"--time-format '{order}{rest}'" for order in orders) or "--time-format"


def _offset_seconds(text: str | None) -> int:
    if text in (None, "Z", "UTC"):
        return 0
    digits = text[1:].replace(":", "").ljust(6, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
    return -seconds if text[0] == "-" else seconds
