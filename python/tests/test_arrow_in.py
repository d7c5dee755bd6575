# SPDX-License-Identifier: MIT
"""Tables of Arrow into the store: what pandas input gives, Arrow input gives."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, times
from pandas.testing import assert_frame_equal

from data_store import (
    DataStore,
    FeatureValidationError,
    InvalidInputError,
    InvalidTypeError,
    MissingBarError,
)

pa = pytest.importorskip("pyarrow")
import pyarrow.compute as pc  # noqa: E402


class OnlyArray:
    """A table that offers one array and no stream."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._batch.__arrow_c_array__()


def table_of(frame: pd.DataFrame) -> Any:
    return pa.Table.from_pandas(frame.reset_index(names="timestamp"), preserve_index=False)


def test_every_kind_of_table_is_taken(store: DataStore) -> None:
    table = table_of(bars(3))
    batch = table.to_batches()[0]
    unnamed = pa.Table.from_pandas(bars(3).rename_axis(None))
    kinds = [table, batch, table.to_reader(), OnlyArray(batch), batch.to_struct_array(), unnamed]
    for number, kind in enumerate(kinds):
        name = f"kind {number}"
        assert store.market.write(kind, name, TIMEFRAME) == 3
        assert_frame_equal(store.market.read(name, TIMEFRAME), bars(3), check_freq=False)


def test_of_an_array_nothing_is_left(store: DataStore) -> None:
    gc.collect()
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        array = OnlyArray(table_of(bars(500)).to_batches()[0])
        assert store.market.write(array, SYMBOL, TIMEFRAME) == 500
        del array
        assert pa.total_allocated_bytes() == before
    finally:
        gc.enable()


