# SPDX-License-Identifier: MIT
"""One instant is one row: all calls find rows whose times other tools wrote in other forms."""

from __future__ import annotations

import contextlib
import random
import tempfile
from pathlib import Path
from typing import Any

import database
import pandas as pd
import pytest
from frames import SYMBOL, TIMEFRAME
from hypothesis import given, settings
from hypothesis import strategies as st

from data_store import DataStore
from data_store.errors import CorruptError, MissingBarError

pytestmark = pytest.mark.sqlite_only("a column of text takes what a typed column refuses")

INSTANT = pd.Timestamp("2026-03-01T15:00:00Z")
STORED = "2026-03-01T15:00:00+00:00"
OTHERS = [
    *("2026-03-01T15:00:00Z", "2026-03-01T15:00:00", "2026-03-01 15:00:00", "2026-03-01t15:00:00z"),
    *("2026-03-01 15:00:00+00:00", "2026-03-01T16:00:00+01:00", "2026-02-28T23:00:00-16:00"),
    *("2026-03-02T07:00:00+16:00", "2026-03-01T15:00:00.000000+00:00", "2026-03-01T15:00"),
    *("20260301T150000Z", "2026-03-01T15", "20260302 0700+16", "2026-03-01T150000Z"),
    *("2026-03-01T15:00:00.000Z", "2026-03-01T20:30:00+0530", "2026-03-01T10:00:00-05"),
]


def put(path: Path, text: str, **fields: object) -> None:
    database.put_bar(path, SYMBOL, TIMEFRAME, text, **fields)


def stored(path: Path) -> list[tuple[Any, ...]]:
    return database.query(
        path, "SELECT rowid, timestamp, open, close, source, features FROM market_data"
    )


def frame(close: float, count: int = 1) -> pd.DataFrame:
    return pd.DataFrame({"close": [close] * count}, index=pd.DatetimeIndex([INSTANT] * count))


WRITES = {
    "write_bar": lambda market: market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=2.0),
    "write_bar with features": lambda market: market.write_bar(
        SYMBOL, TIMEFRAME, INSTANT, close=2.0, features={"b@1": {"value": 2.0, "quality": "ready"}}
    ),
    "a row": lambda market: market.write(frame(2.0), SYMBOL, TIMEFRAME),
    "an instant twice": lambda market: market.write(
        frame(2.0, 2).assign(close=[7.0, 2.0]), SYMBOL, TIMEFRAME
    ),
    "many rows": lambda market: market.write(
        pd.DataFrame({"close": 2.0}, index=pd.date_range(INSTANT, periods=300, freq="h")),
        SYMBOL,
        TIMEFRAME,
    ),
    "unsorted rows": lambda market: market.write(
        pd.DataFrame({"close": 2.0}, index=pd.date_range(INSTANT, periods=150, freq="h")[::-1]),
        SYMBOL,
        TIMEFRAME,
    ),
    "rows far apart": lambda market: market.write(
        pd.DataFrame({"close": 2.0}, index=pd.date_range(INSTANT, periods=3, freq="400D")),
        SYMBOL,
        TIMEFRAME,
    ),
    "several series": lambda market: market.write(
        pd.DataFrame(
            {"close": 2.0, "symbol": ["A", SYMBOL, "B"], "timeframe": TIMEFRAME},
            index=pd.DatetimeIndex([INSTANT] * 3),
        ),
        None,
        None,
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("is_within_transaction", [False, True], ids=["alone", "in a transaction"])
@pytest.mark.parametrize("text", OTHERS)
def test_a_write_finds_the_row_and_leaves_the_stored_form(
    store: DataStore, path: Path, text: str, is_within_transaction: bool, write: Any
) -> None:
    kept = '{"a@1":{"value":1,"quality":"ready"}}'
    put(path, text, open=0.5, close=1.0, source="other", features=kept)
    rowid = stored(path)[0][0]
    with store.transaction() if is_within_transaction else contextlib.nullcontext():
        write(store.market)
    found = [row for row in stored(path) if row[2] == 0.5]
    assert [row[:5] for row in found] == [(rowid, STORED, 0.5, 2.0, "other")]
    assert kept[:-1] in found[0][5]
    bar = store.market.read(SYMBOL, TIMEFRAME, INSTANT, INSTANT)
    assert bar["close"].tolist() == [2.0]
    assert store.check() == []


@pytest.mark.parametrize("text", OTHERS)
def test_with_replace_the_row_is_what_was_passed(store: DataStore, path: Path, text: str) -> None:
    put(path, text, open=0.5, close=1.0, source="other")
    store.market.write(frame(2.0), SYMBOL, TIMEFRAME, replace=True)
    assert [row[1:] for row in stored(path)] == [(STORED, None, 2.0, None, None)]


@pytest.mark.parametrize("text", OTHERS)
def test_features_find_a_bar_in_another_form_and_merge(
    store: DataStore, path: Path, text: str
) -> None:
    put(path, text, close=1.0, features='{"a@1":{"value":1,"quality":"ready"}}')
    rows = store.market.write_features(
        pd.DataFrame({"b@1": [2.0]}, index=[INSTANT]), SYMBOL, TIMEFRAME, quality="ready"
    )
    assert rows == 1
    found = store.market.read_features(SYMBOL, TIMEFRAME)
    assert found.xs("value", axis=1, level=1).iloc[0].to_dict() == {"a@1": 1.0, "b@1": 2.0}
    assert [row[1] for row in stored(path)] == [STORED]
    with pytest.raises(MissingBarError):
        store.market.write_features(
            pd.DataFrame({"b@1": [2.0]}, index=[INSTANT + pd.Timedelta("1h")]), SYMBOL, TIMEFRAME
        )


def test_several_rows_of_an_instant_become_the_stored_one_or_the_one_that_reads_give_last(
    store: DataStore, path: Path
) -> None:
    put(path, "2026-03-01T15:00:00Z", open=1.0, source="Z")
    put(path, "2026-03-01 15:00:00", open=2.0, source="space")
    put(path, "2026-03-01T16:00:00+01:00", open=3.0, source="east")
    last = store.market.read(SYMBOL, TIMEFRAME)["source"].tolist()
    assert last == ["space", "Z", "east"]
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    assert bar.source == store.market.latest(SYMBOL, TIMEFRAME)["source"].iloc[0] == "east"
    store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=9.0)
    assert [row[1:5] for row in stored(path)] == [(STORED, 3.0, 9.0, "east")]
    put(path, "2026-03-01T15:00:00Z", open=4.0, source="Z")
    assert any("several rows" in finding for finding in store.check())
    store.market.write(frame(10.0), SYMBOL, TIMEFRAME)
    assert [row[1:5] for row in stored(path)] == [(STORED, 3.0, 10.0, "east")]
    assert store.check() == []


