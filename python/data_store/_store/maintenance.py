# SPDX-License-Identifier: MIT
"""What a store is, whether it is sound, and what is done to its file."""

from __future__ import annotations

import os
import sys
from ctypes import POINTER, byref, c_void_p

from .._c.first_use import at_first_use
from .._c.handles import ResultHandle, take_text
from .._c.library import library
from .._c.opening import DURABILITY, NO_TIME, ds_texts
from .._c.status import check as check_status
from .._c.text import decode_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from .._c.maintenance import ds_info
    from .._info import Info, LastCheckpoint, ServerInfo
    from .._progress import Progress
    from ..core import DataStore

__all__ = ["check", "checkpoint", "get_connection", "info"]


def check(self: DataStore, *, progress: Progress = None) -> list[str]:
    """Look for damage and for what is not as the store writes it.

    It reads every page and row, so it takes about as long as reading the file.

    Parameters
    ----------
    progress : bool or callable, optional
        True: a bar of tqdm's, if that is installed. Or it is called with the rows done (each is
        looked at twice, and counted twice) and of how many, on this thread, at most some 20
        times a second and once at the end. What it raises ends the call, and is raised here.

    Returns
    -------
    list of str
        A sentence for each finding; empty if the file is sound. Damage is a finding, not an
        error.

    Raises
    ------
    InvalidTypeError
        `progress` is neither a flag nor callable.
    LibraryError
        It is True, and tqdm is not installed.
    StorageError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    if progress is not None:
        return self._reported(progress, "check", self.check)
    with at_first_use.lock, at_first_use:
        pass

    pointer = POINTER(ds_texts)()
    check_status(library.ds_store_check(self._store, byref(pointer)))
    with ResultHandle(pointer, library.ds_texts_free) as findings:
        items = decode_array(library.ds_texts_items(findings), library.ds_texts_count(findings))
        return [item for item in items if item is not None]


def checkpoint(self: DataStore) -> dict[str, int]:
    """Copy the WAL into the database file. The store does so by itself as the WAL grows.

    Returns
    -------
    dict of str to int
        `wal_frames`: frames (pages) in the WAL; `checkpointed`: how many of them are now in the
        database file; `held_back`: how many are not, because readers of older snapshots need
        them.

    Raises
    ------
    InvalidInputError
        A transaction of this thread is open.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    with at_first_use.lock, at_first_use:
        from .._c import maintenance as _abi

    result = _abi.ds_checkpoint_result()
    check_status(library.ds_store_checkpoint(self._store, byref(result)))
    return {
        "wal_frames": result.wal_frames,
        "checkpointed": result.checkpointed,
        "held_back": result.held_back,
    }


def info(self: DataStore) -> Info:
    """Tell what the store is and how large.

    Returns
    -------
    dict
        path, library_version, sqlite_version, sqlite_source_id, journal_mode, synchronous,
        durability : str; abi_version, page_size, file_bytes, wal_bytes : int;
        wal_reset_safe : bool, this SQLite is free of the WAL-reset bug; read_only : bool;
        rows : dict of rows by table;
        fast_paths : list of the fast paths that are on (see the parameter of that name);
        fast_paths_reason : None, or why not all of them are on;
        last_checkpoint : the latest by this object, asked for or automatic: None, or a
        dict of at (an aware datetime in UTC; a Timestamp where pandas is loaded) and what
        `checkpoint` returns. Other programs checkpoint the file, too;
        server : None for a file, else a dict of version and schema : str; standby, fsync,
        full_page_writes : bool; synchronous_commit : str, "on", "remote_apply" or "off".
        There the texts of SQLite are empty, page_size and wal_bytes 0, and file_bytes those
        of the server's whole database.

    Raises
    ------
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    with at_first_use.lock, at_first_use:
        from .._c import maintenance as _abi

    info = _abi.ds_info()
    check_status(library.ds_store_info(self._store, byref(info)))
    durability = {code: word for word, code in DURABILITY.items()}
    return {
        "path": os.fsdecode(info.path),
        "library_version": library.ds_version().decode(),
        "abi_version": library.ds_abi_version(),
        "sqlite_version": info.sqlite_version.decode(),
        "sqlite_source_id": info.sqlite_source_id.decode(),
        "wal_reset_safe": bool(info.wal_reset_safe),
        "journal_mode": info.journal_mode.decode(),
        "synchronous": info.synchronous.decode(),
        "durability": durability[info.durability],
        "read_only": bool(info.read_only),
        "page_size": info.page_size,
        "file_bytes": info.file_bytes,
        "wal_bytes": info.wal_bytes,
        "fast_paths": info.fast_paths.decode().split(),
        "fast_paths_reason": info.fast_paths_reason and info.fast_paths_reason.decode(),
        "last_checkpoint": _last_checkpoint(info),
        "rows": {
            "market_data": info.market_data_rows,
            "market_requests": info.market_requests_rows,
            "system_state": info.system_state_rows,
        },
        "server": _server(info),
    }


def get_connection(self: DataStore) -> sqlite3.Connection:
    """Open a connection of Python's own sqlite3 module, set up as the store's are.

    WAL, synchronous NORMAL, temp_store MEMORY, the store's timeout, `sqlite3.Row` rows. It
    never checkpoints by itself. On a read-only store it is read-only, too.

    Returns
    -------
    sqlite3.Connection
        For the thread that made it. The caller closes it. Its own commits are as durable as
        NORMAL is, no more; they are not part of a `transaction`.

    Raises
    ------
    ClosedError
        The store is closed, or this is a forked child.
    StorageError
        The file cannot be opened.
    InvalidInputError
        Python's sqlite3 has a copy of SQLite of its own, and two copies in one process lose
        each other's commits; or the store lies on a server. Use `sql`.
    """
    with at_first_use.lock, at_first_use:
        from .._c.connection import connect

    script = c_void_p()
    check_status(library.ds_store_connection_script(self._store, byref(script)))
    statements = (take_text(script) or b"").decode()
    mode = "ro" if self._read_only else "rw"
    return connect(os.fsencode(self.path), mode, self._timeout, statements)


def _server(info: ds_info) -> ServerInfo | None:
    if not info.server_version:
        return None
    major, minor = divmod(info.server_version, 10_000)
    return {
        "version": f"{major}.{minor}",
        "schema": info.server_schema.decode(),
        "standby": bool(info.server_standby),
        "fsync": bool(info.server_fsync),
        "full_page_writes": bool(info.server_full_page_writes),
        "synchronous_commit": info.server_synchronous_commit.decode(),
    }


def _last_checkpoint(info: ds_info) -> LastCheckpoint | None:
    if info.last_checkpoint == NO_TIME:
        return None
    with at_first_use.lock, at_first_use:
        from .._timestamps import to_datetime

    at = to_datetime(info.last_checkpoint)
    timestamp_of = getattr(sys.modules.get("pandas"), "Timestamp", None)
    return {
        "at": timestamp_of(info.last_checkpoint, tz="UTC") if timestamp_of else at,
        "wal_frames": info.last_checkpoint_wal_frames,
        "checkpointed": info.last_checkpoint_checkpointed,
        "held_back": info.last_checkpoint_held_back,
    }
