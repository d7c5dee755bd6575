# SPDX-License-Identifier: MIT
"""The file: what is made, what is taken as it is, what is refused and left byte for byte."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import database
import pytest
from frames import START_TEXT, SYMBOL, TIMEFRAME, bars, entry, same
from processes import Program

from data_store import DataStore
from data_store.errors import (
    CorruptError,
    InvalidInputError,
    SchemaError,
    StorageError,
)

pytestmark = pytest.mark.sqlite_only("the store is a file")

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
    "a column too few": database.SCHEMA.replace("    volume      REAL,\n", ""),
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
def test_what_is_not_a_sqlite_file_is_refused_and_left_byte_for_byte(path: Path, what: str) -> None:
    data = NO_DATABASE[what](sound_bytes(path))
    path.write_bytes(data)
    for read_only in (False, True):
        # A whole magic word begins an SQLite file, of which the rest is missing.
        is_sqlite = what == "a header cut short"
        with pytest.raises(CorruptError if is_sqlite else SchemaError) as caught:
            DataStore(path, read_only=read_only)
        assert path.name in str(caught.value)
    assert path.read_bytes() == data


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keep").touch()
    with pytest.raises(StorageError, match=tmp_path.name):
        DataStore(tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["keep"]


def test_a_dangling_link_is_refused_and_its_target_not_made(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "nowhere.db")
    with pytest.raises(StorageError, match="link"):
        DataStore(link)
    assert [found.name for found in tmp_path.iterdir()] == ["link.db"]
    assert os.readlink(link) == str(tmp_path / "nowhere.db")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "loop.db"
    link.symlink_to(link)
    with pytest.raises(StorageError, match="loop"):
        DataStore(link)


def test_a_directory_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        DataStore(tmp_path / "nowhere" / "market.db")
    assert list(tmp_path.iterdir()) == []


# -- names --------------------------------------------------------------------------------------

NO_PATHS = [
    *(":memory:", "file:market.db", "file:market.db?mode=ro", "file:///tmp/market.db"),
    *("FILE:market.db", "sqlite:///market.db", "sqlite:////tmp/market.db", "sqlite://"),
    *("sqlite+pysqlite:///market.db", "sqlite:market.db", "jdbc:sqlite:market.db"),
    *("http://host/market.db", "s3://bucket/market.db", "duckdb:///market.db"),
    *(Path("sqlite:///market.db"), Path("file:///market.db"), b"file:market.db"),
]


@pytest.mark.parametrize("name", NO_PATHS, ids=repr)
def test_a_name_that_is_not_a_path_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with DataStore("market.db") as store:
        store.state.set("a", 1)
        before = sorted(tmp_path.rglob("*"))
        for action in (
            lambda: DataStore(name),
            lambda: DataStore(name, read_only=True),
            lambda: store.backup(name),
            lambda: store.backup(name, overwrite=True),
        ):
            with pytest.raises(InvalidInputError, match="pass"):
                action()
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["./file:x.db", "./:memory:", "a:b.db", "C:market.db", "12:30.db", "x/file:x.db"]
)
def test_a_file_may_have_an_odd_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    with DataStore(name) as store:
        store.state.set("a", 1)
    with DataStore(tmp_path / name, read_only=True) as store:
        assert store.path == os.path.realpath(name)
        assert store.state.get("a") == 1
    assert Path(name).is_file()


def test_a_path_that_is_too_long_says_so(tmp_path: Path) -> None:
    deep = tmp_path
    while len(str(deep)) < 440:
        deep /= "d" * 40
    deep.mkdir(parents=True)
    fitting = deep / ("f" * (504 - len(str(deep)) - 1))
    with DataStore(fitting) as store:
        store.state.set("a", 1)
        store.backup(fitting.with_name("g" * len(fitting.name)))
        before = sorted(tmp_path.rglob("*"))
        for name in (
            tmp_path / ("n" * 248),
            tmp_path / ("n" * 300),
            tmp_path / ("n" * 300) / "market.db",
            tmp_path / ("n/" * 3000) / "market.db",
            fitting.with_name(fitting.name + "f"),
        ):
            for action in (
                lambda name=name: DataStore(name),
                lambda name=name: DataStore(name, read_only=True),
                lambda name=name: store.backup(name),
            ):
                with pytest.raises(StorageError, match="too long"):
                    action()
        assert sorted(tmp_path.rglob("*")) == before
        assert store.state.get("a") == 1


@pytest.mark.parametrize(
    "name", ["", "a\0b", b"a\0b", None, 3, ["x"], "\udcff" + "\ud800"], ids=repr
)
def test_a_path_that_cannot_be_one_is_refused(name: Any) -> None:
    with pytest.raises(InvalidInputError):
        DataStore(name)


def test_bytes_and_path_like_objects_name_files(tmp_path: Path) -> None:
    class Named:
        def __fspath__(self) -> str:
            return str(tmp_path / "named.db")

    for name in (os.fsencode(tmp_path / "bytes.db"), tmp_path / "path.db", Named()):
        with DataStore(name) as store:  # type: ignore[arg-type]
            store.state.set("a", 1)
            assert os.path.samefile(store.path, os.fsdecode(os.fspath(name)))


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_the_files_beside_a_database_are_not_stores(
    store: DataStore, path: Path, suffix: str
) -> None:
    """An empty -wal would be taken for an empty file, and become a store within another."""
    store.state.set("a", 1)
    with pytest.raises(InvalidInputError, match="name another file"):
        DataStore(path.with_name(path.name + suffix))
    store.state.set("a", 2)
    assert store.check() == []


# -- what was left beside -----------------------------------------------------------------------


def left_by_a_killed_writer(path: Path) -> dict[str, bytes]:
    """The files of a store whose writer was killed, the database gone."""
    with Program("writer", path, "full", "bars", 0) as writer:
        writer.line()
    path.unlink()
    return {found.name: found.read_bytes() for found in path.parent.iterdir()}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("database_is", ["absent", "empty"])
def test_a_new_store_beside_a_wal_that_was_left_is_refused(
    path: Path, database_is: str, read_only: bool
) -> None:
    left = left_by_a_killed_writer(path)
    assert len(left[path.name + "-wal"]) > 0
    if database_is == "empty":
        path.touch()
        left[path.name] = b""
    with pytest.raises(StorageError, match="-wal"):
        DataStore(path, read_only=read_only)
    assert {found.name: found.read_bytes() for found in path.parent.iterdir()} == left
    for found in path.parent.iterdir():
        found.unlink()
    with DataStore(path) as store:
        assert store.market.series().empty


def hot_journal(path: Path) -> None:
    """Leaves a database with a transaction of another tool's half written, as a kill does."""
    database.script(path, "PRAGMA journal_mode=DELETE;" + database.SCHEMA)
    code = f"""
import os, sqlite3
c = sqlite3.connect({str(path)!r}, isolation_level=None)
c.execute("PRAGMA journal_mode=DELETE")
c.execute("INSERT INTO system_state VALUES ('kept', '1', '2026-03-01T15:00:00+00:00')")
c.execute("PRAGMA cache_size=1")
c.execute("PRAGMA cache_spill=1")
c.execute("BEGIN")
for n in range(500):
    c.execute("INSERT INTO system_state VALUES (?, ?, 'x')", (f"k{{n}}", "9" * 500))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert path.with_name(path.name + "-journal").stat().st_size > 0


@pytest.mark.parametrize("database_is", ["absent", "empty"])
def test_a_new_store_beside_a_journal_that_was_left_is_refused(
    path: Path, database_is: str
) -> None:
    hot_journal(path)
    path.unlink()
    if database_is == "empty":
        path.touch()
    before = {found.name: found.read_bytes() for found in path.parent.iterdir()}
    for read_only in (False, True):
        with pytest.raises(StorageError, match="-journal"):
            DataStore(path, read_only=read_only)
    assert {found.name: found.read_bytes() for found in path.parent.iterdir()} == before


def test_a_store_is_made_beside_a_journal_whose_header_makes_no_sense(path: Path) -> None:
    """A power cut left the magic, which SQLite writes last, but not what it wrote before."""
    magic = bytes([0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7])
    path.touch()
    path.with_name(path.name + "-journal").write_bytes(magic + b"\x5a" * 504)
    with DataStore(path) as store:
        store.state.set("a", 1)
        assert store.check() == []


def test_a_hot_journal_is_rolled_back(path: Path) -> None:
    hot_journal(path)
    with DataStore(path) as store:
        assert store.state.items() == {"kept": 1}
        assert store.check() == []


def test_the_wal_of_a_killed_writer_is_recovered(path: Path) -> None:
    with Program("writer", path, "full", "bars", 0) as writer:
        last = int(writer.line())
    assert path.with_name(path.name + "-wal").stat().st_size > 0
    with DataStore(path) as store:
        assert len(store.market.read("killed", "1min")) >= (last + 1) * 20
        assert store.check() == []


def test_an_empty_wal_and_a_shm_that_was_left_do_not_hinder(path: Path) -> None:
    path.with_name(path.name + "-wal").touch()
    path.with_name(path.name + "-shm").write_bytes(b"\x5a" * 32768)
    with DataStore(path) as store:
        store.state.set("a", 1)
        assert store.check() == []
