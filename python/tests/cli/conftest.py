# SPDX-License-Identifier: MIT
"""Runs the command line: within this process, or as a program of its own."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from shells import Ended, Shell

from data_store.cli.app import run


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """``shell("read", path, "A", "1h", stdin="...")``, within this process."""

    def call(*arguments: object, stdin: str | bytes | None = None) -> Ended:
        if stdin is not None:
            raw = stdin.encode() if isinstance(stdin, str) else stdin
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(raw))))
        capfd.readouterr()
        status = run([str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Ended(status, out, err)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for files to import and export."""
    made = tmp_path / "files"
    made.mkdir()
    return made
