# SPDX-License-Identifier: MIT
"""``data-store backup``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ..guard import ended_well, say
from ..options import StorePath, opened, shown
from ..progress import counted

EXAMPLES = """
data-store backup market.db copies/market-2026-03-01.db
data-store backup market.db copies/latest.db --overwrite
"""


def backup(
    store: StorePath,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The copy.", show_default=False)],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a copy that exists.", show_default=False)
    ] = False,
) -> None:
    """Copy one snapshot of a store, while others write.

    The copy appears whole or not at all.
    """
    with ended_well("interrupted: no copy was made"), opened(store) as found:
        with counted(f"copying {shown(store, found)}") as progress:
            found.backup(target, overwrite=overwrite, progress=progress)
        say(f"{target}: {os.path.getsize(target):,} bytes")
