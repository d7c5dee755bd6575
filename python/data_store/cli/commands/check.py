# SPDX-License-Identifier: MIT
"""``data-store check``."""

from __future__ import annotations

import typer

from ..guard import FOUND, ended_well, say
from ..options import CsvFlag, JsonFlag, StorePath, opened, shown
from ..output import form_of, write_rows
from ..progress import counted

EXAMPLES = """
data-store check market.db && echo sound
"""


def check(store: StorePath, as_json: JsonFlag = False, as_csv: CsvFlag = False) -> None:
    """Look for damage; exit status 1 if there is any.

    What is not as the store writes it is found, too, such as another tool's timestamps. Every page
    and row is read, which takes as long as reading the file.
    """
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        with counted("reading every page and row") as progress:
            findings = found.check(progress=progress)
        if findings or form in ("json", "csv"):
            write_rows(["finding"], [(finding,) for finding in findings], form)
        if findings:
            raise typer.Exit(FOUND)
        say(f"{shown(store, found)}: nothing was found")
