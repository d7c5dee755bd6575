# SPDX-License-Identifier: MIT
"""One bar's features from a dict: what is stored is what the same entry as JSON text gives."""

from __future__ import annotations

import enum
import json
import threading
from typing import Any

import database
import numpy as np
import pytest
from frames import START, START_TEXT, TIMEFRAME, entry, fresh
from hypothesis import given
from hypothesis import strategies as st

from data_store import DataStore
from data_store._in import plain_entry
from data_store.errors import FeatureValidationError, MissingBarError

QUALITIES = ["ready", "warmup", "degraded", "missing"]
numbers = st.one_of(
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False).map(np.float64),
    st.floats(-100, 100, width=32).map(np.float32),
    st.integers(-100, 100).map(np.int64),
)
keys = st.sampled_from([f"{name}@{version}" for name in "abcdé" for version in ("1", "1.0")])
entries = st.dictionaries(
    keys,
    st.builds(
        lambda value, word: {"value": value, "quality": word}, numbers, st.sampled_from(QUALITIES)
    ),
    min_size=1,
)
CELLS: dict[str, Any] = {
    "open": 1.0,
    "high": 2.0,
    "low": 0.5,
    "close": 1.5,
    "volume": 10.0,
    "source": "feed",
    "quality": "ok",
    "is_gap": False,
    "latency_sec": 0.25,
}


