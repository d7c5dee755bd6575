# SPDX-License-Identifier: MIT
"""Names are bytes: two texts are the same name if their bytes are the same, in every call."""

from __future__ import annotations

import json
from typing import Any

import database
import numpy as np
import pandas as pd
import pytest
from frames import START, TIMEFRAME, bars, column, entry, times
from hypothesis import example, given
from hypothesis import strategies as st
from names import ALIKE, GLUED, keys, names, new_store, series

from data_store import DataStore, InvalidInputError

Model = dict[tuple[str, str], list[float]]


def closes(name: tuple[str, str], place: int) -> list[float]:
    """Closes that no other series of the example has: of each series another number of bars."""
    return [100.0 * place + row for row in range(place % 4 + 1)]


def write_together(store: DataStore, model: Model) -> None:
    """One frame that names its rows' series itself."""
    parts = [
        pd.DataFrame(
            {
                "symbol": symbol,
                "timeframe": timeframe,
                "timestamp": times(len(values)),
                "close": values,
            }
        )
        for (symbol, timeframe), values in model.items()
    ]
    if parts:
        frame = pd.concat(parts, ignore_index=True).sample(frac=1, random_state=1)
        assert store.market.write(frame, None, None) == len(frame)


def write_apart(store: DataStore, name: tuple[str, str], values: list[float], way: str) -> None:
    frame = pd.DataFrame({"close": values}, index=times(len(values)))
    if way == "frame":
        store.market.write(frame, *name)
    for row, close in enumerate(values):
        if way == "one row":
            store.market.write(frame.iloc[[row]], *name)
        elif way == "bar":
            store.market.write_bar(*name, frame.index[row], close=close)


def check_bars(store: DataStore, model: Model) -> None:
    """Every reading call gives what the model has, and nothing of a name that is like it."""
    market = store.market
    for counts in (True, False):
        inventory = market.series(counts)
        assert list(zip(inventory.symbol, inventory.timeframe, strict=True)) == sorted(model)
    assert market.series().bars.tolist() == [len(model[name]) for name in sorted(model)]
    for name, values in model.items():
        assert market.read(*name).close.tolist() == values
        assert market.read(*name, START, START).close.tolist() == values[:1]
        assert market.latest(*name, 2).close.tolist() == values[-2:]
        latest = market.latest_bar(*name)
        assert latest is not None
        assert latest.close == values[-1]
        assert [close for chunk in market.iter(*name, chunk=2) for close in chunk.close] == values
    for timeframe in {timeframe for _, timeframe in model}:
        symbols = [symbol for symbol, other in model if other == timeframe]
        expected = [(symbol, close) for symbol in symbols for close in model[symbol, timeframe]]
        for frame in (
            market.read(symbols, timeframe),
            pd.concat(market.iter(symbols, timeframe)),
            market.latest(symbols, timeframe, 10),
        ):
            found = zip(frame.index.get_level_values("symbol"), frame.close, strict=True)
            assert list(found) == expected


