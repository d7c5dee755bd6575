# SPDX-License-Identifier: MIT
"""What a command line came to, and how a test runs one: see the fixture `shell`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Ended:
    """What a command line came to."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that ``--json`` gave."""
        found = json.loads(self.out)
        assert isinstance(found, list)
        return found


Shell = Callable[..., Ended]
