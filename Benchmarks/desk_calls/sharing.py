# SPDX-License-Identifier: MIT
"""Calls with cold caches, and beside other processes that write."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

from dataset import TIMEFRAME

from . import reads
from .call import ALL, Call, Step
from .market import Market, minute_of, ns_of

if TYPE_CHECKING:
    from .partner import Partner


def _after_commit(step: Any) -> Any:
    """Let another process write a bar of some series before each round."""

    def made(market: Market, chance: random.Random) -> Step:
        series = chance.randrange(market.series)
        minute = market.next_minute(series)
        bar = market.symbols[series], ns_of(minute), market.cell(series, minute)
        found: Step = step(market, chance)

        def write(partner: Partner) -> None:
            partner.write(*bar)

        return dataclasses.replace(found, partner=write)

    return made


def latest_beside(market: Market, chance: random.Random) -> Step:
    """Read the newest bar of a series that others may be writing to."""
    series = chance.randrange(market.series)

    def check(found: tuple[Any, ...]) -> None:
        expected = market.bar_at(series, minute_of(found[0]))
        if tuple(found) != expected:
            raise AssertionError(f"found {found}, expected {expected}")

    return Step("latest_bar", lambda: (market.symbols[series], TIMEFRAME), check, always=True)


CALLS = [
    Call(
        "first_latest",
        "first call after open: `latest_bar`",
        reads.latest_bar,
        1 / 3,
        contenders=ALL,
        is_opening=True,
        partners=1,
    ),
    Call(
        "first_between",
        "first call after open: 60 bars as a frame",
        reads.between,
        1 / 3,
        is_opening=True,
        partners=1,
    ),
    Call(
        "commit_latest",
        "first call after another process's commit: `latest_bar`",
        _after_commit(reads.latest_bar),
        1 / 3,
        contenders=ALL,
        partners=1,
    ),
    Call(
        "commit_between",
        "first call after another process's commit: 60 bars as a frame",
        _after_commit(reads.between),
        1 / 3,
        partners=1,
    ),
    Call(
        "beside_latest",
        "`latest_bar` beside two writing processes",
        latest_beside,
        2,
        contenders=ALL,
        partners=2,
        streams=True,
    ),
    Call(
        "beside_between",
        "60 bars of a random range beside two writing processes",
        reads.between,
        2,
        partners=2,
        streams=True,
    ),
]
