# SPDX-License-Identifier: MIT
"""Frames are made in quicker ways than pandas' constructors, and are the same as from those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import NUMBERS, SYMBOL, TIMEFRAME, bars, same, times

from data_store import DataStore, _pandas
from data_store._in import frames as frames_in
from data_store._out import indexes
from data_store._out.arrays import MOST_GATHERED

WAYS = {
    "utc_index": (_pandas._bare_index, _pandas._public_index, _pandas._gives_the_same_index),
    "column_of": (_pandas._bare_column, _pandas._public_column, _pandas._gives_the_same_columns),
}


@pytest.mark.parametrize("way", WAYS)
def test_this_pandas_has_the_bare_way(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA_STORE_FAST_PATHS", raising=False)
    assert _pandas._way(*WAYS[way]) is WAYS[way][0]


@pytest.mark.parametrize("way", WAYS)
def test_the_variable_takes_the_public_way(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_STORE_FAST_PATHS", "0")
    assert _pandas._way(*WAYS[way]) is WAYS[way][1]


def _missing(*_: object) -> Any:
    raise AttributeError("not in this pandas")


@pytest.mark.parametrize(
    "other", [_missing, lambda *_: None, lambda *_: pd.Index([1, 2, 3])], ids=str
)
@pytest.mark.parametrize("way", WAYS)
def test_a_pandas_that_gives_something_else_gets_the_public_way(
    way: str, other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, public, gives_the_same = WAYS[way]
    monkeypatch.delenv("DATA_STORE_FAST_PATHS", raising=False)
    monkeypatch.setattr(_pandas, bare.__name__, other)
    assert _pandas._way(other, public, gives_the_same) is public


def test_the_public_ways_store_and_give_the_same(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = bars(300)
    odd = frame.assign(
        volume=pd.array([*range(299), None], "Int64").repeat(1),
        quality=pd.Categorical(["ok", "late"] * 150),
        source=np.array(["x", None] * 150, object),
        is_gap=[0, 1] * 150,
    )
    store.market.write(frame, "A", TIMEFRAME)
    store.market.write(odd, "B", TIMEFRAME)
    found = store.market.read(["A", "B"], TIMEFRAME)
    monkeypatch.setattr(frames_in, "column_of", _pandas._public_column)
    monkeypatch.setattr(indexes, "utc_index", _pandas._public_index)
    store.market.write(frame, "A", TIMEFRAME, replace=True)
    store.market.write(odd, "B", TIMEFRAME, replace=True)
    same(store.market.read(["A", "B"], TIMEFRAME), found)
    same(store.market.read("A", TIMEFRAME), frame)


@pytest.mark.parametrize("rows", [1, 2, MOST_GATHERED, MOST_GATHERED + 1])
def test_a_frame_of_any_length_is_its_owners_to_write(store: DataStore, rows: int) -> None:
    store.market.write(bars(rows), SYMBOL, TIMEFRAME)
    first, second = (store.market.read(SYMBOL, TIMEFRAME) for _ in range(2))
    part, close = first[["open", "close"]], first["close"]
    first.loc[first.index[0], list(NUMBERS)] = -1.0
    first.iloc[-1, first.columns.get_loc("is_gap")] = True
    first["open"] = 0.0
    first.columns.name = "cell"
    same(second, bars(rows))
    same(part, bars(rows)[["open", "close"]])
    assert close.tolist() == bars(rows)["close"].tolist()
    assert first["high"].iloc[0] == -1.0
    same(store.market.read(SYMBOL, TIMEFRAME), bars(rows))


@pytest.mark.parametrize(
    "of_symbols",
    [
        {"A": [0], "B": [0], "C": [0]},
        {"A": [0], "B": [1], "C": [0]},
        {"C": [1, 2], "A": [1, 2], "B": [1, 2]},
        {"A": [1, 2], "B": [2, 3], "C": [0, 1]},
        {"A": [3, 4, 5], "B": [0], "C": [5, 6]},
        {"A": [0, 1], "B": [], "C": [0, 1]},
        {"A": [], "B": []},
        {"A": [0, 1, 2]},
    ],
    ids=str,
)
def test_several_symbols_have_the_levels_that_pandas_would_make(
    store: DataStore, of_symbols: dict[str, list[int]]
) -> None:
    every = times(10)
    for symbol, places in of_symbols.items():
        store.market.write(pd.DataFrame({"close": 1.0}, index=every[places]), symbol, TIMEFRAME)
    found = store.market.read(list(of_symbols), TIMEFRAME).index
    assert isinstance(found, pd.MultiIndex)
    pairs = [(name, every[place]) for name, places in of_symbols.items() for place in places]
    assert found.tolist() == pairs
    assert found.names == ["symbol", "timestamp"]
    codes, distinct = pd.factorize(every[[p for ps in of_symbols.values() for p in ps]], sort=True)
    assert found.levels[1].equals(distinct)
    assert found.levels[1].dtype == "datetime64[ns, UTC]"
    assert found.codes[1].tolist() == codes.tolist()
