# SPDX-License-Identifier: MIT
"""A frame of one row takes a path of its own; it stores what it would store among other rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, column
from test_bars_input import (
    FLAG_DTYPES,
    NULLABLE_DTYPES,
    NULLABLE_FLAG_DTYPES,
    REFUSED_FLAGS,
    REFUSED_NUMBERS,
    REFUSED_TEXTS,
    TEXT_DTYPES,
    WHOLE_DTYPES,
)

from data_store import DataStore
from data_store.errors import InvalidInputError

Rows = Callable[..., list[tuple[Any, ...]]]
EVERYTHING = (
    "SELECT *, typeof(open), typeof(source), typeof(is_gap) FROM market_data ORDER BY timestamp"
)

COLUMNS = [
    *[("open", dtype, value) for dtype in WHOLE_DTYPES for value in (100,)],
    *[("latency_sec", dtype, None) for dtype in NULLABLE_DTYPES],
    *[("source", dtype, value) for dtype in TEXT_DTYPES for value in ("é", "", None)],
    *[("is_gap", dtype, value) for dtype in FLAG_DTYPES for value in (0, 1)],
    *[("is_gap", dtype, None) for dtype in NULLABLE_FLAG_DTYPES],
]


def stored_alike(store: DataStore, rows: Rows, frame: pd.DataFrame, **options: Any) -> None:
    """Write `frame`, alone and as the first of two rows, over the same bar: its row is the same."""
    found = []
    for count in (1, 2):
        store.market.delete(SYMBOL, TIMEFRAME)
        store.market.write(bars(2), SYMBOL, TIMEFRAME)
        together = pd.concat([frame, frame.set_axis(frame.index + pd.Timedelta("1h"))])
        written = frame if count == 1 else together.astype(frame.dtypes)
        assert store.market.write(written, SYMBOL, TIMEFRAME, **options) == count
        found.append(rows(EVERYTHING)[0])
    assert found[0] == found[1]


@pytest.mark.parametrize(("name", "dtype", "value"), COLUMNS)
def test_a_value_of_every_dtype_is_stored_as_in_a_longer_frame(
    store: DataStore, rows: Rows, name: str, dtype: str, value: object
) -> None:
    frame = bars(1)[["high"]].assign(**{name: pd.Series([value], [START], "object").astype(dtype)})
    stored_alike(store, rows, frame)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "America/New_York"])
def test_an_index_of_every_zone_and_unit(
    store: DataStore, rows: Rows, unit: str, zone: str
) -> None:
    frame = bars(1)
    frame.index = pd.DatetimeIndex(frame.index).tz_convert(zone).as_unit(unit)
    stored_alike(store, rows, frame)


@pytest.mark.parametrize("last", [2**63 - 1, -(2**63) + 1])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "America/New_York"])
def test_the_ends_of_time(store: DataStore, last: int, zone: str) -> None:
    index = pd.DatetimeIndex(np.array([last], "M8[ns]")).tz_localize("UTC").tz_convert(zone)
    store.market.write(pd.DataFrame({"close": [1.5]}, index), SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME).index.asi8.tolist() == [last]


@pytest.mark.parametrize("name", ["open", "source", "is_gap"])
def test_replace_leaves_only_what_is_given(store: DataStore, rows: Rows, name: str) -> None:
    stored_alike(store, rows, bars(1)[[name]], replace=True)


def test_a_frame_without_columns_writes_a_bare_bar(store: DataStore, rows: Rows) -> None:
    stored_alike(store, rows, bars(1)[[]])


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        *[("close", cells) for cells in REFUSED_NUMBERS.values()],
        *[("source", cells) for cells in REFUSED_TEXTS.values()],
        *[("is_gap", cells) for cells in REFUSED_FLAGS.values()],
    ],
)
def test_what_is_refused_among_others_is_refused_alone(
    store: DataStore, name: str, cells: pd.Series[Any]
) -> None:
    messages = []
    for row in range(len(cells)):
        frame = column(name, cells.iloc[[row]].reset_index(drop=True))
        try:
            store.market.write(frame, SYMBOL, TIMEFRAME)
        except InvalidInputError as error:
            messages.append(str(error))
    assert messages
    assert all(f"column '{name}', row 0" in message for message in messages)


@pytest.mark.parametrize(
    "index",
    [
        pd.DatetimeIndex(["2026-03-01"]),
        pd.DatetimeIndex([pd.NaT]).tz_localize("UTC"),
        pd.DatetimeIndex(np.array(["3000-01-01"], "M8[s]")).tz_localize("UTC"),
        pd.Index(["2026-03-01T15:00:00Z"]),
        pd.RangeIndex(1),
    ],
    ids=["naive", "NaT", "beyond", "text", "numbers"],
)
def test_an_index_that_is_not_a_time_is_refused(store: DataStore, index: pd.Index[Any]) -> None:
    with pytest.raises(InvalidInputError):
        store.market.write(bars(1).set_axis(index), SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME).empty


@pytest.mark.parametrize("labels", [("open", "X"), ("a@1", "value"), ("a@1", "quality")])
def test_labels_of_two_levels_are_refused(store: DataStore, labels: tuple[str, str]) -> None:
    frame = pd.DataFrame([[1.0]], bars(1).index, pd.MultiIndex.from_tuples([labels]))
    with pytest.raises(InvalidInputError, match="2 levels"):
        store.market.write(frame, SYMBOL, TIMEFRAME)


def test_unknown_and_double_columns_are_refused(store: DataStore) -> None:
    with pytest.raises(InvalidInputError, match="colse"):
        store.market.write(bars(1).rename(columns={"close": "colse"}), SYMBOL, TIMEFRAME)
    with pytest.raises(InvalidInputError, match="twice"):
        store.market.write(bars(1).rename(columns={"close": "open"}), SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME).empty


def test_rows_of_one_frame_whose_labels_change_go_where_they_say(
    store: DataStore, rows: Rows
) -> None:
    frame = pd.DataFrame(
        {"open": [1.0, 1.0, 1.0, 1.0], "close": [2.0, 2.0, 2.0, 2.0]},
        index=pd.date_range(START, periods=4, freq="h"),
    )
    swapped = frame.rename(columns={"open": "close", "close": "open"})
    moved = frame.copy()
    store.market.write(frame.iloc[:1], SYMBOL, TIMEFRAME)
    store.market.write(swapped.iloc[1:2], SYMBOL, TIMEFRAME)
    store.market.write(frame[["close", "open"]].iloc[2:3], SYMBOL, TIMEFRAME)
    moved.columns = pd.Index(["close", "high"])
    store.market.write(moved.iloc[3:4], SYMBOL, TIMEFRAME)
    found = rows("SELECT open, high, close FROM market_data ORDER BY timestamp")
    assert found == [(1.0, None, 2.0), (2.0, None, 1.0), (1.0, None, 2.0), (None, 2.0, 1.0)]


def test_rows_of_very_many_frames_are_stored(store: DataStore, rows: Rows) -> None:
    for row in range(600):
        frame = pd.DataFrame({"close": [float(row)]}, index=bars(1).index)
        store.market.write(frame, SYMBOL, f"{row}m")
    assert sorted(rows("SELECT close FROM market_data")) == [(float(row),) for row in range(600)]


def test_long_columns_of_text_come_back(store: DataStore) -> None:
    frame = bars(1000)
    frame["source"] = pd.Series(
        [["ib", "é" * 40, "", None][row % 4] for row in range(1000)], frame.index
    )
    frame["source"] = frame["source"].astype("str")
    store.market.write(frame, SYMBOL, TIMEFRAME)
    pd.testing.assert_frame_equal(store.market.read(SYMBOL, TIMEFRAME), frame, check_freq=False)


@pytest.mark.parametrize("row", [0, 700, 999])
def test_a_bad_text_in_a_long_column_is_named(store: DataStore, row: int) -> None:
    frame = bars(1000)
    texts = ["ib"] * 1000
    texts[row] = "i\0b"
    frame["source"] = pd.Series(texts, frame.index, "str")
    with pytest.raises(InvalidInputError, match=f"column 'source', row {row}:"):
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME).empty