NUMBERS = {
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    **{
        f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")()
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "null": pa.null(),
}
TEXTS = {
    "utf8": pa.string(),
    "large_utf8": pa.large_string(),
    # Older ones crash by themselves where they hand out what was cast to it.
    **({"string_view": pa.string_view()} if int(pa.__version__.partition(".")[0]) > 24 else {}),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
    "large dictionary": pa.dictionary(pa.uint64(), pa.large_string()),
    "null": pa.null(),
}


def sliced(values: list[Any], kind: Any, dice: random.Random) -> Any:
    """The values as a column of several chunks, which are slices of longer ones."""
    chunks: list[Any] = []
    rest = values
    while rest or not chunks:
        count = dice.randint(0, max(len(rest), 1))
        before = [dice.choice(values) for _ in range(dice.randint(0, 9))]
        whole = pa.array(
            [*before, *rest[:count], values[0]], pa.null() if kind == pa.null() else None
        )
        whole = (
            whole.cast(kind)
            if not pa.types.is_dictionary(kind)
            else whole.dictionary_encode().cast(kind)
        )
        chunks.append(whole.slice(len(before), count))
        rest = rest[count:]
    return pa.chunked_array(chunks, kind)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("text", TEXTS)
def test_any_chunks_of_any_type_are_what_pandas_makes_of_them(
    store: DataStore, dice: random.Random, number: str, text: str
) -> None:
    count = dice.randint(1, 60)
    numbers: list[Any] = [dice.choice([None, 0, 1, 7, 100]) for _ in range(count)]
    words: list[Any] = [
        dice.choice([None, "", "feed", "é", "more than twelve bytes"]) for _ in range(count)
    ]
    flags = [dice.choice([None, True, False]) for _ in range(count)]
    if number == "null":
        numbers = [None] * count
    if text == "null":
        words = [None] * count
    stamps = pa.array([*times(count)], pa.timestamp("us", "Europe/Madrid"))
    table = pa.table(
        {
            "timestamp": stamps,
            "close": sliced(numbers, NUMBERS[number], dice),
            "source": sliced(words, TEXTS[text], dice),
            "is_gap": sliced(flags, pa.bool_(), dice),
        }
    )
    assert store.market.write(table, "arrow", TIMEFRAME) == count
    frame = pd.DataFrame(
        {
            "close": pd.array(numbers, dtype="Float64"),
            "source": pd.array(words, dtype="object"),
            "is_gap": pd.array(flags, dtype="boolean"),
        },
        index=times(count),
    )
    assert store.market.write(frame, "pandas", TIMEFRAME) == count
    assert_frame_equal(
        store.market.read("arrow", TIMEFRAME), store.market.read("pandas", TIMEFRAME)
    )


REFUSED = {
    "decimals": ("close", pa.array([1, 2], pa.decimal128(9, 2)), "decimal"),
    "lists": ("close", pa.array([[1.0], [2.0]]), "list"),
    "structs": ("close", pa.array([{"a": 1}, {"a": 2}]), "struct"),
    "booleans": ("close", pa.array([None, True]), "row 1: a boolean is not a number"),
    "text as a number": ("close", pa.array(["1", "2"]), "text is not a number"),
    "a number as text": ("source", pa.array([1, 2]), "not text"),
    "past 2**53": ("close", pa.array([1, 2**53 + 1]), "9007199254740993"),
    "two as a flag": ("is_gap", pa.array([1, 2]), "neither a boolean nor 0 or 1"),
    "binary": ("source", pa.array([b"a", b"b"]), "binary"),
    "a NUL": ("source", pa.array(["a", "b\0"]), "NUL"),
    "dates": ("close", pa.array([1, 2], pa.date32()), "date32"),
    "another name": ("Close", pa.array([1.0, 2.0]), "'Close' to 'close'"),
    "a feature": ("rsi@1", pa.array([1.0, 2.0]), "write_features"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_be_a_guess_is_refused_by_name(store: DataStore, what: str) -> None:
    name, column, message = REFUSED[what]
    stamps = pa.array([*times(2)], pa.timestamp("ns", "UTC"))
    table = pa.table({"timestamp": stamps, name: column})
    with pytest.raises(InvalidInputError, match=name) as refused:
        store.market.write(table, SYMBOL, TIMEFRAME)
    assert message in str(refused.value)
    assert store.market.series().empty


def test_times_without_a_zone_are_refused_and_the_remedy_works(store: DataStore) -> None:
    table = pa.table({"timestamp": pa.array([START.tz_localize(None)], pa.timestamp("s"))})
    with pytest.raises(InvalidInputError, match=r"assume_timezone\(times, 'UTC'\)"):
        store.market.write(table, SYMBOL, TIMEFRAME)
    table = table.set_column(0, "timestamp", pc.assume_timezone(table["timestamp"], "UTC"))
    assert store.market.write(table, SYMBOL, TIMEFRAME) == 1
    assert store.market.read(SYMBOL, TIMEFRAME).index.tolist() == [START]


def test_a_reader_that_fails_midway_leaves_nothing(store: DataStore) -> None:
    batch = table_of(bars(3)).to_batches()[0]

    def batches() -> Iterator[Any]:
        yield batch
        raise RuntimeError("the feed is down")

    reader = pa.RecordBatchReader.from_batches(batch.schema, batches())
    with pytest.raises(InvalidInputError, match=r"after 3 rows.*the feed is down"):
        store.market.write(reader, SYMBOL, TIMEFRAME)
    assert store.market.series().empty


def test_a_reader_may_use_the_store(store: DataStore) -> None:
    batch = table_of(bars(3)).to_batches()[0]

    def batches() -> Iterator[Any]:
        store.state.set("asked", True)
        yield batch
        assert store.market.read(SYMBOL, TIMEFRAME).empty

    reader = pa.RecordBatchReader.from_batches(batch.schema, batches())
    assert store.market.write(reader, SYMBOL, TIMEFRAME) == 3
    assert store.state.get("asked") is True


def test_symbols_may_be_columns_and_replace_and_transactions_hold(store: DataStore) -> None:
    frame = bars(2).assign(symbol=["A", "B"], timeframe=["1h", "1d"])
    table = table_of(frame)
    with pytest.raises(InvalidInputError, match="given twice"):
        store.market.write(table, "A", None)
    assert store.market.write(table, None, None) == 2
    assert store.market.series()["symbol"].tolist() == ["A", "B"]
    only_close = table.select(["timestamp", "symbol", "timeframe", "close"])
    transaction = store.transaction()
    transaction.__enter__()
    store.market.write(only_close, None, None, replace=True)
    assert store.market.read("A", "1h")["open"].isna().all()
    transaction.__exit__(KeyError, KeyError(), None)
    assert store.market.read("A", "1h")["open"].notna().all()


def test_features_come_as_numbers_as_structs_or_as_text(store: DataStore) -> None:
    store.market.write(bars(2), SYMBOL, TIMEFRAME)
    stamps = pa.array([*times(2)], pa.timestamp("ns", "UTC"))
    wide = pa.table({"timestamp": stamps, "a@1": pa.array([1, None], pa.int8())})
    assert store.market.write_features(wide, SYMBOL, TIMEFRAME, quality="warmup") == 2
    frame = pd.DataFrame({"a@1": pd.array([1, None], dtype="Int8")}, index=times(2))
    store.market.write(bars(2), "pandas", TIMEFRAME)
    store.market.write_features(frame, "pandas", TIMEFRAME, quality="warmup")
    read = store.market.read
    assert_frame_equal(
        read(SYMBOL, TIMEFRAME, features="json"), read("pandas", TIMEFRAME, features="json")
    )
    structs = pa.array([None, {"value": 2.5, "quality": "degraded"}])
    assert (
        store.market.write_features(
            pa.table({"timestamp": stamps, "a@1": structs}), SYMBOL, TIMEFRAME
        )
        == 2
    )
    text = read(SYMBOL, TIMEFRAME, features="json")["features"].tolist()
    assert text == [
        '{"a@1":{"value":1,"quality":"warmup"}}',
        '{"a@1":{"value":2.5,"quality":"degraded"}}',
    ]
    given = pa.table({"timestamp": stamps, "features": pa.array([None, text[0]])})
    assert store.market.write(given, SYMBOL, TIMEFRAME) == 2
    assert read(SYMBOL, TIMEFRAME, features="json")["features"].tolist() == [text[0], text[0]]

    with pytest.raises(InvalidTypeError, match="features= goes with"):
        store.market.write(wide, SYMBOL, TIMEFRAME, features=frame)
    with pytest.raises(InvalidTypeError, match="quality must be a word"):
        store.market.write_features(wide, SYMBOL, TIMEFRAME, quality=frame)
    infinite = pa.table({"timestamp": stamps, "a@1": [1.0, float("inf")]})
    with pytest.raises(FeatureValidationError, match="infinite") as refused:
        store.market.write_features(infinite, SYMBOL, TIMEFRAME)
    assert (refused.value.row, refused.value.key) == (1, "a@1")
    with pytest.raises(MissingBarError):
        store.market.write_features(wide, "nobody", TIMEFRAME)


def test_no_rows_are_fine(store: DataStore) -> None:
    assert store.market.write(table_of(bars(0)), SYMBOL, TIMEFRAME) == 0
    assert store.market.write(pa.table({}), SYMBOL, TIMEFRAME) == 0


def test_what_only_looks_like_a_table_is_refused(store: DataStore) -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            raise ValueError("no stream today")

    class Wrong:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return 7

    class Column:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([[1.0]]).__arrow_c_stream__()

    for table, message in (
        (Broken(), "no stream today"),
        (Wrong(), "Wrong"),
        (Column(), "record batches"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            store.market.write(table, SYMBOL, TIMEFRAME)
