# SPDX-License-Identifier: MIT
"""Frames to write and the words that most tests use: one symbol, one timeframe, one first bar."""

from __future__ import annotations

import functools
import importlib.util
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

ARROW = importlib.util.find_spec("pyarrow") is not None
"""Arrow-backed dtypes join the lists of dtypes where pyarrow is installed."""

TEXT = str(pd.Series(["text"]).dtype)
"""What this pandas takes text for: str, before pandas 3 object."""

SYMBOL, TIMEFRAME = "EURUSD", "1h"
START = pd.Timestamp("2026-03-01T15:00:00Z")
START_TEXT = "2026-03-01T15:00:00+00:00"

PRICES = ("open", "high", "low", "close", "volume")
NUMBERS = (*PRICES, "latency_sec")
TEXTS = ("source", "quality")
_counter = itertools.count()
COLUMNS = (*PRICES, "source", "quality", "is_gap", "latency_sec")


def times(count: int, start: pd.Timestamp = START, step: str = "1h") -> pd.DatetimeIndex:
    """`count` instants, UTC, nanoseconds, named as `read` names them."""
    return pd.date_range(start, periods=count, freq=step, unit="ns", name="timestamp")


def bars(count: int = 3, start: pd.Timestamp = START, base: float = 1.0) -> pd.DataFrame:
    """A frame with all nine columns, no NULL, dtypes and order as `read` gives them."""
    # A copy takes a tenth of the time, and the same few are made again and again.
    return _bars(count, start, start.tzinfo, start.unit, base).copy()


@functools.lru_cache(maxsize=64)
def _bars(count: int, start: pd.Timestamp, _: object, __: str, base: float) -> pd.DataFrame:
    """The same; equal instants of different zones and units are different arguments."""
    steps = [base + row / 8 for row in range(count)]
    frame = {
        "open": steps,
        "high": [step + 0.5 for step in steps],
        "low": [step - 0.5 for step in steps],
        "close": [step + 0.25 for step in steps],
        "volume": [1000.0 * step for step in steps],
        "source": ["feed"] * count,
        "quality": ["ok"] * count,
        "is_gap": [row % 2 == 1 for row in range(count)],
        "latency_sec": [0.001 * (row + 1) for row in range(count)],
    }
    dtypes = {"source": "str", "quality": "str", "is_gap": "bool"}
    return pd.DataFrame(frame, index=times(count, start)).astype(
        {name: dtypes.get(name, "float64") for name in COLUMNS}
    )


def column(name: str, values: Sequence[Any] | pd.Series) -> pd.DataFrame:
    """A frame that carries one column."""
    if isinstance(values, pd.Series):
        return pd.DataFrame({name: values.set_axis(times(len(values)))})
    return pd.DataFrame({name: values}, index=times(len(values)))


def entry(value: object, quality: object = "ready") -> dict[str, object]:
    """One feature as the stored JSON has it."""
    return {"value": value, "quality": quality}


def two_level(columns: Mapping[str, tuple[Sequence[Any], Sequence[Any]]]) -> pd.DataFrame:
    """Features with column levels (key, "value" | "quality")."""
    flat = {}
    for key, (values, qualities) in columns.items():
        flat[key, "value"] = values
        flat[key, "quality"] = qualities
    count = len(next(iter(flat.values())))
    frame = pd.DataFrame(flat, index=times(count))
    frame.columns = pd.MultiIndex.from_tuples(list(flat))
    return frame


def fresh() -> str:
    """A symbol that nothing else in this process has."""
    return f"S{next(_counter)}"


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Equal bit for bit: values, dtypes, index, names. The frequency of an index may differ."""
    pd.testing.assert_frame_equal(left, right, check_freq=False, check_exact=True)
