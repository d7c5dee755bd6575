# SPDX-License-Identifier: MIT
"""``data-store checkpoint``."""

from __future__ import annotations

from ..guard import ended_well
from ..options import CsvFlag, JsonFlag, StorePath, Timeout, opened
from ..output import form_of, write_object
from ..progress import waiting

EXAMPLES = """
data-store checkpoint market.db
data-store checkpoint market.db --json
"""


def checkpoint(
    store: StorePath, as_json: JsonFlag = False, as_csv: CsvFlag = False, timeout: Timeout = 10.0
) -> None:
    """Copy the write-ahead log into the database file.

    The store does so by itself as the log grows.
    """
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store, writes=True, timeout=timeout) as found:
        with waiting("copying the log"):
            result = found.checkpoint()
        write_object(result, form)
