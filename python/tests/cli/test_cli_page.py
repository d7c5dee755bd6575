# SPDX-License-Identifier: MIT
"""docs/cli.md is the help of the commands, as it is now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import data_store

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_current() -> None:
    package = str(Path(data_store.__file__).parents[1])
    made = subprocess.run(
        [sys.executable, ROOT / ".ci" / "command-line"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": package},
    ).stdout  # fmt: skip
    assert made.count("### data-store ") >= 18
    page = (ROOT / "docs" / "cli.md").read_text()
    assert made.strip() in page, "run .ci/command-line --write"
