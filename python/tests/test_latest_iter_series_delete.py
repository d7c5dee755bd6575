# SPDX-License-Identifier: MIT
"""The newest bars, chunks, the inventory, deletion."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import COLUMNS, START, SYMBOL, TIMEFRAME, bars, entry, same, times

from data_store import DataStore
from data_store.errors import ClosedError, InvalidInputError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Ten bars."""
    store.market.write(bars(10), SYMBOL, TIMEFRAME)
    return store


# -- latest -------------------------------------------------------------------------------------


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


# -- iter ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 3, 5, 9, 10, 11, 50_000])
def test_chunks_together_are_what_read_gives(stored: DataStore, chunk: int) -> None:
    chunks = list(stored.market.iter(SYMBOL, TIMEFRAME, chunk=chunk))
    assert all(0 < len(part) <= chunk for part in chunks)
    assert len(chunks) == -(-10 // chunk)
    for part in chunks:
        same(part, bars(10).loc[part.index])
    same(pd.concat(chunks), bars(10))


def test_a_chunk_has_50_000_bars_unless_another_number_is_said(store: DataStore) -> None:
    index = times(120_001, step="1min")
    frame = pd.DataFrame({"close": np.arange(120_001.0)}, index=index)
    assert store.market.write(frame, SYMBOL, "1min") == 120_001
    chunks = list(store.market.iter(SYMBOL, "1min", columns=["close"]))
    assert [len(part) for part in chunks] == [50_000, 50_000, 20_001]
    same(pd.concat(chunks), frame)


def test_there_is_no_chunk_of_nothing(stored: DataStore) -> None:
    assert list(stored.market.iter("nobody", TIMEFRAME)) == []
    assert list(stored.market.iter(SYMBOL, TIMEFRAME, "2030-01-01")) == []


def test_chunks_take_columns_and_features(stored: DataStore) -> None:
    stored.market.write_features({times(10)[4]: {"a@1": entry(0.5)}}, SYMBOL, TIMEFRAME)
    options: dict[str, Any] = {"columns": ["close"], "features": ["a@1"]}
    chunks = list(stored.market.iter(SYMBOL, TIMEFRAME, chunk=4, **options))
    assert [list(part.columns) for part in chunks] == [["close", "a@1"]] * 3
    same(pd.concat(chunks), stored.market.read(SYMBOL, TIMEFRAME, **options))


def test_chunks_of_several_symbols_are_what_read_gives(stored: DataStore) -> None:
    stored.market.write(bars(5, base=50.0), "B", TIMEFRAME)
    chunks = list(stored.market.iter(["B", SYMBOL, "nobody"], TIMEFRAME, chunk=4))
    same(pd.concat(chunks), stored.market.read(["B", SYMBOL], TIMEFRAME))


def test_bars_may_be_written_and_deleted_while_chunks_are_taken(stored: DataStore) -> None:
    seen = []
    for part in stored.market.iter(SYMBOL, TIMEFRAME, chunk=2):
        seen += part["close"].tolist()
        stored.market.write(bars(1, base=500.0), SYMBOL, TIMEFRAME)
        stored.market.write(bars(3, start=START + pd.Timedelta("7h"), base=70.0), SYMBOL, TIMEFRAME)
        stored.market.delete(SYMBOL, TIMEFRAME, times(10)[5], times(10)[5])
    expected = bars(10)["close"].tolist()
    assert seen[:2] == expected[:2]
    assert seen == [*expected[:5], expected[6], *bars(3, base=70.0)["close"]]


def test_no_transaction_is_held_between_chunks(stored: DataStore) -> None:
    chunks = stored.market.iter(SYMBOL, TIMEFRAME, chunk=1)
    next(chunks)
    stored.market.write(bars(10, base=50.0), SYMBOL, TIMEFRAME)
    folded = stored.checkpoint()
    assert folded["held_back"] == 0
    assert folded["checkpointed"] == folded["wal_frames"]
    assert len(list(chunks)) == 9


def test_chunks_after_close_are_refused(stored: DataStore) -> None:
    chunks = stored.market.iter(SYMBOL, TIMEFRAME, chunk=1)
    next(chunks)
    stored.close()
    with pytest.raises(ClosedError):
        next(chunks)


@pytest.mark.parametrize("chunk", [0, -1, -(2**63)])
def test_a_chunk_of_no_rows_is_refused(stored: DataStore, chunk: int) -> None:
    with pytest.raises(InvalidInputError):
        next(stored.market.iter(SYMBOL, TIMEFRAME, chunk=chunk))


# -- series -------------------------------------------------------------------------------------


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


# -- delete -------------------------------------------------------------------------------------


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
