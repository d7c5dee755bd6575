# SPDX-License-Identifier: MIT
"""The structure of features: what is refused, whole, with row, key and reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times

from data_store import DataStore
from data_store.errors import FeatureValidationError, InvalidInputError

Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]

GOOD = '{"good@1":{"value":1,"quality":"ready"}}'


def with_value(digits: str) -> str:
    return f'{{"a@1":{{"value":{digits},"quality":"ready"}}}}'


def with_quality(word: str) -> str:
    return f'{{"a@1":{{"value":1,"quality":{word}}}}}'


def with_key(key: str) -> str:
    return f'{{{key}:{{"value":1,"quality":"ready"}}}}'


BAD_VALUES = [
    *("true", "false", '"1"', '""', "[]", "[1]", "{}", '{"value":1}'),
    *("1e400", "-1e400", "1e99999999999999999999", "1" + "0" * 400, "1.7976931348623159e308"),
    *("NaN", "nan", "Infinity", "-Infinity", "inf", "None", "undefined"),
    *("01", "-01", "00", "+1", ".5", "1.", "-", "-.5", "1e", "1e+", "1.e5", "0x10", "1_000"),
    *("1,5", "1 2", "", "NULL", "nul", "nulll", "\u0661", "1\u00a0"),
]
BAD_QUALITIES = [
    *('"good"', '""', '"READY"', '"ready "', '" ready"', '"ready\\u0000"', "null", "1", "true"),
    *('["ready"]', '{"ready":1}', "ready", "'ready'", '"re', '"ready\\'),
]
BAD_KEYS = [
    *('"rsi"', '""', '"@"', '"@1"', '"rsi@"', '"rsi\uff201"', "rsi@1", "'rsi@1'", "1", "null"),
]
BAD_ENTRIES = [
    *('{"a@1":1}', '{"a@1":null}', '{"a@1":"ready"}', '{"a@1":[]}', '{"a@1":true}', '{"a@1":{}}'),
    *('{"a@1":{"value":1}}', '{"a@1":{"quality":"ready"}}', '{"a@1":[1,"ready"]}'),
    '{"a@1":{"value":1,"quality":"ready","extra":1}}',
    '{"a@1":{"Value":1,"quality":"ready"}}',
    '{"a@1":{"value":1,"quality ":"ready"}}',
]
TWICE = [
    '{"a@1":{"value":1,"quality":"ready"},"a@1":{"value":1,"quality":"ready"}}',
    '{"a@1":{"value":1,"quality":"ready"},"\\u0061@1":{"value":2,"quality":"ready"}}',
    '{"a@1":{"value":1,"value":1,"quality":"ready"}}',
    '{"a@1":{"value":1,"quality":"ready","quality":"ready"}}',
    '{"a@1":{"value":1,"v\\u0061lue":2,"quality":"ready"}}',
]
NO_KEY_TEXTS = [
    *('"a\\u0000@1"', '"\\ud800@1"', '"\\udc00\\ud800@1"', '"\\ud800\\u0041@1"', '"a@1'),
    *('"\\x@1"', '"\\u12@1"', '"\\u00g0@1"', '"a\n@1"', '"a\x1f@1"', '"\ud800@1"', '"a\x00@1"'),
    f'"{"k" * 65_535}@1"',
]
NO_JSON_OBJECT = [
    *("", " ", "{", "}", "[]", "1", '"a@1"', "true", "{}{}", "{} x", "{},", "[{}]", "nul", "{]"),
    *('{"a@1"}', '{"a@1":}', '{"a@1",1}', "{,}", "{:}", "{//\n}", "{/**/}", "\ufeff{}", "{}\x00"),
    with_value("1")[:-1],
    with_value("1") + "}",
    with_value("1")[:-1] + ",}",
    '{"a@1":{"value":1,"quality":"ready",}}',
    '{"a@1":{"value":1;"quality":"ready"}}',
    '{"a@1":{"value" 1,"quality":"ready"}}',
    "\u00a0{}",
    "\x0b{}",
    "[" * 100_000,
    '{"a@1":' * 100_000,
    with_value("[" * 100_000 + "]" * 100_000),
]
AGAINST_THE_RULES = [
    *map(with_value, BAD_VALUES),
    *map(with_quality, BAD_QUALITIES),
    *map(with_key, BAD_KEYS),
    *BAD_ENTRIES,
    *TWICE,
]
NO_TEXTS = [*map(with_key, NO_KEY_TEXTS), *NO_JSON_OBJECT]


def brief(text: str) -> str:
    return ascii(text if len(text) < 80 else f"{text[:30]}...{len(text)}")


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    store.market.write(bars(5), SYMBOL, TIMEFRAME, features=[GOOD] * 5)
    return store


def refused(stored: DataStore, contents: Contents, bad: Any) -> InvalidInputError:
    """Refused by every call that takes features, with nothing written; the error of a batch."""
    before = contents()
    rows = [None, GOOD, GOOD, bad, GOOD]
    by_time = dict(zip(times(5)[1:], rows[1:], strict=True))
    market = stored.market
    with pytest.raises(InvalidInputError):
        market.write_bar(SYMBOL, TIMEFRAME, START, close=9.0, features=bad)
    for replace in (False, True):
        with pytest.raises(InvalidInputError):
            market.write_features(by_time, SYMBOL, TIMEFRAME, replace=replace)
        with pytest.raises(InvalidInputError) as caught:
            market.write(bars(5, base=9), SYMBOL, TIMEFRAME, features=rows, replace=replace)
    assert contents() == before
    return caught.value


def refused_by_a_rule(stored: DataStore, contents: Contents, bad: Any) -> str | None:
    """As `refused`; the error has the row and the reason, and the key that is returned."""
    error = refused(stored, contents, bad)
    assert isinstance(error, FeatureValidationError)
    assert error.row == 3
    assert isinstance(error.reason, str)
    assert error.reason
    return error.key


@pytest.mark.parametrize("text", AGAINST_THE_RULES, ids=brief)
def test_json_text_against_the_rules_rejects_the_whole_call(
    stored: DataStore, contents: Contents, text: str
) -> None:
    refused_by_a_rule(stored, contents, text)


@pytest.mark.parametrize("text", NO_TEXTS, ids=brief)
def test_what_is_not_a_json_object_of_proper_text_rejects_the_whole_call(
    stored: DataStore, contents: Contents, text: str
) -> None:
    refused(stored, contents, text)


BAD_DICTS: dict[str, tuple[dict[Any, Any], str | None]] = {
    "a key without @": ({"rsi": entry(1)}, "rsi"),
    "a key without name": ({"@1": entry(1)}, "@1"),
    "a key without version": ({"rsi@": entry(1)}, "rsi@"),
    "an empty key": ({"": entry(1)}, ""),
    "an entry that is a number": ({"a@1": 1.5}, "a@1"),
    "an entry that is a list": ({"a@1": [1.5, "ready"]}, "a@1"),
    "no value": ({"a@1": {"quality": "ready"}}, "a@1"),
    "no quality": ({"a@1": {"value": 1.5}}, "a@1"),
    "a member too many": ({"a@1": {**entry(1), "at": 1}}, "a@1"),
    "a boolean": ({"a@1": entry(True)}, "a@1"),
    "a text": ({"a@1": entry("1.5")}, "a@1"),
    "a list": ({"a@1": entry([1.5])}, "a@1"),
    "infinity": ({"a@1": entry(float("inf"))}, "a@1"),
    "minus infinity": ({"a@1": entry(float("-inf"))}, "a@1"),
    "an integer past any double": ({"a@1": entry(10**400)}, "a@1"),
    "an unknown quality": ({"a@1": entry(1, "good")}, "a@1"),
    "a quality of None": ({"a@1": entry(1, None)}, "a@1"),
    "a bad entry after a good one": ({"a@1": entry(1), "b": entry(1)}, "b"),
}


@pytest.mark.parametrize("what", BAD_DICTS)
def test_a_bad_dict_rejects_the_whole_call_and_names_the_key(
    stored: DataStore, contents: Contents, what: str
) -> None:
    features, key = BAD_DICTS[what]
    assert refused_by_a_rule(stored, contents, features) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (with_value("true"), "a@1"),
        (with_quality('"good"'), "a@1"),
        (with_key('"rsi"'), "rsi"),
        ('{"b@1":{"value":1,"quality":"ready"},"a@1":7}', "a@1"),
    ],
)
def test_a_broken_rule_in_text_names_the_key(
    stored: DataStore, contents: Contents, text: str, key: str
) -> None:
    assert refused_by_a_rule(stored, contents, text) == key


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_an_infinity_in_a_wide_frame_names_row_and_key(
    stored: DataStore, contents: Contents, bad: float
) -> None:
    before = contents()
    frame = pd.DataFrame({"a@1": [1.0] * 5, "b@1": [1.0, 2.0, 3.0, bad, 5.0]}, index=times(5))
    with pytest.raises(FeatureValidationError) as caught:
        stored.market.write_features(frame, SYMBOL, TIMEFRAME)
    assert (caught.value.row, caught.value.key) == (3, "b@1")
    assert "b@1" in str(caught.value)
    assert contents() == before


@pytest.mark.parametrize("key", ["rsi", "@1", "rsi@", "@", ""])
def test_a_column_that_is_not_a_feature_key_is_refused_by_name(
    stored: DataStore, contents: Contents, key: str
) -> None:
    before = contents()
    frame = pd.DataFrame({"a@1": [1.0] * 5, key: [1.0] * 5}, index=times(5))
    with pytest.raises(FeatureValidationError) as caught:
        stored.market.write_features(frame, SYMBOL, TIMEFRAME)
    assert caught.value.key == key
    with pytest.raises(FeatureValidationError):
        stored.market.write(bars(5, base=9), SYMBOL, TIMEFRAME, features=frame)
    assert contents() == before


ACCEPTED = {
    "an @ in the version": (with_key('"a@b@c"'), "a@b@c", 1.0),
    "an escaped key": (with_key('"\\u0061\\/\\"@1"'), 'a/"@1', 1.0),
    "a surrogate pair": (with_key('"\\ud83d\\udcc8@1"'), "📈@1", 1.0),
    "an escaped quality": (with_quality('"re\\u0061dy"'), "a@1", 1.0),
    "quality first": ('{"a@1":{"quality":"ready","value":1}}', "a@1", 1.0),
    "escaped members": ('{"a@1":{"v\\u0061lue":1,"quality":"ready"}}', "a@1", 1.0),
    "the largest double": (with_value("1.7976931348623157e308"), "a@1", 1.7976931348623157e308),
    "the smallest double": (with_value("5e-324"), "a@1", 5e-324),
    "300 digits": (with_value("1" * 300), "a@1", float("1" * 300)),
    "a long fraction": (with_value("0." + "3" * 1000), "a@1", 1 / 3),
    "a long zero": (with_value("0." + "0" * 1000), "a@1", 0.0),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_what_the_rules_allow_is_taken(stored: DataStore, what: str) -> None:
    text, key, value = ACCEPTED[what]
    stored.market.write(bars(1), SYMBOL, TIMEFRAME, features=[text])
    found = stored.market.read_features(SYMBOL, TIMEFRAME, keys=[key]).iloc[0]
    assert (found[key, "value"], found[key, "quality"]) == (value, "ready")
    kept = stored.market.read(SYMBOL, TIMEFRAME, features="json")["features"].iloc[0]
    assert float(json.loads(kept)[key]["value"]) == value


def test_a_bar_may_have_very_many_features(store: DataStore) -> None:
    many = {f"feature_{number}@1": entry(number / 7) for number in range(5000)}
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=[many])
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar.features == many
