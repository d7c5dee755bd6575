# SPDX-License-Identifier: MIT
"""Bars to be drawn: what a chart of a given width shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Candle", "Chart", "chart_of"]


@dataclass
class Candle:
    """A bar, or several beside each other that are drawn as one; NaN where a number is missing."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    gaps: int
    """How many of its bars are marked as gaps."""
    values: list[float] = field(default_factory=list)
    """A value per feature."""

    @property
    def has_prices(self) -> bool:
        """Whether there is something to draw."""
        return not any(map(math.isnan, (self.open, self.high, self.low, self.close)))


@dataclass
class Chart:
    """What is drawn."""

    title: str
    candles: list[Candle]
    features: list[str]
    bars: int
    """How many bars the candles are made of."""
    per_candle: int = 1

    @property
    def lowest(self) -> float:
        """The lowest price."""
        return min(candle.low for candle in self.candles if candle.has_prices)

    @property
    def highest(self) -> float:
        """The highest price."""
        return max(candle.high for candle in self.candles if candle.has_prices)

    @property
    def has_prices(self) -> bool:
        """Whether there is something to draw."""
        return any(candle.has_prices for candle in self.candles)

    def values(self, feature: int) -> list[float]:
        """Give a feature's value at each candle."""
        return [candle.values[feature] for candle in self.candles]

    def on_prices(self, feature: int) -> bool:
        """Tell whether a feature is of the size of prices, so that it is drawn over them."""
        found = [value for value in self.values(feature) if math.isfinite(value)]
        room = (self.highest - self.lowest) or abs(self.highest) or 1.0
        return bool(found) and (
            min(found) >= self.lowest - room and max(found) <= self.highest + room
        )


def chart_of(
    title: str, columns: Mapping[str, Sequence[Any]], features: list[str], most: int | None
) -> Chart:
    """Make a chart of at most so many candles out of columns of bars."""
    names = ("timestamp", "open", "high", "low", "close", "volume", "is_gap", *features)
    rows = [_bar(row) for row in zip(*(columns[name] for name in names))]
    per_candle = math.ceil(len(rows) / most) if most and len(rows) > most else 1
    candles = [
        _joined(rows[first : first + per_candle]) for first in range(0, len(rows), per_candle)
    ]
    return Chart(title, candles, features, len(rows), per_candle)


def _bar(row: Sequence[Any]) -> Candle:
    time, *rest = row
    numbers = [math.nan if value is None else float(value) for value in rest]
    open_, high, low, close, volume, is_gap, *values = numbers
    return Candle(time, open_, high, low, close, volume, int(is_gap), values)


def _joined(bars: list[Candle]) -> Candle:
    if len(bars) == 1:
        return bars[0]
    priced = [bar for bar in bars if bar.has_prices] or bars[:1]
    last = [_last(values) for values in zip(*(bar.values for bar in bars))]
    return Candle(
        bars[0].time,
        priced[0].open,
        max(bar.high for bar in priced),
        min(bar.low for bar in priced),
        priced[-1].close,
        math.fsum(bar.volume for bar in bars if not math.isnan(bar.volume)),
        sum(bar.gaps for bar in bars),
        last,
    )


def _last(values: Iterable[float]) -> float:
    return next((value for value in reversed(list(values)) if not math.isnan(value)), math.nan)
