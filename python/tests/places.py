# SPDX-License-Identifier: MIT
"""Where the stores of the tests lie: in a file each, or in a schema each of one server.

``pytest --engine=postgresql``, or DATA_STORE_TEST_ENGINE=postgresql, has every test that is about
the contract open its stores on a server: the one that DATA_STORE_POSTGRESQL names, or one that the
run starts for itself. Tests that are about files are marked ``sqlite_only``, with the reason.
DATA_STORE_TEST_PARTITIONS=hash, or range, partitions the tables by symbol, or by time.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Union

Place = Union[Path, str]  # noqa: UP007  # Python 3.9 runs a part of these tests
"""A file's path, or a server's URL."""

ENGINES = ("sqlite", "postgresql")


def on_server() -> bool:
    """Whether this run is about a server."""
    return os.environ.get("DATA_STORE_TEST_ENGINE", "sqlite") == "postgresql"


@contextlib.contextmanager
def new_place(folder: Path | None = None, name: str = "market.db") -> Iterator[Place]:
    """Where a store can be opened, with nothing there yet: in this folder, if there are files."""
    if on_server():
        from postgresql import tables

        with tables.new_schema() as url:
            yield url
    elif folder is not None:
        yield folder / name
    else:
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch) / name


def is_server(place: object) -> bool:
    """Whether this is a server's URL."""
    return str(place).startswith(("postgresql://", "postgres://"))
