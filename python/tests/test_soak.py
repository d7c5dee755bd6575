# SPDX-License-Identifier: MIT
"""Three writers of two threads each, and three readers, on one file; then the same under SIGKILL.

On a server there are four of either, and writers of different series do not wait for each other.

Each process keeps journals, and `history.py` judges them: nothing lost, nothing torn, nobody back
in time. DATA_STORE_FULL_RUN=1 makes it ten minutes and 100,000 commits, and 400 kills.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from pathlib import Path

import places
import pytest
from figures import IS_FULL_RUN, figure
from history import History
from processes import Program
from programs import registers
from programs.journal import Journal

from data_store import DataStore

WRITERS = {"full": ["w0a", "w0b"], "normal": ["w1a", "w1b"], "full again": ["w2a", "w2b"]}
"""The threads of each writer, by its durability."""
if places.on_server():
    WRITERS["normal again"] = ["w3a", "w3b"]
NAMES = list(itertools.chain(*WRITERS.values()))
READERS = {"r0": "read-only", "r1": "read-write", "r2": "read-write"}
if places.on_server():
    READERS["r3"] = "read-only"

COMMITS, SECONDS = (100_000, 600) if IS_FULL_RUN else (3_000, 0)
KILLS = 400 if IS_FULL_RUN else 24
UNTIL_KILLED = 10**9

MOST_TO_GO_BY = 500
USUALLY_TO_GO_BY = 64
"""Commits of others that may go by while one writer waits, and in 99 calls of a hundred: one turn
of 16 for each of the two other processes, once for the call itself and once for the other thread's
that it waits for. A call may get no processor before it stands in line: a narrow bound on the
longest, or on time, would tell of the machine's load instead."""


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    folder = tmp_path / "journals"
    folder.mkdir()
    return folder


def writer(
    path: Path, journals: Path, dice: random.Random, durability: str, life: int, commits: int
) -> Program:
    return Program(
        "soak_writer", path, journals, life, durability.split()[0], dice.random(), commits,
        SECONDS, *WRITERS[durability],
    )  # fmt: skip


def reader(path: Path, journals: Path, dice: random.Random, name: str) -> Program:
    return Program("soak_reader", path, journals, name, READERS[name], dice.random(), *NAMES)


def judged(path: Path, journals: Path) -> History:
    """The history, with what is there at its end; without findings."""
    journal = Journal(journals / "judge")
    with DataStore(path) as store:
        assert store.check() == []
        for read in registers.THOROUGH_READS:
            for name in NAMES:
                journal.look(lambda read=read, name=name: read(store, [name]))
    history = History()
    for kept in sorted(journals.iterdir()):
        history.add_journal(kept)
    assert history.findings() == []
    return history


def test_many_processes_and_threads(path: Path, journals: Path, dice: random.Random) -> None:
    with DataStore(path) as store:
        registers.prepare(store)
    each = -(-COMMITS // len(NAMES))
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(writer(path, journals, dice, durability, 0, each))
            for durability in WRITERS
        ]
        readers = [stack.enter_context(reader(path, journals, dice, name)) for name in READERS]
        for program in writers:
            assert program.line() == "opening"
        for program in (*writers, *readers):
            assert program.line() == "ready"
        for program in (*readers, *writers):
            program.say("go")
        for program in writers:
            assert program.finish() == ["done"]
        for program in readers:
            program.say("end")
            assert program.finish() == ["done"]
    history = judged(path, journals)

    commits = len(history.commits())
    assert commits >= COMMITS
    counted = [attempt.was_refused for attempt in history.attempts["counter"]]
    with DataStore(path) as store:
        assert store.state.get("counter") == counted.count(False)
    sights = sum(map(len, history.sights.values()))
    waits = history.waits()
    passed = sorted(passed for _, passed in waits)
    if not places.on_server():
        assert passed[-1] <= MOST_TO_GO_BY
        assert passed[len(passed) * 99 // 100] <= USUALLY_TO_GO_BY
    figure("many processes: commits", f"{commits:,}")
    figure("many processes: reads checked", f"{sights:,}")
    figure("many processes: compare_and_set swaps", f"{counted.count(False):,}")
    figure("many processes: compare_and_set refusals", f"{counted.count(True):,}")
    figure("many processes: longest write call", f"{max(waits)[0] / 1e6:.0f} ms")
    figure("many processes: most commits of others that went by in one", f"{passed[-1]:,}")


def test_random_kills_while_others_go_on(path: Path, journals: Path, dice: random.Random) -> None:
    """One writer after another is killed, another process succeeds it, readers see it all."""
    with DataStore(path) as store, contextlib.ExitStack() as stack:
        registers.prepare(store)
        journal = Journal(journals / "here")

        def start(durability: str, life: int) -> Program:
            program = writer(path, journals, dice, durability, life, UNTIL_KILLED)
            return stack.enter_context(program)

        running = {durability: start(durability, 0) for durability in WRITERS}
        witness = stack.enter_context(reader(path, journals, dice, "r0"))
        assert witness.line() == "ready"
        witness.say("go")
        for life in range(1, KILLS + 1):
            victim = dice.choice(list(WRITERS))
            program = running[victim]
            assert program.line() == "opening"
            if dice.randrange(8):
                assert program.line() == "ready"
                program.say("go")
            # What this process reads meanwhile is the clock.
            for _ in range(dice.randrange(100)):
                journal.look(lambda: registers.any_read(store, NAMES, dice))
            program.kill()
            running[victim] = start(victim, life)
        for program in running.values():
            program.kill()
        witness.say("end")
        assert witness.finish() == ["done"]
    history = judged(path, journals)
    in_doubt = [a for all_of in history.attempts.values() for a in all_of if a.ended is None]
    assert in_doubt, "no kill has met a write"
    figure("SIGKILL: of three writers at work", f"{KILLS + len(WRITERS)}")
    figure("SIGKILL: writes cut short", f"{len(in_doubt):,}")
    figure("SIGKILL: commits between", f"{len(history.commits()):,}")
