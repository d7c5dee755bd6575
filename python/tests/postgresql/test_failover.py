# SPDX-License-Identifier: MIT
"""Two servers with streaming replication: the first is killed, the second promoted, writers go on.

With synchronous replication nothing that was acknowledged is lost.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from figures import figure
from frames import START, SYMBOL, TIMEFRAME, bars
from postgresql.proxy import Proxy
from postgresql.server import Server
from postgresql.writers import Writers

from data_store import DataStore
from data_store.errors import ClosedError, StorageError

PATIENCE = 30
"""Seconds: more than any timeout below, less than for ever."""


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary whose commits wait for its standby, and the standby."""
    with Server() as primary, Server(copy_of=primary) as standby:
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("SELECT pg_reload_conf()")
        # A first commit waits until the standby takes part.
        primary.sql("CREATE TABLE public.ready ()")
        yield primary, standby


def url_of(*servers: Server, **parameters: str) -> str:
    """Both servers in one URL; libpq takes the one that may be written to."""
    hosts = ",".join(str(server.sockets) for server in servers)
    ports = ",".join(str(server.port) for server in servers)
    return servers[0].url(
        **{"target_session_attrs": "read-write", "host": hosts, "port": ports, **parameters}
    )


def test_a_promoted_standby_has_every_acknowledged_call(pair: tuple[Server, Server]) -> None:
    primary, standby = pair
    url = url_of(primary, standby)
    with DataStore(url):
        pass
    writers = Writers(url, 3)
    try:
        writers.await_more(20)
        primary.stop(signal.SIGKILL)
        assert standby.sql("SELECT pg_promote()") == "t"
        writers.await_more(20)
    finally:
        writers.end()
    with DataStore(standby.url()) as store:
        writers.nothing_is_lost(store)
        assert store.check() == []
    figure("failover: acknowledged calls, of which lost", f"{sum(writers.acknowledged):,}, 0")
    figure("failover: calls that failed meanwhile", f"{len(writers.errors):,}")


def test_an_address_that_moves_to_a_standby_is_written_to_once_that_is_promoted(
    pair: tuple[Server, Server],
) -> None:
    """One host in the URL: the address of the primary, which moves."""
    primary, standby = pair
    with Proxy(primary.sockets / f".s.PGSQL.{primary.port}") as address:
        with DataStore(primary.url()):
            pass
        start, rest = standby.url(tcp=True, sslmode="disable").split("127.0.0.1")
        url = f"{start}127.0.0.1:{address.port}/{rest.split('/', 1)[1]}"
        with DataStore(url, timeout=1) as hasty, DataStore(url, timeout=PATIENCE) as store:
            hasty.state.set("a", 1)
            store.state.set("a", 2)
            primary.stop(signal.SIGKILL)
            address.leads_to(standby.sockets / f".s.PGSQL.{standby.port}")
            address.cut_all()
            calls = (
                lambda to: to.state.set("a", 3),
                lambda to: to.market.write(bars(100), SYMBOL, TIMEFRAME),
                lambda to: to.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0),
                transaction,
            )
            for call in calls:
                with pytest.raises(StorageError, match="standby"):
                    call(hasty)
            failures: list[Exception] = []

            def write() -> None:
                try:
                    for call in calls:
                        call(store)
                except Exception as error:
                    failures.append(error)

            thread = threading.Thread(target=write)
            thread.start()
            assert standby.sql("SELECT pg_promote()") == "t"
            thread.join()
            assert failures == []
            assert hasty.state.items() == {"a": 4}
            assert hasty.market.count(SYMBOL, TIMEFRAME) == 100


def transaction(store: DataStore) -> None:
    with store.transaction():
        store.state.set("a", 4)


def test_a_standby_that_is_away_is_waited_for_no_longer_than_the_timeout(
    pair: tuple[Server, Server],
) -> None:
    """A commit is there before the standby has it, so nobody can say that nothing was stored."""
    primary, standby = pair
    calls = (
        lambda to: to.state.set("a", 2),
        lambda to: to.market.write(bars(100), SYMBOL, TIMEFRAME),
        lambda to: to.market.write_bar(SYMBOL, TIMEFRAME, START, close=9.0),
    )
    with DataStore(primary.url(), timeout=1) as store:
        store.state.set("a", 1)
        standby.stop()
        for call in calls:
            began = time.monotonic()
            with pytest.raises(ClosedError, match="unknown"):
                call(store)
            assert time.monotonic() - began < PATIENCE
        standby.start()
        for call in calls:
            call(store)
        assert store.state.get("a") == 2
        assert store.market.count(SYMBOL, TIMEFRAME) == 100


def test_a_standby_is_read_and_refuses_writes(pair: tuple[Server, Server]) -> None:
    primary, standby = pair
    with DataStore(primary.url()) as store:
        store.state.set("a", 1)
    # The commit waits until it is written there, and not until it is visible there.
    written = primary.sql("SELECT pg_current_wal_lsn()")
    standby.sql(
        f"DO $$ BEGIN WHILE pg_last_wal_replay_lsn() < '{written}'"
        " LOOP PERFORM pg_sleep(0.01); END LOOP; END $$"
    )
    with DataStore(standby.url(), read_only=True) as reader:
        assert reader.state.get("a") == 1
    with contextlib.ExitStack() as stack, pytest.raises(StorageError, match="standby"):
        stack.enter_context(DataStore(standby.url())).state.set("a", 2)
    # The host that may be written to is found, wherever it stands.
    with DataStore(url_of(standby, primary)) as store:
        store.state.set("a", 3)
        assert store.state.get("a") == 3
