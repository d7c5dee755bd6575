# SPDX-License-Identifier: MIT
"""Which processes have a store open, and which of them hold its log back (Linux)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Holder", "holders_of"]

# Where SQLite's WAL locks lie in the -shm file: https://sqlite.org/walformat.html#locks
_WRITER, _FIRST_READER, _LAST_READER = 120, 123, 127


class Holder(NamedTuple):
    """A process that has the store open."""

    pid: int
    command: str
    reads: bool
    """It is reading now: what was written since cannot be folded into the file."""
    writes: bool


def holders_of(path: str) -> list[Holder]:
    """Give the processes that have the file open, as far as this user may see them.

    Locks of descriptions rather than of processes have no owner in ``/proc/locks``: of those only
    that the process has the file open is known.
    """
    shared = path + "-shm"
    locks = _locks(shared)
    found = []
    for pid in _processes(path):
        mine = [span for owner, span in locks if owner == pid]
        reads = any(low <= _LAST_READER and high >= _FIRST_READER for low, high in mine)
        writes = any(low <= _WRITER <= high for low, high in mine)
        found.append(Holder(pid, _command(pid), reads, writes))
    return found


def _processes(path: str) -> list[int]:
    try:
        wanted = os.stat(path)
        pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError:
        return []
    return [pid for pid in pids if pid != os.getpid() and _has_open(pid, wanted)]


def _has_open(pid: int, wanted: os.stat_result) -> bool:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:  # gone, or another user's
        return False
    for name in names:
        try:
            found = os.stat(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def _locks(shared: str) -> list[tuple[int, tuple[int, int]]]:
    """Give owner and bytes of each lock: ``1: POSIX ADVISORY READ 812 fe:01:39 124 124``."""
    try:
        inode = os.stat(shared).st_ino
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        words = [word for word in line.split() if word != "->"]
        if len(words) < 8 or not words[5].endswith(f":{inode}"):
            continue
        high = 2**63 if words[7] == "EOF" else int(words[7])
        found.append((int(words[4]), (int(words[6]), high)))
    return found


def _command(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return " ".join(raw.decode(errors="replace").split("\0")).strip()[:80]
