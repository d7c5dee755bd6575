# SPDX-License-Identifier: MIT
"""The tables as psycopg sees them: what the store wrote, bit for bit, and what others write."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import struct
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times
from postgresql import tables

from data_store import DataStore
from data_store.errors import BusyError, CorruptError, InvalidInputError

UTC = dt.UTC


@pytest.fixture
def client(path: str, store: DataStore) -> Iterator[psycopg.Connection[Any]]:
    """psycopg, in the schema of `store`."""
    with tables.connect(path) as connection:
        connection.execute(f"SET search_path = {tables.schema_of(path)}")
        connection.execute("SET TIME ZONE 'UTC'")
        yield connection


def bits(value: float | None) -> bytes | None:
    return None if value is None else struct.pack(">d", value)


NUMBERS = [
    0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 1e-300, 5e-324, -5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf, 2.0**53 + 2, math.pi,
]  # fmt: skip


def test_numbers_are_stored_to_the_bit(store: DataStore, client: psycopg.Connection[Any]) -> None:
    frame = pd.DataFrame({"close": NUMBERS, "open": NUMBERS[::-1]}, index=times(len(NUMBERS)))
    store.market.write(frame, SYMBOL, TIMEFRAME)
    for column, expected in (("close", NUMBERS), ("open", NUMBERS[::-1])):
        query = f"SELECT {column} FROM market_data ORDER BY timestamp, timestamp_ns"
        found = [value for (value,) in client.execute(query, binary=True)]
        assert [*map(bits, found)] == [*map(bits, expected)]
    read = store.market.read(SYMBOL, TIMEFRAME)
    assert [*map(bits, read["close"])] == [*map(bits, NUMBERS)]
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bits(bar.close) == bits(NUMBERS[-1])


INSTANTS = [
    -(2**63) + 1, -(2**63) + 999, -(2**63) + 1000, -1_000_000_001, -1000, -999, -1, 0, 1, 999, 1000,
    1_772_377_200_000_000_000, 1_772_377_200_000_000_001, 1_772_377_200_123_456_789, 2**63 - 1,
]  # fmt: skip


def test_times_are_stored_to_the_nanosecond(
    store: DataStore, client: psycopg.Connection[Any]
) -> None:
    index = pd.DatetimeIndex(np.array(INSTANTS, dtype="M8[ns]")).tz_localize("UTC")
    store.market.write(pd.DataFrame({"close": 1.0}, index=index), SYMBOL, TIMEFRAME)
    query = (
        "SELECT extract(epoch FROM timestamp) * 1000000, timestamp_ns FROM market_data"
        " ORDER BY timestamp, timestamp_ns"
    )
    found = [int(micros) * 1000 + nanos for micros, nanos in client.execute(query)]
    assert found == INSTANTS
    assert store.market.read(SYMBOL, TIMEFRAME).index.asi8.tolist() == INSTANTS
    for first, last in ((0, 3), (5, 9), (11, 12)):
        read = store.market.read(SYMBOL, TIMEFRAME, start=index[first], end=index[last])
        assert read.index.asi8.tolist() == INSTANTS[first : last + 1]


JSON = [
    '{"a@1":{"value":1.10,"quality":"ready"}}',
    '{"a@1":{"value":1E-05,"quality":"ready"},"b@1":{"value":-0.0,"quality":"warmup"}}',
    '{"a@1":{"value":12345678901234567890123,"quality":"ready"}}',
    '{"\\u00e9@1":{"value":null,"quality":"missing"}}',
]


def test_json_is_stored_digit_for_digit(store: DataStore, client: psycopg.Connection[Any]) -> None:
    store.market.write(bars(len(JSON)), SYMBOL, TIMEFRAME, features=JSON)
    query = "SELECT features::text FROM market_data ORDER BY timestamp"
    stored = [text for (text,) in client.execute(query)]
    digits = [text.split('"value":')[1].split(",")[0] for text in JSON]
    assert [text.split('"value":')[1].split(",")[0] for text in stored] == digits
    assert store.market.read(SYMBOL, TIMEFRAME, features="json")["features"].tolist() == stored
    value = [1.10, {"b": -0.0, "a": 1e-05}, "é", None]
    store.state.set("list", value)
    [(text,)] = client.execute("SELECT value::text FROM system_state WHERE key = 'list'").fetchall()
    assert json.loads(text) == value


def test_every_column_is_there_and_typed(store: DataStore, client: psycopg.Connection[Any]) -> None:
    store.market.write_bar(
        SYMBOL, TIMEFRAME, START, open=1.0, high=2.0, low=0.5, close=1.5, volume=10.0, source="x",
        quality="ok", is_gap=True, latency_sec=0.25, features={"a@1": entry(1.5)},
    )  # fmt: skip
    store.market.write_bar("bare", TIMEFRAME, START)
    query = (
        "SELECT timestamp, timestamp_ns, open, high, low, close, volume, source, quality, is_gap,"
        " latency_sec, features FROM market_data WHERE symbol = %s"
    )
    [row] = client.execute(query, [SYMBOL]).fetchall()
    features = {"a@1": {"value": 1.5, "quality": "ready"}}
    assert row == (
        START.to_pydatetime(), 0, 1.0, 2.0, 0.5, 1.5, 10.0, "x", "ok", True, 0.25, features,
    )  # fmt: skip
    [row] = client.execute(query, ["bare"]).fetchall()
    assert row[2:] == (None, None, None, None, None, None, None, False, None, None)
    store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="p", start_ts=START, end_ts=START, requested_at=START,
        fallback_used=True, coverage_ratio=0.5, gap_count=3, quality="q", notes="n",
    )  # fmt: skip
    query = (
        "SELECT requested_at, start_ts, end_ts, provider_used, fallback_used, coverage_ratio,"
        " gap_count, quality, notes FROM market_requests"
    )
    assert client.execute(query).fetchall() == [
        (*[START.to_pydatetime()] * 3, "p", True, 0.5, 3, "q", "n")
    ]


# ---- What others write ------------------------------------------------------------------------


def put(client: psycopg.Connection[Any], symbol: str = SYMBOL, **columns: Any) -> None:
    """A row of bars with these columns, and the key's where they are not given."""
    row = {"timestamp": "2026-03-01T15:00:00Z", "timestamp_ns": 0, **columns}
    names = ["symbol", "timeframe", *row]
    client.execute(
        f"INSERT INTO market_data ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})",
        [symbol, TIMEFRAME, *row.values()],
    )


