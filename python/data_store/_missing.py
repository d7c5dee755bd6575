# SPDX-License-Identifier: MIT
"""Runs of expected bars that are not stored: what is expected in, a table out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from ctypes import POINTER, byref

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._c import abi as _abi
from ._c.handles import ResultHandle, StoreHandle
from ._c.library import library
from ._c.status import check
from ._c.text import encode_names
from ._in.cells import Refusal, described, shown
from ._in.places import place_of
from ._in.times import column_ns
from ._out.arrays import c_array
from ._pandas import utc_index
from ._timestamps import range_of
from .errors import InvalidInputError, InvalidTypeError

__all__ = ["missing_between"]


def missing_between(
    store: StoreHandle,
    symbol: object,
    timeframe: object,
    start: object,
    end: object,
    expected: object,
) -> pd.DataFrame:
    """Give the runs of expected times within bounds at which no bar is stored."""
    names = encode_names(symbol, timeframe)
    # The times stay here until the call is over: the options point to them.
    options, _times = _expected_in(expected, place_of(symbol, timeframe))
    pointer = POINTER(_abi.ds_missing)()
    check(
        library.ds_market_missing(
            store, *names, range_of(start, end), byref(options), byref(pointer)
        )
    )
    return _missing_out(ResultHandle(pointer, library.ds_missing_free))


def _expected_in(expected: object, place: str) -> tuple[_abi.ds_expected, object]:
    """Give the library's form of what is expected, and what must live as long as it is in use."""
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
        times: npt.NDArray[np.int64] = column_ns(column)
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


def _missing_out(owner: ResultHandle) -> pd.DataFrame:
    view = library.ds_missing_runs(owner).contents
    return pd.DataFrame(
        {
            "start": utc_index(c_array(owner, view.starts, view.count, np.int64)),
            "end": utc_index(c_array(owner, view.ends, view.count, np.int64)),
            "bars": c_array(owner, view.bars, view.count, np.int64),
        },
        copy=False,
    )
