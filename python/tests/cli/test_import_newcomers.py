# SPDX-License-Identifier: MIT
"""Files as newcomers have them: answers of exchanges, pandas' own forms, odd headers and names."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from layouts import HOUR, Row, epoch, freqtrade_json, prices, rows, vnpy, yfinance
from shells import Shell

from data_store import DataStore, DataStoreError

BARS = rows(5)
SERIES = ("--symbol", "X", "--timeframe", "1h", "--tz", "UTC")
NAMES = ("open", "high", "low", "close", "volume")


def lists() -> list[list[float]]:
    return [[epoch(row.time, 1000), *row[1:]] for row in BARS]


def stored(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Each series with its bars, as the files had them."""
    with DataStore(path) as store:
        names = sorted({(s.symbol, s.timeframe) for s in store.market.series().itertuples()})
        return {
            symbol: [
                (bar.Index.to_pydatetime(), *(getattr(bar, name) for name in NAMES))
                for bar in store.market.read(symbol, timeframe).itertuples()
            ]
            for symbol, timeframe in names
        }


def as_bars(bars: list[Row] = BARS) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in bars]


def table(orient: str) -> Any:
    """What ``DataFrame.to_json(orient=...)`` makes of bars with an index of times."""
    records = [dict(zip(NAMES, row[1:], strict=True)) for row in BARS]
    times = [str(epoch(row.time, 1000)) for row in BARS]
    if orient == "columns":
        return {name: {t: r[name] for t, r in zip(times, records, strict=True)} for name in NAMES}
    if orient == "index":
        return dict(zip(times, records, strict=True))
    return {
        "columns": list(NAMES),
        "index": list(map(int, times)),
        "data": [list(record.values()) for record in records],
    }


@pytest.mark.parametrize(
    "content",
    [
        {"symbol": "X", "timeframe": "1h", "ohlcv": lists()},
        {"error": [], "result": {"candles": lists(), "last": 5}},
        {"data": [{"t": bar[0], **dict(zip("ohlcv", bar[1:], strict=True))} for bar in lists()]},
        table("columns"),
        table("index"),
        table("split"),
    ],
    ids=["wrapped", "an answer", "short names", "columns", "index", "split"],
)
def test_bars_within_an_object_are_found(
    shell: Shell, path: Path, folder: Path, content: Any
) -> None:
    file = folder / "bars.json"
    file.write_text(json.dumps(content))
    assert shell("import", path, file, *SERIES).status == 0
    assert stored(path) == {"X": as_bars()}
    assert "all 5 bars are stored already" in shell("import", path, file, *SERIES).err


