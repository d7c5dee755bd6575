# SPDX-License-Identifier: MIT
"""What a signal handler raises reaches the caller as it is, wherever it comes, and leaves nothing.

No test waits for a signal. Python looks for signals where a function begins or goes on and after
each call, so a trace function that raises at each of these places in turn does what they do.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import gc
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pandas as pd
import places
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, times
from processes import in_thread

import data_store
from data_store import DataStore
from data_store._c.first_use import at_first_use

PACKAGE = str(Path(data_store.__file__).parent)


class Stop(BaseException):
    """What Ctrl-C raises, but nothing else does."""


@functools.cache
def after_calls(code: CodeType) -> set[int]:
    steps = list(dis.get_instructions(code))
    return {
        after.offset
        for step, after in itertools.pairwise(steps)
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
        # Python drops what is raised in a finaliser.
        if not code.co_filename.startswith(PACKAGE) or code.co_name == "__del__":
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
    store: DataStore, impatient: DataStore, unheard: list[BaseException | None], way: str
) -> None:
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
        with contextlib.suppress(KeyError):
            work()

    for _ in every_place(block):
        # The error, and so the frames that it came through, are still there.
        with impatient.transaction():  # which takes the lock
            pass
        assert not store._store._asking
        stored = store.state.items()
        assert stored.get("begun", 0) == stored["finished"]
        store.state.set("acknowledged", stored["finished"])
        assert len(impatient.state.keys()) >= 2
    assert [error for error in unheard if not isinstance(error, Stop)] == []


class Late(Exception):  # noqa: N818
    """What a program's own alarm raises."""


class LateValue(ValueError):  # noqa: N818
    """The same, and more like what a wrong argument raises."""


SERIES = (SYMBOL, TIMEFRAME)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
ENTRY = {"a@1": {"value": np.float64(1), "quality": "ready"}}

CALLS: dict[str, Callable[[DataStore], Any]] = {
    "state.set": lambda store: store.state.set("a", {"b": [1, np.float64(2), {"c": None}]}),
    "state.set_many": lambda store: store.state.set_many({"a": 1, "b": (2, np.int64(3))}),
    "state.get": lambda store: store.state.get("a"),
    "state.items": lambda store: store.state.items(),
    "compare_and_set": lambda store: store.state.compare_and_set("a", 1, 2),
    "sql": lambda store: store.sql("SELECT ?, ?, ?", (1, np.float64(2), START)),
    "sql by name": lambda store: store.sql("SELECT :a", {"a": b"x"}, timeout=10),
    "write_bar": lambda store: store.market.write_bar(*SERIES, START, close=1, source="x"),
    "write_bar, zone": lambda store: store.market.write_bar(
        *SERIES, START.tz_convert("Europe/Berlin").to_pydatetime(), features=ENTRY
    ),
    "write": lambda store: store.market.write(bars(3), *SERIES),
    "write one row": lambda store: store.market.write(bars(1), *SERIES),
    "write features": lambda store: store.market.write(bars(2), *SERIES, features=[ENTRY, None]),
    "write_features": lambda store: store.market.write_features({START: ENTRY}, *SERIES),
    "write_features, wide": lambda store: store.market.write_features(
        pd.DataFrame({"a@1": [1.0]}, index=times(1)), *SERIES
    ),
    "read": lambda store: store.market.read(*SERIES, START, None, columns=["close"], limit=2),
    "read_features": lambda store: store.market.read_features(*SERIES, keys=["a@1"]),
    "latest": lambda store: store.market.latest([SYMBOL], TIMEFRAME),
    "latest_bar": lambda store: store.market.latest_bar(*SERIES),
    "iter": lambda store: list(store.market.iter(*SERIES, chunk=2)),
    "series": lambda store: store.market.series(),
    "record_request": lambda store: store.market.record_request(
        *SERIES, provider_used="x", start_ts=START, end_ts=START, coverage_ratio=1, gap_count=1
    ),
    "delete": lambda store: store.market.delete(*SERIES, START, START),
    "backup": lambda store: store.backup(beside(store), overwrite=True),
    "a transaction": lambda store: within(store),
}


def beside(store: DataStore) -> str:
    """Where a copy goes; of a store on a server it is in a folder that goes with the test run."""
    if not places.is_server(store.path):
        return f"{store.path}.copy"
    return f"{COPIES.name}/copy.db"


COPIES = tempfile.TemporaryDirectory()


def within(store: DataStore) -> None:
    with store.transaction():
        store.state.set("a", 1)
        store.state.get("a")


