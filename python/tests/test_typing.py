# SPDX-License-Identifier: MIT
"""A type checker finds in a user's program the types that it says, and refuses its mistakes."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "typing"


def is_there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's folder: what it knows of the package is what is installed."""
    shutil.copy(PROGRAMS / "program.py", tmp_path)
    if is_there("polars"):
        shutil.copy(PROGRAMS / "with_polars.py", tmp_path)
    return tmp_path


@pytest.mark.skipif(not is_there("basedpyright"), reason="needs basedpyright")
@pytest.mark.skipif(not is_there("pandas-stubs"), reason="needs pandas-stubs")
def test_pyright_finds_the_types_that_a_program_says(project: Path) -> None:
    settings = {
        "typeCheckingMode": "strict",
        "enableTypeIgnoreComments": True,
        "reportUnnecessaryTypeIgnoreComment": True,
    }
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    ran = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
