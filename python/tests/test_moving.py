# SPDX-License-Identifier: MIT
"""`copy_to`, `differences` and `hash`: a copy is exact, goes on where it was, and is found out."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import places
import pytest
from frames import SYMBOL, TIMEFRAME, bars, entry, times

from data_store import (
    BusyError,
    CorruptError,
    DataStore,
    Difference,
    InvalidInputError,
    StorageError,
    aio,
)

ORDERED = {
    "market_data": "symbol, timeframe, timestamp",
    "market_requests": "symbol, timeframe, requested_at",
    "system_state": "key",
}
TEXTS = [None, "", " ", "feed", 'quote "q"', "line\nend", "ñ📈", "e\u0301", "1"]
NUMBERS = [None, 0.0, 0.1, 1e-300, 5e-324, 1e300, float("inf"), -float("inf"), 1 / 3, -2.5]
NO_GAP = False if places.on_server() else 0
BROKEN = "[1]" if places.on_server() else "{broken"
"""What is not features, and a column takes."""
SERIES = [
    ("A", "1h"),
    ("A B", "1h"),
    ("A", "B 1h"),
    ("é", "1h"),
    ("e\u0301", "1h"),
    ("z" * 300, "1d"),
]


def rows_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the three tables, in the order of their keys.

    A file's column of JSON keeps a number as a number, a server's as its digits: here all are text.
    """
    columns = dict.fromkeys(ORDERED, "*")
    if places.on_server():
        columns["system_state"] = "key, CAST(value AS TEXT), updated_at"
    return {
        table: database.query(path, f"SELECT {columns[table]} FROM {table} ORDER BY {order}")
        for table, order in ORDERED.items()
    }


def features_text(dice: random.Random) -> str | None:
    """Features as a caller may write them: digits that a double would not keep."""
    keys = dice.sample(["rsi@2.1", "é@1", "a@1", "b b@2"], dice.randrange(4))
    values = ["1.50", "1E-05", "-0.0", "null", "100000000000000000000.5", "7"]
    entries = (
        f'{json.dumps(key, ensure_ascii=False)}:{{"value":{value},"quality":"{quality}"}}'
        for key in keys
        for value in [dice.choice(values)]
        for quality in ["missing" if value == "null" else "ready"]
    )
    return "{" + ",".join(entries) + "}" if keys else None


def fill(path: Path, dice: random.Random, rows: int = 60) -> None:
    """Fills a new store with what is hard to carry."""
    with DataStore(path, durability="normal") as store:
        store.state.set_many({f"k{n}": {"a": [n, None, 0.1]} for n in range(3)})
        database.query(path, "UPDATE system_state SET value = '[1.10,1e400]' WHERE key = 'k0'")
        store.state.set_many({"f": 1.5, "i": 2**62, "n": None, "t": "text", "é": True})
        for n in range(3):
            store.market.record_request(
                "A", "1h", provider_used="p", start_ts=times(1)[0], end_ts=times(1)[0],
                requested_at=times(3)[n], coverage_ratio=[None, 0.25, 1.0][n],
                gap_count=[None, 3, 2**40][n], fallback_used=n == 1, quality=[None, "q", ""][n],
                notes=[None, "a\nb", "ñ"][n],
            )  # fmt: skip
        for symbol, timeframe in SERIES:
            stamps = sorted(dice.sample(range(10**6), rows))
            index = pd.DatetimeIndex([1_772_377_200 * 10**9 + n for n in stamps], tz="UTC")
            columns = {
                name: [dice.choice(NUMBERS) for _ in stamps]
                for name in ("open", "high", "low", "close", "volume", "latency_sec")
            }
            words = {name: [dice.choice(TEXTS) for _ in stamps] for name in ("source", "quality")}
            gaps = [dice.random() < 0.2 for _ in stamps]
            frame = pd.DataFrame({**columns, **words, "is_gap": gaps}, index=index)
            features = [features_text(dice) for _ in stamps]
            store.market.write(frame, symbol, timeframe, features=features)


@pytest.fixture
def filled(path: Path, dice: random.Random) -> Path:
    fill(path, dice)
    return path


