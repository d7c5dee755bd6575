# SPDX-License-Identifier: MIT
"""The range of time that a filter of polars asks for.

By public functions of polars alone: an expression is taken apart into its inputs, put together
again by each operation that is known here, and compared with what it was.
"""

from __future__ import annotations

from itertools import permutations
from typing import Final, Literal

import polars as pl

from ._c.opening import LAST_TIME, NO_TIME

__all__ = ["EVER", "bounds_of"]

_FIRST: Final = NO_TIME
_LAST: Final = LAST_TIME
EVER: Final = _FIRST, _LAST
_NS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000}
_SIDES: Final[tuple[Literal["both", "left", "right", "none"], ...]] = (
    *("both", "left", "right", "none"),
)
_TIME: Final = pl.col("timestamp")


def bounds_of(predicate: pl.Expr) -> tuple[int, int]:
    """Give inclusive bounds, in nanoseconds, outside of which no row passes.

    Rows within them need not pass: the filter is to be applied all the same.
    """
    first, last = _FIRST, _LAST
    parts = [predicate]
    while parts:
        part = parts.pop()
        inputs = part.meta.pop()
        if len(inputs) == 2:
            one, other = inputs
            if _is_one_of(part, one & other, other & one):
                parts += inputs
                continue
            low, high = _compared(part, one, other)
        elif len(inputs) == 3:
            low, high = _between(part, inputs)
        else:
            continue
        first, last = max(first, low), min(last, high)
    return first, last


def _is_one_of(part: pl.Expr, *others: pl.Expr) -> bool:
    return any(part.meta.eq(other) for other in others)


def _compared(part: pl.Expr, one: pl.Expr, other: pl.Expr) -> tuple[int, int]:
    """Give what a comparison of the time with a constant asks for."""
    first, last = _FIRST, _LAST
    for time, constant in ((one, other), (other, one)):
        low, high = _instant(time, constant)
        # `a < b` and `b > a` are told apart, and mean the same.
        if _is_one_of(part, time >= constant, time > constant, constant <= time, constant < time):
            first = low
        elif _is_one_of(part, time <= constant, time < constant, constant >= time, constant > time):
            last = high
        elif _is_one_of(part, time == constant, constant == time):
            first, last = low, high
    return first, last


def _between(part: pl.Expr, inputs: list[pl.Expr]) -> tuple[int, int]:
    for time, start, end in permutations(inputs):
        if any(part.meta.eq(time.is_between(start, end, closed=closed)) for closed in _SIDES):
            return _instant(time, start)[0], _instant(time, end)[1]
    return _FIRST, _LAST


def _instant(time: pl.Expr, constant: pl.Expr) -> tuple[int, int]:
    """Give the first and the last instant that `time` may hold where it equals `constant`.

    All there are, unless `time` is the column and `constant` an instant. Where the units of the
    two differ, the column is cast, which cuts what the coarser one cannot hold.
    """
    is_cast = not time.meta.eq(_TIME)
    if constant.meta.root_names() or (is_cast and time.meta.root_names() != ["timestamp"]):
        return _FIRST, _LAST
    try:
        found = pl.select(constant).to_series()
    except pl.exceptions.PolarsError:  # which polars will tell of by itself
        return _FIRST, _LAST
    dtype = found.dtype
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None or len(found) != 1:
        return _FIRST, _LAST
    if is_cast and not _is_one_of(time, _TIME.cast(dtype), _TIME.cast(dtype)):
        return _FIRST, _LAST
    count = found.to_physical().item()
    if count is None:
        return _FIRST, _LAST
    unit = _NS[dtype.time_unit]
    # Before 1970 a cut goes the other way.
    return _within((count - 1) * unit + 1), _within((count + 1) * unit - 1)


def _within(ns: int) -> int:
    return min(max(ns, _FIRST), _LAST)
