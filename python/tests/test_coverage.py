# SPDX-License-Identifier: MIT
"""What there is of a series, and what is not: `exists`, `count`, `feature_keys`, `missing`.

What `read` and `read_features` give is the reference.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times

from data_store import (
    CorruptError,
    DataStore,
    InvalidInputError,
    InvalidTypeError,
)

HOUR = pd.Timedelta(hours=1)


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Ten hourly bars."""
    store.market.write(bars(10), SYMBOL, TIMEFRAME)
    return store


def runs(found: pd.DataFrame) -> list[tuple[Any, Any, int]]:
    return list(found.itertuples(index=False, name=None))


# ---- exists, count ---------------------------------------------------------------------------


def test_a_series_exists_from_its_first_bar_to_its_last(store: DataStore) -> None:
    assert store.market.exists(SYMBOL, TIMEFRAME) is False
    store.market.write(bars(1), SYMBOL, TIMEFRAME)
    assert store.market.exists(SYMBOL, TIMEFRAME) is True
    assert store.market.exists(SYMBOL, "1d") is False
    assert store.market.exists(SYMBOL.lower(), TIMEFRAME) is False
    store.market.delete(SYMBOL, TIMEFRAME)
    assert store.market.exists(SYMBOL, TIMEFRAME) is False


def test_a_count_is_the_length_of_the_read(stored: DataStore) -> None:
    market = stored.market
    bounds = [None, START, times(10)[4], START + pd.Timedelta(1), "2026-03-01", "2026-03-02"]
    for start in bounds:
        for end in bounds:
            expected = len(market.read(SYMBOL, TIMEFRAME, start, end))
            assert market.count(SYMBOL, TIMEFRAME, start, end) == expected
    with pytest.raises(InvalidInputError, match="ISO 8601"):
        market.count(SYMBOL, TIMEFRAME, "2026")
    assert market.count(SYMBOL, TIMEFRAME) == 10
    assert type(market.count(SYMBOL, TIMEFRAME)) is int
    assert market.count("nobody", TIMEFRAME) == 0


@pytest.mark.parametrize("call", ["exists", "count", "feature_keys"])
def test_names_are_checked_as_everywhere(stored: DataStore, call: str) -> None:
    method = getattr(stored.market, call)
    with pytest.raises(InvalidInputError, match="symbol"):
        method("", TIMEFRAME)
    with pytest.raises(InvalidTypeError, match="timeframe"):
        method(SYMBOL, 1)


# ---- feature_keys ----------------------------------------------------------------------------


def test_feature_keys_are_those_of_the_range_sorted_by_bytes(stored: DataStore) -> None:
    market = stored.market
    assert market.feature_keys(SYMBOL, TIMEFRAME) == []
    market.write_features({START: {"b@1": entry(1.0), "é@1": entry(None)}}, SYMBOL, TIMEFRAME)
    market.write_features({times(10)[3]: {"B@1": entry(2.0)}}, SYMBOL, TIMEFRAME)
    assert market.feature_keys(SYMBOL, TIMEFRAME) == ["B@1", "b@1", "é@1"]
    assert market.feature_keys(SYMBOL, TIMEFRAME, times(10)[1]) == ["B@1"]
    assert market.feature_keys(SYMBOL, TIMEFRAME, times(10)[4]) == []
    assert market.feature_keys(SYMBOL, TIMEFRAME, times(10)[4], START) == []


def test_damaged_features_name_the_bar(stored: DataStore) -> None:
    database.query(
        stored.path,
        'UPDATE market_data SET features = \'{"a@1":{"value":1}}\' WHERE timestamp = ?',
        times(10)[3].isoformat(),
    )
    with pytest.raises(CorruptError, match=re.escape(times(10)[3].isoformat())):
        stored.market.feature_keys(SYMBOL, TIMEFRAME)
    assert stored.market.feature_keys(SYMBOL, TIMEFRAME, times(10)[4]) == []


def test_feature_keys_of_many_bars(store: DataStore) -> None:
    """More than are looked through at once, and than one thread works on."""
    rows = 70_000
    index = pd.date_range(START, periods=rows, freq="1min")
    frame = pd.DataFrame({"a@1": np.arange(rows) / 8.0, "b@1": 1.0}, index=index)
    frame.loc[frame.index[: rows - 1], "z@9"] = np.nan
    store.market.write(pd.DataFrame({"close": 1.0}, index=index), SYMBOL, TIMEFRAME, features=frame)
    store.market.write_features({index[-1]: {"last@1": entry(1.0)}}, SYMBOL, TIMEFRAME)
    found = store.market.feature_keys(SYMBOL, TIMEFRAME)
    assert found == ["a@1", "b@1", "last@1", "z@9"]
    batches = store.market.iter_arrow(SYMBOL, TIMEFRAME, columns=[], features=True, chunk=20_000)
    frame = batches.to_pandas()
    assert {*found} <= {*frame.columns}


