# SPDX-License-Identifier: MIT
"""Every dtype, in every pattern of nulls, in sizes around the edges of words and blocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import ARROW, fresh, times

from data_store import DataStore, InvalidInputError

SIZES = [0, 1, 2, 63, 64, 65]
NUMBER_DTYPES = [
    *("float64", "float32", "Float64", "Float32", "int64", "int8", "uint16", "Int64", "UInt8"),
    *("object", "category"),
    *(["double[pyarrow]", "float[pyarrow]", "int64[pyarrow]"] if ARROW else []),
]
TEXT_DTYPES = ["object", "str", "string", "category", *(["string[pyarrow]"] if ARROW else [])]
FLAG_DTYPES = [
    *("bool", "boolean", "object", "int64", "float64", "Int64"),
    *(["bool[pyarrow]"] if ARROW else []),
]
NEVER_NULL = {"int64", "int8", "uint16", "bool"}
NULL_PATTERNS = {
    "no nulls": lambda row, size: False,
    "all nulls": lambda row, size: True,
    "the first": lambda row, size: row == 0,
    "the last": lambda row, size: row == size - 1,
    "every other": lambda row, size: row % 2 == 1,
    "all but the first": lambda row, size: row != 0,
    "around a word's end": lambda row, size: row in (7, 8, 31, 32, 62, 63, 64),
}


def series_of(values: list[Any], pattern: str, dtype: str) -> pd.Series:
    """`values` in `dtype`, with nulls where the pattern has them and the dtype can."""
    is_null = NULL_PATTERNS[pattern]
    if dtype not in NEVER_NULL:
        values = [None if is_null(row, len(values)) else value for row, value in enumerate(values)]
    return pd.Series(values, dtype="object").astype(dtype).set_axis(times(len(values)))


@pytest.mark.parametrize("pattern", NULL_PATTERNS)
@pytest.mark.parametrize("dtype", NUMBER_DTYPES)
def test_numbers_of_every_dtype_null_pattern_and_size_come_back(
    shared_store: DataStore, dtype: str, pattern: str
) -> None:
    for size in SIZES:
        series = series_of([row % 100 for row in range(size)], pattern, dtype)
        symbol = fresh()
        frame = pd.DataFrame({"close": series, "volume": series[::-1].to_numpy()})
        assert shared_store.market.write(frame, symbol, "1h") == size
        found = shared_store.market.read(symbol, "1h", columns=["close", "volume"])
        expected = [math.nan if pd.isna(value) else float(value) for value in series]
        np.testing.assert_array_equal(found["close"].to_numpy(), expected)
        np.testing.assert_array_equal(found["volume"].to_numpy(), expected[::-1])


@pytest.mark.parametrize("pattern", NULL_PATTERNS)
@pytest.mark.parametrize("dtype", TEXT_DTYPES)
def test_texts_of_every_dtype_null_pattern_and_size_come_back(
    shared_store: DataStore, dtype: str, pattern: str
) -> None:
    for size in SIZES:
        series = series_of([f"ñ{row % 5}'📈" for row in range(size)], pattern, dtype)
        symbol = fresh()
        frame = pd.DataFrame({"source": series, "quality": series[::-1].to_numpy()})
        shared_store.market.write(frame, symbol, "1h")
        found = shared_store.market.read(symbol, "1h", columns=["source", "quality"])
        expected = [None if pd.isna(value) else value for value in series]
        for name, values in (("source", expected), ("quality", expected[::-1])):
            assert [None if pd.isna(value) else value for value in found[name]] == values


@pytest.mark.parametrize("pattern", NULL_PATTERNS)
@pytest.mark.parametrize("dtype", FLAG_DTYPES)
def test_flags_of_every_dtype_null_pattern_and_size_come_back(
    shared_store: DataStore, dtype: str, pattern: str
) -> None:
    for size in SIZES:
        series = series_of([row % 3 == 0 for row in range(size)], pattern, dtype)
        symbol = fresh()
        shared_store.market.write(pd.DataFrame({"is_gap": series}), symbol, "1h")
        found = shared_store.market.read(symbol, "1h")["is_gap"]
        assert found.tolist() == [False if pd.isna(value) else bool(value) for value in series]


@pytest.mark.parametrize("pattern", NULL_PATTERNS)
@pytest.mark.parametrize("dtype", ["float64", "Float64", "Int64", "float32", "int64"])
def test_features_of_every_dtype_null_pattern_and_size_come_back(
    shared_store: DataStore, dtype: str, pattern: str
) -> None:
    for size in SIZES:
        series = series_of([row - 30 for row in range(size)], pattern, dtype)
        symbol = fresh()
        frame = pd.DataFrame({"a@1": series, "b@1": series[::-1].to_numpy()})
        shared_store.market.write(pd.DataFrame(index=series.index), symbol, "1h", features=frame)
        found = shared_store.market.read_features(symbol, "1h", keys=["a@1", "b@1"])
        expected = [math.nan if pd.isna(value) else float(value) for value in series]
        np.testing.assert_array_equal(found["a@1", "value"].to_numpy(), expected)
        np.testing.assert_array_equal(found["b@1", "value"].to_numpy(), expected[::-1])
        words = ["missing" if math.isnan(value) else "ready" for value in expected]
        assert found["a@1", "quality"].tolist() == words
        assert found["b@1", "quality"].tolist() == words[::-1]


@pytest.mark.skipif(
    not ARROW, reason="pandas keeps text in Arrow's layout where pyarrow is installed"
)
@pytest.mark.parametrize("distinct", [1, 3, 200])
def test_long_columns_of_arrow_text_come_back_whole_sliced_and_in_chunks(
    shared_store: DataStore, distinct: int
) -> None:
    words = [None, "", "mérito", "x" * 40, *(f"source {word}" for word in range(distinct))]
    whole = pd.Series([words[row * row % len(words)] for row in range(1200)], dtype="str")
    for text in (whole, whole[7:600], whole[::3], pd.concat([whole[:300], whole[333:]])):
        symbol = fresh()
        index = times(len(text))
        frame = pd.DataFrame({"source": text.set_axis(index)}, index=index)
        shared_store.market.write(frame, symbol, "1h")
        found = shared_store.market.read(symbol, "1h", columns=["source"])["source"]
        assert found.isna().tolist() == text.isna().tolist()
        assert found.dropna().tolist() == text.dropna().tolist()


@pytest.mark.skipif(
    not ARROW, reason="pandas keeps text in Arrow's layout where pyarrow is installed"
)
def test_a_word_that_cannot_be_stored_is_named_by_its_first_row(shared_store: DataStore) -> None:
    text = ["fine"] * 400
    text[300] = text[350] = "not\0fine"
    index = times(len(text))
    frame = pd.DataFrame({"source": pd.Series(text, index=index, dtype="str")})
    with pytest.raises(InvalidInputError, match=r"row 300.*NUL"):
        shared_store.market.write(frame, fresh(), "1h")
