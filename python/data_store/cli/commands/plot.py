# SPDX-License-Identifier: MIT
"""``data-store plot``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from ...errors import InvalidInputError
from ..arrow_in import batches_of
from ..drawing import Chart, chart_of
from ..guard import ended_well, say
from ..latest import LatestBars
from ..options import End, Start, StorePath, Symbol, Timeframe, opened
from ..targets.files import appearing

EXAMPLES = """
data-store plot market.db EURUSD 1h
data-store plot market.db EURUSD 1h --start 2026-03-01 --end 2026-03-07 --feature rsi@2.1
data-store plot market.db EURUSD 1h --last 300 --out eurusd.png
"""

_COLUMNS = ["open", "high", "low", "close", "volume", "is_gap"]
_IN_PICTURE = 300
_KINDS = ("png", "svg", "pdf")


def plot(
    store: StorePath,
    symbol: Symbol,
    timeframe: Timeframe,
    start: Start = None,
    end: End = None,
    last: Annotated[
        Optional[int],
        typer.Option(
            min=1, help="The latest so many bars; else as many as fit.", show_default=False
        ),
    ] = None,
    feature: Annotated[
        Optional[list[str]],
        typer.Option(
            help="Draw a feature, such as rsi@2.1; may be given again.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Optional[str],
        typer.Option(
            "--out", "-o", metavar="FILE", help="A picture: .png, .svg or .pdf.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a picture.", show_default=False)
    ] = False,
    height: Annotated[int, typer.Option(min=4, max=200, help="Lines for the prices.")] = 16,
    width: Annotated[
        Optional[int],
        typer.Option(min=20, help="Characters; else those of the terminal.", show_default=False),
    ] = None,
) -> None:
    """Draw candles, volume, gaps and features.

    In the terminal, or with --out as a picture. Where more bars are asked for than columns fit,
    neighbors are drawn as one candle. Bars that are marked as gaps have a yellow mark.
    """
    keys = list(feature or [])
    kind = Path(out).suffix.lower().lstrip(".") if out else ""
    if out and kind not in _KINDS:
        raise typer.BadParameter(f"a name that ends with {', '.join(_KINDS)}", param_hint="--out")
    if last is not None and (start is not None or end is not None):
        raise typer.BadParameter("goes without --start and --end", param_hint="--last")
    from ..drawing_text import candles_in

    wide = width or shutil.get_terminal_size().columns
    most = None if out else candles_in(wide)
    count = last if last is not None else (_IN_PICTURE if out else most)
    with ended_well(), opened(store) as found:
        if start is None and end is None:
            rows: Any = LatestBars(found, symbol, timeframe, count or 1, _COLUMNS, keys)
        else:
            rows = found.market.read_arrow(
                symbol, timeframe, start, end, columns=_COLUMNS, features=keys
            )
        columns: dict[str, list[Any]] = {}
        for batch in batches_of(rows):
            for name, values in batch.columns.items():
                columns.setdefault(name, []).extend(values)
        if not columns["timestamp"]:
            raise InvalidInputError(f"{symbol} {timeframe}: there are no bars to draw")
        chart = chart_of(f"{symbol} {timeframe}", columns, keys, most if not out else 4000)
        if out:
            _picture(chart, out, kind, overwrite)
        else:
            _terminal(chart, height, wide)
        if chart.per_candle > 1:
            say(f"{chart.bars:,} bars; each candle is made of {chart.per_candle:,}")


def _picture(chart: Chart, out: str, kind: str, overwrite: bool) -> None:
    from ..drawing_picture import draw_picture

    with appearing(out, overwrite=overwrite) as part:
        draw_picture(chart, part, kind)
    say(f"{out}: {len(chart.candles):,} candles, {os.path.getsize(out):,} bytes")


def _terminal(chart: Chart, height: int, width: int) -> None:
    from rich.console import Console

    from ..drawing_text import in_text

    console = Console(file=sys.stdout, width=width, highlight=False, soft_wrap=True)
    console.print(in_text(chart, height, width, sys.stdout.encoding or "utf-8"))
