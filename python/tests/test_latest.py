# SPDX-License-Identifier: MIT
"""The newest bars: as a frame, and one of them as a plain tuple."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from frames import COLUMNS, START, SYMBOL, TIMEFRAME, bars, entry, same, times

from data_store import DataStore


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Ten bars."""
    store.market.write(bars(10), SYMBOL, TIMEFRAME)
    return store


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 2**40])
def test_latest_gives_the_last_bars_in_ascending_order(stored: DataStore, count: int) -> None:
    same(stored.market.latest(SYMBOL, TIMEFRAME, count), bars(10).iloc[-count:])


def test_latest_gives_one_bar_unless_asked_for_more(stored: DataStore) -> None:
    same(stored.market.latest(SYMBOL, TIMEFRAME), bars(10).iloc[-1:])


def test_latest_gives_the_last_bars_of_each_symbol(stored: DataStore) -> None:
    stored.market.write(bars(3, base=50.0), "B", TIMEFRAME)
    found = stored.market.latest(["B", SYMBOL, "nobody"], TIMEFRAME, 2, columns=["close"])
    same(found.loc["B"], bars(3, base=50.0)[["close"]].iloc[-2:])
    same(found.loc[SYMBOL], bars(10)[["close"]].iloc[-2:])
    assert found.index.get_level_values("symbol").tolist() == ["B", "B", SYMBOL, SYMBOL]


def test_latest_takes_columns_and_features(stored: DataStore) -> None:
    stored.market.write_features({times(10)[9]: {"a@1": entry(0.5)}}, SYMBOL, TIMEFRAME)
    found = stored.market.latest(SYMBOL, TIMEFRAME, 2, columns=["close"], features=["a@1"])
    assert list(found.columns) == ["close", "a@1"]
    np.testing.assert_array_equal(found["a@1"], [np.nan, 0.5])
    text = stored.market.latest(SYMBOL, TIMEFRAME, features="json")["features"].iloc[0]
    assert text == '{"a@1":{"value":0.5,"quality":"ready"}}'


def test_the_latest_bar_is_a_named_tuple_of_plain_values(stored: DataStore) -> None:
    features = {"a@1": entry(0.5), "b@1": entry(None, "warmup"), "c@1": entry(3)}
    stored.market.write_features({times(10)[9]: features}, SYMBOL, TIMEFRAME)
    bar = stored.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar._fields == ("timestamp", *COLUMNS, "features")
    assert isinstance(bar.timestamp, dt.datetime)
    assert bar.timestamp == times(10)[9]
    assert bar.timestamp.utcoffset() == dt.timedelta(0)
    assert [getattr(bar, name) for name in COLUMNS] == bars(10).iloc[-1].tolist()
    assert isinstance(bar.is_gap, bool)
    assert type(bar.close) is float
    assert bar.features == features


def test_nulls_of_the_latest_bar_are_none(store: DataStore) -> None:
    store.market.write(pd.DataFrame(index=times(1)), SYMBOL, TIMEFRAME)
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    for name in COLUMNS:
        assert getattr(bar, name) is (False if name == "is_gap" else None), name
    assert not bar.features


def test_there_is_no_latest_bar_of_nothing(stored: DataStore) -> None:
    assert stored.market.latest_bar("nobody", TIMEFRAME) is None
    assert stored.market.latest_bar(SYMBOL, "nothing") is None


def test_a_live_bar_is_the_latest_bar(stored: DataStore) -> None:
    late = START + pd.Timedelta("1D")
    stored.market.write_bar(SYMBOL, TIMEFRAME, late, close=1.25, features={"a@1": entry(1)})
    bar = stored.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert (bar.timestamp, bar.close, bar.open) == (late, 1.25, None)
    stored.market.write_bar(SYMBOL, TIMEFRAME, START - pd.Timedelta("1D"), close=9.0)
    assert stored.market.latest_bar(SYMBOL, TIMEFRAME) == bar
