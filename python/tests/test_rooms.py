# SPDX-License-Identifier: MIT
"""Bars and values that are read into memory of the package's: each call has its own."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import database
import pytest
from frames import SYMBOL, TIMEFRAME, entry, times

from data_store import Bar, DataStore, _bar, state_repo
from data_store._c import status
from data_store.errors import CorruptError

LONG = "s" * (_bar.ROOM_BYTES + 1)
WINDOW = _bar._WINDOW
FEATURES = {"a@1": entry(0.5), "b@1": entry(None, "warmup")}


@pytest.fixture(autouse=True)
def no_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without any, so that what one test leaves in them does not help another."""
    monkeypatch.setattr(_bar, "_rooms", rooms := list[Any]())
    monkeypatch.setattr("data_store._market.live_bars.give_room_back", rooms.append)
    monkeypatch.setattr(state_repo, "_rooms", [])


def write(store: DataStore, **cells: Any) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, times(1)[0], close=1.5, **cells)


def latest(store: DataStore) -> Bar:
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    return bar


TEXTS = [
    {"source": "feed", "quality": "ok"},
    {"source": "feedo", "quality": "k"},
    {"source": None, "quality": "feed"},
    {"source": "feed", "quality": None},
    {"source": "", "quality": ""},
    {"source": None, "quality": None},
    {"source": "é" * 9, "quality": "\N{GRINNING FACE}"},
    *({"source": "s" * size, "quality": "q"} for size in range(WINDOW - 6, WINDOW + 2)),
    {"source": "s" * WINDOW, "quality": "x"},
    {"source": "s" * WINDOW, "quality": "y"},
    {"source": LONG, "quality": "ok"},
    {"source": "ok", "quality": LONG},
]


@pytest.mark.parametrize("features", [None, FEATURES, {"long@1": entry(1.0, "ready")} | FEATURES])
def test_a_room_gives_the_texts_that_are_stored_whatever_was_in_it(
    store: DataStore, features: dict[str, Any] | None
) -> None:
    for _ in range(2):
        for texts in TEXTS:
            for given in ({}, features or {}):
                write(store, **texts, features=given, replace=True)
                bar = latest(store)
                assert (bar.source, bar.quality) == (texts["source"], texts["quality"])
                assert bar.features == given
    assert len(_bar._rooms) == 1


def test_features_that_are_longer_than_a_room(store: DataStore) -> None:
    many = {f"feature_{number}@1": entry(number + 0.5) for number in range(200)}
    write(store, source="feed", features=many)
    assert latest(store).features == many
    write(store, source="feed", features={}, replace=True)
    assert latest(store).features == {}


def test_words_of_their_own_are_not_kept_for_ever(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bar, "_MOST_TEXTS", 10)
    for number in range(40):
        write(store, source=f"feed {number}")
        assert latest(store).source == f"feed {number}"
    [(*_, texts)] = _bar._rooms
    assert 0 < len(texts) <= 10


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
def test_words_that_another_tool_wrote_in_latin_1_are_corruption(store: DataStore) -> None:
    write(store, source="feed")
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE market_data SET source = CAST(x'e9' AS TEXT)")
    for _ in range(2):
        with pytest.raises(CorruptError, match="UTF-8"):
            latest(store)


@pytest.mark.parametrize("size", [0, 1, 4000, 4093, 4094, 4095, 5000, 100_000])
def test_a_value_of_any_length(store: DataStore, size: int) -> None:
    for value in ("x" * size, ["é" * size], {"key": "v" * size}):
        store.state.set("key", value)
        assert store.state.get("key") == value
        assert store.state.get("nothing", size) == size


NO_JSON = pytest.mark.sqlite_only("a column of text takes what a typed column refuses")


@pytest.mark.parametrize(
    "text",
    ["  [1]\n", ' {"a" : 1e400}', '"\\ud800"']
    + [
        pytest.param(text, marks=NO_JSON)
        for text in ("", " ", "[1] x", "NaN", "1 2", "\ufeff[1]", "[" * 9)
    ],
)
def test_a_value_is_json_as_the_json_module_has_it(
    store: DataStore, path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.state.set("key", 1)
    database.query(path, "UPDATE system_state SET value = ?", text)

    def outcome() -> object:
        try:
            return repr(store.state.get("key"))
        except CorruptError as error:
            return str(error)

    found = outcome()
    monkeypatch.setattr("data_store._json._scan", _no_scan)
    assert outcome() == found


def _no_scan(text: str, start: int) -> Any:
    raise StopIteration(start)


# ---- One call within another ----------------------------------------------------------------


CALLS: dict[str, Callable[[DataStore, str], Any]] = {
    "latest_bar": lambda store, name: store.market.latest_bar(name, TIMEFRAME),
    "state.get": lambda store, name: store.state.get(name),
}


@pytest.fixture
def two(store: DataStore) -> DataStore:
    """Two bars and two values, which differ."""
    for number, name in enumerate(("first", "second")):
        store.market.write_bar(name, TIMEFRAME, times(2)[number], close=number, source=name)
        store.state.set(name, [name])
    return store


@pytest.mark.parametrize("name", CALLS)
def test_a_call_from_a_signal_handler_does_not_disturb_the_one_it_interrupts(
    two: DataStore, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library has written its result, and Python has not looked at it yet."""
    call = CALLS[name]
    expected = call(two, "first"), call(two, "second")
    module = "data_store._market.live_bars" if name == "latest_bar" else "data_store.state_repo"
    function = "_latest_bar_into" if name == "latest_bar" else "_get_into"
    inner: list[Any] = []
    real = __import__(module, fromlist=["x"]).__dict__[function]

    def interrupted(*given: Any) -> int:
        result: int = real(*given)
        if not inner:
            inner.append(None)
            inner[0] = call(two, "second")
        return result

    monkeypatch.setattr(f"{module}.{function}", interrupted)
    assert (call(two, "first"), inner[0]) == expected


@pytest.mark.parametrize("name", CALLS)
def test_a_failed_call_leaves_no_room_behind_that_is_in_use(two: DataStore, name: str) -> None:
    two.close()
    for _ in range(3):
        with pytest.raises(status.ClosedError):
            CALLS[name](two, "first")


@pytest.mark.parametrize("name", CALLS)
def test_threads_have_rooms_of_their_own(two: DataStore, name: str) -> None:
    call = CALLS[name]
    expected = {word: call(two, word) for word in ("first", "second")}
    wrong: list[Any] = []

    def ask(word: str) -> None:
        for _ in range(3000):
            found = call(two, word)
            if found != expected[word]:
                wrong.append((word, found))

    threads = [threading.Thread(target=ask, args=(word,)) for word in [*expected] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert 1 <= len(_bar._rooms if name == "latest_bar" else state_repo._rooms) <= 6


def test_a_datetime_is_stored_to_the_microsecond(store: DataStore, tmp_path: Path) -> None:
    zones = [dt.UTC, dt.timezone(dt.timedelta(hours=-3, minutes=-30, seconds=-7))]
    moments = [
        dt.datetime(1970, 1, 1, tzinfo=zone) + dt.timedelta(microseconds=step)
        for zone in zones
        for step in (-(2**53), -1, 0, 1, 999_999, 1_767_600_000_123_456)
    ]
    for number, moment in enumerate(moments):
        store.market.write_bar(f"S{number}", TIMEFRAME, moment, close=1.0)
        bar = store.market.latest_bar(f"S{number}", TIMEFRAME)
        assert bar is not None
        assert bar.timestamp == moment
