# SPDX-License-Identifier: MIT
"""Idempotence: one row per bar, what is kept, what is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import COLUMNS, START, SYMBOL, TIMEFRAME, bars, column, entry, same, times

from data_store import DataStore
from data_store.errors import InvalidInputError

Rows = Callable[..., list[tuple[Any, ...]]]
Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]

FEATURES = '{"a@1":{"value":1.5,"quality":"ready"}}'


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars with all columns and features."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME, features=[FEATURES] * 3)
    return store


def by_frame(store: DataStore, fields: dict[str, Any], replace: bool) -> None:
    frame = pd.DataFrame({name: [value] for name, value in fields.items()}, index=times(1))
    store.market.write(frame, SYMBOL, TIMEFRAME, replace=replace)


def by_bar(store: DataStore, fields: dict[str, Any], replace: bool) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, START, **fields, replace=replace)


BOTH_WAYS = pytest.mark.parametrize("put", [by_frame, by_bar])


def test_writing_the_same_batch_again_changes_nothing(
    stored: DataStore, contents: Contents
) -> None:
    before = contents()
    stored.market.write(bars(3), SYMBOL, TIMEFRAME, features=[FEATURES] * 3)
    assert contents() == before


def test_the_last_of_several_equal_timestamps_wins_when_it_is_null(store: DataStore) -> None:
    frame = pd.DataFrame({"close": [1.0, np.nan]}, index=times(1).take([0, 0]))
    store.market.write(frame, SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME)["close"].isna().tolist() == [True]


def test_equal_timestamps_merge_their_features_one_after_the_other(store: DataStore) -> None:
    frame = pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=times(1).take([0, 0, 0]))
    features = [{"a@1": entry(1.0), "b@1": entry(1.0)}, {"b@1": entry(2.0)}, None]
    store.market.write(frame, SYMBOL, TIMEFRAME, features=features)
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar.close == 3.0
    assert bar.features == {"a@1": entry(1.0), "b@1": entry(2.0)}


@BOTH_WAYS
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_not_carried_keeps_its_value(
    stored: DataStore, put: Callable[..., None], name: str
) -> None:
    new = {"source": "other", "quality": "bad", "is_gap": True}.get(name, 77.0)
    put(stored, {name: new}, False)
    expected = bars(3)
    expected.iloc[0, expected.columns.get_loc(name)] = new
    same(stored.market.read(SYMBOL, TIMEFRAME), expected)
    texts = stored.market.read(SYMBOL, TIMEFRAME, features="json")["features"]
    assert texts.tolist() == [FEATURES] * 3


def test_a_batch_of_new_and_known_bars_keeps_the_old_and_defaults_the_new(
    stored: DataStore,
) -> None:
    stored.market.write(column("close", [5.0] * 4), SYMBOL, TIMEFRAME)
    found = stored.market.read(SYMBOL, TIMEFRAME)
    assert found["close"].tolist() == [5.0] * 4
    assert found["open"].tolist()[:3] == bars(3)["open"].tolist()
    assert np.isnan(found["open"].iloc[3])
    assert found["is_gap"].tolist() == [False, True, False, False]


@BOTH_WAYS
def test_replace_leaves_exactly_what_was_passed(
    stored: DataStore, rows: Rows, put: Callable[..., None]
) -> None:
    put(stored, {"close": 9.0, "source": "x"}, True)
    assert rows(
        "SELECT open, high, low, close, volume, source, quality, is_gap, latency_sec, features"
        " FROM market_data ORDER BY timestamp LIMIT 1"
    ) == [(None, None, None, 9.0, None, "x", None, 0, None, None)]
    same(stored.market.read(SYMBOL, TIMEFRAME).iloc[1:], bars(3).iloc[1:])


def test_replace_with_features_leaves_exactly_those(stored: DataStore) -> None:
    stored.market.write(
        column("close", [9.0]), SYMBOL, TIMEFRAME, features=[{"b@2": entry(2)}], replace=True
    )
    texts = stored.market.read(SYMBOL, TIMEFRAME, features="json")["features"].tolist()
    assert texts == ['{"b@2":{"value":2,"quality":"ready"}}', FEATURES, FEATURES]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_carried_missing_value_becomes_null(stored: DataStore, rows: Rows, name: str) -> None:
    stored.market.write(column(name, pd.Series([None], dtype="object")), SYMBOL, TIMEFRAME)
    expected = 0 if name == "is_gap" else None
    assert rows(f"SELECT {name} FROM market_data ORDER BY timestamp LIMIT 1") == [(expected,)]


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "is_gap"])
def test_a_live_bar_with_none_stores_null_and_an_argument_left_out_does_not(
    stored: DataStore, rows: Rows, name: str
) -> None:
    stored.market.write_bar(SYMBOL, TIMEFRAME, START, **{name: None})
    others = [other for other in COLUMNS if other != name]
    assert rows(f"SELECT {name} FROM market_data ORDER BY timestamp LIMIT 1") == [(None,)]
    same(stored.market.read(SYMBOL, TIMEFRAME, columns=others), bars(3)[others])


@pytest.mark.sqlite_only("a row has a rowid")
@BOTH_WAYS
def test_an_update_keeps_the_rowid(stored: DataStore, rows: Rows, put: Callable[..., None]) -> None:
    before = rows("SELECT rowid, timestamp FROM market_data ORDER BY timestamp")
    put(stored, {"close": 9.0}, False)
    stored.market.write_features(pd.DataFrame({"b@1": [1.0]}, index=times(1)), SYMBOL, TIMEFRAME)
    assert rows("SELECT rowid, timestamp FROM market_data ORDER BY timestamp") == before


def test_write_returns_the_rows_given(store: DataStore) -> None:
    assert store.market.write(bars(3), SYMBOL, TIMEFRAME) == 3
    assert store.market.write(bars(5), SYMBOL, TIMEFRAME) == 5
    assert store.market.write(bars(2).iloc[[0, 0, 1]], SYMBOL, TIMEFRAME) == 3


@pytest.mark.parametrize("replace", [False, True])
def test_a_refused_batch_leaves_known_bars_as_they_were(
    stored: DataStore, contents: Contents, replace: bool
) -> None:
    before = contents()
    frame = bars(5, base=70.0).astype({"volume": "object"})
    frame.iloc[4, frame.columns.get_loc("volume")] = "many"
    with pytest.raises(InvalidInputError):
        stored.market.write(frame, SYMBOL, TIMEFRAME, replace=replace)
    assert contents() == before


BAD_FIELDS = {
    "text in a price": {"close": "1.5"},
    "bool in a price": {"open": True},
    "an integer past 2**53": {"volume": 2**53 + 1},
    "an integer past any double": {"volume": 10**400},
    "a number in a text": {"source": 1},
    "bytes in a text": {"quality": b"ok"},
    "NUL in a text": {"quality": "o\x00k"},
    "two in is_gap": {"is_gap": 2},
    "a word in is_gap": {"is_gap": "yes"},
    "features that are not features": {"features": {"a": 1}},
    "an unknown quality": {"features": {"a@1": entry(1, "good")}},
}


@pytest.mark.parametrize("what", BAD_FIELDS)
def test_a_live_bar_with_a_bad_field_is_refused_by_name(
    stored: DataStore, contents: Contents, what: str
) -> None:
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        stored.market.write_bar(SYMBOL, TIMEFRAME, START, **{"low": 0.0, **BAD_FIELDS[what]})
    name = next(iter(BAD_FIELDS[what]))
    assert name == "features" or name in str(caught.value)
    assert contents() == before


def test_a_live_bar_takes_numpy_numbers(store: DataStore, rows: Rows) -> None:
    store.market.write_bar(
        SYMBOL, TIMEFRAME, START, open=np.float32(0.5), high=np.int64(3), low=2, is_gap=np.True_
    )
    assert rows("SELECT open, high, low, is_gap FROM market_data") == [(0.5, 3.0, 2.0, 1)]


def test_a_live_bar_refuses_an_argument_that_is_not_a_column(store: DataStore) -> None:
    with pytest.raises(TypeError, match="rsi"):
        store.market.write_bar(SYMBOL, TIMEFRAME, START, rsi=1.0)
