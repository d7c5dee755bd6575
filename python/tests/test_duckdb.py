# SPDX-License-Identifier: MIT
"""DuckDB reads what the store gives, and the store takes what DuckDB gives."""

from __future__ import annotations

from typing import Any

import pytest
from frames import SYMBOL, TIMEFRAME, bars, entry, times
from pandas.testing import assert_frame_equal

from data_store import DataStore

duckdb = pytest.importorskip("duckdb", minversion="1.5")


@pytest.fixture
def filled(store: DataStore) -> DataStore:
    store.market.write(bars(100), SYMBOL, TIMEFRAME)
    store.market.write(bars(50, base=9.0), "other", TIMEFRAME)
    features = {time: {"a@1": entry(row)} for row, time in enumerate(times(10))}
    store.market.write_features(features, SYMBOL, TIMEFRAME)
    return store


# DuckDB finds the variables of its caller by their names in the query.


def test_a_result_is_a_table_of_a_query_any_number_of_times(filled: DataStore) -> None:
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME)  # noqa: F841 - DuckDB looks for it
    expected = bars(100)
    for _ in range(2):
        found = duckdb.sql("SELECT count(*), max(close), any_value(source) FROM frame").fetchall()[
            0
        ]
        assert found == (100, expected["close"].max(), "feed")
    joined = duckdb.sql(
        "SELECT a.close FROM frame a JOIN frame b USING (timestamp) WHERE b.open > 5 ORDER BY 1"
    ).fetchall()
    assert [row[0] for row in joined] == expected.loc[expected["open"] > 5, "close"].tolist()


def test_every_kind_of_result_is_a_table(filled: DataStore) -> None:
    market = filled.market
    results = {
        "several symbols": (market.read_arrow([SYMBOL, "other"], TIMEFRAME), 150),
        "values": (market.read_arrow(SYMBOL, TIMEFRAME, features=True), 100),
        "text": (market.read_arrow(SYMBOL, TIMEFRAME, features="json"), 100),
        "features": (market.read_features_arrow(SYMBOL, TIMEFRAME), 100),
        "query": (filled.sql_arrow("SELECT * FROM market_data"), 150),
        "stream": (market.iter_arrow(SYMBOL, TIMEFRAME, chunk=7), 100),
        "nothing": (market.read_arrow("nobody", TIMEFRAME), 0),
    }
    for name, (result, rows) in results.items():  # noqa: B007 - DuckDB looks for it
        assert duckdb.sql("SELECT count(*) FROM result").fetchall() == [(rows,)], name
    computed = results["values"][0]  # noqa: F841 - DuckDB looks for it
    assert duckdb.sql('SELECT sum("a@1") FROM computed').fetchall() == [(45.0,)]


def test_a_stream_is_a_table_once_and_says_so(filled: DataStore) -> None:
    stream = filled.market.iter_arrow(SYMBOL, TIMEFRAME, chunk=7)
    assert duckdb.sql("SELECT max(close) FROM stream").fetchall() == [(bars(100)["close"].max(),)]
    with pytest.raises(Exception, match="iter_arrow can be taken once"):
        duckdb.sql("SELECT max(close) FROM stream").fetchall()[0]
    assert repr(stream).endswith("taken>")


def test_a_result_can_be_registered(filled: DataStore) -> None:
    with duckdb.connect() as connection:
        connection.register("bars", filled.market.read_arrow(SYMBOL, TIMEFRAME, features=True))
        assert connection.sql("SELECT count(*) FROM bars").fetchall() == [(100,)]
        assert connection.sql('SELECT sum("a@1") FROM bars').fetchall() == [(45.0,)]
        first = connection.sql("SELECT min(timestamp) FROM bars").fetchall()[0][0]
        assert first == times(1)[0]


def test_a_query_of_duckdb_is_written(filled: DataStore) -> None:
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME)  # noqa: F841 - DuckDB looks for it
    assert filled.market.write(duckdb.sql("SELECT * FROM frame"), "copy", TIMEFRAME) == 100
    copy = filled.market.read("copy", TIMEFRAME)
    assert_frame_equal(copy, filled.market.read(SYMBOL, TIMEFRAME))
    some = duckdb.sql("SELECT timestamp, close * 2 AS close FROM frame WHERE close > 5")
    assert filled.market.write(some, "some", TIMEFRAME) == (bars(100)["close"] > 5).sum()


def test_features_computed_by_duckdb_are_written(filled: DataStore) -> None:
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME)  # noqa: F841 - DuckDB looks for it
    mean = duckdb.sql(
        'SELECT timestamp, avg(close) OVER (ORDER BY timestamp ROWS 2 PRECEDING) AS "mean@1"'
        " FROM frame"
    )
    assert filled.market.write_features(mean, SYMBOL, TIMEFRAME) == 100
    found: Any = filled.market.read(SYMBOL, TIMEFRAME, columns=["close"], features=["mean@1"])
    expected = found["close"].rolling(3, min_periods=1).mean()
    assert_frame_equal(found[["mean@1"]], expected.to_frame("mean@1"))


def test_a_zone_of_the_connection_changes_no_instant(filled: DataStore) -> None:
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME)  # noqa: F841 - DuckDB looks for it
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'America/New_York'")
        query = connection.sql("SELECT timestamp, close FROM frame")
        assert filled.market.write(query, "copy", TIMEFRAME) == 100
    assert filled.market.read("copy", TIMEFRAME).index.equals(times(100))


def test_a_naive_time_of_duckdb_is_refused_with_the_remedy(filled: DataStore) -> None:
    naive = duckdb.sql("SELECT TIMESTAMP '2026-03-01 15:00' AS timestamp, 1.0::DOUBLE AS close")
    with pytest.raises(ValueError, match="time zone"):
        filled.market.write(naive, "naive", TIMEFRAME)
    assert filled.market.read("naive", TIMEFRAME).empty
