# SPDX-License-Identifier: MIT
"""The tables as docs/postgresql.md gives them: a store takes them, and makes the same ones."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from frames import SYMBOL, TIMEFRAME, bars
from postgresql import tables

from data_store import DataStore

PAGE = Path(__file__).parents[3] / "docs" / "postgresql.md"
pytestmark = pytest.mark.skipif(
    "DATA_STORE_TEST_PARTITIONS" in os.environ, reason="the page's tables have no parts"
)


def documented() -> str:
    """The CREATE TABLE statements of the page."""
    [block] = re.findall(r"```sql\n(CREATE TABLE market_data .*?)```", PAGE.read_text(), re.S)
    return str(block)


def description(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the server knows of the tables' columns and indexes."""
    columns = (
        "SELECT c.relname, attname, format_type(atttypid, atttypmod), attnotnull, collname,"
        " pg_get_expr(adbin, adrelid) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = attrelid"
        " LEFT JOIN pg_collation AS l ON l.oid = attcollation"
        " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        " WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND attnum > 0"
        " ORDER BY c.relname, attnum"
    )
    indexes = (
        "SELECT tablename, regexp_replace(indexdef, '^.* USING', '') FROM pg_indexes"
        " WHERE schemaname = %s ORDER BY tablename, indexdef"
    )
    schema = tables.schema_of(url)
    with tables.connect(url) as connection:
        return {
            "columns": connection.execute(columns, [schema]).fetchall(),
            "indexes": connection.execute(indexes, [schema]).fetchall(),
        }


def test_the_documented_tables_are_those_that_a_store_makes() -> None:
    with tables.new_schema() as by_hand, tables.new_schema() as made:
        DataStore(made).close()
        with tables.connect(by_hand) as client:
            client.execute(documented())  # type: ignore[call-overload]
        expected = description(made)
        assert len(expected["columns"]) == 14 + 14 + 4
        assert description(by_hand) == expected
        with DataStore(by_hand) as store:
            store.market.write(bars(3), SYMBOL, TIMEFRAME)
            assert store.market.count(SYMBOL, TIMEFRAME) == 3
            assert store.check() == []
