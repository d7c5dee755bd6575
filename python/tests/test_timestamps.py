# SPDX-License-Identifier: MIT
"""Instants in: zones, units, eras, and the one text form in which they are stored."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import ARROW, START, START_TEXT, SYMBOL, TIMEFRAME, bars, same, times

from data_store import DataStore
from data_store.errors import InvalidInputError

Rows = Callable[..., list[tuple[Any, ...]]]
Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]

ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "+05:30",
    dt.UTC,
    dt.timezone(-dt.timedelta(hours=3, minutes=7)),
    zoneinfo.ZoneInfo("Europe/Madrid"),
]
UNITS = ["s", "ms", "us", "ns"]
COLUMN_DTYPES = [
    *(f"datetime64[{unit}, Asia/Tokyo]" for unit in UNITS),
    *(f"timestamp[{unit}, tz=Asia/Tokyo][pyarrow]" for unit in UNITS if ARROW),
]

STORED_FORMS = {
    "2026-03-01T15:00:00Z": "2026-03-01T15:00:00+00:00",
    "2026-03-01T15:00:00.5Z": "2026-03-01T15:00:00.500000+00:00",
    "2026-03-01T15:00:00.001Z": "2026-03-01T15:00:00.001000+00:00",
    "2026-03-01T15:00:00.000001Z": "2026-03-01T15:00:00.000001+00:00",
    "2026-03-01T15:00:00.000000001Z": "2026-03-01T15:00:00.000000001+00:00",
    "2026-03-01T15:00:00.100000100Z": "2026-03-01T15:00:00.100000100+00:00",
    "2026-03-01T20:30:00+05:30": "2026-03-01T15:00:00+00:00",
    "2024-02-29T23:59:59.999999999Z": "2024-02-29T23:59:59.999999999+00:00",
    "2000-02-29T00:00:00Z": "2000-02-29T00:00:00+00:00",
    "1970-01-01T00:00:00Z": "1970-01-01T00:00:00+00:00",
    "1969-12-31T23:59:59.999999999Z": "1969-12-31T23:59:59.999999999+00:00",
    "1969-12-31T23:59:59.5Z": "1969-12-31T23:59:59.500000+00:00",
    "1900-03-01T00:00:00Z": "1900-03-01T00:00:00+00:00",
    "1700-02-28T12:00:00Z": "1700-02-28T12:00:00+00:00",
    "2100-02-28T23:59:59Z": "2100-02-28T23:59:59+00:00",
    "1677-09-21T00:12:43.145224193Z": "1677-09-21T00:12:43.145224193+00:00",
    "2262-04-11T23:47:16.854775807Z": "2262-04-11T23:47:16.854775807+00:00",
}


def at(index: pd.DatetimeIndex | pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"close": np.arange(float(len(index)))}, index=index)


def in_column(values: Any) -> pd.DataFrame:
    """The timestamps in a column, beside an index of mere row numbers."""
    frame = pd.DataFrame({"close": np.arange(float(len(values)))})
    return frame.assign(timestamp=values)


def refused(store: DataStore, contents: Contents, frame: pd.DataFrame) -> str:
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        store.market.write(frame, SYMBOL, TIMEFRAME)
    assert contents() == before
    return str(caught.value)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("unit", UNITS)
def test_any_zone_and_any_unit_is_the_same_instant(
    store: DataStore, rows: Rows, zone: Any, unit: str
) -> None:
    index = times(3).as_unit(unit).tz_convert(zone)
    assert store.market.write(at(index), SYMBOL, TIMEFRAME) == 3
    stored = [text for (text,) in rows("SELECT timestamp FROM market_data ORDER BY 1")]
    assert stored == [f"2026-03-01T{hour}:00:00+00:00" for hour in (15, 16, 17)]
    same(store.market.read(SYMBOL, TIMEFRAME, columns=["close"]), at(times(3)))


@pytest.mark.parametrize("dtype", COLUMN_DTYPES)
def test_timestamps_may_be_a_column_of_any_unit(store: DataStore, dtype: str) -> None:
    frame = in_column(times(3).to_series(index=range(3)).astype(dtype))
    assert frame["timestamp"].dtype == dtype
    store.market.write(frame, SYMBOL, TIMEFRAME)
    same(store.market.read(SYMBOL, TIMEFRAME, columns=["close"]), at(times(3)))


OBJECTS = {
    "datetime": [stamp.to_pydatetime() for stamp in times(3)],
    "Timestamp": list(times(3)),
    "mixed zones": [
        times(3)[0].tz_convert("America/New_York").to_pydatetime(),
        times(3)[1],
        times(3)[2].tz_convert("Asia/Kolkata"),
    ],
}


@pytest.mark.parametrize("what", OBJECTS)
def test_timestamps_may_be_an_object_column_of_aware_datetimes(store: DataStore, what: str) -> None:
    frame = in_column(pd.Series(OBJECTS[what], dtype="object"))
    store.market.write(frame, SYMBOL, TIMEFRAME)
    same(store.market.read(SYMBOL, TIMEFRAME, columns=["close"]), at(times(3)))


def test_nanoseconds_survive_in_an_object_column(store: DataStore) -> None:
    stamp = pd.Timestamp("2026-03-01T15:00:00.123456789Z")
    store.market.write(in_column(pd.Series([stamp], dtype="object")), SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME).index[0] == stamp


@pytest.mark.parametrize("name", [None, "timestamp", "Date"])
def test_the_index_may_have_any_name(store: DataStore, name: str | None) -> None:
    store.market.write(at(times(2).rename(name)), SYMBOL, TIMEFRAME)
    assert store.market.read(SYMBOL, TIMEFRAME).index.name == "timestamp"


def test_rows_may_come_in_any_order(store: DataStore) -> None:
    store.market.write(bars(5).iloc[[3, 0, 4, 1, 2]], SYMBOL, TIMEFRAME)
    same(store.market.read(SYMBOL, TIMEFRAME), bars(5))


@pytest.mark.parametrize("given", STORED_FORMS)
def test_an_instant_is_stored_in_one_form_only(store: DataStore, rows: Rows, given: str) -> None:
    index = pd.DatetimeIndex([pd.Timestamp(given)])
    store.market.write(at(index), SYMBOL, TIMEFRAME)
    store.market.write_bar(SYMBOL, TIMEFRAME, pd.Timestamp(given), close=0.0)
    assert rows("SELECT timestamp FROM market_data") == [(STORED_FORMS[given],)]
    assert store.market.read(SYMBOL, TIMEFRAME).index[0] == pd.Timestamp(given)


def test_text_order_is_time_order(store: DataStore, rows: Rows) -> None:
    stamps = {pd.Timestamp(given).as_unit("ns").value for given in STORED_FORMS}
    index = pd.DatetimeIndex(list(stamps), tz="UTC")
    store.market.write(at(index), SYMBOL, TIMEFRAME)
    by_text = [text for (text,) in rows("SELECT timestamp FROM market_data ORDER BY timestamp")]
    assert by_text == [stamp.isoformat() for stamp in sorted(index)]


def test_both_instants_of_an_hour_that_comes_twice_are_kept(store: DataStore) -> None:
    index = pd.date_range("2025-11-02T04:30Z", periods=4, freq="1h").tz_convert("America/New_York")
    assert index[1].hour == index[2].hour == 1
    store.market.write(at(index), SYMBOL, TIMEFRAME)
    assert len(store.market.read(SYMBOL, TIMEFRAME)) == 4


def test_the_same_instant_in_two_zones_is_one_bar(store: DataStore) -> None:
    store.market.write(at(times(1)), SYMBOL, TIMEFRAME)
    store.market.write(at(times(1).tz_convert("Asia/Tokyo")), SYMBOL, TIMEFRAME)
    assert len(store.market.read(SYMBOL, TIMEFRAME)) == 1


@pytest.mark.parametrize("unit", UNITS)
def test_naive_timestamps_are_refused_with_the_remedy(
    store: DataStore, contents: Contents, unit: str
) -> None:
    naive = times(2).tz_localize(None).as_unit(unit)
    for frame in (at(naive), in_column(naive)):
        message = refused(store, contents, frame)
        assert "tz_localize" in message or "UTC" in message


SEVEN = list(times(7))
MISSING = {
    "index": at(pd.DatetimeIndex([*SEVEN, pd.NaT])),
    "column": in_column(pd.DatetimeIndex([*SEVEN, pd.NaT])),
    "objects with NaT": in_column(pd.Series([*SEVEN, pd.NaT], dtype="object")),
    "objects with None": in_column(pd.Series([*SEVEN, None], dtype="object")),
}


@pytest.mark.parametrize("what", MISSING)
def test_nat_is_refused_and_its_row_named(store: DataStore, contents: Contents, what: str) -> None:
    assert re.search(r"\b7\b", refused(store, contents, MISSING[what]))


NO_TIMESTAMPS = {
    "text index": at(pd.Index([START_TEXT, "2026-03-01T16:00:00+00:00"])),
    "text column": in_column([START_TEXT, "2026-03-01T16:00:00+00:00"]),
    "text objects": in_column(pd.Series([START, START_TEXT], dtype="object")),
    "a naive one among aware ones": in_column(
        pd.Series([START, dt.datetime(2026, 3, 1)], dtype="object")
    ),
    "integers": in_column([1_772_377_200, 1_772_380_800]),
    "floats": in_column([1_772_377_200.0, 1_772_380_800.0]),
    "dates": in_column(pd.Series([dt.date(2026, 3, 1), dt.date(2026, 3, 2)], dtype="object")),
    "numpy datetimes": in_column(pd.Series([np.datetime64("2026-03-01")] * 2, dtype="object")),
    "periods": at(pd.period_range("2026-03-01", periods=2, freq="h")),
    "durations": at(pd.to_timedelta([1, 2], unit="h")),
}


@pytest.mark.parametrize("what", NO_TIMESTAMPS)
def test_what_is_not_an_aware_timestamp_is_refused(
    store: DataStore, contents: Contents, what: str
) -> None:
    assert "timestamp" in refused(store, contents, NO_TIMESTAMPS[what]).lower()


def test_an_index_and_a_column_of_timestamps_together_are_refused(
    store: DataStore, contents: Contents
) -> None:
    frame = at(times(2)).assign(timestamp=times(2))
    assert "timestamp" in refused(store, contents, frame)


def test_a_frame_without_timestamps_is_refused(store: DataStore, contents: Contents) -> None:
    assert "timestamp" in refused(store, contents, pd.DataFrame({"close": [1.0, 2.0]})).lower()


def test_the_first_and_the_last_instant_are_as_sound_as_any(store: DataStore) -> None:
    ends = pd.DatetimeIndex(np.array([-(2**63) + 1, 2**63 - 1], dtype="M8[ns]")).tz_localize("UTC")
    store.market.write(pd.DataFrame({"close": [1.0, 2.0]}, index=ends), SYMBOL, TIMEFRAME)
    store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="p", start_ts=ends[0], end_ts=ends[1], requested_at=ends[0]
    )
    assert store.market.read(SYMBOL, TIMEFRAME).index.equals(ends)
    assert store.market.count(SYMBOL, TIMEFRAME, ends[0], ends[1]) == 2
    assert store.market.requests()["end_ts"].tolist() == [ends[1]]
    assert store.check() == []


@pytest.mark.parametrize("year", ["1500-01-01", "1677-09-21", "2262-04-12", "9999-12-31"])
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_instants_that_nanoseconds_cannot_hold_are_refused(
    store: DataStore, contents: Contents, year: str, unit: str
) -> None:
    index = pd.DatetimeIndex(np.array(["2026-03-01", year], f"M8[{unit}]"))
    assert index.unit == unit
    refused(store, contents, at(index.tz_localize("UTC")))
    refused(store, contents, in_column(index.tz_localize("UTC")))


AWARE = {
    "datetime": dt.datetime(2026, 3, 1, 15, tzinfo=dt.UTC),
    "datetime elsewhere": dt.datetime(2026, 3, 1, 10, tzinfo=zoneinfo.ZoneInfo("America/New_York")),
    "Timestamp": START,
    "Timestamp in seconds": START.as_unit("s").tz_convert("Asia/Tokyo"),
}


@pytest.mark.parametrize("what", AWARE)
def test_a_live_bar_takes_any_aware_datetime(store: DataStore, rows: Rows, what: str) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, AWARE[what], close=1.0)
    assert rows("SELECT timestamp FROM market_data") == [(START_TEXT,)]


def test_a_live_bar_keeps_microseconds_and_nanoseconds(store: DataStore, rows: Rows) -> None:
    stamps = [
        dt.datetime(2026, 3, 1, 15, 0, 0, 123456, tzinfo=dt.UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
        pd.Timestamp("1969-12-31T23:59:59.999999999Z"),
    ]
    for stamp in stamps:
        store.market.write_bar(SYMBOL, TIMEFRAME, stamp, close=1.0)
    stored = {text for (text,) in rows("SELECT timestamp FROM market_data")}
    assert stored == {stamp.isoformat() for stamp in stamps}


NOT_AWARE = {
    "naive datetime": dt.datetime(2026, 3, 1, 15),
    "naive Timestamp": pd.Timestamp("2026-03-01"),
    "NaT": pd.NaT,
    "None": None,
    "text": START_TEXT,
    "a number": 1_772_377_200,
    "numpy datetime": np.datetime64("2026-03-01"),
    "date": dt.date(2026, 3, 1),
    "year 9999": dt.datetime(9999, 12, 31, tzinfo=dt.UTC),
    "year 1": dt.datetime(1, 1, 1, tzinfo=dt.UTC),
}


@pytest.mark.parametrize("what", NOT_AWARE)
def test_a_live_bar_refuses_any_other_timestamp(
    store: DataStore, contents: Contents, what: str
) -> None:
    before = contents()
    bad: Any = NOT_AWARE[what]
    with pytest.raises(InvalidInputError):
        store.market.write_bar(SYMBOL, TIMEFRAME, bad, close=1.0)
    assert contents() == before
