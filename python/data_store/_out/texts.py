# SPDX-License-Identifier: MIT
"""Text columns that the library read, as arrays of pandas' default text dtype."""

from __future__ import annotations

from array import array
from ctypes import POINTER, addressof, byref, c_void_p
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c import abi as _abi
from .._c.handles import ResultHandle
from .._c.library import library
from .._c.status import check
from .._c.text import decode_array
from .._pandas import (
    HAS_ARROW_TEXT,
    IS_OLD,
    MISSING_TEXT,
    arrow_array,
    objects_array,
    text_dtype,
    text_index,
)
from .arrays import c_array

if HAS_ARROW_TEXT:  # pandas has imported it
    import pyarrow as pa

__all__ = [
    "codes_out",
    "distinct_texts_out",
    "laid_out_texts",
    "names_index",
    "text_array",
    "text_columns_out",
]


def text_array(texts: list[str | None]) -> Any:
    """Give texts as an array of pandas' default text dtype, None as missing."""
    if not HAS_ARROW_TEXT:
        present = np.empty(len(texts), object)
        present[:] = [MISSING_TEXT if text is None else text for text in texts]
        return objects_array(present)
    return arrow_array(pa.array(texts, pa.large_string()))


def _names_index(names: tuple[str, ...]) -> pd.Index[Any]:
    """Give names as an index of pandas' default text dtype, to be shared: it must not be renamed.

    Laid out here, because pandas' own way loads a part of pyarrow first, which takes milliseconds.
    """
    index: pd.Index[Any]
    if not HAS_ARROW_TEXT:
        index = pd.Index(names, dtype=text_dtype())
        return index
    text = "".join(names)
    block = text.encode()
    pieces = names if len(block) == len(text) else [name.encode() for name in names]
    offsets = array("q", accumulate(map(len, pieces), initial=0))
    buffers = pa.py_buffer(offsets), pa.py_buffer(block)
    return text_index(arrow_array(pa.LargeStringArray.from_buffers(len(names), *buffers)))


# Kept, except where an option may change the dtype.
names_index = _names_index if IS_OLD else lru_cache(maxsize=64)(_names_index)
_known_names = _names_index if IS_OLD else lru_cache(maxsize=16)(_names_index)


def distinct_texts_out(column: Any, names: tuple[str, ...] | None) -> pd.Index[Any]:
    """Give a text column's dictionary as an index: UTF-8, and none of them missing.

    Where `names` are known to be what it holds, the index of the last such call is shared.
    """
    count = column.value_count
    if names is not None and len(names) == count:
        return _known_names(names)
    index: pd.Index[Any]
    if not HAS_ARROW_TEXT or not count:
        index = pd.Index(decode_array(column.values, count), dtype=text_dtype())
        return index
    codes = np.arange(count, dtype=np.int32)
    each = _abi.ds_text_column(codes.ctypes.data, column.values, count)
    index = text_index(_arrow_arrays([each], count)[0])
    return index


def codes_out(owner: ResultHandle, column: Any, count: int) -> npt.NDArray[np.int32]:
    """Give a text column's codes, -1 as missing."""
    if column.values is None:
        return np.full(count, -1, np.int32)
    if column.codes is None:
        return np.zeros(count, np.int32)
    return c_array(owner, column.codes, count, np.int32)


def text_columns_out(owner: ResultHandle, columns: list[Any], count: int) -> list[Any]:
    """Give the `ds_text_column`s of a result of `count` rows as arrays.

    Where pandas keeps texts in Arrow's layout, the library lays them out, which takes a fraction of
    the time of Arrow's own `take`. Those arrays share one block of memory, and those that say the
    same all of theirs: Arrow's arrays never change.
    """
    if HAS_ARROW_TEXT and count and columns:
        for place in {(column.values, column.value_count) for column in columns}:
            decode_array(*place)  # Arrow would not look at the bytes
        return _arrow_arrays(columns, count)
    return [_coded_array(owner, column, count) for column in columns]


def _coded_array(owner: ResultHandle, column: Any, count: int) -> Any:
    words = decode_array(column.values, column.value_count)
    if len(words) == 1 and column.codes is None:
        return objects_array(np.full(count, words[0], object))
    # Code -1, which is missing, takes the last one.
    codes = codes_out(owner, column, count)
    return objects_array(np.array([*words, MISSING_TEXT], object).take(codes))


def _arrow_arrays(columns: list[Any], count: int) -> list[Any]:
    pointers = (c_void_p * len(columns))(*map(addressof, columns))
    out = POINTER(_abi.ds_text_layouts)()
    check(library.ds_text_columns_lay_out(pointers, len(columns), count, byref(out)))
    memory = ResultHandle(out, library.ds_text_layouts_free)
    layouts = library.ds_text_layouts_array(memory)
    arrays: list[Any] = []
    texts: Any = None
    last: int | None = None
    for layout in layouts[: len(columns)]:
        if layout.offsets != last:
            last = layout.offsets
            size, bits = layout.byte_count, layout.validity
            texts = _layout(memory, count, last, layout.bytes, size, bits)
        arrays.append(arrow_array(texts))
    return arrays


def laid_out_texts(
    owner: ResultHandle, count: int, offsets: int, block: int | None, size: int
) -> Any:
    """Give texts that `owner` has in Arrow's layout as an array: UTF-8, and none of them missing.

    Parameters
    ----------
    owner : ResultHandle
    count : int
        Rows.
    offsets : int
        The address of `count` + 1 int64.
    block : int or None
        That of the bytes.
    size : int
        Bytes.
    """
    return arrow_array(_layout(owner, count, offsets, block, size, None))


def _layout(
    owner: ResultHandle,
    count: int,
    offsets: int,
    block: int | None,
    size: int,
    bits: int | None,
) -> Any:
    return pa.LargeStringArray.from_buffers(
        count,
        pa.foreign_buffer(offsets, 8 * (count + 1), owner),
        None if block is None else pa.foreign_buffer(block, size, owner),
        None if bits is None else pa.foreign_buffer(bits, (count + 7) // 8, owner),
    )
