# SPDX-License-Identifier: MIT
"""A call that the server has done, and whose answer is lost on its way: what the caller is told.

Others may write the same rows before the caller can ask: nothing of theirs is undone by a call that
is found out about, and "unknown" is told where it is.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times
from postgresql import tables
from postgresql.proxy import Proxy
from postgresql.server import Server

from data_store import DataStore
from data_store.errors import ClosedError, MissingBarError, StorageError

Call = Callable[[DataStore], Any]

IN_THE_LAST_ANSWER = 8
"""Bytes before the end of what a server sends: within its last words, which follow a commit."""


class Meanwhile:
    """Has a call lose its last answer, and does something before the call can ask."""

    def __init__(self, proxy: Proxy, cut: DataStore, call: Call) -> None:
        self._proxy, self._cut, self._call = proxy, cut, call
        self.result: Any = None
        self.error: Exception | None = None

    def lose(self, before: int, direction: Any, then: Callable[[], object]) -> None:
        """Cuts the connection at so many bytes, and runs `then` before there is another one."""
        self._proxy.after(before, direction)
        self._proxy.refuse()
        thread = threading.Thread(target=self._run)
        thread.start()
        while self._proxy.struck == 0:
            assert thread.is_alive(), "the call was done before it was cut"
            thread.join(0.002)
        then()
        self._proxy.refuse(False)
        thread.join()

    def _run(self) -> None:
        try:
            self.result = self._call(self._cut)
        except Exception as error:
            self.error = error


def answered(proxy: Proxy, cut: DataStore, call: Call) -> int:
    """Bytes that the server sends in a call, all but its last words."""
    proxy.count()
    call(cut)
    return proxy.passed["to client"] - IN_THE_LAST_ANSWER


def bar(close: float, **more: Any) -> Call:
    return lambda store: store.market.write_bar(SYMBOL, TIMEFRAME, START, close=close, **more)


def request(number: int) -> Call:
    return lambda store: store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="p", start_ts=START, end_ts=START, gap_count=number
    )


FEATURES = {"a@1": entry(1.0)}


@pytest.fixture
def cut(remote: str, store: DataStore) -> Any:
    with DataStore(remote, timeout=10) as opened:
        yield opened


def of_store(store: DataStore) -> Any:
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    requests = store.market.requests()["gap_count"].tolist()
    return bar and (bar.close, bar.features), requests, store.state.items()


CALLS: dict[str, tuple[Call, Call]] = {
    "a live bar": (bar(1.0), bar(2.0)),
    "a live bar with features": (bar(1.0, features=FEATURES), bar(2.0, features=FEATURES)),
    "a live bar that replaces": (bar(1.0, replace=True), bar(2.0, replace=True)),
    "features of a bar": (
        lambda store: store.market.write_features({START: FEATURES}, SYMBOL, TIMEFRAME),
        lambda store: store.market.write_features({START: {"a@1": entry(2.0)}}, SYMBOL, TIMEFRAME),
    ),
    "a state": (lambda store: store.state.set("a", 1), lambda store: store.state.set("a", 2)),
    "a new state": (lambda store: store.state.set("b", 1), lambda store: store.state.set("c", 1)),
    "a step of a state": (
        lambda store: store.state.compare_and_set("n", None, 1),
        lambda store: store.state.compare_and_set("n", 1, 2),
    ),
    "a state that is deleted": (
        lambda store: store.state.delete("x"), lambda store: store.state.delete("y"),
    ),
    "a request": (request(1), request(2)),
    "bars that are deleted": (
        lambda store: store.market.delete(SYMBOL, TIMEFRAME, times(3)[1], times(3)[1]),
        lambda store: store.market.delete(SYMBOL, TIMEFRAME, times(3)[2], times(3)[2]),
    ),
    "a frame": (
        lambda store: store.market.write(bars(70), SYMBOL, TIMEFRAME),
        lambda store: store.market.write(bars(70, base=2.0), SYMBOL, TIMEFRAME),
    ),
    "a new frame": (
        lambda store: store.market.write(bars(70), "A", TIMEFRAME),
        lambda store: store.market.write(bars(70), "B", TIMEFRAME),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_what_was_stored_is_no_error_though_its_answer_is_lost(
    store: DataStore, proxy: Proxy, cut: DataStore, new_path: Callable[[str], str], name: str
) -> None:
    first, second = CALLS[name]
    with DataStore(new_path("another")) as other:
        results = []
        for to in (store, other):
            to.market.write(bars(3), SYMBOL, TIMEFRAME)
            to.state.set_many({"x": 1, "y": 1})
        expected = [first(other), second(other)]
        results.append(first(cut))
        # At the first time statements are prepared, too.
        for _ in range(2):
            undo = tables_as_they_are(store)
            at = answered(proxy, cut, second)
            undo()
        loss = Meanwhile(proxy, cut, second)
        loss.lose(at, "to client", lambda: None)
        assert loss.error is None
        assert [*results, loss.result] == expected
        assert of_store(store) == of_store(other)


def tables_as_they_are(store: DataStore) -> Callable[[], None]:
    """Keeps the rows of all tables, and puts them back."""
    schema = tables.schema_of(store.path)
    names = ("market_data", "market_requests", "system_state")
    with tables.connect(store.path) as connection:
        for name in names:
            connection.execute(f"CREATE TABLE {schema}.kept_{name} AS TABLE {schema}.{name}")

    def undo() -> None:
        with tables.connect(store.path) as connection, connection.transaction():
            for name in names:
                kept = f"{schema}.kept_{name}"
                connection.execute(f"DELETE FROM {schema}.{name}")
                connection.execute(f"INSERT INTO {schema}.{name} TABLE {kept}")
                connection.execute(f"DROP TABLE {kept}")

    return undo


@pytest.mark.parametrize("direction", ["to server", "to client"])
def test_a_bar_that_is_written_again_and_again_is_never_unknown(
    store: DataStore, proxy: Proxy, cut: DataStore, direction: Any
) -> None:
    """Each tick of a live bar is a new version of a row that this very store has written."""
    for number in range(6):
        bar(float(number))(cut)
    for number in range(6, 12):
        proxy.after(0, direction)
        bar(float(number))(cut)
        assert proxy.struck == 1
        found = store.market.latest_bar(SYMBOL, TIMEFRAME)
        assert found is not None
        assert found.close == number


# ---- Others write meanwhile -------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["to server", "to client"])
def test_what_others_wrote_over_a_live_bar_stays_and_the_outcome_is_unknown(
    store: DataStore, proxy: Proxy, cut: DataStore, direction: Any
) -> None:
    bar(1.0)(cut)
    loss = Meanwhile(proxy, cut, bar(2.0))
    loss.lose(0, direction, lambda: bar(3.0)(store))
    assert isinstance(loss.error, ClosedError)
    assert "unknown" in str(loss.error)
    assert of_store(store)[0] == (3.0, {})


def test_what_others_added_to_a_live_bar_stays_and_the_call_was_done(
    store: DataStore, proxy: Proxy, cut: DataStore
) -> None:
    bar(1.0, features=FEATURES)(cut)
    at = answered(proxy, cut, bar(1.0, features={"a@1": entry(3.0)}))
    loss = Meanwhile(proxy, cut, bar(2.0, features={"a@1": entry(2.0)}))
    more = {START: {"b@1": entry(3.0)}}
    loss.lose(at, "to client", lambda: store.market.write_features(more, SYMBOL, TIMEFRAME))
    assert loss.error is None
    assert of_store(store)[0] == (2.0, {"a@1": entry(2.0), **more[START]})


@pytest.mark.parametrize("direction", ["to server", "to client"])
def test_a_live_bar_that_others_deleted_is_written_again(
    store: DataStore, proxy: Proxy, cut: DataStore, direction: Any
) -> None:
    bar(1.0)(cut)
    loss = Meanwhile(proxy, cut, bar(2.0))
    loss.lose(0, direction, lambda: store.market.delete(SYMBOL, TIMEFRAME))
    assert loss.error is None
    assert of_store(store)[0] == (2.0, {})


def test_features_of_a_bar_that_others_deleted_are_not_stored(
    store: DataStore, proxy: Proxy, cut: DataStore
) -> None:
    bar(1.0)(cut)
    write = CALLS["features of a bar"][0]
    write(cut)
    loss = Meanwhile(proxy, cut, CALLS["features of a bar"][1])
    loss.lose(0, "to client", lambda: store.market.delete(SYMBOL, TIMEFRAME))
    assert isinstance(loss.error, MissingBarError)


def test_what_others_made_of_a_state_stays_and_the_call_was_done(
    store: DataStore, proxy: Proxy, cut: DataStore
) -> None:
    for call, then, left in (
        (lambda to: to.state.set("a", 2), lambda: store.state.set("a", 3), {"a": 3}),
        (lambda to: to.state.set("a", 2), lambda: store.state.delete("a"), {}),
        (lambda to: to.state.delete("a"), lambda: store.state.set("a", 1), {"a": 1}),
        (
            lambda to: to.state.compare_and_set("a", 1, 2),
            lambda: store.state.compare_and_set("a", 2, 1),
            {"a": 1},
        ),
    ):
        for _ in range(3):
            store.state.set("a", 1)
            at = answered(proxy, cut, call)
        store.state.set("a", 1)
        loss = Meanwhile(proxy, cut, call)
        loss.lose(at, "to client", then)
        assert loss.error is None
        assert loss.result in (None, True)
        assert store.state.items() == left
        store.state.delete("a")


# ---- Numbers that a server gives again --------------------------------------------------------


def test_a_transaction_that_a_crash_took_is_not_mistaken_for_a_later_one(
    own_server: Server,
) -> None:
    """What a transaction wrote was still in memory, so the server gives its number again."""
    own_server.stop()
    own_server.start(wal_writer_delay="10000ms", autovacuum="off")
    with DataStore(own_server.url(), timeout=5) as store, DataStore(own_server.url()) as other:
        store.state.set("a", 1)

        def crash() -> None:
            with store.transaction():
                store.state.set("a", 2)
                own_server.stop(signal.SIGKILL)
                own_server.start()
                for number in range(20):
                    other.state.set("b", number)

        with pytest.raises((StorageError, ClosedError)):
            crash()
        assert store.state.items() == {"a": 1, "b": 19}
