# SPDX-License-Identifier: MIT
"""Which values a frame may bring in each column, and which are refused with nothing written."""

from __future__ import annotations

import decimal
import enum
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import (
    ARROW,
    COLUMNS,
    NUMBERS,
    START,
    START_TEXT,
    SYMBOL,
    TEXT,
    TEXTS,
    TIMEFRAME,
    bars,
    column,
    entry,
    same,
    times,
)

from data_store import DataStore
from data_store.errors import InvalidInputError

Rows = Callable[..., list[tuple[Any, ...]]]
Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]

ARROW_NUMBERS = ["double[pyarrow]", "float[pyarrow]", "int64[pyarrow]", "uint8[pyarrow]"]
ARROW_TEXTS = ["string[pyarrow]", "large_string[pyarrow]"]

WHOLE_DTYPES = [
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"),
    *("float32", "float64", "Float32", "Float64", "object", "category"),
    *(ARROW_NUMBERS if ARROW else []),
]
NULLABLE_DTYPES = [
    *("float32", "float64", "Float32", "Float64", "Int8", "Int64", "UInt64", "object", "category"),
    *(ARROW_NUMBERS if ARROW else []),
]
TEXT_DTYPES = [*sorted({"object", TEXT}), "string", "category", *(ARROW_TEXTS if ARROW else [])]
FLAG_DTYPES = [
    *("bool", "boolean", "object", "int8", "int64", "uint8", "float32", "float64", "Int64"),
    *("Float64", *(["bool[pyarrow]", "int64[pyarrow]"] if ARROW else [])),
]
NULLABLE_FLAG_DTYPES = [
    *("boolean", "object", "float64", "Int64"),
    *(["bool[pyarrow]"] if ARROW else []),
]


def written(store: DataStore, frame: pd.DataFrame) -> pd.DataFrame:
    assert store.market.write(frame, SYMBOL, TIMEFRAME) == len(frame)
    return store.market.read(SYMBOL, TIMEFRAME)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("dtype", WHOLE_DTYPES)
def test_numbers_of_every_dtype_are_stored_as_doubles(
    store: DataStore, rows: Rows, name: str, dtype: str
) -> None:
    frame = written(store, column(name, pd.Series([0, 1, 100]).astype(dtype)))
    assert frame[name].tolist() == [0.0, 1.0, 100.0]
    assert rows(f"SELECT DISTINCT typeof({name}) FROM market_data") == [("real",)]


@pytest.mark.parametrize("dtype", NULLABLE_DTYPES)
def test_a_missing_number_of_every_dtype_is_null(store: DataStore, rows: Rows, dtype: str) -> None:
    series = pd.Series([7, None, 9], dtype="object").astype(dtype)
    frame = written(store, column("close", series))
    assert frame["close"].isna().tolist() == [False, True, False]
    assert rows("SELECT close FROM market_data ORDER BY timestamp") == [(7.0,), (None,), (9.0,)]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, float("nan")], ids=repr)
@pytest.mark.parametrize("name", ["close", "latency_sec", "source", "quality"])
def test_nan_none_and_na_in_object_columns_are_null(
    store: DataStore, rows: Rows, name: str, missing: object
) -> None:
    value = "x" if name in TEXTS else 2.5
    written(store, column(name, pd.Series([value, missing], dtype="object")))
    assert rows(f"SELECT {name} FROM market_data ORDER BY timestamp") == [(value,), (None,)]


@pytest.mark.parametrize("name", ["close", "source"])
@pytest.mark.parametrize("dtype", ["object", "float64"])
def test_a_column_of_nothing_but_missing_values_is_null(
    store: DataStore, rows: Rows, name: str, dtype: str
) -> None:
    written(store, column(name, pd.Series([np.nan, np.nan], dtype=dtype)))
    assert rows(f"SELECT {name} FROM market_data") == [(None,), (None,)]


def test_object_columns_take_python_and_numpy_numbers_together(store: DataStore) -> None:
    values = [1, 2.5, np.int16(3), np.float32(0.5), np.float64(0.1), np.uint64(9), None]
    frame = written(store, column("open", pd.Series(values, dtype="object")))
    assert frame["open"].tolist()[:-1] == [1.0, 2.5, 3.0, 0.5, 0.1, 9.0]
    assert np.isnan(frame["open"].iloc[-1])


def test_float32_is_widened_without_change(store: DataStore) -> None:
    values = np.array([0.1, 1e-45, 3.4028235e38], dtype="float32")
    frame = written(store, column("close", pd.Series(values)))
    assert frame["close"].tolist() == [float(value) for value in values]


