# SPDX-License-Identifier: MIT
"""Which columns, levels and names a frame of bars may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import COLUMNS, START, SYMBOL, TIMEFRAME, bars, column, same, times

from data_store import DataStore
from data_store.errors import InvalidInputError

Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]

HOSTILE_NAMES = [
    "'; DROP TABLE market_data; --",
    '" OR 1=1 --',
    "%",
    "_",
    "*",
    "?1",
    ":name",
    "a\nb",
    " ",
    "é📈",
    "BTC/USD@binance",
    "null",
    "1e5",
    "{}",
    "\\",
    "\u202e",
]


@pytest.mark.parametrize("name", COLUMNS)
def test_any_single_column_may_come_alone(store: DataStore, name: str) -> None:
    frame = bars(3)[[name]]
    assert store.market.write(frame, SYMBOL, TIMEFRAME) == 3
    same(store.market.read(SYMBOL, TIMEFRAME, columns=[name]), frame)


def test_columns_may_come_in_any_order(store: DataStore) -> None:
    store.market.write(bars(3)[list(reversed(COLUMNS))], SYMBOL, TIMEFRAME)
    same(store.market.read(SYMBOL, TIMEFRAME), bars(3))


@pytest.mark.parametrize(
    "name", ["rsi", "Open", "close ", "adj_close", "rowid", "", "close\x00", 0, 1.5, ("a", "b")]
)
def test_an_unknown_column_is_refused_by_name(
    store: DataStore, contents: Contents, name: Any
) -> None:
    frame = bars(2)
    frame.insert(0, name, 1.0)
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert str(name).rstrip("\x00") in str(caught.value)
    assert contents() == before


def test_a_column_that_comes_twice_is_refused(store: DataStore, contents: Contents) -> None:
    frame = pd.concat([bars(2), bars(2)[["close"]]], axis=1)
    before = contents()
    with pytest.raises(InvalidInputError, match="close"):
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert contents() == before


@pytest.mark.parametrize("replace", [False, True])
def test_no_rows_are_not_an_error_and_write_nothing(
    store: DataStore, contents: Contents, replace: bool
) -> None:
    before = contents()
    assert store.market.write(bars(3).iloc[:0], SYMBOL, TIMEFRAME, replace=replace) == 0
    assert contents() == before


@pytest.mark.parametrize("thing", [None, 1, "close", [1.0], {"close": [1.0]}], ids=repr)
def test_what_is_not_a_table_is_refused(store: DataStore, contents: Contents, thing: Any) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        store.market.write(thing, SYMBOL, TIMEFRAME)
    assert contents() == before


def test_the_frame_may_carry_symbol_and_timeframe_as_columns(store: DataStore) -> None:
    frame = bars(4).assign(symbol=["A", "B", "A", "B"], timeframe=["1h", "1h", "1d", "1h"])
    assert store.market.write(frame, None, None) == 4
    same(store.market.read("A", "1h"), bars(4).iloc[[0]])
    same(store.market.read("A", "1d"), bars(4).iloc[[2]])
    same(store.market.read("B", "1h"), bars(4).iloc[[1, 3]])


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_a_symbol_column_may_have_any_text_dtype(store: DataStore, dtype: str) -> None:
    symbols = pd.Series(["A", "B", "A"], index=times(3)).astype(dtype)
    assert store.market.write(bars(3).assign(symbol=symbols), None, TIMEFRAME) == 3
    assert len(store.market.read("A", TIMEFRAME)) == 2


def test_the_frame_may_carry_one_name_and_the_call_the_other(store: DataStore) -> None:
    store.market.write(bars(2).assign(timeframe=["1h", "1d"]), "A", None)
    assert len(store.market.read("A", "1h")) == 1
    assert len(store.market.read("A", "1d")) == 1


def test_what_read_returns_for_several_symbols_can_be_written_back(store: DataStore) -> None:
    store.market.write(bars(2), "A", "1h")
    store.market.write(bars(3, base=9.0), "B", "1h")
    both = store.market.read(["B", "A"], "1h")
    assert store.market.write(both, None, "copy") == 5
    same(store.market.read(["B", "A"], "copy"), both)


def test_symbol_and_timeframe_may_be_index_levels_in_any_order(store: DataStore) -> None:
    frame = bars(2)
    frame.index = pd.MultiIndex.from_arrays(
        [["1h", "1h"], times(2), ["A", "B"]], names=["timeframe", "timestamp", "symbol"]
    )
    assert store.market.write(frame, None, None) == 2
    same(store.market.read("B", "1h"), bars(2).iloc[[1]])


@pytest.mark.parametrize(
    "levels",
    [
        {"symbol": ["A", "B"], "timestamp": times(2).tz_localize(None)},
        {"symbol": ["A", "B"], "timestamp": ["2026-03-01", "2026-03-02"]},
        {"symbol": ["A", "B"], "exchange": times(2)},
        {"symbol": ["A", "B"], "timestamp": times(2), "exchange": ["X", "X"]},
        {"symbol": ["A", None], "timestamp": times(2)},
        {"symbol": [1, 2], "timestamp": times(2)},
    ],
    ids=["naive", "text", "no timestamp", "one level too many", "no symbol", "numbers"],
)
def test_index_levels_that_are_not_names_and_timestamps_are_refused(
    store: DataStore, contents: Contents, levels: dict[str, Any]
) -> None:
    before = contents()
    frame = bars(2).set_axis(pd.MultiIndex.from_arrays(list(levels.values()), names=list(levels)))
    with pytest.raises(InvalidInputError):
        store.market.write(frame, None, TIMEFRAME)
    assert contents() == before


@pytest.mark.parametrize("name", ["symbol", "timeframe"])
def test_a_name_given_by_the_call_and_by_the_frame_is_refused(
    store: DataStore, contents: Contents, name: str
) -> None:
    before = contents()
    with pytest.raises(InvalidInputError, match=name):
        store.market.write(bars(2).assign(**{name: SYMBOL}), SYMBOL, TIMEFRAME)
    frame = bars(2).set_index(pd.Index([SYMBOL] * 2, name=name), append=True)
    with pytest.raises(InvalidInputError, match=name):
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert contents() == before


@pytest.mark.parametrize("name", ["symbol", "timeframe"])
def test_a_name_given_by_neither_is_refused(
    store: DataStore, contents: Contents, name: str
) -> None:
    names = {"symbol": SYMBOL, "timeframe": TIMEFRAME, name: None}
    before = contents()
    with pytest.raises(InvalidInputError, match=name):
        store.market.write(bars(2), names["symbol"], names["timeframe"])
    assert contents() == before


@pytest.mark.parametrize("bad", [None, np.nan, "", "a\x00b", "\ud800", 1, b"A"], ids=repr)
def test_a_symbol_column_with_a_bad_name_is_refused(
    store: DataStore, contents: Contents, bad: object
) -> None:
    symbols = pd.Series(["A", bad], index=times(2), dtype="object")
    before = contents()
    with pytest.raises(InvalidInputError, match="symbol"):
        store.market.write(bars(2).assign(symbol=symbols), None, TIMEFRAME)
    assert contents() == before


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_symbol_or_timeframe_can_change_a_statement(store: DataStore, name: str) -> None:
    store.market.write(bars(1), "bystander", TIMEFRAME)
    store.market.write(bars(3), name, name)
    same(store.market.read(name, name), bars(3))
    assert store.market.latest_bar(name, name) is not None
    assert store.market.delete(name, name) == 3
    assert len(store.market.read("bystander", TIMEFRAME)) == 1
    assert store.market.series()["symbol"].tolist() == ["bystander"]


def test_names_are_told_apart_to_the_byte(store: DataStore) -> None:
    names = ["eurusd", "EURUSD", "EURUSD ", "e\u0301", "\u00e9"]
    for count, name in enumerate(names, start=1):
        store.market.write(bars(count), name, TIMEFRAME)
    assert [len(store.market.read(name, TIMEFRAME)) for name in names] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("bad", ["", "a\x00b", "\ud800", "x" * 65_536], ids=lambda name: name[:4])
def test_an_empty_broken_or_endless_name_is_refused(
    store: DataStore, contents: Contents, bad: str
) -> None:
    before = contents()
    for symbol, timeframe in [(bad, TIMEFRAME), (SYMBOL, bad)]:
        with pytest.raises(InvalidInputError):
            store.market.write(bars(1), symbol, timeframe)
        with pytest.raises(InvalidInputError):
            store.market.write_bar(symbol, timeframe, times(1)[0], close=1.0)
        with pytest.raises(InvalidInputError):
            store.market.read(symbol, timeframe)
        with pytest.raises(InvalidInputError):
            store.market.delete(symbol, timeframe)
    assert contents() == before


@pytest.mark.parametrize("bad", [1, b"A", 1.5, True, object()], ids=repr)
def test_a_name_that_is_not_text_is_refused(store: DataStore, contents: Contents, bad: Any) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        store.market.write(bars(1), bad, TIMEFRAME)
    with pytest.raises(InvalidInputError):
        store.market.read(SYMBOL, bad)
    assert contents() == before


@pytest.mark.sqlite_only("long names")
def test_a_name_of_the_longest_allowed_length_is_taken(store: DataStore) -> None:
    name = "é" * 32_767 + "x"
    store.market.write(bars(1), name, name)
    same(store.market.read(name, name), bars(1))


@pytest.mark.parametrize("name", ["é" * 650, "".join(map(chr, range(33, 683)))], ids=["é", "all"])
def test_a_name_of_650_letters_is_taken(store: DataStore, name: str) -> None:
    for _ in range(2):
        store.market.write(bars(2), name, name)
        store.market.write_bar(name, name, START, close=7.0)
        store.market.record_request(
            name, name, provider_used="x", start_ts=START, end_ts=START, requested_at=START
        )
        store.state.set(name, name)
    assert store.market.read(name, name)["close"].tolist() == [7.0, bars(2)["close"].iloc[1]]
    assert store.market.requests(name, name)["symbol"].tolist() == [name]
    assert store.state.items() == {name: name}
    assert store.market.delete(name, name) == 2


def test_a_features_column_is_taken_as_text(store: DataStore) -> None:
    text = '{"a@1":{"value":1.10,"quality":"ready"}}'
    store.market.write(column("features", [text, None]), SYMBOL, TIMEFRAME)
    stored = store.market.read(SYMBOL, TIMEFRAME, columns=["close"], features="json")["features"]
    assert stored.iloc[0] == text
    assert pd.isna(stored.iloc[1])
