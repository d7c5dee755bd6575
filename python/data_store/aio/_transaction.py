# SPDX-License-Identifier: MIT
"""A block of a task's calls that is stored whole or not at all."""

from __future__ import annotations

import asyncio
import weakref
from types import TracebackType
from typing import Any

from .._c.transaction import Transaction as BlockingTransaction
from ..core import DataStore
from ..errors import InvalidInputError
from ._calls import Calls
from ._turns import current_task

__all__ = ["Transaction"]


class Transaction:
    """One block, to be entered once. Use `DataStore.transaction`.

    Parameters
    ----------
    calls : Calls
        Of the store.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        # Not held: a task that is dropped, with its loop say, should go, and so end this.
        self._task: weakref.ref[asyncio.Task[Any]] | None = None
        self._blocking: BlockingTransaction | None = None
        self._was_entered = False
        self._is_open = False

    def __repr__(self) -> str:
        told = "open" if self._is_open else "over" if self._was_entered else "not begun"
        return f"<aio.Transaction, {told}>"

    @property
    def task(self) -> asyncio.Task[Any] | None:
        """The task that it belongs to."""
        return None if self._task is None else self._task()

    async def __aenter__(self) -> None:
        if self._was_entered:
            raise InvalidInputError(
                "this transaction() was entered already, and is for one block: call"
                " store.transaction() again for each"
            )
        self._was_entered = True
        task = asyncio.current_task()
        self._task = None if task is None else weakref.ref(task)
        try:
            await self._calls.begin(self._begin, self)
        except BaseException:
            self._calls.end_unheard(self._roll_back, self)
            raise
        self._is_open = True
        if task is not None:
            task.add_done_callback(self._end_of_task)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_open:
            raise InvalidInputError(
                "this transaction() is not open: it was never entered, or it was left already, or"
                " the task that entered it has ended"
            )
        self._settle()
        if exc_type is GeneratorExit:
            self._calls.end_unheard(self._roll_back, self)
            raise InvalidInputError(
                "a generator or a coroutine was closed, or dropped, inside a transaction() block:"
                " what the block wrote is rolled back. Finish it, or begin the transaction around"
                " the loop that runs it"
            )
        if current_task() is not self.task:
            await self._calls.end(self._roll_back, self)
            raise InvalidInputError(
                "a transaction() was left in another task than it was entered in: what it wrote is"
                " rolled back. Enter and leave it in one task"
            )
        await self._calls.end(lambda: self._end(exc_type, exc_value, traceback), self)

    def _settle(self) -> None:
        self._is_open = False
        task = self.task
        if task is not None:
            task.remove_done_callback(self._end_of_task)

    def _end_of_task(self, task: asyncio.Task[Any]) -> None:
        """Report it through the loop's exception handler, which logs it."""
        self._is_open = False
        self._calls.end_unheard(self._roll_back, self)
        raise InvalidInputError(
            "a task has ended inside a transaction() block: what the block wrote is rolled back."
            " Use it in an `async with` statement"
        )

    # ---- In the worker's thread --------------------------------------------------------------

    def _begin(self, store: DataStore) -> None:
        blocking = store.transaction()
        blocking.__enter__()
        self._blocking = blocking

    def _end(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        blocking, self._blocking = self._blocking, None
        if blocking is not None:
            blocking.__exit__(exc_type, exc_value, traceback)

    def _roll_back(self) -> None:
        blocking, self._blocking = self._blocking, None
        if blocking is not None:
            blocking.give_up()
