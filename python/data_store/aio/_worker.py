# SPDX-License-Identifier: MIT
"""A thread that makes calls, one after the other, for tasks of event loops."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from .._c.library import library
from .._c.opening import ds_stop_function

__all__ = ["Job", "Worker"]

T = TypeVar("T")


class Job(Generic[T]):
    """A call that a task waits for.

    Parameters
    ----------
    function : callable
        Makes the call, in the worker's thread.
    task : asyncio.Task, optional
        Whose call it is.
    must_run : bool, default False
        It is made, and runs to its end, even if the task is cancelled.
    """

    def __init__(
        self,
        function: Callable[[], T],
        task: asyncio.Task[Any] | None,
        *,
        must_run: bool = False,
    ) -> None:
        # Not held: a task that is dropped, with its loop say, should go.
        self._task = None if task is None else weakref.ref(task)
        self.is_cancelled = False
        self._function: Callable[[], T] | None = function
        self._must_run = must_run
        # Taken again by what the garbage collector ends meanwhile.
        self._starting = threading.RLock()
        self.is_started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[T] | None = None

    @property
    def task(self) -> asyncio.Task[Any] | None:
        """The task whose call it is."""
        return None if self._task is None else self._task()

    def awaited(self) -> asyncio.Future[T]:
        """Give the future of the result, for the loop that is running."""
        self._loop = asyncio.get_running_loop()
        self.future = self._loop.create_future()
        return self.future

    def cancel(self) -> bool:
        """Skip it, or make it stop; tell whether it will end by itself, and is to be waited for."""
        if self._must_run:
            return True
        with self._starting:
            self.is_cancelled = True
            return self.is_started

    def forget(self) -> None:
        """Skip it, or make it stop; its result is not waited for any more."""
        self.cancel()
        self.future = None

    def run(self) -> None:
        """Make the call and hand its result over; in the worker's thread."""
        with self._starting:
            function, self._function = self._function, None
            if self.is_cancelled or function is None:
                return
            self.is_started = True
        try:
            result = function()
        except StopIteration as error:  # which a future does not take
            self.fail(RuntimeError(repr(error)))
        except BaseException as error:
            self.fail(error)
        else:
            self._hand_over(lambda future: future.set_result(result))

    def fail(self, error: BaseException) -> None:
        """Have `error` raised where the result is waited for; from any thread."""
        self._hand_over(lambda future: future.set_exception(error))

    def _hand_over(self, settle: Callable[[asyncio.Future[T]], None]) -> None:
        future, loop = self.future, self._loop
        if future is None or loop is None:
            return

        def settle_once() -> None:
            if not future.done():
                settle(future)

        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle_once)


class Worker:
    """One thread, which starts with the first job and ends with `stop`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pid = os.getpid()
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._current: list[Job[Any]] = []
        self._thread: threading.Thread | None = None

    def put(self, job: Job[Any]) -> None:
        """Have a job run after those that were put before; not from two threads at once."""
        self._jobs.put(job)
        if self._thread is None:
            # A daemon, because a program that does not close its store should end all the same.
            thread = threading.Thread(
                target=_work, args=(self._jobs, self._current), name=self._name, daemon=True
            )
            if self._thread is None:  # else started by what the garbage collector has ended
                self._thread = thread
                thread.start()
                _workers.add(self)

    def interrupt(self) -> None:
        """Make the current call stop, as soon as it can."""
        for job in tuple(self._current):
            job.cancel()

    def stop(self) -> None:
        """End the thread after the jobs that were put; may be called any number of times."""
        self._jobs.put(None)

    def end(self) -> None:
        """Make the current call stop, and wait for the end of the thread."""
        if os.getpid() != self._pid:  # a fork has no other threads
            return
        self.interrupt()
        self.stop()
        if self._thread is not None:
            self._thread.join()


def _work(jobs: SimpleQueue[Job[Any] | None], current: list[Job[Any]]) -> None:
    """Run jobs until there is None; holds nothing of a store between two of them."""

    def should_stop(_: object) -> int:
        return int(any(job.is_cancelled for job in current))

    callback = ds_stop_function(should_stop)
    library.ds_thread_stop_when(callback, None)
    try:
        while (job := jobs.get()) is not None:
            current.append(job)
            job.run()
            current.clear()
            del job
    finally:
        library.ds_thread_stop_when(ds_stop_function(), None)


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """Stop what is running: a thread that asks for the GIL after this does not come back."""
    for worker in list(_workers):
        worker.end()