def test_what_another_client_wrote_is_read(
    store: DataStore, client: psycopg.Connection[Any]
) -> None:
    put(client, close=-0.0, is_gap=None, features='{ "a@1" : {"quality":"ready", "value": 1.50} }')
    put(client, timestamp="2026-03-01T16:00:00+01:00", timestamp_ns=1, source="é")
    frame = store.market.read(SYMBOL, TIMEFRAME, features=["a@1"])
    assert frame.index.asi8.tolist() == [START.value, START.value + 1]
    assert bits(frame["close"].iloc[0]) == bits(-0.0)
    assert frame["is_gap"].tolist() == [False, False]
    assert frame["a@1"].iloc[0] == 1.5
    assert frame["source"].iloc[1] == "é"
    exact = store.market.read(SYMBOL, TIMEFRAME, features="json")["features"].iloc[0]
    assert exact == '{ "a@1" : {"quality":"ready", "value": 1.50} }'
    store.market.write_features({START: {"b@1": entry(2.0)}}, SYMBOL, TIMEFRAME)
    both = store.market.read_features(SYMBOL, TIMEFRAME)
    assert both.iloc[0]["a@1", "value"] == 1.5
    assert both.iloc[0]["b@1", "value"] == 2.0


def test_a_null_that_another_client_wrote_is_not_a_feature(
    store: DataStore, client: psycopg.Connection[Any]
) -> None:
    put(client, features=None)
    put(client, timestamp="2026-03-01T16:00:00Z", features="{}")
    assert store.market.feature_keys(SYMBOL, TIMEFRAME) == []
    assert len(store.market.read_features(SYMBOL, TIMEFRAME)) == 2
    assert store.market.read(SYMBOL, TIMEFRAME, features=True).columns[-1] == "latency_sec"


@pytest.mark.parametrize("time", ["infinity", "-infinity", "10000-01-01T00:00:00Z"])
def test_a_time_beyond_what_a_store_keeps_is_corruption_and_its_row_is_named(
    store: DataStore, client: psycopg.Connection[Any], time: str
) -> None:
    store.market.write(bars(2), SYMBOL, TIMEFRAME)
    put(client, timestamp=time)
    for call in (
        lambda: store.market.read(SYMBOL, TIMEFRAME),
        lambda: list(store.market.iter(SYMBOL, TIMEFRAME)),
    ):
        with pytest.raises(CorruptError, match=SYMBOL):
            call()
    assert store.check() != []
    same_range = store.market.read(SYMBOL, TIMEFRAME, start=START, end=times(2)[-1])
    assert len(same_range) == 2


@pytest.mark.parametrize(
    "features",
    ["3", "[]", '"text"', '{"a":{"value":1,"quality":"ready"}}', '{"a@1":{"value":"x"}}', "null"],
)
def test_features_that_are_none_are_corruption_where_they_are_needed(
    store: DataStore, client: psycopg.Connection[Any], features: str
) -> None:
    put(client, close=1.0, features=features)
    assert store.market.read(SYMBOL, TIMEFRAME)["close"].tolist() == [1.0]
    with pytest.raises(CorruptError, match=SYMBOL):
        store.market.read_features(SYMBOL, TIMEFRAME)
    with pytest.raises(CorruptError, match=SYMBOL):
        store.market.write_features({START: {"b@1": entry(2.0)}}, SYMBOL, TIMEFRAME)
    [(stored,)] = client.execute("SELECT features::text FROM market_data").fetchall()
    assert stored == features, "it was rewritten"


