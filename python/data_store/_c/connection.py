# SPDX-License-Identifier: MIT
"""Connections of a Python module for SQLite, where it runs on the very SQLite of the store."""

from __future__ import annotations

import ctypes
import sqlite3
from types import ModuleType
from typing import Any
from urllib.parse import quote

from ..errors import StorageError
from .library import library
from .status import check

__all__ = ["connect"]


def _libversion_address(module: Any) -> int | None:
    """Where the module's SQLite has its sqlite3_libversion(); None if it does not show it."""
    # The C module behind `sqlite3` and its like: the one that has the function connect().
    extension: ModuleType = module.connect.__self__
    loaded = ctypes.CDLL(getattr(extension, "__file__", None))
    try:
        function = loaded.sqlite3_libversion
    except AttributeError:
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def connect(path: bytes, mode: str, timeout: float, statements: str) -> sqlite3.Connection:
    """Open a connection that the statements have set up; refuse one of another SQLite."""
    check(library.ds_sqlite_is_shared(_libversion_address(sqlite3)))
    # An URI, because only its mode keeps sqlite3 from making a new file.
    uri = f"file:{quote(path)}?mode={mode}"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=timeout)
        try:
            connection.row_factory = sqlite3.Row
            connection.executescript(statements)
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"{path.decode(errors='replace')}: sqlite3 cannot open it: {error}. Check that "
            "the file can be read and written, and that a file descriptor is left (ulimit -n)"
        ) from error
    return connection
