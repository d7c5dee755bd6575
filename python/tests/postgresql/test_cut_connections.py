# SPDX-License-Identifier: MIT
"""A connection that is cut, reset, stalled or crumbled at any byte: see ``proxy.py``.

What was acknowledged is there, nothing is half there, a call that was stored reports no error, and
the next call reconnects. What can be known where others write, too: ``test_lost_answers.py``.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time

import pytest
from figures import IS_FULL_RUN, figure
from postgresql.proxy import DIRECTIONS, Action, Direction, Proxy
from postgresql.registers_of import READS, WRITES, version
from programs import registers

from data_store import DataStore, DataStoreError
from data_store.errors import (
    BusyError,
    ClosedError,
    InterruptedCallError,
    QueryTimeoutError,
    StorageError,
)

PATIENCE = 30
"""Seconds: more than any timeout below, less than for ever."""


def places(passed: int, dice: random.Random) -> list[int]:
    """At how many bytes to strike: at each, or at the ends and some between."""
    if IS_FULL_RUN:
        return list(range(passed + 1))
    between = dice.sample(range(passed), min(passed, 7))
    return sorted({0, 1, passed - 1, passed, *between})


@pytest.mark.parametrize("action", ["cut", "reset"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", WRITES)
def test_a_write_is_whole_or_absent_and_told_right(
    store: DataStore,
    proxy: Proxy,
    remote: str,
    dice: random.Random,
    kind: str,
    direction: Direction,
    action: Action,
) -> None:
    registers.prepare(store)
    refused = 0
    with DataStore(remote, timeout=5) as cut:
        WRITES[kind](cut, 1)
        WRITES[kind](cut, 2)
        proxy.count()
        WRITES[kind](cut, 3)
        current, passed = 3, proxy.passed[direction]
        assert passed > 0
        for place in places(passed, dice):
            proxy.count()
            proxy.after(place, direction, action)
            error: DataStoreError | None = None
            try:
                WRITES[kind](cut, current + 1)
            except DataStoreError as raised:
                error = raised
            where = f"{action} after {place} of {passed} bytes {direction}: {error}"
            proxy.count()
            found = version(store, kind)
            if error is None:
                assert found == current + 1, f"lost: {where}"
            else:
                assert isinstance(error, StorageError | ClosedError), where
                # Nobody else writes, and the server can be asked: that can always be found out.
                assert found == current, f"stored, but an error: {where}"
                assert "unknown" not in str(error), where
                refused += 1
            current = found + 1
            WRITES[kind](cut, current)
            assert version(store, kind) == current, f"the next call: {where}"
    figure(f"cut connections: {kind}, {direction}, {action}", f"{refused} refused, 0 unknown")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", READS)
def test_a_read_is_right_or_fails(
    store: DataStore,
    proxy: Proxy,
    remote: str,
    dice: random.Random,
    kind: str,
    direction: Direction,
) -> None:
    registers.prepare(store)
    WRITES[kind](store, 1)
    with DataStore(remote, timeout=5) as cut:
        assert version(cut, kind) == 1
        proxy.count()
        assert version(cut, kind) == 1
        passed = proxy.passed[direction]
        for place in places(passed, dice):
            proxy.after(place, direction, dice.choice(["cut", "reset"]))
            with contextlib.suppress(StorageError, ClosedError):
                assert version(cut, kind) == 1
            proxy.count()
            assert version(cut, kind) == 1, f"after {place} of {passed} bytes {direction}"


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_opening_succeeds_or_fails(
    store: DataStore, proxy: Proxy, remote: str, dice: random.Random, direction: Direction
) -> None:
    store.state.set("a", 1)
    proxy.count()
    with DataStore(remote, timeout=5) as cut:
        assert cut.state.get("a") == 1
    passed = proxy.passed[direction]
    for place in places(passed, dice):
        proxy.after(place, direction)
        with (
            contextlib.suppress(StorageError, ClosedError),
            DataStore(remote, timeout=5) as cut,
        ):
            assert cut.state.get("a") == 1
        proxy.count()
        with DataStore(remote, timeout=5) as cut:
            assert cut.state.get("a") == 1


@pytest.mark.parametrize("kind", WRITES)
def test_a_connection_that_was_cut_while_idle_is_made_again(
    store: DataStore, proxy: Proxy, remote: str, kind: str
) -> None:
    registers.prepare(store)
    with DataStore(remote, timeout=5) as cut:
        for current in range(1, 4):
            WRITES[kind](cut, current)
            proxy.cut_all()
            assert version(cut, kind) == current
            proxy.cut_all()
    assert version(store, kind) == 3


def test_a_transaction_whose_connection_is_cut_is_lost_whole(
    store: DataStore, proxy: Proxy, remote: str
) -> None:
    with DataStore(remote, timeout=5) as cut:
        with pytest.raises((StorageError, ClosedError)), cut.transaction():  # noqa: PT012
            cut.state.set("a", 1)
            proxy.cut_all()
            cut.state.set("b", 1)
        assert store.state.items() == {}
        with pytest.raises((StorageError, ClosedError)), cut.transaction():  # noqa: PT012
            cut.state.set("a", 1)
            proxy.cut_all()
        assert store.state.items() == {}
        with cut.transaction():
            cut.state.set("c", 1)
    assert store.state.items() == {"c": 1}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", ["bars", "live", "state"])
def test_a_silent_server_is_waited_for_no_longer_than_the_timeout(
    store: DataStore, proxy: Proxy, remote: str, kind: str, direction: Direction
) -> None:
    registers.prepare(store)
    with DataStore(remote, timeout=1) as stalled:
        WRITES[kind](stalled, 1)
        proxy.count()
        WRITES[kind](stalled, 2)
        proxy.after(proxy.passed[direction] // 2, direction, "stall", lasts=True)
        began = time.monotonic()
        with pytest.raises((StorageError, ClosedError, BusyError)):
            WRITES[kind](stalled, 3)
        assert time.monotonic() - began < PATIENCE
        proxy.count()
        found = version(store, kind)
        assert found in (2, 3)
        WRITES[kind](stalled, found + 1)
        assert version(store, kind) == found + 1


def silences(passed: int, dice: random.Random) -> list[int]:
    """Each costs its timeout, so that there are few."""
    return sorted(dice.sample(range(passed), min(passed, 40 if IS_FULL_RUN else 3)))


def test_an_opening_that_falls_silent_ends(
    store: DataStore, proxy: Proxy, remote: str, dice: random.Random
) -> None:
    proxy.count()
    with DataStore(remote, timeout=1):
        pass
    passed = proxy.passed["to client"]
    for place in [*silences(passed, dice), passed - 1]:
        proxy.after(place, "to client", "stall", lasts=True)
        began = time.monotonic()
        with pytest.raises((StorageError, ClosedError, BusyError)):
            DataStore(remote, timeout=1)
        assert time.monotonic() - began < PATIENCE


def test_a_query_that_falls_silent_ends_at_its_timeout(
    store: DataStore, proxy: Proxy, remote: str
) -> None:
    with DataStore(remote, timeout=1) as stalled:
        stalled.sql("SELECT 1 AS a")
        for timeout, error in ((0.2, QueryTimeoutError), (None, StorageError)):
            proxy.after(0, "to client", "stall", lasts=True)
            began = time.monotonic()
            with pytest.raises(error):
                stalled.sql("SELECT 1 AS a", timeout=timeout)
            assert time.monotonic() - began < PATIENCE
            proxy.count()
            assert stalled.sql("SELECT 1 AS a")["a"].tolist() == [1]


def test_an_interrupt_ends_what_has_fallen_silent(
    store: DataStore, proxy: Proxy, remote: str
) -> None:
    with DataStore(remote, timeout=600) as stalled:
        stalled.sql("SELECT 1 AS a")
        proxy.after(0, "to client", "stall", lasts=True)
        interrupting = threading.Timer(0.2, stalled.interrupt)
        interrupting.start()
        with pytest.raises(InterruptedCallError):
            stalled.sql("SELECT 1 AS a")
        interrupting.join()
        proxy.count()


@pytest.mark.parametrize("kind", WRITES)
def test_a_session_that_its_server_still_believes_in_holds_up_no_later_call(
    store: DataStore, proxy: Proxy, remote: str, kind: str
) -> None:
    """The client's host has lost the connection without a word: its locks must not outlive it."""
    registers.prepare(store)
    with DataStore(remote, timeout=5) as cut:
        WRITES[kind](cut, 1)
        proxy.count()
        WRITES[kind](cut, 2)
        passed = proxy.passed["to server"]
        current = 2
        for place in (passed // 2, passed - 3):
            proxy.count()
            proxy.after(place, "to server", "vanish")
            with contextlib.suppress(StorageError, ClosedError, BusyError):
                WRITES[kind](cut, current + 1)
            proxy.count()
            current = version(store, kind) + 1
            WRITES[kind](cut, current)
            assert version(store, kind) == current


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_bytes_that_come_one_by_one_change_nothing(
    store: DataStore, proxy: Proxy, remote: str, direction: Direction
) -> None:
    registers.prepare(store)
    proxy.after(0, direction, "crumble", lasts=True)
    with DataStore(remote) as slow:
        for kind, write in WRITES.items():
            write(slow, 1)
            assert version(slow, kind) == version(store, kind) == 1


def test_a_server_that_takes_no_connection_is_an_error_and_then_all_is_well(
    store: DataStore, proxy: Proxy, remote: str
) -> None:
    with DataStore(remote, timeout=1) as cut:
        cut.state.set("a", 1)
        proxy.refuse()
        proxy.cut_all()
        for call in (lambda: cut.state.get("a"), lambda: cut.state.set("a", 2)):
            began = time.monotonic()
            with pytest.raises((StorageError, ClosedError)):
                call()
            assert time.monotonic() - began < PATIENCE
        proxy.refuse(False)
        assert cut.state.get("a") == 1
        cut.state.set("a", 2)
    assert store.state.get("a") == 2
