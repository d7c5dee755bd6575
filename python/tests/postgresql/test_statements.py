# SPDX-License-Identifier: MIT
"""Each statement about bars or requests names the symbol: tables may be cut up by it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from calls import READS, WRITES, put_three_bars_and_a_state
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times
from postgresql import tables
from postgresql.server import Server

from data_store import DataStore

BEGINS = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")
PREFIX = re.compile(r"^\d{4}-\d\d-\d\d ")


def statements(log: Path) -> Iterator[str]:
    """The statements in a server's log, each in one line."""
    current: list[str] | None = None
    for line in log.read_text().splitlines():
        if PREFIX.match(line):
            if current is not None:
                yield " ".join(current)
            found = BEGINS.search(line)
            current = [found[1]] if found else None
        elif current is not None:
            current.append(line.strip())
    if current is not None:
        yield " ".join(current)


def pieces(statement: str) -> Iterator[str]:
    """Several statements that were sent as one; none holds a semicolon in quotes."""
    return (piece.strip() for piece in statement.split(";") if piece.strip())


def use_everything(url: str, folder: Path) -> None:
    """Each call, in each of its forms."""
    with DataStore(url) as store:
        put_three_bars_and_a_state(store)
        for name, call in {**WRITES, **READS}.items():
            if name != "transaction":
                call(store)
        for replace in (False, True):
            features = [{"a@1": entry(1.0)}, None, {"b@1": entry(2.0)}]
            store.market.write(bars(3), SYMBOL, TIMEFRAME, features=features, replace=replace)
            store.market.write(bars(3)[["close"]], SYMBOL, TIMEFRAME, replace=replace)
            store.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0, replace=replace)
            fields = {"close": 2.0, "features": {"c@1": entry(1.0)}, "replace": replace}
            store.market.write_bar(SYMBOL, TIMEFRAME, START, **fields)
            given = pd.DataFrame({"d@1": [1.0] * 3}, index=times(3))
            store.market.write_features(given, SYMBOL, TIMEFRAME, replace=replace)
        many = pd.concat({"A": bars(2), "B": bars(2)}, names=["symbol"]).reset_index("symbol")
        many["timeframe"] = TIMEFRAME
        store.market.write(many, None, None)
        for start, end in ((None, None), (START, None), (None, START), (START, START)):
            store.market.read(SYMBOL, TIMEFRAME, start, end, features="json", limit=2)
            store.market.read(["A", "B"], TIMEFRAME, start, end)
            store.market.count(SYMBOL, TIMEFRAME, start, end)
            store.market.feature_keys(SYMBOL, TIMEFRAME, start, end)
            store.market.read_features([SYMBOL, "A"], TIMEFRAME, start, end)
            store.market.requests(SYMBOL, TIMEFRAME, start, end, limit=1)
            store.market.requests(SYMBOL, None, start, end)
            store.market.delete("B", TIMEFRAME, start, end)
        store.market.latest([SYMBOL, "A"], TIMEFRAME, 2, features=True)
        list(store.market.iter([SYMBOL, "A"], TIMEFRAME, chunk=2, features=True))
        store.market.series(counts=False)
        with store.transaction():
            store.market.write(bars(3), SYMBOL, TIMEFRAME, features=[{"a@1": entry(1.0)}] * 3)
            store.market.write(bars(3), "A", TIMEFRAME)
            store.market.read(SYMBOL, TIMEFRAME)
            store.state.set("a", 1)


def test_each_statement_about_bars_or_requests_names_the_symbol(tmp_path: Path) -> None:
    with Server(settings={"log_statement": "all"}) as server:
        use_everything(server.url(), tmp_path)
        found = [piece for whole in statements(server.log) for piece in pieces(whole)]
    about = [
        text
        for text in found
        if re.search(r"market_data|market_requests|ds_bars", text)
        and re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|COPY|MERGE)\b", text)
        and not re.match(r"(LOCK|CREATE|GRANT|COMMENT|TRUNCATE|ANALYZE)\b", text)
        and "pg_catalog" not in text
        and "pg_class" not in text
        and "information_schema" not in text
    ]
    assert len(about) > 60, "the log was not read right"
    assert [text for text in about if not re.search(r"\bsymbol\b", text)] == []
    # Where one series is meant, its symbol is compared, not only given out.
    narrow = [text for text in about if re.match(r"(UPDATE|DELETE)\b", text)]
    assert narrow
    for text in narrow:
        assert re.search(r"\bWHERE\b.*\bsymbol\b", text), text


def test_calls_about_one_symbol_touch_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_STORE_TEST_PARTITIONS", "hash")
    with tables.new_schema() as url, tables.connect(url) as connection:
        named = f"{url}&application_name=one_part"
        with DataStore(named) as store:
            store.market.write(bars(50), SYMBOL, TIMEFRAME)
        before = scans(connection, tables.schema_of(url))
        [home] = [name for name, (_, inserted) in before.items() if inserted > 0]
        with DataStore(named) as store:
            store.market.read(SYMBOL, TIMEFRAME, START)
            store.market.latest_bar(SYMBOL, TIMEFRAME)
            store.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0)
            store.market.write(bars(5), SYMBOL, TIMEFRAME)
            given = pd.DataFrame({"d@1": [1.0] * 3}, index=times(3))
            store.market.write_features(given, SYMBOL, TIMEFRAME)
            store.market.count(SYMBOL, TIMEFRAME)
            store.market.exists(SYMBOL, TIMEFRAME)
            store.market.delete(SYMBOL, TIMEFRAME, times(5)[4])
        after = scans(connection, tables.schema_of(url))
    assert {name for name in after if after[name][0] > before[name][0]} == {home}


def scans(connection: psycopg.Connection[Any], schema: str) -> dict[str, tuple[int, int]]:
    """How often each part was searched, and rows put into it: sessions tell it when they end."""
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'one_part'"
    while connection.execute(sessions).fetchall() != [(0,)]:
        time.sleep(0.01)
    connection.execute("SELECT pg_stat_clear_snapshot()")
    found = connection.execute(
        "SELECT relname, coalesce(seq_scan, 0) + coalesce(idx_scan, 0), n_tup_ins"
        " FROM pg_stat_user_tables WHERE schemaname = %s AND relname LIKE %s",
        [schema, "market_data_%"],
    )
    return {name: (searched, inserted) for name, searched, inserted in found}
