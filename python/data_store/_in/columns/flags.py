# SPDX-License-Identifier: MIT
"""Columns of booleans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..cells import flag, refuse_flag
from .dtypes import Booleans, Column, Floats, Integers, Mask, Objects
from .encoding import each, encode, nulls, refuse_any

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Flags", "flags"]

Flags: TypeAlias = npt.NDArray[np.uint8]


def _flags_from_floats(cells: Floats) -> Flags:
    values = cells.values
    wrong = (values == values) & (values != 0) & (values != 1)
    refuse_any(wrong, lambda row: values[row].item(), refuse_flag)
    ones: Mask = values == 1
    return ones.astype(np.uint8)


def _flags_from_integers(cells: Integers) -> Flags:
    values, present = cells.values, ~nulls(cells)
    wrong = present & (values != 0) & (values != 1)
    refuse_any(wrong, lambda row: values[row].item(), refuse_flag)
    ones: Mask = present & (values == 1)
    return ones.astype(np.uint8)


def _flags_from_booleans(cells: Booleans) -> Flags:
    values = cells.values if cells.is_null is None else cells.values & ~cells.is_null
    return np.ascontiguousarray(values).view(np.uint8)


_FLAGS: dict[type, Callable[[Any], Flags]] = {
    Floats: _flags_from_floats,
    Integers: _flags_from_integers,
    Booleans: _flags_from_booleans,
    Objects: lambda cells: np.array(each(cells.values, flag), dtype=np.uint8),
}


def flags(column: Column) -> Flags:
    """Encode a column of booleans or of 0 and 1.

    Returns
    -------
    ndarray of uint8
        Contiguous, 0 or 1; missing is 0.
    """
    return encode(column, _FLAGS, lambda values, rows: np.append(values, np.uint8(0))[rows])
