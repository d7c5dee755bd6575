# SPDX-License-Identifier: MIT
"""What a contender does at the desk."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Timed(NamedTuple):
    """A result with what it took, of a contender that has clocks of its own (nanoseconds)."""

    result: Any
    wall: int
    cpu: int


class Contender(Protocol):
    """One connection to a file, kept open. Each write is a commit of its own.

    A contender may lack methods; then it takes no part in calls that need them.
    """

    def __init__(self, path: str, synchronous: str, pool: str) -> None: ...

    def close(self) -> None:
        """Close the file."""

    def latest_bar(self, symbol: str, timeframe: str) -> tuple[Any, ...]:
        """Give the newest bar: timestamp (datetime), the nine columns, features (dict)."""

    def write_bar(
        self, symbol: str, timeframe: str, time: dt.datetime, bar: dict[str, Any]
    ) -> None:
        """Upsert one bar."""

    def write_then_latest(
        self, symbol: str, timeframe: str, time: dt.datetime, bar: dict[str, Any]
    ) -> tuple[Any, ...]:
        """Upsert one bar and give the newest."""

    def last(self, symbol: str, timeframe: str, count: int) -> pd.DataFrame:
        """Give the newest bars, ascending."""

    def last_of_each(self, symbol: str, timeframes: list[str], count: int) -> list[pd.DataFrame]:
        """Give the newest bars of several timeframes, a frame each."""

    def between(
        self, symbol: str, timeframe: str, start: dt.datetime, end: dt.datetime
    ) -> pd.DataFrame:
        """Give the bars of a range, bounds included."""

    def last_of_many(self, symbols: list[str], timeframe: str, count: int) -> pd.DataFrame:
        """Give the newest bars of each symbol as one frame, as one snapshot."""

    def newest_features(self, symbols: list[str], timeframe: str, keys: list[str]) -> pd.DataFrame:
        """Give close and feature values of each symbol's newest bar as one frame."""

    def write_frame(self, frame: pd.DataFrame, symbol: str, timeframe: str) -> None:
        """Upsert the bars of one series."""

    def write_section(self, frame: pd.DataFrame, timeframe: str) -> None:
        """Upsert a bar of each of many symbols, which are in a column of the frame."""

    def write_features(
        self, symbol: str, timeframe: str, time: dt.datetime, entry: dict[str, Any]
    ) -> None:
        """Merge features into a bar that is stored."""

    def state_set(self, key: str, value: Any) -> None:
        """Store a JSON value."""

    def state_get(self, key: str) -> Any:
        """Give the JSON value of a key."""

    def record_request(
        self, symbol: str, timeframe: str, start: dt.datetime, end: dt.datetime
    ) -> None:
        """Record how a range was obtained, now."""

    def sql(self, query: str, parameters: list[Any]) -> pd.DataFrame:
        """Give the rows of a query as a frame."""
