# SPDX-License-Identifier: MIT
"""Imports where they are used: what opening a file does not take is loaded later."""

from __future__ import annotations

import sys

from ..errors import StorageError
from .signals import pass_on

__all__ = ["at_first_use"]


class _AtFirstUse:
    """Around an import where it is used: Python opens files, and may be out of descriptors."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            pass_on(error)
            raise StorageError(
                f"a module of data_store cannot be loaded: {error}. Check that a file descriptor "
                "is left (ulimit -n) and that the package can be read"
            ) from error
        if isinstance(error, ImportError) and sys.is_finalizing():
            raise StorageError(
                f"a module of data_store cannot be loaded: {error}. The interpreter is ending: use"
                " the store before that, e.g. from atexit.register() instead of __del__"
            ) from error


at_first_use = _AtFirstUse()