def test_a_list_per_symbol_is_a_series_each(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "bars.json"
    file.write_text(json.dumps({"BTC/USDT": lists(), "ETH/USDT": lists()}))
    assert shell("import", path, file, "--timeframe", "1h").status == 0
    assert stored(path) == {"BTC/USDT": as_bars(), "ETH/USDT": as_bars()}
    one = shell("import", path, file, "--timeframe", "1h", "--symbol", "ETH/USDT", "--json").rows
    assert one[0]["series"] == ["ETH/USDT 1h"]


def test_an_object_without_bars_says_what_it_has(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "bars.json"
    file.write_text(json.dumps({"error": ["limit"], "result": {"a": [1]}}))
    ended = shell("import", path, file, *SERIES)
    assert ended.status == 1
    assert "'error', 'result'" in ended.err


def two_levels(path: Path, bars: list[Row]) -> None:
    """Two levels of names that have no names themselves: earlier yfinance, and frames by hand."""
    yfinance(path, bars, ("AAPL", "MSFT"))
    lines = path.read_text().splitlines()
    lines[0] = lines[0].removeprefix("Price")
    lines[1] = lines[1].removeprefix("Ticker")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("is_named", [True, False])
def test_two_levels_of_names_without_names(
    shell: Shell, path: Path, folder: Path, is_named: bool
) -> None:
    file = folder / "frames.csv"
    two_levels(file, rows(5, HOUR * 24))
    if not is_named:
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(lines[:2] + lines[3:]))
    assert shell("import", path, file, "--timeframe", "1d", "--tz", "UTC").status == 0
    assert stored(path) == dict.fromkeys(("AAPL", "MSFT"), as_bars(rows(5, HOUR * 24)))


def test_two_levels_of_names_in_parquet(shell: Shell, path: Path, folder: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas as pd

    file = folder / "frames.parquet"
    index = pd.DatetimeIndex([row.time.replace(tzinfo=None) for row in BARS], name="Date")
    frame = pd.DataFrame([row[1:] for row in BARS], index=index, columns=list(NAMES))
    frames = pd.concat({"AAPL": frame, "MSFT": frame}, axis=1)
    frames.swaplevel(axis=1).to_parquet(file)
    assert shell("import", path, file, "--timeframe", "1h", "--tz", "UTC").status == 0
    assert stored(path) == {"AAPL": as_bars(), "MSFT": as_bars()}
    refused = shell("import", path, file, *SERIES)
    assert refused.status == 1
    assert "AAPL, MSFT" in refused.err


@pytest.mark.parametrize("has_index", [False, True])
def test_numbers_instead_of_names(shell: Shell, path: Path, folder: Path, has_index: bool) -> None:
    file = folder / "candles.csv"  # pd.DataFrame(exchange.fetch_ohlcv(...)).to_csv(...)
    lines = ["0,1,2,3,4,5", *(f"{epoch(row.time, 1000)},{prices(row)}" for row in BARS)]
    if has_index:
        lines = ["," + lines[0], *(f"{place},{line}" for place, line in enumerate(lines[1:]))]
    file.write_text("\n".join(lines) + "\n")
    assert shell("import", path, file, *SERIES).status == 0
    assert stored(path) == {"X": as_bars()}


def test_metatrader_4(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "EURUSD60.csv"
    file.write_text(
        "".join(f"{row.time:%Y.%m.%d},{row.time:%H:%M},{prices(row)}\r\n" for row in BARS),
        newline="",
    )
    ended = shell("import", path, file, "--tz", "UTC", "--json")
    assert (ended.rows[0]["kind"], ended.rows[0]["series"]) == ("CSV of MetaTrader", ["EURUSD 1h"])
    assert stored(path) == {"EURUSD": as_bars()}


def test_rows_that_are_not_bars_are_not_taken_for_some(
    shell: Shell, path: Path, folder: Path
) -> None:
    file = folder / "BTCUSDT-aggTrades-2025-03.csv"
    file.write_text("7,100.1,0.5,7,7,1740960000000,True,True\n")
    ended = shell("import", path, file, *SERIES)
    assert ended.status == 1
    assert "--columns" in ended.err
    with pytest.raises(DataStoreError):  # nothing was made
        DataStore(path, read_only=True)


@pytest.mark.parametrize(
    ("form", "advice"),
    [
        ("%d.%m.%Y %H:%M:%S", "--time-format '%d.%m.%Y %H:%M:%S'"),
        ("%m/%d/%Y %I:%M %p", "--time-format '%m/%d/%Y %I:%M %p'"),
    ],
)
def test_the_advice_for_a_time_works(
    shell: Shell, path: Path, folder: Path, form: str, advice: str
) -> None:
    file = folder / "bars.csv"
    lines = [f"{row.time:{form}},{prices(row)}\n" for row in BARS]
    file.write_text("time,open,high,low,close,volume\n" + "".join(lines))
    refused = shell("import", path, file, *SERIES)
    assert refused.status == 1
    assert advice in refused.err
    assert shell("import", path, file, *SERIES, "--time-format", form).status == 0
    assert stored(path) == {"X": as_bars()}


@pytest.mark.parametrize(("extra", "advice"), [("close", "rsi@1.0=RSI"), ("Last", "close=")])
def test_the_advice_for_a_column_is_one_that_can_be_followed(
    shell: Shell, path: Path, folder: Path, extra: str, advice: str
) -> None:
    file = folder / "bars.csv"
    names = {"close": "close,volume,RSI", "Last": "Price,volume,RSI"}[extra]
    file.write_text(f"time,open,high,low,{names}\n" + f"1740960000,{prices(BARS[0])},50\n")
    ended = shell("import", path, file, *SERIES)
    assert ended.status == 1
    assert f"--map {advice}" in ended.err
    assert ("--map close=" in ended.err) == (extra == "Last")


def test_what_a_mac_adds_to_a_zip_is_passed_over(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "BTC_USDT-1h.zip"
    freqtrade_json(folder / "inside.json", BARS)
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(folder / "inside.json", "inside.json")
        archive.writestr("__MACOSX/._inside.json", b"\x00\x05")
    assert shell("import", path, file).status == 0
    assert stored(path) == {"BTC/USDT": as_bars()}


def of_vnpy(folder: Path) -> Path:
    vnpy(folder / "database.db", BARS)
    return folder / "database.db"


def of_a_store(folder: Path) -> Path:
    with DataStore(folder / "other.db") as store:
        store.market.write_bar("IF2403.CFFEX", "1h", BARS[0].time, close=1.0)
    return folder / "other.db"


@pytest.mark.parametrize("made", [of_vnpy, of_a_store])
def test_a_series_that_is_not_there_is_told_with_those_that_are(
    shell: Shell, path: Path, folder: Path, made: Callable[[Path], Path]
) -> None:
    ended = shell("import", path, made(folder), *SERIES)
    assert "no series X 1h is in it" in ended.err
    assert "IF2403.CFFEX 1h" in ended.err


def test_other_files_of_freqtrade_need_a_name(shell: Shell, path: Path, folder: Path) -> None:
    file = folder / "BTC_USDT_USDT-8h-funding_rate.json"
    freqtrade_json(file, BARS)
    ended = shell("import", path, file)
    assert ended.status == 2
    assert "funding_rate" in ended.err
