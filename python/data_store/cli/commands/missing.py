# SPDX-License-Identifier: MIT
"""``data-store missing``."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ..guard import FOUND, counted, ended_well, fail, say
from ..inventory import missing_runs
from ..latest import first_and_last
from ..options import CsvFlag, End, JsonFlag, Start, StorePath, Symbol, Timeframe, opened
from ..output import form_of, write_rows
from ..times import duration_ns, iso_text
from ..usage import UsageError

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
        Optional[str],
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
        step = _step(every, timeframe)
        first, last = first_and_last(found, symbol, timeframe)
        if first is not None and last is not None:
            start = iso_text(first) if start is None else start
            end = iso_text(last) if end is None else end
        if start is None or end is None:
            raise fail(f"{symbol} {timeframe}: the series has no bars; say --start and --end")
        rows = [
            (iso_text(begins), iso_text(ends), count)
            for begins, ends, count in missing_runs(found, symbol, timeframe, start, end, step)
        ]
        write_rows(["start", "end", "bars"], rows, form)
        if rows:
            bars = sum(row[2] for row in rows)
            say(f"missing: {counted(bars, 'bar')}, in {counted(len(rows), 'run')}")
            raise typer.Exit(FOUND)
        say("no bars are missing")


def _step(every: str | None, timeframe: str) -> int:
    """Give the nanoseconds between two bars."""
    try:
        return duration_ns(every or timeframe)
    except UsageError as error:
        if every is not None:
            raise
        raise UsageError(f"{error}; say it with --every") from None
