# SPDX-License-Identifier: MIT
"""polars, DuckDB and nanoarrow take what the store gives, and the store takes what they have.

Needs none of pandas, NumPy and pyarrow, and runs where they are not installed, too.
"""

from __future__ import annotations

import datetime as dt
import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import database
import pytest

from data_store import DataStore, InvalidInputError
from data_store._arrow import capsules

pl = pytest.importorskip("polars")
duckdb = pytest.importorskip("duckdb")
na = pytest.importorskip("nanoarrow")

SYMBOL, TIMEFRAME = "EURUSD", "1h"
HOUR = dt.datetime(2026, 3, 1, 15, tzinfo=dt.UTC)
HOURS = [HOUR + dt.timedelta(hours=row) for row in range(5)]
VALUES = "timestamp, open, close, source, quality, is_gap, latency_sec, features"

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def filled(store: DataStore) -> DataStore:
    for row, hour in enumerate(HOURS):
        store.market.write_bar(
            *(SYMBOL, TIMEFRAME, hour), open=row, close=None if row == 1 else row + 0.5,
            source="feed" if row % 2 else None, is_gap=row == 4,
            features={"a@1": {"value": row / 4, "quality": "ready"}} if row else None,
        )  # fmt: skip
    return store


# ---- Out ----------------------------------------------------------------------------------------


def test_a_frame_of_polars(filled: DataStore) -> None:
    market = filled.market
    expected = {
        "timestamp": HOURS,
        "open": [0.0, 1.0, 2.0, 3.0, 4.0],
        "close": [0.5, None, 2.5, 3.5, 4.5],
        "source": [None, "feed", None, "feed", None],
        "is_gap": [False, False, False, False, True],
        "a@1": [None, 0.25, 0.5, 0.75, 1.0],
    }
    columns = ["open", "close", "source", "is_gap"]
    frame = market.read_arrow(SYMBOL, TIMEFRAME, columns=columns, features=True).to_polars()
    assert frame.to_dict(as_series=False) == expected
    assert frame["timestamp"].dtype == pl.Datetime("ns", "UTC")
    assert frame["close"].dtype == pl.Float64
    assert frame["is_gap"].dtype == pl.Boolean
    stream = market.iter_arrow(SYMBOL, TIMEFRAME, columns=columns, features=["a@1"], chunk=2)
    assert stream.to_polars().to_dict(as_series=False) == expected
    members = market.read_features_arrow(SYMBOL, TIMEFRAME).to_polars()["a@1"].to_list()
    assert members[:2] == [None, {"value": 0.25, "quality": "ready"}]
    query = "SELECT count(*) AS bars, max(close) AS high, NULL AS empty FROM market_data"
    counted = filled.sql_arrow(query).to_polars()
    assert counted.to_dict(as_series=False) == {"bars": [5], "high": [4.5], "empty": [None]}
    assert market.read_arrow("nobody", TIMEFRAME).to_polars().is_empty()


def test_a_frame_of_polars_outlives_the_store(filled: DataStore) -> None:
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME).to_polars()
    filled.close()
    assert frame["open"].sum() == 10.0


def test_duckdb_asks_a_result_by_its_name(filled: DataStore) -> None:
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME)
    query = "SELECT count(*), sum(open), count(close), max(timestamp) = TIMESTAMPTZ"
    for _ in range(2):
        found = duckdb.sql(f"{query} '{HOURS[-1].isoformat()}' FROM frame").fetchall()
        assert found == [(5, 10.0, 4, True)]
    stream = filled.market.iter_arrow(SYMBOL, TIMEFRAME, chunk=2)
    assert duckdb.sql("SELECT sum(open) FROM stream WHERE is_gap").fetchall() == [(4.0,)]
    assert frame is not stream


def test_nanoarrow_takes_a_result(filled: DataStore) -> None:
    array = na.Array(filled.market.read_arrow(SYMBOL, TIMEFRAME, columns=["open"]))
    assert [row["open"] for row in array.to_pylist()] == [0.0, 1.0, 2.0, 3.0, 4.0]


# ---- In -----------------------------------------------------------------------------------------


