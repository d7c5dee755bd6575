# SPDX-License-Identifier: MIT
"""``data-store copy``."""

from __future__ import annotations

from typing import Annotated

import typer

from ...core import DataStore
from ..guard import counted, ended_well, say
from ..options import JsonFlag, Timeout, opened, shown
from ..output import json_text
from ..progress import counted as showing

EXAMPLES = """
data-store copy market.db other.db
data-store copy market.db "postgresql://trader@db.example/market"
data-store copy "postgresql://trader@db.example/market" market.db --json
"""

Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="The store to copy.", show_default=False)
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="The store to copy to; made if it is absent.", show_default=False
    ),
]


def copy(
    source: Source, target: Target, timeout: Timeout = 10.0, as_json: JsonFlag = False
) -> None:
    """Copy a store into another one, and verify the copy.

    Both may be files or servers. Bars, features, requests and state, exact to the digit. What the
    target has already is compared and not written again, so run it again after it was stopped, or
    to bring over what has changed. What the target has beside is left alone.
    """
    stopped = "interrupted: what was copied is stored; run it again to go on"
    with ended_well(stopped), opened(source) as found, DataStore(target, timeout=timeout) as made:
        copied = shown(source, found)
        with showing(f"copying {copied}", "bars") as progress:
            done = found.copy_to(made, progress=progress)
        if as_json:
            print(json_text(done, indent=2))
            return
        say(
            f"{shown(target, made)}: equal to {copied} in {counted(done['bars'], 'bar')} of"
            f" {done['series']:,} series, {counted(done['requests'], 'request')},"
            f" {counted(done['states'], 'state value')}"
        )
        say(
            f"written: {counted(done['bars_written'], 'bar')},"
            f" {counted(done['requests_written'], 'request')},"
            f" {counted(done['states_written'], 'state value')}"
        )
