# SPDX-License-Identifier: MIT
"""What the library read, as DataFrames over the library's own memory."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import byref
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _abi
from ._handles import Handle, ResultHandle
from ._library import library
from ._selection import Selection
from ._status import check
from ._text import decode, decode_array
from ._timestamps import to_index

__all__ = ["STR", "CArray", "bars_out", "c_array", "feature_columns_out", "text_array"]

# pandas' default dtype of text: missing is NaN; backed by Arrow where pyarrow is installed.
STR = pd.StringDtype(na_value=np.nan)


class CArray:
    """A C array that a result owns, as NumPy may look at it.

    The NumPy array made of it keeps it as its base, and so keeps the result alive: frames need
    no copy, and may be written to, as no one else looks at that memory.
    """

    __slots__ = ("__array_interface__", "_owner")

    def __init__(self, owner: Handle, address: int, count: int, typestr: str) -> None:
        self._owner = owner
        self.__array_interface__ = {
            "data": (address, False),
            "shape": (count,),
            "typestr": typestr,
            "version": 3,
        }


def c_array(owner: Handle, address: int | None, count: int, dtype: Any) -> npt.NDArray[Any]:
    """Give a C array as a NumPy array over the same memory, which keeps `owner` alive."""
    if address is None or count == 0:
        return np.empty(count, dtype)
    return np.asarray(CArray(owner, address, count, np.dtype(dtype).str))


def text_array(texts: list[str | None]) -> Any:
    """Give texts as an array of pandas' default text dtype, None as missing."""
    return pd.array(texts, dtype=STR)


def bars_out(owner: ResultHandle, selection: Selection) -> pd.DataFrame:
    """Give a result as a DataFrame.

    Parameters
    ----------
    owner : ResultHandle
        A `ds_bars`. The frame keeps it alive.
    selection : Selection
        What was asked for; a result of no rows has its columns all the same.

    Returns
    -------
    DataFrame
        float64 numbers, bool is_gap, str texts, in the schema's order, then feature values by
        key (float64), or `features` (str). Index in UTC, nanoseconds.
    """
    batch = library.ds_bars_batch(owner).contents
    count = batch.count
    texts = _Texts(owner, count)
    columns: dict[str, Any] = {}
    for name in selection.columns:
        column = getattr(batch, name)
        if name in ("source", "quality"):
            columns[name] = texts.array(column)
        else:
            dtype = np.bool_ if name == "is_gap" else np.float64
            columns[name] = c_array(owner, column, count, dtype)
    for key, values, _ in _features(owner, batch, selection):
        columns[key] = values
    if selection.features == _abi.FEATURES_JSON:
        columns["features"] = text_array(decode_array(batch.features_json, count))
    frame = pd.DataFrame(columns, index=_index(owner, batch, selection), copy=False)
    if not columns:
        frame.columns = pd.Index([], dtype=STR)
    return frame


def feature_columns_out(owner: ResultHandle, selection: Selection) -> pd.DataFrame:
    """Give a result's features as two column levels: (key, "value"), (key, "quality").

    Values are float64, qualities str; NaN in both is a bar without that feature.
    """
    batch = library.ds_bars_batch(owner).contents
    texts = _Texts(owner, batch.count)
    keys: list[str] = []
    columns: list[Any] = []
    for key, values, quality in _features(owner, batch, selection):
        keys.append(key)
        columns += values, texts.array(quality)
    frame = pd.DataFrame(
        dict(enumerate(columns)), index=_index(owner, batch, selection), copy=False
    )
    frame.columns = _members_of(keys)
    return frame


def _members_of(keys: list[str]) -> pd.MultiIndex:
    """Label a value and a quality for each key; pandas' own way to it is to sort and code them."""
    names = sorted(keys)
    places = {key: place for place, key in enumerate(names)}
    # Any: pandas-stubs has levels of sequences only.
    levels: list[Any] = [pd.Index(names, dtype=STR), pd.Index(["quality", "value"], dtype=STR)]
    codes: list[Any] = [
        np.repeat([places[key] for key in keys], 2),
        np.tile([1, 0], len(keys)),
    ]
    return pd.MultiIndex(levels=levels, codes=codes, verify_integrity=False)


