# SPDX-License-Identifier: MIT
"""One value: which Python objects are numbers, flags or missing, and which are refused.

Nothing is converted by guessing. Numeric text, Decimal, a bool where a number belongs and an
integer that a double cannot hold are refused, each with its remedy.
"""

from __future__ import annotations

import datetime as dt
import decimal
import operator
from typing import Any

import numpy as np
import pandas as pd

from ._floats import at_default
from .errors import InvalidInputError, InvalidTypeError

__all__ = [
    "INT64",
    "MISSING_TYPES",
    "Refusal",
    "count_of",
    "described",
    "exact_double",
    "flag",
    "is_missing",
    "number",
    "number_argument",
    "refuse_flag",
    "refuse_number",
    "refuse_text",
    "shown",
]

MISSING_TYPES = frozenset({type(None), type(pd.NA), type(pd.NaT)})

INT64 = range(-(2**63), 2**63)


class Refusal(Exception):  # noqa: N818 (it never reaches a caller of the package)
    """A value that is not taken; whoever knows the place turns it into an error of the package.

    Parameters
    ----------
    reason : str
        What is wrong with the value.
    remedy : str
        What to do about it.
    row : int or None, optional
        0-based position in the column, None for a value that stands alone.
    """

    def __init__(self, reason: str, remedy: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.row = row

    def at(self, row: int) -> Refusal:
        """Give the same refusal with its row."""
        return Refusal(self.reason, self.remedy, row)


def shown(value: object) -> str:
    """Give the beginning of a value's repr, for a message."""
    try:
        return repr(value)[:60]
    except ValueError:  # an int of more digits than Python likes to print
        return f"<{type(value).__name__} of very many digits>"


def described(value: object) -> str:
    """Give a value with its type, for a message."""
    return f"{shown(value)} (of type {type(value).__name__})"


def is_missing(value: object) -> bool:
    """Tell whether `value` is None, NA, NaT or a NaN."""
    if type(value) in MISSING_TYPES:
        return True
    return isinstance(value, (float, np.floating)) and bool(value != value)


# The first row that fits says why a value is no number.
_NO_NUMBERS: tuple[tuple[tuple[type, ...], str, str], ...] = (
    ((bool, np.bool_), "a boolean is not a number", "convert it, e.g. with astype('float64')"),
    ((str,), "text is not a number", "convert it, e.g. with pd.to_numeric"),
    ((bytes, bytearray), "bytes are not a number", "decode and convert them"),
    (
        (decimal.Decimal,),
        "a Decimal is not a double",
        "convert it with float(), rounded as you wish",
    ),
    ((dt.timedelta, np.timedelta64), "a duration is not a number", "use .dt.total_seconds()"),
    ((dt.date, np.datetime64), "a time is not a number", "put it into the timestamps"),
)


def refuse_number(value: object) -> Refusal:
    """Say why `value` cannot be stored as a number."""
    for types, reason, remedy in _NO_NUMBERS:
        if isinstance(value, types):
            return Refusal(f"{reason}: {shown(value)}", remedy)
    return Refusal(f"{described(value)} is not a number", "pass a float or an int")


def refuse_flag(value: object) -> Refusal:
    """Say why `value` cannot be stored as a flag."""
    return Refusal(f"{shown(value)} is neither a boolean nor 0 or 1", "pass True or False")


def refuse_text(value: object) -> Refusal:
    """Say why `value` cannot be stored as text."""
    return Refusal(f"{described(value)} is not text", "convert it, e.g. with astype(str)")


def exact_double(value: int) -> float:
    """Give an integer as the double that equals it; `Refusal` where there is none."""
    try:
        double = float(value)
    except OverflowError:
        double = float("nan")
    if double != value:
        raise Refusal(
            f"a double cannot hold the integer {shown(value)} exactly",
            "round it to a float yourself if that is what you want",
        )
    return double


def _double_from_numpy(value: Any) -> float:
    double = float(value)
    if double != value and not is_missing(value):
        raise Refusal(
            f"a double cannot hold {shown(value)} exactly", "round it to a float yourself"
        )
    return double


def number(value: Any) -> float:
    """Give one value as a double; missing is NaN."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return exact_double(int(value))
    if isinstance(value, np.floating):
        return at_default(_double_from_numpy, value)
    if is_missing(value):
        return float("nan")
    raise refuse_number(value)


def flag(value: Any) -> int:
    """Give one value as 0 or 1; missing is 0."""
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if is_missing(value):
        return 0
    if isinstance(value, (int, float, np.integer, np.floating)) and at_default(
        (0, 1).__contains__, value
    ):
        return int(value)
    raise refuse_flag(value)


def number_argument(value: object, what: str) -> float:
    """Give an argument of a call as a double."""
    try:
        return number(value)
    except Refusal as refusal:
        raise InvalidInputError(f"{what}: {refusal.reason}; {refusal.remedy}") from None


def count_of(value: Any, what: str) -> int:
    """Give an integer argument that fits int64."""
    if isinstance(value, (bool, np.bool_)):
        raise InvalidTypeError(f"{what} must be an integer, not a boolean")
    try:
        integer = operator.index(value)
    except TypeError:
        raise InvalidTypeError(f"{what} must be an integer, not {described(value)}") from None
    if integer not in INT64:
        raise InvalidInputError(f"{what} is beyond 64 bits: {shown(integer)}")
    return integer
