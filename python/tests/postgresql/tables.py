# SPDX-License-Identifier: MIT
"""The tables on a server, as any other program sees them: psycopg, no data_store."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

KEYS = {
    "market_data": ("symbol", "timeframe", "timestamp"),
    "market_requests": ("symbol", "timeframe", "requested_at"),
    "system_state": ("key",),
}
FILE_COLUMNS = {
    "market_data": "symbol timeframe timestamp open high low close volume source quality is_gap"
    " latency_sec features",
    "market_requests": "symbol timeframe requested_at provider_used fallback_used start_ts end_ts"
    " coverage_ratio gap_count quality notes",
    "system_state": "key value updated_at",
}
"""The columns, in their order, of a file's tables."""

_numbers = itertools.count(1)


def with_schema(url: str, schema: str) -> str:
    """The same database's URL, for another schema."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "options"]
    query.append(("options", f"-c search_path={schema}"))
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def schema_of(url: str) -> str:
    """The schema that a URL names."""
    options = dict(parse_qsl(urlsplit(url).query)).get("options", "")
    found = re.search(r"search_path=(\w+)", options)
    return found[1] if found else "public"


def connect(url: str, **options: Any) -> psycopg.Connection[Any]:
    """A connection by psycopg, which commits each statement."""
    return psycopg.connect(url, autocommit=True, **options)


@contextlib.contextmanager
def new_schema() -> Iterator[str]:
    """The URL of a new schema, empty or with partitioned tables; dropped after the block."""
    base = os.environ["DATA_STORE_POSTGRESQL"]
    schema = f"t{os.getpid()}_{next(_numbers)}"
    with connect(base) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        if (kind := os.environ.get("DATA_STORE_TEST_PARTITIONS")) in PARTITIONED:
            partition(connection, schema, kind)
    try:
        yield with_schema(base, schema)
    finally:
        drop(base, schema)


def drop(base: str, schema: str) -> None:
    """Takes the schema away, and the sessions that still hold something of it."""
    holders = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
        " WHERE relnamespace = to_regnamespace(%s) AND pid <> pg_backend_pid()"
    )
    with connect(base) as connection:
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("SET client_min_messages = warning")
        connection.execute(holders, [schema])
        with contextlib.suppress(psycopg.errors.LockNotAvailable):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


PARTITIONED = {
    "hash": {"market_data": "HASH (symbol)", "market_requests": "HASH (symbol)"},
    "range": {"market_data": "RANGE (timestamp)", "market_requests": "RANGE (requested_at)"},
}
"""How a table is partitioned, by the kind of partitions."""


@functools.cache
def model(base: str) -> str:
    """A schema in which the store itself has made its tables; it stays until the server goes."""
    from data_store import DataStore

    schema = f"model_{os.getpid()}"
    with connect(base) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    with DataStore(with_schema(base, schema)):
        pass
    return schema


def partition(connection: psycopg.Connection[Any], schema: str, kind: str) -> None:
    """The tables of the model, partitioned: in eight by symbol, or by year."""
    like = model(os.environ["DATA_STORE_POSTGRESQL"])
    for table, by in PARTITIONED[kind].items():
        name = f"{schema}.{table}"
        connection.execute(
            f"CREATE TABLE {name} (LIKE {like}.{table} INCLUDING ALL) PARTITION BY {by}"
        )
        if kind == "hash":
            for part in range(8):
                connection.execute(
                    f"CREATE TABLE {name}_{part} PARTITION OF {name}"
                    f" FOR VALUES WITH (MODULUS 8, REMAINDER {part})"
                )
        else:
            for year in (2025, 2026):
                connection.execute(
                    f"CREATE TABLE {name}_{year} PARTITION OF {name}"
                    f" FOR VALUES FROM ('{year}-01-01Z') TO ('{year + 1}-01-01Z')"
                )
            connection.execute(f"CREATE TABLE {name}_others PARTITION OF {name} DEFAULT")


@functools.cache
def column_types(url: str, table: str) -> dict[str, str]:
    """The columns of a table with their types, in their order."""
    query = (
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    with connect(url) as connection:
        return dict(connection.execute(query, [f"{schema_of(url)}.{table}"]).fetchall())


def nanoseconds_of(url: str, table: str, column: str) -> str:
    """The column that holds what of a time is below a microsecond."""
    small = [name for name, kind in column_types(url, table).items() if kind == "smallint"]
    [found] = [name for name in small if name.startswith(column)] or small
    return found


def as_file(url: str, table: str) -> str:
    """What selects a table's rows as a file has them: times as text, booleans as 0 and 1."""
    types, columns = column_types(url, table), []
    for name in FILE_COLUMNS[table].split():
        if types[name] == "timestamp with time zone":
            columns.append(f"{as_text(name, nanoseconds_of(url, table, name))} AS {name}")
        elif types[name] == "boolean":
            columns.append(f"{name}::int AS {name}")
        elif types[name] == "json":
            columns.append(f"{name}::text AS {name}")
        else:
            columns.append(name)
    return f"SELECT {', '.join(columns)} FROM {schema_of(url)}.{table}"


def as_text(time: str, nanoseconds: str) -> str:
    """A time in the form of a file, which orders as the times do."""
    micros = f"(extract(microseconds from {time})::int % 1000000)"
    return (
        f"(to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
        f" || CASE WHEN {micros} = 0 AND {nanoseconds} = 0 THEN ''"
        f" WHEN {nanoseconds} = 0 THEN '.' || to_char({micros}, 'FM000000')"
        f" ELSE '.' || to_char({micros}, 'FM000000') || to_char({nanoseconds}, 'FM000') END"
        f" || '+00:00') COLLATE \"C\""
    )


def query(url: str, statement: str, *params: object) -> list[tuple[Any, ...]]:
    """The rows of a statement for a file; one that writes sees the tables as they are."""
    text = statement.replace("%", "%%").replace("?", "%s") if params else statement
    text = re.sub(r"typeof\((\w+)\)", TYPE_OF, text)
    prefix = ""
    if statement.lstrip().upper().startswith("SELECT"):
        named = [table for table in KEYS if re.search(rf"\b{table}\b", text)]
        selects = {table: as_file(url, table) for table in named}
        if re.search(r"\browid\b", text):
            selects = {
                table: select.replace("SELECT ", "SELECT ctid::text AS rowid, ", 1)
                for table, select in selects.items()
            }
        prefix = ", ".join(f"{table} AS ({select})" for table, select in selects.items())
        prefix = f"WITH {prefix} " if prefix else ""
        prefix = prefix.replace("%", "%%") if params else prefix
    with connect(url) as connection:
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema_of(url))))
        found = connection.execute(prefix + text, params or None)  # type: ignore[arg-type]
        return found.fetchall() if found.description else []


TYPE_OF = (
    r"CASE WHEN \1 IS NULL THEN 'null' WHEN pg_typeof(\1)::text = 'double precision' THEN 'real'"
    r" WHEN pg_typeof(\1)::text = 'text' THEN 'text' ELSE 'integer' END"
)


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows by table, as a file has them, each with its place, which a write changes."""
    found = {}
    with connect(url) as connection:
        for table, key in KEYS.items():
            place = "SELECT tableoid::regclass::text || ctid, "
            select = as_file(url, table).replace("SELECT ", place, 1)
            order = ", ".join(str(FILE_COLUMNS[table].split().index(name) + 2) for name in key)
            found[table] = connection.execute(f"{select} ORDER BY {order}").fetchall()
    return found
