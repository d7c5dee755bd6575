# SPDX-License-Identifier: MIT
"""The machine and the software that figures were taken with."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def cpu_model() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def file_system(folder: Path) -> str:
    """Name the file system that `folder` lies on."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, found, *_ = line.split()
        if str(folder.resolve()).startswith(mount) and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def described(folder: Path) -> str:
    """Give a sentence for below a table."""
    packages = [
        f"{name} {_version(name)}" for name in ("pandas", "pyarrow", "apsw", "adbc-driver-sqlite")
    ]
    return (
        f"{cpu_model()}, {os.cpu_count()} cores, {file_system(folder)}, "
        f"Linux {platform.release()}, "
        f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}; {packages}; "
        f"{datetime.now(UTC).date()}. apsw {_apsw_sqlite()}and ADBC bring SQLites of their own."
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _apsw_sqlite() -> str:
    try:
        import apsw
    except ImportError:
        return ""
    return f"({apsw.sqlite_lib_version()}) "
