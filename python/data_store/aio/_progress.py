# SPDX-License-Identifier: MIT
"""``progress=`` of a call whose thread is not the event loop's."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from .._progress import Progress, Tell, is_wanted

__all__ = ["on_loop"]


def on_loop(progress: Progress) -> Progress:
    """Give what the store's thread may call instead of `progress`, which the loop calls."""
    if isinstance(progress, bool) or not is_wanted(progress) or not callable(progress):
        return progress
    return _OnLoop(progress)


class _OnLoop:
    """Has the loop that is running call `tell`; the store's thread does not wait for that.

    What it raises is raised in the store's thread by the next report, which stops the call. After
    the last report there is none: the loop's exception handler has it then.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._raised: BaseException | None = None

    def __call__(self, done: int, total: int | None) -> None:
        """Report; in the store's thread."""
        if self._raised is not None:
            raise self._raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._call, done, total)

    def _call(self, done: int, total: int | None) -> None:
        if self._raised is not None:
            return
        try:
            self._tell(done, total)
        except Exception as error:
            if done == total:
                raise
            self._raised = error
