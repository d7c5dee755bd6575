# SPDX-License-Identifier: MIT
"""The features of one bar, alone or with the bar, without pandas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from ctypes import addressof, byref, c_char_p, c_int64, sizeof
from typing import Any

from .._c import abi as _abi
from .._c.library import untyped
from .._timestamps import storable_ns
from .cells import Refusal
from .entries import entry_json
from .places import place_of
from .plain_entry import write_entry
from .words import words

__all__ = ["write_bar_and_entry", "write_one_entry"]


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
        The library's status. None for all else, and where the timestamp is wrong: `entries_in`
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
    if not isinstance(time, dt.datetime):
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
