# SPDX-License-Identifier: MIT
"""The rights that docs/postgresql.md says a role needs: with exactly these every call works."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from calls import CARE, READS, WRITES, put_three_bars_and_a_state
from frames import SYMBOL, TIMEFRAME, bars, same
from postgresql import tables
from postgresql.server import DATABASE, Server

from data_store import DataStore
from data_store.errors import StorageError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "postgresql.md"


def grants(heading: str) -> list[str]:
    """The statements of the page's block that begins with this comment."""
    for block in re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL):
        if block.startswith(f"-- {heading}"):
            return [text.strip() for text in block.split(";") if text.strip()]
    raise AssertionError(f"the page has no block '-- {heading}'")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One whose roles have no right that they were not given; the tables are in `market`."""
    with Server() as server:
        server.sql(
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;"
            " REVOKE ALL ON SCHEMA public FROM PUBLIC"
        )
        for role in ("market_owner", "market_writer", "market_reader"):
            server.sql(f"CREATE ROLE {role} LOGIN")
        for heading in ("once, by an administrator", "a role that writes", "a role that reads"):
            server.sql(";\n".join(grants(heading)))
            if heading.startswith("once"):
                with DataStore(server.url("market_owner", schema="market")) as store:
                    put_three_bars_and_a_state(store)
        yield server


@pytest.mark.parametrize("name", sorted(READS))
def test_a_reader_reads(server: Server, name: str) -> None:
    with DataStore(server.url("market_reader", schema="market"), read_only=True) as store:
        READS[name](store)


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_reader_writes_nothing(server: Server, name: str) -> None:
    with DataStore(server.url("market_owner", schema="market")) as store:
        before = tables.contents(server.url("market_owner", schema="market"))
        url = server.url("market_reader", schema="market")
        with DataStore(url, read_only=True) as reader, pytest.raises(StorageError):
            WRITES[name](reader)
        assert tables.contents(server.url("market_owner", schema="market")) == before
        assert store.state.get("a") is not None


def test_a_role_without_the_right_is_told_which_it_lacks(server: Server) -> None:
    url = server.url("market_reader", schema="market")
    with contextlib.ExitStack() as stack, pytest.raises(StorageError, match="GRANT"):
        stack.enter_context(DataStore(url)).market.write(bars(1), SYMBOL, TIMEFRAME)


@pytest.mark.parametrize("name", sorted({**WRITES, **READS, **CARE}.keys() - {"get_connection"}))
def test_a_writer_does_everything(server: Server, name: str, tmp_path: Path) -> None:
    with DataStore(server.url("market_owner", schema="market")) as store:
        put_three_bars_and_a_state(store)
    with DataStore(server.url("market_writer", schema="market")) as store:
        if name in ("backup", "copy_to"):
            getattr(store, name)(tmp_path / "copy.db")
        elif name == "transaction":
            with store.transaction():
                store.market.write(bars(3), SYMBOL, TIMEFRAME)
                store.state.set("a", 1)
            same(store.market.read(SYMBOL, TIMEFRAME), bars(3))
        else:
            {**WRITES, **READS, **CARE}[name](store)


def test_a_writer_changes_no_table(server: Server) -> None:
    with tables.connect(server.url("market_writer", schema="market")) as connection:
        for statement in (
            "DROP TABLE market.market_data",
            "ALTER TABLE market.market_data ADD COLUMN x int",
            "TRUNCATE market.market_data",
            "CREATE TABLE market.mine (x int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
