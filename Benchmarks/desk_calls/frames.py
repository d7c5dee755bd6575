# SPDX-License-Identifier: MIT
"""Frames from tuples and back, as quickly as pandas' public interface lets: sqlite3's part.

What was tried and is slower: to_datetime (four times), from_records, one DataFrame() of all rows,
set_index, astype; a Series a column; MultiIndex.from_arrays.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from dataset import COLUMNS

TEXT = pd.StringDtype(na_value=np.nan)
_DTYPES = {"source": TEXT, "quality": TEXT, "is_gap": np.bool_}

Rows = list[tuple[Any, ...]]


def text_array(cells: Any) -> Any:
    """Give texts as the dtype that pandas calls str."""
    return pd.array(np.array(cells, object), dtype=TEXT)


def times(texts: Any) -> pd.DatetimeIndex:
    """Give stored texts, all of them in UTC, as an index."""
    array = np.array([text[:-6] for text in texts], "M8[ns]")
    return pd.DatetimeIndex(array, name="timestamp").tz_localize("UTC")


def _columns(names: list[str], values: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, cells in zip(names, values, strict=True):
        dtype = _DTYPES.get(name, np.float64)
        columns[name] = text_array(cells) if dtype is TEXT else np.array(cells, dtype)
    return columns


def bars(rows: Rows) -> pd.DataFrame:
    """Make a frame of (timestamp, the nine columns)."""
    texts, *values = zip(*rows, strict=True)
    return pd.DataFrame(_columns(COLUMNS, values), index=times(texts), copy=False)


def _by_symbol(symbols: list[str], counts: list[int], texts: Any) -> pd.MultiIndex:
    codes, distinct = pd.factorize(times(texts), sort=True)
    levels: list[Any] = [pd.Index(text_array(symbols)), distinct.rename("timestamp")]
    return pd.MultiIndex(
        levels=levels,
        codes=[np.repeat(np.arange(len(symbols)), counts), codes],
        names=["symbol", "timestamp"],
        verify_integrity=False,
    )


def bars_by_symbol(symbols: list[str], counts: list[int], rows: Rows) -> pd.DataFrame:
    """Make one frame of several symbols' rows, so many of each."""
    texts, *values = zip(*rows, strict=True)
    index = _by_symbol(symbols, counts, texts)
    return pd.DataFrame(_columns(COLUMNS, values), index=index, copy=False)


def features_by_symbol(symbols: list[str], keys: list[str], rows: Rows) -> pd.DataFrame:
    """Make a frame of (timestamp, close, features), one row per symbol, one column per key."""
    texts, closes, features = zip(*rows, strict=True)
    entries = [json.loads(text) if text else {} for text in features]
    columns: dict[str, Any] = {"close": np.array(closes, np.float64)}
    none: dict[str, Any] = {}
    for key in keys:
        values = [entry.get(key, none).get("value") for entry in entries]
        columns[key] = np.array(values, np.float64)
    index = _by_symbol(symbols, [1] * len(symbols), texts)
    return pd.DataFrame(columns, index=index, copy=False)


def query(names: list[str], rows: Rows) -> pd.DataFrame:
    """Make a frame of a query's rows; the first one tells the types."""
    columns = {
        name: text_array(cells) if type(cells[0]) is str else np.array(cells)
        for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    return pd.DataFrame(columns, copy=False)


def stamps(index: pd.DatetimeIndex) -> list[str]:
    """Give times of whole seconds as the texts that are stored."""
    seconds = index.tz_localize(None).to_numpy().astype("M8[s]")
    return [text + "+00:00" for text in np.datetime_as_string(seconds).tolist()]


def tuples(frame: pd.DataFrame) -> list[list[Any]]:
    """Give a frame's columns as lists to bind, in the order of the table."""
    columns = [stamps(pd.DatetimeIndex(frame.index))]
    for name in COLUMNS:
        values = frame[name]
        columns.append((values.astype("int64") if name == "is_gap" else values).tolist())
    return columns