@given(
    given_names=st.lists(series, min_size=1, max_size=8, unique=True),
    ways=st.lists(st.sampled_from(["together", "frame", "one row", "bar"]), min_size=8, max_size=8),
)
@example(given_names=GLUED, ways=["bar"] * 8)
@example(given_names=[(name, TIMEFRAME) for name in ALIKE[:8]], ways=["together"] * 8)
def test_series_of_names_that_are_alike_are_kept_apart(
    given_names: list[tuple[str, str]], ways: list[str]
) -> None:
    model = {name: closes(name, place) for place, name in enumerate(given_names, 1)}
    way_of = dict(zip(model, ways, strict=False))
    with new_store() as store:
        write_together(store, {name: model[name] for name in model if way_of[name] == "together"})
        for name, values in model.items():
            write_apart(store, name, values, way_of[name])
        check_bars(store, model)
        # What is changed in one, the others do not have.
        changed = given_names[0]
        model[changed] = [-1.0, *model[changed][1:]]
        store.market.write_bar(*changed, START, close=-1.0)
        check_bars(store, model)
        for name in given_names:
            assert store.market.delete(*name) == len(model.pop(name))
            assert store.market.latest_bar(*name) is None
            check_bars(store, model)
        assert store.check() == []


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
@given(given_names=st.lists(series, min_size=2, max_size=6, unique=True))
@example(given_names=GLUED)
def test_what_is_known_of_one_series_is_not_taken_for_another(
    given_names: list[tuple[str, str]],
) -> None:
    """The caches of where other tools' timestamps are: one name has such a bar, the others none."""
    foreign = given_names[-1]
    with new_store() as store:
        for name in given_names:
            store.market.write_bar(*name, START - pd.Timedelta("1h"), close=1.0)
        database.put_bar(store.path, *foreign, "2026-03-01T16:00:00+01:00", close=2.0)
        window = START, START + pd.Timedelta("30min")
        for name in given_names:
            expected = 2.0 if name == foreign else 1.0
            assert len(store.market.read(*name, *window)) == (name == foreign)
            assert store.market.latest(*name).close.tolist() == [expected]
            latest = store.market.latest_bar(*name)
            assert latest is not None
            assert latest.close == expected
        assert [store.market.delete(*name, *window) for name in given_names] == [
            int(name == foreign) for name in given_names
        ]


# ---- Features -------------------------------------------------------------------------------


def write_feature(store: DataStore, symbol: str, key: str, value: float, form: str) -> None:
    market, time = store.market, times(1)
    if form == "wide":
        market.write_features(pd.DataFrame({key: [value]}, index=time), symbol, TIMEFRAME)
    elif form == "two levels":
        labels = pd.MultiIndex.from_tuples([(key, "value"), (key, "quality")])
        frame = pd.DataFrame([[value, "ready"]], index=time, columns=labels)
        market.write_features(frame.astype({(key, "value"): float}), symbol, TIMEFRAME)
    elif form == "mapping":
        market.write_features({time[0]: {key: entry(value)}}, symbol, TIMEFRAME)
    elif form == "text":
        market.write_features({time[0]: json.dumps({key: entry(value)})}, symbol, TIMEFRAME)
    elif form == "bar":
        market.write_bar(symbol, TIMEFRAME, time[0], features={key: entry(value)})
    else:
        market.write(column("close", [1.0]), symbol, TIMEFRAME, features=[{key: entry(value)}])


FORMS = ["wide", "two levels", "mapping", "text", "bar", "list"]


@given(
    given_keys=st.lists(keys, min_size=1, max_size=8, unique=True),
    forms=st.lists(st.sampled_from(FORMS), min_size=8, max_size=8),
)
@example(given_keys=[f"{name}@1" for name in ALIKE[:8]], forms=[*FORMS, "wide", "text"])
def test_features_of_keys_that_are_alike_are_kept_apart(
    given_keys: list[str], forms: list[str]
) -> None:
    model = {key: float(place) for place, key in enumerate(given_keys)}
    with new_store() as store:
        market = store.market
        market.write(column("close", [1.0]), "S", TIMEFRAME)
        for (key, value), form in zip(model.items(), forms, strict=False):
            write_feature(store, "S", key, value, form)
        # All at once, as one frame and as one text.
        market.write(column("close", [1.0]), "T", TIMEFRAME)
        market.write_features(pd.DataFrame(model, index=times(1)), "T", TIMEFRAME)
        market.write_bar(
            "U", TIMEFRAME, START, features={key: entry(value) for key, value in model.items()}
        )
        for symbol in ("S", "T", "U"):
            found = market.read_features(symbol, TIMEFRAME)
            assert list(found.columns) == [
                (key, member) for key in sorted(model) for member in ("value", "quality")
            ]
            values = found.xs("value", axis=1, level=1).iloc[0]
            assert values.to_dict() == model
            for asked in (given_keys, given_keys[::-1], given_keys[:1]):
                frame = market.read(symbol, TIMEFRAME, columns=[], features=asked)
                assert frame.iloc[0].to_dict() == {key: model[key] for key in asked}
                assert list(frame.columns) == asked
            stored = market.read(symbol, TIMEFRAME, features="json").features.iloc[0]
            expected = {key: entry(value) for key, value in model.items()}
            assert json.loads(stored) == expected
            latest = market.latest_bar(symbol, TIMEFRAME)
            assert latest is not None
            assert latest.features == expected


