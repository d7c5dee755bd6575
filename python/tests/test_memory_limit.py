# SPDX-License-Identifier: MIT
"""What does not fit into memory is an error, not the end of the process.

Each read has a process of its own, whose address space it limits: what this one has freed and
kept would be room as well. Unpacked features are not among them yet: the second thread that unpacks
them can still take the last memory, and the Swift runtime then ends the process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_store import DataStore

ROWS = 400_000
PROGRAM = Path(__file__).parent / "programs" / "read_beyond_memory.py"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a store with many bars."""
    path = tmp_path_factory.mktemp("many") / "market.db"
    index = pd.date_range("2020-01-01", periods=ROWS, freq="min", tz="UTC")
    numbers = np.arange(ROWS)
    with DataStore(path, durability="normal") as store:
        store.market.write(
            pd.DataFrame({"close": numbers / 3}, index=index),
            "EURUSD",
            "1m",
            features=pd.DataFrame({f"rank@{i}": numbers / 7 for i in range(3)}, index=index),
        )
    return path


@pytest.mark.parametrize("kind", ["read", "json", "sql"])
def test_a_read_too_large_for_memory_is_an_error_and_the_store_goes_on(
    many: Path, kind: str
) -> None:
    program = [sys.executable, "-X", "faulthandler", str(PROGRAM), str(many), kind, str(ROWS)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
