# SPDX-License-Identifier: MIT
"""What a trading desk does all day, and who does it. See `../desk.py`."""

from __future__ import annotations

from importlib import import_module

CONTENDERS = {
    "ours": ("ours", "Ours"),
    "sqlite3": ("sqlite3_module", "Sqlite3"),
    "c": ("c_library", "CLibrary"),
}
TITLES = {"ours": "data_store", "sqlite3": "sqlite3", "c": "C"}


def load(name: str) -> type:
    """Import a contender's class."""
    module, kind = CONTENDERS[name]
    found: type = getattr(import_module(f"{__name__}.{module}"), kind)
    return found
