# SPDX-License-Identifier: MIT
"""Every public call by name, on three bars and a state; what many tests ask of a store."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import places
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same

from data_store import DataStore


def beside(store: DataStore, name: str) -> str:
    """A file that is not there yet: beside the store's, or in a folder of its own."""
    if places.is_server(store.path):
        return str(Path(tempfile.mkdtemp()) / name)
    return f"{store.path}.{name}"


WRITES: dict[str, Callable[[DataStore], Any]] = {
    "write": lambda store: store.market.write(bars(1), SYMBOL, TIMEFRAME),
    "write_bar": lambda store: store.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0),
    "write_features": lambda store: store.market.write_features(
        {START: {"a@1": entry(1.0)}}, SYMBOL, TIMEFRAME
    ),
    "delete": lambda store: store.market.delete(SYMBOL, TIMEFRAME),
    "record_request": lambda store: store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="x", start_ts=START, end_ts=START
    ),
    "state.set": lambda store: store.state.set("a", 2),
    "state.set_many": lambda store: store.state.set_many({"a": 2}),
    "state.delete": lambda store: store.state.delete("a"),
    "state.compare_and_set": lambda store: store.state.compare_and_set("a", 1, 2),
    "transaction": lambda store: store.transaction().__enter__(),
}
READS: dict[str, Callable[[DataStore], Any]] = {
    "read": lambda store: store.market.read(SYMBOL, TIMEFRAME),
    "read_features": lambda store: store.market.read_features(SYMBOL, TIMEFRAME),
    "latest": lambda store: store.market.latest(SYMBOL, TIMEFRAME),
    "latest_bar": lambda store: store.market.latest_bar(SYMBOL, TIMEFRAME),
    "iter": lambda store: list(store.market.iter(SYMBOL, TIMEFRAME)),
    "read_arrow": lambda store: store.market.read_arrow(SYMBOL, TIMEFRAME),
    "read_features_arrow": lambda store: store.market.read_features_arrow(SYMBOL, TIMEFRAME),
    "iter_arrow": lambda store: store.market.iter_arrow(SYMBOL, TIMEFRAME, features=True),
    "sql_arrow": lambda store: store.sql_arrow("SELECT 1"),
    "exists": lambda store: store.market.exists(SYMBOL, TIMEFRAME),
    "count": lambda store: store.market.count(SYMBOL, TIMEFRAME),
    "feature_keys": lambda store: store.market.feature_keys(SYMBOL, TIMEFRAME),
    "hash": lambda store: store.market.hash(SYMBOL, TIMEFRAME),
    "missing": lambda store: store.market.missing(
        SYMBOL, TIMEFRAME, START, START, expected=pd.Timedelta(hours=1)
    ),
    "series": lambda store: store.market.series(),
    "requests": lambda store: store.market.requests(),
    "state.get": lambda store: store.state.get("a"),
    "state.keys": lambda store: store.state.keys(),
    "state.items": lambda store: store.state.items(),
    "state.updated_at": lambda store: store.state.updated_at("a"),
    "sql": lambda store: store.sql("SELECT 1"),
}
CARE: dict[str, Callable[[DataStore], Any]] = {
    "check": lambda store: store.check(),
    "backup": lambda store: store.backup(beside(store, "copy")),
    "copy_to": lambda store: store.copy_to(beside(store, "copied")),
    "differences": lambda store: store.differences(store),
    "checkpoint": lambda store: store.checkpoint(),
    "info": lambda store: store.info(),
    "get_connection": lambda store: store.get_connection(),
}
EVERY = {**WRITES, **READS, **CARE}


def put_three_bars_and_a_state(store: DataStore) -> None:
    """What `whole` expects."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.state.set("a", 1)


def whole(path: Path, *, read_only: bool = False) -> None:
    """The file at `path` has three bars and a state, and is sound."""
    with DataStore(path, read_only=read_only) as again:
        same(again.market.read(SYMBOL, TIMEFRAME), bars(3))
        assert again.state.items() == {"a": 1}
        assert again.check() == []


def feature_texts(store: DataStore) -> list[Any]:
    """The stored JSON of every bar, None if there is none."""
    texts = store.market.read(SYMBOL, TIMEFRAME, features="json")["features"]
    return [None if pd.isna(text) else text for text in texts]
