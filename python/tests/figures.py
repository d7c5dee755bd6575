# SPDX-License-Identifier: MIT
"""How much a proof does, and what it counted, for the table at the end of `make test-all`."""

from __future__ import annotations

import os

IS_FULL_RUN = os.environ.get("DATA_STORE_FULL_RUN") == "1"
"""The full count of each proof; else a sample."""


def figure(label: str, value: str) -> None:
    """Appends a line to the file that DATA_STORE_FIGURES names, where it names one."""
    name = os.environ.get("DATA_STORE_FIGURES")
    if name:
        with open(name, "a", encoding="utf-8") as table:
            table.write(f"{label}\t{value}\n")
