# SPDX-License-Identifier: MIT
"""What works without pandas and NumPy, and what a call says that needs a library which is missing.

Runs where pytest is all that is installed, too.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import importlib.util
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import database
import pytest

from data_store import (
    ArrowResult,
    Bar,
    DataStore,
    FeatureValidationError,
    InvalidInputError,
    InvalidTypeError,
    MissingBarError,
    state_repo,
)

SYMBOL, TIMEFRAME = "EURUSD", "1h"
HOUR = dt.datetime(2026, 3, 1, 15, tzinfo=dt.timezone.utc)
LATER = HOUR + dt.timedelta(hours=1)
STORED = "2026-03-01T15:00:00+00:00"
READY = {"value": 0.5, "quality": "ready"}

Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]
Rows = Callable[..., list[tuple[Any, ...]]]

ENTRIES = {
    HOUR: {"a@1": READY, "b@1": {"value": float("nan"), "quality": "warmup"}},
    LATER: '{"a@1":{"value":1.50,"quality":"degraded"}}',
}


@pytest.fixture
def filled(store: DataStore) -> DataStore:
    store.market.write_bar(SYMBOL, TIMEFRAME, HOUR, open=1.0, close=2, source="feed", is_gap=True)
    store.market.write_bar(SYMBOL, TIMEFRAME, LATER, close=float("inf"), quality="é")
    return store


# ---- Bars, features ---------------------------------------------------------------------------


def test_a_live_bar_comes_back(filled: DataStore) -> None:
    filled.market.write_bar(SYMBOL, TIMEFRAME, LATER, features={"a@1": READY})
    assert filled.market.latest_bar(SYMBOL, TIMEFRAME) == Bar(
        LATER, None, None, None, float("inf"), None, None, "é", False, None, {"a@1": READY}
    )
    assert filled.market.latest_bar("nobody", TIMEFRAME) is None


def test_features_by_timestamp_need_no_table(filled: DataStore, rows: Rows) -> None:
    """Of one bar and of several, a mapping of any kind: as one bar after the other."""

    def stored() -> list[tuple[Any, ...]]:
        return rows("SELECT features FROM market_data ORDER BY timestamp")

    assert filled.market.write_features(ENTRIES, SYMBOL, TIMEFRAME) == 2
    together = stored()
    assert together == [
        ('{"a@1":{"value":0.5,"quality":"ready"},"b@1":{"value":null,"quality":"warmup"}}',),
        (ENTRIES[LATER],),
    ]
    for time, entry in ENTRIES.items():
        assert filled.market.write_features({time: entry}, SYMBOL, TIMEFRAME, replace=True) == 1
    assert stored() == together
    nothing: dict[dt.datetime, Any] = {HOUR: None, LATER: None}
    assert filled.market.write_features(nothing, SYMBOL, TIMEFRAME, replace=True) == 2
    assert filled.market.write_features({}, SYMBOL, TIMEFRAME) == 0
    assert stored() == together


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "a naive time": ({HOUR: None, dt.datetime(2026, 3, 1): None}, InvalidInputError, "row 1.*zone"),
    "a key of a feature": ({"a@1": READY}, InvalidInputError, "the key of a feature"),
    "a word": ({HOUR: None, LATER: {"a@1": {**READY, "quality": "fine"}}}, InvalidInputError, "1"),
    "an object": ({HOUR: None, LATER: object()}, FeatureValidationError, "row 1.*not an entry"),
    "no bar": ({HOUR: ENTRIES[HOUR], HOUR + dt.timedelta(1): {}}, MissingBarError, "2026-03-02"),
    "a list": ([READY], InvalidTypeError, "features must be"),
    "text": ("a@1", InvalidTypeError, "features must be"),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_wrong_entry_and_nothing_is_written(
    filled: DataStore, contents: Contents, what: str
) -> None:
    features, error, message = WRONG[what]
    before = contents()
    with pytest.raises(error, match=message):
        filled.market.write_features(features, SYMBOL, TIMEFRAME)
    for names in ((None, TIMEFRAME), (SYMBOL, None)):
        with pytest.raises(InvalidInputError, match=r"no (symbol|timeframe)"):
            filled.market.write_features(ENTRIES, *names)
    with pytest.raises(InvalidInputError, match="quality is given twice"):
        filled.market.write_features(ENTRIES, SYMBOL, TIMEFRAME, quality="ready")
    assert contents() == before


def test_requests_and_deletion(filled: DataStore, rows: Rows) -> None:
    filled.market.record_request(
        *(SYMBOL, TIMEFRAME), provider_used="feed", start_ts=HOUR, end_ts="2026-03-01T17:00+01:00",
        requested_at=LATER, coverage_ratio=1, gap_count=0,
    )  # fmt: skip
    stored = "SELECT requested_at, start_ts, end_ts, coverage_ratio, gap_count FROM market_requests"
    assert rows(stored) == [
        ("2026-03-01T16:00:00+00:00", STORED, "2026-03-01T16:00:00+00:00", 1, 0)
    ]
    assert filled.market.delete(SYMBOL, TIMEFRAME, "2026-03-01T15:30", LATER) == 1
    assert filled.market.delete(SYMBOL, TIMEFRAME, end=HOUR) == 1


def test_the_time_of_a_state_value(store: DataStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Timestamp where pandas is installed; here it cannot be imported."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setattr(state_repo, "_to_timestamp", state_repo._import_to_timestamp)
    before = dt.datetime.now(dt.timezone.utc) - dt.timedelta(microseconds=1)
    store.state.set("a", 1)
    time = store.state.updated_at("a")
    assert type(time) is dt.datetime
    assert before <= time <= dt.datetime.now(dt.timezone.utc)
    assert time.tzinfo is dt.timezone.utc
    assert store.state.updated_at("b") is None


# ---- Arrow --------------------------------------------------------------------------------------


def test_what_comes_out_goes_in(filled: DataStore, path: Path) -> None:
    market = filled.market
    market.write_features(ENTRIES, SYMBOL, TIMEFRAME)
    values = "open, close, source, quality, is_gap, latency_sec, features"
    query = f"SELECT timestamp, {values} FROM market_data WHERE symbol = ? ORDER BY 1"
    expected = database.query(path, query, SYMBOL)
    given: dict[str, Any] = {
        "a table": market.read_arrow(SYMBOL, TIMEFRAME, features="json"),
        "a stream": market.iter_arrow(SYMBOL, TIMEFRAME, features="json", chunk=1),
        "a capsule": market.read_arrow(SYMBOL, TIMEFRAME, features="json").__arrow_c_stream__(),
    }
    for name, table in given.items():
        assert market.write(table, name, TIMEFRAME) == 2
        assert database.query(path, query, name) == expected
    market.write(market.read_arrow(SYMBOL, TIMEFRAME), "copy", TIMEFRAME)
    market.write_features(market.read_features_arrow(SYMBOL, TIMEFRAME), "copy", TIMEFRAME)
    [(text,), _] = database.query(path, query.replace(f"timestamp, {values}", "features"), "copy")
    assert text == expected[0][-1]


def test_a_capsule_of_something_else_is_refused(filled: DataStore, contents: Contents) -> None:
    before = contents()
    result = filled.market.read_arrow(SYMBOL, TIMEFRAME)
    with pytest.raises(InvalidInputError, match="PyCapsule cannot be read as a table"):
        filled.market.write(result.__arrow_c_schema__(), "copy", TIMEFRAME)
    taken = result.__arrow_c_stream__()
    assert filled.market.write(taken, SYMBOL, TIMEFRAME) == 2
    with pytest.raises(InvalidInputError):  # what was in it is gone
        filled.market.write(taken, "copy", TIMEFRAME)
    assert contents() == before


PARAMETERS: list[Any] = [None, True, 2**63 - 1, 1.5, "é", b"\0a", bytearray(b"a"), HOUR]


@pytest.mark.sqlite_only("queries are PostgreSQL's SQL")
@pytest.mark.parametrize("value", PARAMETERS, ids=repr)
def test_a_query_takes_parameters_of_any_kind(store: DataStore, value: Any) -> None:
    stored = STORED if value is HOUR else value
    literal = database.literal(stored)
    query = f"SELECT 1 + (:a IS {literal} AND typeof(:a) = typeof({literal})) AS found"
    assert only_integer(store.sql_arrow(query, {"a": value})) == 2
    assert only_integer(store.sql_arrow(query.replace(":a", "?1"), [value])) == 2
    assert only_integer(store.sql_arrow(query, {"a": "another"})) == 1


def only_integer(result: ArrowResult) -> int:
    """Read the one cell of a table of Arrow, an int64, as the C interface lays it out."""
    capsule = result.__arrow_c_stream__()
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    stream = pointer_of(capsule, b"arrow_array_stream")
    get_next = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(word_at(stream, 1))
    table = (ctypes.c_int64 * 10)()
    assert get_next(stream, ctypes.addressof(table)) == 0
    length, _, _, _, n_children, _, children, _, release, _ = table
    assert (length, n_children) == (1, 1)
    buffers = word_at(word_at(children, 0), 5)
    value = word_at(word_at(buffers, 1), 0)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(release)(ctypes.addressof(table))
    return value


def word_at(address: int, place: int) -> int:
    return ctypes.c_int64.from_address(address + 8 * place).value


# ---- A library that is missing ------------------------------------------------------------------

CALLS = {
    "market.write": ("market.write(Frame(), 'A', '1h')", "pandas", "tables of Arrow"),
    "market.write_features": ("market.write_features(Frame(), 'A', '1h')", "pandas", "Arrow"),
    "market.read": ("market.read('A', '1h')", "pandas", "market.read_arrow"),
    "market.read_features": (
        "market.read_features('A', '1h')",
        "pandas",
        "market.read_features_arrow",
    ),
    "market.latest": ("market.latest('A', '1h')", "pandas", "market.latest_bar"),
    "market.iter": ("market.iter('A', '1h')", "pandas", "market.iter_arrow"),
    "market.missing": (
        "market.missing('A', '1h', '2026-03-01', '2026-03-02', expected=None)",
        "pandas",
        "market.count",
    ),
    "market.series": ("market.series()", "pandas", "sql_arrow"),
    "market.requests": ("market.requests()", "pandas", "sql_arrow"),
    "DataStore.sql": ("store.sql('SELECT 1')", "pandas", "DataStore.sql_arrow"),
    "to_pandas": ("market.read_arrow('A', '1h').to_pandas()", "pandas", "table of Arrow"),
    "to_polars": ("market.read_arrow('A', '1h').to_polars()", "polars", "table of Arrow"),
    "to_pyarrow": ("store.sql_arrow('SELECT 1').to_pyarrow()", "pyarrow", "table of Arrow"),
}
EXTRAS = {"pandas": "pandas", "polars": "polars", "pyarrow": "arrow"}


def run_without(missing: str, path: Path, *calls: str) -> list[str]:
    """Run a program in which some libraries cannot be imported; a line for each of its calls."""
    program = f"""
