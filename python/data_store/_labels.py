# SPDX-License-Identifier: MIT
"""Labels of frames that are no bars' columns: what became of them, and the line that mends it.

Looked at only where a frame is refused.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from . import _abi
from ._cells import described, shown
from ._rows import KEY_NAMES
from .errors import InvalidInputError

__all__ = ["LABELS", "labels_error"]

_CARRIED = (*_abi.COLUMN_BITS, "features")
LABELS = frozenset({*_CARRIED, *KEY_NAMES})
"""What a column of a frame of bars may be called."""

# What other programs call them, in small letters.
_TIMES = frozenset(
    {"date", "datetime", "time", "open_time", "open time", "opentime", "date_time", "ts", "t"}
)
_SHORT = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vol": "volume"}


def labels_error(
    frame: pd.DataFrame, symbol: object, timeframe: object, place: str
) -> InvalidInputError:
    """Give the error for a frame that has other labels than `LABELS`; it names them all."""
    labels = frame.columns
    if labels.nlevels > 1:
        return InvalidInputError(f"{place}: {_told_of_levels(labels, timeframe)}")
    unknown = [label for label in labels if label not in LABELS]
    for label in unknown:
        if not isinstance(label, str):
            return InvalidInputError(
                f"{place}: a column label must be text, not {described(label)}; "
                f"{_naming(labels, label)}"
            )
    names = [str.__str__(label) for label in unknown]
    what = f"unknown column{'s' if len(names) > 1 else ''} {', '.join(map(shown, names))}"
    keys = [name for name in names if "@" in name]
    if keys == names:
        return InvalidInputError(f"{place}: {what}; {_feature_lines(symbol, timeframe)}")
    hint = "; pass feature columns as features=" if keys else ""
    line = _mending(frame, [name for name in names if name not in keys])
    return InvalidInputError(
        f"{place}: {what}; a bar has {', '.join(_CARRIED)}{hint}; rename or drop the others, "
        f"e.g. df = {line}"
    )


def _naming(labels: pd.Index[Any], label: object) -> str:
    if isinstance(label, tuple):  # levels that were made flat
        return "e.g. df.columns = [label[0] for label in df.columns]"
    if len(labels) == 6:
        return "e.g. df.columns = ['timestamp', 'open', 'high', 'low', 'close', 'volume']"
    return "rename it"


def _feature_lines(symbol: object, timeframe: object) -> str:
    names = f"{shown(symbol)}, {shown(timeframe)}"
    return (
        "pass feature columns as features=, with the quality that is stored: "
        f"features=market.read_features({names}), or by their values alone, e.g. "
        f"market.write(df.drop(columns=df.filter(like='@').columns), {names}, "
        "features=df.filter(like='@'))"
    )


def _mending(frame: pd.DataFrame, unknown: list[str]) -> str:
    """Write the expression that leaves a frame with columns of bars only."""
    has_time = isinstance(frame.index, pd.DatetimeIndex) or "timestamp" in {
        *frame.index.names, *(str(label).lower() for label in frame.columns)
    }  # fmt: skip
    taken = {*frame.columns}
    drop, rename, is_lowered = [], {}, False
    for name in unknown:
        plain = name.strip().lower()
        target = plain if plain in LABELS else _SHORT.get(plain)
        if target is None and plain in _TIMES and not has_time:
            target, has_time = "timestamp", True
        if target is None or target in taken:
            drop.append(name)
            continue
        taken.add(target)
        if name.lower() == target:
            is_lowered = True
        else:
            rename[name] = target
    steps = [
        f".drop(columns={drop!r})" if drop else "",
        f".rename(columns={rename!r})" if rename else "",
        ".rename(columns=str.lower)" if is_lowered else "",
    ]
    return "df" + "".join(steps)


# ---- Two levels, as yfinance gives them -----------------------------------------------------


def _told_of_levels(labels: pd.Index[Any], timeframe: object) -> str:
    what = f"the columns have {labels.nlevels} levels ({', '.join(map(shown, labels.names))})"
    words = [_lowered(labels, level) for level in range(labels.nlevels)]
    if labels.nlevels == 2 and words[1] <= {"value", "quality"}:
        return f"{what} and hold features; pass them to write_features, or as features="
    prices = next((level for level, found in enumerate(words) if found & LABELS), None)
    if labels.nlevels > 2 or prices is None:
        return f"{what}, a bar's have one; flatten them, e.g. with df.columns = [...]"
    other = 1 - prices
    tickers = labels.get_level_values(other).unique()
    name = labels.names[other]
    level = shown(other if name is None else name)
    unknown = sorted(words[prices] - LABELS)
    tail = ".rename(columns=str.lower)" + (f".drop(columns={unknown!r})" if unknown else "")
    if len(tickers) == 1:
        line = f"df = df.droplevel({level}, axis=1){tail}"
        return f"{what}, a bar's have one; drop the other, e.g. {line}"
    symbols = "['timestamp', 'symbol']"
    return (
        f"{what}, a bar's have one; take one symbol, df = df.xs({shown(tickers[0])}, axis=1, "
        f"level={level}){tail}, or write all of them, e.g. market.write("
        f"df.stack({level}, future_stack=True){tail}.rename_axis({symbols}), None, "
        f"{shown(timeframe)})"
    )


def _lowered(labels: pd.Index[Any], level: int) -> set[str]:
    return {str(label).lower() for label in labels.get_level_values(level).unique()}
