# SPDX-License-Identifier: MIT
"""How often a call waits for the server: what docs/postgresql.md says, however many symbols."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times
from postgresql.proxy import Proxy

from data_store import DataStore

PAGE = Path(__file__).resolve().parents[3] / "docs" / "postgresql.md"
MANY = [f"S{number:03d}" for number in range(120)]


def of_many(rows: int) -> pd.DataFrame:
    """So many bars of each of many symbols."""
    frame = pd.concat({name: bars(rows) for name in MANY}, names=["symbol"])
    return frame.reset_index("symbol").assign(timeframe=TIMEFRAME)


def given(symbol: str) -> Callable[[DataStore], object]:
    """A write of a hundred new bars with features: of another hundred each time."""
    hundreds = iter(range(10))

    def write(store: DataStore) -> object:
        later = bars(100)
        later.index += pd.Timedelta(days=365) * next(hundreds)
        features = [{"a@1": entry(1.0)}] * 100 if symbol == "F" else None
        return store.market.write(later, symbol, TIMEFRAME, features=features)

    return write


CALLS: dict[str, Callable[[DataStore], object]] = {
    "`latest_bar`": lambda store: store.market.latest_bar(SYMBOL, TIMEFRAME),
    "`read`, `latest`, of one symbol or many": lambda store: store.market.latest(
        MANY, TIMEFRAME, 3, features=True
    ),
    "`read`, of a range": lambda store: store.market.read(
        MANY, TIMEFRAME, START, times(9)[8], limit=200
    ),
    "`read_features`": lambda store: store.market.read_features(MANY, TIMEFRAME),
    "`count`": lambda store: store.market.count(SYMBOL, TIMEFRAME),
    "`exists`": lambda store: store.market.exists(SYMBOL, TIMEFRAME),
    "`missing`": lambda store: store.market.missing(
        SYMBOL, TIMEFRAME, START, times(9)[8], expected=pd.Timedelta("1h")
    ),
    "`series`": lambda store: store.market.series(),
    "`delete`": lambda store: store.market.delete("NONE", TIMEFRAME),
    "`write_bar`": lambda store: store.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0),
    "`write`, new bars of a series": given("N"),
    "`write`, the same with features": given("F"),
    "`write`, bars that are there, or of many symbols": lambda store: store.market.write(
        of_many(2), None, None
    ),
    "`write_features`": lambda store: store.market.write_features(
        pd.DataFrame({"a@1": [1.0] * 9}, index=times(9)), SYMBOL, TIMEFRAME
    ),
    "`state.get`": lambda store: store.state.get("a"),
    "`state.set`": lambda store: store.state.set("a", 1),
    "`state.set_many`": lambda store: store.state.set_many({f"k{n}": n for n in range(99)}),
    "`state.compare_and_set`": lambda store: store.state.compare_and_set("b", None, None),
    "`state.items`": lambda store: store.state.items("k"),
}


def documented() -> dict[str, int]:
    """What the page says of each call."""
    table = PAGE.read_text().partition("## Round trips")[2].partition("\n## ")[0]
    return {call: int(trips) for call, trips in re.findall(r"^\| (`.*) \| (\d+) \|$", table, re.M)}


def test_calls_wait_for_the_server_as_often_as_the_page_says(
    remote: str, store: DataStore, proxy: Proxy
) -> None:
    store.market.write(of_many(9), None, None)
    store.market.write(bars(9), SYMBOL, TIMEFRAME)
    found = {}
    with DataStore(remote) as far:
        for name, call in CALLS.items():
            # The first ones prepare the statements, and a table for batches.
            call(far)
            call(far)
            proxy.count()
            call(far)
            found[name] = proxy.round_trips
    said = documented()
    assert list(said) == list(CALLS)
    assert {name: trips for name, trips in found.items() if not 0 < trips <= said[name]} == {}
