# SPDX-License-Identifier: MIT
"""The error for a command line that does not say enough, or says something that cannot be."""

from __future__ import annotations

from ..errors import InvalidInputError

__all__ = ["UsageError"]


class UsageError(InvalidInputError):
    """The command line is wrong; exit status 2."""
