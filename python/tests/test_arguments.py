# SPDX-License-Identifier: MIT
"""Every parameter of every public call with odd values: an error of the package, or success."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import database
import pandas as pd
import pytest
from calls import put_three_bars_and_a_state
from frames import START, SYMBOL, TIMEFRAME, bars, times
from odd import ODD

from data_store import DataStore
from data_store.errors import DataStoreError

END = START + pd.Timedelta("2h")
SERIES = {"symbol": SYMBOL, "timeframe": TIMEFRAME}
RANGE = {"start": START, "end": END}
REQUEST = {"provider_used": "x", "start_ts": START, "end_ts": END}


def wide() -> pd.DataFrame:
    return pd.DataFrame({"a@1": [1.0, 2.0, 3.0]}, index=times(3))


# The call, and good arguments for those that it must have.
CALLS: dict[str, tuple[Callable[[DataStore], Callable[..., Any]], Callable[[], dict[str, Any]]]] = {
    "open": (lambda _: opened_and_closed, lambda: {"path": "other.db"}),
    "sql": (lambda store: store.sql, lambda: {"query": "SELECT 1"}),
    "sql of a value": (lambda store: lambda value: store.sql("SELECT ?", (value,)), dict),
    "backup": (lambda store: store.backup, lambda: {"target": "copy.db"}),
    "copy_to": (lambda store: store.copy_to, lambda: {"target": "copied.db"}),
    "differences": (lambda store: store.differences, lambda: {"other": another_store()}),
    "hash": (lambda store: store.market.hash, lambda: SERIES),
    "write": (lambda store: store.market.write, lambda: {"df": bars(3), **SERIES}),
    "write one row": (lambda store: store.market.write, lambda: {"df": bars(1), **SERIES}),
    "write_features": (
        lambda store: store.market.write_features,
        lambda: {"features": wide(), **SERIES},
    ),
    "write_bar": (lambda store: store.market.write_bar, lambda: {**SERIES, "timestamp": START}),
    "read": (lambda store: store.market.read, lambda: SERIES),
    "read_features": (lambda store: store.market.read_features, lambda: SERIES),
    "latest": (lambda store: store.market.latest, lambda: SERIES),
    "latest_bar": (lambda store: store.market.latest_bar, lambda: SERIES),
    "iter": (lambda store: all_of(store.market.iter), lambda: SERIES),
    "series": (lambda store: store.market.series, dict),
    "delete": (lambda store: store.market.delete, lambda: {"symbol": "other", "timeframe": "1h"}),
    "record_request": (lambda store: store.market.record_request, lambda: {**SERIES, **REQUEST}),
    "requests": (lambda store: store.market.requests, dict),
    "set": (lambda store: store.state.set, lambda: {"key": "a", "value": 1}),
    "set_many": (lambda store: store.state.set_many, lambda: {"mapping": {"a": 1}}),
    "set_many of a value": (lambda store: lambda value: store.state.set_many({"a": value}), dict),
    "get": (lambda store: store.state.get, lambda: {"key": "a"}),
    "delete a state": (lambda store: store.state.delete, lambda: {"key": "a"}),
    "keys": (lambda store: store.state.keys, dict),
    "items": (lambda store: store.state.items, dict),
    "updated_at": (lambda store: store.state.updated_at, lambda: {"key": "a"}),
    "compare_and_set": (
        lambda store: store.state.compare_and_set,
        lambda: {"key": "a", "expected": 1, "value": 2},
    ),
    "one entry of features": (
        lambda store: lambda value: store.market.write(bars(1), **SERIES, features=[value]),
        dict,
    ),
    "an entry's value": (
        lambda store: (
            lambda value: store.market.write_bar(
                SYMBOL, TIMEFRAME, START, features={"a@1": {"value": value, "quality": "ready"}}
            )
        ),
        dict,
    ),
    "a mapping's entry": (
        lambda store: lambda value: store.market.write_features({START: value}, **SERIES),
        dict,
    ),
    "a mapping's key": (
        lambda store: lambda value: store.market.write_features(of_key(value), **SERIES),
        dict,
    ),
    "a cell": (
        lambda store: lambda value: store.market.write(cell_of("close", value), **SERIES),
        dict,
    ),
    "a text cell": (
        lambda store: lambda value: store.market.write(cell_of("source", value), **SERIES),
        dict,
    ),
    "a flag cell": (
        lambda store: lambda value: store.market.write(cell_of("is_gap", value), **SERIES),
        dict,
    ),
    "a symbol cell": (
        lambda store: lambda value: store.market.write(cell_of("symbol", value), None, TIMEFRAME),
        dict,
    ),
    "a feature cell": (
        lambda store: lambda value: store.market.write_features(cell_of("a@1", value), **SERIES),
        dict,
    ),
    "a timestamp": (
        lambda store: (
            lambda value: store.market.write(
                cell_of("timestamp", value).reset_index(drop=True).assign(close=1.0), **SERIES
            )
        ),
        dict,
    ),
}


def opened_and_closed(
    path: Any, *, durability: Any = "full", timeout: Any = 1.0, read_only: Any = False
) -> None:
    DataStore(path, durability=durability, timeout=timeout, read_only=read_only).close()


def another_store() -> str:
    DataStore("another.db").close()
    return "another.db"


def all_of(call: Callable[..., Any]) -> Callable[..., Any]:
    def listed(
        symbol: Any,
        timeframe: Any,
        start: Any = None,
        end: Any = None,
        *,
        columns: Any = None,
        features: Any = None,
        chunk: Any = 2,
    ) -> None:
        list(call(symbol, timeframe, start, end, columns=columns, features=features, chunk=chunk))

    return listed


def of_key(key: Any) -> dict[Any, Any]:
    try:
        return {key: {"a@1": {"value": 1, "quality": "ready"}}}
    except Exception:  # what cannot be hashed is the caller's own error
        return {None: {}}


def cell_of(name: str, value: Any) -> pd.DataFrame:
    """Two rows, of which one is `value`, whatever pandas would make of it."""
    cells = pd.Series([None, None], index=times(2), dtype=object)
    cells.array._ndarray[1] = value  # type: ignore[attr-defined]
    return pd.DataFrame({name: cells})


@pytest.fixture
def odd_store(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataStore:
    """A store with three bars and a state; odd paths lead into the test's own folder."""
    monkeypatch.chdir(tmp_path)
    store = DataStore(path, durability="normal")
    put_three_bars_and_a_state(store)
    return store


@pytest.mark.parametrize("call", CALLS)
def test_odd_arguments_are_refused_with_an_error_of_the_package_or_taken(
    odd_store: DataStore, path: Path, call: str
) -> None:
    bound, good = CALLS[call]
    function = bound(odd_store)
    wrong = []
    before = database.contents(path)
    for parameter in inspect.signature(function).parameters:
        for what, make in ODD.items():
            try:
                function(**{**good(), parameter: make()})
                before = database.contents(path)
            except DataStoreError as error:
                if type(error) is DataStoreError or len(str(error).split()) < 4:
                    wrong.append((parameter, what, repr(error)))
                if database.contents(path) != before:
                    wrong.append((parameter, what, "something was written"))
            except BaseException as error:
                if parameter == "progress" and what in ("function", "class"):
                    continue  # it is called, and what it raises is the caller's own
                wrong.append((parameter, what, f"{type(error).__name__}: {error}"[:200]))
    odd_store.close()
    assert wrong == []
