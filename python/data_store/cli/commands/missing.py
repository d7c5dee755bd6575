# SPDX-License-Identifier: MIT
"""``data-store missing``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from ..guard import FOUND, ended_well, fail, say
from ..latest import first_and_last
from ..options import CsvFlag, End, JsonFlag, Start, StorePath, Symbol, Timeframe, opened
from ..output import form_of, write_rows
from ..times import duration_seconds, iso_text

EXAMPLES = """
data-store missing market.db EURUSD 1h
data-store missing market.db EURUSD 1h --every 1h --start 2026-03-01 --end 2026-03-31 --csv
"""


def missing(
    store: StorePath,
    symbol: Symbol,
    timeframe: Timeframe,
    start: Start = None,
    end: End = None,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="How far apart bars are, such as 15m or 1d; else as the timeframe says.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List runs of bars that are not there.

    Exit status 1 if there are any.

    Times are expected from --start on (else from the first bar), one every so often, whatever the
    market's hours.
    """
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        seconds = duration_seconds(every or timeframe)
        first, last = first_and_last(found, symbol, timeframe)
        if first is None and (start is None or end is None):
            raise fail(f"{symbol} {timeframe}: there are no bars; say --start and --end")
        frame = found.market.missing(
            symbol,
            timeframe,
            start if start is not None else _text(first),
            end if end is not None else _text(last),
            expected=_step(seconds),
        )
        rows = [
            (_text(run.start), _text(run.end), int(run.bars))
            for run in frame.itertuples(index=False)
        ]
        write_rows(["start", "end", "bars"], rows, form)
        if rows:
            say(f"{sum(row[2] for row in rows):,} bars are missing, in {len(rows):,} runs")
            raise typer.Exit(FOUND)
        say("no bars are missing")


def _text(time: Any) -> str:
    return iso_text(time if isinstance(time, int) else time.value)


def _step(seconds: float) -> Any:
    try:
        import pandas as pd
    except ImportError:
        return dt.timedelta(seconds=seconds)
    return pd.Timedelta(seconds=seconds)
