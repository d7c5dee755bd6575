# SPDX-License-Identifier: MIT
"""A duration is not a number, a flag, a text or an instant, wherever it is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, column, times

from data_store import DataStore
from data_store.errors import InvalidInputError

DURATIONS = {
    "NumPy": np.timedelta64(1, "s"),
    "NumPy, nanoseconds": np.timedelta64(1, "ns"),
    "NumPy, NaT": np.timedelta64("NaT"),
    "Python": dt.timedelta(seconds=1),
    "pandas": pd.Timedelta(1, "s"),
}


def request(store: DataStore, **fields: Any) -> None:
    required = {"provider_used": "x", "start_ts": START, "end_ts": START}
    store.market.record_request(SYMBOL, TIMEFRAME, **{**required, **fields})


def write_bar(store: DataStore, **cells: Any) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, START, **cells)


def cells(value: Any, count: int) -> pd.Series[Any]:
    return pd.Series([value] * count, times(count), object)


CALLS: dict[str, Callable[[DataStore, Any], Any]] = {
    "state": lambda store, value: store.state.set("k", value),
    "state, nested": lambda store, value: store.state.set("k", {"a": [value]}),
    "compare_and_set": lambda store, value: store.state.compare_and_set("k", value, 1),
    **{
        f"write_bar {name}": lambda store, value, name=name: write_bar(store, **{name: value})
        for name in ("open", "volume", "latency_sec", "is_gap", "source", "features", "replace")
    },
    "time of write_bar": lambda store, value: store.market.write_bar(SYMBOL, TIMEFRAME, value),
    **{
        f"{name} of {count} rows": lambda store, value, name=name, count=count: store.market.write(
            column(name, cells(value, count)), SYMBOL, TIMEFRAME
        )
        for name in ("open", "latency_sec", "is_gap", "quality")
        for count in (1, 2)
    },
    "start": lambda store, value: store.market.read(SYMBOL, TIMEFRAME, value),
    "end": lambda store, value: store.market.delete(SYMBOL, TIMEFRAME, None, value),
    "limit": lambda store, value: store.market.read(SYMBOL, TIMEFRAME, limit=value),
    "n": lambda store, value: store.market.latest(SYMBOL, TIMEFRAME, value),
    "chunk": lambda store, value: store.market.iter(SYMBOL, TIMEFRAME, chunk=value),
    "counts": lambda store, value: store.market.series(value),
    "parameter": lambda store, value: store.sql("SELECT ?", [value]),
    "named parameter": lambda store, value: store.sql("SELECT :a", {"a": value}),
    "timeout of sql": lambda store, value: store.sql("SELECT 1", timeout=value),
    "timeout": lambda store, value: DataStore(Path(store.path).with_name("b"), timeout=value),
    "read_only": lambda store, value: DataStore(store.path, read_only=value),
    **{
        f"request {name}": lambda store, value, name=name: request(store, **{name: value})
        for name in ("coverage_ratio", "fallback_used", "gap_count", "start_ts", "requested_at")
    },
    "feature in a dict": lambda store, value: store.market.write_features(
        {START: {"a@1": {"value": value, "quality": "ready"}}}, SYMBOL, TIMEFRAME
    ),
    "feature in a frame": lambda store, value: store.market.write_features(
        pd.DataFrame({"a@1": cells(value, 1)}), SYMBOL, TIMEFRAME
    ),
    "feature among integers": lambda store, value: store.market.write_features(
        pd.DataFrame({"a@1": pd.Series([1, value], times(2), object)}), SYMBOL, TIMEFRAME
    ),
    "key of features": lambda store, value: store.market.write_features(
        {value: {}}, SYMBOL, TIMEFRAME
    ),
}


@pytest.mark.parametrize("duration", DURATIONS)
@pytest.mark.parametrize("call", CALLS)
def test_a_duration_is_refused_by_name(
    store: DataStore, contents: Any, call: str, duration: str
) -> None:
    store.market.write(bars(2), SYMBOL, TIMEFRAME)
    before = contents()
    with pytest.raises(InvalidInputError) as caught:
        CALLS[call](store, DURATIONS[duration])
    message = str(caught.value)
    assert "duration" in message or "timedelta" in message.lower()
    assert "a number is not" not in message
    assert contents() == before


def test_a_parameter_of_a_query_is_fixed_as_its_message_says(store: DataStore) -> None:
    value: Any = np.timedelta64(1500, "ms")
    with pytest.raises(InvalidInputError) as caught:
        store.sql("SELECT ?", [value])
    names = {"pd": pd, "value": value}
    exec(str(caught.value).partition("e.g. ")[2], names)
    assert store.sql("SELECT ? AS seconds", [names["value"]])["seconds"].tolist() == [1.5]
