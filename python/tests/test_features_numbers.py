# SPDX-License-Identifier: MIT
"""How the numbers of features are written, digit for digit, and that the text is compact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from calls import feature_texts
from frames import ARROW, SYMBOL, TIMEFRAME, bars, entry, times

from data_store import DataStore

NUMBERS = {
    "float64": (np.array([100000.0, 1e-05, 5e-324]), ["100000.0", "1e-05", "5e-324"]),
    "int64": (np.array([0, -(2**63), 2**63 - 1]), ["0", str(-(2**63)), str(2**63 - 1)]),
    "int8": (np.array([1, -2, 3], dtype="int8"), ["1", "-2", "3"]),
    "float32": (np.array([0.1, 1, 2], dtype="float32"), ["0.10000000149011612", "1.0", "2.0"]),
    "Int64": (pd.array([7, None, 2**53 + 1], dtype="Int64"), ["7", "null", str(2**53 + 1)]),
    "Float64": (pd.array([0.1, None, 2.0], dtype="Float64"), ["0.1", "null", "2.0"]),
}
if ARROW:
    NUMBERS["double[pyarrow]"] = (
        pd.array([0.1, None, 2.0], dtype="double[pyarrow]"),
        ["0.1", "null", "2.0"],
    )
    NUMBERS["int64[pyarrow]"] = (
        pd.array([7, None, 2**53 + 1], dtype="int64[pyarrow]"),
        ["7", "null", str(2**53 + 1)],
    )


@pytest.mark.parametrize("dtype", NUMBERS)
def test_doubles_are_written_as_repr_and_integers_as_integers(store: DataStore, dtype: str) -> None:
    values, expected = NUMBERS[dtype]
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.market.write_features(pd.DataFrame({"a@1": values}, index=times(3)), SYMBOL, TIMEFRAME)
    quality = {digits: "missing" if digits == "null" else "ready" for digits in expected}
    assert feature_texts(store) == [
        f'{{"a@1":{{"value":{digits},"quality":"{quality[digits]}"}}}}' for digits in expected
    ]


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "1e+16"),
        (123456789012345680.0, "1.2345678901234568e+17"),
        (9999999999999998.0, "9999999999999998.0"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-0.0, "-0.0"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2.2250738585072014e-308, "2.2250738585072014e-308"),
        (5, "5"),
        (np.float64(0.1), "0.1"),
        (np.int64(5), "5"),
        (None, "null"),
        (float("nan"), "null"),
    ],
)
def test_numbers_in_dicts_are_written_as_python_prints_them(
    store: DataStore, value: object, digits: str
) -> None:
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=[{"a@1": entry(value)}])
    assert feature_texts(store) == [f'{{"a@1":{{"value":{digits},"quality":"ready"}}}}']


@pytest.mark.parametrize(
    "digits",
    [
        *("1.10", "1E5", "1e+05", "0.1000000000000000055511151231257827", "-0", "-0.0", "0.0"),
        *("12345678901234567890", "1e308", "0e0", "123456789.000000000", "100000000000000000000.5"),
    ],
)
def test_numbers_in_json_text_are_stored_digit_for_digit(store: DataStore, digits: str) -> None:
    text = f'{{"a@1":{{"value":{digits},"quality":"ready"}}}}'
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=[text])
    assert feature_texts(store) == [text]
    assert store.market.read_features(SYMBOL, TIMEFRAME)["a@1", "value"].iloc[0] == float(digits)


def test_json_text_is_stored_compact(store: DataStore) -> None:
    text = (
        ' {\n "a@1" :\t{ "value" : 1.50 , "quality" : "ready" } ,\r\n"b@1":{"value":null,'
        ' "quality":"missing"}} '
    )
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=[text])
    assert feature_texts(store) == [
        '{"a@1":{"value":1.50,"quality":"ready"},"b@1":{"value":null,"quality":"missing"}}'
    ]