def test_what_check_advises_fixes_the_file(
    store: DataStore, path: Path, dice: random.Random
) -> None:
    for hour in range(300):
        for text in dice.sample(list(spellings(INSTANT + pd.Timedelta(hours=hour))), 2):
            put(path, text, close=float(hour), features='{"a@1":{"value":1,"quality":"ready"}}')
    assert len(store.check()) == 2
    bars = store.market.read(SYMBOL, TIMEFRAME)
    assert len(bars) == 600
    store.market.write(bars, SYMBOL, TIMEFRAME)
    assert store.check() == []
    after = store.market.read(SYMBOL, TIMEFRAME, features=True)
    assert after["close"].tolist() == [float(hour) for hour in range(300)]
    assert after["a@1"].tolist() == [1.0] * 300


def test_a_rollback_brings_the_other_form_back_and_the_next_write_finds_it(
    store: DataStore, path: Path
) -> None:
    put(path, OTHERS[0], open=0.5, close=1.0)
    for undo in ("transaction", "savepoint"):
        with contextlib.suppress(ZeroDivisionError), store.transaction():
            with contextlib.suppress(ZeroDivisionError), store.transaction():
                store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=2.0)
                store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=3.0)
                assert len(store.market.read(SYMBOL, TIMEFRAME, INSTANT, INSTANT)) == 1
                raise ZeroDivisionError
            if undo == "transaction":
                store.market.delete(SYMBOL, TIMEFRAME)
                store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=2.0)
                raise ZeroDivisionError
        assert [row[1:4] for row in stored(path)] == [(OTHERS[0], 0.5, 1.0)]
    store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=4.0)
    assert [row[1:4] for row in stored(path)] == [(STORED, 0.5, 4.0)]


def test_a_row_that_another_tool_adds_between_two_writes_is_found(
    store: DataStore, path: Path
) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT - pd.Timedelta("1h"), close=1.0)
    for text in OTHERS:
        put(path, text, open=0.5)
        store.market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=2.0)
        assert [row[1] for row in stored(path)][1:] == [STORED], text


@pytest.mark.parametrize("text", OTHERS)
def test_a_request_in_another_form_is_the_same_request(
    store: DataStore, path: Path, text: str
) -> None:
    database.query(
        path,
        "INSERT INTO market_requests (symbol, timeframe, requested_at, provider_used, start_ts,"
        " end_ts, notes) VALUES (?, ?, ?, 'other', ?, ?, 'old')",
        SYMBOL, TIMEFRAME, text, text, text,
    )  # fmt: skip
    found = store.market.requests(start=INSTANT, end=INSTANT)
    assert found[["requested_at", "start_ts", "end_ts"]].iloc[0].tolist() == [INSTANT] * 3
    store.market.record_request(
        SYMBOL,
        TIMEFRAME,
        provider_used="us",
        start_ts=INSTANT,
        end_ts=INSTANT,
        requested_at=INSTANT,
    )
    found = store.market.requests()
    assert found["provider_used"].tolist() == ["us"]
    assert found["notes"].isna().all()
    assert database.query(path, "SELECT requested_at FROM market_requests") == [(STORED,)]
    assert store.check() == []


