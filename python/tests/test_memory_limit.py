# SPDX-License-Identifier: MIT
"""What does not fit into memory is an error, not the end of the process.

Each call has a process of its own, whose address space it limits: what this one has freed and
kept would be room as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_store import DataStore

pytestmark = pytest.mark.sqlite_only("limits of the process that writes the file")

ROWS = 400_000
PROGRAMS = Path(__file__).parent / "programs"
PROGRAM = PROGRAMS / "read_beyond_memory.py"
SWEEP = PROGRAMS / "call_under_limits.py"
STEPS = 60 if os.environ.get("DATA_STORE_FULL_RUN") == "1" else 8


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


@pytest.mark.parametrize("kind", ["read", "read_features", "json", "sql"])
def test_a_read_too_large_for_memory_is_an_error_and_the_store_goes_on(
    many: Path, kind: str
) -> None:
    program = [sys.executable, "-X", "faulthandler", str(PROGRAM), str(many), kind, str(ROWS)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["read_features", "values", "write"])
def test_a_call_with_features_ends_well_under_any_limit(many: Path, kind: str) -> None:
    rooms = [str(4_000_000 + step * (48_000_000 // STEPS)) for step in range(STEPS)]
    program = [sys.executable, "-X", "faulthandler", str(SWEEP), str(many), kind, *rooms]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
