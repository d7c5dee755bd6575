# SPDX-License-Identifier: MIT
"""``data-store verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from ..guard import FOUND, ended_well, say
from ..options import CsvFlag, JsonFlag, opened, shown
from ..output import form_of, write_rows
from ..progress import waiting

EXAMPLES = """
data-store verify market.db other.db && echo equal
data-store verify market.db "postgresql://trader@db.example/market" --limit 100 --csv
"""


def verify(
    one: Annotated[str, typer.Argument(metavar="ONE", help="A store.", show_default=False)],
    other: Annotated[
        str, typer.Argument(metavar="OTHER", help="Another store.", show_default=False)
    ],
    limit: Annotated[
        int, typer.Option(min=1, help="How many differences to look for; the first come first.")
    ] = 1,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Compare two stores, row by row.

    Both may be files or servers. Exit status 1 if they differ: the first bar, request or state
    value that does is named, with the column and both values. "Here" is the first store. Compare
    while nothing writes to them.
    """
    form = form_of(as_json, as_csv)
    with ended_well(), opened(one) as here, opened(other) as there:
        both = f"{shown(one, here)} and {shown(other, there)}"
        with waiting(f"comparing {both}"):
            found = here.differences(there, limit=limit)
        if form in ("json", "csv"):
            columns = ["part", "kind", "symbol", "timeframe", "time", "key", "column"]
            write_rows([*columns, "here", "there"], [difference[:9] for difference in found], form)
        else:
            for difference in found:
                print(difference)
        if found:
            raise typer.Exit(FOUND)
        say(f"{both} hold the same")
