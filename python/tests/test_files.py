# SPDX-License-Identifier: MIT
"""The file: what is made, what is taken as it is, what is refused and left byte for byte."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import database
import pytest
from frames import START_TEXT, SYMBOL, TIMEFRAME, bars, entry, same

from data_store import DataStore
from data_store.errors import CorruptError, DataStoreError, SchemaError, StorageError

# -- made ---------------------------------------------------------------------------------------


def schema_of(path: Path) -> dict[str, Any]:
    """Columns of our tables, and all names in the file."""
    return {
        "columns": {table: database.columns(path, table) for table in database.TABLES},
        "names": database.query(path, "SELECT type, name FROM sqlite_schema ORDER BY 1, 2"),
    }


def test_a_new_file_has_exactly_the_tables_of_the_specification(
    store: DataStore, path: Path, tmp_path: Path
) -> None:
    reference = tmp_path / "reference.db"
    database.script(reference, database.SCHEMA)
    assert schema_of(path) == schema_of(reference)
    assert database.query(path, "PRAGMA user_version") == [(1,)]
    assert database.query(path, "PRAGMA journal_mode") == [("wal",)]


def test_an_empty_file_is_initialised(path: Path) -> None:
    path.touch()
    with DataStore(path) as store:
        store.state.set("a", 1)
    assert database.query(path, "PRAGMA user_version") == [(1,)]
    assert len(schema_of(path)["columns"]["market_data"]) == 13


def test_plain_sqlite_reads_what_we_wrote(store: DataStore, path: Path) -> None:
    features = {"returns@1.0": entry(0.0123), "rsi@2.1": entry(None, "warmup")}
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=[features])
    store.state.set("flags", {"a": [1, 2]})
    assert database.query(path, "SELECT * FROM market_data") == [
        (
            *(SYMBOL, TIMEFRAME, START_TEXT, 1.0, 1.5, 0.5, 1.25, 1000.0, "feed", "ok", 0, 0.001),
            '{"returns@1.0":{"value":0.0123,"quality":"ready"},'
            '"rsi@2.1":{"value":null,"quality":"warmup"}}',
        )
    ]
    types = "typeof(timestamp), typeof(close), typeof(is_gap), typeof(features)"
    assert database.query(path, f"SELECT {types} FROM market_data") == [
        ("text", "real", "integer", "text")
    ]
    path_in_json = """SELECT json_extract(features, '$."returns@1.0".value') FROM market_data"""
    assert database.query(path, path_in_json) == [(0.0123,)]
    found = database.query(path, "SELECT key, json_extract(value, '$.a[1]') FROM system_state")
    assert found == [("flags", 2)]
    assert database.query(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "real" / "market.db", tmp_path / "link.db"
    target.parent.mkdir()
    with DataStore(target) as store:
        store.state.set("a", 1)
    link.symlink_to(target)
    with DataStore(link) as through, DataStore(target) as direct:
        through.state.set("b", 2)
        assert direct.state.items() == {"a": 1, "b": 2}
        direct.state.set("c", 3)
        assert through.state.keys() == ["a", "b", "c"]
    assert link.is_symlink()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["link.db", "real"]


# -- taken as it is -----------------------------------------------------------------------------


def write_as_the_specification(path: Path, journal: str) -> None:
    """A file as the specification's own Python module writes it, json.dumps and all."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.executescript(database.SCHEMA)
        connection.execute(
            "INSERT OR REPLACE INTO market_data VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(SYMBOL, TIMEFRAME, START_TEXT, 1.0, 1.5, 0.5, 1.25, 1000.0, "feed", "ok", 1, 0.5),
                '{"returns@1.0": {"value": 0.0123, "quality": "ready"}}',
            ),
        )
        connection.execute(
            "INSERT OR REPLACE INTO market_requests VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (SYMBOL, TIMEFRAME, START_TEXT, "feed", 1, START_TEXT, START_TEXT, 0.5, 2, "ok", None),
        )
        connection.execute(
            "INSERT OR REPLACE INTO system_state VALUES (?,?,?)",
            ("cooldown", '{"until": null, "count": 3}', START_TEXT),
        )
        connection.commit()


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_file_of_the_specifications_own_module_opens_as_it_is(path: Path, journal: str) -> None:
    write_as_the_specification(path, journal)
    before = database.contents(path)
    with DataStore(path) as store:
        assert store.check() == []
        found = store.market.read(SYMBOL, TIMEFRAME, features=["returns@1.0"])
        expected = bars(1).assign(is_gap=True, latency_sec=0.5).assign(**{"returns@1.0": 0.0123})
        same(found, expected)
        request = store.market.requests().iloc[0]
        assert (request["provider_used"], request["fallback_used"]) == ("feed", True)
        assert (request["gap_count"], request["coverage_ratio"]) == (2, 0.5)
        assert store.state.get("cooldown") == {"until": None, "count": 3}
        assert database.contents(path) == before
        store.market.write(bars(2), SYMBOL, TIMEFRAME)
        assert store.info()["journal_mode"] == "wal"
    assert database.query(path, "PRAGMA user_version") == [(0,)]
    assert database.query(path, "SELECT count(*) FROM market_data") == [(2,)]


