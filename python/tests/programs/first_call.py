# SPDX-License-Identifier: MIT
"""Makes one call, its first, without a file descriptor left: ``first_call.py PATH NAME``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from calls import EVERY
from test_descriptors import outcome, spare_descriptors

from data_store import DataStore

with DataStore(sys.argv[1]) as store:
    with spare_descriptors(0):
        found = outcome(lambda: EVERY[sys.argv[2]](store))
    assert store.check() == []
print(found)
