# SPDX-License-Identifier: MIT
"""Features of a bar that has some already; features that another tool broke."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import database
import numpy as np
import pandas as pd
import pytest
from calls import feature_texts
from frames import START, START_TEXT, SYMBOL, TIMEFRAME, bars, entry, same, times

from data_store import DataStore
from data_store.errors import CorruptError

Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]
Put = Callable[..., Any]

OLD = '{"a@1":{"value":1.10,"quality":"warmup"},"b@1":{"value":2,"quality":"ready"}}'


def by_write(store: DataStore, features: Any, *, replace: bool = False) -> None:
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=[features], replace=replace)


def by_write_bar(store: DataStore, features: Any, *, replace: bool = False) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, START, features=features, replace=replace)


def by_write_features(store: DataStore, features: Any, *, replace: bool = False) -> None:
    store.market.write_features({START: features}, SYMBOL, TIMEFRAME, replace=replace)


EVERY_DOOR = pytest.mark.parametrize("put", [by_write, by_write_bar, by_write_features])


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars, each with the features of OLD."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME, features=[OLD] * 3)
    return store


@EVERY_DOOR
def test_keys_not_mentioned_stay_to_the_digit(stored: DataStore, put: Put) -> None:
    put(stored, {"b@1": entry(7.0, "degraded"), "c@1": entry(None)})
    first, *others = feature_texts(stored)
    assert json.loads(first) == {
        "a@1": entry(1.1, "warmup"),
        "b@1": entry(7.0, "degraded"),
        "c@1": entry(None),
    }
    assert '"a@1":{"value":1.10,"quality":"warmup"}' in first
    assert others == [OLD, OLD]


@EVERY_DOOR
def test_a_mentioned_key_is_replaced_whole(stored: DataStore, put: Put) -> None:
    put(stored, {"a@1": entry(None, "missing")})
    assert json.loads(feature_texts(stored)[0]) == {
        "a@1": entry(None, "missing"),
        "b@1": entry(2),
    }


@EVERY_DOOR
def test_a_null_value_stays_in_the_json_as_null(stored: DataStore, put: Put) -> None:
    put(stored, {"a@1": entry(None)})
    assert '"a@1":{"value":null,"quality":"ready"}' in feature_texts(stored)[0]


@EVERY_DOOR
def test_the_same_key_in_another_version_is_another_key(stored: DataStore, put: Put) -> None:
    put(stored, {"a@2": entry(5), "A@1": entry(6), "a@1.0": entry(7)})
    found = json.loads(feature_texts(stored)[0])
    assert set(found) == {"a@1", "b@1", "a@2", "A@1", "a@1.0"}


@EVERY_DOOR
def test_a_key_is_the_same_however_its_json_spells_it(stored: DataStore, put: Put) -> None:
    put(stored, '{"\\u0061\\u00401":{"value":5,"quality":"ready"}}')
    assert json.loads(feature_texts(stored)[0]) == {"a@1": entry(5), "b@1": entry(2)}
    found = stored.market.read_features(SYMBOL, TIMEFRAME, START, START)
    assert list(found.columns.get_level_values(0).unique()) == ["a@1", "b@1"]


@EVERY_DOOR
def test_replace_leaves_exactly_the_features_given(stored: DataStore, put: Put) -> None:
    put(stored, {"c@1": entry(0.5)}, replace=True)
    assert feature_texts(stored) == ['{"c@1":{"value":0.5,"quality":"ready"}}', OLD, OLD]


@pytest.mark.parametrize("put", [by_write, by_write_features])
def test_none_for_a_bar_leaves_its_features_alone(
    stored: DataStore, contents: Contents, put: Put
) -> None:
    before = contents()
    put(stored, None)
    assert contents() == before


def test_write_features_with_replace_leaves_the_other_columns_alone(stored: DataStore) -> None:
    by_write_features(stored, {"c@1": entry(0.5)}, replace=True)
    same(stored.market.read(SYMBOL, TIMEFRAME), bars(3))


def test_a_wide_frame_merges_every_column_in_every_row(stored: DataStore) -> None:
    frame = pd.DataFrame({"b@1": [0.5, np.nan, 2.5], "c@1": [1, 2, 3]}, index=times(3))
    stored.market.write_features(frame, SYMBOL, TIMEFRAME)
    found = [json.loads(text) for text in feature_texts(stored)]
    assert [sorted(row) for row in found] == [["a@1", "b@1", "c@1"]] * 3
    assert [row["b@1"]["value"] for row in found] == [0.5, None, 2.5]
    assert [row["c@1"]["value"] for row in found] == [1, 2, 3]


def test_an_absent_entry_of_a_two_level_frame_keeps_what_is_stored(stored: DataStore) -> None:
    frame = stored.market.read_features(SYMBOL, TIMEFRAME)
    frame.iloc[0] = None
    stored.market.write_features(frame, SYMBOL, TIMEFRAME)
    assert json.loads(feature_texts(stored)[0]) == json.loads(OLD)


def test_rows_of_one_call_merge_one_after_the_other(stored: DataStore) -> None:
    features = pd.Series(
        [{"a@1": entry(1)}, {"c@1": entry(2)}, {"c@1": entry(3)}], index=times(1).take([0, 0, 0])
    )
    assert stored.market.write_features(features, SYMBOL, TIMEFRAME) == 3
    assert json.loads(feature_texts(stored)[0]) == {
        "a@1": entry(1),
        "b@1": entry(2),
        "c@1": entry(3),
    }


def test_features_that_another_tool_spelt_otherwise_merge(stored: DataStore, path: Any) -> None:
    spelt = json.dumps({"a@1": entry(1.5), "ñ@1": entry(None, "warmup")}, indent=2)
    assert "\\u00f1" in spelt
    database.query(path, "UPDATE market_data SET features = ?", spelt)
    by_write_features(stored, {"b@1": entry(2)})
    assert json.loads(feature_texts(stored)[0]) == {
        "a@1": entry(1.5),
        "ñ@1": entry(None, "warmup"),
        "b@1": entry(2),
    }
    assert stored.market.read_features(SYMBOL, TIMEFRAME)["a@1", "value"].tolist() == [1.5] * 3


BROKEN = [
    *("", "{", "nonsense", "[]", "1", '{"a@1":', OLD + "}", '{"a@1":{"value":1,"quality":"ready"}'),
    *("\x00", OLD + "\x00", b"\xff\xfe{}", "{" * 100_000),
]


def only_where_it_can_be_stored(text: Any) -> Any:
    """A column of JSON takes nothing that is not JSON."""
    try:
        json.loads(text)
    except ValueError:
        reason = pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
        return pytest.param(text, marks=reason)
    return text


@pytest.fixture(params=map(only_where_it_can_be_stored, BROKEN), ids=lambda text: ascii(text[:20]))
def broken(request: pytest.FixtureRequest, stored: DataStore, path: Any) -> DataStore:
    """The first of the three bars has features that are not a JSON object."""
    database.query(
        path,
        "UPDATE market_data SET features = ? WHERE timestamp = ?",
        request.param,
        START_TEXT,
    )
    return stored


def names_the_bar(error: BaseException) -> bool:
    return all(part in str(error) for part in (SYMBOL, TIMEFRAME, "2026-03-01T15:00:00"))


@EVERY_DOOR
def test_a_merge_into_broken_features_names_the_bar_and_rewrites_nothing(
    broken: DataStore, contents: Contents, put: Put
) -> None:
    before = contents()
    with pytest.raises(CorruptError) as caught:
        put(broken, {"c@1": entry(1)})
    assert names_the_bar(caught.value)
    assert contents() == before


def test_reading_broken_features_names_the_bar(broken: DataStore, contents: Contents) -> None:
    before = contents()
    market = broken.market
    for read in (
        lambda: market.read(SYMBOL, TIMEFRAME, features=True),
        lambda: market.read(SYMBOL, TIMEFRAME, features=["a@1"]),
        lambda: market.read_features(SYMBOL, TIMEFRAME),
        lambda: market.latest(SYMBOL, TIMEFRAME, 3, features=True),
        lambda: list(market.iter(SYMBOL, TIMEFRAME, features=True)),
    ):
        with pytest.raises(CorruptError) as caught:
            read()
        assert names_the_bar(caught.value)
    assert contents() == before


def test_broken_features_stand_in_nobodys_way_where_they_are_not_needed(
    broken: DataStore, contents: Contents
) -> None:
    same(broken.market.read(SYMBOL, TIMEFRAME), bars(3))
    kept = [row[-1] for row in contents()["market_data"]]
    broken.market.write(bars(3, base=9.0), SYMBOL, TIMEFRAME)
    broken.market.write_features({times(3)[1]: {"c@1": entry(1)}}, SYMBOL, TIMEFRAME)
    same(broken.market.read(SYMBOL, TIMEFRAME), bars(3, base=9.0))
    after = [row[-1] for row in contents()["market_data"]]
    assert (after[0], after[2]) == (kept[0], kept[2])
