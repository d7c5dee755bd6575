# SPDX-License-Identifier: MIT
"""Frames are made in quicker ways than pandas' constructors, and are the same as from those."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import NUMBERS, SYMBOL, TIMEFRAME, bars, same, times

from data_store import DataStore, _pandas
from data_store._in import batch
from data_store._in import frames as frames_in
from data_store._out import frames as frames_out
from data_store._out import indexes, texts
from data_store._out.arrays import MOST_GATHERED

WAYS = {
    "utc_index": (_pandas._bare_index, _pandas._public_index, _pandas._gives_the_same_index),
    "column_of": (_pandas._bare_column, _pandas._public_column, _pandas._gives_the_same_columns),
    "objects_array": (
        _pandas._bare_objects,
        _pandas._public_objects,
        _pandas._gives_the_same_objects,
    ),
    "frame_from_blocks": (
        _pandas._bare_frame,
        _pandas._public_frame,
        _pandas._gives_the_same_frame,
    ),
    "doubles_of": (
        _pandas._bare_doubles,
        _pandas._public_doubles,
        _pandas._gives_the_same_doubles,
    ),
    "text_index": (
        _pandas._bare_text_index,
        _pandas._public_text_index,
        _pandas._gives_the_same_text_index,
    ),
    "multi_index": (
        _pandas._bare_multi_index,
        _pandas._public_multi_index,
        _pandas._gives_the_same_multi_index,
    ),
    "address_of": (
        _pandas._bare_address,
        _pandas._public_address,
        _pandas._gives_the_same_address,
    ),
}
if _pandas.HAS_ARROW_TEXT:
    WAYS["arrow_array"] = (
        _pandas._bare_arrow,
        _pandas._public_arrow,
        _pandas._gives_the_same_arrow,
    )


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
    for name, (_, public, _) in WAYS.items():
        for module in (batch, frames_in, frames_out, indexes, texts):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, public)
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


def test_an_index_of_symbols_is_its_owners_to_name_and_to_pickle(store: DataStore) -> None:
    frame = pd.DataFrame({"close": [1.0, 2.0]}, index=times(2))
    for symbol in ("A", "B"):
        store.market.write(frame, symbol, TIMEFRAME)
    first, second = (store.market.latest(["A", "B"], TIMEFRAME, 2) for _ in range(2))
    whole = second.index.tolist()
    first.index.names = ["name", None]
    assert second.index.names == ["symbol", "timestamp"]
    assert first.index.levels[0].name == "name"
    with pytest.raises(TypeError):
        first.index.levels[0][0] = "C"
    with pytest.raises(ValueError, match="read-only"):
        first.index.codes[1][0] = 1
    for other in (
        second.copy(deep=True),
        pickle.loads(pickle.dumps(second)),
        second.iloc[::-1][::-1],
    ):
        same(other, second)
    assert second.loc["B"]["close"].tolist() == [1.0, 2.0]
    assert second.sort_index(ascending=False).index.tolist() == whole[::-1]
    assert second.reset_index()["symbol"].tolist() == ["A", "A", "B", "B"]
    assert second.set_index("close", append=True).index.nlevels == 3
    same(store.market.latest(["A", "B"], TIMEFRAME, 2), second)


def test_columns_of_doubles_go_in_wherever_they_lie_in_memory(store: DataStore) -> None:
    """Rows of a block, every second row, columns across, parts of a longer frame, read-only."""
    frame = bars(40)
    numbers = frame[list(NUMBERS)].to_numpy()
    rows = pd.DataFrame(numbers.copy(), frame.index, list(NUMBERS), copy=False)
    columns = pd.DataFrame(np.asfortranarray(numbers), frame.index, list(NUMBERS), copy=False)
    fixed = np.asfortranarray(numbers)
    fixed.flags.writeable = False
    for symbol, given in {
        "consolidated": frame.copy(),
        "rows": rows,
        "columns": columns,
        "read-only": pd.DataFrame(fixed, frame.index, list(NUMBERS), copy=False),
        "every second": frame.iloc[::2],
        "backwards": frame.iloc[::-1],
        "part": frame.iloc[7:31],
        "big-endian": rows.astype(">f8"),
        "short": rows.astype("float32").astype("float64"),
    }.items():
        store.market.write(given, symbol, TIMEFRAME)
        found = store.market.read(symbol, TIMEFRAME)
        expected = given.sort_index().astype(dict.fromkeys(NUMBERS, "float64"))
        pd.testing.assert_frame_equal(
            found[list(NUMBERS)], expected[list(NUMBERS)], check_freq=False, check_exact=True,
            check_names=False, check_index_type=False,
        )  # fmt: skip


def test_many_symbols_go_in_with_their_own_texts(store: DataStore) -> None:
    for count in (1, 31, 32, 33, 34, 500):
        names = [f"S{'é' * (number % 3)}{number}" for number in range(count)]
        frame = pd.DataFrame({"symbol": names, "timestamp": times(1)[0], "close": range(count)})
        frame["source"] = [f"feed {number % 40}" for number in range(count)]
        store.market.write(frame, None, f"t{count}")
        found = store.market.latest(names[::-1], f"t{count}")
        assert found.index.get_level_values("symbol").tolist() == names[::-1]
        assert found["close"].tolist() == [float(number) for number in range(count)][::-1]
        assert found["source"].tolist() == frame["source"].tolist()[::-1]


def test_a_list_of_symbols_that_is_kept_is_the_callers_to_change(store: DataStore) -> None:
    for symbol in "ABC":
        store.market.write(bars(2, base=ord(symbol)), symbol, TIMEFRAME)
    asked = ["C", "A", "C"]
    for _ in range(2):
        found = store.market.latest(asked, TIMEFRAME)
        assert found.index.get_level_values("symbol").tolist() == ["C", "A"]
        found.index.names = ["name", "time"]
        found.index = found.index.set_levels(["x", "y"], level=0)
    asked.append("B")
    found = store.market.latest(asked, TIMEFRAME)
    assert found.index.get_level_values("symbol").tolist() == ["C", "A", "B"]
    assert found.index.names == ["symbol", "timestamp"]
    assert store.market.latest(("A",), TIMEFRAME).index.get_level_values("symbol").tolist() == ["A"]