import sys
import data_store
for name in {missing.split()}:
    sys.modules[name] = None
store = data_store.DataStore({str(path)!r})
market = store.market
class Frame:
    pass
Frame.__module__ = "pandas"
Frame.__name__ = Frame.__qualname__ = "DataFrame"
for call in {calls!r}:
    try:
        print("fine", repr(eval(call))[:60].splitlines()[:1])
    except data_store.DataStoreError as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        print(*kinds[:-3], getattr(error, "name", ""), "|", error)
"""
    program = textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("missing", ["pandas", "numpy", "pyarrow polars"])
def test_a_call_says_which_library_it_needs_and_what_works_without(
    path: Path, missing: str
) -> None:
    needs = {"numpy": ["pandas"]}.get(missing, missing.split())
    calls = {name: call for name, call in CALLS.items() if call[1] in needs}
    told = run_without(missing, path, *(call for call, *_ in calls.values()))
    assert len(told) == len(calls)
    for line, (name, (_, library, instead)) in zip(told, calls.items()):
        kinds, _, message = line.partition(" | ")
        assert kinds.split() == ["LibraryError", "DataStoreError", "ImportError", library]
        assert message.startswith(f"{name} needs {library}, which cannot be imported (")
        assert f"pip install data_store[{EXTRAS[library]}]" in message
        assert instead in message.partition(f"Without {library}: ")[2]


def test_a_mistake_is_told_though_pandas_is_missing(path: Path) -> None:
    told = run_without(
        "pandas",
        path,
        "market.read('', '1h')",
        "market.write([1.5], 'A', '1h')",
        "market.write('A', '1h', Frame())",
        "market.write_features('A', '1h', Frame())",
        "market.read('A', '1h', columns=['nothing'])",
    )
    assert "needs pandas" in told[0]  # what the library would refuse it is not asked
    for line, words in zip(
        told[1:], ["table of Arrow, not list", "another order", "another order", "unknown column"]
    ):
        assert words in line


def test_a_pandas_that_is_too_old_is_refused(path: Path) -> None:
    program = f"""
