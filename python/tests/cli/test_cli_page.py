# SPDX-License-Identifier: MIT
"""docs/cli.md and the man page are the help of the commands, as it is now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import data_store

ROOT = Path(__file__).resolve().parents[3]


def made_by(*options: str) -> str:
    package = str(Path(data_store.__file__).parents[1])
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "command-line", *options],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": package},
    ).stdout  # fmt: skip


def test_the_page_is_current() -> None:
    made = made_by()
    assert made.count("### data-store ") >= 18
    page = (ROOT / "docs" / "cli.md").read_text()
    assert made.strip() in page, "run .ci/command-line --write"


def test_the_man_page_is_current() -> None:
    made = made_by("--man")
    assert made.count("\n.Ss ") >= 18
    page = (ROOT / "python" / "data-store.1").read_text()
    assert made == page, "run .ci/command-line --write"
