# SPDX-License-Identifier: MIT
"""Files with SQL of their own, and damaged ones: nothing of theirs is run, no wrong row is read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import database
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, same

from data_store import DataStore
from data_store.errors import CorruptError, InvalidInputError, SchemaError

pytestmark = pytest.mark.sqlite_only("the store is a file")

TRIGGERS = [
    "CREATE TRIGGER planted AFTER INSERT ON {table} BEGIN DELETE FROM notes; END",
    "CREATE TRIGGER planted BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER planted BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER planted AFTER UPDATE ON {table} BEGIN DELETE FROM notes; END",
    "CREATE TRIGGER planted BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END",
]


@pytest.mark.parametrize("table", database.TABLES)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_planted_trigger_is_reported_never_run_and_stops_no_write(
    path: Path, table: str, trigger: str
) -> None:
    database.script(
        path,
        database.SCHEMA + "CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('x');"
        f"{trigger.format(table=table)};",
    )
    with DataStore(path) as store:
        assert any("planted" in finding for finding in store.check())
        for close in (1.0, 2.0):
            store.market.write(bars(2, base=close), SYMBOL, TIMEFRAME)
            store.market.write(bars(2, base=close), SYMBOL, TIMEFRAME, replace=True)
            store.market.write_bar(SYMBOL, TIMEFRAME, START, open=close)
            store.market.record_request(
                SYMBOL, TIMEFRAME, provider_used="x", start_ts=START, end_ts=START,
                requested_at=START,
            )  # fmt: skip
            store.state.set("a", close)
        assert store.market.delete(SYMBOL, TIMEFRAME, START, START) == 1
        assert len(store.market.read(SYMBOL, TIMEFRAME)) == 1
        assert len(store.market.requests()) == 1
        assert store.state.delete("a")
    assert database.query(path, "SELECT * FROM notes") == [("x",)]


def test_views_of_the_file_are_never_run(path: Path) -> None:
    database.script(
        path, database.SCHEMA + "CREATE VIEW planted AS SELECT randomblob(16) AS secret;"
    )
    with DataStore(path) as store:
        with pytest.raises(InvalidInputError, match="planted"):
            store.sql("SELECT * FROM planted")
        store.state.set("a", 1)
        assert store.state.get("a") == 1


@pytest.mark.parametrize("page", range(1, 8))
def test_a_damaged_page_is_an_error_and_never_a_wrong_row(path: Path, page: int) -> None:
    with DataStore(path) as store:
        store.market.write(bars(2000), SYMBOL, TIMEFRAME)
        size = store.info()["page_size"]
    data = bytearray(path.read_bytes())
    data[page * size : (page + 1) * size] = b"\xa5" * size
    path.write_bytes(data)
    with contextlib.suppress(CorruptError, SchemaError), DataStore(path) as store:
        with contextlib.suppress(CorruptError):
            assert store.check() != []
        with contextlib.suppress(CorruptError):
            same(store.market.read(SYMBOL, TIMEFRAME), bars(2000))
