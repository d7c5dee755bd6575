# SPDX-License-Identifier: MIT
"""What a contender in Python does, and what all of them share."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd

from dataset import COLUMNS, TIMEFRAME, Dataset

FEATURE_MEMBER = '"%s":{"value":%%s,"quality":"ready"}'


class Contender(Protocol):
    """One way to keep bars in the file at `path`.

    Each write is a commit of its own. A contender leaves out the methods of works that it does
    not take part in; `works.py` says which those are.
    """

    def __init__(self, path: str, synchronous: str) -> None: ...

    def close(self) -> None:
        """Close the file."""

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        """Upsert the bars of one series; features, where given, are all "ready"."""

    def write_features(self, symbol: str, features: pd.DataFrame) -> None:
        """Write values and qualities; of a contender that keeps a folder."""

    def merge(self, symbol: str, features: pd.DataFrame) -> None:
        """Add one feature to bars that are stored."""

    def read(self, symbol: str) -> pd.DataFrame:
        """Give the nine columns, index in UTC."""

    def read_features(self, symbol: str) -> pd.DataFrame:
        """Give column levels (key, "value"|"quality"), index in UTC."""

    def write_bar(self, symbol: str, time: pd.Timestamp, bar: dict[str, Any]) -> None:
        """Upsert one bar in a commit of its own."""

    def latest_bar(self, symbol: str) -> tuple[Any, ...]:
        """Give the newest bar: timestamp (datetime), the nine columns, features."""


def stamps(index: pd.Index[Any]) -> list[str]:
    """Give times as the texts that are stored."""
    seconds = pd.DatetimeIndex(index).tz_localize(None).to_numpy().astype("datetime64[s]")
    return [text + "+00:00" for text in np.datetime_as_string(seconds).tolist()]


def rows(symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> zip[tuple[Any, ...]]:
    """Give bars as tuples to bind: key, nine columns, features where there are any."""
    count = len(bars)
    columns: list[list[Any]] = [[symbol] * count, [TIMEFRAME] * count, stamps(bars.index)]
    for name in COLUMNS:
        values = bars[name]
        columns.append((values.astype("int64") if name == "is_gap" else values).tolist())
    if features is not None:
        columns.append(packed(features))
    return zip(*columns, strict=True)


def packed(features: pd.DataFrame) -> list[str]:
    """Give each row's features as compact JSON; numbers as repr prints them."""
    template = "{" + ",".join(FEATURE_MEMBER % key for key in features.columns) + "}"
    columns = [printed(features[key]) for key in features.columns]
    return [template % values for values in zip(*columns, strict=True)]


def printed(values: pd.Series[float]) -> list[str]:
    """Give numbers as JSON texts, NaN as null."""
    return ["null" if value != value else repr(value) for value in values.tolist()]


def times(texts: Any) -> pd.DatetimeIndex:
    """Give stored texts as an index."""
    index = pd.DatetimeIndex(pd.to_datetime(texts, utc=True, format="ISO8601"), name="timestamp")
    return index.as_unit("ns")


def unpacked(index: pd.DatetimeIndex, entries: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the features of each row, parsed, as value and quality columns."""
    keys = sorted(set().union(*entries)) if entries else []
    none: dict[str, Any] = {}
    columns: dict[tuple[str, str], Any] = {}
    for key in keys:
        members = [entry.get(key, none) for entry in entries]
        values = [member.get("value") for member in members]
        columns[key, "value"] = np.array(values, dtype=np.float64)
        columns[key, "quality"] = pd.array([member.get("quality") for member in members], "str")
    return pd.DataFrame(columns, index=index)


class Expected:
    """The data that was written, to hold against what is read."""

    def __init__(self, data: Dataset) -> None:
        self._data = data

    def bars(self, series: int, found: pd.DataFrame) -> None:
        """Raise where `found` is not what was written."""
        pd.testing.assert_frame_equal(
            found, self._data.frame(series), check_exact=True, check_freq=False
        )

    def features(self, series: int, found: pd.DataFrame) -> None:
        """Raise where `found` is not what was written."""
        expected = self._data.feature_columns(series)
        pd.testing.assert_frame_equal(
            found[expected.columns], expected, check_exact=True, check_freq=False
        )
        if len(found.columns) != len(expected.columns):
            raise AssertionError(f"{len(found.columns)} columns")

    def latest(self, series: int, found: tuple[Any, ...]) -> None:
        """Raise where `found` is not the last bar."""
        frame = self._data.frame(series)
        time, *values = found
        expected = [None if value != value else value for value in frame.iloc[-1].tolist()]
        if time != frame.index[-1] or values != [*expected, {}]:
            raise AssertionError(f"{found} is not the newest bar")
