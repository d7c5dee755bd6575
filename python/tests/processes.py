# SPDX-License-Identifier: MIT
"""Other processes and threads: programs driven over pipes, forked children, threads let go at once.

Nothing here waits for time to pass: a line read is a step done.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import data_store

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 300
"""Seconds after which a forked child that hangs is ended."""


class Program:
    """A running ``programs/<name>.py``; killed, if it still runs, when the block ends."""

    kills = 0
    """How many programs were killed in the midst of their work, in all."""

    def __init__(self, name: str, *arguments: object) -> None:
        package = str(Path(data_store.__file__).parents[1])
        inherited = os.environ.get("PYTHONPATH")
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / f"{name}.py"), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, inherited]))},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._rest()

    def line(self) -> str:
        """The next line that the program prints; it must not end without one."""
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        assert text.endswith("\n"), f"the program ended early, status {self._process.poll()}"
        return text.rstrip("\n")

    def say(self, text: str) -> None:
        """A line on the program's standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """A signal to the program."""
        self._process.send_signal(number)

    def finish(self) -> list[str]:
        """Waits for a good end; the lines that were left."""
        lines = self._rest()
        assert self._process.returncode == 0
        return lines

    def kill(self) -> list[str]:
        """SIGKILL; the whole lines that the program had printed and that were not read yet."""
        self._process.send_signal(signal.SIGKILL)
        lines = self._rest()
        assert self._process.returncode == -signal.SIGKILL, "it ended before it was killed"
        Program.kills += 1
        return lines

    def _rest(self) -> list[str]:
        """Closes the pipes and waits; a last line that was cut short does not count."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        # Popen.communicate would overlook what readline has buffered already.
        output = "" if self._process.stdout.closed else self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait()
        return [text[:-1] for text in output.splitlines(keepends=True) if text.endswith("\n")]


def in_child(action: Callable[[], Any]) -> Any:
    """What `action` returns in a forked child, or the name of the exception that it raises."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        try:
            answer = action()
        except BaseException as error:
            answer = type(error).__name__
        os.write(sink, pickle.dumps(answer))
        os._exit(0)
    os.close(sink)
    with os.fdopen(source, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with status {status}"
    return pickle.loads(answer)


def in_thread(action: Any) -> Any:
    """What `action` returns, or the exception that it raises, in a thread that has ended."""
    answer: list[Any] = []

    def run() -> None:
        try:
            answer.append(action())
        except BaseException as error:
            answer.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return answer[0]


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Runs each action in a thread of its own, all let go together; raises what any raised."""
    gate = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)
    errors: list[BaseException] = []

    def run(position: int) -> None:
        gate.wait()
        try:
            results[position] = actions[position]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(position,)) for position in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
