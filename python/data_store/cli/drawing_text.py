# SPDX-License-Identifier: MIT
"""A chart in the terminal: a column of characters per candle."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from .drawing import Candle, Chart
from .times import iso_text

__all__ = ["candles_in", "in_text"]

AXIS = 12
"""Characters beside the candles, for prices."""
RANGE = 26
"""Characters behind the candles, for the range of a line; in a narrow terminal it has its own."""
_NARROW = 64
_BLOCKS = " ▁▂▃▄▅▆▇█"
# For terminals whose locale has no such characters.
_PLAIN = str.maketrans("│┃╵╷╹╻╿╽▁▂▃▄▅▆▇█", "|#',\"o##_..-=+*#")
_UP, _DOWN, _GAP = "green", "red", "yellow"


def candles_in(width: int) -> int:
    """Give how many candles fit into so many characters."""
    return max(8, width - AXIS - (RANGE if width >= _NARROW else 0))


def in_text(chart: Chart, height: int, width: int, encoding: str) -> Group:
    """Draw a chart of so many lines for the prices, and some for volume, gaps and features.

    No line is longer than `width`. Where `encoding` lacks the signs, ASCII stands for them.
    """
    lines = [Text(chart.title, style="bold")]
    if chart.has_prices:
        lines += _prices(chart, height)
    else:
        lines.append(Text("nothing in this range has prices", style="dim"))
    volumes = [candle.volume for candle in chart.candles]
    colors = [_color(candle) for candle in chart.candles]
    lines += _line("volume", volumes, colors, width, from_zero=True)
    if any(candle.gaps for candle in chart.candles):
        marks = "".join("x" if candle.gaps else " " for candle in chart.candles)
        lines.append(Text.assemble(_label("gaps"), (marks, _GAP)))
    for place, name in enumerate(chart.features):
        lines += _line(name, chart.values(place), ["cyan"] * len(chart.candles), width)
    lines += _times(chart, width)
    try:
        "".join(line.plain for line in lines).encode(encoding)
    except UnicodeEncodeError:
        for line in lines[1:]:
            line.plain = line.plain.translate(_PLAIN)
    return Group(*lines)


def _color(candle: Candle) -> str:
    return _UP if candle.close >= candle.open else _DOWN


def _prices(chart: Chart, height: int) -> list[Text]:
    low, high = chart.lowest, chart.highest
    step = (high - low) / height or 1.0
    lines = []
    for line in range(height):
        top = high - line * step
        label = f"{top - step / 2:>{AXIS - 2}.6g} " if line % 4 == 0 or line == height - 1 else ""
        text = Text(label.rjust(AXIS - 1) + "│", style="dim")
        for candle in chart.candles:
            text.append(_part(candle, top - step, top), style=_style(candle))
        lines.append(text)
    return lines


def _style(candle: Candle) -> str:
    return f"not dim {_color(candle)}"


def _part(candle: Candle, bottom: float, top: float) -> str:
    """Give the part of a candle that lies between two prices."""
    if not candle.has_prices or candle.high < bottom or candle.low > top:
        return " "
    upper, lower = max(candle.open, candle.close), min(candle.open, candle.close)
    middle = (bottom + top) / 2
    body = _halves(lower, upper, bottom, middle, top)
    wick = _halves(candle.low, candle.high, bottom, middle, top)
    return _SIGNS.get((body, wick), " ")


def _halves(low: float, high: float, bottom: float, middle: float, top: float) -> int:
    """Tell which halves of a line a span touches: 1 the upper, 2 the lower."""
    return int(high > middle and low <= top) + 2 * int(low <= middle and high >= bottom)


# (body, body and wick): which halves each fills.
_SIGNS = {
    (0, 1): "╵", (0, 2): "╷", (0, 3): "│",
    (1, 1): "╹", (1, 3): "╿", (2, 2): "╻", (2, 3): "╽", (3, 3): "┃",
}  # fmt: skip


def _label(name: str) -> tuple[str, str]:
    return (name[: AXIS - 2].rjust(AXIS - 2) + " │", "dim")


def _line(
    name: str,
    values: Sequence[float],
    colors: Sequence[str],
    width: int,
    *,
    from_zero: bool = False,
) -> list[Text]:
    """Give values as blocks of different heights, with their range at the end or beneath."""
    finite = [value for value in values if math.isfinite(value)]
    text = Text.assemble(_label(name))
    if not finite:
        return [text.append("none", style="dim")]
    low, high = (0.0 if from_zero else min(finite)), max(finite)
    room = high - low
    for value, color in zip(values, colors):
        sign = " "
        if math.isfinite(value):
            share = (value - low) / room if room > 0 else 0.5
            sign = _BLOCKS[max(1, min(8, round(share * 8)))] if value or not from_zero else " "
        text.append(sign, style=color)
    told = f" {low:.6g} to {high:.6g}"
    if len(text) + len(told) <= width:
        return [text.append(told, style="dim")]
    return [text, Text(" " * (AXIS - 1) + told, style="dim")]


def _times(chart: Chart, width: int) -> list[Text]:
    first, last = (iso_text(chart.candles[place].time)[:16] for place in (0, -1))
    between = len(chart.candles) - len(first) - len(last)
    words = [first + " " * between + last if between > 1 else f"{first} to {last}"]
    if AXIS + len(words[0]) > width:
        words = [first, f"to {last}"]
    return [Text(" " * AXIS + line, style="dim") for line in words]
