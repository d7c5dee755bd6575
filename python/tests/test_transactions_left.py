# SPDX-License-Identifier: MIT
"""Blocks that are left elsewhere, out of order, or never: rolled back, reported, the lock free."""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import gc
import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import at_once, in_thread

from data_store import DataStore
from data_store._c.library import library
from data_store.errors import BusyError, ClosedError, DataStoreError, InvalidInputError


class PlannedError(Exception):
    """Raised by the tests themselves."""


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """What Python reports through `sys.unraisablehook`."""
    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: told.append(args.exc_value))
    return told


@pytest.fixture
def store(path: Path) -> Iterator[DataStore]:
    """A store whose writers may not wait: a wait fails the test."""
    with DataStore(path, timeout=0) as opened:
        yield opened


def holder(store: DataStore) -> Iterator[int]:
    with store.transaction():
        store.state.set("lost", 1)
        yield 1
        store.state.set("lost", 2)


def is_free(store: DataStore) -> None:
    """Others write, and nothing is there but what they write."""
    assert in_thread(lambda: store.state.set("other", 1)) is None
    store.state.set("mine", 1)
    with store.transaction():
        store.state.set("mine", 2)
    with DataStore(store.path, timeout=0) as second:
        second.state.set("second", 1)
    assert store.state.items() == {"mine": 2, "other": 1, "second": 1}


# ---- Generators -----------------------------------------------------------------------------


def test_a_generator_that_is_finished_where_it_began_commits(store: DataStore) -> None:
    assert list(holder(store)) == [1]
    assert store.state.items() == {"lost": 2}


def test_a_generator_that_goes_on_in_another_thread_is_rolled_back(store: DataStore) -> None:
    generator = holder(store)
    next(generator)
    error = in_thread(lambda: list(generator))
    assert isinstance(error, BusyError)
    is_free(store)


def test_a_generator_that_only_ends_in_another_thread_is_rolled_back(store: DataStore) -> None:
    def quiet() -> Iterator[int]:
        with store.transaction():
            store.state.set("lost", 1)
            yield 1

    generator = quiet()
    next(generator)
    error = in_thread(lambda: list(generator))
    assert isinstance(error, InvalidInputError)
    assert "another thread or task" in str(error)
    is_free(store)


def test_a_generator_that_is_closed_inside_says_so(store: DataStore) -> None:
    generator = holder(store)
    next(generator)
    with pytest.raises(InvalidInputError, match="rolled back"):
        generator.close()  # type: ignore[attr-defined]
    is_free(store)


def test_a_generator_that_is_dropped_inside_says_so(
    store: DataStore, unheard: list[BaseException | None]
) -> None:
    for _ in holder(store):
        break
    gc.collect()
    assert [type(error) for error in unheard] == [InvalidInputError]
    is_free(store)


def test_a_generator_that_is_collected_in_another_thread_is_rolled_back(
    store: DataStore, unheard: list[BaseException | None]
) -> None:
    kept = [holder(store)]
    next(kept[0])
    in_thread(lambda: (kept.clear(), gc.collect()))
    assert [type(error) for error in unheard] == [InvalidInputError]
    assert "another thread or task" in str(unheard[0])
    is_free(store)


def test_a_generator_of_another_thread_that_is_collected_here_is_rolled_back(
    store: DataStore, unheard: list[BaseException | None]
) -> None:
    kept: list[Any] = []
    begun, ending = threading.Event(), threading.Event()

    def begin() -> None:
        kept.append(holder(store))
        next(kept[0])
        begun.set()
        ending.wait()

    thread = threading.Thread(target=begin)
    thread.start()
    begun.wait()
    with pytest.raises(BusyError):
        store.state.set("mine", 1)
    kept.clear()
    gc.collect()
    assert [type(error) for error in unheard] == [InvalidInputError]
    is_free(store)
    ending.set()
    thread.join()


def test_a_helper_made_of_a_generator_commits_or_rolls_back(store: DataStore) -> None:
    @contextlib.contextmanager
    def block() -> Iterator[None]:
        with store.transaction():
            yield

    with block():
        store.state.set("kept", 1)
    with contextlib.suppress(PlannedError), block():
        store.state.set("lost", 1)
        raise PlannedError
    assert store.state.items() == {"kept": 1}