def test_the_time_of_a_states_write_is_read_in_other_forms(store: DataStore, path: Path) -> None:
    store.state.set("key", 1)
    for text in OTHERS:
        database.query(path, "UPDATE system_state SET updated_at = ?", text)
        assert store.state.updated_at("key") == INSTANT
    assert len(store.check()) == 1
    store.state.set("key", 1)
    assert store.check() == []


BEYOND = [
    "1500-01-01T00:00:00+00:00",
    "2300-01-01T00:00:00Z",
    "9999-12-31T23:59:59+00:00",
    "yesterday",
]


@pytest.mark.parametrize("text", BEYOND)
def test_a_time_that_cannot_be_told_is_corruption_from_every_call(
    store: DataStore, path: Path, text: str
) -> None:
    put(path, text, close=1.0)
    market = store.market
    for call in (
        lambda: market.latest_bar(SYMBOL, TIMEFRAME),
        lambda: market.latest(SYMBOL, TIMEFRAME),
        lambda: market.read(SYMBOL, TIMEFRAME),
        lambda: market.read(SYMBOL, TIMEFRAME, limit=1),
        lambda: market.read_features(SYMBOL, TIMEFRAME),
        lambda: list(market.iter(SYMBOL, TIMEFRAME, chunk=1)),
        lambda: market.series(),
        lambda: market.series(counts=False),
        lambda: market.delete(
            SYMBOL, TIMEFRAME, **({"end": "2026-01-01"} if text < "2" else {"start": "2026-01-01"})
        ),
    ):
        with pytest.raises(CorruptError) as caught:
            call()
        for part in (SYMBOL, TIMEFRAME, text):
            assert part in str(caught.value)
    assert any(text in finding for finding in store.check())
    # A write is of another instant, and goes on; what cannot be told stays as it is.
    market.write_bar(SYMBOL, TIMEFRAME, INSTANT, close=2.0)
    assert market.read(SYMBOL, TIMEFRAME, INSTANT, INSTANT)["close"].tolist() == [2.0]
    assert market.delete(SYMBOL, TIMEFRAME) == 2
    assert store.check() == []


def spellings(instant: pd.Timestamp) -> set[str]:
    """Many ways to write an instant of whole seconds."""
    found = {instant.isoformat()}
    for hours in (0, 1, -5, 5.5, 14, -12):
        local = instant.tz_convert(None) + pd.Timedelta(hours=hours)
        sign, minutes = ("-" if hours < 0 else "+"), int(abs(hours) * 60)
        offset = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
        for separator in ("T", "t", " "):
            for time in ("%H:%M:%S", "%H%M%S", "%H:%M:%S.000"):
                found.add(local.strftime(f"%Y-%m-%d{separator}{time}") + offset)
                found.add(local.strftime(f"%Y%m%d{separator}{time}") + offset)
                if hours == 0:
                    found.add(local.strftime(f"%Y-%m-%d{separator}{time}") + "Z")
                    found.add(local.strftime(f"%Y%m%d{separator}{time}"))
    return found


# ---- Against a model ----

EPOCH = pd.Timestamp("2025-12-30T00:00Z")
hours = st.integers(0, 24 * 6)
steps = st.one_of(
    st.tuples(st.just("put"), hours, st.integers(0, 10**6), st.integers(1, 9)),
    st.tuples(st.just("write_bar"), hours, st.integers(1, 9)),
    st.tuples(st.just("write"), st.lists(hours, min_size=1, max_size=6), st.integers(1, 9)),
    st.tuples(st.just("run"), hours, st.integers(90, 130), st.integers(1, 9)),
    st.tuples(st.just("features"), hours, st.integers(1, 9)),
    st.tuples(st.just("delete"), hours, hours),
    st.tuples(st.just("undone"), hours, st.integers(1, 9)),
)


class Model:
    """Rows by instant: of each text its values, in the order of texts."""

    def __init__(self) -> None:
        self.rows: dict[pd.Timestamp, dict[str, dict[str, Any]]] = {}

    def write(self, at: pd.Timestamp, **values: Any) -> None:
        texts = self.rows.get(at, {})
        kept = texts.get(at.isoformat()) or (texts[max(texts)] if texts else {})
        self.rows[at] = {at.isoformat(): {**kept, **values}}

    def expected(self) -> list[tuple[pd.Timestamp, Any, Any]]:
        return [
            (at, values.get("open"), values.get("close"))
            for at in sorted(self.rows)
            for _, values in sorted(self.rows[at].items())
        ]


