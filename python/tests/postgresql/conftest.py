# SPDX-License-Identifier: MIT
"""Fixtures of the tests that need a server beside the one on which all stores lie.

They run with ``--engine=postgresql`` alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from postgresql import tables
from postgresql.proxy import Proxy
from postgresql.server import Server

from data_store import DataStore


def listening_at(url: str) -> Path | tuple[str, int]:
    """Where the server of a URL listens."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.get("host") or parts.hostname or "localhost"
    port = int(query.get("port") or parts.port or 5432)
    return Path(host) / f".s.PGSQL.{port}" if host.startswith("/") else (host, port)


def through(proxy: Proxy, url: str) -> str:
    """The URL of the same schema, by way of the proxy and in the clear."""
    parts = urlsplit(url)
    secret = f":{quote(parts.password)}" if parts.password else ""
    query = {"options": f"-c search_path={tables.schema_of(url)}", "sslmode": "disable"}
    query["gssencmode"] = "disable"
    place = f"{parts.username}{secret}@127.0.0.1:{proxy.port}{parts.path}"
    return f"postgresql://{place}?{urlencode(query, quote_via=quote)}"


@pytest.fixture
def proxy(path: str) -> Iterator[Proxy]:
    """Stands before the server of `path`."""
    with Proxy(listening_at(path)) as between:
        yield between


@pytest.fixture
def remote(path: str, proxy: Proxy, store: DataStore) -> str:
    """The URL of `store` by way of the proxy."""
    return through(proxy, path)


@pytest.fixture
def admin() -> str:
    """The URL of the superuser; only a server that was started for the tests has one."""
    if "DATA_STORE_POSTGRESQL_ADMIN" not in os.environ:
        pytest.skip("DATA_STORE_POSTGRESQL_ADMIN names no superuser")
    return os.environ["DATA_STORE_POSTGRESQL_ADMIN"]


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of the test's own, which it may do anything to."""
    with Server() as server:
        yield server
