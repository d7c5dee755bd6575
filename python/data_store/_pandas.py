# SPDX-License-Identifier: MIT
"""Ways into pandas that are not public, each beside the public way that it stands for.

A frame of sixty bars is read in less time than pandas takes to look at what it is given, and what
is given here is known to be right. Each way is tried once, against the public one, when this module
is loaded: in a pandas that does not have it, or in which it gives something else, the public way is
taken. ``DATA_STORE_FAST_PATHS=0`` has the public ways taken, too.

Tested with pandas 3.1.1, with and without pyarrow; what they save stands in `docs/speed.md`. With
pandas 2 everything goes the public ways, and text is what it is there: objects, unless the option
``future.infer_string`` is set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from ctypes import c_size_t
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = [
    "HAS_ARROW_TEXT",
    "IS_OLD",
    "MISSING_TEXT",
    "Block",
    "address_of",
    "arrow_array",
    "code_dtype",
    "column_of",
    "doubles_of",
    "frame_from_blocks",
    "multi_index",
    "objects_array",
    "text_dtype",
    "text_index",
    "utc_index",
]

IS_OLD = int(pd.__version__.partition(".")[0]) < 3
"""Whether it is pandas 2."""
_OBJECT: Any = np.dtype(object)
# pandas' default dtype of text since 3: missing is NaN; backed by Arrow where pyarrow is installed.
_STR: Any = None if IS_OLD else pd.StringDtype(na_value=np.nan)
HAS_ARROW_TEXT = not IS_OLD and _STR.storage == "pyarrow"
"""Whether pandas keeps text in Arrow's layout by default."""
MISSING_TEXT = None if IS_OLD else np.nan
"""What stands for a text that is missing, among the objects for `objects_array`."""


def text_dtype() -> Any:
    """Give pandas' default dtype of text; before pandas 3 an option may change it at any time."""
    if not IS_OLD:
        return _STR
    return pd.Series(["text"]).dtype if pd.get_option("future.infer_string") else _OBJECT


Block: TypeAlias = tuple[Any, tuple[int, ...]]
"""An array of columns (2-D of NumPy, a row for each; or one of pandas), and their places."""

_Way = TypeVar("_Way", bound=Callable[..., Any])

Doubles: TypeAlias = tuple[int, npt.NDArray[np.float64]]
"""The address of a column of doubles, and the array that owns it."""
_DOUBLE = np.dtype(np.float64)
_HEAD = object.__basicsize__


def _inside(module: str, name: str) -> Any:
    """Give what is not public; None in a pandas that does not have it, whose bare way fails."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        return None


# Public, since pandas 3.
_from_blocks = _inside("pandas.api.internals", "create_dataframe_from_blocks")
_BlockPlacement = _inside("pandas._libs.internals", "BlockPlacement")
_ExtensionBlock = _inside("pandas.core.internals.blocks", "ExtensionBlock")
_NumpyBlock = _inside("pandas.core.internals.blocks", "NumpyBlock")
_BlockManager = _inside("pandas.core.internals.managers", "BlockManager")

_UTC_NS = pd.DatetimeTZDtype("ns", "UTC")
_TICKS = np.dtype("M8[ns]")


def _public_index(ns: npt.NDArray[np.int64], name: str | None = None) -> pd.DatetimeIndex:
    """Give instants as an index in UTC over the same memory."""
    return pd.DatetimeIndex(ns, dtype=_UTC_NS, copy=False, name=name)


def _bare_index(ns: npt.NDArray[np.int64], name: str | None = None) -> pd.DatetimeIndex:
    array_of: Any = pd.arrays.DatetimeArray
    index_of: Any = pd.DatetimeIndex
    index: pd.DatetimeIndex = index_of._simple_new(
        array_of._simple_new(ns.view(_TICKS), dtype=_UTC_NS), name
    )
    return index


def _public_column(frame: pd.DataFrame, place: int) -> Any:
    """Give a column's array, to be read only; of NumPy's dtypes NumPy's own."""
    array = frame.iloc[:, place].array
    # Not isinstance: pandas' own texts are derived from it.
    return array.to_numpy() if type(array) is pd.arrays.NumpyExtensionArray else array


def _bare_column(frame: Any, place: int) -> Any:
    return frame._get_column_array(place)


