# SPDX-License-Identifier: MIT
"""What a signal handler raises reaches the caller as it is, wherever it comes, and leaves nothing.

No test waits for a signal. Python looks for signals where a function begins or goes on and after
each call, so a trace function that raises at each of these places in turn does what they do.
"""

from __future__ import annotations

import dis
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import data_store
from data_store import DataStore

PACKAGE = str(Path(data_store.__file__).parent)


class Stop(BaseException):
    """What Ctrl-C raises, but nothing else does."""


def after_calls(code: CodeType) -> set[int]:
    steps = list(dis.get_instructions(code))
    return {
        after.offset
        for step, after in zip(steps, steps[1:], strict=False)
        if step.opname.startswith("CALL") or step.opname == "JUMP_BACKWARD"
    }


def stopped_at(place: int, error: BaseException, action: Callable[[], None]) -> bool:
    """Run `action`, and raise `error` at the given place of those where Python looks for signals.

    Returns
    -------
    bool
        False where there are fewer places.
    """
    places = iter(range(place + 1))
    looks: dict[CodeType, set[int]] = {}

    def trace(frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if code not in looks:
            looks[code] = after_calls(code)
        is_look = event == "call" or (event == "opcode" and frame.f_lasti in looks[code])
        if is_look and next(places, None) == place:
            raise error
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except BaseException as raised:
        if raised is not error:
            raise
    finally:
        sys.settrace(before)
    return next(places, None) is None


def every_place(
    action: Callable[[], None], make: Callable[[], BaseException] = Stop
) -> Iterator[BaseException]:
    """Stop `action` at each place in turn; the error of each lives until the next."""
    place = 0
    error = make()
    while stopped_at(place, error, action):
        yield error
        place += 1
        error = make()
    assert place > 5


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_value))
    return told


@pytest.mark.parametrize("way", ["commits", "fails", "nested"])
def test_a_signal_at_any_place_of_a_transaction_leaves_none_open(
    store: DataStore, path: Path, unheard: list[BaseException | None], way: str
) -> None:
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    numbers = iter(range(1, 10**6))
    store.state.set("finished", 0)

    def work() -> None:
        number = next(numbers)
        with store.transaction():
            store.state.set("begun", number)
            if way == "nested":
                with store.transaction():
                    store.state.set("within", number)
            if way == "fails":
                raise KeyError
            store.state.set("finished", number)

    def block() -> None:
        try:
            work()
        except KeyError:
            pass

    for _ in every_place(block):
        # The error, and so the frames that it came through, are still there.
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        assert not store._store._asking
        stored = store.state.items()
        assert stored.get("begun", 0) == stored["finished"]
        store.state.set("acknowledged", stored["finished"])
        assert other.execute("SELECT count(*) FROM system_state").fetchone()[0] >= 2
    other.close()
    assert [error for error in unheard if not isinstance(error, Stop)] == []