def test_infinities_are_stored_as_given(store: DataStore, rows: Rows) -> None:
    frame = written(store, column("close", [np.inf, -np.inf, 1.0]))
    assert frame["close"].tolist() == [np.inf, -np.inf, 1.0]
    assert rows("SELECT DISTINCT typeof(close) FROM market_data") == [("real",)]


def test_strided_and_reversed_arrays_are_read_right(store: DataStore) -> None:
    block = np.arange(24, dtype="float64").reshape(6, 4)
    frame = pd.DataFrame(block, columns=["open", "high", "low", "close"]).set_index(times(6))
    frame["volume"] = np.arange(12.0)[::-2]
    found = written(store, frame)
    assert found["high"].tolist() == [1.0, 5.0, 9.0, 13.0, 17.0, 21.0]
    assert found["volume"].tolist() == [11.0, 9.0, 7.0, 5.0, 3.0, 1.0]


def test_every_other_row_of_a_frame_is_read_right(store: DataStore) -> None:
    frame = bars(9).iloc[::-2]
    found = written(store, frame)
    assert found["close"].tolist() == frame["close"].tolist()[::-1]
    assert found["is_gap"].tolist() == frame["is_gap"].tolist()[::-1]


def test_read_only_arrays_are_taken(store: DataStore) -> None:
    values = np.array([1.0, 2.0])
    values.flags.writeable = False
    frame = pd.DataFrame({"close": values}, index=times(2), copy=False)
    assert written(store, frame)["close"].tolist() == [1.0, 2.0]


