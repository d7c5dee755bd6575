# SPDX-License-Identifier: MIT
"""What the desk's files hold, and what its calls must therefore give.

Each series has bars of a minute. The first five hundred symbols have three more timeframes: bars of
five minutes with twenty features each, of an hour, and of a day. Bars that a call writes come from
a pool, by a rule of series and minute: a reader knows what it must be.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dataset import (
    COLUMNS,
    FIRST,
    MINUTE,
    NUMBERS,
    QUALITIES,
    SOURCES,
    TIMEFRAME,
    Recipe,
    make,
    symbol_name,
)

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {20: 5000, 500: 1000, 2000: 400}
FEWEST_ROWS = 240
MOST_SYMBOLS = 500
POOL = 4096
# Where the bars begin that other processes write all the time: beyond all others.
STREAMED = 100_000
STATE_KEYS = 1000
FEATURED = "5m"
STEPS = {FEATURED: 5 * MINUTE, "1h": 60 * MINUTE, "1d": 1440 * MINUTE}
_RECIPES = {"5m": (40, 20, 11), "1h": (60, 0, 12), "1d": (60, 0, 13)}

Bar = dict[str, Any]
Key = tuple[str, int]


class Market:
    """The data of one size, and what has been written since.

    Parameters
    ----------
    folder : Path
        Where the data lies, or is made.
    series : int
        Symbols with bars of a minute.
    """

    def __init__(self, folder: Path, series: int) -> None:
        self.series = series
        self.rows = ROWS.get(series, FEWEST_ROWS)
        self.data = make(folder / f"minutes-{series}", Recipe(series, self.rows))
        self.pool = make(folder / "pool", Recipe(1, POOL, seed=7))
        self.symbols = self.data.symbols
        self.some = min(series, MOST_SYMBOLS)
        self.others = {
            timeframe: make(
                folder / f"{timeframe}-{self.some}", Recipe(self.some, rows, features, seed=seed)
            )
            for timeframe, (rows, features, seed) in _RECIPES.items()
        }
        self._next = [self.rows] * series
        self.written: dict[int, list[int]] = defaultdict(list)
        self.state: dict[str, Any] = {}
        self.features: dict[Key, dict[str, Any]] = {}

    def load(self) -> None:
        """Read now what would otherwise be read during the first rounds."""
        for data in (self.data, *self.others.values()):
            assert data.columns
            assert len(data.feature_values) == data.features
        assert len(self.bars) == POOL

    # ---- What the files begin with ----------------------------------------------------------

    def frame(self, series: int, timeframe: str = TIMEFRAME) -> pd.DataFrame:
        """Give a series' bars as they were at the beginning."""
        if timeframe == TIMEFRAME:
            return self.data.frame(series)
        return self._restepped(self.others[timeframe].frame(series), timeframe)

    def feature_frame(self, series: int) -> pd.DataFrame:
        """Give the features of a series' bars of five minutes, one column per key."""
        return self._restepped(self.others[FEATURED].feature_frame(series), FEATURED)

    def newest_frame(
        self, chosen: list[int], timeframe: str, count: int, *, featured: bool = False
    ) -> pd.DataFrame:
        """Give the last bars of several series, indexed by symbol and time, of the beginning.

        With `featured` close and the features alone.
        """
        data = self.data if timeframe == TIMEFRAME else self.others[timeframe]
        times = FIRST + np.arange(data.rows) * STEPS.get(timeframe, MINUTE)
        columns: dict[str, Any] = {}
        for name in ["close"] if featured else COLUMNS:
            values = data.columns[name][chosen, -count:].ravel()
            words = {"source": SOURCES, "quality": QUALITIES}.get(name)
            columns[name] = values if words is None else pd.array(words, "str").take(values)
        if featured:
            for key, values in data.feature_values.items():
                columns[key] = values[chosen, -count:].ravel()
        levels = [
            pd.Index([self.symbols[series] for series in chosen], dtype="str"),
            pd.DatetimeIndex(times[-count:], tz="UTC"),
        ]
        index = pd.MultiIndex.from_product(levels, names=["symbol", "timestamp"])
        return pd.DataFrame(columns, index=index)

    @staticmethod
    def _restepped(frame: pd.DataFrame, timeframe: str) -> pd.DataFrame:
        times = FIRST + np.arange(len(frame)) * STEPS[timeframe]
        return frame.set_index(pd.DatetimeIndex(times, tz="UTC", name="timestamp"))

    # ---- What is written --------------------------------------------------------------------

    @cached_property
    def bars(self) -> list[Bar]:
        """The pool as keyword arguments; a column that is missing is None."""
        frame = self.pool.frame(0)
        rows = zip(*(frame[name].tolist() for name in COLUMNS), strict=True)
        return [
            {name: None if cell != cell else cell for name, cell in zip(COLUMNS, row, strict=True)}
            for row in rows
        ]

    @staticmethod
    def cell(series: int, minute: int) -> int:
        """Tell which bar of the pool a series has at a minute."""
        return (series * 37 + minute) % POOL

    def next_minute(self, series: int) -> int:
        """Give the minute after a series' newest bar, which then has a bar."""
        return self.next_minutes([series])

    def next_minutes(self, chosen: list[int]) -> int:
        """Give a minute after the newest bars of several series, which then all have a bar."""
        minute = max(self._next[series] for series in chosen)
        for series in chosen:
            self._next[series] = minute + 1
            self.written[series].append(minute)
        return minute

    def pool_frame(self, cells: list[int], times: list[int]) -> pd.DataFrame:
        """Give bars of the pool as a frame."""
        columns: dict[str, Any] = {}
        for name in COLUMNS:
            values = self.pool.columns[name][0][cells]
            words = {"source": SOURCES, "quality": QUALITIES}.get(name)
            columns[name] = values if words is None else pd.array(words, "str").take(values)
        return pd.DataFrame(columns, index=pd.DatetimeIndex(times, tz="UTC", name="timestamp"))

    # ---- What is expected -------------------------------------------------------------------

    def newest(self, series: int) -> tuple[Any, ...]:
        """Give a series' newest bar of a minute as `latest_bar` does."""
        return self.bar_at(series, self._next[series] - 1)

    def bar_at(self, series: int, minute: int) -> tuple[Any, ...]:
        """Give a series' bar of a minute as `latest_bar` does."""
        if minute >= self.rows:
            bar = self.bars[self.cell(series, minute)]
            return (time_of(minute), *bar.values(), {})
        columns = self.data.columns
        cells = {name: columns[name][series, minute].item() for name in [*NUMBERS, "is_gap"]}
        cells["source"] = SOURCES[columns["source"][series, minute]]
        cells["quality"] = QUALITIES[columns["quality"][series, minute]]
        values = [None if cells[name] != cells[name] else cells[name] for name in COLUMNS]
        features = self.features.get((symbol_name(series), minute), {})
        return (time_of(minute), *values, features)


def time_of(minute: int) -> dt.datetime:
    """Give the time of a minute's bar."""
    return _FIRST_TIME + dt.timedelta(minutes=minute)


def minute_of(time: dt.datetime) -> int:
    """Give the minute of a bar's time."""
    return (time - _FIRST_TIME) // dt.timedelta(minutes=1)


def ns_of(minute: int) -> int:
    """Give the time of a minute's bar in nanoseconds."""
    return FIRST + minute * MINUTE


_FIRST_TIME = dt.datetime.fromtimestamp(FIRST // 10**9, dt.UTC)