@pytest.mark.parametrize("table", database.TABLES)
def test_missing_ones_of_our_tables_are_added(path: Path, table: str) -> None:
    database.script(path, database.SCHEMA + f"DROP TABLE {table};")
    with DataStore(path) as store:
        store.market.write(bars(2), SYMBOL, TIMEFRAME)
        store.state.set("a", 1)
        assert store.check() == []
        assert len(store.market.requests()) == 0
    assert len(database.columns(path, table)) > 0


def test_tables_of_other_names_are_left_alone(path: Path) -> None:
    database.script(
        path,
        database.SCHEMA + "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT);"
        "INSERT INTO notes VALUES (7, 'keep me');",
    )
    with DataStore(path) as store:
        store.market.write(bars(2), SYMBOL, TIMEFRAME)
        assert len(store.market.read(SYMBOL, TIMEFRAME)) == 2
    assert database.query(path, "SELECT * FROM notes") == [(7, "keep me")]


# -- refused, and left as it was ----------------------------------------------------------------

FOREIGN_SCHEMAS = {
    "other tables only": "CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('x');",
    "a column too many": database.SCHEMA + "ALTER TABLE market_data ADD COLUMN vwap REAL;",
    "a column too few": database.SCHEMA + "ALTER TABLE market_data DROP COLUMN volume;",
    "a column renamed": database.SCHEMA + "ALTER TABLE system_state RENAME value TO content;",
    "requests of another shape": "CREATE TABLE market_requests (symbol TEXT);",
    "another table under our name": "CREATE TABLE system_state (id INTEGER PRIMARY KEY);",
    "a view under our name": "CREATE VIEW market_data AS SELECT 1 AS symbol;",
    "a newer version": database.SCHEMA + "PRAGMA user_version = 2;",
    "a much newer version": database.SCHEMA + "PRAGMA user_version = 2147483647;",
}


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("what", FOREIGN_SCHEMAS)
def test_a_database_that_is_not_ours_is_refused_and_left_byte_for_byte(
    path: Path, what: str, journal: str
) -> None:
    database.script(path, f"PRAGMA journal_mode={journal};" + FOREIGN_SCHEMAS[what])
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(SchemaError) as caught:
            DataStore(path, read_only=read_only)
        assert path.name in str(caught.value)
    assert path.read_bytes() == before


def sound_bytes(path: Path) -> bytes:
    with DataStore(path) as store:
        store.market.write(bars(500), SYMBOL, TIMEFRAME)
    data = path.read_bytes()
    path.unlink()
    return data


NO_DATABASE = {
    "one byte": lambda sound: b"\x00",
    "text": lambda sound: b"symbol,timeframe,close\nEURUSD,1h,1.1\n" * 100,
    "short text": lambda sound: b"hello",
    "noise": lambda sound: bytes((index * 7919) % 251 for index in range(10_000)),
    "a PNG": lambda sound: b"\x89PNG\r\n\x1a\n" + b"\x00" * 4096,
    "half a magic word": lambda sound: b"SQLite format",
    "a magic word alone": lambda sound: b"SQLite format 3\x00",
    "a magic word and noise": lambda sound: b"SQLite format 3\x00" + b"\xff" * 8192,
    "a header cut short": lambda sound: sound[:50],
    "another letter in the header": lambda sound: b"sQLite" + sound[6:],
}


@pytest.mark.parametrize("what", NO_DATABASE)
def test_what_is_no_sqlite_file_is_refused_and_left_byte_for_byte(path: Path, what: str) -> None:
    data = NO_DATABASE[what](sound_bytes(path))
    path.write_bytes(data)
    for read_only in (False, True):
        with pytest.raises((SchemaError, CorruptError)) as caught:
            DataStore(path, read_only=read_only)
        assert path.name in str(caught.value)
    assert path.read_bytes() == data


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keep").touch()
    with pytest.raises(DataStoreError, match=tmp_path.name):
        DataStore(tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["keep"]


def test_a_dangling_link_is_refused_and_its_target_not_made(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "nowhere.db")
    with pytest.raises(DataStoreError, match="link"):
        DataStore(link)
    assert [found.name for found in tmp_path.iterdir()] == ["link.db"]
    assert os.readlink(link) == str(tmp_path / "nowhere.db")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "loop.db"
    link.symlink_to(link)
    with pytest.raises(DataStoreError, match="loop"):
        DataStore(link)


def test_a_directory_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        DataStore(tmp_path / "nowhere" / "market.db")
    assert list(tmp_path.iterdir()) == []
