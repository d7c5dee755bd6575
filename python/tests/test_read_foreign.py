# SPDX-License-Identifier: MIT
"""Rows that other tools wrote: other forms of ISO 8601, other types, damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import pytest
from frames import SYMBOL, TIMEFRAME, bars, times

from data_store import DataStore
from data_store.errors import CorruptError

pytestmark = pytest.mark.sqlite_only("a column of text takes what a typed column refuses")

FORMS = {
    "2026-03-01T15:00:00Z": "2026-03-01T15:00:00",
    "2026-03-01 15:00:00+00:00": "2026-03-01T15:00:00",
    "2026-03-01T15:00:00": "2026-03-01T15:00:00",
    "2026-03-01 15:00:00": "2026-03-01T15:00:00",
    "2026-03-01T20:30:00+05:30": "2026-03-01T15:00:00",
    "2026-03-01T10:00:00-05:00": "2026-03-01T15:00:00",
    "2026-03-01T15:00:00.5+00:00": "2026-03-01T15:00:00.5",
    "2026-03-01T15:00:00.250Z": "2026-03-01T15:00:00.250",
    "2026-03-01T15:00:00.000000+00:00": "2026-03-01T15:00:00",
    "1969-12-31T19:59:59.999999-04:00": "1969-12-31T23:59:59.999999",
}


@pytest.mark.parametrize("text", FORMS)
def test_other_forms_of_iso_8601_are_read_right_and_reported(
    store: DataStore, path: Path, text: str
) -> None:
    store.market.write(bars(1, start=pd.Timestamp("2026-01-01T00:00Z")), "sound", TIMEFRAME)
    assert store.check() == []
    database.put_bar(path, SYMBOL, TIMEFRAME, text, close=1.5)
    found = store.market.read(SYMBOL, TIMEFRAME)
    assert found.index.tolist() == [pd.Timestamp(FORMS[text], tz="UTC")]
    assert found["close"].tolist() == [1.5]
    assert any(SYMBOL in finding for finding in store.check())


MIXED = {
    "2026-03-01T12:00:00+00:00": 12.0,
    "2026-03-01T18:30:00+05:30": 13.0,
    "2026-03-01 14:00:00+00:00": 14.0,
    "2026-03-01T15:00:00+00:00": 15.0,
    "2026-03-01T16:00:00Z": 16.0,
    "2026-03-01T05:00:00-12:00": 17.0,
    "2026-03-01T18:00:00.000000+00:00": 18.0,
}


@pytest.fixture
def mixed(store: DataStore, path: Path) -> DataStore:
    """Hourly bars of 12:00 to 18:00, closes as hours; text order is not their time order."""
    for text, close in MIXED.items():
        database.put_bar(path, SYMBOL, TIMEFRAME, text, close=close)
    return store


def test_a_series_of_mixed_forms_is_read_in_time_order(mixed: DataStore) -> None:
    found = mixed.market.read(SYMBOL, TIMEFRAME)
    assert found["close"].tolist() == list(MIXED.values())
    assert found.index.equals(times(7, pd.Timestamp("2026-03-01T12:00Z")))
    limited = mixed.market.read(SYMBOL, TIMEFRAME, limit=3)
    assert limited["close"].tolist() == [12.0, 13.0, 14.0]


@pytest.mark.parametrize("first", range(7))
@pytest.mark.parametrize("last", range(7))
def test_bounds_hold_for_mixed_forms(mixed: DataStore, first: int, last: int) -> None:
    index = times(7, pd.Timestamp("2026-03-01T12:00Z"))
    found = mixed.market.read(SYMBOL, TIMEFRAME, index[first], index[last])
    assert found["close"].tolist() == list(MIXED.values())[first : last + 1]


def test_the_latest_bar_is_the_latest_instant_whatever_its_form(mixed: DataStore) -> None:
    newest = mixed.market.latest(SYMBOL, TIMEFRAME, 2)
    assert newest["close"].tolist() == [17.0, 18.0]
    mixed.market.delete(SYMBOL, TIMEFRAME, "2026-03-01T18:00:00Z")
    bar = mixed.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar.close == 17.0


def test_chunks_and_inventory_hold_for_mixed_forms(mixed: DataStore) -> None:
    chunks = list(mixed.market.iter(SYMBOL, TIMEFRAME, chunk=2))
    assert pd.concat(chunks)["close"].tolist() == list(MIXED.values())
    found = mixed.market.series().iloc[0]
    assert found["first"] == pd.Timestamp("2026-03-01T12:00Z")
    assert found["last"] == pd.Timestamp("2026-03-01T18:00Z")


def test_delete_holds_for_mixed_forms(mixed: DataStore) -> None:
    deleted = mixed.market.delete(SYMBOL, TIMEFRAME, "2026-03-01T13:00:00Z", "2026-03-01T17:00:00Z")
    assert deleted == 5
    assert mixed.market.read(SYMBOL, TIMEFRAME)["close"].tolist() == [12.0, 18.0]


NO_TIMESTAMPS = [
    *("", "yesterday", "2026-13-01T00:00:00+00:00", "2026-02-30T00:00:00Z", "1772377200"),
    *("2026-03-01T24:30:00+00:00", "2026-03-01T15:00:00+00:00garbage", "x" * 10_000),
    *("2026-03-01T15:00:60+0", "\x00", "2026-03-01T15:00:00+00:00\x00", "20é6-03-01"),
]


@pytest.mark.parametrize("text", NO_TIMESTAMPS, ids=lambda text: ascii(text[:40]))
def test_text_that_is_not_a_timestamp_is_corruption_and_its_row_is_named(
    store: DataStore, path: Path, text: str
) -> None:
    store.market.write(bars(2), SYMBOL, TIMEFRAME)
    database.put_bar(path, SYMBOL, TIMEFRAME, text, close=1.5)
    with pytest.raises(CorruptError) as caught:
        store.market.read(SYMBOL, TIMEFRAME)
    for part in (SYMBOL, TIMEFRAME):
        assert part in str(caught.value)
    assert any(SYMBOL in finding for finding in store.check())
    assert len(store.market.read("another", TIMEFRAME)) == 0


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume", "latency_sec"])
@pytest.mark.parametrize("value", ["many", "", "1.5x", b"\x00\x01"], ids=repr)
def test_text_in_a_number_column_is_corruption_and_its_row_is_named(
    store: DataStore, path: Path, name: str, value: Any
) -> None:
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    late = "2026-03-01T16:00:00+00:00"
    database.query(path, f"UPDATE market_data SET {name} = ? WHERE timestamp = ?", value, late)
    for read in (
        lambda: store.market.read(SYMBOL, TIMEFRAME),
        lambda: store.market.read(SYMBOL, TIMEFRAME, columns=[name]),
        lambda: store.market.latest(SYMBOL, TIMEFRAME, 2),
        lambda: list(store.market.iter(SYMBOL, TIMEFRAME)),
    ):
        with pytest.raises(CorruptError) as caught:
            read()
        for part in (SYMBOL, TIMEFRAME, "2026-03-01T16:00:00", name):
            assert part in str(caught.value)


def test_whole_numbers_and_numeric_text_that_sqlite_converts_are_numbers(
    store: DataStore, path: Path
) -> None:
    text = "2026-03-01T15:00:00+00:00"
    database.put_bar(path, SYMBOL, TIMEFRAME, text, open=1, close="2.5", is_gap="1", source=7)
    found = store.market.read(SYMBOL, TIMEFRAME).iloc[0]
    assert (found["open"], found["close"], found["is_gap"]) == (1.0, 2.5, True)
    assert found["source"] == "7"
    assert np.isnan(found["high"])


def test_a_bar_of_another_form_is_not_doubled_by_an_update_of_others(
    mixed: DataStore, rows: Any
) -> None:
    before = rows("SELECT count(*) FROM market_data")
    mixed.market.write_bar(SYMBOL, TIMEFRAME, pd.Timestamp("2026-03-01T15:00Z"), close=99.0)
    assert rows("SELECT count(*) FROM market_data") == before
    assert mixed.market.read(SYMBOL, TIMEFRAME)["close"].tolist()[3] == 99.0
