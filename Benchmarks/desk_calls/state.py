# SPDX-License-Identifier: MIT
"""State values, recorded requests, and the short script that opens, reads one value and leaves."""

from __future__ import annotations

import random
from typing import Any

from dataset import TIMEFRAME

from .call import ALL, Call, Step, same
from .market import STATE_KEYS, Market, time_of


def value_of(number: int, version: int) -> dict[str, Any]:
    """Give what a strategy keeps under a key."""
    return {
        "phase": ["flat", "long", "short"][(number + version) % 3],
        "quantity": number % 90 + version,
        "entry": round(100 + number * 0.01, 2),
        "stops": [round(99 + version * 0.1, 2), round(98 + version * 0.1, 2)],
        "armed": version % 2 == 0,
    }


def key_of(number: int) -> str:
    """Name a key."""
    return f"strategy.{number:04d}"


def state_set(market: Market, chance: random.Random) -> Step:
    """Store a value under a random key."""
    number = chance.randrange(STATE_KEYS)
    value = value_of(number, chance.randrange(1000))
    market.state[key_of(number)] = value
    return Step("state_set", lambda: (key_of(number), value))


def state_get(market: Market, chance: random.Random) -> Step:
    """Read the value of a random key."""
    key = key_of(chance.randrange(STATE_KEYS))
    return Step("state_get", lambda: (key,), same(market.state[key]), always=True)


def record_request(market: Market, chance: random.Random) -> Step:
    """Record a request of a random series."""
    series = chance.randrange(market.series)
    bounds = time_of(0), time_of(market.rows)
    return Step("record_request", lambda: (market.symbols[series], TIMEFRAME, *bounds))


def open_get_close(market: Market, chance: random.Random) -> Step:
    """Open the file, read a value, close the file."""
    key = key_of(chance.randrange(STATE_KEYS))
    return Step("open_get_close", lambda: (key,), same(market.state[key]), always=True)


CALLS = [
    Call("state_set", "`state.set`", state_set, 1.5, contenders=ALL, is_write=True),
    Call("state_get", "`state.get`", state_get, 1.5, contenders=ALL),
    Call("record_request", "`record_request`", record_request, 1.5, is_write=True),
    Call(
        "open_get_close",
        "open, `state.get`, close",
        open_get_close,
        0.5,
        partners=1,
        is_opening=True,
    ),
]
