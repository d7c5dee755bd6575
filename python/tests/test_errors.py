# SPDX-License-Identifier: MIT
"""Error classes, and messages that say what, where and what to do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import pytest
from frames import START, START_TEXT, TIMEFRAME, bars, column, entry, times

import data_store
from data_store import DataStore, errors
from data_store.errors import (
    BusyError,
    ClosedError,
    CorruptError,
    DataStoreError,
    FeatureValidationError,
    InvalidInputError,
    MissingBarError,
    SchemaError,
    StorageError,
)

SYMBOL = "XAUUSD"
"""Nothing else in a message looks like this."""
PICKLES = [
    lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
]


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (DataStoreError, [Exception]),
        (InvalidInputError, [DataStoreError, ValueError]),
        (FeatureValidationError, [InvalidInputError, DataStoreError, ValueError]),
        (MissingBarError, [DataStoreError, KeyError]),
        (BusyError, [DataStoreError, TimeoutError]),
        (StorageError, [DataStoreError, OSError]),
        (CorruptError, [DataStoreError]),
        (SchemaError, [DataStoreError]),
        (ClosedError, [DataStoreError]),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_errors_may_be_caught_by_their_class_or_by_the_builtin_one(
    kind: type, parents: list[type]
) -> None:
    assert all(issubclass(kind, parent) for parent in parents)


NAMES = [
    "DataStoreError", "InvalidInputError", "FeatureValidationError", "MissingBarError", "BusyError",
    "StorageError", "CorruptError", "SchemaError", "ClosedError", "QueryTimeoutError",
    "InterruptedCallError", "InvalidTypeError", "LibraryError", "OutOfMemoryError",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_error_imports_from_the_package_and_from_its_errors(name: str) -> None:
    assert getattr(data_store, name) is getattr(errors, name)
    assert name in data_store.__all__
    assert name in errors.__all__


def test_no_error_is_there_that_these_tests_do_not_know() -> None:
    assert sorted(errors.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("carry", [copy.copy, copy.deepcopy, *PICKLES], ids=str)
def test_errors_keep_their_attributes_on_the_way_to_another_process(
    name: str, carry: Callable[[Any], Any]
) -> None:
    details = {"row": 3, "key": "a@1", "reason": "no number"}
    wanted = details if name == "FeatureValidationError" else {}
    error = getattr(errors, name)("EURUSD 1h: what to do", sqlite_code=1555, **wanted)
    error.add_note("and a note")
    carried = carry(error)
    assert type(carried) is type(error)
    assert (str(carried), carried.message) == ("EURUSD 1h: what to do", error.message)
    assert carried.sqlite_code == 1555
    assert {name: getattr(carried, name) for name in wanted} == wanted
    assert carried.__notes__ == ["and a note"]


def refused_in_a_worker(path: str) -> None:
    with DataStore(path) as store:
        store.market.write(bars(2), SYMBOL, TIMEFRAME, features=[None, {"a@1": entry("high")}])


def test_a_process_pool_delivers_an_error_as_it_was_raised(path: Path) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        error = pool.submit(refused_in_a_worker, str(path)).exception()
    assert type(error) is FeatureValidationError
    assert (error.row, error.key) == (1, "a@1")
    assert error.reason in str(error)


def test_every_error_of_the_package_has_one_root() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    ours = [kind for kind in kinds if issubclass(kind, BaseException)]
    assert ours
    assert all(issubclass(kind, DataStoreError) for kind in ours)


def with_object(name: str, row: int, value: object) -> pd.DataFrame:
    frame = bars(30).astype({name: "object"})
    frame.iloc[row, frame.columns.get_loc(name)] = value
    return frame


WHERE: dict[str, tuple[Callable[[DataStore], Any], list[str]]] = {
    "numeric text": (
        lambda store: store.market.write(with_object("high", 23, "1.5"), SYMBOL, TIMEFRAME),
        ["high", "23"],
    ),
    "bool in a price": (
        lambda store: store.market.write(column("low", [True]), SYMBOL, TIMEFRAME),
        ["low", "bool"],
    ),
    "a large integer": (
        lambda store: store.market.write(
            column("volume", [1] * 23 + [2**53 + 1]), SYMBOL, TIMEFRAME
        ),
        ["volume", "23"],
    ),
    "a number in a text column": (
        lambda store: store.market.write(with_object("source", 23, 1), SYMBOL, TIMEFRAME),
        ["source", "23"],
    ),
    "two in is_gap": (
        lambda store: store.market.write(column("is_gap", [0] * 23 + [2]), SYMBOL, TIMEFRAME),
        ["is_gap", "23"],
    ),
    "an unknown column": (
        lambda store: store.market.write(bars(1).assign(vwap=1.0), SYMBOL, TIMEFRAME),
        ["vwap"],
    ),
    "naive timestamps": (
        lambda store: store.market.write(
            bars(1).set_axis(times(1).tz_localize(None)), SYMBOL, TIMEFRAME
        ),
        ["tz_localize"],
    ),
    "an unknown column to read": (
        lambda store: store.market.read(SYMBOL, TIMEFRAME, columns=["vwap"]),
        ["vwap"],
    ),
    "a bound that is not a timestamp": (
        lambda store: store.market.read(SYMBOL, TIMEFRAME, "soonish"),
        ["soonish"],
    ),
    "an infinite feature": (
        lambda store: store.market.write(
            bars(30), SYMBOL, TIMEFRAME,
            features=pd.DataFrame({"rsi@2.1": [1.0] * 23 + [np.inf] * 7}, index=times(30)),
        ),
        ["rsi@2.1", "23"],
    ),
    "an unknown quality": (
        lambda store: store.market.write(
            bars(30), SYMBOL, TIMEFRAME,
            features=[None] * 23 + [{"rsi@2.1": entry(1, "splendid")}] + [None] * 6,
        ),
        ["rsi@2.1", "23", "splendid"],
    ),
    "broken JSON": (
        lambda store: store.market.write(
            bars(30), SYMBOL, TIMEFRAME, features=[None] * 23 + ["{broken"] + [None] * 6
        ),
        ["23"],
    ),
    "a missing bar": (
        lambda store: store.market.write_features(
            {START: {"rsi@2.1": entry(1)}}, SYMBOL, TIMEFRAME
        ),
        [SYMBOL, TIMEFRAME, "2026-03-01T15:00:00"],
    ),
    "NaN in a state": (
        lambda store: store.state.set("cooldown", {"a": float("nan")}),
        ["cooldown"],
    ),
    "an integer beyond int64": (
        lambda store: store.state.set("cooldown", 2**63),
        ["cooldown", "list"],
    ),
    "a request without provider": (
        lambda store: store.market.record_request(
            SYMBOL, TIMEFRAME, provider_used=None, start_ts=START, end_ts=START
        ),
        ["provider_used"],
    ),
    "a writing statement": (
        lambda store: store.sql("DELETE FROM market_data"),
        ["read"],
    ),
}  # fmt: skip


NOT_JUST_INVALID = {
    "an infinite feature": FeatureValidationError,
    "an unknown quality": FeatureValidationError,
    "broken JSON": FeatureValidationError,
    "a missing bar": MissingBarError,
}


@pytest.mark.parametrize("what", WHERE)
def test_a_message_says_where_and_what(store: DataStore, what: str) -> None:
    call, parts = WHERE[what]
    with pytest.raises(DataStoreError) as caught:
        call(store)
    assert type(caught.value) is NOT_JUST_INVALID.get(what, InvalidInputError)
    message = str(caught.value)
    for part in parts:
        assert part in message
    assert len(message.split()) >= 5, "a sentence, not a code"


def test_a_missing_bars_message_is_not_quoted_as_a_key(store: DataStore) -> None:
    with pytest.raises(MissingBarError) as caught:
        store.market.write_features({START: {"a@1": entry(1)}}, SYMBOL, TIMEFRAME)
    assert "\\n" not in str(caught.value)
    assert SYMBOL in str(caught.value)


def test_a_feature_error_has_row_key_and_reason(store: DataStore) -> None:
    features = [None, {"good@1": entry(1), "rsi@2.1": entry("high")}, None]
    with pytest.raises(FeatureValidationError) as caught:
        store.market.write(bars(3), SYMBOL, TIMEFRAME, features=features)
    assert (caught.value.row, caught.value.key) == (1, "rsi@2.1")
    assert caught.value.reason
    assert caught.value.reason in str(caught.value)


def test_the_first_bad_row_is_the_one_that_is_named(store: DataStore) -> None:
    features = [None, {"a@1": entry(1)}, {"b": entry(1)}, {"c": entry(1)}]
    with pytest.raises(FeatureValidationError) as caught:
        store.market.write(bars(4), SYMBOL, TIMEFRAME, features=features)
    assert (caught.value.row, caught.value.key) == (2, "b")


@pytest.mark.parametrize("name", ["%s %n %d", "{0} {symbol}", "ñ📈", "x" * 2000, "a\nb"])
def test_hostile_names_do_not_break_a_message(store: DataStore, name: str) -> None:
    with pytest.raises(MissingBarError) as caught:
        store.market.write_features({START: {"a@1": entry(1)}}, name, TIMEFRAME)
    assert "2026-03-01T15:00:00" in str(caught.value)
    with pytest.raises(FeatureValidationError) as refused:
        store.market.write(bars(1), name, TIMEFRAME, features=[{name: entry(1)}])
    assert refused.value.key == name


def test_each_error_has_its_own_message(store: DataStore, impatient: DataStore) -> None:
    messages = []
    calls: list[tuple[type[DataStoreError], Callable[[], Any]]] = [
        (
            InvalidInputError,
            lambda: store.market.write(bars(1).assign(vwap=1.0), SYMBOL, TIMEFRAME),
        ),
        (
            MissingBarError,
            lambda: store.market.write_features({START: {"a@1": entry(1)}}, SYMBOL, TIMEFRAME),
        ),
        (InvalidInputError, lambda: store.sql("nonsense")),
        (InvalidInputError, lambda: store.state.set("", 1)),
    ]
    for error, call in calls:
        with pytest.raises(error) as caught:
            call()
        messages.append(str(caught.value))
    with store.transaction(), pytest.raises(BusyError) as busy:
        impatient.state.set("a", 1)
    messages.append(str(busy.value))
    impatient.close()
    with pytest.raises(ClosedError) as closed:
        impatient.state.set("a", 1)
    messages.append(str(closed.value))
    assert len(set(messages)) == len(messages)


def test_a_good_call_after_an_error_is_good(store: DataStore) -> None:
    for step in range(20):
        with pytest.raises(InvalidInputError):
            store.state.set("a", float("nan"))
        store.state.set("a", step)
        assert store.state.get("a") == step


def test_damaged_features_are_told_with_symbol_timeframe_and_time(
    store: DataStore, path: Path
) -> None:
    store.market.write(bars(2), SYMBOL, TIMEFRAME)
    database.query(path, "UPDATE market_data SET features = '[1]'")
    for call in (
        lambda: store.market.read_features(SYMBOL, TIMEFRAME),
        lambda: store.market.feature_keys(SYMBOL, TIMEFRAME),
        lambda: store.market.write_features({START: {"a@1": entry(1)}}, SYMBOL, TIMEFRAME),
    ):
        with pytest.raises(CorruptError) as caught:
            call()
        for part in (SYMBOL, TIMEFRAME, "2026-03-01T15:00:00", "features"):
            assert part in str(caught.value)
    [finding] = store.check()
    for part in ("2 bars have damaged features", SYMBOL, TIMEFRAME, "2026-03-01T15:00:00"):
        assert part in finding


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
def test_a_corrupt_value_is_told_with_symbol_timeframe_and_time(
    store: DataStore, path: Path
) -> None:
    database.put_bar(path, SYMBOL, TIMEFRAME, START_TEXT, close="rubbish")
    with pytest.raises(CorruptError) as caught:
        store.market.read(SYMBOL, TIMEFRAME)
    for part in (SYMBOL, TIMEFRAME, "2026-03-01T15:00:00", "close"):
        assert part in str(caught.value)
