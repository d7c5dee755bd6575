# SPDX-License-Identifier: MIT
"""Which task of asyncio a thread is running, as the library wants to know it.

All tasks of an event loop share one thread, so the thread does not tell whose transaction is open.
"""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from collections.abc import Callable, Generator
from contextvars import ContextVar
from operator import methodcaller

from .library import library
from .signals import raised

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Self

__all__ = ["AskedPointer", "call_at_end", "own_number"]

_NO_LOOP = 0
_A_CALLBACK = -1

_numbers = itertools.count(1)
_by_task: weakref.WeakKeyDictionary[asyncio.Task[Any], int] = weakref.WeakKeyDictionary()


class _Callback:
    """A callback of an event loop that has begun a transaction. Not a task; it runs alone."""

    __slots__ = ("is_over", "number")

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.is_over = False

    def end(self) -> None:
        self.is_over = True


# Each callback runs in a context of its own.
_callback: ContextVar[_Callback | None] = ContextVar("data_store_callback", default=None)


def _loop() -> asyncio.AbstractEventLoop | None:
    # Where a loop is running, asyncio was imported: there is no need to.
    events = sys.modules.get("asyncio.events")
    running = getattr(events, "_get_running_loop", None)  # not yet, in the midst of its import
    return None if running is None else running()


def _task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any] | None:
    task: asyncio.Task[Any] | None = sys.modules["asyncio"].current_task(loop)
    return task


def _callbacks_number() -> int:
    callback = _callback.get()
    return _A_CALLBACK if callback is None or callback.is_over else callback.number


def _tasks_number(task: asyncio.Task[Any]) -> int:
    number = _by_task.get(task)
    if number is None:
        number = _by_task[task] = next(_numbers)
    return number


def _no_task() -> None:
    return None


class _Told(threading.local):
    """What the library was told of a thread."""

    number: int | None = _NO_LOOP
    # Gives the task of that number, where it is one's.
    task: Callable[[], asyncio.Task[Any] | None] = staticmethod(_no_task)


_told = _Told()


def _tell(number: int, task: Callable[[], asyncio.Task[Any] | None] = _no_task) -> None:
    if number == _told.number:
        return
    # What Ctrl-C leaves half done is done again.
    _told.number = None
    _told.task = _no_task
    library.ds_thread_task(number)
    _told.number = number
    _told.task = task


def _tell_task() -> None:
    loop = _loop()
    if loop is None:
        _tell(_NO_LOOP)
        return
    task = _task(loop)
    if task is None:
        _tell(_callbacks_number())
    elif task is not _told.task():
        _tell(_tasks_number(task), weakref.ref(task))


class AskedPointer(map):  # type: ignore[type-arg]
    """Stands for a store that has a transaction open: each call on it tells which task makes it.

    ctypes would turn what a signal handler raises meanwhile, Ctrl-C say, into an ArgumentError. So
    it asks for no Python function, but has `map` take an idle generator and go on with it, from
    within its ``try`` (see `_signals`). The call does its work, and raises it at its end.
    """

    _as_parameter_ = property(next)

    def __new__(cls, pointer: Any) -> Self:
        """Have some idle generators: several threads may ask at once, and a signal handler too."""
        idle: list[Any] = []
        _add_tellers(idle, pointer)
        return super().__new__(cls, methodcaller("send", None), iter(idle.pop, None))


_FEW_IDLE = 8


def _add_tellers(idle: list[Any], pointer: Any) -> None:
    while len(idle) < _FEW_IDLE:
        own: list[Any] = []
        own.append(_teller(idle, pointer, own))
        next(own[0])


def _teller(idle: list[Any], pointer: Any, own: list[Any]) -> Generator[Any, None, None]:
    """Give the pointer whenever the library knows which task asks for it."""
    while True:
        try:
            while True:
                # Between these two no other thread runs: it would take what still runs here.
                idle += own
                yield pointer
                _add_tellers(idle, pointer)
                _tell_task()
        except GeneratorExit:
            return
        except BaseException as error:
            _tell_task()
            raised.append(error)


def own_number() -> None:
    """Give the callback that is running a number of its own; a task has one."""
    loop = _loop()
    if loop is not None and _task(loop) is None and _callbacks_number() == _A_CALLBACK:
        callback = _Callback()
        _callback.set(callback)
        loop.call_soon(callback.end)


def call_at_end(function: Callable[..., None]) -> Callable[[], None] | None:
    """Call `function` when the task or the callback that is running has ended.

    Returns
    -------
    callable or None
        What takes the wish back. None: no event loop is running, and nothing will be called.
    """
    loop = _loop()
    if loop is None:
        return None
    task = _task(loop)
    if task is None:
        return loop.call_soon(function).cancel
    task.add_done_callback(function)
    reference = weakref.ref(task)

    def forget() -> None:
        ended = reference()
        if ended is not None:
            ended.remove_done_callback(function)

    return forget
