# SPDX-License-Identifier: MIT
"""Which calls may be made now, and which wait for the end of a transaction."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from typing import Any, Protocol

from ..errors import BusyError, ClosedError, DataStoreError
from ._worker import Job, Worker

__all__ = ["Turns", "current_task"]


class _Owner(Protocol):
    """A transaction that is open, or is about to be."""

    @property
    def task(self) -> asyncio.Task[Any] | None: ...


def current_task() -> asyncio.Task[Any] | None:
    """Give the task that is running, if there is one."""
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop is running
        return None


class Turns:
    """Hands calls to the worker in the order in which they are made.

    While a transaction is open, the calls of its task go on. Others would become part of it in
    the worker's thread: their reads go to a second thread, which sees the last commit, and their
    writes wait in turn.
    """

    def __init__(self) -> None:
        # Taken again by what the garbage collector ends meanwhile.
        self._guard = threading.RLock()
        self._worker = Worker("data_store")
        self._reader = Worker("data_store reader")
        self._owner: _Owner | None = None
        self._waiting: deque[tuple[Job[Any], _Owner | None]] = deque()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

    def owns(self, task: asyncio.Task[Any] | None) -> bool:
        """Tell whether the open transaction is this task's."""
        owner = self._owner  # another thread may end it meanwhile
        return task is not None and owner is not None and owner.task is task

    def submit(self, job: Job[Any], *, reads: bool = False, begins: _Owner | None = None) -> bool:
        """Have a call made as soon as it may be; tell whether that is now."""
        with self._guard:
            if self._is_closed:
                raise _closed_error()
            if self._owner is None or self.owns(job.task):
                self._start(job, begins)
            elif reads:
                self._reader.put(job)
            else:
                self._waiting.append((job, begins))
                return False
            return True

    def _start(self, job: Job[Any], begins: _Owner | None) -> None:
        if begins is not None and self._owner is None:
            self._owner = begins
        self._worker.put(job)

    def end(self, owner: _Owner, job: Job[Any]) -> bool:
        """Have `job` end a transaction of the owner's task; if it is the outermost, others go on.

        Returns
        -------
        bool
            Whether the job is made. Not if the store was closed, which has ended the transaction.
        """
        with self._guard:
            if self._is_closed:
                return False
            self._worker.put(job)
            if self._owner is owner:
                self._owner = None
                while self._waiting and self._owner is None:
                    self._start(*self._waiting.popleft())
            return True

    def withdraw(self, job: Job[Any]) -> bool:
        """Take back a call that is waiting; tell whether it was."""
        with self._guard:
            for entry in tuple(self._waiting):
                if entry[0] is job:
                    self._waiting.remove(entry)
                    return True
            return False

    def close(self, job: Job[Any]) -> None:
        """Have `job` close the store, after the calls that were made; refuse all others."""
        with self._guard:
            if self._is_closed:
                return
            self._is_closed = True
            waiting, self._waiting = self._waiting, deque()
            self._owner = None
            self._worker.put(job)
            self.stop()
        for refused, _ in waiting:
            refused.fail(_closed_error())

    def interrupt(self) -> None:
        """Make the calls that are running stop."""
        self._worker.interrupt()
        self._reader.interrupt()

    def stop(self) -> None:
        """End the threads after the calls that were made."""
        self._worker.stop()
        self._reader.stop()

    # ---- Waiting that would last -----------------------------------------------------------

    def refuse_if_endless(self, job: Job[Any]) -> bool:
        """Refuse a call that waits for a task which waits for it; tell whether it still waits."""
        owner = self._owner
        if owner is not None and owner.task is not None and _waits_for(owner.task, job.task):
            self.refuse(
                job,
                "the task of the open transaction waits for this one, which would wait for its"
                " end: within `async with store.transaction()`, await calls of the store directly,"
                " not by way of gather, wait_for, create_task or a TaskGroup",
            )
            return False
        return any(entry[0] is job for entry in tuple(self._waiting))

    def refuse(self, job: Job[Any], reason: str) -> None:
        """Refuse a call that is waiting."""
        if self.withdraw(job):
            job.fail(BusyError(reason))


def _closed_error() -> DataStoreError:
    return ClosedError("the store is closed; open it again")


def _waits_for(waiter: asyncio.Task[Any], task: asyncio.Task[Any] | None) -> bool:
    """Tell whether a task is seen to wait for another: by `await`, `gather`, a TaskGroup, ….

    What asyncio does not show of this is not seen; then the timeout ends the wait.
    """
    target = getattr(waiter, "_fut_waiter", None)
    if target is None or task is None:
        return False
    if target is task or task in getattr(target, "_children", ()):
        return True
    return any(
        _leads_to(callback, target) for callback, _ in getattr(task, "_callbacks", None) or ()
    )


def _leads_to(callback: Any, target: object) -> bool:
    """Tell whether a callback at the end of a task ends the wait for `target`."""
    group = getattr(callback, "__self__", None)
    if getattr(group, "_on_completed_fut", None) is target:
        return True
    arguments = getattr(callback, "args", ())  # of a partial function
    cells = getattr(callback, "__closure__", None) or ()
    with suppress(ValueError):  # a cell that is empty
        return any(part is target for part in (*arguments, *(cell.cell_contents for cell in cells)))
    return False