@pytest.mark.parametrize("name", CALLS)
def test_what_a_handler_raises_at_any_place_of_a_call_comes_out_as_it_is(
    path: Path, name: str, unheard: list[BaseException | None]
) -> None:
    with DataStore(path, durability="normal") as store:
        store.market.write(bars(3), *SERIES, features=[ENTRY] * 3)
        store.state.set("a", 1)
        CALLS[name](store)  # what is imported at first use is imported
        for _ in every_place(lambda: CALLS[name](store), LateValue):
            store.state.set("after", 1)
        assert store.state.get("after") == 1
    assert [error for error in unheard if not isinstance(error, LateValue)] == []


class Interrupted:
    """A caller's own object; a signal comes while it is looked at."""

    def _signal(self, *_: object) -> Any:
        signal.raise_signal(signal.SIGALRM)
        raise ZeroDivisionError

    __eq__ = __hash__ = __bool__ = __index__ = __float__ = _signal  # type: ignore[assignment]
    __iter__ = __repr__ = __fspath__ = _signal


def by_name(signal_number: int, frame: object) -> None:
    raise Late


def by_place(*_: object) -> None:
    raise Late


def that_lets_go(signal_number: int, frame: object) -> None:
    del frame
    raise Late


def that_is_gone(signal_number: int, frame: object) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    raise Late


HANDLERS = [by_name, by_place, that_lets_go, that_is_gone]


@pytest.mark.parametrize("handler", HANDLERS)
def test_what_a_handler_raises_within_a_callers_own_object_comes_out_as_it_is(
    store: DataStore, handler: Any
) -> None:
    odd: Any = Interrupted()
    calls: list[Callable[[], Any]] = [
        lambda: store.state.set("a", odd),
        lambda: store.market.latest(*SERIES, odd),
        lambda: store.market.write_bar(odd, TIMEFRAME, START, close=1.0),
        lambda: store.market.write_bar(*SERIES, odd),
        lambda: store.backup(odd),
        lambda: store.sql("SELECT ?", (odd,)),
        lambda: store.market.write(bars(2).assign(source=[odd, "x"]), *SERIES),
        lambda: store.market.write(bars(2).assign(close=[odd, 1.0]), *SERIES),
    ]
    before = signal.getsignal(signal.SIGALRM)
    try:
        for call in calls:
            signal.signal(signal.SIGALRM, handler)
            with pytest.raises(Late):
                call()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_signal_at_any_place_of_opening_leaves_no_file_open(path: Path) -> None:
    DataStore(path).close()
    gc.collect()  # what other tests have left
    before = len(os.listdir("/proc/self/fd"))

    def opened() -> None:
        DataStore(path, durability="normal").close()

    opened()
    for error in every_place(opened):
        error.__traceback__ = None
    gc.collect()
    # What earlier tests left may be closed meanwhile.
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_signal_at_any_place_of_a_first_use_leaves_no_lock_taken(path: Path) -> None:
    def used() -> None:
        with DataStore(path) as store:
            store.sql("SELECT 1")
            store.state.get("key")

    used()
    for error in every_place(used):
        error.__traceback__ = None
    lock = at_first_use.lock
    assert in_thread(lambda: lock.acquire(blocking=False) and (lock.release(), True)[1]) is True


def test_a_child_that_another_thread_forks_has_its_signals_noticed_in_long_calls(
    path: Path,
) -> None:
    DataStore(path).close()
    told: list[int] = []

    def fork() -> None:
        child = os.fork()
        if child:
            told.append(os.waitpid(child, 0)[1])
            return
        code = 1
        try:
            signal.signal(signal.SIGALRM, by_name)
            with DataStore(path) as own:
                # Again and again: Python drops what is raised within a weakref's callback.
                own.sql("SELECT 1")
                signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
                # Without the alarm it takes as long as its timeout, and is another error.
                own.sql(ENDLESS, timeout=60)
        except Late:
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert told == [0]


def test_a_store_first_used_while_the_interpreter_ends_says_so(path: Path) -> None:
    program = f"""
import data_store
class Last:
    def __init__(self):
        self.store = data_store.DataStore({str(path)!r})
        self.error = data_store.errors.DataStoreError
    def __del__(self, print=print):
        for name in ("state", "market"):
            try:
                getattr(self.store, name)
            except self.error as error:
                print(type(error).__name__, "interpreter is ending" in str(error))
import builtins
builtins.kept = Last()
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.stdout.split() == ["StorageError", "True", "StorageError", "True"]
