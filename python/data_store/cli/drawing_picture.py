# SPDX-License-Identifier: MIT
"""A chart as a picture, by matplotlib."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..errors import LibraryError
from .drawing import Chart
from .times import iso_text

__all__ = ["draw_picture"]

_UP, _DOWN, _GAP = "#2a8f5b", "#c2423b", "#e0a800"
_SIZE = (12.0, 6.75)


def draw_picture(chart: Chart, path: Path, kind: str) -> None:
    """Draw a chart into a file.

    Parameters
    ----------
    chart : Chart
        What is drawn.
    path : Path
        The file.
    kind : str
        Its format: png, svg, pdf.

    Raises
    ------
    LibraryError
        matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise LibraryError(
            "a picture needs matplotlib, which is not installed: pip install 'data_store[plot]'; "
            "without --out the chart is drawn in the terminal"
        ) from None
    below = [
        place
        for place in range(len(chart.features))
        if not (chart.has_prices and chart.on_prices(place))
    ]
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    heights = [4, 1, *[1] * len(below)]
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)
    prices, volume, *others = axes[:, 0]
    _candles(chart, prices)
    _volume(chart, volume)
    for place, name in enumerate(chart.features):
        axis = others[below.index(place)] if place in below else prices
        axis.plot(range(len(chart.candles)), chart.values(place), linewidth=1.2, label=name)
        axis.legend(loc="upper left", fontsize="small", frameon=False)
    for axis in axes[:, 0]:
        axis.grid(visible=True, alpha=0.25)
        for place, candle in enumerate(chart.candles):
            if candle.gaps:
                axis.axvspan(place - 0.5, place + 0.5, color=_GAP, alpha=0.25, linewidth=0)
    prices.set_title(chart.title, loc="left")
    _times(chart, axes[-1, 0])
    figure.savefig(path, format=kind, dpi=110)


def _candles(chart: Chart, axis: Any) -> None:
    thin = max(0.4, min(1.2, 300 / len(chart.candles)))
    for color, rises in ((_UP, True), (_DOWN, False)):
        drawn = [
            (place, candle)
            for place, candle in enumerate(chart.candles)
            if candle.has_prices and (candle.close >= candle.open) is rises
        ]
        places = [place for place, _ in drawn]
        axis.vlines(
            places,
            [candle.low for _, candle in drawn],
            [candle.high for _, candle in drawn],
            color=color,
            linewidth=thin,
        )
        bottoms = [min(candle.open, candle.close) for _, candle in drawn]
        tops = [max(candle.open, candle.close) for _, candle in drawn]
        heights = [top - bottom for top, bottom in zip(tops, bottoms)]
        axis.bar(places, heights, 0.7, bottoms, color=color, edgecolor=color, linewidth=0.5)


def _volume(chart: Chart, axis: Any) -> None:
    colors = [_UP if candle.close >= candle.open else _DOWN for candle in chart.candles]
    heights = [0.0 if math.isnan(candle.volume) else candle.volume for candle in chart.candles]
    axis.bar(range(len(heights)), heights, 0.7, color=colors, alpha=0.7)
    axis.set_ylabel("volume", fontsize="small")


def _times(chart: Chart, axis: Any) -> None:
    count = len(chart.candles)
    step = max(1, count // 8)
    places = list(range(0, count, step))
    texts = [iso_text(chart.candles[place].time) for place in places]
    is_daily = all(text[11:19] == "00:00:00" for text in texts)
    axis.set_xticks(
        places, [text[:10] if is_daily else text[:16].replace("T", "\n") for text in texts]
    )
    axis.set_xlim(-1, count)
