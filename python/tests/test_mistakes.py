# SPDX-License-Identifier: MIT
"""Common mistakes are told apart, and the line that a message advises fixes the call."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import ARROW, PRICES, START, SYMBOL, TIMEFRAME, entry, same, times

from data_store import DataStore
from data_store.errors import InvalidInputError, InvalidTypeError

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def plain() -> pd.DataFrame:
    return pd.DataFrame({"open": [1.0, 2.0], "close": [1.5, 2.5]}, index=times(2))


def stamped(values: Any) -> pd.DataFrame:
    return plain().reset_index(drop=True).assign(timestamp=values)


def yfinance(symbols: list[str], *, first: str = "Price", names: bool = True) -> pd.DataFrame:
    """What yfinance.download gives: capitals, two levels, times of the exchange."""
    levels = {"Price": ["Adj Close", "Close", "High", "Low", "Open", "Volume"], "Ticker": symbols}
    order = ["Price", "Ticker"] if first == "Price" else ["Ticker", "Price"]
    labels = pd.MultiIndex.from_product(
        [levels[name] for name in order], names=order if names else None
    )
    index = pd.date_range("2026-01-02", periods=2, tz="America/New_York", name="Date")
    return pd.DataFrame(np.arange(2.0 * len(labels)).reshape(2, -1), index=index, columns=labels)


def vendor(label: str) -> pd.DataFrame:
    """Bars with labels as others write them."""
    names = {name: label.format(name, number=number) for number, name in enumerate(PRICES, 1)}
    return pd.DataFrame({name: [1.0, 2.0] for name in names}, index=times(2)).rename(columns=names)


def arrow_dates() -> Any:
    import pyarrow as pa

    dates = [time.date() for time in times(2, step="24h")]
    return pd.array(dates, dtype=pd.ArrowDtype(pa.date32()))


def naive_datetimes() -> list[dt.datetime]:
    return [time.to_pydatetime().replace(tzinfo=None) for time in times(2)]


def epochs(unit: str) -> Any:
    return times(2).asi8 // UNITS[unit]


def read_with_features(store: DataStore) -> pd.DataFrame:
    features = pd.DataFrame({"a@1": [1.0, None], "b@1": [2.0, 3.0]}, index=times(2))
    store.market.write(plain(), SYMBOL, TIMEFRAME, features=features)
    return store.market.read(SYMBOL, TIMEFRAME, columns=["open", "close"], features=True)


# A frame, and what its message has to have.
MISTAKES: dict[str, tuple[Callable[[], pd.DataFrame], list[str]]] = {
    "yfinance": (lambda: yfinance(["A"]), ["level", "droplevel('Ticker', axis=1)"]),
    "yfinance, symbol first": (
        lambda: yfinance(["A"], first="Ticker"),
        ["level", "droplevel('Ticker', axis=1)"],
    ),
    "yfinance, no names": (
        lambda: yfinance(["A"], names=False),
        ["level", "droplevel(1, axis=1)"],
    ),
    "yfinance, several": (
        lambda: yfinance(["A", "B"]),
        ["level", "df.xs('A', axis=1, level='Ticker')", ".stack('Ticker'"],
    ),
    "yfinance, several, symbol first": (
        lambda: yfinance(["A", "B"], first="Ticker"),
        ["level", "df.xs('A', axis=1, level='Ticker')", ".stack('Ticker'"],
    ),
    "yfinance, made flat": (
        lambda: plain().set_axis(
            pd.Index([("open", "A"), ("close", "A")], tupleize_cols=False), axis=1
        ),
        ["label[0]"],
    ),
    **{
        f"epoch {unit} as {kind.__name__}, {place}": (
            lambda unit=unit, kind=kind, frame=frame: frame(epochs(unit).astype(kind)),
            [f"unit='{unit}'", "utc=True", "pd.to_numeric" if kind is str else "pd.to_datetime"],
        )
        for unit in UNITS
        for kind in (np.int64, float, object, str)
        for place, frame in {
            "column": stamped,
            "index": lambda values: plain().set_axis(values),
            "named index": lambda values: plain().set_axis(pd.Index(values, name="timestamp")),
        }.items()
    },
    "calendar dates as numbers": (lambda: stamped([20260301, 20260302]), ["%Y%m%d"]),
    **{
        f"column {name}": (
            lambda name=name: plain().reset_index(names=name),
            [f"rename(columns={{{name!r}: 'timestamp'}})"],
        )
        for name in ("date", "Date", "datetime", "Datetime", "time", "open_time", "Open time", "ts")
    },
    "capitals": (
        lambda: plain().rename(columns=str.capitalize).assign(**{"Adj Close": 1.0, "Dividends": 0}),
        ["rename(columns=str.lower)", "'Open'", "'Close'", "'Adj Close'", "'Dividends'"],
    ),
    "capitals and a date": (
        lambda: plain().rename(columns=str.upper).reset_index(names="Date"),
        ["rename(columns=str.lower)", "{'Date': 'timestamp'}", "'OPEN'", "'CLOSE'"],
    ),
    "one letter": (
        lambda: plain().set_axis(["o", "c"], axis=1).reset_index(names="t"),
        ["'o': 'open'", "'t': 'timestamp'"],
    ),
    "vnpy": (
        lambda: vendor("{}_price").rename(columns={"volume_price": "volume"}).assign(
            open_interest=0.0, turnover=1.0, gateway_name="x"
        ),
        ["'open_price': 'open'", "drop(columns=['open_interest', 'turnover', 'gateway_name'])"],
    ),
    "Alpha Vantage": (
        lambda: vendor("{number}. {}").assign(**{"5. adjusted close": 1.0}),
        ["'1. open': 'open'", "'4. close': 'close'", "drop(columns=['5. adjusted close'])"],
    ),
    "stooq": (
        lambda: vendor("<{}>").rename(columns=str.upper).rename(columns={"<VOLUME>": "<VOL>"})
        .assign(**{"<OPENINT>": 0}).reset_index(names="<DATE>"),
        ["'<OPEN>': 'open'", "'<VOL>': 'volume'", "'<DATE>': 'timestamp'", "['<OPENINT>']"],
    ),
    "camels": (lambda: vendor("{}Price"), ["'openPrice': 'open'", "'lowPrice': 'low'"]),
    "one word": (lambda: vendor("{}price"), ["'openprice': 'open'", "'lowprice': 'low'"]),
    "only adjusted": (
        lambda: plain().rename(columns={"close": "Adj Close"}),
        ["{'Adj Close': 'close'}"],
    ),
    "only adjusted, two levels": (
        lambda: yfinance(["A"]).drop(columns="Close", level=0),
        ["{'adj close': 'close'}"],
    ),
    "words that low is in": (
        lambda: plain().assign(flow=1.0, slow_ma=2.0, lower=3.0),
        ["drop(columns=['flow', 'slow_ma', 'lower'])"],
    ),
    "epochs in an index of another name": (
        lambda: plain().set_axis(pd.Index(epochs("s"), name="Date")),
        ["pd.to_datetime(df.index, unit='s', utc=True)"],
    ),
    "calendar dates in an index of another name": (
        lambda: plain().set_axis(pd.Index([20240101, 20240102], name="Date")),
        ["pd.to_datetime(df.index.astype(str), format='%Y%m%d', utc=True)"],
    ),
    "durations": (
        lambda: stamped(pd.to_timedelta([1, 2], unit="D")),
        ["a duration is not an instant", "+ pd.to_timedelta(df['timestamp'])"],
    ),
    "durations in the index": (
        lambda: plain().set_axis(pd.to_timedelta([1, 2], unit="D")),
        ["a duration is not an instant", "+ pd.to_timedelta(df.index)"],
    ),
    "durations in a number": (
        lambda: plain().assign(latency_sec=pd.to_timedelta([1, 2], unit="s")),
        ["'latency_sec', row 0", "a duration is not a number", ".dt.total_seconds()"],
    ),
    "NumPy durations in a number": (
        lambda: plain().assign(
            latency_sec=pd.Series([np.timedelta64(1, "s")] * 2, times(2), object)
        ),
        ["'latency_sec', row 0", "a duration is not a number", ".dt.total_seconds()"],
    ),
    "numbers in a text": (
        lambda: plain().assign(source=5),
        ["'source', row 0", "df['source'].astype(str)"],
    ),
    **({
        f"dates of Arrow in {place}": (frame, ["a date is not an instant", "utc=True"])
        for place, frame in {
            "a column": lambda: stamped(arrow_dates()),
            "the index": lambda: plain().set_axis(pd.Index(arrow_dates())),
        }.items()
    } if ARROW else {}),
    "several unknown": (lambda: plain().assign(vwap=1.0, trades=2), ["'vwap'", "'trades'"]),
    "rows of ccxt": (
        lambda: pd.DataFrame([[1700000000000 + row, 1.0, 2.0, 0.5, 1.5, 9.0] for row in range(2)]),
        ["df.columns = ['timestamp', 'open', 'high', 'low', 'close', 'volume']"],
    ),
    "naive index": (lambda: plain().tz_localize(None), ["df.index.tz_localize('UTC')"]),
    "naive column": (
        lambda: plain().tz_localize(None).reset_index(),
        ["df['timestamp'].dt.tz_localize('UTC')"],
    ),
    "naive objects": (
        lambda: stamped(pd.Series(naive_datetimes(), dtype=object)),
        ["pd.to_datetime(df['timestamp']).dt.tz_localize('UTC')"],
    ),
    "naive objects in the index": (
        lambda: plain().set_axis(pd.Index(naive_datetimes(), dtype=object)),
        ["pd.to_datetime(df.index).tz_localize('UTC')"],
    ),
    "text": (
        lambda: stamped(times(2).astype(str)),
        ["pd.to_datetime(df['timestamp'], utc=True)"],
    ),
    "text in the index": (
        lambda: plain().set_axis(times(2).astype(str)),
        ["pd.to_datetime(df.index, utc=True)"],
    ),
    "dates": (
        lambda: stamped(pd.Series([time.date() for time in times(2, step="24h")], dtype=object)),
        ["pd.to_datetime(df['timestamp'], utc=True)"],
    ),
    "periods": (
        lambda: plain().tz_localize(None).to_period("h"),
        ["df.index.to_timestamp().tz_localize('UTC')"],
    ),
    "text in a price": (
        lambda: plain().assign(close=["1.5", "2"]),
        ["'close'", "row 0", "pd.to_numeric(df['close'])"],
    ),
    "Decimal in a price": (
        lambda: plain().assign(close=[Decimal("1.5"), Decimal("2")]),
        ["'close'", "row 0", "df['close'].astype('float64')"],
    ),
    "booleans in a price": (
        lambda: plain().assign(close=True),
        ["'close'", "row 0", "df['close'].astype('float64')"],
    ),
}  # fmt: skip


def advised(error: InvalidInputError) -> str:
    """The line of a message that fixes it."""
    found = re.search(r"e\.g\. (.*?)(\. A range.*)?$", str(error))
    assert found is not None, str(error)
    return found[1]


@pytest.mark.parametrize("what", MISTAKES)
def test_the_line_that_a_message_advises_fixes_the_call(
    store: DataStore, contents: Any, what: str
) -> None:
    make, parts = MISTAKES[what]
    frame = make()
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert contents() == before
    for part in parts:
        assert part in str(caught.value)
    error = caught.value
    # One mistake may hide another: rows of ccxt have neither labels nor times.
    for _ in range(3):
        line = advised(error)
        names: dict[str, Any] = {"df": frame, "pd": pd, "market": store.market}
        exec(line, names)
        if line.startswith("market.write"):
            break
        try:
            store.market.write(names["df"], SYMBOL, TIMEFRAME)
            break
        except InvalidInputError as another:
            frame, error = names["df"], another
    assert len(store.sql("SELECT * FROM market_data")) in (2, 4)


def test_what_was_read_with_features_is_written_as_the_message_says(store: DataStore) -> None:
    frame = read_with_features(store)
    with pytest.raises(InvalidInputError) as caught:
        store.market.write(frame, SYMBOL, TIMEFRAME)
    message = str(caught.value)
    assert "'a@1', 'b@1'" in message
    assert f"features=market.read_features('{SYMBOL}', '{TIMEFRAME}')" in message
    line = advised(caught.value)
    stored = store.market.read_features(SYMBOL, TIMEFRAME)
    store.market.delete(SYMBOL, TIMEFRAME)
    exec(line, {"df": frame, "market": store.market})
    same(store.market.read(SYMBOL, TIMEFRAME, columns=["open", "close"], features=True), frame)
    same(store.market.read_features(SYMBOL, TIMEFRAME), stored)


def test_what_was_read_of_several_symbols_is_written_as_the_message_says(store: DataStore) -> None:
    read_with_features(store)
    frame = store.market.read([SYMBOL], TIMEFRAME, features=True)
    with pytest.raises(InvalidInputError) as caught:
        store.market.write(frame, None, TIMEFRAME)
    assert "read_features" not in str(caught.value)  # which would need to be told of what
    exec(advised(caught.value), {"df": frame, "market": store.market})


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((SYMBOL, plain(), TIMEFRAME), f"market.write(df, '{SYMBOL}', '{TIMEFRAME}')"),
        ((SYMBOL, TIMEFRAME, plain()), f"market.write(df, '{SYMBOL}', '{TIMEFRAME}')"),
    ],
)
def test_frame_and_symbol_in_another_order_are_told(
    store: DataStore, arguments: Any, line: str
) -> None:
    with pytest.raises(InvalidTypeError) as caught:
        store.market.write(*arguments)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    "features",
    [pd.DataFrame({"a@1": [1.0]}, index=times(1)), pd.Series([{}], index=times(1)), {START: {}}],
    ids=["frame", "Series", "mapping"],
)
def test_features_and_symbol_in_another_order_are_told(store: DataStore, features: Any) -> None:
    with pytest.raises(InvalidTypeError) as caught:
        store.market.write_features(SYMBOL, features, TIMEFRAME)
    line = f"market.write_features(features, '{SYMBOL}', '{TIMEFRAME}')"
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("timestamp", "line"),
    [
        (5, "unit='s'"),
        (1700000000000, "unit='ms'"),
        (1700000000000.0, "unit='ms'"),
        (np.int64(1700000000000000), "unit='us'"),
        ("2026-03-01T15:00Z", "pd.to_datetime(timestamp, utc=True)"),
        (dt.datetime(2026, 3, 1), "pd.Timestamp(timestamp).tz_localize('UTC')"),
        (np.datetime64("2026-03-01"), "pd.Timestamp(timestamp).tz_localize('UTC')"),
        (dt.date(2026, 3, 1), "pd.to_datetime(timestamp, utc=True)"),
        (dt.timedelta(1), "a duration is not an instant"),
        (np.timedelta64(1, "D"), "a duration is not an instant"),
    ],
)
def test_a_live_bars_time_is_fixed_as_its_message_says(
    store: DataStore, timestamp: Any, line: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        store.market.write_bar(SYMBOL, TIMEFRAME, timestamp, close=1.0)
    assert line in str(caught.value)
    names = {"pd": pd, "timestamp": timestamp}
    exec(advised(caught.value), names)
    store.market.write_bar(SYMBOL, TIMEFRAME, names["timestamp"], close=1.0)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("source", 5, "source = str(source)"),
        ("latency_sec", dt.timedelta(seconds=1), ".total_seconds()"),
        ("latency_sec", np.timedelta64(1, "s"), ".total_seconds()"),
        ("open", np.timedelta64("NaT"), ".total_seconds()"),
    ],
)
def test_a_live_bars_cell_is_fixed_as_its_message_says(
    store: DataStore, name: str, value: Any, line: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        store.market.write_bar(SYMBOL, TIMEFRAME, START, **{name: value})
    assert line in str(caught.value)
    names = {"pd": pd, name: value}
    exec(advised(caught.value), names)
    store.market.write_bar(SYMBOL, TIMEFRAME, START, **{name: names[name]})


@pytest.mark.parametrize(
    "key",
    [
        "2026-03-01T15:00",
        dt.datetime(2026, 3, 1, 15),
        np.datetime64("2026-03-01T15:00"),
        dt.date(2026, 3, 1),
        20260301,
        1772377200,
        1772377200000.0,
        "1772377200",
        pd.Period("2026-03-01T15", "h"),
        np.timedelta64(20513, "D"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("beside_bars", [False, True])
def test_keys_of_a_mapping_are_fixed_as_the_message_says(
    store: DataStore, key: Any, beside_bars: bool
) -> None:
    frame = pd.DataFrame({"close": 1.0}, [START.normalize(), START])
    store.market.write(frame, SYMBOL, TIMEFRAME)

    def write(features: Any) -> None:
        if beside_bars:
            store.market.write(frame, SYMBOL, TIMEFRAME, features=features)
        else:
            store.market.write_features(features, SYMBOL, TIMEFRAME)

    features = {key: {"a@1": entry(1.0)}}
    with pytest.raises(InvalidInputError, match="row 0") as caught:
        write(features)
    names = {"pd": pd, "features": features}
    exec(advised(caught.value), names)
    write(names["features"])
    assert store.market.read_features(SYMBOL, TIMEFRAME)["a@1", "value"].count() == 1


@pytest.mark.parametrize(
    "features",
    [{"a@1": entry(1.0)}, {"a@1": [1.0, 2.0]}, pd.Series({"a@1": 1.0})],
    ids=["one bar's dict", "columns", "a row"],
)
def test_features_that_no_timestamps_go_with_are_told(store: DataStore, features: Any) -> None:
    store.market.write(plain(), SYMBOL, TIMEFRAME)
    for write in (
        lambda: store.market.write_features(features, SYMBOL, TIMEFRAME),
        lambda: store.market.write(plain(), SYMBOL, TIMEFRAME, features=features),
    ):
        with pytest.raises(InvalidInputError, match="a list of one per bar") as caught:
            write()
        assert "{timestamp: {...}}" in str(caught.value)


def test_a_missing_time_is_told_with_its_row(store: DataStore) -> None:
    with pytest.raises(InvalidInputError, match=r"row 1.*NaT.*Drop or fix"):
        store.market.write(stamped([times(1)[0], pd.NaT]), SYMBOL, TIMEFRAME)