# ---- Threads --------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["threading", "_thread"])
def test_a_thread_that_ends_inside_is_rolled_back(store: DataStore, start: str) -> None:
    stack = contextlib.ExitStack()
    done = threading.Event()

    def leave() -> None:
        stack.enter_context(store.transaction())
        store.state.set("lost", 1)
        stack.enter_context(store.transaction())
        done.set()

    with DataStore(store.path, timeout=30) as patient:  # `_thread` tells nobody when it has ended
        if start == "threading":
            in_thread(leave)
        else:
            _thread.start_new_thread(leave, ())
            done.wait()
        patient.state.set("mine", 1)
    with pytest.raises(InvalidInputError, match="over already"):
        stack.close()
    is_free(store)


def test_a_thread_of_a_c_program_that_ends_inside_is_rolled_back(store: DataStore) -> None:
    """No Python runs in it: the system's own thread functions call the library."""
    system = ctypes.CDLL(None)
    begin = ctypes.cast(library.ds_transaction_begin, ctypes.c_void_p)
    for _ in range(3):
        thread = ctypes.c_ulong()
        assert system.pthread_create(ctypes.byref(thread), None, begin, store._store) == 0
        assert system.pthread_join(thread, None) == 0
    is_free(store)


def test_a_block_that_is_left_in_another_thread_is_rolled_back(store: DataStore) -> None:
    for error in (None, PlannedError("planned")):
        block = store.transaction()
        block.__enter__()
        store.state.set("lost", 1)
        kind = None if error is None else PlannedError
        found = in_thread(lambda b=block, k=kind, e=error: b.__exit__(k, e, None))
        if error is None:
            assert isinstance(found, InvalidInputError)
        else:
            assert found is None
            assert "another thread or task" in error.__notes__[0]
        with pytest.raises(InvalidInputError, match="not open"):
            block.__exit__(None, None, None)
    is_free(store)


def test_a_block_that_is_left_elsewhere_while_a_call_runs_in_it_is_rolled_back_whole(
    path: Path,
) -> None:
    """The call that is running ends first; then all of the block is taken back."""
    for _ in range(20):
        with DataStore(path, durability="normal", timeout=30) as store:
            block = store.transaction()
            begun, ended = threading.Event(), threading.Event()

            def write(store: DataStore = store, block: Any = block, begun: Any = begun) -> None:
                block.__enter__()
                store.state.set("lost", 1)
                begun.set()
                with contextlib.suppress(DataStoreError):
                    store.state.set_many({f"later{number}": 1 for number in range(300)})

            def leave(block: Any = block, begun: Any = begun, ended: Any = ended) -> None:
                begun.wait()
                with pytest.raises(InvalidInputError):
                    block.__exit__(None, None, None)
                ended.set()

            at_once(write, leave)
            assert store.state.get("lost") is None
            assert len(store.state.keys("later")) in (0, 300)
            store.state.set("kept", 1)


# ---- Order, use, end ------------------------------------------------------------------------


def test_blocks_that_are_left_out_of_order_are_rolled_back(store: DataStore) -> None:
    outer, inner = store.transaction(), store.transaction()
    outer.__enter__()
    store.state.set("lost", 1)
    inner.__enter__()
    with pytest.raises(InvalidInputError, match="inner one first"):
        outer.__exit__(None, None, None)
    with pytest.raises(InvalidInputError, match="over already"):
        inner.__exit__(None, None, None)
    is_free(store)


def test_a_middle_one_that_is_left_early_takes_its_inner_one_along(store: DataStore) -> None:
    with store.transaction():
        store.state.set("kept", 1)
        middle, inner = store.transaction(), store.transaction()
        middle.__enter__()
        store.state.set("lost", 1)
        inner.__enter__()
        store.state.set("lost", 2)
        with pytest.raises(InvalidInputError):
            middle.__exit__(None, None, None)
        with pytest.raises(InvalidInputError):
            inner.__exit__(None, None, None)
    assert store.state.items() == {"kept": 1}


def test_an_object_is_for_one_block(store: DataStore) -> None:
    block = store.transaction()
    with pytest.raises(InvalidInputError, match="not open"):
        block.__exit__(None, None, None)
    with block:
        store.state.set("kept", 1)
        with pytest.raises(InvalidInputError, match="entered already"):
            block.__enter__()
    with pytest.raises(InvalidInputError, match="entered already"):
        block.__enter__()
    with pytest.raises(InvalidInputError, match="not open"):
        block.__exit__(None, None, None)
    assert store.state.items() == {"kept": 1}


