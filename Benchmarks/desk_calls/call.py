# SPDX-License-Identifier: MIT
"""What a call of the desk is: how one of its rounds is made, and what must come of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from .market import Market
    from .partner import Partner

Arguments = Callable[[], tuple[Any, ...]]


def nothing(*_: Any) -> None:
    """Neither look at a result nor prepare anything."""


@dataclass(frozen=True)
class Step:
    """One round of a call: the same work for each contender.

    Parameters
    ----------
    method : str
        Of the contender.
    arguments : callable
        Makes them fresh for each contender: pandas keeps in a frame what it has worked out of it.
    check : callable
        Takes the result, raises where it is wrong.
    c_arguments : callable, optional
        Those of the C contender, where they are others.
    check_c : callable, optional
    always : bool, optional
        Check each result; else a sample of them, as it takes long.
    partner : callable, optional
        What another process does to the contender's file before.
    """

    method: str
    arguments: Arguments
    check: Callable[[Any], None] = nothing
    c_arguments: Arguments | None = None
    check_c: Callable[[Any], None] | None = None
    always: bool = False
    partner: Callable[[Partner], None] = nothing


@dataclass(frozen=True)
class Call:
    """A row of the table.

    Parameters
    ----------
    name, title : str
    step : callable
        Makes a round.
    target : float, optional
        How many times sqlite3's speed is asked for at the median.
    rows : callable, optional
        Rows per call at a number of series; what is compared between sizes is the time of a row.
    contenders : set of str
    partners : int, optional
        Other processes of each contender's.
    is_opening : bool, optional
        The connection is opened again before each round.
    streams : bool, optional
        The partners write all the time.
    is_write : bool, optional
        Run with full durability, too.
    """

    name: str
    title: str
    step: Callable[[Market, random.Random], Step]
    target: float | None = None
    rows: Callable[[Market], int] = field(default=lambda market: 1)
    contenders: frozenset[str] = frozenset({"ours", "sqlite3"})
    partners: int = 0
    is_opening: bool = False
    streams: bool = False
    is_write: bool = False


ALL = frozenset({"ours", "sqlite3", "c"})


def same(expected: Any) -> Callable[[Any], None]:
    """Make a check that a result equals this."""

    def check(found: Any) -> None:
        if isinstance(found, tuple):
            found = tuple(found)
        if found != expected:
            raise AssertionError(f"found {found}, expected {expected}")

    return check


def same_frame(expected: Callable[[], pd.DataFrame]) -> Callable[[Any], None]:
    """Make a check that a frame is this one."""

    def check(found: Any) -> None:
        pd.testing.assert_frame_equal(found, expected(), check_exact=True, check_freq=False)

    return check


def same_arrays(expected: Callable[[], pd.DataFrame]) -> Callable[[Any], None]:
    """Make a check that the C contender's arrays hold this frame."""

    def check(found: Any) -> None:
        frame = expected()
        columns = {"timestamp": frame.index.asi8.tolist()}
        columns |= {name: frame[name].tolist() for name in frame.columns}
        for name, values in found.columns().items():
            if any(
                a != b and (a == a or b == b) for a, b in zip(values, columns[name], strict=True)
            ):
                raise AssertionError(f"column {name} is another")

    return check
