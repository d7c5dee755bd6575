# SPDX-License-Identifier: MIT
"""Metadata of requests: whole rows, none lost, the oldest first."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TEXT, TIMEFRAME

from data_store import DataStore
from data_store.errors import InvalidInputError

DTYPES = {
    "symbol": TEXT,
    "timeframe": TEXT,
    "requested_at": "datetime64[ns, UTC]",
    "provider_used": TEXT,
    "fallback_used": "bool",
    "start_ts": "datetime64[ns, UTC]",
    "end_ts": "datetime64[ns, UTC]",
    "coverage_ratio": "float64",
    "gap_count": "Int64",
    "quality": TEXT,
    "notes": TEXT,
}
HOUR = pd.Timedelta("1h")


def record(store: DataStore, symbol: str = SYMBOL, **fields: Any) -> None:
    needed = {"provider_used": "feed", "start_ts": START, "end_ts": START + HOUR}
    store.market.record_request(symbol, TIMEFRAME, **{**needed, **fields})


def test_a_request_comes_back_as_it_was_recorded(store: DataStore) -> None:
    record(
        store,
        requested_at=START + pd.Timedelta(1),
        fallback_used=True,
        coverage_ratio=0.1 + 0.2,
        gap_count=2**53 + 1,
        quality="ok",
        notes='it\'s "fine" 📈\n',
    )
    found = store.market.requests()
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == DTYPES
    assert found.iloc[0].to_dict() == {
        "symbol": SYMBOL,
        "timeframe": TIMEFRAME,
        "requested_at": START + pd.Timedelta(1),
        "provider_used": "feed",
        "fallback_used": True,
        "start_ts": START,
        "end_ts": START + HOUR,
        "coverage_ratio": 0.1 + 0.2,
        "gap_count": 2**53 + 1,
        "quality": "ok",
        "notes": 'it\'s "fine" 📈\n',
    }


def test_what_is_left_out_is_null(store: DataStore, rows: Any) -> None:
    record(store, requested_at=START)
    found = store.market.requests()
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == DTYPES
    names = ["coverage_ratio", "gap_count", "quality", "notes"]
    assert found[names].isna().all().all()
    assert not found["fallback_used"].iloc[0]
    assert rows(f"SELECT fallback_used, {', '.join(names)} FROM market_requests") == [
        (0, None, None, None, None)
    ]


def test_no_requests_are_an_empty_frame_of_the_same_dtypes(store: DataStore) -> None:
    found = store.market.requests()
    assert len(found) == 0
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == DTYPES


def test_instants_are_stored_in_the_canonical_form(store: DataStore, rows: Any) -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    record(
        store,
        requested_at=dt.datetime(2026, 3, 2, 0, 0, 0, 5, tzinfo=tokyo),
        start_ts=START.tz_convert("America/New_York"),
        end_ts=START + pd.Timedelta(1),
    )
    assert rows("SELECT requested_at, start_ts, end_ts FROM market_requests") == [
        (
            "2026-03-01T15:00:00.000005+00:00",
            "2026-03-01T15:00:00+00:00",
            "2026-03-01T15:00:00.000000001+00:00",
        )
    ]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-03-01T15:00:00Z", "2026-03-01T15:00:00+00:00"),
        ("2026-03-01T15:00:00+00:00", "2026-03-01T15:00:00+00:00"),
        ("2026-03-01 15:00:00.5+02:00", "2026-03-01T13:00:00.500000+00:00"),
        ("20260301T1500-0130", "2026-03-01T16:30:00+00:00"),
        (np.str_("2026-03-01T15:00z"), "2026-03-01T15:00:00+00:00"),
    ],
)
def test_times_may_be_text_with_an_offset(
    store: DataStore, rows: Any, text: str, stored: str
) -> None:
    record(store, start_ts=text, end_ts=text, requested_at=text)
    found = rows("SELECT start_ts, end_ts, requested_at FROM market_requests")
    assert found == [(stored, stored, stored)]


@pytest.mark.parametrize("name", ["start_ts", "end_ts", "requested_at"])
@pytest.mark.parametrize(
    ("time", "remedy"),
    [
        ("2026-03-01T15:00:00", "has no offset from UTC; append one"),
        ("2026-03-01", "has no offset from UTC; append one"),
        ("20260301", "has no offset from UTC; append one"),
        ("yesterday", "not an ISO 8601 time"),
        ("", "not an ISO 8601 time"),
        ("2026-03-01T15:00:00Z\0", "NUL"),
        ("1500-01-01T00:00:00Z", "out of range"),
        (np.datetime64("2026-03-01"), "tz_localize('UTC')"),
        (dt.datetime(2026, 3, 1), "tz_localize('UTC')"),
        (dt.date(2026, 3, 1), "pd.to_datetime("),
        (1_700_000_000_000, "unit='ms'"),
        (pd.NaT, "NaT"),
    ],
    ids=repr,
)
def test_a_time_that_is_none_is_refused_by_name_with_the_remedy(
    store: DataStore, contents: Any, name: str, time: Any, remedy: str
) -> None:
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        record(store, **{name: time})
    for part in (SYMBOL, TIMEFRAME, name, remedy):
        assert part in str(caught.value)
    assert contents() == before


def test_the_same_request_again_replaces_the_whole_row(store: DataStore) -> None:
    record(store, requested_at=START, coverage_ratio=0.5, gap_count=3, notes="first")
    record(store, requested_at=START, provider_used="other", fallback_used=True)
    found = store.market.requests()
    assert len(found) == 1
    assert found["provider_used"].tolist() == ["other"]
    assert found["fallback_used"].tolist() == [True]
    assert found[["coverage_ratio", "gap_count", "notes"]].isna().all().all()


def test_without_requested_at_it_is_now(store: DataStore, rows: Any) -> None:
    before = pd.Timestamp.now("UTC").floor("us")
    record(store)
    after = pd.Timestamp.now("UTC")
    found = store.market.requests()["requested_at"].iloc[0]
    assert before <= found <= after
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}(\d{3})?)?\+00:00"
    assert re.fullmatch(form, rows("SELECT requested_at FROM market_requests")[0][0])


def test_without_requested_at_no_request_is_lost(store: DataStore) -> None:
    with store.transaction():
        for number in range(500):
            record(store, gap_count=number)
    found = store.market.requests()
    assert found["gap_count"].tolist() == list(range(500))
    assert found["requested_at"].is_unique


@pytest.fixture
def several(store: DataStore) -> DataStore:
    """Five requests, recorded in no order: A at 0, 2 and 4 hours, B at 1 and 3."""
    for hours, symbol in [(3, "B"), (0, "A"), (4, "A"), (1, "B"), (2, "A")]:
        record(store, symbol, requested_at=START + hours * HOUR, gap_count=hours)
    return store


def test_requests_come_oldest_first(several: DataStore) -> None:
    assert several.market.requests()["gap_count"].tolist() == [0, 1, 2, 3, 4]


def test_requests_are_chosen_by_symbol_and_timeframe(several: DataStore) -> None:
    several.market.record_request(
        "A", "1d", provider_used="x", start_ts=START, end_ts=START, requested_at=START, gap_count=9
    )
    requests = several.market.requests
    assert requests("A", TIMEFRAME)["gap_count"].tolist() == [0, 2, 4]
    assert requests("B")["gap_count"].tolist() == [1, 3]
    assert requests(timeframe="1d")["gap_count"].tolist() == [9]
    assert requests("nobody").empty
    assert requests("' OR 1=1 --").empty


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (START + HOUR, None, [1, 2, 3, 4]),
        (None, START + HOUR, [0, 1]),
        (START + HOUR, START + 3 * HOUR, [1, 2, 3]),
        ("2026-03-01", "2026-03-01", [0, 1, 2, 3, 4]),
        ("2026-03-02", None, []),
        ("2026-03-01T17:00:00", "2026-03-01T19:00:00+01:00", [2, 3]),
    ],
    ids=str,
)
def test_requests_are_chosen_by_when_they_were_made(
    several: DataStore, start: Any, end: Any, expected: list[int]
) -> None:
    assert several.market.requests(start=start, end=end)["gap_count"].tolist() == expected


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 6])
def test_limit_gives_the_oldest_requests(several: DataStore, limit: int) -> None:
    found = several.market.requests(limit=limit)
    assert found["gap_count"].tolist() == [0, 1, 2, 3, 4][:limit]


BAD_FIELDS: dict[str, dict[str, Any]] = {
    "no provider": {"provider_used": None},
    "no start": {"start_ts": None},
    "no end": {"end_ts": None},
    "NaT as start": {"start_ts": pd.NaT},
    "naive start": {"start_ts": dt.datetime(2026, 3, 1)},
    "naive end": {"end_ts": pd.Timestamp("2026-03-01")},
    "naive requested_at": {"requested_at": dt.datetime(2026, 3, 1)},
    "numpy datetime": {"end_ts": np.datetime64("2026-03-01")},
    "a number as provider": {"provider_used": 1},
    "a number as notes": {"notes": 1.5},
    "NUL in notes": {"notes": "a\x00b"},
    "no UTF-8 in notes": {"notes": "\ud800"},
    "text as ratio": {"coverage_ratio": "0.5"},
    "bool as ratio": {"coverage_ratio": True},
    "half a gap": {"gap_count": 1.5},
    "text as gaps": {"gap_count": "3"},
    "gaps beyond int64": {"gap_count": 2**63},
    "a word as flag": {"fallback_used": "yes"},
    "two as flag": {"fallback_used": 2},
}


@pytest.mark.parametrize("what", BAD_FIELDS)
def test_a_bad_request_is_refused_by_name(store: DataStore, contents: Any, what: str) -> None:
    before = contents()
    with pytest.raises(InvalidInputError, match=next(iter(BAD_FIELDS[what]))):
        record(store, **BAD_FIELDS[what])
    assert contents() == before


@pytest.mark.parametrize("bad", ["", "a\x00b", "\ud800"], ids=ascii)
def test_a_request_needs_proper_names(store: DataStore, contents: Any, bad: str) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        record(store, bad)
    with pytest.raises(InvalidInputError):
        store.market.record_request(
            SYMBOL, bad, provider_used="x", start_ts=START, end_ts=START, requested_at=START
        )
    assert contents() == before


def test_a_request_takes_numpy_numbers(store: DataStore) -> None:
    record(store, coverage_ratio=np.float32(0.5), gap_count=np.int64(3), fallback_used=np.True_)
    found = store.market.requests().iloc[0]
    assert (found["coverage_ratio"], found["gap_count"], found["fallback_used"]) == (0.5, 3, True)
