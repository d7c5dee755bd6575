# SPDX-License-Identifier: MIT
"""Files as exchanges and other programs write them, all with the same bars."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


class Row(NamedTuple):
    """A bar of a file."""

    time: dt.datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


def rows(count: int = 30, step: dt.timedelta = HOUR) -> list[Row]:
    """Bars whose numbers are all different, and have digits that tell one parser from another."""
    made = []
    for place in range(count):
        base = 93_000.1 + place * 7.3
        made.append(
            Row(START + place * step, base, base + 5.37, base - 4.19, base + 1.01, place + 0.123)
        )
    return made


def epoch(time: dt.datetime, per_second: int) -> int:
    return int(time.timestamp()) * per_second


def prices(row: Row) -> str:
    return f"{row.open!r},{row.high!r},{row.low!r},{row.close!r},{row.volume!r}"


def binance(path: Path, bars: list[Row], per_second: int = 1000, *, header: bool = False) -> None:
    """A kline file of data.binance.vision; spot files of 2025 on have microseconds."""
    names = (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
        "taker_buy_volume,taker_buy_quote_volume,ignore\n"
    )
    lines = [
        f"{epoch(row.time, per_second)},{prices(row)},"
        f"{epoch(row.time + HOUR, per_second) - 1},123.4,5,6.7,8.9,0\n"
        for row in bars
    ]
    path.write_text((names if header else "") + "".join(lines))


def kraken(path: Path, bars: list[Row]) -> None:
    """A file of Kraken's OHLCVT downloads: seconds, no header, the count of trades at the end."""
    path.write_text("".join(f"{epoch(row.time, 1)},{prices(row)},17\n" for row in bars))


def yahoo(path: Path, bars: list[Row]) -> None:
    """What Yahoo's download button gave."""
    lines = ["Date,Open,High,Low,Close,Adj Close,Volume\n"]
    lines += [
        f"{row.time:%Y-%m-%d},{row.open!r},{row.high!r},{row.low!r},{row.close!r},"
        f"{row.close * 0.9!r},{row.volume!r}\n"
        for row in bars
    ]
    path.write_text("".join(lines))


def yfinance(path: Path, bars: list[Row], tickers: tuple[str, ...] = ("AAPL",)) -> None:
    """``yfinance.download(...).to_csv()``: columns of two levels, hence two lines of names."""
    names = ("Close", "High", "Low", "Open", "Volume")
    pairs = [(name, ticker) for name in names for ticker in tickers]
    lines = [
        "Price," + ",".join(name for name, _ in pairs),
        "Ticker," + ",".join(ticker for _, ticker in pairs),
        "Date" + "," * len(pairs),
    ]
    for row in bars:
        cells = [repr(getattr(row, name.lower())) for name, _ in pairs]
        lines.append(f"{row.time:%Y-%m-%d}," + ",".join(cells))
    path.write_text("\n".join(lines) + "\n")


def pandas_index(path: Path, bars: list[Row]) -> None:
    """``frame.to_csv()`` of an index without a name."""
    lines = [",Open,High,Low,Close,Volume\n"]
    lines += [f"{row.time:%Y-%m-%d %H:%M:%S}+00:00,{prices(row)}\n" for row in bars]
    path.write_text("".join(lines))


def metatrader(path: Path, bars: list[Row]) -> None:
    """An export of MetaTrader 5: tabs, date and time in two columns, names in angle brackets."""
    names = "<DATE> <TIME> <OPEN> <HIGH> <LOW> <CLOSE> <TICKVOL> <VOL> <SPREAD>"
    lines = [names.replace(" ", "\t") + "\r\n"]
    for row in bars:
        cells = [f"{row.time:%Y.%m.%d}", f"{row.time:%H:%M:%S}", *map(repr, row[1:]), "0", "3"]
        lines.append("\t".join(cells) + "\r\n")
    path.write_text("".join(lines), newline="")


def european(path: Path, bars: list[Row]) -> None:
    """A spreadsheet's: semicolons, decimal commas, days first, a byte order mark, a title."""
    lines = ["Kurse der Woche;;;;;\n", "Zeit;Open;High;Low;Close;Volume\n"]
    for row in bars:
        numbers = ";".join(repr(value).replace(".", ",") for value in row[1:])
        lines.append(f"{row.time:%d.%m.%Y %H:%M};{numbers}\n")
    path.write_text("".join(lines), encoding="utf-8-sig")


def freqtrade_json(path: Path, bars: list[Row]) -> None:
    """freqtrade's JSON: lists of milliseconds and numbers, in one line."""
    path.write_text(json.dumps([[epoch(row.time, 1000), *row[1:]] for row in bars]))


def ccxt_json(path: Path, bars: list[Row]) -> None:
    """``json.dump(exchange.fetch_ohlcv(...), file, indent=1)``."""
    path.write_text(json.dumps([[epoch(row.time, 1000), *row[1:]] for row in bars], indent=1))


def objects_json(path: Path, bars: list[Row]) -> None:
    """An object per line."""
    with path.open("w") as file:
        for row in bars:
            numbers = dict(zip(Row._fields[1:], row[1:], strict=True))
            file.write(json.dumps({"date": f"{row.time:%FT%TZ}", **numbers}) + "\n")


def gzipped(write: Callable[[Path, list[Row]], None]) -> Callable[[Path, list[Row]], None]:
    def wrapped(path: Path, bars: list[Row]) -> None:
        write(path, bars)
        path.write_bytes(gzip.compress(path.read_bytes()))

    return wrapped


def zipped(write: Callable[[Path, list[Row]], None]) -> Callable[[Path, list[Row]], None]:
    def wrapped(path: Path, bars: list[Row]) -> None:
        write(path, bars)
        content = path.read_bytes()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside.csv", content)

    return wrapped


def vnpy(path: Path, bars: list[Row], symbol: str = "IF2403", interval: str = "1h") -> None:
    """The table that vnpy_sqlite makes by way of peewee; times are local, without a zone."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            """CREATE TABLE IF NOT EXISTS "dbbardata" (
            "id" INTEGER NOT NULL PRIMARY KEY, "symbol" VARCHAR(255) NOT NULL,
            "exchange" VARCHAR(255) NOT NULL, "datetime" DATETIME NOT NULL,
            "interval" VARCHAR(255) NOT NULL, "volume" REAL NOT NULL, "turnover" REAL NOT NULL,
            "open_interest" REAL NOT NULL, "open_price" REAL NOT NULL, "high_price" REAL NOT NULL,
            "low_price" REAL NOT NULL, "close_price" REAL NOT NULL)"""
        )
        for row in bars:
            connection.execute(
                "INSERT INTO dbbardata (symbol, exchange, datetime, interval, volume, turnover,"
                " open_interest, open_price, high_price, low_price, close_price)"
                " VALUES (?, 'CFFEX', ?, ?, ?, 1.0, 2.0, ?, ?, ?, ?)",
                (symbol, f"{row.time:%Y-%m-%d %H:%M:%S}", interval, row.volume, *row[1:5]),
            )
    connection.close()