# ---- missing ---------------------------------------------------------------------------------


def test_missing_bars_of_a_grid(stored: DataStore) -> None:
    market = stored.market
    market.delete(SYMBOL, TIMEFRAME, times(10)[2], times(10)[4])
    end = times(10)[9] + 2 * HOUR + pd.Timedelta(minutes=1)
    found = market.missing(SYMBOL, TIMEFRAME, START - HOUR, end, expected=HOUR)
    assert list(found.columns) == ["start", "end", "bars"]
    assert [str(dtype) for dtype in found.dtypes] == ["datetime64[ns, UTC]"] * 2 + ["int64"]
    assert runs(found) == [
        (START - HOUR, START - HOUR, 1),
        (times(10)[2], times(10)[4], 3),
        (times(10)[9] + HOUR, times(10)[9] + 2 * HOUR, 2),
    ]
    for step in (dt.timedelta(hours=1), np.timedelta64(1, "h"), HOUR.as_unit("s")):
        again = market.missing(SYMBOL, TIMEFRAME, START - HOUR, end, expected=step)
        pd.testing.assert_frame_equal(again, found)


def test_nothing_missing_is_an_empty_table_of_the_same_types(stored: DataStore) -> None:
    found = stored.market.missing(SYMBOL, TIMEFRAME, START, times(10)[9], expected=HOUR)
    assert len(found) == 0
    assert [str(dtype) for dtype in found.dtypes] == ["datetime64[ns, UTC]"] * 2 + ["int64"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_missing_bars_of_a_list(stored: DataStore, unit: Any) -> None:
    before, behind = START - HOUR, times(10)[9] + HOUR
    expected = pd.DatetimeIndex([*times(10), behind, before, START]).as_unit(unit)
    ends = [(before, before, 1), (behind, behind, 1)]
    market = stored.market
    in_tokyo = expected.tz_convert("Asia/Tokyo")
    given: Any
    for given in (expected, in_tokyo, expected.to_series(), list(expected)):
        assert runs(market.missing(SYMBOL, TIMEFRAME, None, None, expected=given)) == ends
    some = market.missing(SYMBOL, TIMEFRAME, START, None, expected=list(expected.to_pydatetime()))
    assert runs(some) == ends[1:]
    assert len(market.missing(SYMBOL, TIMEFRAME, None, None, expected=[])) == 0


def test_a_session_is_one_run_where_what_is_expected_is_listed(store: DataStore) -> None:
    """What lies between two expected times, a weekend say, parts no run."""
    sessions = pd.bdate_range("2026-03-02", "2026-03-27", tz="UTC")
    store.market.write(bars(1, start=sessions[0]), SYMBOL, "1d")
    found = store.market.missing(SYMBOL, "1d", "2026-03-01", "2026-03-31", expected=sessions)
    assert runs(found) == [(sessions[1], sessions[-1], 19)]


def test_bounds_of_text_cover_the_whole_day(store: DataStore) -> None:
    found = store.market.missing(SYMBOL, TIMEFRAME, "2026-03-01", "2026-03-01", expected=HOUR)
    day = pd.Timestamp("2026-03-01", tz="UTC")
    assert runs(found) == [(day, day + 23 * HOUR, 24)]


@pytest.mark.parametrize(
    ("expected", "error", "message"),
    [
        (pd.date_range("2026-03-01", periods=3, freq="h"), InvalidInputError, "time zone"),
        ([dt.datetime(2026, 3, 1)], InvalidInputError, "time zone"),
        ([pd.NaT], InvalidInputError, "NaT"),
        (["2026-03-01"], InvalidInputError, "text"),
        (pd.Timedelta(0), InvalidInputError, "positive"),
        (dt.timedelta(hours=-1), InvalidInputError, "positive"),
        (dt.timedelta.max, InvalidInputError, "292"),
        (np.timedelta64("NaT"), InvalidInputError, "positive|step"),
        ("1h", InvalidTypeError, "Timedelta"),
        (3600, InvalidTypeError, "Timedelta"),
        (None, InvalidTypeError, "Timedelta"),
    ],
)
def test_what_cannot_be_expected_is_refused(
    stored: DataStore, expected: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        stored.market.missing(SYMBOL, TIMEFRAME, START, times(10)[9], expected=expected)
    assert "expected" in str(caught.value)


def test_a_grid_needs_a_start_and_an_end(stored: DataStore) -> None:
    for bounds in ((None, START), (START, None), (None, None)):
        with pytest.raises(InvalidInputError, match="start and an end"):
            stored.market.missing(SYMBOL, TIMEFRAME, *bounds, expected=HOUR)


def test_a_grid_of_a_billion_takes_no_memory(stored: DataStore) -> None:
    end = START + pd.Timedelta(days=30)
    found = stored.market.missing(SYMBOL, TIMEFRAME, START, end, expected=pd.Timedelta(1))
    assert found["bars"].sum() == 30 * 86_400 * 10**9 + 1 - 10
    assert len(found) == 10


def test_a_transaction_sees_its_own_writes(stored: DataStore) -> None:
    market = stored.market
    with stored.transaction():
        market.delete(SYMBOL, TIMEFRAME, START, times(10)[8])
        market.write_features({times(10)[9]: {"own@1": entry(1.0)}}, SYMBOL, TIMEFRAME)
        assert market.exists(SYMBOL, TIMEFRAME)
        assert market.count(SYMBOL, TIMEFRAME) == 1
        assert market.feature_keys(SYMBOL, TIMEFRAME) == ["own@1"]
        found = market.missing(SYMBOL, TIMEFRAME, START, times(10)[9], expected=HOUR)
        assert runs(found) == [(START, times(10)[8], 9)]
        market.write(bars(12), SYMBOL, TIMEFRAME)
        assert market.count(SYMBOL, TIMEFRAME) == 12
        assert market.count(SYMBOL, TIMEFRAME, times(12)[10]) == 2
    assert market.count(SYMBOL, TIMEFRAME) == 12


# ---- Any bars, any range ---------------------------------------------------------------------

FORMS = (
    "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.500000+00:00",
    "%Y-%m-%dT%H:%M:%S.000Z",
    "%Y%m%dT%H%M%SZ",
)


@pytest.fixture(params=[True, False], ids=["fast", "plain"])
def some_store(request: pytest.FixtureRequest, path: Path) -> Iterator[DataStore]:
    """With the fast paths, and without."""
    with DataStore(path, fast_paths=request.param) as store:
        yield store


OTHER_FORMS = pytest.mark.sqlite_only("a column of text takes what a typed column refuses")


@pytest.mark.parametrize("forms", [1, pytest.param(len(FORMS), marks=OTHER_FORMS)])
def test_counts_and_runs_are_what_a_read_implies(some_store: DataStore, forms: int) -> None:
    dice = random.Random(forms)
    written_times = []
    for _ in range(400):
        time = START + pd.Timedelta(minutes=dice.randrange(3 * 24 * 60))
        text = time.strftime(FORMS[0] if dice.random() < 0.7 else FORMS[dice.randrange(forms)])
        if forms > 1 and dice.random() < 0.1:
            hours = dice.choice([-5, 1, 14])
            written = time + hours * HOUR
            text = f"{written.strftime('%Y-%m-%dT%H:%M:%S')}{hours:+03d}:00"
        written_times.append(text)
    database.put_bars(some_store.path, SYMBOL, TIMEFRAME, written_times)
    market = some_store.market
    for _ in range(25):
        start = START + pd.Timedelta(minutes=dice.randrange(-1000, 4 * 24 * 60))
        end = start + pd.Timedelta(minutes=dice.randrange(2 * 24 * 60))
        there = market.read(SYMBOL, TIMEFRAME, start, end).index
        assert market.count(SYMBOL, TIMEFRAME, start, end) == len(there)
        step = pd.Timedelta(minutes=dice.choice([1, 1, 2, 7]))
        grid = pd.date_range(start, end, freq=step)
        reference = _runs_by_hand(grid, there)
        assert runs(market.missing(SYMBOL, TIMEFRAME, start, end, expected=step)) == reference
        assert runs(market.missing(SYMBOL, TIMEFRAME, start, end, expected=grid)) == reference


def _runs_by_hand(expected: pd.DatetimeIndex, there: pd.Index) -> list[tuple[Any, Any, int]]:
    found: list[tuple[Any, Any, int]] = []
    stored = set(there)
    was_there = True
    for time in expected:
        is_there = time in stored
        if not is_there and was_there:
            found.append((time, time, 1))
        elif not is_there:
            first, _, count = found[-1]
            found[-1] = (first, time, count + 1)
        was_there = is_there
    return found
