# SPDX-License-Identifier: MIT
"""Strategy state: any JSON in, the same JSON out, one atomic compare-and-set."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import pytest

from data_store import DataStore
from data_store.errors import CorruptError, InvalidInputError

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**63 - 1, -(2**63), 0.1, -2.5, 1e-300, 5e-324),
    *("", "text", "1e5", "null", "true", "0x10", 'ñ📈\n\t"\\/', "\u2028", "'; DROP TABLE x; --"),
    *([], {}, [[]], [None], {"": None}, {"a": {"b": [1, 2.5, None, True, "x"]}}),
    *([2**70, -(2**70)], [0.1 + 0.2, 1e16, -0.0], {"big": 2**64, "small": 5e-324}),
    {'ñ\n"': [1], "a.b": 1, "$": 2},
]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_any_json_comes_back_as_it_was_set(store: DataStore, value: Any) -> None:
    store.state.set("key", value)
    found = store.state.get("key", "absent")
    assert found == value
    assert type(found) is type(value)
    assert store.state.items() == {"key": value}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2, "x")), [1, [2, "x"]]),
        (np.int64(5), 5),
        (np.uint8(5), 5),
        (np.float64(0.1), 0.1),
        (np.float32(0.1), float(np.float32(0.1))),
        ([np.int32(1), {"a": np.float64(2.5)}], [1, {"a": 2.5}]),
    ],
    ids=repr,
)
def test_tuples_are_lists_and_numpy_scalars_are_numbers(
    store: DataStore, value: Any, expected: Any
) -> None:
    store.state.set("key", value)
    assert store.state.get("key") == expected


@pytest.mark.parametrize("value", [3.0, -0.0, 0.0, -12.0, 1e15])
def test_a_whole_float_that_stands_alone_comes_back_as_the_equal_int(
    store: DataStore, value: float
) -> None:
    store.state.set("key", value)
    found = store.state.get("key")
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("value", [1e16, 1e22, 1e300, -1e19, 1.7976931348623157e308])
def test_a_very_large_float_that_stands_alone_stays_equal(store: DataStore, value: float) -> None:
    store.state.set("key", value)
    assert store.state.get("key") == value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30, 10**400], ids=lambda v: hex(v)[:9])
def test_an_integer_beyond_int64_is_refused_with_the_remedy(
    store: DataStore, contents: Any, value: int
) -> None:
    before = contents()
    with pytest.raises(InvalidInputError, match="list"):
        store.state.set("key", value)
    assert contents() == before


def test_digits_stay_inside_lists_and_objects(store: DataStore, rows: Any) -> None:
    store.state.set("key", [1.0, -0.0, 1e16, 10**30, {"a": 100.0}])
    found = store.state.get("key")
    assert repr(found) == "[1.0, -0.0, 1e+16, 1000000000000000000000000000000, {'a': 100.0}]"


REFUSED: list[Any] = [
    *(float("nan"), float("inf"), float("-inf"), [float("nan")], {"a": {"b": float("inf")}}),
    *(np.float64("nan"), [np.float32("inf")]),
]


@pytest.mark.parametrize("value", REFUSED, ids=repr)
def test_nan_and_infinity_are_refused(store: DataStore, contents: Any, value: Any) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        store.state.set("key", value)
    with pytest.raises(InvalidInputError):
        store.state.set_many({"good": 1, "key": value})
    with pytest.raises(InvalidInputError):
        store.state.compare_and_set("key", None, value)
    assert contents() == before


NO_JSON: list[Any] = [
    *(object(), {1, 2}, b"bytes", 2j, decimal.Decimal("1.5"), dt.datetime(2026, 3, 1), [object()]),
    *(pd.DataFrame({"a": [1]}), {"a": {("b", "c"): 1}}),
]


@pytest.mark.parametrize("value", NO_JSON, ids=lambda value: type(value).__name__)
def test_what_is_not_json_is_refused(store: DataStore, contents: Any, value: Any) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        store.state.set("key", value)
    assert contents() == before


def test_json_may_be_500_deep_and_no_deeper(store: DataStore) -> None:
    store.state.set("key", nested(500))
    assert store.state.get("key") == nested(500)
    with pytest.raises(InvalidInputError):
        store.state.set("key", nested(501))
    assert store.state.get("key") == nested(500)


def test_endless_values_are_refused(store: DataStore, contents: Any) -> None:
    before = contents()
    circular: list[Any] = []
    circular.append(circular)
    for value in (circular, nested(200_000)):
        with pytest.raises(InvalidInputError):
            store.state.set("key", value)
    assert contents() == before


def test_a_large_value_comes_back(store: DataStore) -> None:
    value = {"text": "ñ" * 2_000_000, "list": list(range(200_000))}
    store.state.set("key", value)
    assert store.state.get("key") == value


def test_an_absent_key_gives_the_default_and_a_stored_null_gives_none(store: DataStore) -> None:
    assert store.state.get("key") is None
    assert store.state.get("key", 7) == 7
    store.state.set("key", None)
    assert store.state.get("key", 7) is None
    assert store.state.keys() == ["key"]


def test_set_replaces(store: DataStore) -> None:
    store.state.set("key", {"a": 1, "b": 2})
    store.state.set("key", {"b": 3})
    assert store.state.get("key") == {"b": 3}


def test_delete_tells_whether_there_was_something(store: DataStore) -> None:
    store.state.set("key", None)
    assert store.state.delete("key") is True
    assert store.state.delete("key") is False
    assert store.state.get("key", "absent") == "absent"


def test_set_many_sets_all_or_none(store: DataStore, contents: Any) -> None:
    store.state.set_many({"a": 1, "b": [2], "c": None})
    assert store.state.items() == {"a": 1, "b": [2], "c": None}
    before = contents()
    for bad in ({"a": 9, "": 1}, {"a": 9, "x\x00": 1}, {"a": 9, "b": 2**63}):
        with pytest.raises(InvalidInputError):
            store.state.set_many(bad)
    store.state.set_many({})
    assert contents() == before


KEYS = ["a", "a%", "a.b", "a_", "aX", "b", "A", "ñ", "ñu", "📈", "'; --", "*", "a\nb", "Ω"]


@pytest.mark.parametrize("prefix", ["", "a", "a%", "a_", "A", "ñ", "%", "_", "*", "📈", "zz", "'"])
def test_a_prefix_is_plain_text(store: DataStore, prefix: str) -> None:
    store.state.set_many({key: position for position, key in enumerate(KEYS)})
    expected = sorted(key for key in KEYS if key.startswith(prefix))
    assert sorted(store.state.keys(prefix)) == expected
    assert store.state.items(prefix) == {key: KEYS.index(key) for key in expected}


@pytest.mark.parametrize("key", KEYS)
def test_any_text_may_be_a_key(store: DataStore, key: str) -> None:
    store.state.set("bystander", 1)
    store.state.set(key, [key])
    assert store.state.get(key) == [key]
    assert store.state.delete(key)
    assert store.state.items() == {"bystander": 1}


@pytest.mark.parametrize("key", ["", "a\x00b", "\ud800", "x" * 65_536], ids=lambda k: ascii(k[:4]))
def test_an_empty_broken_or_endless_key_is_refused(
    store: DataStore, contents: Any, key: str
) -> None:
    before = contents()
    state = store.state
    for call in (
        lambda: state.set(key, 1),
        lambda: state.get(key),
        lambda: state.delete(key),
        lambda: state.updated_at(key),
        lambda: state.compare_and_set(key, None, 1),
    ):
        with pytest.raises(InvalidInputError):
            call()
    assert contents() == before


@pytest.mark.parametrize("key", [1, None, b"a", 1.5], ids=repr)
def test_a_key_that_is_not_text_is_refused(store: DataStore, contents: Any, key: Any) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        store.state.set(key, 1)
    with pytest.raises(InvalidInputError):
        store.state.set_many({key: 1})
    assert contents() == before


def test_updated_at_is_when_the_key_was_written_last(store: DataStore, rows: Any) -> None:
    assert store.state.updated_at("key") is None
    for value in (1, 2):
        before = pd.Timestamp.now("UTC").floor("us")
        store.state.set("key", value)
        after = pd.Timestamp.now("UTC")
        found = store.state.updated_at("key")
        assert isinstance(found, pd.Timestamp)
        assert found.utcoffset() == dt.timedelta(0)
        assert before <= found <= after
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}(\d{3})?)?\+00:00"
    assert re.fullmatch(form, rows("SELECT updated_at FROM system_state")[0][0])


WRITTEN_BY_JSON_DUMPS: dict[str, Any] = {
    '{"cooldown": 3, "flags": ["a", "b"]}': {"cooldown": 3, "flags": ["a", "b"]},
    "1.5": 1.5,
    "3": 3,
    "3.0": 3,
    "true": True,
    "null": None,
    '"text"': "text",
    '"\\u00f1"': "ñ",
    " [1,\n 2] ": [1, 2],
}


@pytest.mark.parametrize("text", WRITTEN_BY_JSON_DUMPS)
def test_values_that_another_tool_wrote_are_read(store: DataStore, path: Path, text: str) -> None:
    now = "2026-03-01T15:00:00+00:00"
    database.query(path, "INSERT INTO system_state VALUES ('key', ?, ?)", text, now)
    found = store.state.get("key")
    assert found == WRITTEN_BY_JSON_DUMPS[text]
    assert store.state.updated_at("key") == pd.Timestamp(now)
    assert store.state.compare_and_set("key", found, "new")


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
@pytest.mark.parametrize("text", ["", "{", "nonsense", "[1,]", "'a'", "[" * 100_000, b"\xff\x00"])
def test_a_value_that_another_tool_broke_is_corruption_and_its_key_named(
    store: DataStore, path: Path, text: Any
) -> None:
    now = "2026-03-01T15:00:00+00:00"
    database.query(path, "INSERT INTO system_state VALUES ('cooldown', ?, ?)", text, now)
    with pytest.raises(CorruptError, match="cooldown"):
        store.state.get("cooldown")
    store.state.set("cooldown", 1)
    assert store.state.get("cooldown") == 1