def _public_objects(texts: npt.NDArray[np.object_]) -> Any:
    """Give an array of str and `MISSING_TEXT` as one of the default text dtype.

    Over the same memory, where that is made of Python objects.
    """
    if IS_OLD:
        dtype = text_dtype()
        return texts if dtype == _OBJECT else pd.array(texts, dtype=dtype)
    array_of: Any = pd.arrays.StringArray  # pandas-stubs do not know its dtype
    return array_of(texts, dtype=_STR)


def _bare_objects(texts: npt.NDArray[np.object_]) -> Any:
    array_of: Any = pd.arrays.StringArray
    return array_of._simple_new(texts, _STR)


def _public_arrow(texts: Any) -> Any:
    """Give an array of `pyarrow.large_string` as one of the default text dtype."""
    array_of: Any = pd.arrays.ArrowStringArray  # pandas-stubs do not know its dtype
    return array_of(texts, dtype=_STR)


def _bare_arrow(texts: Any) -> Any:
    array: Any = object.__new__(_ArrowStringArray)
    array._pa_array = _chunked_array([texts])
    array._dtype = _STR
    array._cache = {}
    return array


_ArrowStringArray: Any = getattr(pd.arrays, "ArrowStringArray", None)
_chunked_array: Any = _inside("pyarrow", "chunked_array") if HAS_ARROW_TEXT else None


def _public_text_index(texts: Any) -> pd.Index[Any]:
    """Give an array of the default text dtype as an index."""
    index: pd.Index[Any] = pd.Index(texts)
    return index


def _bare_text_index(texts: Any) -> pd.Index[Any]:
    index_of: Any = pd.Index
    index: pd.Index[Any] = index_of._simple_new(texts, None)
    return index


def _public_multi_index(
    levels: list[Any], codes: list[Any], names: tuple[str | None, ...]
) -> pd.MultiIndex:
    """Give an index of levels without missing labels, which may be shared, and codes that fit them.

    The codes are made read-only, and copied where they are wider than so many labels need.
    """
    return pd.MultiIndex(levels=levels, codes=codes, names=names, verify_integrity=False)


def _bare_multi_index(
    levels: list[Any], codes: list[Any], names: tuple[str | None, ...]
) -> pd.MultiIndex:
    narrow = []
    for level, places in zip(levels, codes):
        dtype = code_dtype(len(level))
        small = places if places.dtype == dtype else places.astype(dtype)
        if small.flags.writeable:
            small.flags.writeable = False
        narrow.append(small)
    index: pd.MultiIndex = object.__new__(pd.MultiIndex)
    index.__dict__.update(
        _cache={},
        _names=[*names],
        _levels=_FrozenList([level._view() for level in levels]),
        _codes=_FrozenList(narrow),
        sortorder=None,
        _id=object(),
        _references=None,
    )
    return index


_FrozenList = _inside("pandas.core.indexes.frozen", "FrozenList")
_CODES: list[tuple[int, np.dtype[Any]]] = [
    (np.iinfo(np.int8).max, np.dtype(np.int8)),
    (np.iinfo(np.int16).max, np.dtype(np.int16)),
    (np.iinfo(np.int32).max, np.dtype(np.int32)),
]
_LONGEST_CODE: np.dtype[Any] = np.dtype(np.int64)


def code_dtype(count: int) -> np.dtype[Any]:
    """Give what pandas keeps the codes of so many labels in."""
    for most, dtype in _CODES:
        if count < most:
            return dtype
    return _LONGEST_CODE


def _public_frame(
    blocks: Sequence[Block], columns: pd.Index[Any], index: pd.Index[Any]
) -> pd.DataFrame:
    """Give a frame over the memory of blocks; it gets a view of the columns' index."""
    frame: pd.DataFrame
    if _from_blocks is None:
        # An array of a block's own for each column: pandas 2 has no public way to give it blocks.
        arrays: dict[int, Any] = {}
        for values, places in blocks:
            columns_of = values if type(values) is np.ndarray else [values]
            arrays.update(zip(places, columns_of))
        frame = pd.DataFrame(
            {place: arrays[place] for place in sorted(arrays)}, index=index, copy=False
        )
        frame.columns = columns.view()
        return frame
    placed = [(values, np.array(places)) for values, places in blocks]
    frame = _from_blocks(placed, index=index, columns=columns.view())
    return frame


