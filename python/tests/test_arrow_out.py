# SPDX-License-Identifier: MIT
"""Tables of Arrow out of the store: with no Arrow library, and with pyarrow where it is there."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import ARROW, SYMBOL, TIMEFRAME, bars, entry, times
from pandas.testing import assert_frame_equal

from data_store import ArrowResult, DataStore, InvalidInputError, LibraryError
from data_store._arrow import capsules

with_pyarrow = pytest.mark.skipif(not ARROW, reason="needs pyarrow")


@pytest.fixture
def filled(store: DataStore) -> DataStore:
    frame = bars(5)
    frame.loc[frame.index[1], ["close", "source"]] = None
    store.market.write(frame, SYMBOL, TIMEFRAME)
    store.market.write(bars(3, base=7.0), "other", TIMEFRAME)
    features = {
        frame.index[0]: {"a@1": entry(1.5), "b@1": entry(None, "warmup")},
        frame.index[3]: {"b@1": entry(2)},
    }
    store.market.write_features(features, SYMBOL, TIMEFRAME)
    return store


def test_what_comes_out_goes_in_without_any_library(filled: DataStore) -> None:
    market = filled.market
    results = {
        "one": market.read_arrow(SYMBOL, TIMEFRAME, features="json"),
        "stream": market.iter_arrow(SYMBOL, TIMEFRAME, features="json", chunk=2),
    }
    for name, result in results.items():
        assert market.write(result, name, TIMEFRAME) == 5
        copy = market.read(name, TIMEFRAME, features="json")
        assert_frame_equal(copy, market.read(SYMBOL, TIMEFRAME, features="json"))
    both = market.read_arrow([SYMBOL, "other"], TIMEFRAME)
    assert market.write(both, None, "copy") == 8
    frame = market.read([SYMBOL, "other"], TIMEFRAME)
    assert_frame_equal(market.read([SYMBOL, "other"], "copy"), frame)

    features = market.read_features_arrow(SYMBOL, TIMEFRAME)
    assert market.write_features(features, SYMBOL, "copy") == 5
    assert_frame_equal(
        market.read_features(SYMBOL, "copy"), market.read_features(SYMBOL, TIMEFRAME)
    )


def test_a_frame_of_it_is_what_its_sister_gives(filled: DataStore) -> None:
    market = filled.market
    for symbol in (SYMBOL, ["other", SYMBOL], "nobody"):
        for features in (None, True, "json", ["b@1", "c@1"]):
            choice: dict[str, Any] = {"columns": ["close", "source"], "features": features}
            frame = market.read(symbol, TIMEFRAME, **choice).reset_index()
            assert_frame_equal(market.read_arrow(symbol, TIMEFRAME, **choice).to_pandas(), frame)
            stream = market.iter_arrow(symbol, TIMEFRAME, **choice, chunk=2).to_pandas()
            if features is not True:  # whose chunks have the keys that are in them
                assert_frame_equal(stream, frame)
        frame = market.read_features(symbol, TIMEFRAME).reset_index()
        assert_frame_equal(market.read_features_arrow(symbol, TIMEFRAME).to_pandas(), frame)
    query = "SELECT symbol, count(*), max(close) FROM market_data GROUP BY 1"
    assert_frame_equal(filled.sql_arrow(query).to_pandas(), filled.sql(query))


def test_a_frame_that_is_changed_changes_no_other(filled: DataStore) -> None:
    result = filled.market.read_arrow(SYMBOL, TIMEFRAME)
    frame = result.to_pandas()
    frame["open"] = frame["open"].to_numpy() * 0
    frame.loc[:, "high"] = -1.0
    assert_frame_equal(result.to_pandas(), filled.market.read(SYMBOL, TIMEFRAME).reset_index())


def test_a_stream_can_be_taken_once(filled: DataStore) -> None:
    result = filled.market.iter_arrow(SYMBOL, TIMEFRAME)
    assert "arrow_schema" in repr(result.__arrow_c_schema__())
    assert "arrow_array_stream" in repr(result.__arrow_c_stream__())
    for take in (result.__arrow_c_stream__, result.to_pandas):
        with pytest.raises(InvalidInputError, match="once"):
            take()
    assert "arrow_schema" in repr(result.__arrow_c_schema__())


def test_a_wrong_call_is_told_by_the_call(filled: DataStore) -> None:
    market = filled.market
    for call in (market.read_arrow, market.iter_arrow):
        with pytest.raises(InvalidInputError, match="symbol"):
            call("", TIMEFRAME)
        with pytest.raises(InvalidInputError, match="unknown column"):
            call(SYMBOL, TIMEFRAME, columns=["nothing"])
    with pytest.raises(InvalidInputError, match="chunk"):
        market.iter_arrow(SYMBOL, TIMEFRAME, chunk=0)


def test_a_library_that_is_missing_is_named(
    filled: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = filled.market.read_arrow(SYMBOL, TIMEFRAME)
    for name, extra in (("pyarrow", "arrow"), ("polars", "polars"), ("pandas", "pandas")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(LibraryError, match=rf"{name} .*data_store\[{extra}\]"):
            getattr(result, f"to_{name}")()


def test_nothing_is_left_of_what_nobody_took(filled: DataStore) -> None:
    gc.collect()
    before = len(capsules._in_capsules)
    for _ in range(50):
        for result in (
            filled.market.read_arrow(SYMBOL, TIMEFRAME),
            filled.market.iter_arrow(SYMBOL, TIMEFRAME),
            filled.sql_arrow("SELECT 1"),
        ):
            result.__arrow_c_schema__()
            result.__arrow_c_stream__()
    del result
    gc.collect()
    assert len(capsules._in_capsules) == before


def test_an_error_of_the_consumers_comes_through(filled: DataStore) -> None:
    def consume(capsule: object) -> None:
        del capsule
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        consume(filled.market.read_arrow(SYMBOL, TIMEFRAME).__arrow_c_stream__())


# ---- With pyarrow -------------------------------------------------------------------------------


@with_pyarrow
def test_columns_have_the_types_that_are_promised(filled: DataStore) -> None:
    import pyarrow as pa

    words = pa.dictionary(pa.int32(), pa.large_string())
    numbers = dict.fromkeys(("open", "high", "low", "close", "volume"), pa.float64())
    expected: dict[str, Any] = {
        "symbol": words,
        "timestamp": pa.timestamp("ns", "UTC"),
        **numbers,
        "source": words,
        "quality": words,
        "is_gap": pa.bool_(),
        "latency_sec": pa.float64(),
        "features": pa.large_string(),
    }
    result = filled.market.read_arrow([SYMBOL], TIMEFRAME, features="json")
    assert pa.schema(result) == pa.schema(expected)
    table = pa.table(result)
    table.validate(full=True)
    assert table.schema == pa.schema(expected)
    assert table["close"].null_count == 1
    assert table["close"].to_pylist()[1] is None
    assert table["source"].to_pylist()[1] is None
    assert table["is_gap"].to_pylist() == bars(5)["is_gap"].tolist()
    assert table["features"].null_count == 3
    structs = filled.market.read_features_arrow(SYMBOL, TIMEFRAME).to_pyarrow()
    structs.validate(full=True)
    assert structs.schema.field("a@1").type == pa.struct({"value": pa.float64(), "quality": words})
    assert structs["a@1"].to_pylist() == [
        {"value": 1.5, "quality": "ready"}, None, None, None, None,
    ]  # fmt: skip
    assert structs["b@1"].to_pylist()[0] == {"value": None, "quality": "warmup"}


@with_pyarrow
def test_numbers_are_the_librarys_own(filled: DataStore) -> None:
    import pyarrow as pa

    result = filled.market.read_arrow(SYMBOL, TIMEFRAME, features=True)
    tables = [pa.table(result) for _ in range(2)]
    for name in ("timestamp", "open", "close", "latency_sec", "a@1"):
        one, other = (table[name].chunk(0).buffers()[1].address for table in tables)
        assert one == other
    filled.close()
    del result
    gc.collect()
    assert tables[0]["open"].to_pylist() == bars(5)["open"].tolist()


@with_pyarrow
def test_a_stream_is_a_batch_per_chunk_and_tells_what_goes_wrong(filled: DataStore) -> None:
    import pyarrow as pa

    result = filled.market.iter_arrow([SYMBOL, "other"], TIMEFRAME, features=True, chunk=2)
    reader = pa.RecordBatchReader.from_stream(result)
    assert reader.schema.names[-2:] == ["a@1", "b@1"]
    batches = list(reader)
    assert [batch.num_rows for batch in batches] == [2, 2, 1, 2, 1]
    table = pa.Table.from_batches(batches)
    assert table["symbol"].to_pylist() == [SYMBOL] * 5 + ["other"] * 3
    reader = pa.RecordBatchReader.from_stream(filled.market.iter_arrow(SYMBOL, TIMEFRAME))
    filled.close()
    with pytest.raises(OSError, match="closed"):
        reader.read_all()


@with_pyarrow
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="it keeps what is freed")
def test_many_reads_take_no_more_memory(filled: DataStore) -> None:
    import pyarrow as pa

    def used() -> int:
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    def some() -> None:
        for _ in range(500):
            pa.table(filled.market.read_arrow(SYMBOL, TIMEFRAME, features=True))
            filled.sql_arrow("SELECT * FROM market_data").to_pyarrow()

    some()
    before = used()
    some()
    some()
    assert used() - before < 1_000_000


def test_a_result_is_of_the_public_class(filled: DataStore) -> None:
    result = filled.market.read_arrow(SYMBOL, TIMEFRAME)
    assert type(result) is ArrowResult
    with pytest.raises(TypeError, match="cannot be pickled"):
        result.__reduce_ex__(4)


def test_null_and_nan_are_one(store: DataStore) -> None:
    frame = pd.DataFrame({"close": [np.nan, 1.0]}, index=times(2))
    store.market.write(frame, SYMBOL, TIMEFRAME)
    result = store.market.read_arrow(SYMBOL, TIMEFRAME, columns=["close"])
    assert store.market.write(result, "copy", TIMEFRAME) == 2
    assert store.sql("SELECT close IS NULL AS n FROM market_data WHERE symbol = 'copy'")[
        "n"
    ].tolist() == [1, 0]