# ---- Copying ------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_a_copy_has_every_row_to_the_digit(filled: Path, tmp_path: Path, chunk: int) -> None:
    copy = tmp_path / "copy.db"
    with DataStore(filled, read_only=True) as store:
        done = store.copy_to(copy, chunk=chunk)
        assert store.differences(copy) == []
    assert done == {
        "series": 6, "bars": 360, "bars_written": 360, "requests": 3, "requests_written": 3,
        "states": 8, "states_written": 8,
    }  # fmt: skip
    assert rows_of(copy) == rows_of(filled)


def test_what_is_there_is_not_written_again(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with DataStore(filled) as store, DataStore(copy) as target:
        store.copy_to(target)
        before = database.contents(copy)
        again = store.copy_to(target)
        assert (again["bars"], again["requests"], again["states"]) == (360, 3, 8)
        assert again["bars_written"] == again["requests_written"] == again["states_written"] == 0
        assert database.contents(copy) == before
        store.market.write_bar("A", "1h", times(1)[0] + pd.Timedelta("1D"), close=2.0)
        store.state.set("f", 1.5)  # the same, at another time
        store.market.record_request(
            "new", "1h", provider_used="p", start_ts=times(1)[0], end_ts=times(1)[0]
        )
        changed = store.copy_to(target)
        assert changed["bars_written"] == changed["requests_written"] == 1
        assert changed["states_written"] == 1
    assert rows_of(copy) == rows_of(filled)


def test_what_the_target_has_beside_is_left_alone(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with DataStore(filled) as store, DataStore(copy) as target:
        target.market.write(bars(3), "other", "1h")
        target.market.write(bars(3).shift(freq="1ns"), "A", "1h")
        target.market.write(bars(3).shift(freq="-1D"), "A", "1h")
        target.state.set("other", 1)
        there = target.market.count("A", "1h")
        store.copy_to(target, chunk=7)
        found = store.differences(target)
        assert {one.kind for one in found} == {"only there"}
        assert [one.part for one in found].count("bar") == len(found) - 1
        assert (found[-1].part, found[-1].key) == ("state", "other")
        assert target.market.count("other", "1h") == 3
        assert target.market.count("A", "1h") >= 60 + there - 3
        assert store.copy_to(target)["bars_written"] == 0
        assert store.differences(target) == found


def test_many_requests_and_values_go_in_several_transactions(path: Path, tmp_path: Path) -> None:
    with DataStore(path) as store, DataStore(tmp_path / "copy.db") as target:
        store.state.set_many({f"k{n}": [n] for n in range(1_100)})
        with store.transaction():
            for moment in times(1_100):
                store.market.record_request(
                    "A", "1h", provider_used="p", start_ts=moment, end_ts=moment,
                    requested_at=moment,
                )  # fmt: skip
        done = store.copy_to(target)
        assert (done["states_written"], done["requests_written"]) == (1_100, 1_100)
    assert rows_of(tmp_path / "copy.db") == rows_of(path)


def test_a_copy_that_ended_early_goes_on(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    good = '{"a@1":{"value":1.50,"quality":"ready"}}'
    last = "2026-03-02T15:00:00+00:00"
    update = "UPDATE market_data SET features = ? WHERE symbol = 'é' AND timestamp = ?"
    database.put_bar(filled, "é", "1h", last, close=1.0, is_gap=NO_GAP, features=BROKEN)
    with DataStore(filled) as store:
        with pytest.raises(CorruptError, match="é 1h 2026"):
            store.copy_to(copy, chunk=7)
        [(there,)] = database.query(copy, "SELECT count(*) FROM market_data")
        assert 0 < there < 361
        database.query(filled, update, good, last)
        assert store.copy_to(copy, chunk=7)["bars_written"] == 361 - there
    assert rows_of(copy) == rows_of(filled)


PROGRAM = """
import sys
from data_store import DataStore
DataStore(sys.argv[1]).copy_to(sys.argv[2], chunk=3)
"""


def test_a_copy_whose_process_is_killed_goes_on(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    DataStore(copy).close()
    copier = subprocess.Popen([sys.executable, "-c", PROGRAM, filled, copy])
    with sqlite3.connect(copy, isolation_level=None, timeout=60) as watching:
        while copier.poll() is None:
            if watching.execute("SELECT count(*) FROM market_data").fetchone()[0] > 9:
                break
    watching.close()
    copier.kill()
    copier.wait()
    with DataStore(filled) as store, DataStore(copy) as target:
        assert target.check() == []
        there = target.info()["rows"]["market_data"]
        assert store.copy_to(target)["bars_written"] == 360 - there
    assert rows_of(copy) == rows_of(filled)


def test_progress_is_told_and_may_end_the_copy(filled: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with DataStore(filled) as store, DataStore(tmp_path / "copy.db") as target:
        store.copy_to(target, chunk=3, progress=lambda done, total: told.append((done, total)))
        assert told[-1] == (360, 360)
        assert told == sorted(told)

        def refuse(done: int, total: int | None) -> None:
            raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            store.copy_to(target, progress=refuse)
        assert store.differences(target) == []


def test_a_store_that_another_writer_holds_is_busy(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with DataStore(filled) as store, DataStore(copy, timeout=0) as target, DataStore(copy) as other:
        with other.transaction(), pytest.raises(BusyError):
            store.copy_to(target)
        assert target.info()["rows"]["market_data"] == 0


def test_what_cannot_be_copied_is_refused(filled: Path, tmp_path: Path) -> None:
    with DataStore(filled) as store, DataStore(tmp_path / "copy.db") as target:
        for itself in (store, filled, str(filled)):
            with pytest.raises(InvalidInputError, match="itself"):
                store.copy_to(itself)
        for chunk in (0, -1):
            with pytest.raises(InvalidInputError, match="chunk"):
                store.copy_to(target, chunk=chunk)
        with (
            DataStore(tmp_path / "copy.db", read_only=True) as read_only,
            pytest.raises(StorageError, match="read-only"),
        ):
            store.copy_to(read_only)
        with pytest.raises(InvalidInputError, match="limit"):
            store.differences(target, limit=0)
        assert target.info()["rows"] == dict.fromkeys(ORDERED, 0)


def test_what_other_tools_wrote_becomes_what_the_store_writes(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    spaced = '{"a@1": {"quality": "ready", "value": 1.50}}'
    with DataStore(path) as store:
        database.put_bar(path, "A", "1h", "2026-03-01 15:00:00", close=1, features=spaced)
        database.put_bar(path, "A", "1h", "2026-03-01T16:00:00Z", close=2)
        if not places.on_server():  # where an instant has one form
            database.put_bar(path, "A", "1h", "2026-03-01T16:00:00+00:00", close=3, is_gap=None)
        read = store.market.read("A", "1h")["close"].tolist()
        for chunk in (1, 2, 10_000):
            store.copy_to(copy, chunk=chunk)
            assert store.differences(copy, chunk=chunk) == []
        with DataStore(copy) as target:
            assert target.check() == []
            assert target.market.read("A", "1h")["close"].tolist() == [read[0], read[-1]]
            texts = target.market.read("A", "1h", features="json")["features"]
            assert texts.iloc[0] == '{"a@1":{"value":1.50,"quality":"ready"}}'
            assert store.market.hash("A", "1h") == target.market.hash("A", "1h")


def test_tasks_copy_and_compare(filled: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(filled) as store, aio.DataStore(tmp_path / "copy.db") as target:
            assert (await store.copy_to(target))["bars"] == 360
            assert await store.differences(target) == []
            await target.state.set("f", 2.5)
            [value, _] = await store.differences(target)
            assert (value.key, value.column, value.here, value.there) == (
                "f",
                "value",
                "1.5",
                "2.5",
            )

    asyncio.run(main())


# ---- Comparing ----------------------------------------------------------------------------------

CHANGES: dict[str, list[tuple[str, list[Any]]]] = {
    "market_data": [
        *((name, NUMBERS) for name in ("open", "high", "low", "close", "volume", "latency_sec")),
        ("source", TEXTS), ("quality", TEXTS), ("is_gap", [0, 1]),
        ("features", [None, '{"rsi@2.1":{"value":1.5,"quality":"ready"}}',
                      '{"rsi@2.1":{"value":1.50,"quality":"ready"}}']),
    ],
    "market_requests": [
        ("provider_used", ["x", "y"]), ("fallback_used", [0, 1]), ("coverage_ratio", [None, 0.5]),
        ("gap_count", [None, 0]), ("quality", TEXTS), ("notes", TEXTS),
        ("start_ts", ["2026-03-01T15:00:00+00:00", "2026-03-01T15:00:00.000000001+00:00"]),
        ("end_ts", ["2026-03-01T15:00:00+00:00", "2026-03-01T15:00:00.000000001+00:00"]),
    ],
    "system_state": [
        ("value", ["[1.1]", "[1.10]"]),
        ("updated_at", ["2026-03-01T15:00:00+00:00", "2026-03-01T15:00:00.000001+00:00"]),
    ],
}  # fmt: skip
PARTS = {"market_data": "bar", "market_requests": "request", "system_state": "state"}


def key_of(difference: Difference) -> tuple[str | None, ...]:
    """The key of a row, as the table has it."""
    if difference.part == "state":
        return (difference.key,)
    return difference.symbol, difference.timeframe, difference.time


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [(table, *change) for table, changes in CHANGES.items() for change in changes],
)
def test_one_changed_cell_is_found(
    filled: Path, tmp_path: Path, dice: random.Random, table: str, column: str, values: list[Any]
) -> None:
    copy = tmp_path / "copy.db"
    keys = ORDERED[table]
    where = " AND ".join(f"{name} = ?" for name in keys.split(", "))
    with DataStore(filled) as store:
        store.backup(copy)
        for _ in range(4):
            row = dice.choice(database.query(copy, f"SELECT {keys} FROM {table}"))
            [(old,)] = database.query(copy, f"SELECT {column} FROM {table} WHERE {where}", *row)
            new = dice.choice([value for value in values if value != old])
            database.query(copy, f"UPDATE {table} SET {column} = ? WHERE {where}", new, *row)
            [found] = store.differences(copy, chunk=dice.choice([1, 5, 10_000]))
            assert (found.part, found.kind, found.column) == (PARTS[table], "value", column)
            assert key_of(found) == row
            assert found.here != found.there
            assert str(found) == found.text
            with DataStore(copy) as other:
                [turned] = other.differences(store)
            assert (turned.here, turned.there) == (found.there, found.here)
            database.query(copy, f"UPDATE {table} SET {column} = ? WHERE {where}", old, *row)
        assert store.differences(copy) == []


@pytest.mark.parametrize("table", ORDERED)
def test_a_row_that_one_store_lacks_is_found(
    filled: Path, tmp_path: Path, dice: random.Random, table: str
) -> None:
    copy = tmp_path / "copy.db"
    keys = ORDERED[table]
    where = " AND ".join(f"{name} = ?" for name in keys.split(", "))
    with DataStore(filled) as store:
        store.backup(copy)
        rows = dice.sample(database.query(copy, f"SELECT {keys} FROM {table}"), 3)
        for row in rows:
            database.query(copy, f"DELETE FROM {table} WHERE {where}", *row)
        for chunk in (1, 5, 10_000):
            found = store.differences(copy, chunk=chunk)
            assert {key_of(one) for one in found} == set(rows)
            assert {(one.kind, one.column, one.here) for one in found} == {
                ("only here", None, None)
            }
            with DataStore(copy) as other:
                assert {one.kind for one in other.differences(store)} == {"only there"}
        [first] = store.differences(copy, limit=1)
        assert first == found[0]


def test_differences_come_in_order_and_are_told(filled: Path, tmp_path: Path) -> None:
    with DataStore(filled) as store, DataStore(tmp_path / "copy.db") as empty:
        found = store.differences(empty, limit=10_000)
        assert [one.part for one in found] == ["bar"] * 360 + ["request"] * 3 + ["state"] * 8
        names = [(one.symbol, one.timeframe, one.time) for one in found[:360]]
        assert names == database.query(
            filled,
            f"SELECT {ORDERED['market_data']} FROM market_data ORDER BY {ORDERED['market_data']}",
        )
        assert str(found[0]) == f"A 1h {found[0].time}: it is here and not there"
        assert len(store.differences(empty)) == 100


# ---- Hashing ------------------------------------------------------------------------------------


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0, straight from its description."""
    p1, p2, p3, p4, p5 = (
        0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5,
    )  # fmt: skip
    mask = 2**64 - 1

    def turned(word: int, by: int) -> int:
        return (word << by | word >> (64 - by)) & mask

    def mixed(lane: int, word: int) -> int:
        return turned((lane + word * p2) & mask, 31) * p1 & mask

    end = len(data) // 32 * 32
    total = p5
    if end:
        lanes = [(p1 + p2) & mask, p2, 0, -p1 & mask]
        for words in struct.iter_unpack("<4Q", data[:end]):
            lanes = [mixed(lane, word) for lane, word in zip(lanes, words, strict=True)]
        total = sum(turned(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & mask
        for lane in lanes:
            total = ((total ^ mixed(0, lane)) * p1 + p4) & mask
    total = (total + len(data)) & mask
    rest = data[end:]
    while len(rest) >= 8:
        total = (turned(total ^ mixed(0, int.from_bytes(rest[:8], "little")), 27) * p1 + p4) & mask
        rest = rest[8:]
    if len(rest) >= 4:
        total ^= int.from_bytes(rest[:4], "little") * p1 & mask
        total = (turned(total, 23) * p2 + p3) & mask
        rest = rest[4:]
    for byte in rest:
        total = turned(total ^ byte * p5 & mask, 11) * p1 & mask
    total = (total ^ total >> 33) * p2 & mask
    total = (total ^ total >> 29) * p3 & mask
    return total ^ total >> 32


def bytes_of(frame: pd.DataFrame) -> bytes:
    """The rows as docs/how-to/copying.md defines their bytes; `features` as JSON text."""
    out = bytearray()

    def text(value: Any) -> bytes:
        if pd.isna(value):
            return struct.pack("<i", -1)
        return struct.pack("<i", len(value.encode())) + value.encode()

    def number(value: float) -> bytes:
        return (
            struct.pack("<Q", 0x7FF8 << 48) if np.isnan(value) else struct.pack("<d", value + 0.0)
        )

    for moment, row in zip(frame.index.as_unit("ns").asi8, frame.to_dict("records"), strict=True):
        out += struct.pack("<q", moment)
        for name in ("open", "high", "low", "close", "volume"):
            out += number(row[name])
        out += text(row["source"]) + text(row["quality"]) + bytes([row["is_gap"]])
        out += number(row["latency_sec"]) + text(row["features"])
    return bytes(out)


def test_the_hash_is_what_the_page_says(filled: Path) -> None:
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1
    with DataStore(filled) as store:
        hashes = set()
        for names in SERIES:
            frame = store.market.read(*names, features="json")
            assert store.market.hash(*names) == f"{xxh64(bytes_of(frame)):016x}"
            part = frame.iloc[10:20]
            bounds = (part.index[0], part.index[-1])
            assert store.market.hash(*names, *bounds) == f"{xxh64(bytes_of(part)):016x}"
            hashes.add(store.market.hash(*names))
        assert len(hashes) == len(SERIES)
        assert store.market.hash("absent", "1h") == "ef46db3751d8e999"


def test_damaged_features_are_told_and_left(filled: Path, tmp_path: Path) -> None:
    database.put_bar(filled, SYMBOL, TIMEFRAME, "2026-03-01T15:00:00+00:00", features=BROKEN)
    with DataStore(filled) as store:
        for call in (
            lambda: store.market.hash(SYMBOL, TIMEFRAME),
            lambda: store.copy_to(tmp_path / "copy.db"),
            lambda: store.differences(store),
        ):
            with pytest.raises(CorruptError, match=f"{SYMBOL} {TIMEFRAME} 2026-03-01T15"):
                call()
        replaced = {times(1)[0]: {"a@1": entry(1.0)}}
        store.market.write_features(replaced, SYMBOL, TIMEFRAME, replace=True)
        assert store.differences(store) == []
