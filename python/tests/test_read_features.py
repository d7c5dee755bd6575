# SPDX-License-Identifier: MIT
"""Features out: as columns of a frame of bars, as text, as a frame of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from frames import COLUMNS, SYMBOL, TEXT, TIMEFRAME, bars, entry, same, times, two_level

from data_store import DataStore


@pytest.fixture
def featured(store: DataStore) -> DataStore:
    """Three bars: two features, one feature that is an integer, none."""
    features = [{"b@1": entry(0.5), "a@1": entry(None, "warmup")}, {"a@1": entry(2)}, None]
    store.market.write(bars(3), SYMBOL, TIMEFRAME, features=features)
    return store


def test_features_are_left_out_unless_asked_for(featured: DataStore) -> None:
    same(featured.market.read(SYMBOL, TIMEFRAME), bars(3))
    same(featured.market.read(SYMBOL, TIMEFRAME, features=None), bars(3))


def test_all_features_are_columns_named_by_key(featured: DataStore) -> None:
    found = featured.market.read(SYMBOL, TIMEFRAME, features=True)
    assert set(found.columns) == {*COLUMNS, "a@1", "b@1"}
    same(found[list(COLUMNS)], bars(3))
    assert found["b@1"].dtype == found["a@1"].dtype == "float64"
    np.testing.assert_array_equal(found["a@1"], [np.nan, 2.0, np.nan])
    np.testing.assert_array_equal(found["b@1"], [0.5, np.nan, np.nan])


def test_the_features_asked_for_are_columns_even_where_never_stored(featured: DataStore) -> None:
    found = featured.market.read(SYMBOL, TIMEFRAME, columns=["close"], features=["never@9", "b@1"])
    assert list(found.columns) == ["close", "never@9", "b@1"]
    assert found["never@9"].isna().all()
    assert found["never@9"].dtype == "float64"
    np.testing.assert_array_equal(found["b@1"], [0.5, np.nan, np.nan])
    empty = featured.market.read("nobody", TIMEFRAME, features=["never@9"])
    assert list(empty.columns) == [*COLUMNS, "never@9"]


def test_features_as_json_are_the_exact_text(featured: DataStore, rows: Any) -> None:
    found = featured.market.read(SYMBOL, TIMEFRAME, features="json")
    assert list(found.columns) == [*COLUMNS, "features"]
    stored = [text for (text,) in rows("SELECT features FROM market_data ORDER BY timestamp")]
    assert found["features"].tolist()[:2] == stored[:2]
    assert found["features"].isna().tolist() == [False, False, True]
    assert stored[2] is None


def test_features_of_several_symbols_are_columns_too(featured: DataStore) -> None:
    featured.market.write(bars(1), "B", TIMEFRAME, features=[{"c@1": entry(3.0)}])
    found = featured.market.read(["B", SYMBOL], TIMEFRAME, features=["c@1", "b@1"])
    np.testing.assert_array_equal(found["c@1"], [3.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found["b@1"], [np.nan, 0.5, np.nan, np.nan])


def test_read_features_gives_every_bar_of_the_range_with_sorted_keys(
    featured: DataStore,
) -> None:
    found = featured.market.read_features(SYMBOL, TIMEFRAME)
    assert found.index.equals(times(3))
    assert found.index.name == "timestamp"
    assert list(found.columns) == [
        (key, part) for key in ("a@1", "b@1") for part in ("value", "quality")
    ]
    assert [str(dtype) for dtype in found.dtypes] == ["float64", TEXT] * 2
    np.testing.assert_array_equal(found["a@1", "value"], [np.nan, 2.0, np.nan])
    assert found["a@1", "quality"].tolist()[:2] == ["warmup", "ready"]
    assert found["a@1", "quality"].isna().tolist() == [False, False, True]
    assert found["b@1", "quality"].isna().tolist() == [False, True, True]


def test_read_features_gives_the_keys_asked_for_in_their_order(featured: DataStore) -> None:
    found = featured.market.read_features(SYMBOL, TIMEFRAME, keys=["never@1", "b@1"])
    assert list(found.columns.get_level_values(0)) == ["never@1", "never@1", "b@1", "b@1"]
    assert found["never@1"].isna().all().all()
    assert [str(dtype) for dtype in found.dtypes] == ["float64", TEXT] * 2


def test_read_features_of_bars_without_any_has_rows_and_no_columns(store: DataStore) -> None:
    store.market.write(bars(5), SYMBOL, TIMEFRAME)
    assert store.market.read_features(SYMBOL, TIMEFRAME).shape == (5, 0)
    assert store.market.read_features("nobody", TIMEFRAME).shape == (0, 0)


def test_read_features_round_trips_by_value(featured: DataStore) -> None:
    frame = two_level(
        {
            "x@1": ([0.1, np.nan, -0.0], ["ready", "missing", "degraded"]),
            "y@1": ([np.nan, 5e-324, 1e300], [None, "warmup", "ready"]),
        }
    )
    featured.market.write(bars(3), "copy", TIMEFRAME)
    featured.market.write_features(frame, "copy", TIMEFRAME)
    found = featured.market.read_features("copy", TIMEFRAME)
    featured.market.write_features(found, "copy", TIMEFRAME, replace=True)
    same(featured.market.read_features("copy", TIMEFRAME), found)
    for key in ("x@1", "y@1"):
        bits = found[key, "value"].to_numpy().view("int64").tolist()
        assert bits == frame[key, "value"].to_numpy().view("int64").tolist()
        assert found[key, "quality"].isna().tolist() == frame[key, "quality"].isna().tolist()
