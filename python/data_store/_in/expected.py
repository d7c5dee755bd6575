# SPDX-License-Identifier: MIT
"""When bars are expected: a step, or the times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .._c import abi as _abi
from ..errors import InvalidInputError, InvalidTypeError
from .cells import Refusal, described, shown
from .places import place_of
from .times import column_ns

__all__ = ["expected_in"]


def expected_in(
    expected: object, symbol: object, timeframe: object
) -> tuple[_abi.ds_expected, object]:
    """Give the library's form of what is expected.

    Returns
    -------
    tuple of ds_expected and object
        The form, and what must live as long as it is in use.

    Raises
    ------
    InvalidInputError
        A time is naive or out of range, or the step is not positive; `InvalidTypeError` if it is
        neither a step nor times.
    """
    place = place_of(symbol, timeframe)
    if isinstance(expected, (dt.timedelta, np.timedelta64)):
        return _abi.ds_expected(step=_step(expected, place)), None
    if isinstance(expected, (pd.DatetimeIndex, pd.Series)):
        column: pd.Index | pd.Series = expected
    elif isinstance(expected, Sequence) and not isinstance(expected, (str, bytes, bytearray)):
        column = pd.Series(list(expected), dtype=object)
    else:
        raise InvalidTypeError(
            f"{place}: expected is {described(expected)}; give a step, e.g. "
            "pd.Timedelta(minutes=1), or the times, e.g. "
            "pd.date_range('2026-03-02', '2026-03-06', freq='1min', tz='UTC')"
        )
    try:
        times = column_ns(column)
    except Refusal as refusal:
        row = "" if refusal.row is None else f" row {refusal.row}:"
        raise InvalidInputError(
            f"{place}: expected:{row} {refusal.told('expected')}"
        ) from refusal.__cause__
    return _abi.ds_expected(times=times.ctypes.data, count=len(times)), times


def _step(expected: dt.timedelta | np.timedelta64, place: str) -> int:
    try:
        nanoseconds = int(pd.Timedelta(expected).as_unit("ns").value)
    except (OverflowError, ValueError) as error:  # pandas' OutOfBoundsTimedelta, too
        raise InvalidInputError(
            f"{place}: expected is {shown(expected)}; the step between two bars must be below 292 "
            "years"
        ) from error
    if nanoseconds <= 0:
        raise InvalidInputError(
            f"{place}: expected is {shown(expected)}; the step between two bars must be positive"
        )
    return nanoseconds
