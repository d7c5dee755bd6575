# SPDX-License-Identifier: MIT
"""Frames out: dtypes, order, bounds, columns, several symbols."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import COLUMNS, START, SYMBOL, TEXT, TIMEFRAME, bars, same, times

from data_store import DataStore
from data_store.errors import InvalidInputError

DTYPES = {
    **dict.fromkeys(("open", "high", "low", "close", "volume", "latency_sec"), "float64"),
    **dict.fromkeys(("source", "quality"), TEXT),
    "is_gap": "bool",
}
DAY = pd.Timestamp("2026-03-02T00:00:00Z")


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Five hourly bars from START of 2026-03-01, 15:00."""
    store.market.write(bars(5), SYMBOL, TIMEFRAME)
    return store


@pytest.fixture
def days(store: DataStore) -> DataStore:
    """Bars on and just beside the edges of 2026-03-02."""
    edges = [DAY - pd.Timedelta(1), DAY, DAY + pd.Timedelta("1D") - pd.Timedelta(1)]
    index = pd.DatetimeIndex([*edges, DAY + pd.Timedelta("1D")])
    store.market.write(pd.DataFrame({"close": [0.0, 1.0, 2.0, 3.0]}, index=index), SYMBOL, "1d")
    return store


def assert_shape(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == list(COLUMNS)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES


def test_a_frame_comes_back_as_it_was_written(stored: DataStore) -> None:
    found = stored.market.read(SYMBOL, TIMEFRAME)
    assert_shape(found)
    assert isinstance(found.index, pd.DatetimeIndex)
    assert str(found.index.dtype) == "datetime64[ns, UTC]"
    assert found.index.name == "timestamp"
    same(found, bars(5))


def test_null_flags_of_other_tools_are_false(stored: DataStore, rows: Any) -> None:
    rows("UPDATE market_data SET is_gap = NULL")
    found = stored.market.read(SYMBOL, TIMEFRAME)["is_gap"]
    assert found.dtype == "bool"
    assert not found.any()


def test_the_result_belongs_to_the_caller(stored: DataStore) -> None:
    first = stored.market.read(SYMBOL, TIMEFRAME)
    first["close"] += 1.0
    first.iloc[0, first.columns.get_loc("source")] = "changed"
    stored.close()
    assert first["close"].tolist() == (bars(5)["close"] + 1.0).tolist()


def test_nothing_found_is_an_empty_frame_of_the_same_dtypes(stored: DataStore) -> None:
    for found in (
        stored.market.read("nobody", TIMEFRAME),
        stored.market.read(SYMBOL, "nothing"),
        stored.market.read(SYMBOL, TIMEFRAME, "2030-01-01"),
        stored.market.read(SYMBOL, TIMEFRAME, limit=0),
        stored.market.latest("nobody", TIMEFRAME),
    ):
        same(found, bars(5).iloc[:0])


def test_nothing_found_for_several_symbols_is_an_empty_frame_too(stored: DataStore) -> None:
    found = stored.market.read(["nobody", "none"], TIMEFRAME)
    assert len(found) == 0
    assert_shape(found)
    assert list(found.index.names) == ["symbol", "timestamp"]
    assert str(found.index.get_level_values("timestamp").dtype) == "datetime64[ns, UTC]"


SLICES: list[tuple[Any, Any, list[float]]] = [
    (None, None, [0, 1, 2, 3]),
    (DAY, None, [1, 2, 3]),
    (None, DAY, [0, 1]),
    (DAY, DAY, [1]),
    (DAY.to_pydatetime(), DAY.to_pydatetime(), [1]),
    (DAY.tz_convert("Asia/Tokyo"), DAY.tz_convert("America/New_York"), [1]),
    (dt.datetime(2026, 3, 2, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Madrid")), None, [1, 2, 3]),
    (DAY.as_unit("s"), DAY.as_unit("s"), [1]),
    (DAY + pd.Timedelta(1), None, [2, 3]),
    (None, DAY - pd.Timedelta(1), [0]),
    ("2026-03-02", "2026-03-02", [1, 2]),
    ("2026-03-02", None, [1, 2, 3]),
    (None, "2026-03-02", [0, 1, 2]),
    (None, "2026-03-01", [0]),
    ("2026-03-03", None, [3]),
    ("2026-03-02T00:00:00", "2026-03-02T00:00:00", [1]),
    ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00+00:00", [1]),
    ("2026-03-02T01:00:00+01:00", "2026-03-01T19:00:00-05:00", [1]),
    ("2026-03-01T23:59:59.999999999", "2026-03-02T00:00:00", [0, 1]),
    ("2026-03-02T00:00:00.000001", None, [2, 3]),
    ("2026-03-02", DAY, [1]),
    (DAY + pd.Timedelta("1D"), DAY, []),
    ("2026-03-03", "2026-03-01", []),
]


@pytest.mark.parametrize(("start", "end", "expected"), SLICES, ids=str)
def test_bounds_are_inclusive_instants_and_a_bare_date_is_a_whole_day(
    days: DataStore, start: Any, end: Any, expected: list[float]
) -> None:
    market = days.market
    assert market.read(SYMBOL, "1d", start, end)["close"].tolist() == expected
    assert len(market.read_features(SYMBOL, "1d", start, end)) == len(expected)
    chunks = [chunk["close"].tolist() for chunk in market.iter(SYMBOL, "1d", start, end, chunk=1)]
    assert chunks == [[value] for value in expected]
    assert market.delete(SYMBOL, "1d", start, end) == len(expected)
    left = market.read(SYMBOL, "1d")["close"].tolist()
    assert left == [value for value in (0, 1, 2, 3) if value not in expected]


BAD_BOUNDS = [
    dt.datetime(2026, 3, 2),
    pd.Timestamp("2026-03-02"),
    np.datetime64("2026-03-02"),
    "yesterday",
    "",
    "2026-13-01",
    "2026-02-30",
    "2026-03-02T25:00:00",
    "2026-03-02T00:00:00+99:00",
    "2026-03-02' OR 1=1 --",
    "2026-03-02\x00",
]


@pytest.mark.parametrize("bound", BAD_BOUNDS, ids=repr)
def test_naive_datetimes_and_what_is_not_a_timestamp_are_refused_as_bounds(
    days: DataStore, contents: Any, bound: Any
) -> None:
    before = contents()
    market = days.market
    for bounds in ({"start": bound}, {"end": bound}):
        for call in (market.read, market.read_features, market.delete):
            with pytest.raises(InvalidInputError):
                call(SYMBOL, "1d", **bounds)
        with pytest.raises(InvalidInputError):
            list(market.iter(SYMBOL, "1d", **bounds))
    assert contents() == before


@pytest.mark.parametrize("bound", [1_772_377_200, 1.5, True, b"2026-03-02", []], ids=repr)
def test_bounds_of_another_type_are_refused(days: DataStore, contents: Any, bound: Any) -> None:
    before = contents()
    for call in (days.market.read, days.market.read_features, days.market.delete):
        with pytest.raises(InvalidInputError):
            call(SYMBOL, "1d", bound)
    assert contents() == before


@pytest.mark.parametrize("limit", [0, 1, 4, 5, 6, 2**40])
def test_limit_gives_the_first_rows_of_the_result(stored: DataStore, limit: int) -> None:
    same(stored.market.read(SYMBOL, TIMEFRAME, limit=limit), bars(5).iloc[:limit])
    since = stored.market.read(SYMBOL, TIMEFRAME, times(5)[2], limit=limit)
    same(since, bars(5).iloc[2:].iloc[:limit])


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_selects(stored: DataStore, name: str) -> None:
    same(stored.market.read(SYMBOL, TIMEFRAME, columns=[name]), bars(5)[[name]])


def test_column_order_is_that_of_the_schema(stored: DataStore) -> None:
    found = stored.market.read(SYMBOL, TIMEFRAME, columns=["is_gap", "close", "open"])
    same(found, bars(5)[["open", "close", "is_gap"]])


@pytest.mark.parametrize("name", ["rsi", "Close", "", "close; DROP TABLE market_data", "rowid"])
def test_an_unknown_column_is_refused(stored: DataStore, name: str) -> None:
    market = stored.market
    for call in (market.read, market.latest):
        with pytest.raises(InvalidInputError) as caught:
            call(SYMBOL, TIMEFRAME, columns=["close", name])
        assert name in str(caught.value)
    with pytest.raises(InvalidInputError):
        list(market.iter(SYMBOL, TIMEFRAME, columns=["close", name]))


@pytest.fixture
def three_symbols(store: DataStore) -> DataStore:
    for position, symbol in enumerate(["A", "B", "C"]):
        store.market.write(bars(2, base=10.0 * position), symbol, TIMEFRAME)
    return store


def test_several_symbols_come_in_the_order_asked_each_once(three_symbols: DataStore) -> None:
    found = three_symbols.market.read(["C", "A", "nobody", "C", "B"], TIMEFRAME)
    assert list(found.index.names) == ["symbol", "timestamp"]
    assert found.index.get_level_values("symbol").tolist() == ["C", "C", "A", "A", "B", "B"]
    assert found["open"].tolist() == [20.0, 20.125, 0.0, 0.125, 10.0, 10.125]
    assert_shape(found)
    same(found.loc["A"], bars(2, base=0.0))


def test_a_list_of_one_symbol_is_indexed_as_a_list(three_symbols: DataStore) -> None:
    found = three_symbols.market.read(["B"], TIMEFRAME, START, START)
    assert list(found.index) == [("B", START)]


def test_limit_counts_over_all_symbols(three_symbols: DataStore) -> None:
    found = three_symbols.market.read(["B", "A"], TIMEFRAME, limit=3)
    assert found.index.get_level_values("symbol").tolist() == ["B", "B", "A"]
