# SPDX-License-Identifier: MIT
"""A password in a store's name is shown nowhere, even where the name is written wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from data_store import DataStore
from data_store.errors import DataStoreError, InvalidInputError

SECRET = "s3cretWord"
HOST = "127.0.0.1:1"


@pytest.mark.parametrize(
    "name",
    [
        f"postgresql://user:{SECRET}@{HOST}/db",
        f"postgresql://user@{HOST}/db?password={SECRET}",
        f"postgresql://user@{HOST}/db?passwd={SECRET}",
        f"postgresql://user:{SECRET}@{HOST}/db?serch_path=x",
        f"postgresql://user:{SECRET}%zz@{HOST}/db",
        f"postgresql://user:a@{SECRET}@{HOST}/db",
        f"postgresql://user:a/{SECRET}@{HOST}/db",
        f"postgresql://user:a?{SECRET}@{HOST}/db",
        f"postgresql://user:a?b={SECRET}@{HOST}/db",
        f"postgresql://user:a#{SECRET}@{HOST}/db",
        f"postgresql://user:1/{SECRET}@{HOST}/db",
        f"postgresql://user:{SECRET}@{HOST}/db\0",
        f"postgresql://user:{SECRET}@{HOST}/\ud800",
        f"postgresql://user:{SECRET}@[::1/db",
        f"POSTGRESQL://user:{SECRET}@{HOST}/db",
        f"pgsql://user:{SECRET}@{HOST}/db",
        f"postgresql+psycopg://user:{SECRET}@{HOST}/db",
        f"jdbc:postgresql://{HOST}/db?user=u&password={SECRET}",
        f" postgresql://user:{SECRET}@{HOST}/db",
        Path(f"postgresql://user:{SECRET}@{HOST}/db"),
        f"host=127.0.0.1 port=1 user=user password={SECRET}",
        f"password = {SECRET} host=127.0.0.1",
    ],
)
def test_a_name_that_opens_nothing_does_not_show_its_password(
    name: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataStoreError) as caught:
        DataStore(name, timeout=1.0)
    told = f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert SECRET not in told
    assert list(tmp_path.iterdir()) == [], "a file was made"


@pytest.mark.parametrize("name", ["service=market", "host=db1 dbname=market", "dbname=market"])
def test_a_connection_string_is_refused_with_the_url_to_write(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match=r"postgresql:///\?service=market"):
        DataStore(name)
    with DataStore(f"./{name}") as store:  # a file, if that is what is meant
        store.state.set("key", 1)
    with DataStore(name) as store:  # it is there
        assert store.state.get("key") == 1


@pytest.mark.parametrize("search_path", ["pg_temp", "pg_catalog"])
def test_the_servers_own_schemas_are_refused(path: str, search_path: str) -> None:
    base = path.partition("&options=")[0]
    with pytest.raises(DataStoreError, match="search_path"):
        DataStore(f"{base}&options=-c%20search_path%3D{search_path}")


@pytest.mark.parametrize("command", ["info", "check", "doctor", "series", "verify", "backup"])
def test_the_command_line_shows_no_password(command: str, path: str, tmp_path: Path) -> None:
    tcp = os.environ.get("DATA_STORE_POSTGRESQL_TCP")
    if tcp is None:
        pytest.skip("DATA_STORE_POSTGRESQL_TCP names no server with a password")
    url = f"{tcp}?{path.rpartition('&')[2]}"
    secret = urlsplit(tcp).password
    assert secret
    with DataStore(url) as store:
        store.state.set("key", 1)
        assert secret not in f"{store!r} {store.path} {store.market!r} {store.info()}"
    more = {"verify": [url], "backup": [str(tmp_path / "copy.db")]}.get(command, [])
    ended = subprocess.run(
        [sys.executable, "-m", "data_store", command, url, *more], capture_output=True, text=True
    )
    assert ended.returncode in (0, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    assert secret not in ended.stdout + ended.stderr
