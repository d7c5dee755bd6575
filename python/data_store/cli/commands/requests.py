# SPDX-License-Identifier: MIT
"""``data-store requests``."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ..guard import ended_well
from ..inventory import REQUEST_COLUMNS, requests_of
from ..options import CsvFlag, End, JsonFlag, Start, StorePath, opened
from ..output import form_of, write_rows

EXAMPLES = """
data-store requests market.db
data-store requests market.db --symbol EURUSD --start 2026-03-01 --json
"""


def requests(
    store: StorePath,
    symbol: Annotated[
        Optional[str], typer.Option(show_default=False, help="Of this symbol.")
    ] = None,
    timeframe: Annotated[
        Optional[str], typer.Option(show_default=False, help="Of this timeframe.")
    ] = None,
    start: Start = None,
    end: End = None,
    limit: Annotated[
        Optional[int], typer.Option(min=0, help="The first so many.", show_default=False)
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List how ranges of bars were obtained."""
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        listed = requests_of(found, symbol, timeframe, start, end, limit)
        write_rows(REQUEST_COLUMNS, [tuple(one.values()) for one in listed], form)
