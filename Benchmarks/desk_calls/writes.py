# SPDX-License-Identifier: MIT
"""The desk's writes: a live bar, a bar of each symbol, a frame of one series, features."""

from __future__ import annotations

import json
import random
from typing import Any

from dataset import TIMEFRAME

from .call import ALL, Call, Step, same
from .market import FEATURED, MOST_SYMBOLS, Market, ns_of, time_of

NEW = 50
_turn = 0


def write_bar(market: Market, chance: random.Random) -> Step:
    """Write the next bar of the next series."""
    global _turn  # round robin, also where a call is run again
    _turn += 1
    series = _turn % market.series
    minute = market.next_minute(series)
    time, cell = time_of(minute), market.cell(series, minute)
    place = market.symbols[series], TIMEFRAME, time
    return Step(
        "write_bar",
        lambda: (*place, market.bars[cell]),
        c_arguments=lambda: (*place, cell),
    )


def write_then_latest(market: Market, chance: random.Random) -> Step:
    """Write the next bar of a random series and read it."""
    series = chance.randrange(market.series)
    minute = market.next_minute(series)
    time, cell = time_of(minute), market.cell(series, minute)
    place = market.symbols[series], TIMEFRAME, time
    return Step(
        "write_then_latest",
        lambda: (*place, market.bars[cell]),
        same(market.newest(series)),
        c_arguments=lambda: (*place, cell),
        always=True,
    )


def write_section(market: Market, chance: random.Random) -> Step:
    """Write a bar of the same time for each of up to five hundred symbols."""
    chosen = chance.sample(range(market.series), min(market.series, MOST_SYMBOLS))
    minute = market.next_minutes(chosen)
    cells = [market.cell(series, minute) for series in chosen]
    symbols = [market.symbols[series] for series in chosen]

    def arguments() -> tuple[Any, ...]:
        frame = market.pool_frame(cells, [ns_of(minute)] * len(cells))
        frame.insert(0, "symbol", symbols)
        return frame, TIMEFRAME

    rows = [(symbol, minute, cell) for symbol, cell in zip(symbols, cells, strict=True)]
    return Step("write_section", arguments, c_arguments=lambda: (rows,))


def write_frame(market: Market, chance: random.Random) -> Step:
    """Write fifty bars that follow on those of a random series."""
    series = chance.randrange(market.series)
    minutes = [market.next_minute(series) for _ in range(NEW)]
    cells = [market.cell(series, minute) for minute in minutes]

    def arguments() -> tuple[Any, ...]:
        frame = market.pool_frame(cells, [ns_of(minute) for minute in minutes])
        return frame, market.symbols[series], TIMEFRAME

    rows = [
        (market.symbols[series], minute, cell) for minute, cell in zip(minutes, cells, strict=True)
    ]
    return Step("write_frame", arguments, c_arguments=lambda: (rows,))


def write_features(market: Market, chance: random.Random) -> Step:
    """Merge twenty features into a bar of a random series."""
    series = chance.randrange(market.series)
    minute = market.rows - 1 - chance.randrange(5)
    source = market.others[FEATURED]
    place = chance.randrange(source.series), chance.randrange(source.rows)
    entry = {
        key: {"value": source.feature_values[key][place].item(), "quality": "ready"}
        for key in source.keys
    }
    symbol = market.symbols[series]
    market.features[symbol, minute] = entry
    text = json.dumps(entry)
    return Step("write_features", lambda: (symbol, TIMEFRAME, time_of(minute), json.loads(text)))


CALLS = [
    Call("write_bar", "`write_bar`, round robin", write_bar, 1.5, contenders=ALL, is_write=True),
    Call(
        "write_then_latest",
        "`write_bar`, then `latest_bar` of that series",
        write_then_latest,
        1.5,
        contenders=ALL,
        is_write=True,
    ),
    Call(
        "write_section",
        "one new bar of each of up to 500 symbols, one frame",
        write_section,
        2,
        rows=lambda market: market.some,
        contenders=ALL,
        is_write=True,
    ),
    Call(
        "write_frame",
        f"a frame of {NEW} new bars",
        write_frame,
        2,
        rows=lambda market: NEW,
        contenders=ALL,
        is_write=True,
    ),
    Call(
        "write_features",
        "20 features on one bar, from a dict",
        write_features,
        1.5,
        contenders=ALL,
        is_write=True,
    ),
]
