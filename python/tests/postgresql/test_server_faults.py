# SPDX-License-Identifier: MIT
"""What can happen to a server: killed, stopped, full, closed to us, of another kind."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from frames import SYMBOL, TIMEFRAME, bars, same
from postgresql import tables
from postgresql.server import ROLE, Server, owner
from postgresql.writers import Writers

import data_store
from data_store import DataStore, DataStoreError
from data_store.errors import ClosedError, SchemaError, StorageError

LOST = (StorageError, ClosedError)


def kill_a_backend(server: Server) -> None:
    pids = server.sql(f"SELECT pid FROM pg_stat_activity WHERE usename = '{ROLE}' LIMIT 1")
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(pids.split()[0]), signal.SIGKILL)


def restart(server: Server, how: signal.Signals) -> None:
    server.stop(how)
    server.start()


FAULTS: dict[str, Callable[[Server], None]] = {
    "kill -9 of a session's process": kill_a_backend,
    "kill -9 of the postmaster": lambda server: restart(server, signal.SIGKILL),
    "an immediate stop": lambda server: restart(server, signal.SIGQUIT),
    "a fast stop": lambda server: restart(server, signal.SIGINT),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_acknowledged_survives(own_server: Server, fault: str) -> None:
    with DataStore(own_server.url()):
        pass
    writers = Writers(own_server.url(), 3)
    try:
        for _ in range(2):
            writers.await_more(10)
            FAULTS[fault](own_server)
            writers.await_more(3)
    finally:
        writers.end()
    with DataStore(own_server.url()) as store:
        writers.nothing_is_lost(store)
        assert store.check() == []


def test_a_server_that_is_down_is_an_error_and_the_store_goes_on_once_it_is_up(
    own_server: Server,
) -> None:
    with DataStore(own_server.url(), timeout=2) as store:
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        own_server.stop()
        for call in (
            lambda: store.market.read(SYMBOL, TIMEFRAME),
            lambda: store.market.write(bars(3), SYMBOL, TIMEFRAME),
            lambda: store.state.set("a", 1),
        ):
            with pytest.raises(LOST, match=r"server|connect"):
                call()
        own_server.start()
        same(store.market.read(SYMBOL, TIMEFRAME), bars(3))
        store.state.set("a", 1)
        assert store.state.get("a") == 1


def test_a_session_that_an_administrator_ends_is_made_again(path: str, admin: str) -> None:
    with DataStore(f"{path}&application_name=to_be_ended") as store:
        for version in range(3):
            store.state.set("a", version)
            with tables.connect(admin) as connection:
                ended = connection.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE application_name = 'to_be_ended'"
                )
                assert (True,) in ended.fetchall()
            assert store.state.get("a") == version


# ---- Doors that are closed --------------------------------------------------------------------


def test_a_wrong_password_is_told_without_it() -> None:
    url = os.environ.get("DATA_STORE_POSTGRESQL_TCP")
    if url is None:
        pytest.skip("DATA_STORE_POSTGRESQL_TCP names no server that asks for a password")
    secret = "not-the-password"
    start, rest = url.split("@")
    wrong = f"{start.rsplit(':', 1)[0]}:{secret}@{rest}"
    with pytest.raises(StorageError, match="password") as caught:
        DataStore(wrong, timeout=5)
    assert secret not in str(caught.value)


def test_a_password_is_shown_nowhere() -> None:
    url = os.environ.get("DATA_STORE_POSTGRESQL_TCP")
    if url is None:
        pytest.skip("DATA_STORE_POSTGRESQL_TCP names no server that asks for a password")
    with tables.new_schema() as place:
        schema = tables.schema_of(place)
        secret = url.split("@")[0].rsplit(":", 1)[1]
        with DataStore(tables.with_schema(url, schema)) as store:
            shown = [store.path, repr(store), repr(store.market), str(store.info())]
            with pytest.raises(DataStoreError) as caught:
                store.state.set("", 1)
            shown.append(str(caught.value))
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize(
    "name",
    [
        "postgresql://nobody@127.0.0.1:1/nothing",
        "postgresql://user:secret-word@127.0.0.1:1/nothing?connect_timeout=2",
        "postgres://127.0.0.1:1/nothing?password=secret-word",
        "postgresql:///nothing?host=/nowhere",
        "postgresql://user:secret-word@127.0.0.1:notaport/x",
        "postgresql://user:secret-word@/x?unknown=1",
    ],
)
def test_a_server_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(DataStoreError) as caught:
        DataStore(name, timeout=2)
    assert isinstance(caught.value, StorageError | data_store.InvalidInputError)
    assert "secret-word" not in str(caught.value)


def test_a_database_that_is_not_there_is_an_error(own_server: Server) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        DataStore(own_server.url(database="nowhere"), timeout=2)
    with pytest.raises(StorageError, match="stranger"):
        DataStore(own_server.url("stranger"), timeout=2)


def test_a_server_of_another_encoding_is_refused(own_server: Server) -> None:
    own_server.sql(
        f"CREATE DATABASE latin OWNER {ROLE} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        database="postgres",
    )
    with pytest.raises(DataStoreError, match="UTF8"):
        DataStore(own_server.url(database="latin"))


def test_too_many_clients_are_an_error(own_server: Server) -> None:
    own_server.sql(f"ALTER ROLE {ROLE} CONNECTION LIMIT 1")
    with DataStore(own_server.url(), timeout=1) as store:
        store.state.set("a", 1)
        with pytest.raises(LOST, match="too many connections"):
            DataStore(own_server.url(), timeout=1)
        assert store.state.get("a") == 1


# ---- Tables of another kind -------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "COMMENT ON TABLE market_data IS 'data_store schema 2'",
        "ALTER TABLE market_data ADD COLUMN vwap float8",
        "ALTER TABLE market_data DROP COLUMN volume",
        "ALTER TABLE market_data ALTER COLUMN close TYPE numeric",
        "ALTER TABLE system_state ALTER COLUMN value TYPE jsonb",
        "ALTER TABLE market_requests RENAME COLUMN notes TO remarks",
        "DROP TABLE market_data; CREATE VIEW market_data AS SELECT 1 AS symbol",
    ],
)
def test_tables_of_another_kind_are_refused_and_left_as_they_were(path: str, change: str) -> None:
    with DataStore(path) as store:
        store.state.set("a", [1])
    with tables.connect(path) as connection:
        connection.execute(f"SET search_path = {tables.schema_of(path)}")
        connection.execute(change)
        before = connection.execute(FORM, [tables.schema_of(path)]).fetchall()
        with pytest.raises(SchemaError):
            DataStore(path)
        assert connection.execute(FORM, [tables.schema_of(path)]).fetchall() == before


FORM = (
    "SELECT table_name, column_name, data_type, ordinal_position FROM information_schema.columns"
    " WHERE table_schema = %s ORDER BY 1, 4"
)


def test_tables_that_change_while_a_store_is_open_are_an_error_and_nothing_is_written(
    path: str, store: DataStore
) -> None:
    store.market.write(bars(1), SYMBOL, TIMEFRAME)
    with tables.connect(path) as connection:
        connection.execute(f"ALTER TABLE {tables.schema_of(path)}.market_data DROP COLUMN volume")
    with pytest.raises(DataStoreError):
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
    with tables.connect(path) as connection:
        count = f"SELECT count(*) FROM {tables.schema_of(path)}.market_data"
        assert connection.execute(count).fetchone() == (1,)


def test_a_standby_or_a_server_that_only_reads_refuses_writes_with_the_remedy(
    own_server: Server,
) -> None:
    with DataStore(own_server.url()) as store:
        store.state.set("a", 1)
    own_server.sql(f"ALTER ROLE {ROLE} SET default_transaction_read_only = on")
    with DataStore(own_server.url(), read_only=True) as reader:
        assert reader.state.get("a") == 1
    with contextlib.ExitStack() as stack, pytest.raises(StorageError, match="read"):
        stack.enter_context(DataStore(own_server.url())).state.set("a", 2)


# ---- A full disk ------------------------------------------------------------------------------


@pytest.fixture
def small_disk(own_server: Server, tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB, on which new tables lie; only root can mount one."""
    place = own_server.folder / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        os.chown(place, owner().pw_uid, owner().pw_gid)
        own_server.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
        own_server.sql(f"GRANT CREATE ON TABLESPACE small TO {ROLE}")
        own_server.sql(f"ALTER ROLE {ROLE} SET default_tablespace = small")
        yield place
    finally:
        own_server.stop(signal.SIGQUIT)
        subprocess.run(["umount", str(place)], check=True)


def test_a_server_out_of_disk_is_an_error_and_nothing_is_half_written(
    own_server: Server, small_disk: Path
) -> None:
    own_server.sql("CREATE TABLE public.ballast TABLESPACE small AS SELECT repeat('x', 8000)")
    ballast = "INSERT INTO public.ballast SELECT string_agg(md5(i::text), '')"
    own_server.sql(f"{ballast} FROM generate_series(1, 60000) AS i")
    with DataStore(own_server.url()) as store:
        written = 0
        with pytest.raises(StorageError, match="space"):  # noqa: PT012
            for number in itertools.count():
                store.market.write(bars(20_000), f"S{number}", TIMEFRAME)
                written = number + 1
        assert written > 0
        assert store.market.series()["bars"].tolist() == [20_000] * written
        same(store.market.read("S0", TIMEFRAME), bars(20_000))
        # A file that goes makes room again: the calls that follow are as any others.
        own_server.sql("DROP TABLE public.ballast")
        store.market.write(bars(100), "after", TIMEFRAME)
        same(store.market.read("after", TIMEFRAME), bars(100))
