# SPDX-License-Identifier: MIT
"""`data-store import` reads the files of exchanges and other programs, to the last digit."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import layouts
import pytest
from layouts import DAY, HOUR, Row, gzipped, rows, zipped
from shells import Shell

from data_store import DataStore

TABLES = any(importlib.util.find_spec(name) for name in ("pyarrow", "polars"))


def stored(path: Path, symbol: str, timeframe: str) -> list[Row]:
    """The bars of a series, without any table library."""
    with DataStore(path, read_only=True) as store:
        query = (
            "SELECT timestamp, open, high, low, close, volume FROM market_data "
            f"WHERE symbol = '{symbol}' AND timeframe = '{timeframe}' ORDER BY timestamp"
        )
        found = store.sql(query).itertuples(index=False)
    return [Row(dt.datetime.fromisoformat(row[0]), *row[1:]) for row in found]


class Case(NamedTuple):
    """A file, its options, and the series that comes of it."""

    name: str
    write: Callable[[Path, list[Row]], Any]
    options: tuple[str, ...] = ("--symbol", "X", "--timeframe", "1h")
    symbol: str = "X"
    timeframe: str = "1h"
    step: dt.timedelta = HOUR


GENERIC = ("--symbol", "X", "--timeframe", "1h")
DAILY = ("--symbol", "AAPL", "--timeframe", "1d", "--tz", "UTC")
CASES = [
    Case("BTCUSDT-1h-2024-01.csv", layouts.binance, (), "BTCUSDT"),
    Case("BTCUSDT-1h-2025-01-02.csv", partial(layouts.binance, per_second=10**6), (), "BTCUSDT"),
    Case("BTCUSDT-1h-2025-03.zip", zipped(partial(layouts.binance, header=True)), (), "BTCUSDT"),
    Case("any.csv", layouts.binance, (*GENERIC, "--preset", "binance")),
    Case("XBTUSD_60.csv", layouts.kraken, (), "XBTUSD"),
    Case("XBTUSD_60.csv.gz", gzipped(layouts.kraken), (), "XBTUSD"),
    Case("AAPL.csv", layouts.yahoo, DAILY, "AAPL", "1d", DAY),
    Case("yf.csv", layouts.yfinance, ("--timeframe", "1d", "--tz", "UTC"), "AAPL", "1d", DAY),
    Case("pandas.csv", layouts.pandas_index),
    Case("mt5.txt", layouts.metatrader, (*GENERIC, "--tz", "UTC")),
    Case(
        "excel.csv",
        layouts.european,
        (*GENERIC, "--tz", "UTC", "--decimal", ",", "--map", "timestamp=Zeit",
         "--time-format", "%d.%m.%Y %H:%M"),
    ),
    Case("BTC_USDT-1h.json", layouts.freqtrade_json, (), "BTC/USDT"),
    Case("BTC_USDT_USDT-1h-futures.json.gz", gzipped(layouts.freqtrade_json), (), "BTC/USDT:USDT"),
    Case("ccxt.json", layouts.ccxt_json),
    Case("lines.jsonl", layouts.objects_json),
    Case("database.db", layouts.vnpy, ("--tz", "UTC"), "IF2403.CFFEX"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_of_another_program_is_read_exactly_and_a_second_time_changes_nothing(
    shell: Shell, path: Path, folder: Path, case: Case
) -> None:
    bars = rows(30, case.step)
    file = folder / case.name
    case.write(file, bars)
    before = file.read_bytes()
    first = shell("import", path, file, *case.options, "--json")
    assert first.status == 0, first.err
    assert stored(path, case.symbol, case.timeframe) == bars
    assert [(row["rows"], row["inserted"], row["changed"]) for row in first.rows] == [(30, 30, 0)]

    again = shell("import", path, file, *case.options, "--json")
    counts = [(row["inserted"], row["changed"], row["unchanged"]) for row in again.rows]
    assert (again.status, counts) == (0, [(0, 0, 30)])
    assert "nothing changed: all 30 bars are stored already" in again.err
    assert file.read_bytes() == before


def test_a_table_of_several_tickers_becomes_several_series(
    shell: Shell, path: Path, folder: Path
) -> None:
    file = folder / "yf.csv"
    layouts.yfinance(file, rows(5, DAY), ("AAPL", "MSFT"))
    text = file.read_text().splitlines()
    text[-1] = text[-1].split(",")[0] + "," + ",".join([text[-1].split(",")[1], ""] * 5)
    file.write_text("\n".join(text))
    ended = shell("import", path, file, "--timeframe", "1d", "--tz", "UTC", "--json")
    assert (ended.status, ended.rows[0]["series"]) == (0, ["AAPL 1d", "MSFT 1d"])
    assert len(stored(path, "AAPL", "1d")) == 5
    # A ticker without a number on a day has no bar on it.
    assert stored(path, "MSFT", "1d") == rows(4, DAY)


@pytest.mark.skipif(not TABLES, reason="needs pyarrow or polars")
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["feather", "parquet"])
def test_feather_of_freqtrade_and_parquet_are_read(
    shell: Shell, path: Path, folder: Path, kind: str, unit: str
) -> None:
    file = folder / f"BTC_USDT-1h.{kind}"
    write_table(file, kind, unit, "UTC")
    ended = shell("import", path, file, "--json")
    assert (ended.status, ended.rows[0]["inserted"]) == (0, 30), ended.err
    assert stored(path, "BTC/USDT", "1h") == rows(30)
    assert shell("import", path, file, "--json").rows[0]["unchanged"] == 30


@pytest.mark.skipif(not TABLES, reason="needs pyarrow or polars")
def test_a_table_without_a_zone_needs_one(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "BTC_USDT-1h.feather"
    write_table(file, "feather", "us", None)
    refused = shell("import", path, file, "--json")
    assert (refused.status, refused.rows[0]["refused"]) == (1, 30)
    assert "row 1: 2025-01-02T00:00:00 names no time zone" in refused.err
    assert shell("import", path, file, "--tz", "UTC").status == 0
    assert stored(path, "BTC/USDT", "1h") == rows(30)


def write_table(file: Path, kind: str, unit: str, zone: str | None) -> None:
    """As freqtrade does it: date, open, high, low, close, volume; lz4."""
    bars = rows(30)
    columns: dict[str, Any] = {name: [getattr(bar, name) for bar in bars] for name in Row._fields}
    if importlib.util.find_spec("pyarrow"):
        import pyarrow as pa
        import pyarrow.feather
        import pyarrow.parquet

        times = (
            columns.pop("time") if zone else [t.replace(tzinfo=None) for t in columns.pop("time")]
        )
        table = pa.table({"date": pa.array(times, pa.timestamp(unit, zone)), **columns})
        if kind == "feather":
            pyarrow.feather.write_feather(table, file, compression="lz4")
        else:
            pyarrow.parquet.write_table(table, file)
        return
    import polars as pl

    frame = pl.DataFrame(columns).select(
        pl.col("time").dt.cast_time_unit(unit).dt.replace_time_zone(zone).alias("date"),  # type: ignore[arg-type]
        pl.exclude("time"),
    )
    frame.write_ipc(file, compression="lz4") if kind == "feather" else frame.write_parquet(file)


def test_standard_input_is_read(shell: Shell, path: Path) -> None:
    text = "time,close\n2026-03-01T15:00Z,1.5\n"
    ended = shell("import", path, "-", *GENERIC, stdin=text)
    assert ended.status == 0, ended.err
    assert shell("read", path, "X", "1h", "--json").rows[0]["close"] == 1.5
    ended = shell("import", path, "-", *GENERIC, stdin="[[1700000000000,1,2,3,4,5]]")
    assert (ended.status, len(shell("read", path, "X", "1h", "--json").rows)) == (0, 2)


MARCH = "2026-03-01T15:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("timestamp,close\n2026-03-01T15:00:00Z,1.5\n", ()),
        ("timestamp,close\n2026-03-01T16:00:00+01:00,1.5\n", ()),
        ("timestamp,close\r\n1772377200,1.5\r\n", ()),
        ("timestamp,close\n1772377200000,1.5", ()),
        ("timestamp,close\n1772377200.0,1.5", ()),
        ("timestamp,close\n1772377200000000000,1.5", ()),
        ("timestamp,close\n\n1772377200,1.5\n\n", ()),
        ('"timestamp","close"\n"1772377200","1.5"\n', ()),
        ("timestamp;close\n1772377200;1.5\n", ()),
        ("timestamp|close\n1772377200|1.5\n", ()),
        ("timestamp close\n1772377200 1.5\n", ("--separator", " ")),
        ("https://www.example.com\ntimestamp,close\n1772377200,1.5\n", ()),
        ("# a comment\ntimestamp,close\n1772377200,1.5\n", ()),
        ("unix,date,close\n1772377200,2026-03-01 15:00:00,1.5\n", ()),
        ("1772377200,1.5\n", ("--columns", "timestamp,close")),
        ("1772377200,x,1.5\n", ("--columns", "timestamp,-,close")),
        ("When,Last\n1772377200,1.5\n", ("--map", "timestamp=When", "--map", "close=Last")),
        ("timestamp,close,odd\n1772377200,1.5,3\n", ("--skip", "odd")),
        ("timestamp,close,odd,odder\n1772377200,1.5,3,4\n", ("--skip", "*")),
        ("timestamp,close\n2026-03-01 16:00,1.5\n", ("--tz", "Europe/Madrid")),
        ("timestamp,close\n2026-03-01 15:00,1.5\n", ("--tz", "UTC")),
        ("timestamp,close\n20260301T150000Z,1.5\n", ()),
        ("timestamp,close\n29538,1.5\n", ("--unit", "s")),
    ],
)  # fmt: skip
def test_times_separators_and_headers_of_many_kinds(
    shell: Shell, path: Path, folder: Path, text: str, options: tuple[str, ...]
) -> None:
    file = folder / "some.csv"
    file.write_text(text, newline="")
    ended = shell("import", path, file, *GENERIC, *options)
    assert ended.status == 0, ended.err
    expected = MARCH if "--unit" not in options else "1970-01-01T08:12:18+00:00"
    found = shell("read", path, "X", "1h", "--columns", "close", "--json").rows
    assert found == [{"timestamp": expected, "close": 1.5}]


def test_nanoseconds_nulls_and_infinities_are_read(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "some.csv"
    file.write_text(
        "timestamp,open,high,low,close,is_gap,source\n"
        "2026-03-01T15:00:00.123456789Z,,nan,inf,-1e-300,true,\n"
        '2026-03-01T15:00:01Z,1,2,3,4,0,"a ""b"", c\nd"\n'
        '2026-03-01T15:00:02Z,1,2,3,4,0,""\n'
    )
    assert shell("import", path, file, *GENERIC).status == 0
    first, second, third = shell("read", path, "X", "1h", "--json").rows
    assert first["timestamp"] == "2026-03-01T15:00:00.123456789+00:00"
    assert (first["open"], first["high"], first["low"]) == (None, None, float("inf"))
    assert (first["close"], first["is_gap"], first["source"]) == (-1e-300, True, None)
    assert (second["source"], third["source"]) == ('a "b", c\nd', "")


def test_columns_of_features_are_stored_as_features(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "some.csv"
    file.write_text(f"timestamp,close,rsi@2.1,ATR\n{MARCH},1,70.5,0.25\n2026-03-02T00:00Z,2,,\n")
    assert shell("import", path, file, *GENERIC, "--map", "atr@1.0=ATR").status == 0
    assert shell("features", path, "X", "1h", "--json").rows == [
        {"timestamp": MARCH, "key": "atr@1.0", "value": 0.25, "quality": "ready"},
        {"timestamp": MARCH, "key": "rsi@2.1", "value": 70.5, "quality": "ready"},
    ]
    assert (
        shell("import", path, file, *GENERIC, "--map", "atr@1.0=ATR", "--json").rows[0]["unchanged"]
        == 2
    )


def test_columns_say_what_the_series_is(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "BTCUSDT-1h-2024-01.csv"  # the name gives way to the columns
    file.write_text(f"symbol,timeframe,timestamp,close\nA,1h,{MARCH},1\nB,1d,{MARCH},2\n")
    assert shell("import", path, file).status == 0
    found = shell("series", path, "--json").rows
    assert [(row["symbol"], row["timeframe"]) for row in found] == [("A", "1h"), ("B", "1d")]
    assert shell("import", path, file, "--symbol", "C").status == 0
    assert len(shell("series", path, "--json").rows) == 4


def test_utf_16_and_the_end_of_a_line_within_a_block(
    shell: Shell, path: Path, folder: Path
) -> None:
    file = folder / "some.csv"
    text = io.StringIO()
    text.write("timestamp,close\r\n")
    for place in range(200_000):  # more than a block
        text.write(f"{1_600_000_000 + place},{place}.5\r\n")
    file.write_text(text.getvalue(), encoding="utf-16", newline="")
    ended = shell("import", path, file, *GENERIC, "--json")
    assert (ended.status, ended.rows[0]["inserted"]) == (0, 200_000)
    assert shell("read", path, "X", "1h", "--last", 1, "--json").rows[0]["close"] == 199_999.5
