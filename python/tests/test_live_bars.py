# SPDX-License-Identifier: MIT
"""Live bars are packed by hand and passed without types: nothing is lost, mixed up or freed."""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import signal
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from frames import NUMBERS, START, SYMBOL, TEXTS, TIMEFRAME
from processes import at_once

from data_store import DataStore
from data_store._bar import UNSET
from data_store._c import abi as _abi
from data_store._market import live_bars
from data_store.errors import InvalidInputError

Rows = Callable[..., list[tuple[Any, ...]]]


class Price(float):
    pass


class Name(str):
    __slots__ = ()


class NoZone(dt.tzinfo):
    """A zone that has no offset to tell, which makes a time naive."""

    def utcoffset(self, when: dt.datetime | None) -> None:
        return None

    def dst(self, when: dt.datetime | None) -> None:
        return None

    def tzname(self, when: dt.datetime | None) -> str:
        return "nowhere"


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the library is passed, while each text that it points to is still there."""
    bars: list[Any] = []

    def write_bar(_store: object, _symbol: bytes, _timeframe: bytes, bar: bytes, _: int) -> int:
        struct = _abi.ds_bar.from_buffer_copy(bar)
        assert struct.struct_size == len(bar) == ctypes.sizeof(struct)
        numbers = [getattr(struct, name) for name in NUMBERS]
        texts = [struct.source, struct.quality, struct.features_json]
        bars.append((struct.timestamp, struct.columns, struct.is_gap, numbers, texts))
        return 0

    monkeypatch.setattr(live_bars, "_write_bar", write_bar)
    return bars


SIX = dict(zip(NUMBERS, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], strict=True))


@pytest.mark.parametrize(
    "kind", [float, np.float64, np.float32, int, Price], ids=lambda kind: kind.__name__
)
def test_the_bytes_are_those_of_the_struct(
    store: DataStore, passed: list[Any], kind: Callable[[float], Any]
) -> None:
    numbers = {name: kind(value) for name, value in SIX.items()}
    time = pd.Timestamp(7, tz="UTC")
    store.market.write_bar(
        SYMBOL, TIMEFRAME, time, **numbers, source="é", quality="ok", is_gap=True
    )
    store.market.write_bar(
        SYMBOL,
        TIMEFRAME,
        time,
        **numbers,
        source="é",
        quality="ok",
        is_gap=True,
        features='{"a":1}',
    )
    plain, featured = passed
    texts = ["é".encode(), b"ok"]
    assert plain == (7, _abi.COLUMNS_ALL, 1, [*SIX.values()], [*texts, None])
    assert featured == (7, _abi.COLUMNS_ALL | 1 << 9, 1, [*SIX.values()], [*texts, b'{"a":1}'])


@pytest.mark.parametrize("left_out", [*_abi.COLUMN_BITS])
def test_what_is_not_carried_has_no_bit_and_points_nowhere(
    store: DataStore, passed: list[Any], left_out: str
) -> None:
    cells: dict[str, Any] = {**SIX, "source": "é", "quality": "ok", "is_gap": True}
    del cells[left_out]
    store.market.write_bar(SYMBOL, TIMEFRAME, START, **cells)
    ((_, columns, is_gap, numbers, texts),) = passed
    assert columns == _abi.COLUMNS_ALL & ~_abi.COLUMN_BITS[left_out]
    assert is_gap == (left_out != "is_gap")
    assert [name for name, number in zip(NUMBERS, numbers, strict=True) if number == SIX[name]] == [
        name for name in NUMBERS if name != left_out
    ]
    assert [text is None for text in texts] == [left_out == "source", left_out == "quality", True]


def test_nothing_carried_points_nowhere(store: DataStore, passed: list[Any]) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, START)
    ((_, columns, is_gap, numbers, texts),) = passed
    assert (columns, is_gap) == (0, 0)
    assert np.isnan(numbers).all()
    assert texts == [None] * 3


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Price(1.5), 1.5),
        (np.float64(1.5), 1.5),
        (np.float32(1.5), 1.5),
        (np.int64(3), 3.0),
        (3, 3.0),
        (None, None),
        (pd.NA, None),
        (float("nan"), None),
        (float("inf"), float("inf")),
        (UNSET, None),
    ],
    ids=repr,
)
def test_a_number_of_any_type_beside_floats(
    store: DataStore, name: str, value: Any, stored: float | None
) -> None:
    fields = {**dict.fromkeys(NUMBERS, 9.0), name: value}
    store.market.write_bar(SYMBOL, TIMEFRAME, START, **fields)
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert {field: getattr(bar, field) for field in NUMBERS} == {
        **dict.fromkeys(NUMBERS, 9.0),
        name: stored,
    }


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [True, "1.5", b"1", 2**53 + 1, START], ids=repr)
def test_a_refused_number_is_named(store: DataStore, name: str, value: Any) -> None:
    fields = {**dict.fromkeys(NUMBERS, 9.0), name: value}
    with pytest.raises(InvalidInputError, match=f"^{SYMBOL} {TIMEFRAME}: column '{name}': "):
        store.market.write_bar(SYMBOL, TIMEFRAME, START, **fields)
    assert store.market.latest_bar(SYMBOL, TIMEFRAME) is None


def test_names_and_words_of_a_class_of_their_own(store: DataStore) -> None:
    words = {name: Name(f"é {name}") for name in TEXTS}
    store.market.write_bar(Name("é"), Name("t"), START, **words)
    bar = store.market.latest_bar("é", "t")
    assert bar is not None
    assert {name: getattr(bar, name) for name in TEXTS} == words


@pytest.mark.parametrize(
    "time",
    [
        pd.Timestamp("2026-03-01T15:00:00.123456789Z"),
        pd.Timestamp("2026-03-01T16:00:00.123456789", tz="Europe/Amsterdam"),
        pd.Timestamp("2026-03-01T15:00:00Z").as_unit("s"),
        dt.datetime(2026, 3, 1, 16, 0, 0, 123456, tzinfo=ZoneInfo("Europe/Amsterdam")),
        dt.datetime(1677, 9, 22, tzinfo=dt.UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.timezone(dt.timedelta(hours=-3))),
    ],
    ids=str,
)
def test_times_come_back(store: DataStore, time: dt.datetime) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, time, close=1.0)
    assert store.market.read(SYMBOL, TIMEFRAME).index[0] == time
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar.timestamp == pd.Timestamp(time).floor("us")


def test_a_zone_without_an_offset_is_none(store: DataStore) -> None:
    with pytest.raises(InvalidInputError, match="no time zone"):
        store.market.write_bar(
            SYMBOL, TIMEFRAME, dt.datetime(2026, 3, 1, tzinfo=NoZone()), close=1.0
        )


def bars_of(store: DataStore, name: str, count: int) -> None:
    """Write bars whose every field tells which they are, with new texts."""
    for number in range(count):
        text = f"{name} {number}"
        store.market.write_bar(
            name,
            TIMEFRAME,
            START + dt.timedelta(seconds=number),
            **dict.fromkeys(NUMBERS, float(number)),
            source=text,
            quality=text[::-1],
            features={"f@1": {"value": number, "quality": "ready"}},
        )


def are_whole(rows: Rows, name: str, count: int) -> bool:
    query = f"SELECT {', '.join((*NUMBERS, *TEXTS))}, features FROM market_data"
    found = rows(f"{query} WHERE symbol = '{name}' ORDER BY timestamp")
    return found == [
        (
            *[float(number)] * 6,
            f"{name} {number}",
            f"{name} {number}"[::-1],
            f'{{"f@1":{{"value":{number},"quality":"ready"}}}}',
        )
        for number in range(count)
    ]


def test_texts_live_as_long_as_their_call(store: DataStore, rows: Rows) -> None:
    bars_of(store, "many", 5000)  # more than the cache of words holds
    assert are_whole(rows, "many", 5000)


def test_threads_do_not_share_a_bar(store: DataStore, rows: Rows) -> None:
    names = [f"S{number}" for number in range(4)]
    at_once(*(lambda name=name: bars_of(store, name, 200) for name in names))
    assert all(are_whole(rows, name, 200) for name in names)


def test_a_signal_handler_writes_within_a_write(store: DataStore, rows: Rows) -> None:
    calls = 0
    is_over = False

    def handle(_number: int, _frame: object) -> None:
        nonlocal calls
        bars_of(store, "handler", 3)
        assert store.market.latest_bar("handler", TIMEFRAME) is not None
        calls += 1
        # Only now: on a server the handler may take longer than the interval.
        if not is_over:
            signal.setitimer(signal.ITIMER_REAL, 0.001)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    try:
        bars_of(store, "main", 2000)
    finally:
        is_over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert calls > 0
    assert are_whole(rows, "main", 2000)
    assert are_whole(rows, "handler", 3)


def test_reading_bars_keeps_no_memory(store: DataStore) -> None:
    bars_of(store, "long", 1)
    store.market.write_bar("long", TIMEFRAME, START, source="s" * 1_000_000)
    resident = []
    for _ in range(2):
        for _ in range(200):
            assert store.market.latest_bar("long", TIMEFRAME) is not None
        gc.collect()
        with open("/proc/self/statm") as statm:
            resident.append(int(statm.read().split()[1]))
    assert resident[1] - resident[0] < 20_000_000 / 4096