def test_it_decorates_plain_functions_alone(store: DataStore) -> None:
    @store.transaction()
    def put(value: int) -> None:
        store.state.set("kept", value)
        if value == 3:
            raise PlannedError

    put(1)
    put(2)
    with pytest.raises(PlannedError):
        put(3)
    assert store.state.items() == {"kept": 2}

    async def coroutine() -> None: ...
    def generator() -> Iterator[int]:
        yield 1

    for function in (coroutine, generator):
        with pytest.raises(InvalidInputError, match="plain functions"):
            store.transaction()(function)


def test_an_object_that_is_dropped_inside_says_so(
    store: DataStore, unheard: list[BaseException | None]
) -> None:
    contextlib.ExitStack().enter_context(store.transaction())
    gc.collect()
    assert [type(error) for error in unheard] == [InvalidInputError]
    is_free(store)


def test_a_store_that_is_dropped_with_its_block_is_rolled_back(
    path: Path, unheard: list[BaseException | None]
) -> None:
    dropped = DataStore(path, timeout=0)
    circle: list[Any] = [dropped, dropped.transaction(), dropped.transaction()]
    circle.append(circle)
    for block in circle[1:3]:
        block.__enter__()
    dropped.state.set("lost", 1)
    del dropped, block, circle
    gc.collect()
    assert {type(error) for error in unheard} == {InvalidInputError}
    with DataStore(path, timeout=0) as store:
        is_free(store)


def test_close_inside_is_told_at_the_end(path: Path) -> None:
    store = DataStore(path)

    def close_inside() -> None:
        with store.transaction():
            store.state.set("lost", 1)
            in_thread(store.close)

    with pytest.raises(ClosedError, match="rolled back"):
        close_inside()
    with DataStore(path, timeout=0) as again:
        is_free(again)


def test_a_child_process_leaves_its_parents_block_alone(store: DataStore) -> None:
    with store.transaction():
        store.state.set("kept", 1)
        child = os.fork()
        if child == 0:
            code = 1
            with contextlib.suppress(BaseException):
                block = store.transaction()
                try:
                    block.__enter__()
                except ClosedError:
                    code = 0
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        store.state.set("kept", 2)
    assert store.state.items() == {"kept": 2}


def test_threads_that_leave_blocks_in_every_way_lose_nothing_acknowledged(
    path: Path, dice: random.Random, unheard: list[BaseException | None]
) -> None:
    """What was acknowledged is there when all is over, and nothing else is."""
    kept: list[str] = []

    def alone(key: str) -> None:
        store.state.set(key, 1)
        kept.append(key)

    def commit(key: str) -> None:
        with store.transaction():
            store.state.set(key, 1)
        kept.append(key)

    def fail(key: str) -> None:
        with contextlib.suppress(PlannedError), store.transaction():
            store.state.set(key, 1)
            raise PlannedError

    def drop(key: str) -> None:
        contextlib.ExitStack().enter_context(store.transaction())

    def drop_generator(key: str) -> None:
        def generator() -> Iterator[None]:
            with store.transaction():
                store.state.set(key, 1)
                yield

        next(generator())

    def end_thread(key: str) -> None:
        stack = contextlib.ExitStack()

        def begin() -> None:
            stack.enter_context(store.transaction())
            store.state.set(key, 1)

        in_thread(begin)
        with pytest.raises(InvalidInputError):
            stack.close()

    def leave_elsewhere(key: str) -> None:
        block = store.transaction()
        block.__enter__()
        store.state.set(key, 1)
        assert isinstance(in_thread(lambda: block.__exit__(None, None, None)), InvalidInputError)

    ways = [alone, commit, fail, drop, drop_generator, end_thread, leave_elsewhere]

    def work(name: str, seed: int) -> None:
        own = random.Random(seed)
        for serial in range(40):
            own.choice(ways)(f"{name}-{serial}")

    with DataStore(path, durability="normal", timeout=60) as store:
        at_once(*(lambda n=str(number): work(n, dice.randrange(2**30)) for number in range(4)))
        store.state.set("end", 1)
        assert store.state.keys() == sorted([*kept, "end"])
        assert store.check() == []
    assert {type(error) for error in unheard} <= {InvalidInputError}
