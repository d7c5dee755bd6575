# SPDX-License-Identifier: MIT
"""The machine and the software that figures were taken with."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# apsw is numbered as the SQLite that it brings.
_PACKAGES = "pandas", "pyarrow", "apsw", "adbc-driver-sqlite", "arcticdb"


def described(folder: Path) -> str:
    """Give a sentence for below a table; `folder` is where the databases lay."""
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return (
        f"{cpu_model()}, {os.cpu_count()} cores, {file_system(folder)}, "
        f"Linux {platform.release()}; SQLite {sqlite3.sqlite_version} (apsw and ADBC bring their "
        f"own), Python {platform.python_version()}, {packages}; {datetime.now(UTC).date()}."
    )


def cpu_model() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def file_system(folder: Path) -> str:
    """Name the kind of file system that `folder` lies on."""
    best, kind = Path("/"), "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, found, *_ = line.split()
        if folder.resolve().is_relative_to(mount) and Path(mount).is_relative_to(best):
            best, kind = Path(mount), found
    return kind


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