def test_writing_leaves_the_callers_frame_as_it_was(store: DataStore) -> None:
    frame = bars(4).astype({"source": "category", "volume": "Int64", "is_gap": "boolean"})
    before = frame.copy(deep=True)
    written(store, frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("dtype", TEXT_DTYPES)
def test_texts_of_every_dtype_come_back(store: DataStore, name: str, dtype: str) -> None:
    values = ["a", "ñandú 📈", "", 'it\'s "so"; --', None, "line\nbreak\t", "a"]
    series = pd.Series(values, dtype="object").astype(dtype)
    found = written(store, column(name, series))[name]
    assert found.isna().tolist() == [value is None for value in values]
    assert found.dropna().tolist() == [value for value in values if value is not None]


@pytest.mark.parametrize("dtype", FLAG_DTYPES)
def test_flags_of_every_dtype_are_stored_as_0_and_1(
    store: DataStore, rows: Rows, dtype: str
) -> None:
    series = pd.Series([True, False, True]).astype(dtype)
    found = written(store, column("is_gap", series))["is_gap"]
    assert found.dtype == "bool"
    assert found.tolist() == [True, False, True]
    stored = rows("SELECT is_gap, typeof(is_gap) FROM market_data ORDER BY timestamp")
    assert stored == [(1, "integer"), (0, "integer"), (1, "integer")]


@pytest.mark.parametrize("dtype", NULLABLE_FLAG_DTYPES)
def test_a_missing_flag_is_false_and_stored_as_0(store: DataStore, rows: Rows, dtype: str) -> None:
    series = pd.Series([True, None, False], dtype="object").astype(dtype)
    assert written(store, column("is_gap", series))["is_gap"].tolist() == [True, False, False]
    assert rows("SELECT is_gap FROM market_data ORDER BY timestamp") == [(1,), (0,), (0,)]


def test_integers_that_a_double_holds_are_taken_up_to_the_edge(store: DataStore) -> None:
    edges = [2**53, -(2**53), 2**54, 2**62, -(2**63)]
    assert written(store, column("volume", edges))["volume"].tolist() == edges
    wide = pd.Series([2**63, 2**64 - 2048], dtype="uint64")
    assert written(store, column("volume", wide))["volume"].tolist()[:2] == [2**63, 2**64 - 2048]


REFUSED_NUMBERS = {
    "numeric text": pd.Series(["1.5", "2.5"], dtype="object"),
    "numeric text as str": pd.Series(["1.5", "2.5"], dtype="str"),
    "text among numbers": pd.Series([1.5, "2.5"], dtype="object"),
    "text as category": pd.Series(["1.5", "2.5"], dtype="category"),
    "empty text": pd.Series([1.0, ""], dtype="object"),
    "Decimal": pd.Series([decimal.Decimal("1.5"), None], dtype="object"),
    "bool": pd.Series([True, False]),
    "boolean": pd.Series([True, None], dtype="boolean"),
    "bool among numbers": pd.Series([1.5, True], dtype="object"),
    "numpy bool among numbers": pd.Series([1.5, np.True_], dtype="object"),
    "bool as category": pd.Series([True, False], dtype="category"),
    "int64 past 2**53": pd.Series([1, 2**53 + 1]),
    "Int64 past 2**53": pd.Series([None, 2**53 + 1], dtype="Int64"),
    "uint64 past 2**53": pd.Series([1, 2**64 - 1], dtype="uint64"),
    "int past 2**53 in objects": pd.Series([None, -(2**53) - 1], dtype="object"),
    "int past any double": pd.Series([1, 10**400], dtype="object"),
    "complex": pd.Series([1.5, 2j]),
    "complex in objects": pd.Series([1.5, 2j], dtype="object"),
    "dates": pd.Series(pd.to_datetime(["2026-03-01", None])),
    "aware dates": pd.Series(pd.to_datetime(["2026-03-01", None], utc=True)),
    "durations": pd.Series(pd.to_timedelta([1, None], unit="s")),
    "lists": pd.Series([[1.5], [2.5]], dtype="object"),
    "bytes": pd.Series([b"1", b"2"], dtype="object"),
    "objects": pd.Series([object(), None], dtype="object"),
}
REFUSED_TEXTS = {
    "integers": pd.Series([1, 2]),
    "floats": pd.Series([1.5, None]),
    "bools": pd.Series([True, False]),
    "a number among texts": pd.Series(["a", 1], dtype="object"),
    "a bool among texts": pd.Series(["a", True], dtype="object"),
    "numbers as category": pd.Series([1, 2], dtype="category"),
    "bytes": pd.Series([b"a", None], dtype="object"),
    "dates": pd.Series(pd.to_datetime(["2026-03-01", None], utc=True)),
    "NUL inside": pd.Series(["a", "b\x00c"], dtype="object"),
    "no UTF-8": pd.Series(["a", "\ud800"], dtype="object"),
    "lists": pd.Series([["a"], None], dtype="object"),
}
REFUSED_FLAGS = {
    "two": pd.Series([0, 2]),
    "minus one": pd.Series([0, -1]),
    "a half": pd.Series([0.0, 0.5]),
    "infinity": pd.Series([0.0, np.inf]),
    "words": pd.Series(["true", "false"], dtype="object"),
    "digits": pd.Series(["0", "1"], dtype="str"),
    "a word among flags": pd.Series([True, "yes"], dtype="object"),
    "two among flags": pd.Series([True, 2], dtype="object"),
    "256, which is 0 in a byte": pd.Series([0, 256]),
}
if ARROW:
    REFUSED_NUMBERS["Arrow text"] = pd.Series(["1.5", None], dtype="string[pyarrow]")
    REFUSED_NUMBERS["Arrow bool"] = pd.Series([True, None], dtype="bool[pyarrow]")
    REFUSED_NUMBERS["Arrow int64 past 2**53"] = pd.Series([2**53 + 1], dtype="int64[pyarrow]")
    REFUSED_TEXTS["Arrow numbers"] = pd.Series([1.5, None], dtype="double[pyarrow]")
    REFUSED_FLAGS["Arrow two"] = pd.Series([0, 2], dtype="int64[pyarrow]")


def refused(store: DataStore, contents: Contents, frame: pd.DataFrame) -> str:
    """The message; the stored bar and everything else is as it was."""
    store.market.write(bars(1), SYMBOL, TIMEFRAME)
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert contents() == before
    return str(caught.value)


@pytest.mark.parametrize("name", ["close", "latency_sec"])
@pytest.mark.parametrize("what", REFUSED_NUMBERS)
def test_in_a_number_column_is_refused(
    store: DataStore, contents: Contents, name: str, what: str
) -> None:
    assert name in refused(store, contents, column(name, REFUSED_NUMBERS[what]))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("what", REFUSED_TEXTS)
def test_in_a_text_column_is_refused(
    store: DataStore, contents: Contents, name: str, what: str
) -> None:
    assert name in refused(store, contents, column(name, REFUSED_TEXTS[what]))


@pytest.mark.parametrize("what", REFUSED_FLAGS)
def test_in_is_gap_is_refused(store: DataStore, contents: Contents, what: str) -> None:
    assert "is_gap" in refused(store, contents, column("is_gap", REFUSED_FLAGS[what]))


def test_one_bad_row_among_many_and_nothing_of_the_call_is_written(
    store: DataStore, contents: Contents
) -> None:
    frame = bars(1000).astype({"close": "object"})
    frame.iloc[997, frame.columns.get_loc("close")] = "1.5"
    message = refused(store, contents, frame)
    assert "997" in message


@pytest.mark.sqlite_only("a negative zero in a price is zero")
def test_minus_zero_becomes_zero_in_real_columns(store: DataStore) -> None:
    found = written(store, column("close", [-0.0]))["close"].iloc[0]
    assert found == 0.0
    assert not np.signbit(found)


def test_minus_zero_equals_zero_and_a_feature_keeps_its_sign(store: DataStore) -> None:
    frame = column("close", [-0.0])
    assert written(store, frame)["close"].tolist() == [0.0]
    store.market.write_features({START: {"a@1": entry(-0.0)}}, SYMBOL, TIMEFRAME)
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar.close == 0.0
    assert np.signbit(bar.features["a@1"]["value"])


def test_a_frame_without_columns_writes_bare_bars(store: DataStore, rows: Rows) -> None:
    assert store.market.write(pd.DataFrame(index=times(1)), SYMBOL, TIMEFRAME) == 1
    assert rows("SELECT * FROM market_data") == [
        (SYMBOL, TIMEFRAME, START_TEXT, None, None, None, None, None, None, None, 0, None, None)
    ]


UNUSED: dict[str, list[Any]] = {
    "none": [],
    "like NaN": ["nan", "None", "<NA>"],
    "numbers": [1, 2.5],
    "of several types": ["x", ("a", 1), pd.Timestamp("2026-03-01"), 7],
    "an empty text": [""],
    "too long": ["x" * 70_000],
    "a NUL": ["a\0b"],
    "many": [f"S{number}" for number in range(1000)],
}


def category(word: str, unused: list[Any], *, ordered: bool = False) -> pd.Categorical:
    # Those that no row has come first: the code of `word` is then another than 0.
    return pd.Categorical([word] * 3, categories=[*unused, word], ordered=ordered)


@pytest.mark.parametrize("ordered", [False, True], ids=["", "ordered"])
@pytest.mark.parametrize("unused", UNUSED.values(), ids=UNUSED)
def test_a_category_that_no_row_has_harms_nobody(
    store: DataStore, unused: list[Any], ordered: bool
) -> None:
    words = {
        name: category(f"a {name}", unused, ordered=ordered)
        for name in ("symbol", "timeframe", "source", "quality")
    }
    frame = bars(3).assign(**words)
    features = pd.DataFrame({"a@1": [1.0, 2.0, 3.0]}, index=frame.index[::-1])
    assert store.market.write(frame, None, None) == 3
    assert store.market.write(frame, None, None, features=features) == 3
    levels = frame.set_index(["symbol", "timeframe"], append=True)
    assert store.market.write(levels, None, None) == 3
    store.market.write_features(
        features.assign(symbol=words["symbol"], timeframe=words["timeframe"]), None, None
    )
    plain = frame[list(COLUMNS)].assign(source="a source", quality="a quality")
    same(
        store.market.read("a symbol", "a timeframe"),
        plain.astype({"source": "str", "quality": "str"}),
    )
    assert len(store.market.series()) == 1


def test_a_category_that_a_row_has_is_held_against_the_rules(
    store: DataStore, contents: Any
) -> None:
    before = contents()
    for bad in ("", "x" * 70_000, "a\0b"):
        words = pd.Categorical(["good", bad, "good"], categories=["good", bad])
        with pytest.raises(InvalidInputError, match=r"symbol.*row 1"):
            store.market.write(bars(3).assign(symbol=words), None, TIMEFRAME)
    assert contents() == before


class Word(enum.StrEnum):
    FEED = "feed"


class OldWord(str, enum.Enum):  # noqa: UP042 (its str() is another than a StrEnum's)
    FEED = "feed"


@pytest.mark.parametrize("word", [Word.FEED, OldWord.FEED, np.str_("feed")], ids=repr)
def test_a_subclass_of_text_is_the_text_that_it_is_of(store: DataStore, word: Any) -> None:
    column_of_words = pd.Series([word] * 3, index=times(3), dtype=object)
    store.market.write(bars(3).assign(source=column_of_words), word, word)
    store.market.write(bars(1).assign(source=column_of_words[:1]), word, word)
    store.market.write_bar(word, word, times(1)[0], source=word)
    store.market.record_request(
        word, word, provider_used=word, start_ts=times(1)[0], end_ts=times(1)[0]
    )
    store.state.set(word, word)
    found = store.market.read("feed", "feed")
    assert found["source"].tolist() == ["feed"] * 3
    same(store.market.read(word, word), found)
    same(store.market.read([word], word), store.market.read(["feed"], "feed"))
    assert store.market.latest_bar(word, word) == store.market.latest_bar("feed", "feed")
    assert store.market.requests(word)["provider_used"].tolist() == ["feed"]
    assert store.state.items() == {"feed": "feed"}
