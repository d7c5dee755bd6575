# SPDX-License-Identifier: MIT
"""Features for some of the bars of a call: the other bars' are left alone, in every input form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import SYMBOL, TIMEFRAME, bars, entry, fresh, times, two_level
from hypothesis import given
from hypothesis import strategies as st

from data_store import DataStore
from data_store.errors import InvalidInputError

COUNT = 4
KEYS = ("a@1", "b@2")
WORDS = ("ready", "warmup", "degraded", "missing")

Value = float | int | None
Given = dict[int, dict[str, dict[str, Any]]]
"""By row of the bars: the features that a call gives for it; a row that is not there has none."""


def by_value(value: Value) -> str:
    return "missing" if value is None else "ready"


numbers = st.none() | st.sampled_from([0.5, -2.0, 3.25])
integers = st.integers(-5, 5)


@st.composite
def wide(draw: st.DrawFn) -> tuple[pd.DataFrame, Given]:
    """A frame without a quality; a row of it has a value, or null, for each key."""
    kept = draw(st.lists(st.integers(0, COUNT - 1), unique=True))
    values: st.SearchStrategy[Any] = draw(st.sampled_from([numbers, integers]))
    dtype = "float64" if values is numbers else draw(st.sampled_from(["int64", "Int64", "object"]))
    table = {key: [draw(values) for _ in kept] for key in KEYS}
    frame = pd.DataFrame(table, index=times(COUNT)[kept], dtype=object).astype(dtype)
    if draw(st.booleans()):
        frame = frame.reset_index()
    expected = {
        row: {key: entry(table[key][place], by_value(table[key][place])) for key in KEYS}
        for place, row in enumerate(kept)
    }
    return frame, expected


entries = st.builds(entry, numbers, st.sampled_from(WORDS))


@st.composite
def rows_of_entries(draw: st.DrawFn) -> Given:
    kept = draw(st.lists(st.integers(0, COUNT - 1), unique=True))
    given: Given = {}
    for row in kept:
        given[row] = {key: draw(entries) for key in KEYS if draw(st.booleans())}
    return given


@st.composite
def two_levels(draw: st.DrawFn) -> tuple[pd.DataFrame, Given]:
    expected = draw(rows_of_entries())
    frame = two_level(
        {
            key: tuple(
                [expected.get(row, {}).get(key, entry(None, None))[member] for row in range(COUNT)]
                for member in ("value", "quality")
            )
            for key in KEYS
        }
    )
    for key in KEYS:
        frame[key, "value"] = frame[key, "value"].astype("float64")
    return frame.iloc[list(expected)], {row: given for row, given in expected.items() if given}


@st.composite
def one_by_one(draw: st.DrawFn) -> tuple[Any, Given]:
    """A Series, a mapping, or a list by position."""
    expected = draw(rows_of_entries())
    texts = {row: given if given else None for row, given in expected.items()}
    form = draw(st.sampled_from(["Series", "mapping", "list"]))
    if form == "list":
        features: Any = [texts.get(row) for row in range(COUNT)]
    else:
        features = {times(COUNT)[row]: given for row, given in texts.items()}
        if form == "Series":
            index = pd.DatetimeIndex(list(features), dtype="datetime64[ns, UTC]")
            features = pd.Series(list(features.values()), index, dtype=object)
    return features, {row: given for row, given in expected.items() if given}


def stored(store: DataStore, symbol: str, timeframe: str = TIMEFRAME) -> Given:
    frame = store.market.read_features(symbol, timeframe)
    found: Given = {}
    for row in range(len(frame)):
        for key in dict.fromkeys(frame.columns.get_level_values(0)):
            value, quality = frame[key, "value"].iloc[row], frame[key, "quality"].iloc[row]
            if pd.notna(quality):
                plain = None if math.isnan(value) else value
                found.setdefault(row, {})[key] = entry(plain, quality)
    return found


@given(
    calls=st.lists(
        st.tuples(wide() | two_levels() | one_by_one(), st.booleans()), min_size=1, max_size=4
    )
)
def test_writes_for_some_bars_are_those_of_a_dict(shared_store: DataStore, calls: Any) -> None:
    symbol = fresh()
    model: Given = {}
    for (features, new), replace in calls:
        shared_store.market.write(
            bars(COUNT), symbol, TIMEFRAME, features=features, replace=replace
        )
        if replace:
            model = {}
        for row, features_of_row in new.items():
            model.setdefault(row, {}).update(features_of_row)
        assert stored(shared_store, symbol) == model


@given(calls=st.lists(st.tuples(wide(), st.booleans(), st.sampled_from([None, *WORDS]))))
def test_wide_frames_alone_are_those_of_a_dict(shared_store: DataStore, calls: Any) -> None:
    symbol = fresh()
    shared_store.market.write(bars(COUNT), symbol, TIMEFRAME)
    model: Given = {}
    for (features, expected), replace, word in calls:
        quality: Any = word
        if word is not None and "timestamp" not in features:
            quality = pd.DataFrame(word, features.index, features.columns)
        shared_store.market.write_features(
            features, symbol, TIMEFRAME, quality=quality, replace=replace
        )
        for row, features_of_row in expected.items():
            new = {
                key: entry(one["value"], word or one["quality"])
                for key, one in features_of_row.items()
            }
            model[row] = new if replace else {**model.get(row, {}), **new}
        assert stored(shared_store, symbol) == model


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_a_cross_section_of_which_some_symbols_have_features(
    store: DataStore, dtype: str, replace: bool
) -> None:
    index = pd.MultiIndex.from_product([["A", "B", "C"], times(1)], names=["symbol", "timestamp"])
    frame = pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=index)
    whole = pd.DataFrame({"a@1": np.array([1, 2, 3], dtype)}, index=index)
    store.market.write(frame, None, TIMEFRAME, features=whole)
    store.market.write(frame, None, TIMEFRAME, features=whole.loc[["B"]] * 10, replace=replace)
    others = {} if replace else {0: {"a@1": entry(1.0)}}
    assert stored(store, "A") == others
    assert stored(store, "B") == {0: {"a@1": entry(20.0)}}
    assert stored(store, "C") == ({} if replace else {0: {"a@1": entry(3.0)}})


@pytest.mark.parametrize("names", [["symbol"], ["timeframe"], ["symbol", "timeframe"]])
@pytest.mark.parametrize("form", ["frame", "Series", "mapping"])
def test_features_that_do_not_say_which_of_several_series_are_refused(
    store: DataStore, contents: Any, names: list[str], form: str
) -> None:
    frame = pd.concat([bars(2).assign(**dict.fromkeys(names, name)) for name in ("1h", "4h")])
    wide_frame = pd.DataFrame({"a@1": [1.0, 2.0]}, index=times(2))
    dicts = [{"a@1": entry(1.0)}, {"a@1": entry(2.0)}]
    features: Any = {
        "frame": wide_frame,
        "Series": pd.Series(dicts, times(2)),
        "mapping": dict(zip(times(2), dicts, strict=True)),
    }[form]
    arguments = {"symbol": SYMBOL, "timeframe": TIMEFRAME, **dict.fromkeys(names)}
    before = contents()
    with pytest.raises(InvalidInputError, match=f"several {names[0]}s") as caught:
        store.market.write(frame, **arguments, features=features)
    assert f"({', '.join(names)}, timestamp)" in str(caught.value)
    assert contents() == before


def test_features_of_a_missing_symbol_make_no_bars(store: DataStore) -> None:
    frame = bars(2).assign(symbol=SYMBOL)
    features = pd.DataFrame({"symbol": [SYMBOL, None], "a@1": [1.0, 2.0]}, index=times(2))
    with pytest.raises(InvalidInputError, match="row 1"):
        store.market.write(frame, None, TIMEFRAME, features=features)


@pytest.mark.parametrize("count", [1, 3, 200])
@pytest.mark.parametrize("form", ["Series", "mapping"])
def test_none_leaves_a_bars_features_alone_also_with_replace(
    store: DataStore, form: str, count: int
) -> None:
    index = times(count)
    store.market.write(bars(count), SYMBOL, TIMEFRAME)
    first = pd.DataFrame({"a@1": np.arange(float(count))}, index=index)
    store.market.write_features(first, SYMBOL, TIMEFRAME)
    new = [None if row % 2 == 0 else {"b@1": entry(float(row))} for row in range(count)]
    series = pd.Series(new, index, dtype=object)
    features: Any = series if form == "Series" else dict(series.items())
    assert store.market.write_features(features, SYMBOL, TIMEFRAME, replace=True) == count
    assert stored(store, SYMBOL) == {
        row: {"a@1" if given is None else "b@1": entry(float(row))} for row, given in enumerate(new)
    }
    # With whole bars there is nothing to keep: what is not passed is gone.
    store.market.write(bars(count), SYMBOL, TIMEFRAME, features=features, replace=True)
    assert stored(store, SYMBOL) == {
        row: given for row, given in enumerate(new) if given is not None
    }


def test_a_row_of_a_frame_without_features_has_none_with_replace(store: DataStore) -> None:
    for symbol in ("A", "B"):
        store.market.write(bars(3), symbol, TIMEFRAME)
    source = two_level({"a@1": ([1.0, np.nan, 3.0], ["ready", None, "ready"])})
    store.market.write_features(source, "A", TIMEFRAME)
    store.market.write_features(pd.DataFrame({"z@1": [1.0] * 3}, times(3)), "B", TIMEFRAME)
    store.market.write_features(
        store.market.read_features("A", TIMEFRAME), "B", TIMEFRAME, replace=True
    )
    assert stored(store, "B") == stored(store, "A")


@pytest.mark.parametrize("chunk", [1, 2, 3, 50])
@pytest.mark.parametrize(
    "foreign",
    [
        False,
        pytest.param(True, marks=pytest.mark.sqlite_only("get_connection() is sqlite3's")),
    ],
)
def test_a_chunk_has_the_keys_that_are_in_it(store: DataStore, chunk: int, foreign: bool) -> None:
    store.market.write(bars(120), SYMBOL, TIMEFRAME)
    given = {
        times(120)[row]: {f"{key}@1": entry(None if row % 2 else 1.0)}
        for row, key in ((0, "a"), (1, "b"), (2, "c"), (49, "d"), (50, "e"), (99, "f"))
    }
    store.market.write_features(given, SYMBOL, TIMEFRAME)
    if foreign:
        with store.get_connection() as connection:
            connection.execute("UPDATE market_data SET timestamp = replace(timestamp, 'T', ' ')")
            connection.commit()
    place = 0
    for frame in store.market.iter(SYMBOL, TIMEFRAME, features=True, columns=[], chunk=chunk):
        part = times(120)[place : place + len(frame)]
        expected = {key for time in part for key in given.get(time, {})}
        assert frame.columns.tolist() == sorted(expected)
        place += len(frame)
    assert place == 120
