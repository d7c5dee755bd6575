# SPDX-License-Identifier: MIT
"""Ctrl-C during a long call: Python runs its signal handlers while the call lasts.

Python runs them in the main thread only, between two steps of Python code, and so never within a
call of a C function. A call that lasts asks its thread now and then whether it should stop; to
answer is to run some Python code. No handler is installed here: a program keeps its own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from types import FrameType

from .library import library
from .opening import ds_stop_function

__all__ = ["ask_main_thread", "pass_on", "raised"]

raised: list[BaseException] = []
"""What a handler raised while the main thread was in a call: the call's to raise when it ends."""


def _answers() -> Generator[int, object, None]:
    """Answer each question: 1 where a handler raised something, else 0.

    A generator, because what a function's first step finds pending is raised outside the
    function's own ``try``, and a C function that called it could only drop it. A generator goes on
    from within its ``try``.
    """
    answer = 0
    while True:
        try:
            while True:
                yield answer
                answer = 0
        except GeneratorExit:
            return
        except BaseException as error:
            raised.append(error)
            answer = 1


_generator = _answers()
next(_generator)
_should_stop = ds_stop_function(_generator.send)
_is_asked = False


def ask_main_thread() -> None:
    """Have the calls of the main thread ask; from other threads, and again, nothing happens."""
    global _is_asked
    if not _is_asked and threading.current_thread() is threading.main_thread():
        library.ds_thread_stop_when(_should_stop, None)
        _is_asked = True


def _forget_asked() -> None:
    global _is_asked  # the main thread of a child is the one that has forked: perhaps another
    _is_asked = False


os.register_at_fork(after_in_child=_forget_asked)
ask_main_thread()


# ---- What a handler raises outside of calls -------------------------------------------------


def pass_on(error: BaseException) -> None:
    """Raise `error` again where a signal handler raised it: it tells nothing about an argument.

    To be asked wherever what a caller's own object raises becomes an error of the package.
    """
    above: list[FrameType] = []
    trace = error.__traceback__
    while trace is not None:
        if _is_handler(trace.tb_frame, above):
            raise error
        above.append(trace.tb_frame)
        trace = trace.tb_next


def _is_handler(frame: FrameType, above: list[FrameType]) -> bool:
    """Tell a handler by the frame that it interrupts, which Python passes, or as one installed."""
    code = frame.f_code
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + 1]:
        value = frame.f_locals.get(name)
        passed = value if type(value) is tuple else (value,)  # of *args
        if any(one is other for one in passed for other in above):
            return True
    # Not imported for this, which would be a seventh of what importing the package takes: a program
    # with a handler has it. The last of its functions is there once all of them are.
    signal = sys.modules.get("signal")
    if signal is None or not hasattr(signal, "valid_signals"):
        return False
    handlers = map(signal.getsignal, signal.valid_signals())
    return any(getattr(handler, "__code__", None) is code for handler in handlers)
