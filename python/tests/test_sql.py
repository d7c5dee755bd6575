# SPDX-License-Identifier: MIT
"""sql(): frames out of one statement that only reads; anything else is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import places
import pytest
from frames import SYMBOL, TIMEFRAME, bars

from data_store import DataStore
from data_store.errors import CorruptError, InvalidInputError, QueryTimeoutError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars and a state."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.state.set("a", [1])
    return store


def test_sql_gives_a_frame(stored: DataStore) -> None:
    found = stored.sql(
        "SELECT symbol, count(*) AS bars, max(close) AS top FROM market_data GROUP BY symbol"
    )
    assert found.to_dict("list") == {"symbol": [SYMBOL], "bars": [3], "top": [1.5]}
    empty = stored.sql("SELECT symbol, close FROM market_data WHERE 1 = 0")
    assert (len(empty), list(empty.columns)) == (0, ["symbol", "close"])


def test_sql_keeps_values_as_sqlite_has_them(stored: DataStore) -> None:
    found = stored.sql(f"SELECT {2**63 - 1} AS i, 0.1 AS r, 'ñ📈' AS t, NULL AS n, '' AS e")
    row = found.iloc[0]
    assert (row["i"], row["r"], row["t"], row["e"]) == (2**63 - 1, 0.1, "ñ📈", "")
    assert pd.isna(row["n"])


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT ? AS a, ? AS b", (1, "it's")),
        ("SELECT :a AS a, :b AS b", {"a": 1, "b": "it's"}),
        ("SELECT ?2 AS b, ?1 AS a", [1, "it's"]),
        ("SELECT $a AS a, @b AS b", {"a": 1, "b": "it's"}),
    ],
)
def test_sql_takes_parameters(stored: DataStore, query: str, params: Any) -> None:
    row = stored.sql(query, params).iloc[0]
    assert (row["a"], row["b"]) == (1, "it's")


WRITING = [
    "DELETE FROM market_data",
    "UPDATE market_data SET close = 0",
    "INSERT INTO system_state VALUES ('x', '1', 'now')",
    "INSERT INTO system_state VALUES ('x', '1', 'now') RETURNING key",
    "WITH one AS (SELECT 1) DELETE FROM market_data",
    "DROP TABLE market_data",
    "CREATE TABLE x (a)",
    "CREATE TEMP TABLE x (a)",
    "ALTER TABLE market_data ADD COLUMN x",
    "CREATE INDEX x ON market_data (close)",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "VACUUM",
    "REINDEX",
    "ANALYZE",
    "SELECT 1; DELETE FROM market_data",
    "SELECT 1; SELECT 2",
    "",
    " ",
    "-- nothing",
    "nonsense",
    "SELECT * FROM nowhere",
    "SELECT ?",
    "SELECT 1\x00DELETE FROM market_data",
]
WRITING_TO_FILES = [
    "REPLACE INTO system_state VALUES ('x', '1', 'now')",
    "PRAGMA user_version = 5",
    "PRAGMA journal_mode = delete",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA writable_schema = ON",
    "PRAGMA synchronous = OFF",
    "BEGIN IMMEDIATE",
    "ATTACH 'other.db' AS other",
    "DETACH main",
    "VACUUM INTO 'copy.db'",
    "SELECT load_extension('x')",
]


def relations(path: places.Place) -> list[Any]:
    """What there is of tables, indexes and the like, and the file's version."""
    if places.is_server(path):
        from postgresql.tables import schema_of

        about = "SELECT oid, relname, relnatts FROM pg_class WHERE relnamespace = ?::regnamespace"
        return sorted(database.query(path, about, schema_of(str(path))))
    version = database.query(path, "PRAGMA user_version")
    return [*database.query(path, "SELECT * FROM sqlite_schema"), *version]


