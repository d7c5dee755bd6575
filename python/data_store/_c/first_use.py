# SPDX-License-Identifier: MIT
"""Imports where they are used: what opening a file does not take is loaded later.

A fork waits until such an import has ended. The lock of a module that another thread is importing
would stay locked in the child, which does not have that thread, and the child's own import of it
would wait for good (``importlib._bootstrap._ModuleLock``).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import partial

from ..errors import StorageError
from .signals import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    Made = TypeVar("Made")
else:
    Made = object

    class Generic:
        def __class_getitem__(cls, made: object) -> type:
            return cls


__all__ = ["at_first_use", "made_at_first_use"]

# Seconds that a fork waits: a module of the caller's may fork while it is imported.
_PATIENCE = 10.0


class _AtFirstUse:
    """Around an import where it is used: Python opens files, and may be out of descriptors.

    To be entered behind its `lock`, ``with at_first_use.lock, at_first_use:``. All that takes and
    releases the lock is C: between two steps of Python code, a signal handler may raise.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        os.register_at_fork(
            before=partial(self.lock.acquire, timeout=_PATIENCE),
            after_in_parent=self.lock.release,
            # As the standard library frees its own, even where a thread that is gone held it.
            after_in_child=getattr(self.lock, "_at_fork_reinit", self.lock.release),
        )

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


class made_at_first_use(Generic[Made]):  # noqa: N801 - as functools.cached_property, a decorator
    """A property that is made once, by what is imported for it.

    ``functools.cached_property`` holds a lock meanwhile in Python 3.11, which a fork would leave
    locked. Here, of two threads that make one at once, both get the first.
    """

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self.__doc__ = make.__doc__
        self._make = make
        self._name = make.__name__

    def __get__(self, instance: Any, owner: type | None = None) -> Made:
        if instance is None:
            return self  # type: ignore[return-value]
        with at_first_use.lock, at_first_use:
            made = self._make(instance)
        found: Made = vars(instance).setdefault(self._name, made)
        return found