@pytest.mark.parametrize(
    ("features", "told"),
    [("3", "not JSON"), ('{"a":{"value":1,"quality":"ready"}}', "'a'"), ("null", "not JSON")],
)
def test_features_that_are_none_are_reported_by_check(
    store: DataStore, client: psycopg.Connection[Any], features: str, told: str
) -> None:
    store.market.write(bars(2), SYMBOL, TIMEFRAME, features=[{"b@1": entry(2.0)}] * 2)
    assert store.check() == []
    put(client, symbol="other", features=features)
    [finding] = store.check()
    assert "damaged features" in finding
    assert "other" in finding
    assert "2026-03-01T15:00:00+00:00" in finding
    assert told in finding


def test_an_empty_name_and_a_lost_table_are_reported_by_check(
    store: DataStore, client: psycopg.Connection[Any]
) -> None:
    put(client, symbol="")
    [finding] = store.check()
    assert "empty name" in finding
    client.execute("DROP TABLE system_state")
    assert any("lacks a table" in finding for finding in store.check())


def test_names_that_are_alike_are_kept_apart(
    store: DataStore, client: psycopg.Connection[Any]
) -> None:
    alike = ["\u00e9", "e\u0301", "E", "e", "e ", " e"]
    for number, name in enumerate(alike):
        store.market.write_bar(name, TIMEFRAME, START, close=float(number))
    found = dict(client.execute("SELECT symbol, close FROM market_data").fetchall())
    assert found == {name: float(number) for number, name in enumerate(alike)}
    query = "SELECT symbol FROM market_data ORDER BY symbol"
    by_bytes = sorted(alike, key=lambda name: name.encode())
    assert [name for (name,) in client.execute(query)] == by_bytes
    assert store.market.series()["symbol"].tolist() == by_bytes


def test_a_name_that_no_index_can_hold_is_refused(store: DataStore) -> None:
    # PostgreSQL compresses what repeats itself; this does not.
    name = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6000))
    with pytest.raises(InvalidInputError):
        store.market.write_bar(name, TIMEFRAME, START, close=1.0)
    assert store.market.series().empty
    store.market.write_bar(name[:1000], TIMEFRAME, START, close=1.0)
    assert store.market.count(name[:1000], TIMEFRAME) == 1


def test_what_another_client_holds_is_waited_for_and_then_busy(
    path: str, client: psycopg.Connection[Any]
) -> None:
    with DataStore(path, timeout=0.2) as store:
        store.market.write(bars(2), SYMBOL, TIMEFRAME)
        with client.transaction():
            client.execute("UPDATE market_data SET close = 9 WHERE symbol = %s", [SYMBOL])
            with pytest.raises(BusyError):
                store.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0)
            store.market.write_bar("other", TIMEFRAME, START, close=1.0)  # waits for nobody
            assert store.market.read(SYMBOL, TIMEFRAME)["close"].iloc[0] != 9
        assert store.market.read(SYMBOL, TIMEFRAME)["close"].iloc[0] == 9


def test_a_deadlock_with_another_client_is_never_shown(
    store: DataStore, client: psycopg.Connection[Any], path: str
) -> None:
    """Two clients and a store take the same rows, the clients in the opposite order."""
    store.market.write(bars(50), SYMBOL, TIMEFRAME)
    ends, errors = threading.Event(), []

    def disturb() -> None:
        with tables.connect(path) as other:
            table = f"{tables.schema_of(path)}.market_data"
            while not ends.is_set():
                try:
                    with other.transaction():
                        for stamp in times(50)[[40, 20, 5]]:
                            other.execute(
                                f"UPDATE {table} SET volume = volume + 1 WHERE symbol = %s"
                                " AND timestamp = %s",
                                [SYMBOL, stamp.to_pydatetime()],
                            )
                except psycopg.errors.DeadlockDetected:
                    pass
                except psycopg.Error as error:
                    errors.append(error)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        frame = bars(50)[["close"]]
        for value in range(20):
            frame["close"] = float(value)
            assert store.market.write(frame, SYMBOL, TIMEFRAME) == 50
    finally:
        ends.set()
        thread.join()
    assert not errors
    assert set(store.market.read(SYMBOL, TIMEFRAME)["close"]) == {19.0}


TRIGGER = """
CREATE FUNCTION {schema}.swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER swallow BEFORE INSERT ON {schema}.market_data FOR EACH ROW
  EXECUTE FUNCTION {schema}.swallow();
"""
RULE = "CREATE RULE swallow AS ON INSERT TO {schema}.market_data DO INSTEAD NOTHING"


@pytest.mark.parametrize("planted", [TRIGGER, RULE])
def test_a_trigger_or_a_rule_is_reported_by_check(
    store: DataStore, client: psycopg.Connection[Any], path: str, planted: str
) -> None:
    assert store.check() == []
    client.execute(planted.format(schema=tables.schema_of(path)))
    assert any("swallow" in finding for finding in store.check())