def as_json(features: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        return value.item() if isinstance(value, np.generic) else value

    members = {
        key: {"value": plain(member["value"]), "quality": member["quality"]}
        for key, member in features.items()
    }
    return json.dumps(members)


def stored(store: DataStore, symbol: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(["timestamp", *CELLS, "features"])
    statement = f"SELECT {columns} FROM market_data WHERE symbol = ?"
    return database.query(store.path, statement, symbol)


@given(written=st.lists(entries, min_size=1, max_size=4))
def test_a_dict_stores_what_its_json_stores(
    shared_store: DataStore, written: list[dict[str, Any]]
) -> None:
    market = shared_store.market
    by_dict, by_text, with_bar = fresh(), fresh(), fresh()
    for symbol in by_dict, by_text:
        market.write_bar(symbol, TIMEFRAME, START, **CELLS)
    for features in written:
        for _ in range(2):  # it goes in as columns from the second time on
            market.write_features({START: features}, by_dict, TIMEFRAME)
            market.write_bar(with_bar, TIMEFRAME, START, **CELLS, features=features)
        market.write_features({START: as_json(features)}, by_text, TIMEFRAME)
    assert stored(shared_store, by_dict) == stored(shared_store, by_text)
    assert stored(shared_store, with_bar) == stored(shared_store, by_text)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_is_null_or_not_carried(store: DataStore, name: str) -> None:
    features = {"a@1": entry(1.5)}
    without = {other: cell for other, cell in CELLS.items() if other != name}
    for round_ in range(2):
        symbols = [f"{kind}{round_}" for kind in ("null", "left out", "kept")]
        store.market.write_bar(
            symbols[0], TIMEFRAME, START, **{**CELLS, name: None}, features=features
        )
        store.market.write_bar(symbols[1], TIMEFRAME, START, **without, features=features)
        store.market.write_bar(symbols[2], TIMEFRAME, START, **CELLS)
        store.market.write_bar(symbols[2], TIMEFRAME, START, **without, features=features)
        rows = [
            dict(zip(["timestamp", *CELLS, "features"], stored(store, symbol)[0], strict=True))
            for symbol in symbols
        ]
        json_text = '{"a@1":{"value":1.5,"quality":"ready"}}'
        whole = {"timestamp": START_TEXT, **CELLS, "is_gap": 0, "features": json_text}
        empty = 0 if name == "is_gap" else None
        assert rows == [{**whole, name: empty}, {**whole, name: empty}, whole]


class Word(enum.StrEnum):
    READY = "ready"


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "features",
    [
        {"a@1": {"value": 1.5, "quality": Word.READY}},
        {Name("a@1"): {"quality": "ready", "value": 1.5}},
        {"a@1": {Name("value"): 1.5, "quality": "ready"}},
    ],
)
def test_texts_of_other_types_are_texts(store: DataStore, features: dict[Any, Any]) -> None:
    store.market.write_bar("A", TIMEFRAME, START, **CELLS)
    for _ in range(3):
        store.market.write_features({START: features}, "A", TIMEFRAME)
        assert stored(store, "A")[0][-1] == '{"a@1":{"value":1.5,"quality":"ready"}}'


@pytest.mark.parametrize(
    ("features", "key"),
    [
        ({"a@1": entry(1.0), "b": entry(1.0)}, "b"),
        ({"a@1": entry(float("inf"))}, "a@1"),
        ({"a@1": entry(True)}, "a@1"),
        ({"a@1": entry("1")}, "a@1"),
        ({"a@1": entry(1.0, "good")}, "a@1"),
        ({"a@1": entry(1.0, None)}, "a@1"),
        ({"a@1": entry(1.0, [])}, "a@1"),
        ({"a@1": {"value": 1.0}}, "a@1"),
        ({"a@1": {"value": 1.0, "quality": "ready", "more": 1}}, "a@1"),
        ({"a@1": {"value": 1.0, "qualiti": "ready"}}, "a@1"),
        ({"a@1": 1.0}, "a@1"),
        ({"a@1": [1.0, "ready"]}, "a@1"),
    ],
)
def test_what_is_wrong_is_refused_however_often_it_comes(
    store: DataStore, features: dict[Any, Any], key: str
) -> None:
    store.market.write_bar("A", TIMEFRAME, START, **CELLS)
    before = stored(store, "A")
    for _ in range(3):
        with pytest.raises(FeatureValidationError) as caught:
            store.market.write_features({START: features}, "A", TIMEFRAME)
        assert (caught.value.row, caught.value.key) == (0, key)
        with pytest.raises(FeatureValidationError) as caught:
            store.market.write_bar("A", TIMEFRAME, START, **CELLS, features=features)
        assert (caught.value.row, caught.value.key) == (0, key)
    assert stored(store, "A") == before


def test_a_bar_that_is_not_stored_is_missed(store: DataStore) -> None:
    for _ in range(3):
        with pytest.raises(MissingBarError, match="A 1h"):
            store.market.write_features({START: {"a@1": entry(1.0)}}, "A", TIMEFRAME)


def test_replace_replaces_the_features_whole(store: DataStore) -> None:
    for _ in range(3):
        store.market.write_bar("A", TIMEFRAME, START, **CELLS, features={"a@1": entry(1.0)})
        store.market.write_features({START: {"b@1": entry(2)}}, "A", TIMEFRAME, replace=True)
        assert stored(store, "A")[0][-1] == '{"b@1":{"value":2,"quality":"ready"}}'
        store.market.write_bar(
            "A", TIMEFRAME, START, **CELLS, features={"c@1": entry(3.0)}, replace=True
        )
        assert stored(store, "A")[0][-1] == '{"c@1":{"value":3.0,"quality":"ready"}}'


def test_an_entry_without_features_says_so(store: DataStore) -> None:
    for _ in range(3):
        store.market.write_bar("A", TIMEFRAME, START, **CELLS, features={})
        assert stored(store, "A")[0][-1] == "{}"


def test_threads_have_memory_of_their_own(store: DataStore) -> None:
    symbols = [f"S{number}" for number in range(4)]

    def write(symbol: str, value: float) -> None:
        for _ in range(100):
            store.market.write_bar(
                symbol, TIMEFRAME, START, **CELLS, features={"a@1": entry(value)}
            )

    threads = [
        threading.Thread(target=write, args=(symbol, float(number)))
        for number, symbol in enumerate(symbols)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, symbol in enumerate(symbols):
        [row] = stored(store, symbol)
        assert json.loads(row[-1]) == {"a@1": entry(float(number))}


def test_what_is_kept_stays_within_bounds(store: DataStore) -> None:
    store.market.write_bar("A", TIMEFRAME, START, **CELLS)
    for number in range(400):
        for _ in range(2):
            store.market.write_features({START: {f"k{number}@1": entry(1.0)}}, "A", TIMEFRAME)
    assert 0 < len(plain_entry._layouts) <= plain_entry._MOST_LAYOUTS
    assert len(plain_entry._seen) <= plain_entry._MOST_SEEN
    assert len(json.loads(stored(store, "A")[0][-1])) == 400
