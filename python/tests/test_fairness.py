# SPDX-License-Identifier: MIT
"""Waiting writers of several processes: none is passed over for long, whatever else writes.

What counts is how many commits go by, which the load of the machine does not change: each waiter is
seen in the line before the others may go on.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Program

from data_store import DataStore

pytestmark = pytest.mark.sqlite_only("locks of files, and who else has the file open")

MOST_TO_GO_BY = 64
"""Commits of one process that may go by while others wait: those of one turn, 16, and one more each
time that a waiter, of whom it would be the turn, gets no processor for 10 ms."""

FIRST_PLACE = 2**62
"""The first byte of the line (TicketLock.swift)."""


def length_of_line(path: Path) -> int:
    """How many places in the line are taken, by the kernel's account."""
    inode = path.stat().st_ino
    locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    return sum(
        words[1] == "OFDLCK" and words[5].endswith(f":{inode}") and int(words[6]) >= FIRST_PLACE
        for words in locks
    )


def await_line(path: Path, length: int) -> None:
    """Wait until so many are in line; fail if that never happens."""
    for _ in range(60_000):
        if length_of_line(path) == length:
            return
        time.sleep(0.001)
    pytest.fail(f"the line has {length_of_line(path)} places, and should have {length}")


def await_stopped(program: Program) -> None:
    """Wait until a program that was told to stop has done so; fail if that never happens."""
    stat = Path(f"/proc/{program.pid}/stat")
    for _ in range(60_000):
        state = stat.read_text(encoding="ascii").rpartition(")")[2].split()[0]
        if state == "T":
            return
        time.sleep(0.001)
    pytest.fail(f"the program is in state {state}")


def await_commit(path: Path) -> None:
    """Wait until the writer without end has committed again; fail if that never happens."""
    with DataStore(path) as store:
        for _ in range(60_000):
            if store.state.get("counter", 0) > 0:
                return
            time.sleep(0.001)
    pytest.fail("nothing was committed")


@contextlib.contextmanager
def waiting(path: Path, count: int) -> Iterator[tuple[Program, list[Program]]]:
    """A program within a transaction that will commit on and on, and so many others in line."""
    with DataStore(path):
        pass
    with contextlib.ExitStack() as stack:
        hog = stack.enter_context(Program("hog", path))
        assert hog.line() == "held"
        waiters = [stack.enter_context(Program("in_line", path)) for _ in range(count)]
        for number, waiter in enumerate(waiters):
            assert waiter.line() == "ready"
            waiter.say("go")
            await_line(path, number + 1)
        yield hog, waiters


@pytest.mark.parametrize("count", [1, 4])
def test_an_endless_writer_lets_all_waiters_go_first(path: Path, count: int) -> None:
    with waiting(path, count) as (hog, waiters):
        hog.say("go on")
        for waiter in waiters:
            assert int(waiter.line()) <= MOST_TO_GO_BY
            assert waiter.finish() == []
        hog.say("end")
        assert len(hog.finish()) == 1
    assert length_of_line(path) == 0


def test_a_killed_waiter_leaves_the_line(path: Path) -> None:
    with waiting(path, 3) as (hog, waiters):
        waiters[0].kill()
        await_line(path, 2)
        hog.say("go on")
        for waiter in waiters[1:]:
            assert int(waiter.line()) <= MOST_TO_GO_BY
        hog.say("end")


def test_a_stopped_waiter_stops_nobody(path: Path) -> None:
    with waiting(path, 3) as (hog, waiters):
        waiters[0].signal(signal.SIGSTOP)
        await_stopped(waiters[0])
        hog.say("go on")
        for waiter in waiters[1:]:
            assert int(waiter.line()) <= MOST_TO_GO_BY
            assert waiter.finish() == []
        await_commit(path)  # it goes by the one that has stopped
        waiters[0].signal(signal.SIGCONT)
        assert int(waiters[0].line()) > 0
        hog.say("end")
        assert len(hog.finish()) == 1