def _bare_frame(blocks: Sequence[Block], columns: Any, index: pd.Index[Any]) -> pd.DataFrame:
    made = [
        (_NumpyBlock if type(values) is np.ndarray else _ExtensionBlock)(
            values, placement=_placement(places), ndim=2
        )
        for values, places in blocks
    ]
    axes = [columns._view(), index]
    frame_of: Any = pd.DataFrame
    frame: pd.DataFrame = frame_of._from_mgr(
        _BlockManager(tuple(made), axes, verify_integrity=False), axes
    )
    return frame


@lru_cache(maxsize=1024)
def _placement(places: tuple[int, ...]) -> Any:
    return _BlockPlacement(np.array(places, np.intp))


def _public_doubles(frame: pd.DataFrame) -> dict[int, Doubles]:
    """Give columns of float64 that lie in memory as they are wanted, by their places.

    Not all of them must be in it: it saves looking at each.
    """
    return {}


def _bare_doubles(frame: Any) -> dict[int, Doubles]:
    found = {}
    for block in frame._mgr.blocks:
        values = block.values
        if type(values) is not np.ndarray or values.dtype != _DOUBLE or not values.flags.aligned:
            continue
        between, step = values.strides
        if step == _DOUBLE.itemsize:
            address = address_of(values)
            for row, place in enumerate(block.mgr_locs):
                found[place] = address + row * between, values
    return found


def _public_address(values: npt.NDArray[Any]) -> int:
    """Give the address of an array's first element."""
    return values.ctypes.data


def _bare_address(values: npt.NDArray[Any]) -> int:
    # The first field of NumPy's PyArrayObject_fields.
    return c_size_t.from_address(id(values) + _HEAD).value


def _gives_the_same_address() -> bool:
    numbers = np.arange(12.0).reshape(3, 4)
    numbers.flags.writeable = False
    return all(
        _bare_address(values) == _public_address(values)
        for values in (numbers, numbers[1], numbers[:, 2:], numbers[::-1], np.empty(0, np.int32))
    )


# The checks look at parts, and leave pandas' comparisons alone: to use those for the first time
# takes longer than all that is checked.


@lru_cache(maxsize=1)
def _sample() -> pd.DataFrame:
    """Give a frame that has columns of each kind, doubles of two forms among them."""
    across = np.array([[4.5, 0.0], [5.5, 0.0]]).T[:1]
    blocks: list[Block] = [
        (np.array([[0.5, 1.5], [2.5, 3.5]]), (0, 3)),
        (_public_objects(np.array(["x", "y"], object)), (1,)),
        (np.array([[True, False]]), (2,)),
        (np.array([[7, 8]]), (4,)),
        (across, (5,)),
        (np.array([[6.5, 7.5]]), (6,)),
        (np.array([["x", None]], object), (7,)),
        (pd.arrays.IntegerArray(np.array([7, 8]), np.array([False, True])), (8,)),
        (np.array([[0, 10**9]], _TICKS), (9,)),
    ]
    return _public_frame(blocks, pd.Index(list("abcdefghij"), dtype=text_dtype()), pd.Index([7, 8]))


def _gives_the_same_doubles() -> bool:
    frame = _sample()
    found = _bare_doubles(frame)
    return sorted(found) == [0, 3, 6] and all(
        address == _public_column(frame, place).ctypes.data and values.dtype == _DOUBLE
        for place, (address, values) in found.items()
    )


def _gives_the_same_index() -> bool:
    ns = np.array([10**18, 0, np.iinfo(np.int64).min], np.int64)
    found, wanted = _bare_index(ns, "times"), _public_index(ns, "times")
    return (
        type(found) is type(wanted)
        and (found.dtype, found.name, found.freq) == (wanted.dtype, wanted.name, wanted.freq)
        and bool(found.equals(wanted))
        and np.shares_memory(found.asi8, ns)
    )


def _gives_the_same_columns() -> bool:
    frame = _sample()
    for place in range(frame.shape[1]):
        found, wanted = _bare_column(frame, place), _public_column(frame, place)
        if type(found) is not type(wanted) or found.dtype != wanted.dtype:
            return False
        if found.tolist() != wanted.tolist():
            return False
    return True


def _gives_the_same_objects() -> bool:
    texts = np.array(["x", np.nan, ""], object)
    found, wanted = _bare_objects(texts), _public_objects(texts)
    return (
        type(found) is type(wanted)
        and found.dtype == wanted.dtype
        and (vars(found), found._readonly) == (vars(wanted), wanted._readonly)
        and found._ndarray.tolist() == wanted._ndarray.tolist()
        and np.shares_memory(found._ndarray, texts) == np.shares_memory(wanted._ndarray, texts)
    )


