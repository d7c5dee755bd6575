# SPDX-License-Identifier: MIT
"""What a proof counted, for the table at the end of `make test-all`."""

from __future__ import annotations

import os


def figure(label: str, value: str) -> None:
    """Appends a line to the file that DATA_STORE_FIGURES names, where it names one."""
    name = os.environ.get("DATA_STORE_FIGURES")
    if name:
        with open(name, "a", encoding="utf-8") as table:
            table.write(f"{label}\t{value}\n")
