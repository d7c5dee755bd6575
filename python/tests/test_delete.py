# SPDX-License-Identifier: MIT
"""Deletion: a range of one series, with its features."""

from __future__ import annotations

import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same, times

from data_store import DataStore


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Ten bars."""
    store.market.write(bars(10), SYMBOL, TIMEFRAME)
    return store


def test_delete_takes_the_whole_series_and_no_other(stored: DataStore) -> None:
    stored.market.write(bars(3), SYMBOL, "1d")
    stored.market.write(bars(3), "B", TIMEFRAME)
    assert stored.market.delete(SYMBOL, TIMEFRAME) == 10
    assert len(stored.market.read(SYMBOL, TIMEFRAME)) == 0
    assert stored.market.series()["bars"].tolist() == [3, 3]
    assert stored.market.delete(SYMBOL, TIMEFRAME) == 0


def test_delete_takes_inclusive_bounds(stored: DataStore) -> None:
    assert stored.market.delete(SYMBOL, TIMEFRAME, times(10)[2], times(10)[4]) == 3
    same(stored.market.read(SYMBOL, TIMEFRAME), bars(10).iloc[[0, 1, 5, 6, 7, 8, 9]])


def test_delete_takes_the_features_of_the_bars_with_it(stored: DataStore) -> None:
    stored.market.write_features({START: {"a@1": entry(1.0)}}, SYMBOL, TIMEFRAME)
    stored.market.delete(SYMBOL, TIMEFRAME, START, START)
    stored.market.write(bars(1), SYMBOL, TIMEFRAME)
    assert stored.market.read_features(SYMBOL, TIMEFRAME).shape == (10, 0)
