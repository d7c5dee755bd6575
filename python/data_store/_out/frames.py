# SPDX-License-Identifier: MIT
"""What the library read, as DataFrames."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from .._c import abi as _abi
from .._c.floats import at_default
from .._c.handles import BarsHandle, ResultHandle
from .._c.library import library
from .._c.text import decode, decode_array
from .._in.selection import Selection
from .._pandas import Block, frame_from_blocks
from .arrays import MOST_GATHERED, c_array, gathered
from .indexes import index_of
from .texts import names_index, text_array, text_columns_out

__all__ = ["bars_out", "feature_columns_out", "frame_of"]

_KINDS = {column.name: column.kind for column in _abi.BAR_COLUMNS}


def bars_out(owner: BarsHandle, selection: Selection) -> pd.DataFrame:
    """Give a result as a DataFrame.

    Parameters
    ----------
    owner : BarsHandle
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
    texts = dict(zip(names, arrays))
    columns: dict[str, Any] = {}
    for name in selection.columns:
        if name in texts:
            columns[name] = texts[name]
        elif _KINDS[name] == "flag":
            columns[name] = c_array(owner, getattr(batch, name), count, np.bool_)
        else:
            columns[name] = getattr(batch, name)
    for key, values, _ in _features(owner, batch, selection):
        columns[key] = values
    if selection.features == _abi.FEATURES_JSON:
        columns["features"] = text_array(decode_array(batch.features_json, count))
    labels, index = names_index(tuple(columns)), index_of(owner, batch, selection)
    return frame_of(owner, columns.values(), labels, index)


def feature_columns_out(owner: BarsHandle, selection: Selection) -> pd.DataFrame:
    """Give a result's features as two column levels: (key, "value"), (key, "quality").

    Values are float64, qualities str; NaN in both is a bar without that feature.
    """
    batch = library.ds_bars_batch(owner).contents
    features = list(_features(owner, batch, selection))
    qualities = text_columns_out(owner, [quality for _, _, quality in features], batch.count)
    columns: list[Any] = []
    for (_, values, _), quality in zip(features, qualities):
        columns += values, quality
    labels = _members_of([key for key, _, _ in features])
    return frame_of(owner, columns, labels, index_of(owner, batch, selection))


def frame_of(
    owner: ResultHandle, columns: Collection[Any], labels: pd.Index[Any], index: pd.Index[Any]
) -> pd.DataFrame:
    """Put columns together as DataFrame() does, which looks at each a dozen times.

    Parameters
    ----------
    owner : ResultHandle
    columns : collection
        NumPy and pandas arrays, and addresses of doubles that `owner` has. Of a few rows those
        are copied into one block: one for each costs pandas more than the copy.
    labels : Index
        May be shared: the frame gets a view, as its owner may name its columns' index.
    index : Index
    """
    count = len(index)
    is_short = 0 < count <= MOST_GATHERED
    blocks: list[Block] = []
    together: list[int] = []
    addresses: list[int] = []
    for place, column in enumerate(columns):
        if type(column) is int and is_short:
            together.append(place)
            addresses.append(column)
            continue
        if column is None or type(column) is int:
            column = c_array(owner, column, count, np.float64)
        values = column.reshape(1, -1) if type(column) is np.ndarray else column
        blocks.append((values, (place,)))
    if len(together) == 1:
        values = c_array(owner, addresses[0], count, np.float64).reshape(1, -1)
        blocks.append((values, (together[0],)))
    elif together:
        blocks.append((gathered(addresses, count), tuple(together)))
    return frame_from_blocks(blocks, labels, index)


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


# ---- Features -------------------------------------------------------------------------------


def _features(
    owner: ResultHandle, batch: Any, selection: Selection
) -> Iterator[tuple[str, Any, Any]]:
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


def _feature_doubles(owner: ResultHandle, column: Any, count: int) -> Any:
    """Give the values of a feature, or their address where they are doubles as they are."""
    if column.integers is not None:
        integers = c_array(owner, column.integers, count, np.int64)
        values = at_default(integers.astype, np.float64)
    elif column.values is None:
        return np.full(count, np.nan)
    elif column.is_null is None:
        return column.values
    else:
        values = c_array(owner, column.values, count, np.float64)
    if column.is_null is not None:
        values[c_array(owner, column.is_null, count, np.bool_)] = np.nan
    return values
