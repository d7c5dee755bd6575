# SPDX-License-Identifier: MIT
"""Run steps side by side: as many at once as there are lanes, and none any more once one has failed.

`.ci/test` has the list of steps. A step begins when the steps that it comes after have passed and no running step holds
what it holds; where several may begin, the first of the list does. What a step prints goes into a file, and is shown as a
whole, under its heading, when the step has ended. DATA_STORE_LANES says how many lanes there are; without it there are two,
or one on a machine of one processor.
"""

import contextlib
import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".build" / "steps"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Step:
    """A command, by the words of a shell."""

    title: str
    command: str
    after: tuple[str, ...] = ()
    """The titles of steps that must have passed before."""
    holds: tuple[str, ...] = ()
    """What no two steps may use at once."""


@dataclass
class Run:
    """A step that was begun, and how it ended."""

    step: Step
    process: subprocess.Popen[bytes]
    output: Path
    began: float
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def has_passed(self) -> bool:
        return self.process.returncode == 0

    def ended(self, status: int, cpu: float) -> None:
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds, self.cpu = time.monotonic() - self.began, cpu

    def show(self) -> None:
        """Print all that the step printed."""
        how = "passed" if self.has_passed else f"failed, status {self.process.returncode},"
        say(f"\n==> {self.step.title} ({how} after {self.seconds:.0f} s)")
        with self.output.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.flush()


class StoppedError(Exception):
    """A signal that ends the whole."""


class Signals:
    """Ends the wait for steps when a signal comes, and nothing else: what is begun is known by then."""

    def __init__(self) -> None:
        self.number = 0
        self._waits = False
        for number in SIGNALS:
            # `nohup` has SIGHUP ignored.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._came)

    def _came(self, number: int, _: object) -> None:
        is_first = not self.number
        self.number = self.number or number
        if is_first and self._waits:
            raise StoppedError

    def ignore(self) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def wait(self, options: int) -> tuple[int, int, float]:
        """Give the pid of a child that has ended, its status, and its seconds of processors."""
        self._waits = True
        try:
            if self.number:
                raise StoppedError
            pid, status, usage = os.wait4(-1, options)
            return pid, status, usage.ru_utime + usage.ru_stime
        finally:
            self._waits = False


def say(text: str) -> None:
    print(text, flush=True)


def lanes_of_this_machine() -> int:
    named = os.environ.get("DATA_STORE_LANES")
    return int(named) if named else min(2, len(os.sched_getaffinity(0)))


def run(steps: Sequence[Step], *, lanes: int | None = None, folder: Path = FOLDER, patience: float = 30.0) -> int:
    """Run all steps, and give the exit status: 0 where all have passed.

    A step that is stopped has `patience` seconds to clean up.
    """
    check(steps)
    folder.mkdir(parents=True, exist_ok=True)
    # Processes that lose their parent become children of this one, so that none gets lost.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signals = Signals()
    lanes = lanes or lanes_of_this_machine()
    began = time.monotonic()
    running: list[Run] = []
    passed: list[Run] = []
    try:
        failed = all_of(steps, lanes, folder, signals, running, passed)
    except StoppedError:
        signals.ignore()
        say(f"\nStopped by {signal.Signals(signals.number).name}.")
        end_all_processes(patience)
        tell_of(running)
        return 128 + signals.number
    finally:
        signals.ignore()
        end_all_processes(patience)
    if not failed:
        tell_of_times(passed)
        say(f"\nAll done in {time.monotonic() - began:.0f} s\nsteps: {len(passed)} passed, 0 failed")
        return 0
    tell_of(running)
    for one in failed:
        one.show()
    for one in failed:
        say(f"\nFailed: {one.step.title} ({one.step.command})")
    say(f"steps: {len(passed)} passed, {len(failed)} failed")
    return 1


def check(steps: Sequence[Step]) -> None:
    """Each step comes after earlier ones of the list alone, so that there is always one that may begin."""
    known: set[str] = set()
    for step in steps:
        if missing := [title for title in step.after if title not in known]:
            raise ValueError(f"'{step.title}' comes after {missing}, which no earlier step is")
        if step.title in known:
            raise ValueError(f"there are two steps '{step.title}'")
        known.add(step.title)


def all_of(
    steps: Sequence[Step], lanes: int, folder: Path, signals: Signals, running: list[Run], passed: list[Run]
) -> list[Run]:
    """Run steps until all have passed, or until one has failed; give those that have failed."""
    waiting = list(steps)
    while waiting or running:
        while len(running) < lanes and (step := first_ready(waiting, running, passed)) is not None:
            waiting.remove(step)
            running.append(begin(step, folder))
        if failed := [one for one in await_ends(running, signals) if not took(one, running, passed)]:
            return failed
    return []


def first_ready(waiting: list[Step], running: list[Run], passed: list[Run]) -> Step | None:
    done = {one.step.title for one in passed}
    held = {thing for one in running for thing in one.step.holds}
    for step in waiting:
        if done.issuperset(step.after) and held.isdisjoint(step.holds):
            return step
    return None


def begin(step: Step, folder: Path) -> Run:
    output = folder / (re.sub(r"\W+", "-", step.title.lower()).strip("-") + ".txt")
    say(f"    begins: {step.title}")
    with output.open("wb") as sink:
        process = subprocess.Popen(
            shlex.split(step.command),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Run(step, process, output, time.monotonic())


def await_ends(running: list[Run], signals: Signals) -> list[Run]:
    """Wait until a step has ended, and give all that have."""
    ended: list[Run] = []
    by_pid = {one.process.pid: one for one in running}
    while True:
        pid, status, cpu = signals.wait(os.WNOHANG if ended else 0)
        if pid == 0:
            return ended
        # Others are processes that have lost their parent.
        if one := by_pid.get(pid):
            one.ended(status, cpu)
            ended.append(one)
            if len(ended) == len(running):
                return ended


def took(one: Run, running: list[Run], passed: list[Run]) -> bool:
    """Whether a step that has ended has passed; if so, show it, and end what it left behind."""
    running.remove(one)
    if not one.has_passed:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(one.process.pid, signal.SIGKILL)
    one.show()
    passed.append(one)
    return True


def tell_of(stopped: list[Run]) -> None:
    for one in stopped:
        say(f"Stopped: {one.step.title}; what it had printed is in {one.output}")


def tell_of_times(runs: list[Run]) -> None:
    say("\n==> Seconds, and seconds of processors, of each step")
    for one in sorted(runs, key=lambda one: -one.seconds):
        say(f"{one.seconds:6.0f} {one.cpu:6.0f}  {one.step.title}")
    say(f"{sum(one.seconds for one in runs):6.0f} {sum(one.cpu for one in runs):6.0f}  in all")


def descendants() -> Iterator[int]:
    """Give each process below this one."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    below = children.get(os.getpid(), [])
    while below:
        pid = below.pop()
        yield pid
        below += children.get(pid, [])


def end_all_processes(patience: float) -> None:
    """End every process below this one, asking first, and wait until they are gone."""
    send(signal.SIGTERM)
    until = time.monotonic() + patience
    while any(descendants()):
        if time.monotonic() > until:
            send(signal.SIGKILL)
        time.sleep(0.02)


def send(number: int) -> None:
    for pid in list(descendants()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