def tables(filled: DataStore) -> dict[str, Any]:
    """The bars of `filled` as each library's own kinds of tables."""
    frame = filled.market.read_arrow(SYMBOL, TIMEFRAME, features="json").to_polars()
    bars = filled.market.read_arrow(SYMBOL, TIMEFRAME, features="json")
    in_duckdb = duckdb.sql("SELECT * FROM bars ORDER BY timestamp DESC")
    assert bars is not frame
    return {
        "polars": frame,
        "polars, several chunks": pl.concat([frame[:2], frame[2:]], rechunk=False),
        "polars, a slice": pl.concat([frame[:3], frame])[3:],
        "polars, text": frame.with_columns(pl.col("source", "quality").cast(pl.String)),
        "polars, milliseconds elsewhere": frame.with_columns(
            pl.col("timestamp").dt.convert_time_zone("Asia/Tokyo").dt.cast_time_unit("ms")
        ),
        "polars, narrow numbers": frame.with_columns(
            pl.col("open").cast(pl.UInt8), pl.col("close").cast(pl.Float32)
        ),
        "duckdb": in_duckdb,
        "nanoarrow": na.ArrayStream(filled.market.read_arrow(SYMBOL, TIMEFRAME, features="json")),
        "nanoarrow, an array": na.c_array_stream(bars).get_next(),
    }  # fmt: skip


KINDS = [
    *("polars", "polars, several chunks", "polars, a slice", "polars, text"),
    *("polars, milliseconds elsewhere", "polars, narrow numbers"),
    *("duckdb", "nanoarrow", "nanoarrow, an array"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_any_library_is_taken(filled: DataStore, rows: Rows, kind: str) -> None:
    stored = f"SELECT {VALUES} FROM market_data WHERE symbol = ? ORDER BY timestamp"
    table = tables(filled)[kind]
    assert filled.market.write(table, "copy", TIMEFRAME) == 5
    assert rows(stored, "copy") == rows(stored, SYMBOL)


def test_features_of_polars(filled: DataStore, rows: Rows) -> None:
    frame = filled.market.read_features_arrow(SYMBOL, TIMEFRAME).to_polars()
    filled.market.write(filled.market.read_arrow(SYMBOL, TIMEFRAME), "copy", TIMEFRAME)
    assert filled.market.write_features(frame, "copy", TIMEFRAME) == 5
    stored = "SELECT features FROM market_data WHERE symbol = ? ORDER BY timestamp"
    copied = [json or "{}" for (json,) in rows(stored, "copy")]
    original = [json or "{}" for (json,) in rows(stored, SYMBOL)]
    assert [sorted(one) for one in copied] == [sorted(one) for one in original]
    wide = pl.DataFrame({"timestamp": HOURS[:2], "b@1": [1, None]})
    assert filled.market.write_features(wide, "copy", TIMEFRAME, quality="warmup") == 2
    assert '"b@1":{"value":1,"quality":"warmup"}' in rows(stored, "copy")[0][0]


def test_times_without_a_zone_are_refused(filled: DataStore, path: Path) -> None:
    before = database.contents(path)
    naive = pl.DataFrame({"timestamp": [dt.datetime(2026, 3, 1)], "close": [1.0]})
    for table in (
        naive,
        duckdb.sql("SELECT TIMESTAMP '2026-03-01' AS timestamp, 1.0::DOUBLE AS close"),
    ):
        with pytest.raises(InvalidInputError, match="timestamp"):
            filled.market.write(table, "copy", TIMEFRAME)
    assert database.contents(path) == before


def test_nothing_else_is_loaded(path: Path) -> None:
    """A program of polars' users loads neither pandas nor pyarrow, even if they are installed."""
    program = f"""
import datetime as dt, sys
import polars as pl
from data_store import DataStore
hours = [dt.datetime(2026, 3, 1, hour, tzinfo=dt.UTC) for hour in range(3)]
with DataStore({str(path)!r}) as store:
    store.market.write(pl.DataFrame({{"timestamp": hours, "close": [1.0, 2.0, None]}}), "A", "1h")
    assert store.market.read_arrow("A", "1h").to_polars()["close"].to_list() == [1.0, 2.0, None]
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {{"pandas", "pyarrow"}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_an_error_of_a_program_that_holds_a_stream_comes_through(filled: DataStore) -> None:
    """nanoarrow keeps the capsule, which goes while the error is on its way."""

    def consume() -> None:
        held = na.c_array_stream(filled.market.read_arrow(SYMBOL, TIMEFRAME))
        raise KeyError(repr(held)[:0] + "mine")

    gc.collect()
    before = len(capsules._in_capsules)
    for _ in range(3):
        with pytest.raises(KeyError, match="mine"):
            consume()
    gc.collect()
    assert len(capsules._in_capsules) == before
