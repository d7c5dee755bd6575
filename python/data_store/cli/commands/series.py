# SPDX-License-Identifier: MIT
"""``data-store series``."""

from __future__ import annotations

from typing import Annotated

import typer

from ..guard import ended_well
from ..inventory import series_of
from ..options import CsvFlag, JsonFlag, StorePath, opened
from ..output import form_of, write_rows
from ..progress import waiting
from ..times import iso_text

EXAMPLES = """
data-store series market.db
data-store series market.db --no-counts --csv
"""


def series(
    store: StorePath,
    counts: Annotated[
        bool, typer.Option(help="Count bars and gaps, which looks at every row.")
    ] = True,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List what is stored: symbols, timeframes, bars, gaps."""
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        with waiting("counting"):
            listed = series_of(found, counts=counts)
        columns = ["symbol", "timeframe", "first", "last", "bars", "gaps"]
        rows = [
            (one.symbol, one.timeframe, iso_text(one.first), iso_text(one.last), one.bars, one.gaps)
            for one in listed
        ]
        width = len(columns) if counts else 4
        write_rows(columns[:width], [row[:width] for row in rows], form)
