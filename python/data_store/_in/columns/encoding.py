# SPDX-License-Identifier: MIT
"""What the four targets share: the walk through a table, and refusals with their row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..._c.floats import at_default
from ..cells import Refusal
from . import dtypes
from .dtypes import Booleans, Categories, Column, Integers, Mask

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Rows", "each", "encode", "nulls", "refuse_any", "refuse_booleans"]

Rows: TypeAlias = npt.NDArray[np.integer[Any]]

_Encoded = TypeVar("_Encoded")


def encode(
    column: Column,
    encoders: dict[type, Callable[[Any], _Encoded]],
    take: Callable[[_Encoded, Rows], _Encoded],
) -> _Encoded:
    cells = dtypes.read(column)
    if not isinstance(cells, Categories):
        return at_default(encoders[type(cells)], cells)
    try:
        return take(encode(cells.values, encoders, take), cells.codes)
    except Refusal as refusal:
        rows = np.flatnonzero(cells.codes == refusal.row)
        if rows.size:
            raise refusal.at(int(rows[0])) from None
    # The category that is refused is in no row.
    categorical: Any = cells.column.array
    return encode(pd.Series(categorical.remove_unused_categories()), encoders, take)


def nulls(cells: Integers | Booleans) -> Mask:
    return np.zeros(cells.values.size, np.bool_) if cells.is_null is None else cells.is_null


def refuse_any(present: Mask, cell: Callable[[int], Any], why: Callable[[Any], Refusal]) -> None:
    """Refuse the first cell that is present; a column that is missing throughout is fine."""
    rows = np.flatnonzero(present)
    if rows.size:
        row = int(rows[0])
        raise why(cell(row)).at(row)


def refuse_booleans(cells: Booleans, why: Callable[[Any], Refusal]) -> None:
    refuse_any(~nulls(cells), lambda row: bool(cells.values[row]), why)


def each(cells: Iterable[Any], convert: Callable[[Any], Any]) -> list[Any]:
    converted = []
    for row, cell in enumerate(cells):
        try:
            converted.append(convert(cell))
        except Refusal as refusal:
            raise refusal.at(row) from refusal.__cause__
    return converted
