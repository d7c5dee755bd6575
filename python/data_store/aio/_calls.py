# SPDX-License-Identifier: MIT
"""Makes the calls of a store in its worker's thread, and waits for them in a task."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from ..core import DataStore
from ..errors import ClosedError
from ._turns import Turns, current_task
from ._worker import Job

__all__ = ["Calls"]

T = TypeVar("T")

_CHECKED_EVERY = 0.05  # seconds between two looks for a wait that would last


class Calls:
    """The store behind the coroutines, its threads and its turns.

    Parameters
    ----------
    open_store : callable
        Opens the store; called at the first call, in the worker's thread.
    timeout : float
        Seconds that a write waits for the transaction of another task.
    """

    def __init__(self, open_store: Callable[[], DataStore], timeout: float) -> None:
        self._open_store = open_store
        self._timeout = timeout
        self._store: DataStore | None = None
        self._opening = threading.Lock()
        self._turns = Turns()
        self._pid = os.getpid()
        self._closed: concurrent.futures.Future[None] = concurrent.futures.Future()

    @property
    def store(self) -> DataStore | None:
        """The store, once it is open."""
        return self._store

    @property
    def is_closed(self) -> bool:
        """Whether every call raises `ClosedError`."""
        return self._turns.is_closed or os.getpid() != self._pid

    async def read(self, function: Callable[[DataStore], T]) -> T:
        """Make a call that only reads."""
        return await self._make(self._job(function), reads=True)

    async def write(self, function: Callable[[DataStore], T]) -> T:
        """Make a call that writes."""
        return await self._make(self._job(function))

    async def begin(self, function: Callable[[DataStore], T], transaction: Any) -> T:
        """Make the call that begins a transaction."""
        return await self._make(self._job(function), begins=transaction)

    async def end(self, function: Callable[[], T], transaction: Any) -> T:
        """Make the call that ends a transaction; it is made even if the task is cancelled."""
        job = Job(function, current_task(), must_run=True)
        future = job.awaited()
        if os.getpid() != self._pid:
            return function()
        if not self._turns.end(transaction, job):
            await self._until_closed()
            return function()
        return await self._result(job, future)

    def end_unheard(self, function: Callable[[], object], transaction: Any) -> None:
        """Make the call that ends a transaction; no task is there to hear of it."""
        if os.getpid() == self._pid:
            self._turns.end(transaction, Job(_unheard(function), None, must_run=True))

    def interrupt(self) -> None:
        """Make the calls that are running stop, and those of the store that are none of these."""
        if os.getpid() != self._pid or self._closed.done():
            raise ClosedError("the store is closed; open it again")
        self._turns.interrupt()
        if self._store is not None:
            self._store.interrupt()

    async def close(self) -> None:
        """Close the store after the calls that were made."""
        if os.getpid() != self._pid:
            return
        self._turns.close(Job(self._close, None, must_run=True))
        await self._until_closed()

    def __del__(self, _getpid: Callable[[], int] = os.getpid) -> None:
        """End the threads; a call that is running keeps this object."""
        if _getpid() == getattr(self, "_pid", None):
            self._turns.stop()

    # ---- In the task -------------------------------------------------------------------------

    def _job(self, function: Callable[[DataStore], T]) -> Job[T]:
        if os.getpid() != self._pid:  # before any lock: a thread that is gone may hold it
            raise ClosedError(
                "the store was opened before a fork: it is closed in the child; open it there"
            )
        return Job(lambda: function(self._opened()), current_task())

    async def _make(self, job: Job[T], *, reads: bool = False, begins: Any = None) -> T:
        future = job.awaited()
        if not self._turns.submit(job, reads=reads, begins=begins):
            self._watch(job, asyncio.get_running_loop().time() + self._timeout)
        return await self._result(job, future)

    async def _result(self, job: Job[T], future: asyncio.Future[T]) -> T:
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not self._turns.withdraw(job) and job.cancel():
                await _settled(future)
            raise
        except GeneratorExit:  # the task is dropped: nothing may be awaited
            self._turns.withdraw(job)
            job.forget()
            raise

    def _watch(self, job: Job[Any], until: float) -> None:
        """Look now and then whether a call that waits should go on waiting."""
        loop = asyncio.get_running_loop()
        if not self._turns.refuse_if_endless(job):
            return
        left = until - loop.time()
        if left > 0:
            loop.call_later(min(left, _CHECKED_EVERY), self._watch, job, until)
            return
        self._turns.refuse(
            job,
            f"another task's transaction did not end within {self._timeout:g} s; nothing is"
            " written. Keep transactions short, or open the store with a longer timeout",
        )

    async def _until_closed(self) -> None:
        is_closed = asyncio.wrap_future(self._closed)
        try:
            await asyncio.shield(is_closed)
        except asyncio.CancelledError:
            await _settled(is_closed)
            raise

    # ---- In the worker's thread --------------------------------------------------------------

    def _opened(self) -> DataStore:
        with self._opening:  # the second thread may come at the same time
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def _close(self) -> None:
        try:
            if self._store is not None:
                self._store.close()
        except BaseException as error:
            self._closed.set_exception(error)
        else:
            self._closed.set_result(None)


async def _settled(future: asyncio.Future[Any]) -> None:
    """Wait until a future is done, however often this task is cancelled meanwhile."""
    while not future.done():
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.shield(future)
    if not future.cancelled():
        future.exception()  # or asyncio would log that nobody asked for it


def _unheard(function: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        with suppress(Exception):
            function()

    return call