def _features(
    owner: ResultHandle, batch: Any, selection: Selection
) -> Iterator[tuple[str, npt.NDArray[np.float64], Any]]:
    """Give key, values and coded quality of each feature column, in the order asked for."""
    count = batch.count
    found: dict[str, Any] = {}
    if batch.features is not None:
        columns = (_abi.ds_feature_column * batch.feature_count).from_address(batch.features)
        found = {decode(column.key): column for column in columns}
    for key in found if selection.keys is None else selection.keys:
        column = found.get(key)
        if column is None:
            yield key, np.full(count, np.nan), _abi.ds_text_column()
        else:
            yield key, _feature_doubles(owner, column, count), column.quality


def _feature_doubles(owner: ResultHandle, column: Any, count: int) -> npt.NDArray[np.float64]:
    if column.integers is not None:
        values = c_array(owner, column.integers, count, np.int64).astype(np.float64)
    elif column.values is not None:
        values = c_array(owner, column.values, count, np.float64)
    else:
        return np.full(count, np.nan)
    if column.is_null is not None:
        values[c_array(owner, column.is_null, count, np.bool_)] = np.nan
    return values


def _codes(owner: ResultHandle, column: Any, count: int) -> npt.NDArray[np.int32]:
    if column.values is None:
        return np.full(count, -1, np.int32)
    if column.codes is None:
        return np.zeros(count, np.int32)
    return c_array(owner, column.codes, count, np.int32)


class _Texts:
    """Makes text columns of a result, one after the other.

    A column that says the same as the one before shares its memory, as qualities often do: Arrow's
    arrays never change.
    """

    __slots__ = ("_codes", "_count", "_layout", "_owner", "_words")

    def __init__(self, owner: ResultHandle, count: int) -> None:
        self._owner = owner
        self._count = count
        self._words: list[Any] = []
        self._codes: npt.NDArray[np.int32] | None = None
        self._layout: Any = None

    def array(self, column: Any) -> Any:
        """Give a coded column as an array of pandas' default text dtype."""
        words = decode_array(column.values, column.value_count)
        codes = _codes(self._owner, column, self._count)
        if STR.storage != "pyarrow" or not words or not self._count:
            return text_array(words).take(codes, allow_fill=True)
        if self._codes is None or words != self._words or not np.array_equal(codes, self._codes):
            self._words, self._codes = words, codes
            self._layout = _arrow_texts(column, codes, words)
        array_of: Any = pd.arrays.ArrowStringArray  # pandas-stubs do not know its dtype
        return array_of(self._layout, dtype=STR)


_SHORT = 16  # up to so many bytes a text, room for the longest in each row is no waste


def _arrow_texts(column: Any, codes: npt.NDArray[np.int32], words: list[Any]) -> Any:
    """Lay a text column out as Arrow has it: `take` of pyarrow costs several times as much."""
    import pyarrow as pa

    count = codes.size
    offsets = np.empty(count + 1, np.int64)
    longest = max(len(word.encode()) for word in words)
    room = count * longest
    if longest > _SHORT:
        check(library.ds_text_column_lay_out(byref(column), count, offsets.ctypes.data, None, 0))
        room = int(offsets[count])
    text = np.empty(room, np.uint8)
    check(
        library.ds_text_column_lay_out(
            byref(column), count, offsets.ctypes.data, text.ctypes.data, room
        )
    )
    present = codes >= 0
    missing = count - int(np.count_nonzero(present))
    validity = pa.py_buffer(np.packbits(present, bitorder="little")) if missing else None
    return pa.LargeStringArray.from_buffers(
        count, pa.py_buffer(offsets), pa.py_buffer(text[: offsets[count]]), validity, missing
    )


def _index(owner: ResultHandle, batch: Any, selection: Selection) -> pd.Index[Any]:
    times = to_index(c_array(owner, batch.timestamps, batch.count, np.int64), "timestamp")
    if not selection.by_symbol:
        return times
    words = decode_array(batch.symbol.values, batch.symbol.value_count)
    time_codes, distinct = pd.factorize(times, sort=True)
    # From levels and codes: the symbols keep the order they were asked for in.
    levels: list[Any] = [pd.Index(words, dtype=STR), distinct]
    codes: list[Any] = [_codes(owner, batch.symbol, batch.count), time_codes]
    return pd.MultiIndex(
        levels=levels,
        codes=codes,
        names=["symbol", "timestamp"],
        verify_integrity=False,
    )
