# SPDX-License-Identifier: MIT
"""Columns of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..cells import Refusal, exact_double, number, refuse_number, shown
from .dtypes import Booleans, Column, Floats, Integers, Objects
from .encoding import each, encode, refuse_booleans

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["DOUBLES", "Float64s", "doubles"]

_MISSING_TYPES = frozenset({type(None), type(pd.NA), type(pd.NaT)})

Float64s: TypeAlias = npt.NDArray[np.float64]


def _doubles_from_floats(cells: Floats) -> Float64s:
    values = cells.values
    converted = np.ascontiguousarray(values, dtype=np.float64)
    if values.dtype.itemsize > 8:  # long double
        wrong = np.flatnonzero((converted != values) & (values == values))
        if wrong.size:
            row = int(wrong[0])
            raise Refusal(
                f"a double cannot hold {shown(values[row])} exactly",
                "round it yourself with astype('float64')",
                row,
            )
    return converted


def _doubles_from_integers(cells: Integers) -> Float64s:
    values = cells.values
    if values.dtype.itemsize == 8:
        # Every integer up to 2**53 is a double; only those beyond need a look.
        beyond = values > 2**53
        if values.dtype.kind == "i":
            beyond |= values < -(2**53)
        for row in np.flatnonzero(beyond):
            try:
                exact_double(int(values[row]))
            except Refusal as refusal:
                raise refusal.at(int(row)) from None
    converted = values.astype(np.float64)
    if cells.is_null is not None:
        converted[cells.is_null] = np.nan
    return converted


def _doubles_from_booleans(cells: Booleans) -> Float64s:
    refuse_booleans(cells, refuse_number)
    return np.full(cells.values.size, np.nan)


def _doubles_from_objects(cells: Objects) -> Float64s:
    kinds = set(map(type, cells.values))
    if not kinds <= {float, np.float64} | _MISSING_TYPES:
        return np.array(each(cells.values, number), dtype=np.float64)
    if kinds & _MISSING_TYPES:
        filled = [np.nan if type(cell) in _MISSING_TYPES else cell for cell in cells.values]
        return np.array(filled, dtype=np.float64)
    return np.array(cells.values, dtype=np.float64)


DOUBLES: dict[type, Callable[[Any], Float64s]] = {
    Floats: _doubles_from_floats,
    Integers: _doubles_from_integers,
    Booleans: _doubles_from_booleans,
    Objects: _doubles_from_objects,
}


def doubles(column: Column) -> Float64s:
    """Encode a column of numbers.

    Returns
    -------
    ndarray of float64
        Contiguous, missing is NaN; the column's own memory where it is float64 already.
    """
    return encode(column, DOUBLES, lambda values, rows: np.append(values, np.nan)[rows])
