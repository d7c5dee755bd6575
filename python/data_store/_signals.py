# SPDX-License-Identifier: MIT
"""Ctrl-C during a long call: Python runs its signal handlers while the call lasts.

Python runs them in the main thread only, between two steps of Python code, and so never within a
call of a C function. A call that lasts asks its thread now and then whether it should stop; to
answer is to run some Python code. No handler is installed here: whoever has one keeps it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator

from . import _abi
from ._library import library

__all__ = ["ask_main_thread", "raised"]

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
_should_stop = _abi.ds_stop_function(_generator.send)
_is_asked = False


def ask_main_thread() -> None:
    """Have the calls of the main thread ask; from other threads, and again, nothing happens."""
    global _is_asked
    if not _is_asked and threading.current_thread() is threading.main_thread():
        library.ds_thread_stop_when(_should_stop, None)
        _is_asked = True


ask_main_thread()
