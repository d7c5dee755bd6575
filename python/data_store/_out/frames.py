# SPDX-License-Identifier: MIT
"""What the library read, as DataFrames over the library's own memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.internals import create_dataframe_from_blocks

from .._c import abi as _abi
from .._c.floats import at_default
from .._c.handles import ResultHandle
from .._c.library import library
from .._c.text import decode, decode_array
from .._in.selection import Selection
from .._timestamps import to_index
from .arrays import c_array
from .texts import STR, codes_out, names_index, text_array, text_columns_out

__all__ = ["bars_out", "feature_columns_out"]

_KINDS = {column.name: column.kind for column in _abi.BAR_COLUMNS}


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
    names = [name for name in selection.columns if _KINDS[name] == "text"]
    arrays = text_columns_out(owner, [getattr(batch, name) for name in names], count)
    texts = dict(zip(names, arrays, strict=True))
    columns: dict[str, Any] = {}
    for name in selection.columns:
        if name in texts:
            columns[name] = texts[name]
        else:
            dtype = np.bool_ if _KINDS[name] == "flag" else np.float64
            columns[name] = c_array(owner, getattr(batch, name), count, dtype)
    for key, values, _ in _features(owner, batch, selection):
        columns[key] = values
    if selection.features == _abi.FEATURES_JSON:
        columns["features"] = text_array(decode_array(batch.features_json, count))
    # A copy, which shares the names: the frame's owner may name its columns' index.
    labels = names_index(tuple(columns)).copy()
    return _frame(list(columns.values()), labels, _index(owner, batch, selection))


def feature_columns_out(owner: ResultHandle, selection: Selection) -> pd.DataFrame:
    """Give a result's features as two column levels: (key, "value"), (key, "quality").

    Values are float64, qualities str; NaN in both is a bar without that feature.
    """
    batch = library.ds_bars_batch(owner).contents
    features = list(_features(owner, batch, selection))
    qualities = text_columns_out(owner, [quality for _, _, quality in features], batch.count)
    columns: list[Any] = []
    for (_, values, _), quality in zip(features, qualities, strict=True):
        columns += values, quality
    labels = _members_of([key for key, _, _ in features])
    return _frame(columns, labels, _index(owner, batch, selection))


def _frame(columns: list[Any], labels: pd.Index[Any], index: pd.Index[Any]) -> pd.DataFrame:
    """Put columns together, a block each, as DataFrame() does; it looks at each a dozen times."""
    places = np.arange(len(columns)).reshape(-1, 1)
    blocks = [
        (column.reshape(1, -1) if isinstance(column, np.ndarray) else column, place)
        for column, place in zip(columns, places, strict=True)
    ]
    frame: pd.DataFrame = create_dataframe_from_blocks(blocks, index=index, columns=labels)
    return frame


def _members_of(keys: list[str]) -> pd.MultiIndex:
    """Label a value and a quality for each key; pandas itself would sort and code them."""
    names = sorted(keys)
    places = {key: place for place, key in enumerate(names)}
    # Any: pandas-stubs has levels of sequences only.
    levels: list[Any] = [names_index(tuple(names)), names_index(("quality", "value"))]
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
        integers = c_array(owner, column.integers, count, np.int64)
        values = at_default(integers.astype, np.float64)
    elif column.values is not None:
        values = c_array(owner, column.values, count, np.float64)
    else:
        return np.full(count, np.nan)
    if column.is_null is not None:
        values[c_array(owner, column.is_null, count, np.bool_)] = np.nan
    return values


def _index(owner: ResultHandle, batch: Any, selection: Selection) -> pd.Index[Any]:
    times = to_index(c_array(owner, batch.timestamps, batch.count, np.int64), "timestamp")
    if not selection.by_symbol:
        return times
    words = decode_array(batch.symbol.values, batch.symbol.value_count)
    time_codes, distinct = pd.factorize(times, sort=True)
    # From levels and codes: the symbols keep the order they were asked for in.
    levels: list[Any] = [pd.Index(words, dtype=STR), distinct]
    codes: list[Any] = [codes_out(owner, batch.symbol, batch.count), time_codes]
    return pd.MultiIndex(
        levels=levels,
        codes=codes,
        names=["symbol", "timestamp"],
        verify_integrity=False,
    )
