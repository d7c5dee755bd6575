# SPDX-License-Identifier: MIT
"""The inventory: which series there are, from when to when."""

from __future__ import annotations

import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, times

from data_store import DataStore


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Ten bars."""
    store.market.write(bars(10), SYMBOL, TIMEFRAME)
    return store


def test_the_inventory_tells_first_last_bars_and_gaps(stored: DataStore) -> None:
    stored.market.write(bars(3), SYMBOL, "1d")
    stored.market.write(bars(1, start=START + pd.Timedelta(1)), "B", TIMEFRAME)
    found = stored.market.series().sort_values(["symbol", "timeframe"], ignore_index=True)
    assert list(found.columns) == ["symbol", "timeframe", "first", "last", "bars", "gaps"]
    assert found["symbol"].tolist() == ["B", SYMBOL, SYMBOL]
    assert found["timeframe"].tolist() == [TIMEFRAME, "1d", TIMEFRAME]
    assert found["first"].tolist() == [START + pd.Timedelta(1), START, START]
    assert found["last"].tolist() == [START + pd.Timedelta(1), times(3)[2], times(10)[9]]
    assert found["bars"].tolist() == [1, 3, 10]
    assert found["gaps"].tolist() == [0, 1, 5]
    for name in ("first", "last"):
        assert str(found[name].dtype) == "datetime64[ns, UTC]"


def test_the_inventory_without_counts_has_no_columns_for_them(stored: DataStore) -> None:
    found = stored.market.series(counts=False)
    assert list(found.columns) == ["symbol", "timeframe", "first", "last"]
    assert found.iloc[0].tolist() == [SYMBOL, TIMEFRAME, START, times(10)[9]]


@pytest.mark.parametrize("counts", [False, True])
def test_the_inventory_of_an_empty_store_is_empty(store: DataStore, counts: bool) -> None:
    found = store.market.series(counts)
    assert len(found) == 0
    assert list(found.columns)[:4] == ["symbol", "timeframe", "first", "last"]
