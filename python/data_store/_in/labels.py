# SPDX-License-Identifier: MIT
"""Labels of frames that are not columns of bars: what became of them, and the line that fixes it.

Looked at only where a frame is refused.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from .._c import abi as _abi
from ..errors import InvalidInputError
from .cells import described, shown
from .places import KEY_NAMES

__all__ = ["LABELS", "labels_error"]

_CARRIED = (*_abi.COLUMN_BITS, "features")
LABELS = frozenset({*_CARRIED, *KEY_NAMES})
"""What a column of a frame of bars may be called."""

# What other programs call them, in small letters.
_TIMES = frozenset(
    {"date", "datetime", "time", "open_time", "open time", "opentime", "date_time", "ts", "t"}
)
# Words of labels that have a price's name in them and do not mean one.
_OTHERS = frozenset({"interest", "openint", "time", "date", "oi"})
_LOWS = frozenset({"low", "lowprice", "pricelow", "lowbid", "lowask", "bidlow", "asklow", "lowpx"})
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
    taken = {*labels, *frame.index.names}
    if isinstance(frame.index, pd.DatetimeIndex):
        taken.add("timestamp")
    line = "df" + _mending([name for name in names if name not in keys], taken)
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
    stored = ""
    if symbol is not None and timeframe is not None:
        stored = (
            "with the quality that is stored: features=market.read_features("
            f"{names}), or by their values alone, "
        )
    return (
        f"pass feature columns as features=, {stored}e.g. "
        f"market.write(df.drop(columns=df.filter(like='@').columns), {names}, "
        "features=df.filter(like='@'))"
    )


def _mending(unknown: list[str], taken: set[Any]) -> str:
    """Write what leaves a frame with columns of bars only; `taken` are the names that it has."""
    targets: dict[str, str] = {}
    # The names that say it best come first.
    for meaning in (_own_name, _usual_name, _worded_name):
        for name in unknown:
            target = None if name in targets else meaning(name)
            if target is not None and target not in taken:
                targets[name] = target
                taken.add(target)
    for column in _abi.COLUMN_BITS:
        named = [name for name in unknown if name not in targets and _names(name, column)]
        if named and column not in taken:
            targets[min(named, key=lambda name: _distance(name, column))] = column
    drop = [name for name in unknown if name not in targets]
    is_lowered = any(name.lower() == target for name, target in targets.items())
    rename = {name: target for name, target in targets.items() if name.lower() != target}
    steps = [
        f".drop(columns={drop!r})" if drop else "",
        f".rename(columns={rename!r})" if rename else "",
        ".rename(columns=str.lower)" if is_lowered else "",
    ]
    return "".join(steps)


def _own_name(name: str) -> str | None:
    plain = name.strip().lower()
    return plain if plain in LABELS else None


def _usual_name(name: str) -> str | None:
    plain = name.strip().lower()
    return "timestamp" if plain in _TIMES else _SHORT.get(plain)


def _worded_name(name: str) -> str | None:
    """Look past numbers and brackets: '1. open', '<OPEN>'."""
    words = "_".join(_words(name))
    return _own_name(words) or _usual_name(words)


def _words(name: str) -> list[str]:
    """Give the words of a label, openPrice being two."""
    return [word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", name)]


def _names(name: str, column: str) -> bool:
    """Tell whether a label has a column's name in it and does not mean something else."""
    words = _words(name)
    if _OTHERS & {*words}:
        return False
    if column == "low":  # it is in too many other words: flow, slow, lower
        return not _LOWS.isdisjoint(words)
    return column in words or column in name.lower()


def _distance(name: str, column: str) -> tuple[bool, int]:
    words = _words(name)
    return column not in words, len(words)


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
    tail = ".rename(columns=str.lower)" + _mending(unknown, {*words[prices], "timestamp"})
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
