# SPDX-License-Identifier: MIT
"""One value: which Python objects are numbers, flags or missing, and which are refused.

Nothing is converted by guessing. Numeric text, Decimal, a bool where a number belongs and an
integer that a double cannot hold are refused, each with its remedy.
"""

from __future__ import annotations

import datetime as dt
import operator
import sys

from .._c.floats import at_default
from .._c.signals import pass_on
from ..errors import InvalidInputError, InvalidTypeError
from .kinds import is_bool, is_duration, is_integer_type, is_missing_type, is_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "INT64",
    "Refusal",
    "count_of",
    "described",
    "exact_double",
    "flag",
    "flag_argument",
    "is_integer",
    "is_missing",
    "number",
    "number_argument",
    "refuse_duration",
    "refuse_flag",
    "refuse_number",
    "refuse_text",
    "shown",
]

INT64 = range(-(2**63), 2**63)


class Refusal(Exception):  # noqa: N818 (it never reaches a caller of the package)
    """A value that is not taken; the caller, which knows the place, turns it into a public error.

    Parameters
    ----------
    reason : str
        What is wrong with the value.
    remedy : str
        What to do about it. `{}` stands for the expression in which the caller has the value,
        `{float}`, `{number}`, `{text}` and `{seconds}` for those that convert it, `{dt}` for the
        accessor of its times.
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

    def told(self, subject: str) -> str:
        """Give reason and remedy for a message.

        Parameters
        ----------
        subject : str
            The expression in which the caller has the value: an argument's name, or a column as
            `df['close']`, or `df.index`.
        """
        is_column = subject.endswith("]")
        has_pandas = sys.modules.get("pandas") is not None
        is_array = is_column or subject.endswith(".index")
        expressions = {
            "{float}": f"{subject}.astype('float64')" if is_array else f"float({subject})",
            "{text}": f"{subject}.astype(str)" if is_array else f"str({subject})",
            "{number}": f"pd.to_numeric({subject})" if has_pandas else f"float({subject})",
            "{seconds}": f"pd.to_timedelta({subject}).dt.total_seconds()"
            if is_column
            else f"pd.Timedelta({subject}).total_seconds()"
            if has_pandas
            else f"{subject}.total_seconds()",
            "{dt}": ".dt" if is_column else "",
            "{}": subject,
        }
        remedy = self.remedy
        for name, expression in expressions.items():
            remedy = remedy.replace(name, expression)
        return f"{self.reason}; {remedy}"


def shown(value: object) -> str:
    """Give the beginning of a value's repr, for a message."""
    try:
        return " ".join(repr(value)[:60].splitlines())
    except Exception as error:  # an int of too many digits, or the caller's own __repr__
        pass_on(error)
        return f"<{type(value).__name__} that cannot be shown>"


def described(value: object) -> str:
    """Give a value with its type, for a message."""
    return f"{shown(value)} (of type {type(value).__name__})"


def is_missing(value: object) -> bool:
    """Tell whether `value` is None, NA, NaT or a NaN."""
    if value is None:
        return True
    if isinstance(value, float):
        return float.__ne__(value, value)  # a subclass may compare otherwise
    return is_missing_type(type(value)) or (is_of(value, "floating") and bool(value != value))


def is_integer(value: object) -> bool:
    """Tell whether `value` is an integer, of Python or NumPy; a bool is one."""
    return is_integer_type(type(value))


def refuse_duration(value: object, what: str) -> Refusal:
    """Say that a duration is not `what`, and how to give it as a number."""
    return Refusal(f"a duration is not {what}: {shown(value)}", "convert it, e.g. {} = {seconds}")


# Python's types, NumPy's; the first row that fits says why a value is not a number.
_NO_NUMBERS: tuple[tuple[tuple[type, ...], str, str, str], ...] = (
    ((bool,), "bool", "a boolean is not a number", "convert it, e.g. {} = {float}"),
    ((str,), "", "text is not a number", "convert it, e.g. {} = {number}"),
    ((bytes, bytearray), "", "bytes are not a number", "decode and convert them"),
    (
        (),
        "Decimal",
        "a Decimal is not a double",
        "convert it, rounded as you wish, e.g. {} = {float}",
    ),
    ((dt.date,), "datetime64", "a time is not a number", "put it into the timestamps"),
)


def refuse_number(value: object) -> Refusal:
    """Say why `value` cannot be stored as a number."""
    if is_duration(value):
        return refuse_duration(value, "a number")
    for types, name, reason, remedy in _NO_NUMBERS:
        if isinstance(value, types) or is_of(value, name):
            return Refusal(f"{reason}: {shown(value)}", remedy)
    return Refusal(f"{described(value)} is not a number", "pass a float or an int")


def refuse_flag(value: object) -> Refusal:
    """Say why `value` cannot be stored as a flag."""
    if is_duration(value):
        return Refusal(f"a duration is not a flag: {shown(value)}", "pass True or False")
    return Refusal(f"{shown(value)} is neither a boolean nor 0 or 1", "pass True or False")


def refuse_text(value: object) -> Refusal:
    """Say why `value` cannot be stored as text."""
    return Refusal(f"{described(value)} is not text", "convert it, e.g. {} = {text}")


def exact_double(value: int) -> float:
    """Give an integer as the double that equals it; `Refusal` if there is none."""
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
        return float.__float__(value)
    if is_integer(value) and not isinstance(value, bool):
        return exact_double(operator.index(value))
    if is_of(value, "floating"):
        return at_default(_double_from_numpy, value)
    if is_missing(value):
        return float("nan")
    raise refuse_number(value)


def flag(value: Any) -> int:
    """Give one value as 0 or 1; missing is 0."""
    if type(value) is bool or is_bool(value):
        return int(value)
    if is_missing(value):
        return 0
    if is_integer(value):
        value = operator.index(value)  # bare: a subclass may compare otherwise
    elif isinstance(value, float) or is_of(value, "floating"):
        value = float.__float__(value) if isinstance(value, float) else float(value)
    else:
        raise refuse_flag(value)
    if not at_default((0, 1).__contains__, value):
        raise refuse_flag(value)
    return int(value)


def number_argument(value: object, what: str) -> float:
    """Give an argument of a call as a double."""
    if value is None:
        raise InvalidTypeError(f"{what} must be a number, not None")
    try:
        return number(value)
    except Refusal as refusal:
        too_large = is_integer(value) and not isinstance(value, bool)
        error = InvalidInputError if too_large else InvalidTypeError
        raise error(f"{what}: {refusal.told(what)}") from None


def flag_argument(value: Any, what: str) -> bool:
    """Give an argument that is True or False; 0 and 1 are taken, nothing else is guessed."""
    if type(value) is bool or is_bool(value):
        return bool(value)
    if is_integer(value) and operator.index(value) in (0, 1):
        return operator.index(value) == 1
    raise InvalidTypeError(f"{what} must be True or False, not {described(value)}")


def count_of(value: Any, what: str) -> int:
    """Give an integer argument that fits int64."""
    if type(value) is int and value in INT64:
        return int(value)
    if is_bool(value):
        raise InvalidTypeError(f"{what} must be an integer, not a boolean")
    try:
        integer = operator.index(value)
    except Exception as error:  # a TypeError, or what the caller's own __index__ raises
        pass_on(error)
        raise InvalidTypeError(f"{what} must be an integer, not {described(value)}") from error
    if integer not in INT64:
        raise InvalidInputError(f"{what} is beyond 64 bits: {shown(integer)}")
    return integer
