# SPDX-License-Identifier: MIT
"""A block of calls that is stored whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import ContextDecorator, suppress
from ctypes import byref, c_int64
from functools import partial
from types import TracebackType

from ..errors import DataStoreError, InvalidInputError
from .handles import OfThisProcess, StoreHandle
from .library import library
from .status import check
from .tasks import call_at_end, own_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, TypeVar

    _Exit = TypeVar("_Exit", bound=Callable[..., None])
    _Function = TypeVar("_Function", bound=Callable[..., Any])

__all__ = ["Transaction"]

# CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR of `inspect`, which takes milliseconds to load.
_SUSPENDABLE = 0x20 | 0x80 | 0x200


class _SafeExit:
    """An ``__exit__`` that Ctrl-C cannot keep from ending the transaction.

    What a function's first step finds pending is raised before the function's own ``try``: a plain
    ``__exit__`` would not run at all then. A generator that was begun goes on from within its
    ``try``, and ``max`` is not Python code: it hands each argument to the generator.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def __get__(self, transaction: Transaction | None, owner: type) -> Callable[..., Any]:
        if transaction is None:
            return self._function
        exits = _exits(transaction, self._function)
        next(exits)
        return partial(max, None, key=exits.send)  # gives None: the exception goes on


def _exits(transaction: Transaction, function: Callable[..., None]) -> Generator[int, Any, None]:
    try:
        while True:
            yield 0
            exc_type = yield 1  # for None, which is the greatest so
            exc_value = yield 0
            traceback = yield 0
            function(transaction, exc_type, exc_value, traceback)
    except GeneratorExit:  # it is not called any more
        return
    except BaseException:
        transaction.give_up()
        raise


def _safe_exit(function: _Exit) -> _Exit:
    safe: Any = _SafeExit(function)
    return safe  # type: ignore[no-any-return]


class Transaction(OfThisProcess, ContextDecorator):
    """One block, to be entered once. Use `DataStore.transaction`."""

    _is_open = False  # for __del__, where Ctrl-C came before __init__

    def __init__(self, store: StoreHandle) -> None:
        self._store = store
        self._number = c_int64()
        self._mark = object()
        self._was_entered = False
        self._forget_end: Callable[[], None] | None = None

    def __repr__(self) -> str:
        told = "open" if self._is_open else "over" if self._was_entered else "not begun"
        return f"<Transaction of {self._store.name}, {told}>"

    def __enter__(self) -> None:
        if self._was_entered:
            raise InvalidInputError(
                "this transaction() was entered already, and is for one block: call"
                " store.transaction() again for each"
            )
        self._was_entered = True
        try:
            own_number()
            self._store.ask_tasks(self._mark)
            # Before the call: what Ctrl-C stops right after it must be ended, too.
            self._is_open = True
            check(library.ds_transaction_begin_numbered(self._store, byref(self._number)))
            self._forget_end = call_at_end(self._end_of_task)
        except BaseException:
            self.give_up()
            raise

    @_safe_exit
    def __exit__(
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
        try:
            self._end(commit=exc_type is None)
            if exc_type is GeneratorExit and _is_suspendable(traceback):
                raise InvalidInputError(
                    "a generator or a coroutine was closed, or dropped, inside a transaction()"
                    " block: what the block wrote is rolled back. Finish it, or begin the"
                    " transaction around the loop that runs it"
                )
        except DataStoreError as failure:
            # Python swallows GeneratorExit: a note on it would be lost.
            if exc_value is None or exc_type is GeneratorExit:
                raise
            exc_value.add_note(f"the rollback found: {failure}")

    def __call__(self, func: _Function) -> _Function:
        """Decorate a plain function: each call of it is a transaction."""
        if getattr(getattr(func, "__code__", None), "co_flags", 0) & _SUSPENDABLE:
            raise InvalidInputError(
                "transaction() decorates plain functions only: the body of a generator or a"
                " coroutine runs when the block is over. Use `with store.transaction():` within it"
            )
        return super().__call__(func)

    def _recreate_cm(self) -> Self:
        return type(self)(self._store)

    def give_up(self) -> None:
        """End the transaction, wherever Ctrl-C came: roll back what is not committed."""
        if self._is_open and self._number.value:
            # Where it is over already, nothing happens.
            library.ds_transaction_end(self._store, self._number, 0)
        self._settle()

    def _end(self, *, commit: bool) -> None:
        try:
            check(library.ds_transaction_end(self._store, self._number, commit))
        except DataStoreError:
            self._settle()
            raise
        except BaseException:
            self.give_up()
            raise
        self._settle()

    def _settle(self) -> None:
        self._is_open = False
        if self._forget_end is not None:
            self._forget_end()
            self._forget_end = None
        self._store.ask_tasks_no_more(self._mark)

    def _end_of_task(self, *_: object) -> None:
        """Report it through the loop's exception handler, which logs it."""
        if self._is_open:
            self._end(commit=False)

    def __del__(self, _getpid: Callable[[], int] = os.getpid) -> None:
        """Report it through `sys.unraisablehook`: no caller is left to catch it."""
        if self._is_open and self._store.is_of(_getpid()):
            if self._store.is_there:  # else collected before, which closed it
                with suppress(DataStoreError):
                    self._end(commit=False)
            raise InvalidInputError(
                "a transaction() block was never left, and is gone: what it wrote is rolled back."
                " Use it in a `with` statement"
            )


def _is_suspendable(traceback: TracebackType | None) -> bool:
    return traceback is not None and bool(traceback.tb_frame.f_code.co_flags & _SUSPENDABLE)
