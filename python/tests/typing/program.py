# SPDX-License-Identifier: MIT
"""A program as users write it, for type checkers: `.ci/lint` has mypy check it, and
`test_typing.py` pyright.

It is not run. What `assert_type` says is what a type checker must find.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import assert_type

import pandas as pd

import data_store
import data_store.aio
from data_store import (
    ArrowResult,
    Bar,
    BusyError,
    ClosedError,
    DataStore,
    DataStoreError,
    FeatureValidationError,
    InvalidInputError,
    MarketRepo,
    MissingBarError,
    StateRepo,
    aio,
)

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def opening(path: Path) -> None:
    with DataStore(path, durability="normal", timeout=1, read_only=False) as store:
        assert_type(store, DataStore)
        assert_type(store.market, MarketRepo)
        assert_type(store.state, StateRepo)
        assert_type(store.path, str)
        assert_type(store.closed, bool)
        assert_type(store.check(), list[str])
        assert_type(store.checkpoint(), dict[str, int])
        assert_type(store.get_connection(), sqlite3.Connection)
        assert_type(store.info()["file_bytes"], int)
        assert_type(store.info()["rows"]["market_data"], int)
        assert_type(store.info()["path"], str)
        store.backup(path.with_suffix(".copy"), overwrite=True)
        assert_type(store.check(progress=True), list[str])
        store.backup(path.with_suffix(".copy"), overwrite=True, progress=print)
    assert_type(data_store.__version__, str)
    DataStore("market.db").close()


def count(done: int, total: int | None) -> None:
    print(done, total)


def writing(store: DataStore, frame: pd.DataFrame) -> None:
    market = store.market
    assert_type(market.write(frame, "EURUSD", "1h"), int)
    assert_type(market.write(frame, None, None, features=[None, "{}"], replace=True), int)
    ready = {"value": 1.5, "quality": "ready"}
    market.write(frame, "EURUSD", "1h", features={NOON: {"rsi@2.1": ready}})
    market.write(frame, "EURUSD", "1h", features={pd.Timestamp(NOON): {"rsi@2.1": ready}})
    market.write(frame, "EURUSD", "1h", features=frame)
    market.write(frame, "EURUSD", "1h", features=pd.Series(["{}"], index=frame.index[:1]))
    assert_type(market.write_features(frame, "EURUSD", "1h", quality="ready"), int)
    assert_type(market.write(frame, "EURUSD", "1h", progress=True), int)
    assert_type(market.write_features(frame, "EURUSD", "1h", progress=count), int)
    market.write(frame, "EURUSD", "1h", progress=1)  # type: ignore[arg-type]
    market.write_features(market.read_features("EURUSD", "1h"), "EURUSD", "1h")
    market.write_bar("EURUSD", "1h", NOON, open=1, close=1.5, source=None, is_gap=False)
    market.write_bar("EURUSD", "1h", NOON, features={"rsi@2.1": ready})
    market.write_bar("EURUSD", "1h", pd.Timestamp(NOON), volume=None)
    until = "2026-03-03T00:00Z"
    market.record_request("EURUSD", "1h", provider_used="x", start_ts=NOON, end_ts=until)
    assert_type(market.delete("EURUSD", "1h", end="2026-03-01"), int)


def reading(store: DataStore) -> None:
    market = store.market
    assert_type(market.read("EURUSD", "1h", NOON, None, columns=["close"]), pd.DataFrame)
    assert_type(market.read(["EURUSD"], "1h", features=True, limit=3), pd.DataFrame)
    assert_type(market.latest(("EURUSD", "GBPUSD"), "1h", 5, features="json"), pd.DataFrame)
    assert_type(market.iter("EURUSD", "1h", chunk=10), Iterator[pd.DataFrame])
    assert_type(market.iter("EURUSD", "1h", progress=True), Iterator[pd.DataFrame])
    assert_type(market.read("EURUSD", "1h", progress=count), pd.DataFrame)
    assert_type(market.read_arrow("EURUSD", "1h", progress=False), ArrowResult)
    assert_type(market.series(counts=False), pd.DataFrame)
    assert_type(market.requests(limit=1), pd.DataFrame)
    assert_type(market.exists("EURUSD", "1h"), bool)
    assert_type(market.count("EURUSD", "1h", NOON), int)
    assert_type(market.feature_keys("EURUSD", "1h"), list[str])
    assert_type(
        market.missing("EURUSD", "1h", NOON, NOON, expected=dt.timedelta(hours=1)), pd.DataFrame
    )
    assert_type(store.sql("SELECT ?", [1]), pd.DataFrame)
    assert_type(store.sql("SELECT :a", {"a": NOON}, timeout=1), pd.DataFrame)


def arrow(store: DataStore) -> None:
    result = store.market.read_arrow("EURUSD", "1h", features=["rsi@2.1"])
    assert_type(result, ArrowResult)
    assert_type(result.column_names, list[str])
    assert_type(result.to_pandas(), pd.DataFrame)
    assert_type(store.market.write(result, "copy", "1h"), int)
    assert_type(store.market.write(store.market.iter_arrow("EURUSD", "1h"), "copy", "1h"), int)
    assert_type(store.market.write_features(store.sql_arrow("SELECT 1"), "copy", "1h"), int)


def one_bar(store: DataStore) -> float | None:
    bar = store.market.latest_bar("EURUSD", "1h")
    assert_type(bar, Bar | None)
    if bar is None:
        return None
    assert_type(bar.timestamp, dt.datetime)
    assert_type(bar.close, float | None)
    assert_type(bar.is_gap, bool)
    assert_type(bar.source, str | None)
    for key, feature in bar.features.items():
        assert_type(key, str)
        assert_type(feature["value"], float | None)
        assert_type(feature["quality"], str)
    store.market.write_bar("copy", "1h", bar.timestamp, close=bar.close, features=bar.features)
    return bar.close


def state(store: DataStore, settings: Mapping[str, object]) -> None:
    store.state.set("a", [1, "b", None])
    store.state.set_many(settings)
    assert_type(store.state.delete("a"), bool)
    assert_type(store.state.keys("a"), list[str])
    assert_type(store.state.compare_and_set("a", None, {"b": 1}), bool)
    assert_type(store.state.updated_at("a"), pd.Timestamp | None)
    limit: int = store.state.get("limit", 10)  # a JSON value is what the program says that it is
    print(limit, sorted(store.state.items()))


def transactions(store: DataStore) -> int:
    with store.transaction():
        store.state.set("a", 1)

    @store.transaction()
    def step(count: int) -> str:
        return "x" * count

    assert_type(step(3), str)
    try:
        store.state.set("a", 1)
    except FeatureValidationError as error:
        assert_type(error.row, int | None)
        assert_type(error.key, str | None)
        assert_type(error.reason, str)
    except (InvalidInputError, MissingBarError, BusyError, ClosedError) as error:
        raise SystemExit(str(error)) from error
    except DataStoreError as error:
        print(error)
    return 0


async def with_asyncio(path: Path, frame: pd.DataFrame) -> None:
    async with aio.DataStore(path, timeout=1) as store:
        assert_type(store, aio.DataStore)
        assert_type(store.market, aio.MarketRepo)
        assert_type(await store.market.write(frame, "EURUSD", "1h"), int)
        assert_type(await store.market.read("EURUSD", "1h"), pd.DataFrame)
        assert_type(await store.market.latest_bar("EURUSD", "1h"), Bar | None)
        assert_type(store.market.iter("EURUSD", "1h"), AsyncIterator[pd.DataFrame])
        async for batch in store.market.iter_arrow("EURUSD", "1h"):
            assert_type(batch, ArrowResult)
        async with store.transaction():
            count: int = await store.state.get("count", 0)
            await store.state.set("count", count + 1)
        assert_type((await store.info())["rows"]["system_state"], int)
        store.interrupt()
    opened = await data_store.aio.DataStore("market.db")
    assert_type(opened, aio.DataStore)
    await opened.close()


# What a type checker must refuse. Where it does not, it says that the comment is not needed.


def mistakes(store: DataStore) -> None:
    DataStore("market.db", durability="most")  # type: ignore[arg-type]
    store.market.read("EURUSD", "1h", 1772377200)  # type: ignore[arg-type]
    store.market.write("frame.csv", "EURUSD", "1h")  # type: ignore[arg-type]
    store.market.write_bar("EURUSD", "1h", NOON, close="1.5")  # type: ignore[arg-type]
    store.market.read_arrow("EURUSD", "1h").to_numpy()  # type: ignore[attr-defined]
    print(store.info()["size"])  # type: ignore[typeddict-item]
    print(data_store.DataBase)  # type: ignore[attr-defined]