import sys, types
import data_store
sys.modules["pandas"] = old = types.ModuleType("pandas")
old.__version__ = "2.1.4"
store = data_store.DataStore({str(path)!r})
store.market.write_bar("A", "1h", __import__("datetime").datetime.now().astimezone(), close=1)
try:
    store.market.read("A", "1h")
except data_store.LibraryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "version 2.1.4 is too old, 2.2 is the oldest that is supported" in done.stdout, done


needs_pandas = pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="needs pandas")


@needs_pandas
def test_frames_need_neither_pyarrow_nor_polars(filled: DataStore, path: Path) -> None:
    told = run_without(
        "pyarrow polars",
        path,
        f"market.read('{SYMBOL}', '{TIMEFRAME}')['source'].tolist()[0]",
        f"market.read_arrow('{SYMBOL}', '{TIMEFRAME}').to_pandas()['source'].tolist()[0]",
        f"market.write(market.read('{SYMBOL}', '{TIMEFRAME}'), 'copy', '{TIMEFRAME}')",
        "store.sql('SELECT 1')",
    )
    assert told[:2] == ["""fine ["'feed'"]"""] * 2
    assert told[2] == "fine ['2']"
    assert told[3].startswith("fine")


@needs_pandas
def test_a_timestamp_is_known_whenever_pandas_is_loaded(path: Path) -> None:
    """Before the store is opened, before its first bar, between two: nanoseconds stay."""
    for place in range(3):
        load = "import pandas as pd"
        program = f"""
import datetime as dt
from data_store import DataStore
{load if place == 0 else ""}
store = DataStore({str(path)!r})
market = store.market
{load if place == 1 else ""}
market.write_bar("A", "1h", dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc), close=1)
{load}
time = pd.Timestamp(1_772_377_200_000_000_007, tz="Europe/Madrid")
for _ in range(2):
    market.write_bar("A", "1h", time, close=1)
    assert market.latest("A", "1h").index[0] == time
    market.delete("A", "1h")
assert isinstance(store.state.updated_at("a"), (pd.Timestamp, type(None)))
store.state.set("a", 1)
assert isinstance(store.state.updated_at("a"), pd.Timestamp)
"""
        subprocess.run([sys.executable, "-c", program], check=True)


# ---- Advice -------------------------------------------------------------------------------------

GIVEN = [
    *("dt.datetime(2026, 3, 1, 15)", "'2026-03-01T15:00:00+00:00'", "dt.date(2026, 3, 1)"),
    *("1772377200", "1772377200000", "1772377200000000000", "'1772377200'", "20260301"),
]


@pytest.mark.parametrize("given", GIVEN)
def test_the_advice_needs_no_pandas_where_it_is_not_loaded(path: Path, given: str) -> None:
    [told] = run_without("pandas", path, f"market.write_bar('A', '1h', {prefix(given)}, close=1)")
    advised = re.search(r"e\.g\. timestamp = (.*?)(, from text|$)", told)
    assert advised, told
    time = eval(advised[1], {"datetime": dt, "timestamp": eval(given, {"dt": dt})})
    assert time.date() == HOUR.date()
    assert time.tzinfo is not None


def prefix(given: str) -> str:
    return given.replace("dt.", "__import__('datetime').")
