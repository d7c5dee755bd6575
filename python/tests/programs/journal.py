# SPDX-License-Identifier: MIT
"""What a thread did and saw, line by line, in a file that outlives a SIGKILL.

A write is noted before it is tried and again when its call has returned: killed between the two,
its process does not know whether it was stored, and neither may anybody claim to.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Found = Mapping[str, Sequence[int]]
"""The versions that a read has seen, by register; one each, if all is well."""

TRIED, ACKNOWLEDGED, REFUSED, SAW = "tried", "acknowledged", "refused", "saw"


def now() -> int:
    """Nanoseconds of the one monotonic clock that all processes of the machine share."""
    return time.monotonic_ns()


class Journal:
    """One thread's file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def tried(self, register: str, version: int, began: int) -> None:
        self._note(TRIED, register, version, began)

    def acknowledged(self) -> None:
        """The write that was tried last has returned."""
        self._note(ACKNOWLEDGED, now())

    def refused(self) -> None:
        """The compare_and_set that was tried last gave False."""
        self._note(REFUSED, now())

    def look(self, read: Callable[[], Found]) -> Found:
        """Runs `read` and notes the versions that it gives, by register."""
        began = now()
        found = read()
        ended = now()
        for register, versions in found.items():
            self._note(SAW, register, began, ended, *versions)
        return found

    def _note(self, *words: object) -> None:
        # Straight to the system: a buffer of Python's would die with the process.
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())