def bars_of(found: pd.DataFrame) -> list[tuple[pd.Timestamp, Any, Any]]:
    columns = found[["open", "close"]].astype(object).where(found[["open", "close"]].notna(), None)
    return [(at, *values) for at, values in zip(found.index, columns.values.tolist(), strict=True)]


@settings(max_examples=80)
@given(
    plan=st.lists(steps, min_size=1, max_size=14),
    chunk=st.integers(1, 7),
    bounds=st.tuples(hours, hours),
)
def test_any_sequence_of_calls_over_any_forms_is_as_a_dict_has_it(
    plan: list[Any], chunk: int, bounds: tuple[int, int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "market.db"
        with DataStore(path, durability="normal") as store:
            model = Model()
            for step in plan:
                apply(store, path, model, step)
                compare(store, model, chunk, bounds)


def moment(hour: int) -> pd.Timestamp:
    return EPOCH + pd.Timedelta(hours=hour)


def apply(store: DataStore, path: Path, model: Model, step: tuple[Any, ...]) -> None:
    market, what = store.market, step[0]
    if what == "put":
        at = moment(step[1])
        texts = sorted(spellings(at))
        text = texts[step[2] % len(texts)]
        if text in model.rows.get(at, {}):
            return
        put(path, text, open=float(step[3]))
        model.rows.setdefault(at, {})[text] = {"open": float(step[3])}
    elif what == "write_bar":
        market.write_bar(SYMBOL, TIMEFRAME, moment(step[1]), close=float(step[2]))
        model.write(moment(step[1]), close=float(step[2]))
    elif what in ("write", "run"):
        chosen = step[1] if what == "write" else range(step[1], step[1] + step[2])
        index = pd.DatetimeIndex([moment(hour) for hour in chosen])
        closes = [float(step[-1] + place) for place in range(len(index))]
        assert market.write(pd.DataFrame({"close": closes}, index=index), SYMBOL, TIMEFRAME) == len(
            index
        )
        for at, close in zip(index, closes, strict=True):
            model.write(at, close=close)
    elif what == "features":
        at = moment(step[1])
        wide = pd.DataFrame({"a@1": [float(step[2])]}, index=[at])
        if at in model.rows:
            assert market.write_features(wide, SYMBOL, TIMEFRAME, quality="ready") == 1
            model.write(at)
        else:
            with pytest.raises(MissingBarError):
                market.write_features(wide, SYMBOL, TIMEFRAME, quality="ready")
    elif what == "delete":
        low, high = sorted(step[1:])
        gone = [at for at in model.rows if moment(low) <= at <= moment(high)]
        count = sum(len(model.rows.pop(at)) for at in gone)
        assert market.delete(SYMBOL, TIMEFRAME, moment(low), moment(high)) == count
    else:
        with contextlib.suppress(ZeroDivisionError), store.transaction():
            market.write_bar(SYMBOL, TIMEFRAME, moment(step[1]), close=float(step[2]))
            market.read(SYMBOL, TIMEFRAME, moment(step[1]), moment(step[1]))
            raise ZeroDivisionError


def compare(store: DataStore, model: Model, chunk: int, bounds: tuple[int, int]) -> None:
    market, expected = store.market, model.expected()
    low, high = (moment(hour) for hour in sorted(bounds))
    within = [row for row in expected if low <= row[0] <= high]
    assert bars_of(market.read(SYMBOL, TIMEFRAME)) == expected
    assert bars_of(market.read(SYMBOL, TIMEFRAME, low, high)) == within
    assert bars_of(market.read(SYMBOL, TIMEFRAME, low, high, limit=chunk)) == within[:chunk]
    assert (
        bars_of(market.read(SYMBOL, TIMEFRAME, start=low, limit=chunk))
        == [row for row in expected if row[0] >= low][:chunk]
    )
    assert bars_of(market.latest(SYMBOL, TIMEFRAME, chunk)) == expected[-chunk:]
    pieces = list(market.iter(SYMBOL, TIMEFRAME, low, high, chunk=chunk))
    assert [row for piece in pieces for row in bars_of(piece)] == within
    bar = market.latest_bar(SYMBOL, TIMEFRAME)
    assert (bar and (bar.timestamp, bar.open, bar.close)) == (expected[-1] if expected else None)
    series = market.series(counts=False)
    assert series[["first", "last"]].values.tolist() == (
        [[expected[0][0], expected[-1][0]]] if expected else []
    )
