# SPDX-License-Identifier: MIT
"""Columns of feature values."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..cells import INT64, Refusal, is_missing, shown
from ..kinds import is_integer_type
from .doubles import DOUBLES, Float64s
from .dtypes import Booleans, Column, Floats, Integers, Objects
from .encoding import Rows, each, encode, nulls, refuse_any
from .flags import Flags
from .texts import TextCodes

__all__ = ["FeatureValues", "feature_values"]


class FeatureValues:
    """The values of one feature: doubles, or integers with their nulls."""

    __slots__ = ("doubles", "integers", "is_null")

    def __init__(
        self,
        doubles: Float64s | None,
        integers: npt.NDArray[np.int64] | None = None,
        is_null: Flags | None = None,
    ) -> None:
        self.doubles = doubles
        self.integers = integers
        self.is_null = is_null

    def take(self, rows: Rows) -> FeatureValues:
        """Give the rows asked for; row -1 is a null one."""
        if self.doubles is not None:
            return FeatureValues(np.append(self.doubles, np.nan)[rows])
        if self.integers is None:
            return self
        nulls = np.zeros(self.integers.size, np.uint8) if self.is_null is None else self.is_null
        return FeatureValues(
            None, np.append(self.integers, np.int64(0))[rows], np.append(nulls, np.uint8(1))[rows]
        )

    def words_by_value(self) -> TextCodes:
        """Spell out the quality that the library gives where none is given (see the header)."""
        if self.doubles is not None:
            codes = np.isnan(self.doubles).astype(np.int32)
        elif self.is_null is not None:
            codes = self.is_null.astype(np.int32)
        else:
            return TextCodes(None, [b"ready", b"missing"])
        return TextCodes(codes, [b"ready", b"missing"])


def _beyond_int64(value: object) -> Refusal:
    return Refusal(
        f"the integer {shown(value)} is beyond 64 bits", "pass it in a dict or JSON text"
    )


def _int64(value: Any) -> int:
    if is_missing(value):
        return 0
    integer = operator.index(value)
    if integer not in INT64:
        raise _beyond_int64(value)
    return integer


def _feature_from_integers(cells: Integers) -> FeatureValues:
    values = cells.values
    if values.dtype.kind == "u" and values.dtype.itemsize == 8:
        beyond = (values > np.uint64(INT64[-1])) & ~nulls(cells)
        refuse_any(beyond, lambda row: values[row].item(), _beyond_int64)
    is_null = None if cells.is_null is None else cells.is_null.astype(np.uint8)
    return FeatureValues(None, np.ascontiguousarray(values, dtype=np.int64), is_null)


def _feature_from_objects(cells: Objects) -> FeatureValues:
    present = {type(cell) for cell in cells.values if not is_missing(cell)}
    if not present or not all(_is_plain_integer(kind) for kind in present):
        return FeatureValues(DOUBLES[Objects](cells))
    return FeatureValues(
        None,
        np.array(each(cells.values, _int64), dtype=np.int64),
        np.fromiter(map(is_missing, cells.values), np.uint8, len(cells.values)),
    )


def _is_plain_integer(kind: type) -> bool:
    return is_integer_type(kind) and kind is not bool


_FEATURES: dict[type, Callable[[Any], FeatureValues]] = {
    Floats: lambda cells: FeatureValues(DOUBLES[Floats](cells)),
    Integers: _feature_from_integers,
    Booleans: lambda cells: FeatureValues(DOUBLES[Booleans](cells)),
    Objects: _feature_from_objects,
}


def feature_values(column: Column) -> FeatureValues:
    """Encode the values of one feature: integers stay integers, all else becomes doubles."""
    return encode(column, _FEATURES, FeatureValues.take)
