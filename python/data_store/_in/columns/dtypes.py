# SPDX-License-Identifier: MIT
"""The first step of a column's way into the library: from any dtype to five kinds of cells.

One table looks at the dtype, once per column. What the cells become is the targets' business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .arrow_texts import code_arrow
from .object_codes import code_objects

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = [
    "MANY",
    "BareColumn",
    "Booleans",
    "Categories",
    "Cells",
    "Column",
    "Floats",
    "Integers",
    "Labelled",
    "Mask",
    "Objects",
    "objects",
    "read",
]

Mask: TypeAlias = npt.NDArray[np.bool_]


class BareColumn:
    """A frame's column without the Series, which takes pandas ten times as long to make."""

    __slots__ = ("_values", "dtype")

    def __init__(self, values: Any) -> None:
        self._values = values
        self.dtype = values.dtype

    @property
    def array(self) -> Any:
        """The column as pandas' array."""
        values = self._values
        return pd.arrays.NumpyExtensionArray(values) if isinstance(values, np.ndarray) else values

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self._values)

    def to_numpy(self) -> npt.NDArray[Any]:
        """Give the values of a column of NumPy's dtypes."""
        values: npt.NDArray[Any] = self._values
        return values


Labelled: TypeAlias = "pd.Series[Any] | pd.Index[Any]"
Column: TypeAlias = "Labelled | BareColumn"


# Plain classes here and elsewhere: a dataclass takes 0.3 ms to make, at each import.


class Floats:
    """Any width; missing is NaN."""

    __slots__ = ("values",)

    def __init__(self, values: npt.NDArray[np.floating[Any]]) -> None:
        self.values = values


class Integers:
    """Any width, signed or not; `is_null` None: none is missing."""

    __slots__ = ("is_null", "values")

    def __init__(self, values: npt.NDArray[np.integer[Any]], is_null: Mask | None) -> None:
        self.values = values
        self.is_null = is_null


class Booleans:
    """`is_null` None: none is missing."""

    __slots__ = ("is_null", "values")

    def __init__(self, values: Mask, is_null: Mask | None) -> None:
        self.values = values
        self.is_null = is_null


class Categories:
    """Codes into a column of values of any dtype; code -1 is missing."""

    __slots__ = ("codes", "column", "values")

    def __init__(self, codes: npt.NDArray[np.integer[Any]], values: Column, column: Column) -> None:
        self.codes = codes
        self.values = values
        self.column = column


class Objects:
    """Python objects, to be looked at one by one."""

    __slots__ = ("values",)

    def __init__(self, values: list[Any]) -> None:
        self.values = values


Cells: TypeAlias = "Floats | Integers | Booleans | Categories | Objects"


def objects(column: Column) -> list[Any]:
    """Give a column of any dtype as Python objects."""
    # Through pandas' array: NumPy's own astype(object) turns times into bare integers.
    return column.array.to_numpy(dtype=object).tolist()


def _read_nullable(column: Column) -> Cells:
    """Read nullable dtypes: those of pandas, and the numbers of Arrow."""
    dtype: Any = column.dtype
    array: Any = column.array
    if dtype.kind == "f":
        return Floats(array.to_numpy(dtype=dtype.numpy_dtype, na_value=np.nan))
    is_null = np.asarray(array.isna())
    if dtype.kind == "b":
        return Booleans(array.to_numpy(dtype=dtype.numpy_dtype, na_value=False), is_null)
    return Integers(array.to_numpy(dtype=dtype.numpy_dtype, na_value=0), is_null)


def _read_arrow(column: Column) -> Cells:
    dtype: Any = column.dtype
    return _read_nullable(column) if dtype.kind in "fiub" else _read_objects(column)


def _read_categories(column: Column) -> Cells:
    array: Any = column.array
    return Categories(array.codes, array.categories, column)


def _read_text(column: Column) -> Cells:
    dtype: Any = column.dtype
    # Text that pandas keeps as Python objects its own coding tells apart up to a NUL only.
    if dtype.storage != "pyarrow" or column.size < MANY:
        return _read_objects(column)
    array: Any = column.array
    coded = code_arrow(array)
    if coded is None:
        codes, words = array.factorize()
        return Categories(codes, BareColumn(words.to_numpy(dtype=object)), column)
    words = np.empty(len(coded[1]), object)
    words[:] = coded[1]
    return Categories(coded[0], BareColumn(words), column)


MANY = 256  # from here on coding is quicker than looking at texts one by one


def _read_sparse(column: Column) -> Cells:
    return read(pd.Series(np.asarray(column.array)))


def _read_objects(column: Column) -> Cells:
    if column.size >= MANY:
        cells: Any = column.array.to_numpy(dtype=object)
        coded = code_objects(cells)
        if coded is not None:
            return Categories(coded[0], BareColumn(coded[1]), column)
        return Objects(cells.tolist())
    return Objects(objects(column))


# NumPy's dtypes by kind, pandas' by class; what is not here is read as objects.
_READERS: dict[Any, Callable[[Column], Cells]] = {
    "f": lambda column: Floats(column.to_numpy()),
    "i": lambda column: Integers(column.to_numpy(), None),
    "u": lambda column: Integers(column.to_numpy(), None),
    "b": lambda column: Booleans(column.to_numpy(), None),
    pd.CategoricalDtype: _read_categories,
    pd.ArrowDtype: _read_arrow,
    pd.SparseDtype: _read_sparse,
    pd.StringDtype: _read_text,
    pd.BooleanDtype: _read_nullable,
    pd.Float32Dtype: _read_nullable,
    pd.Float64Dtype: _read_nullable,
    pd.Int8Dtype: _read_nullable,
    pd.Int16Dtype: _read_nullable,
    pd.Int32Dtype: _read_nullable,
    pd.Int64Dtype: _read_nullable,
    pd.UInt8Dtype: _read_nullable,
    pd.UInt16Dtype: _read_nullable,
    pd.UInt32Dtype: _read_nullable,
    pd.UInt64Dtype: _read_nullable,
}


def read(column: Column) -> Cells:
    """Bring a column of any dtype into one of the five kinds; numbers are not copied."""
    dtype = column.dtype
    key = dtype.kind if isinstance(dtype, np.dtype) else type(dtype)
    return _READERS.get(key, _read_objects)(column)
