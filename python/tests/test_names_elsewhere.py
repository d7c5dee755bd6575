# SPDX-License-Identifier: MIT
"""Names are bytes beyond those of series: state keys, members of values, queries, files."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import database
import pandas as pd
import places
import pytest
from frames import START, TIMEFRAME
from hypothesis import example, given
from hypothesis import strategies as st
from names import ALIKE, names, new_store

from data_store import DataStore
from data_store.errors import ClosedError, SchemaError

MODEL = {name: place for place, name in enumerate(ALIKE)}


@given(given_keys=st.lists(names, min_size=1, max_size=12, unique=True), data=st.data())
def test_state_keys_that_are_alike_are_kept_apart(
    given_keys: list[str], data: st.DataObject
) -> None:
    model: dict[str, object] = {key: [place] for place, key in enumerate(given_keys)}
    half = len(given_keys) // 2
    with new_store() as store:
        state = store.state
        for key in given_keys[:half]:
            state.set(key, model[key])
        state.set_many({key: model[key] for key in given_keys[half:]})

        def check() -> None:
            assert state.keys() == sorted(model)
            assert list(state.items().items()) == sorted(model.items())
            for key, value in model.items():
                assert state.get(key) == value
                assert state.updated_at(key) is not None

        check()
        key = data.draw(st.sampled_from(given_keys), "changed")
        assert not state.compare_and_set(key, [-1], [7])
        assert state.compare_and_set(key, model[key], [7])
        model[key] = [7]
        check()
        for prefix in data.draw(st.lists(names, max_size=4), "prefixes"):
            wanted = sorted(key for key in model if key.startswith(prefix))
            assert state.keys(prefix) == wanted
            assert state.items(prefix) == {key: model[key] for key in wanted}
        for key in data.draw(st.permutations(given_keys), "deleted"):
            assert state.delete(key)
            assert not state.delete(key)
            del model[key]
            assert state.get(key) is None
            assert state.updated_at(key) is None
            check()


@pytest.mark.parametrize("prefix", ALIKE)
def test_a_prefix_is_bytes_and_no_pattern(store: DataStore, prefix: str) -> None:
    store.state.set_many(MODEL)
    assert store.state.keys(prefix) == sorted(key for key in MODEL if key.startswith(prefix))


@given(
    left=st.dictionaries(names, st.integers(0, 1), max_size=3),
    right=st.dictionaries(names, st.integers(0, 1), max_size=3),
)
@example(left={"\u00e9": 1}, right={"e\u0301": 1})
@example(left={"\u00e9": 1, "e\u0301": 0}, right={"e\u0301": 0, "\u00e9": 1})
@example(left={"k": 1}, right={"K": 1})
def test_values_are_equal_where_the_bytes_of_their_texts_are(
    shared_store: DataStore, left: dict[str, int], right: dict[str, int]
) -> None:
    state = shared_store.state
    for stored, expected in ((left, right), (list(left), list(right))):
        state.set("names", stored)
        assert state.get("names") == stored
        assert state.compare_and_set("names", expected, 1) == (stored == expected)


@given(
    given_names=st.lists(st.sampled_from(["\u00e9", "e\u0301", "K", "\u212a", "k"]), unique=True)
)
def test_parameters_and_columns_of_queries_are_bytes(
    shared_store: DataStore, given_names: list[str]
) -> None:
    wanted = ["x", *given_names]
    query = "SELECT " + ", ".join(f':{name} AS "{name}"' for name in wanted)
    params = {name: place for place, name in enumerate(wanted)}
    found = shared_store.sql(query, {**params, "e": -1, "\u0301": -1})
    assert found.columns.tolist() == wanted
    assert found.iloc[0].tolist() == list(range(len(wanted)))
    if not places.on_server():
        marks = shared_store.sql("SELECT :x AS a, @x AS b, $x AS c", params)
        assert marks.iloc[0].tolist() == [0] * 3


FILES = ["\u00e9", "e\u0301", "\u0301", "\u0301.db", "K.db", "\u212a.db", "k.db", "a b", "a\r\n"]


@pytest.mark.sqlite_only("the store is a file")
def test_names_of_files_are_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        with DataStore(name) as store:
            store.state.set("name", name)
        os.mkdir(f"in {name}")
        with DataStore(f"in {name}/\u0301") as store:
            store.market.write_bar(name, TIMEFRAME, START, close=1.0)
            store.backup(f"in {name}/\u0301{name}")
    assert sorted(os.listdir(".")) == sorted([*FILES, *(f"in {name}" for name in FILES)])
    for name in FILES:
        with DataStore(tmp_path / name) as store:
            assert store.state.get("name") == name
            assert store.path == str(tmp_path / name)
        assert sorted(os.listdir(f"in {name}")) == sorted(["\u0301", f"\u0301{name}"])
        with DataStore(f"in {name}/\u0301{name}") as store:
            assert store.market.series().symbol.tolist() == [name]


@pytest.mark.sqlite_only("the store is a file")
def test_a_folder_whose_name_begins_with_an_accent_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "\u0301"
    folder.mkdir()
    with DataStore(folder / "\u0301") as store:
        store.state.set("key", 1)
        folder.rename(tmp_path / "moved")
        with pytest.raises(ClosedError, match="was moved"):
            store.state.set("key", 2)


def test_a_copy_of_the_store_has_the_names_of_the_store(store: DataStore, tmp_path: Path) -> None:
    for place, name in enumerate(ALIKE):
        store.market.write_bar(name, TIMEFRAME, START, close=float(place))
    store.state.set_many(MODEL)
    store.backup(tmp_path / "copy.db")
    with DataStore(tmp_path / "copy.db") as copy:
        assert copy.state.items() == MODEL
        assert copy.market.series().symbol.tolist() == sorted(ALIKE)
        found = copy.market.latest(list(ALIKE), TIMEFRAME)
        assert found.close.tolist() == [float(place) for place in MODEL.values()]
        assert copy.check() == []


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
def test_a_check_names_the_series_as_it_is_written(store: DataStore) -> None:
    for symbol in ("\u00e9", "e\u0301"):
        store.market.write_bar(symbol, TIMEFRAME, START, close=1.0)
    database.put_bar(store.path, "e\u0301", TIMEFRAME, "2026-03-01T16:00:00+01:00", close=2.0)
    form, doubled = store.check()  # another form of a bar that is there
    assert "e\u0301 1h 2026-03-01T16:00:00+01:00" in form
    assert "e\u0301 1h" in doubled
    assert "\u00e9" not in form + doubled


@pytest.mark.sqlite_only("the store is a file")
def test_names_are_in_the_order_of_utf8_in_a_file_of_utf16(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA encoding='UTF-16le'; {database.SCHEMA}")
    ordered = ["a", "b", "z", "\u0101", "\u4e2d", "\uff61", "\U0001f600"]
    with DataStore(path) as store:
        for name in reversed(ordered):
            store.market.write_bar(name, TIMEFRAME, pd.Timestamp(START), close=1.0)
            store.state.set(name, 1)
        for counts in (True, False):
            assert store.market.series(counts).symbol.tolist() == ordered
        assert store.state.keys() == ordered


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
@pytest.mark.parametrize(("table", "column"), [("system_state", "key"), ("market_data", "market")])
def test_a_name_that_sqlite_finds_another_is_another(path: Path, table: str, column: str) -> None:
    """SQLite ignores the case of A to Z alone: with a Kelvin sign it is another table or column."""
    kelvin = column.replace("k", "\u212a")
    database.script(path, database.SCHEMA.replace(f" {column}", f" {kelvin}"))
    if table == "system_state":
        with pytest.raises(SchemaError, match="expected key TEXT"):
            DataStore(path)
    else:
        with DataStore(path) as store:  # its own tables are made beside the other one
            assert store.market.series().empty
