# SPDX-License-Identifier: MIT
"""Columns of instants, as pandas has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c.opening import LAST_TIME, NO_TIME
from .._timestamps import (
    FIRST_TIME,
    NAIVE,
    NS_PER_UNIT,
    RANGE,
    cells_ns,
    localized,
    refuse_epoch,
)
from .cells import Refusal, shown
from .columns.dtypes import Labelled, objects

__all__ = ["column_ns", "epoch_refusal", "only_ns"]


def epoch_refusal(index: pd.Index[Any]) -> Refusal | None:
    """Say how to convert an index whose numbers are too large to count rows; None for others."""
    if not len(index) or not isinstance(index.dtype, np.dtype) or index.dtype.kind not in "iuf":
        return None
    first = index.to_numpy()[0].item()
    return refuse_epoch(first, shown(first), "{}") if first > _MOST_ROWS else None


_MOST_ROWS = 10_000_000


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
        raise Refusal(f"{shown(first)} {NAIVE}", localized("{}"), row=0)
    return np.array(cells_ns(objects(column)), dtype=np.int64)


def _is_arrow_date(dtype: object) -> bool:
    """Tell whether a column holds dates, which pandas counts among the times."""
    return isinstance(dtype, pd.ArrowDtype) and str(dtype.pyarrow_dtype).startswith("date")


def only_ns(index: pd.DatetimeIndex) -> int | None:
    """Give the only time of an index; None if it cannot be stored."""
    dtype = index.dtype
    if type(dtype) is not pd.DatetimeTZDtype:
        return None
    # Ticks, without their zone: near the end of time there may be no such local time.
    ns = int(index.asi8[0]) * NS_PER_UNIT[dtype.unit]
    return ns if FIRST_TIME <= ns <= LAST_TIME else None


def _aware_ns(array: Any) -> npt.NDArray[np.int64]:
    ticks = array.asi8
    if array.unit == "ns":  # as_unit would copy
        return np.ascontiguousarray(ticks)
    limit = LAST_TIME // NS_PER_UNIT[array.unit]
    if ticks.size and -limit <= ticks.min() and ticks.max() <= limit:  # NaT is far below
        ns: npt.NDArray[np.int64] = ticks * NS_PER_UNIT[array.unit]
        return ns
    try:
        return np.ascontiguousarray(array.as_unit("ns").asi8)
    except pd.errors.OutOfBoundsDatetime:
        beyond = ((ticks > limit) | (ticks < -limit)) & (ticks != NO_TIME)
        row = int(np.argmax(beyond))
        raise Refusal(f"{array[row]} is out of range", RANGE, row) from None
