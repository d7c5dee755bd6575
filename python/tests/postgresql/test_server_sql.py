# SPDX-License-Identifier: MIT
"""sql() on a server: what writes or leaves its transaction is refused, and leaves nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry
from postgresql import tables

from data_store import DataStore
from data_store.errors import InvalidInputError, QueryTimeoutError, StorageError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Three bars and a state."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.state.set("a", [1])
    return store


WRITING = [
    "DELETE FROM market_data",
    "UPDATE market_data SET close = 0",
    "INSERT INTO system_state (key, value, updated_at) VALUES ('x', '1', now())",
    "WITH gone AS (DELETE FROM market_data RETURNING *) SELECT * FROM gone",
    "SELECT * FROM market_data FOR UPDATE",
    "TRUNCATE market_data",
    "DROP TABLE market_data",
    "CREATE TABLE x (a int)",
    "CREATE TEMP TABLE x (a int)",
    "ALTER TABLE market_data ADD COLUMN x int",
    "CREATE INDEX x ON market_data (close)",
    "SELECT nextval('x') FROM (SELECT 1) AS y",
    "SET search_path = public",
    "SET TRANSACTION READ WRITE",
    "RESET ALL",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "END; DELETE FROM market_data",
    "COMMIT; DELETE FROM market_data; BEGIN",
    "PREPARE TRANSACTION 'x'",
    "VACUUM",
    "ANALYZE",
    "COPY market_data TO '/tmp/out'",
    "COPY market_data TO PROGRAM 'cat'",
    "COPY market_data TO STDOUT",
    "COPY market_data FROM STDIN",
    "LISTEN x",
    "NOTIFY x",
    "DEALLOCATE ALL",
    "DISCARD ALL",
    "LOCK TABLE market_data",
    "DO $$ BEGIN DELETE FROM market_data; END $$",
    "CALL nothing()",
    "SELECT 1; DELETE FROM market_data",
    "SELECT 1; SELECT 2",
    "SELECT pg_read_file('/etc/passwd')",
    "",
    " ",
    "-- nothing",
    "nonsense",
    "SELECT * FROM nowhere",
    "SELECT ?",
    "SELECT 1\x00DELETE FROM market_data",
]


@pytest.mark.parametrize("query", WRITING)
def test_what_writes_or_is_no_query_is_refused(
    stored: DataStore, path: str, contents: Callable[[], Any], query: str
) -> None:
    before = contents(), tables_of(path)
    with pytest.raises((InvalidInputError, StorageError)):
        stored.sql(query)
    assert (contents(), tables_of(path)) == before
    stored.state.set("after", 1)
    assert stored.state.get("after") == 1
    assert len(stored.market.read(SYMBOL, TIMEFRAME)) == 3


def tables_of(path: str) -> list[Any]:
    with tables.connect(path) as connection:
        query = (
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = %s::regnamespace ORDER BY 1"
        )
        return connection.execute(query, [tables.schema_of(path)]).fetchall()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT set_config('search_path', 'pg_catalog', false)",
        "SELECT set_config('synchronous_commit', 'off', false)",
        "SELECT set_config('lock_timeout', '1', false)",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT pg_advisory_lock_shared(1)",
    ],
)
def test_what_a_function_does_is_undone_or_does_no_harm(
    stored: DataStore, path: str, query: str
) -> None:
    with contextlib.suppress(InvalidInputError, StorageError):
        stored.sql(query)
    stored.market.write(bars(3), SYMBOL, TIMEFRAME)
    stored.state.set("a", [2])
    assert stored.state.get("a") == [2]
    assert stored.info()["synchronous"] in ("on", "FULL", "full")
    with DataStore(path) as other:
        assert other.state.get("a") == [2]


def test_values_come_as_the_server_has_them(stored: DataStore) -> None:
    query = (
        "SELECT 9223372036854775807::bigint AS i, 1::smallint AS s, 0.1::float8 AS r, 'ñ📈' AS t,"
        " NULL::float8 AS n, '' AS e, true AS b, '-0'::float8 AS z, 'infinity'::float8 AS f"
    )
    row = stored.sql(query).iloc[0]
    assert (row["i"], row["s"], row["r"], row["t"], row["e"]) == (2**63 - 1, 1, 0.1, "ñ📈", "")
    assert row["b"] in (True, 1)
    assert pd.isna(row["n"])
    assert np.signbit(row["z"])
    assert row["f"] == np.inf


def test_times_and_json_come_as_text_that_reads_back(stored: DataStore) -> None:
    stored.market.write_features({START: {"a@1": entry(1.5)}}, SYMBOL, TIMEFRAME)
    query = "SELECT timestamp, features FROM market_data ORDER BY timestamp LIMIT 1"
    [row] = stored.sql(query).to_dict("records")
    assert pd.Timestamp(row["timestamp"]) == START
    assert '"a@1":{"value":1.5,"quality":"ready"}' in row["features"]


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT $1::int AS a, $2::text AS b", (1, "it's")),
        ("SELECT $2::text AS b, $1::int AS a", [1, "it's"]),
    ],
)
def test_parameters_are_numbered(stored: DataStore, query: str, params: Any) -> None:
    row = stored.sql(query, params).iloc[0]
    assert (row["a"], row["b"]) == (1, "it's")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("SELECT timestamp = ? AND timestamp_ns = 0 AS a FROM market_data LIMIT 1", START),
        ("SELECT timestamp = ? AS a FROM market_data LIMIT 1", "2026-03-01T15:00:00Z"),
        ("SELECT extract(epoch from CAST(? AS interval)) = 3600 AS a", "1 hour"),
        ("SELECT 12345678 = CAST(? AS float8) AS a", "12345678"),
        ("SELECT CAST(? AS boolean) AS a", "true"),
        ("SELECT CAST(? AS text) = '' AS a", ""),
    ],
)
def test_a_text_is_a_value_of_the_type_that_the_statement_has_there(
    stored: DataStore, query: str, param: Any
) -> None:
    assert stored.sql(query, [param])["a"].tolist() == [True]


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT count(*) = 2 AS a FROM market_data WHERE is_gap = ?", [False]),
        ("SELECT count(*) = 1 AS a FROM market_data WHERE is_gap = ? AND ?", [True, True]),
        ("SELECT count(*) = 3 AS a FROM market_data WHERE is_gap IN (?, ?)", [True, False]),
        ("SELECT CASE WHEN :b THEN true END AS a", {"b": True}),
        ("SELECT NOT CAST(? AS boolean) AS a", [False]),
        ("SELECT COALESCE(NULL::boolean, $1) AS a", [np.True_]),
        ("SELECT ? = 1 AND 2 = ? + 1 AS a", [True, True]),
        (
            "SELECT count(*) = 1 AS a FROM market_data WHERE is_gap = ? AND timestamp_ns = ?",
            [True, 0],
        ),
        ("SELECT ? AS a", [True]),
        ("SELECT pg_typeof(?) = 'bigint'::regtype AS a", [1]),
    ],
)
def test_true_and_false_are_flags_where_a_flag_is_wanted_and_else_numbers(
    stored: DataStore, query: str, params: Any
) -> None:
    for _ in range(2):
        assert stored.sql(query, params)["a"].tolist() == [True]
    with stored.transaction():
        assert stored.sql(query, params)["a"].tolist() == [True]


def test_a_number_where_a_text_is_wanted_stays_an_error(stored: DataStore) -> None:
    with pytest.raises(InvalidInputError, match="lower"):
        stored.sql("SELECT lower(?), no_such_function(?)", [1, 0])
    with pytest.raises(InvalidInputError, match="no_such_function"):
        stored.sql("SELECT no_such_function(?)", [1])


def test_a_text_with_a_zero_byte_is_refused_and_not_cut_off(stored: DataStore) -> None:
    with pytest.raises(InvalidInputError):
        stored.sql("SELECT CAST(? AS text) AS a", ["ab\0cd"])


def test_a_parameter_never_becomes_a_part_of_the_statement(
    stored: DataStore, contents: Callable[[], Any]
) -> None:
    before = contents()
    for text in ("'; DELETE FROM market_data; --", "\\'; DROP TABLE market_data; --", "$1", "$$"):
        found = stored.sql("SELECT $1::text AS a", [text])
        assert found["a"].tolist() == [text]
        assert stored.state.get(text) is None
        assert stored.market.count(text, text) == 0
    assert contents() == before


def test_an_endless_query_is_stopped_and_the_store_goes_on(stored: DataStore) -> None:
    endless = "SELECT count(*) FROM generate_series(1, 1000000000000)"
    with pytest.raises(QueryTimeoutError):
        stored.sql(endless, timeout=0.05)
    with stored.transaction():
        stored.state.set("b", 1)
        with pytest.raises(QueryTimeoutError):
            stored.sql(endless, timeout=0.05)
        assert stored.sql("SELECT key FROM system_state ORDER BY 1")["key"].tolist() == ["a", "b"]
    assert stored.state.get("b") == 1


def test_a_query_sees_its_own_transaction(stored: DataStore) -> None:
    with stored.transaction():
        stored.market.delete(SYMBOL, TIMEFRAME)
        assert stored.sql("SELECT count(*) AS n FROM market_data")["n"].tolist() == [0]
        with pytest.raises((InvalidInputError, StorageError)):
            stored.sql("DELETE FROM system_state")
        stored.state.set("b", 2)
    assert stored.state.items() == {"a": [1], "b": 2}
