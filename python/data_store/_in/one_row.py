# SPDX-License-Identifier: MIT
"""One plain row: the live bar of a caller that has it as a DataFrame, the features of one bar.

Looking at each column of a frame costs pandas more than storing the row costs the library, so the
row is taken out in one piece and goes in as a bare bar. One bar's features need no table at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from ctypes import addressof, byref, c_char_p, c_int64, sizeof
from typing import Any, TypeAlias

import pandas as pd

from .._bar import CELL_NAMES, UNSET, packable, packed
from .._c import abi as _abi
from .._c.library import untyped
from .._timestamps import only_ns, storable_ns
from .cells import Refusal
from .columns.dtypes import objects
from .columns.texts import words
from .features import entry_json
from .plain_entry import write_entry
from .rows import place_of

__all__ = ["one_row_in", "write_bar_and_entry", "write_one_entry"]

_PLAIN = frozenset(_abi.COLUMN_BITS)

PackedBar: TypeAlias = tuple[bytes, object]
"""The bytes of a `ds_bar`, and what must live as long as they are in use: the texts that they
point to."""


def one_row_in(frame: object, symbol: object, timeframe: object) -> PackedBar | None:
    """Give a frame's only row, packed.

    Returns
    -------
    PackedBar or None
        None for any other frame, and for one that is wrong somewhere: `bars_in` takes the one, and
        says where the other is wrong.
    """
    if type(frame) is not pd.DataFrame or len(frame) != 1 or type(symbol) is not str:
        return None
    index = frame.index
    if type(index) is not pd.DatetimeIndex or type(timeframe) is not str:
        return None
    ns = only_ns(index)
    if ns is None:
        return None
    labels = _plain_labels(frame.columns)
    if labels is None:
        return None
    # Cell by cell: one array for the whole row would take pandas longer to put together.
    cell = frame.iat
    cells = {label: cell[0, place] for place, label in enumerate(labels)}
    try:
        columns, *taken = packable(*(cells.get(name, UNSET) for name in CELL_NAMES))
    except Refusal:
        return None
    return packed(ns, columns, taken), taken


def _plain_labels(columns: pd.Index[Any]) -> list[str] | None:
    """Give a frame's labels, where each is a column's name and there once; else None.

    Frames that were cut out of one share the array of their labels, which is looked at once.
    """
    if columns.nlevels > 1:
        return None
    array = columns.array
    known, labels = _looked_at.get(id(array), (None, None))
    if known is array:
        return labels
    labels = objects(columns)
    try:
        carried = frozenset(labels)
    except TypeError:  # a label that cannot be hashed
        return None
    if not carried <= _PLAIN or len(carried) < len(labels):
        return None
    if len(_looked_at) >= _MOST_LOOKED_AT:
        _looked_at.clear()
    # The array is kept, so that its id stays its own.
    _looked_at[id(array)] = array, labels
    return labels


_looked_at: dict[int, tuple[object, list[str]]] = {}
_MOST_LOOKED_AT = 256


# ---- Features -------------------------------------------------------------------------------


def write_one_entry(
    store: object,
    features: object,
    symbol: object,
    timeframe: object,
    quality: object,
    replaces: int,
) -> int | None:
    """Write the features of one bar, from a dict of one timestamp.

    Returns
    -------
    int or None
        The library's status. None for all else, and where the timestamp is wrong: `features_in`
        takes the one, and says why the other is refused.

    Raises
    ------
    FeatureValidationError
        JSON cannot say it.
    """
    if type(features) is not dict or len(features) != 1 or quality is not None:
        return None
    [(time, entry)] = features.items()
    if type(symbol) is not str or type(timeframe) is not str or type(entry) not in _ENTRIES:
        return None
    if type(time) is not pd.Timestamp and type(time) is not dt.datetime:
        return None
    try:
        ns = storable_ns(time)
        symbol_text, timeframe_text = words[symbol], words[timeframe]
    except Refusal:
        return None
    if type(entry) is dict:
        status = write_entry(store, entry, ns, symbol_text, timeframe_text, replaces)
        if status is not None:
            return status
    # The texts stay here until the call is over: the batch points to them.
    names = symbol_text[0], timeframe_text[0]
    texts = (c_char_p * 3)(*names, entry_json(entry, 0, place_of(symbol, timeframe)))
    times = c_int64(ns)
    batch = _abi.ds_bar_batch(
        count=1,
        timestamps=addressof(times),
        symbol=_abi.ds_text_column(None, addressof(texts), 1),
        timeframe=_abi.ds_text_column(None, addressof(texts) + sizeof(c_char_p), 1),
        features_json=addressof(texts) + 2 * sizeof(c_char_p),
    )
    result: int = _write_features(store, byref(batch), replaces, None)
    return result


_write_features = untyped("ds_market_write_features")


def write_bar_and_entry(
    store: object,
    entry: dict[Any, Any],
    ns: int,
    symbol: object,
    timeframe: object,
    replaces: int,
    cells: Sequence[Any],
) -> int | None:
    """Write a bar that carries all of `CELL_NAMES`, as `packable` gives them, with its features.

    Returns
    -------
    int or None
        The library's status. None if the names or the features are not plain: then nothing was
        done.
    """
    if type(symbol) is not str or type(timeframe) is not str:
        return None
    try:
        names = words[symbol], words[timeframe]
    except Refusal:
        return None
    return write_entry(store, entry, ns, *names, replaces, cells)


_ENTRIES = frozenset({dict, str})
