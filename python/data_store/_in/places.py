# SPDX-License-Identifier: MIT
"""Which bar: its keys, and how messages name it."""

from __future__ import annotations

from .._c.text import encode_name
from ..errors import InvalidInputError, InvalidTypeError
from .cells import Refusal, shown

__all__ = ["KEY_NAMES", "argument_error", "cell_error", "name_argument", "place_of"]

KEY_NAMES = ("symbol", "timeframe", "timestamp")


def place_of(symbol: object, timeframe: object) -> str:
    """Give symbol and timeframe as a message begins with them."""
    return f"{_named(symbol, '(several symbols)')} {_named(timeframe, '(several timeframes)')}"


def _named(name: object, several: str) -> str:
    if name is None:
        return several
    return name if type(name) is str and name else shown(name)


def cell_error(
    refusal: Refusal, place: str, column: str, subject: str | None = None
) -> InvalidInputError:
    """Give a refused cell as an error that names its place.

    Parameters
    ----------
    subject : str, optional
        The expression in which the caller has the column.
    """
    row = "" if refusal.row is None else f", row {refusal.row}"
    told = refusal.told(subject or f"df[{column!r}]")
    return InvalidInputError(f"{place}: column {column!r}{row}: {told}")


def argument_error(refusal: Refusal, place: str, name: str) -> InvalidInputError:
    """Give a refused argument as an error that names its place."""
    return InvalidInputError(f"{place}: column {name!r}: {refusal.told(name)}")


def name_argument(argument: object, name: str) -> bytes:
    """Give the symbol, or the timeframe, of a call as UTF-8."""
    try:
        return encode_name(argument, name)
    except InvalidTypeError as error:
        hint = f"a frame of several has them in a {name!r} column or level, with {name}=None"
        raise InvalidTypeError(f"{error}; {hint}") from None