def _gives_the_same_arrow() -> bool:
    import pyarrow as pa

    texts = pa.array(["x", None, ""], pa.large_string())
    found, wanted = _bare_arrow(texts), _public_arrow(texts)
    inner, outer = vars(found), vars(wanted)
    return (
        type(found) is type(wanted)
        and {**inner, "_pa_array": None} == {**outer, "_pa_array": None}
        and found._readonly == wanted._readonly
        and inner["_pa_array"].equals(outer["_pa_array"])
    )


def _gives_the_same_text_index() -> bool:
    texts = _public_objects(np.array(["x", ""], object))
    found, wanted = _bare_text_index(texts), _public_text_index(texts)
    return (
        type(found) is type(wanted)
        and sorted(vars(found)) == sorted(vars(wanted))
        and (found.dtype, found.name, found.tolist()) == (wanted.dtype, wanted.name, ["x", ""])
    )


def _gives_the_same_multi_index() -> bool:
    for count in (2, 126, 127, 128, 32_766, 32_767, 32_768):
        levels: list[Any] = [pd.RangeIndex(count), pd.Index(["x", "y"], dtype=text_dtype())]
        places: list[Any] = [np.array([0, count - 1, 1], np.int32), np.array([1, 0, 1], np.intp)]
        found, wanted = [
            way(levels, [each.copy() for each in places], ("a", None))
            for way in (_bare_multi_index, _public_multi_index)
        ]
        if _parts_of_index(found) != _parts_of_index(wanted):
            return False
    return True


def _parts_of_index(index: Any) -> list[Any]:
    parts: list[Any] = [type(index), sorted(vars(index)), type(index._names), index._names]
    parts += [index.sortorder, index._references, index._cache, type(index._id)]
    parts += [type(index._levels), type(index._codes)]
    for level in index._levels:
        parts += [type(level), level.dtype, level.name, len(level), level[0], level[-1]]
    for codes in index._codes:
        parts += [type(codes), codes.dtype, codes.flags.writeable, codes.tolist()]
    return parts


def _gives_the_same_frame() -> bool:
    inner: Any = _sample()._mgr
    # Of all but the times, which no frame made here has among its columns.
    blocks = [(block.values, tuple(block.mgr_locs)) for block in inner.blocks[:-1]]
    labels, index = inner.axes[0][:-1], inner.axes[1]
    found = _bare_frame(blocks, labels, index)
    return (
        _parts_of(found) == _parts_of(_public_frame(blocks, labels, index))
        and found.columns is not labels
        and found.columns.tolist() == labels.tolist()
        and found.index is index
    )


def _parts_of(frame: Any) -> list[Any]:
    manager = frame._mgr
    parts: list[Any] = [type(frame), sorted(vars(frame)), type(manager), type(manager.blocks)]
    parts += [manager.ndim, manager.shape, type(manager.axes), manager.is_consolidated()]
    for block in manager.blocks:
        parts += [type(block), block.ndim, type(block.mgr_locs), list(block.mgr_locs)]
        parts += [id(block.values), block.shape]
    return parts


def _way(bare: _Way, public: _Way, gives_the_same: Callable[[], bool]) -> _Way:
    if IS_OLD or os.environ.get("DATA_STORE_FAST_PATHS") == "0":
        return public
    try:
        return bare if gives_the_same() else public
    except Exception:  # whatever a pandas that does not know it says to it
        return public


address_of = _way(_bare_address, _public_address, _gives_the_same_address)
doubles_of = _way(_bare_doubles, _public_doubles, _gives_the_same_doubles)
utc_index = _way(_bare_index, _public_index, _gives_the_same_index)
column_of = _way(_bare_column, _public_column, _gives_the_same_columns)
objects_array = _way(_bare_objects, _public_objects, _gives_the_same_objects)
arrow_array = _way(_bare_arrow, _public_arrow, _gives_the_same_arrow)
text_index = _way(_bare_text_index, _public_text_index, _gives_the_same_text_index)
multi_index = _way(_bare_multi_index, _public_multi_index, _gives_the_same_multi_index)
frame_from_blocks = _way(_bare_frame, _public_frame, _gives_the_same_frame)
