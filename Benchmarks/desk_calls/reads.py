# SPDX-License-Identifier: MIT
"""The desk's reads: the newest bars, ranges, many symbols at once, queries."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd

from dataset import TIMEFRAME

from .call import ALL, Call, Step, same, same_arrays, same_frame
from .market import FEATURED, STEPS, Market, time_of

LAST = 200
RANGE = 60
EACH = 10
MOST_LISTED = 100
TIMEFRAMES = [TIMEFRAME, *STEPS]


def latest_bar(market: Market, chance: random.Random) -> Step:
    """Give the newest bar of a random series."""
    series = chance.randrange(market.series)
    return Step(
        "latest_bar",
        lambda: (market.symbols[series], TIMEFRAME),
        same(market.newest(series)),
        always=True,
    )


def last(market: Market, chance: random.Random) -> Step:
    """Give the last two hundred bars of a random series."""
    series = chance.randrange(market.series)

    def expected() -> pd.DataFrame:
        return market.frame(series).iloc[-LAST:]

    return Step(
        "last",
        lambda: (market.symbols[series], TIMEFRAME, LAST),
        same_frame(expected),
        check_c=same_arrays(expected),
    )


def between(market: Market, chance: random.Random) -> Step:
    """Give an hour of a random series."""
    series = chance.randrange(market.series)
    first = chance.randrange(market.rows - RANGE)
    bounds = time_of(first), time_of(first + RANGE - 1)
    return Step(
        "between",
        lambda: (market.symbols[series], TIMEFRAME, *bounds),
        same_frame(lambda: market.frame(series).iloc[first : first + RANGE]),
    )


def _of_many(most: int, count: int) -> Any:
    def step(market: Market, chance: random.Random) -> Step:
        chosen = chance.sample(range(market.series), min(market.series, most))
        return Step(
            "last_of_many",
            lambda: ([market.symbols[series] for series in chosen], TIMEFRAME, count),
            same_frame(lambda: market.newest_frame(chosen, TIMEFRAME, count)),
        )

    return step


def _keys(market: Market) -> list[str]:
    return market.others[FEATURED].keys


def newest_features(market: Market, chance: random.Random) -> Step:
    """Give twenty features of the newest bar of up to five hundred symbols."""
    chosen = chance.sample(range(market.some), market.some)
    keys = _keys(market)

    def expected() -> pd.DataFrame:
        return market.newest_frame(chosen, FEATURED, 1, featured=True)

    return Step(
        "newest_features",
        lambda: ([market.symbols[series] for series in chosen], FEATURED, keys),
        same_frame(expected),
    )


def timeframes(market: Market, chance: random.Random) -> Step:
    """Give the last twenty bars of each of a symbol's four timeframes."""
    series = chance.randrange(market.some)

    def check(found: list[pd.DataFrame]) -> None:
        for frame, timeframe in zip(found, TIMEFRAMES, strict=True):
            same_frame(lambda: market.frame(series, timeframe).iloc[-20:])(frame)  # noqa: B023

    return Step("last_of_each", lambda: (market.symbols[series], TIMEFRAMES, 20), check)


def sql(market: Market, chance: random.Random) -> Step:
    """Group the last twenty bars of ten symbols."""
    chosen = sorted(chance.sample(range(market.series), 10))
    symbols = [market.symbols[series] for series in chosen]
    query = (
        "SELECT symbol, count(*) AS bars, avg(close) AS mean FROM market_data"
        f" WHERE symbol IN ({', '.join('?' * len(symbols))}) AND timeframe = ? AND timestamp >= ?"
        " AND timestamp <= ? GROUP BY symbol ORDER BY symbol"
    )
    first = market.rows - 20
    bounds = [time_of(minute).isoformat() for minute in (first, market.rows - 1)]

    def check(found: pd.DataFrame) -> None:
        closes = [market.frame(series)["close"].iloc[first:] for series in chosen]
        expected = {
            "symbol": pd.array(symbols, "str"),
            "bars": [len(close) for close in closes],
            "mean": [close.mean() for close in closes],
        }
        pd.testing.assert_frame_equal(found, pd.DataFrame(expected), rtol=1e-12)

    return Step("sql", lambda: (query, [*symbols, TIMEFRAME, *bounds]), check)


CALLS = [
    Call("latest_bar", "`latest_bar` of a random series", latest_bar, 2, contenders=ALL),
    Call("last", f"last {LAST} bars as a frame", last, 2, rows=lambda market: LAST, contenders=ALL),
    Call("between", f"{RANGE} bars of a random range as a frame", between, 2),
    Call(
        "last_of_many",
        f"up to {MOST_LISTED} symbols x last {EACH} bars, one frame",
        _of_many(MOST_LISTED, EACH),
        3,
        rows=lambda market: min(market.series, MOST_LISTED) * EACH,
    ),
    Call(
        "latest_of_many",
        "latest of up to 500 symbols, one frame",
        _of_many(500, 1),
        2,
        rows=lambda market: market.some,
    ),
    Call(
        "newest_features",
        "20 features of the last bar of up to 500 symbols, one frame",
        newest_features,
        2,
        rows=lambda market: market.some,
    ),
    Call("timeframes", "last 20 bars of 4 timeframes of a symbol, 4 frames", timeframes, 2),
    Call("sql", "`sql` with ten groups as a frame", sql, 1.2),
]
