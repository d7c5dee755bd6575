# SPDX-License-Identifier: MIT
"""``data-store info``."""

from __future__ import annotations

from typing import Any

from ..guard import ended_well
from ..options import CsvFlag, JsonFlag, StorePath, opened
from ..output import form_of, write_object

EXAMPLES = """
data-store info market.db
data-store info market.db --json | jq .rows
"""


def info(store: StorePath, as_json: JsonFlag = False, as_csv: CsvFlag = False) -> None:
    """Tell what a store is: versions, settings, sizes, rows."""
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        values: dict[str, Any] = found.info()
        for name in ("last_checkpoint", "read_only", "synchronous", "durability"):
            del values[name]  # of this process, which has just opened it to read
        if server := values.pop("server"):
            del server["synchronous_commit"]  # the same
            values = {
                name: values[name] for name in ("path", "library_version", "abi_version", "rows")
            } | {"server": server}
        write_object(values, form)