# ---- Texts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
@given(texts=st.lists(names | st.just("") | st.none(), min_size=1, max_size=20))
def test_texts_that_are_alike_come_back_as_they_were(dtype: str, texts: list[str | None]) -> None:
    frame = pd.DataFrame({"close": 1.0}, index=times(len(texts)))
    frame["source"] = pd.Series(texts, frame.index, dtype="object").astype(dtype)  # type: ignore[call-overload]
    frame["quality"] = frame["source"].iloc[::-1].to_numpy()
    with new_store() as store:
        store.market.write(frame, "S", TIMEFRAME)
        found = store.market.read("S", TIMEFRAME)
        given_texts = [np.nan if text is None else text for text in texts]
        pd.testing.assert_series_equal(
            found.source, pd.Series(given_texts, found.index, dtype="str"), check_names=False
        )
        assert found.quality.dropna().tolist() == [text for text in texts[::-1] if text is not None]
        distinct = store.sql("SELECT count(DISTINCT source) AS n FROM market_data").n[0]
        assert distinct == len({text for text in texts if text is not None})


# ---- Requests -------------------------------------------------------------------------------


@given(
    given_names=st.lists(series, min_size=1, max_size=8, unique=True),
    notes=st.lists(names, min_size=8, max_size=8),
)
@example(given_names=GLUED, notes=list(ALIKE[:8]))
def test_requests_of_names_that_are_alike_are_kept_apart(
    given_names: list[tuple[str, str]], notes: list[str]
) -> None:
    model = dict(zip(given_names, notes, strict=False))
    with new_store() as store:
        for _ in range(2):  # the second time each finds its own
            for name, note in model.items():
                store.market.record_request(
                    *name, provider_used=note, start_ts=START, end_ts=START, requested_at=START,
                    notes=note,
                )  # fmt: skip
        found = store.market.requests()
        assert list(zip(found.symbol, found.timeframe, strict=True)) == sorted(model)
        assert found.notes.tolist() == [model[name] for name in sorted(model)]
        assert found.provider_used.tolist() == found.notes.tolist()
        for name, note in model.items():
            assert store.market.requests(*name).notes.tolist() == [note]
            symbols = store.market.requests(symbol=name[0])
            assert symbols.timeframe.tolist() == sorted(t for s, t in model if s == name[0])
            timeframes = store.market.requests(timeframe=name[1])
            assert timeframes.symbol.tolist() == sorted(s for s, t in model if t == name[1])


# ---- The same name twice is still refused, or taken once ----------------------------------------


def test_a_name_that_is_asked_for_twice_is_taken_once(store: DataStore) -> None:
    store.market.write(bars(1), "e\u0301", TIMEFRAME)
    assert len(store.market.read(["e\u0301", "\u00e9", "e\u0301"], TIMEFRAME)) == 1


def test_a_key_given_twice_is_refused_and_one_like_it_is_not(store: DataStore) -> None:
    store.market.write(bars(1), "S", TIMEFRAME)
    one = '"e\u0301@1":{"value":1,"quality":"ready"}'
    other = '"\\u00e9@1":{"value":2,"quality":"ready"}'
    store.market.write_features({START: f"{{{one},{other}}}"}, "S", TIMEFRAME)
    escaped = one.replace("e\u0301", "\\u0065\\u0301")
    with pytest.raises(InvalidInputError, match="twice"):
        store.market.write_features({START: f"{{{one},{escaped}}}"}, "S", TIMEFRAME)
    found: Any = store.market.read_features("S", TIMEFRAME)
    assert found["e\u0301@1", "value"].tolist() == [1.0]
    assert found["\u00e9@1", "value"].tolist() == [2.0]