@pytest.mark.parametrize(
    "query",
    [
        *WRITING,
        *(
            pytest.param(query, marks=pytest.mark.sqlite_only("queries are PostgreSQL's SQL"))
            for query in WRITING_TO_FILES
        ),
    ],
)
def test_sql_refuses_what_writes_or_is_not_a_query(
    stored: DataStore,
    path: places.Place,
    contents: Any,
    query: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before, schema = contents(), relations(path)
    with pytest.raises(InvalidInputError):
        stored.sql(query)
    assert contents() == before
    assert relations(path) == schema
    files = (
        [path.name + suffix for suffix in ("", "-wal", "-shm")] if isinstance(path, Path) else []
    )
    assert {found.name for found in tmp_path.iterdir()} <= set(files)
    stored.state.set("after", 1)
    assert places.is_server(path) or stored.info()["journal_mode"] == "wal"


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT ?, ?", (1,)),
        ("SELECT ?", (1, 2)),
        ("SELECT :a", {"b": 1}),
        ("SELECT :a", {}),
        ("SELECT ?", (object(),)),
        ("SELECT ?", (2**63,)),
        ("SELECT ?", ("\ud800",)),
    ],
    ids=str,
)
def test_sql_refuses_parameters_that_do_not_fit(stored: DataStore, query: str, params: Any) -> None:
    with pytest.raises(InvalidInputError):
        stored.sql(query, params)


# -- timeout ------------------------------------------------------------------------------------

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
GROWING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"


@pytest.mark.parametrize("query", [ENDLESS, GROWING])
@pytest.mark.parametrize("timeout", [0, 0.05, np.float32(0.1)])
def test_sql_stops_an_endless_query(stored: DataStore, query: str, timeout: Any) -> None:
    with pytest.raises(QueryTimeoutError, match=r"took longer.*LIMIT") as caught:
        stored.sql(query, timeout=timeout)
    assert isinstance(caught.value, TimeoutError)
    assert stored.sql("SELECT count(*) AS n FROM market_data", timeout=60)["n"].tolist() == [3]


def test_sql_that_times_out_leaves_a_transaction_as_it_was(stored: DataStore) -> None:
    with stored.transaction():
        stored.state.set("b", 1)
        with pytest.raises(QueryTimeoutError):
            stored.sql(ENDLESS, timeout=0.01)
        assert stored.sql("SELECT key FROM system_state", timeout=60)["key"].tolist() == ["a", "b"]
    assert stored.state.get("b") == 1


@pytest.mark.parametrize(
    "timeout", [-1, float("nan"), float("inf"), 1e7, "1", b"1", True], ids=repr
)
def test_sql_refuses_a_timeout_that_is_none(stored: DataStore, timeout: Any) -> None:
    with pytest.raises(InvalidInputError, match="timeout"):
        stored.sql("SELECT 1", timeout=timeout)


@pytest.mark.sqlite_only("queries are PostgreSQL's SQL")
@pytest.mark.parametrize(
    "texts", [["a", "bc", ""], ["", ""], ["é", "日本", "x"], ["x" * 100_000, "y"]]
)
def test_sql_gives_texts_as_they_are(stored: DataStore, texts: list[str]) -> None:
    rows = ", ".join(["(?)"] * len(texts))
    found = stored.sql(f"WITH given(word) AS (VALUES {rows}) SELECT word FROM given", texts)
    assert found["word"].tolist() == texts
    assert found["word"].dtype == pd.Series(["x"]).dtype
    assert found["word"].str.len().tolist() == [len(text) for text in texts]


@pytest.mark.sqlite_only("a column of text takes what a typed column refuses")
def test_sql_refuses_texts_that_are_utf8_only_together(stored: DataStore) -> None:
    halves = "VALUES (CAST(x'C3' AS TEXT)), (CAST(x'A9' AS TEXT))"
    with pytest.raises(CorruptError, match="not UTF-8"):
        stored.sql(halves)


def test_sql_gives_each_frame_an_index_of_its_own(stored: DataStore) -> None:
    first, second = (stored.sql("VALUES (1), (2)") for _ in range(2))
    first.index.name = "row"
    assert second.index.name is None
    assert stored.sql("VALUES (3), (4)").index.name is None
    assert type(first.index) is pd.RangeIndex
    assert first.index.tolist() == [0, 1]
