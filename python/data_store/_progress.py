# SPDX-License-Identifier: MIT
"""How far a call has come, told to what was passed as ``progress=``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ._c.first_use import at_first_use
from ._c.library import library
from ._c.opening import ds_progress_function
from ._c.status import check
from ._deferred import imported
from ._in.cells import shown
from .errors import InterruptedCallError, InvalidTypeError

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["NoReporter", "Progress", "Reporter", "Tell", "is_wanted", "reported", "reporter_of"]

T = TypeVar("T")

Tell: TypeAlias = "Callable[[int, int | None], object]"
"""What is called with what is done, and of how much, if that is known."""
Progress: TypeAlias = "bool | Tell | None"
"""True is a bar of tqdm's; None and False are nothing."""

DS_PROGRESS_PAGES = 1
INTERVAL = 0.05
"""Seconds from one report to the next, at least."""


class _OfThread(threading.local):
    """The reporters of the calls that a thread is in, the innermost last."""

    def __init__(self) -> None:
        self.reporters: list[Reporter] = []


_here = _OfThread()


def is_wanted(progress: object) -> bool:
    """Tell whether anything is to be told of a call."""
    return progress is not None and progress is not False


def tell_of(progress: object, title: str) -> Tell | Bar:
    """Give what is to be called.

    Raises
    ------
    InvalidTypeError
        `progress` is neither True nor callable.
    LibraryError
        It is True, and tqdm cannot be imported.
    """
    if progress is True:
        return Bar(title)
    if callable(progress):
        return progress
    raise InvalidTypeError(
        "progress must be True, for a bar, or a function of two numbers, what is done and of how "
        f"many (None where nobody knows), not {shown(progress)}"
    )


def reported(progress: object, title: str, call: Callable[..., T], *given: Any) -> T:
    """Make a call of the library, and tell how far it is."""
    if not is_wanted(progress):
        return call(*given)
    with Reporter(progress, title):
        return call(*given)


def reporter_of(progress: object, title: str) -> Reporter | NoReporter:
    """Give the reporter of a scan, for the block in which it begins and for its chunks."""
    return Reporter(progress, title) if is_wanted(progress) else NoReporter()


class Reporter:
    """Has the calls of this thread tell `progress` how far they are, within a ``with`` block.

    What is raised there stops the call, and is raised where the block ends. A scan that begins
    within the block goes on to tell.

    Parameters
    ----------
    progress : True or callable
        What is told.
    title : str
        What a bar is named.
    """

    def __init__(self, progress: object, title: str) -> None:
        self._tell = tell_of(progress, title)
        self._raised: list[BaseException] = []
        answers = _answers(self._tell, self._raised)
        next(answers)
        self._function = ds_progress_function(answers.send)

    def __enter__(self) -> Reporter:
        # Held from before it is set: Ctrl-C may come at any step, and leave it set.
        _here.reporters.append(self)
        _set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()
        self._end(error)

    @contextmanager
    def scanning(self) -> Generator[None, None, None]:
        """Raise what is raised as the chunks of a scan are taken, which began in its block."""
        try:
            yield
        except BaseException as error:
            self._end(error)
            raise
        self._end(None)

    def _leave(self) -> None:
        while self in _here.reporters:
            _here.reporters.pop()
        _set(_here.reporters[-1] if _here.reporters else None)

    def _end(self, error: BaseException | None) -> None:
        """Raise what was raised while it was told; `error` is what the call raised."""
        if isinstance(self._tell, Bar):
            self._tell.close()
        if self._raised and (error is None or isinstance(error, InterruptedCallError)):
            raise self._raised.pop() from None

    def keep(self) -> None:
        """Keep what the library calls for good: nobody knows how long a stream lives."""
        _kept.append(self)


class NoReporter:
    """Stands for a reporter where nothing is to be told."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def scanning(self) -> NoReporter:
        """Give a block that does nothing."""
        return self

    def keep(self) -> None:
        """Do nothing."""


_kept: list[Reporter] = []


def _set(reporter: Reporter | None) -> None:
    function = ds_progress_function() if reporter is None else reporter._function
    check(library.ds_thread_report_progress(function, None, INTERVAL))


def _answers(tell: Tell, raised: list[BaseException]) -> Generator[int, Any, None]:
    """Answer each report: 1 where something was raised, else 0.

    A generator, so that nothing is raised outside of its ``try``: see `_c.signals`.
    """
    answer = 0
    is_telling = False
    while True:
        try:
            while True:
                told = (yield answer).contents
                answer = 0
                is_telling = True
                if isinstance(tell, Bar):
                    tell.unit = told.unit
                tell(told.done, None if told.total < 0 else told.total)
                is_telling = False
        except BaseException as error:
            if isinstance(error, GeneratorExit) and not is_telling:
                return
            raised.append(error)
            is_telling = False
            answer = 1


class Bar:
    """A bar of tqdm's, made at the first report.

    Raises
    ------
    LibraryError
        tqdm cannot be imported.
    """

    def __init__(self, title: str) -> None:
        instead = "pass a function, which is called with what is done and of how many"
        imported("tqdm", "progress", "progress=True", instead)
        with at_first_use.lock, at_first_use:
            self._make = import_module("tqdm.auto").tqdm  # a widget in a notebook
        self._title = title
        self.unit = 0
        self._bar: Any = None

    def __call__(self, done: int, total: int | None) -> None:
        """Show how far it is."""
        if self._bar is None:
            unit = " pages" if self.unit == DS_PROGRESS_PAGES else " rows"
            self._bar = self._make(desc=self._title, total=total, unit=unit, unit_scale=True)
        self._bar.total = total
        self._bar.update(done - self._bar.n)
        if done == total:
            self.close()

    def close(self) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
