# SPDX-License-Identifier: MIT
"""The store: one SQLite file, or a schema on a PostgreSQL server, that many processes share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from ctypes import POINTER, byref, c_void_p
from functools import partial
from types import TracebackType

from ._c.first_use import at_first_use, made_at_first_use
from ._c.handles import OfThisProcess, ResultHandle, StoreHandle, take_text
from ._c.library import library
from ._c.opening import DURABILITY, NO_TIME, ds_open_options
from ._c.signals import ask_main_thread
from ._c.status import check
from ._c.text import decode_array, encode_path
from ._c.transaction import Transaction
from ._in.cells import flag_argument, number_argument, shown
from .errors import InvalidInputError, InvalidTypeError

# Imported where it is used: opening a file takes none of it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Literal, Self, TypeVar

    import pandas as pd

    from ._arrow import ArrowResult
    from ._c.abi import ds_info
    from ._info import Info, LastCheckpoint, ServerInfo
    from ._moving import Copied, Difference
    from ._progress import Progress
    from ._sql import Parameters
    from .market_repo import MarketRepo
    from .state_repo import StateRepo

    Made = TypeVar("Made")

__all__ = ["DataStore"]


class DataStore(OfThisProcess):
    """Bars, features, request metadata and strategy state in one SQLite file, or on a server.

    Any number of processes may open the file, or the server's schema, and any number of threads
    may share one `DataStore`. Reads run beside each other and beside a write; writes wait for each
    other. The GIL is released during every call. A store does not survive a fork: the child opens
    its own.

    Parameters
    ----------
    path : str or os.PathLike
        The file. One that is absent or empty becomes a new store. The path is resolved now: a
        later `os.chdir` changes nothing. Or a URL, "postgresql://user@host/database", as text: the
        tables lie in the first schema of its search_path, and are made if they are absent. That
        takes the system's libpq.
    durability : {"full", "normal"}, default "full"
        With "full" a write that has returned survives a power cut. With "normal" it survives a
        killed process; a power cut may take back the latest writes, each of them whole, but never
        corrupts the file.
    timeout : float, default 10.0
        Seconds, from 0 to 1,000,000, that a writer waits for another one before it gives up with
        `BusyError`.
    read_only : bool, default False
        Write nothing to the database; writes raise `StorageError`.
    fast_paths : bool, default True
        Take the paths that rest on SQLite's internals, if its version is one that they were
        tested with. Results are the same either way: switch them off to find out whether one of
        them is to blame for a bug. The environment variable ``DATA_STORE_FAST_PATHS=0`` does the
        same; `info` tells which are on, and why not.

    Attributes
    ----------
    market : MarketRepo
        Bars, features, request metadata.
    state : StateRepo
        Key and value memory of strategies.
    path : str
        The absolute path of the file, symbolic links resolved, or the URL without a password.
    closed : bool
        Whether every call raises `ClosedError`.

    Raises
    ------
    InvalidInputError
        An argument is wrong, or `path` does not name a file: ":memory:", a URI, the -wal, -shm or
        -journal of another database.
    SchemaError
        The file is not a store, or one from a newer version; it is left as it was.
    StorageError
        The file cannot be opened, or the -wal or -journal of an earlier file lies beside it; the
        server does not let us in, lacks the tables and the right to make them, or libpq is absent.
    ClosedError
        Another copy of SQLite in this process has the file open, or this is a forked child in
        which SQLite cannot be used.
    BusyError
        Another program had the file to itself for longer than `timeout`.

    Examples
    --------
    >>> with DataStore("market.db") as store:
    ...     store.market.write(bars, "EURUSD", "1h")
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Literal["full", "normal"] = "full",
        timeout: float = 10.0,
        read_only: bool = False,
        fast_paths: bool = True,
    ) -> None:
        word = str.__str__(durability) if isinstance(durability, str) else ""
        if word not in DURABILITY:
            error = InvalidInputError if isinstance(durability, str) else InvalidTypeError
            raise error(f"durability must be 'full' or 'normal', not {shown(durability)}")
        read_only = flag_argument(read_only, "read_only")
        options = ds_open_options(
            durability=DURABILITY[word],
            read_only=read_only,
            timeout_seconds=number_argument(timeout, "timeout"),
            fast_paths=flag_argument(fast_paths, "fast_paths"),
        )
        ask_main_thread()
        self._store = StoreHandle(encode_path(path, "path"), options)
        self._durability: Literal["full", "normal"] = "full" if word == "full" else "normal"
        self._timeout = options.timeout_seconds
        self._read_only = read_only

    def __repr__(self) -> str:
        read_only = ", read_only=True" if self._read_only else ""
        closed = " (closed)" if self.closed else ""
        return f"DataStore({self.path!r}, durability={self._durability!r}{read_only}){closed}"

    def _repr_html_(self) -> str:
        with at_first_use.lock, at_first_use:
            from ._html import store_html

        return store_html(self.path, self._store, lambda: self.info()["rows"])

    @made_at_first_use
    def market(self) -> MarketRepo:
        """Bars, features, request metadata: a `MarketRepo`, the same at each access."""
        from .market_repo import MarketRepo

        return MarketRepo(self._store)

    @made_at_first_use
    def state(self) -> StateRepo:
        """Key and value memory of strategies: a `StateRepo`, the same at each access."""
        from .state_repo import StateRepo

        return StateRepo(self._store)

    @property
    def path(self) -> str:
        """The absolute path of the file, symbolic links resolved, or the URL without a password."""
        return os.fsdecode(library.ds_store_path(self._store))

    @property
    def closed(self) -> bool:
        """Whether every call raises `ClosedError`: after `close`, and in the child of a fork."""
        return self._store.is_closed

    def close(self) -> None:
        """Wait for running calls, roll an open transaction back, close the file.

        May be called any number of times, from any thread. Every later call raises `ClosedError`.
        """
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def interrupt(self) -> None:
        """Make the calls that run in other threads stop with `InterruptedCallError`.

        Nothing of those calls is stored. Safe from any thread at any time.

        Raises
        ------
        ClosedError
            The store is closed, or this is a forked child.
        """
        check(library.ds_interrupt(self._store))

    def transaction(self) -> Transaction:
        """Commit everything that the block does, across both repos, or nothing of it.

        The transaction takes the write lock at its start. It belongs to the thread, and within
        asyncio to the task, that enters the block. That one reads its own writes; others read the
        last commit. The writes of other threads wait; those of other tasks of the same thread are
        refused at once with `BusyError`. A call that fails inside is undone alone if the caller
        catches the error. A transaction inside another is a savepoint. A block that is left in
        another thread or task, or never, is rolled back.

        Returns
        -------
        context manager
            For one `with` statement, or to decorate a plain function. The errors below are raised
            where the block begins and ends.

        Raises
        ------
        BusyError
            Another writer held the file for longer than the timeout, or another task of this
            thread has a transaction open.
        ClosedError
            The store was closed inside: everything was rolled back.
        InvalidInputError
            The block was left out of order, or elsewhere: everything was rolled back.
        StorageError, CorruptError, SchemaError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        return Transaction(self._store)

    def sql(
        self, query: str, params: Parameters = (), *, timeout: float | None = None
    ) -> pd.DataFrame:
        """Run one statement that only reads, on one snapshot.

        Parameters
        ----------
        query : str
            Tables: market_data, market_requests, system_state. A statement that writes, ATTACH,
            or a PRAGMA that sets something is refused.
        params : sequence or mapping, default ()
            For `?` by position, for `:name` by name: None, numbers, text, bytes, aware datetimes
            (compared as the store writes them).
        timeout : float, optional
            Seconds, from 0 to 1,000,000, after which the query is stopped. None: no limit.

        Returns
        -------
        DataFrame
            One column per column of the query, a RangeIndex: int64, float64, str; Int64 for
            integers with NULL; object for BLOB and mixtures. It owns its memory.

        Raises
        ------
        InvalidInputError
            The statement is wrong or writes, or a parameter is wrong or missing; `InvalidTypeError`
            if `query` is not text, or `params` is not a sequence or a mapping.
        QueryTimeoutError
            The query took longer than `timeout`.
        LibraryError
            pandas is not installed; `sql_arrow` needs none.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        return self._query(query, params, timeout)

    def sql_arrow(
        self, query: str, params: Parameters = (), *, timeout: float | None = None
    ) -> ArrowResult:
        """Run one statement that only reads, and give its rows as a table of Arrow.

        Parameters
        ----------
        query, params, timeout
            As for `sql`.

        Returns
        -------
        ArrowResult
            A column per column of the query: int64, float64 (also of integers and reals), large
            text, large binary, or null where every row is NULL. Any other mixture is text, with
            the numbers as text, or binary where there is a BLOB in it.

        Raises
        ------
        InvalidInputError
            The statement is wrong or writes, or a parameter is wrong or missing; `InvalidTypeError`
            if `query` is not text, or `params` is not a sequence or a mapping.
        QueryTimeoutError
            The query took longer than `timeout`.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        with at_first_use.lock, at_first_use:
            from ._sql import query_arrow

        return query_arrow(self._store, query, params, timeout)

    @made_at_first_use
    def _query(self) -> Callable[[object, object, float | None], pd.DataFrame]:
        from ._deferred import frames

        return partial(frames.sql, self._store)

    def check(self, *, progress: Progress = None) -> list[str]:
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
            from ._c import abi as _abi

        pointer = POINTER(_abi.ds_texts)()
        check(library.ds_store_check(self._store, byref(pointer)))
        with ResultHandle(pointer, library.ds_texts_free) as findings:
            items = decode_array(library.ds_texts_items(findings), library.ds_texts_count(findings))
            return [item for item in items if item is not None]

    def _reported(self, progress: object, title: str, call: Callable[[], Made]) -> Made:
        with at_first_use.lock, at_first_use:
            from ._progress import reported

        return reported(progress, title, call)

    def backup(
        self,
        target: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress = None,
    ) -> None:
        """Copy one snapshot of the store, while others write.

        Parameters
        ----------
        target : str or os.PathLike
            The new file. It appears whole or not at all.
        overwrite : bool, default False
            Replace a file that exists; it keeps its permissions.
        progress : bool or callable, optional
            True: a bar of tqdm's, if that is installed. Or it is called with the pages done (of a
            store on a server: the bars) and of how many, on this thread, at most some 20 times a
            second and once at the end, before the copy gets its name. What it raises ends the call,
            undone, and is raised here.

        Raises
        ------
        InvalidInputError
            `target` exists and `overwrite` is False. Always: it is the store's own file, its -wal,
            -shm or -journal, one of another database's, or a -wal or -journal lies beside it.
        StorageError
            `target` cannot be written.
        LibraryError
            `progress` is True, and tqdm is not installed.
        CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        if progress is not None:
            again = partial(self.backup, target, overwrite=overwrite)
            self._reported(progress, "backup", again)
            return
        target_path = encode_path(target, "target")
        check(
            library.ds_store_backup(self._store, target_path, flag_argument(overwrite, "overwrite"))
        )

    def copy_to(
        self,
        target: DataStore | str | os.PathLike[str],
        *,
        chunk: int = 10_000,
        progress: Progress = None,
    ) -> Copied:
        """Copy all bars, features, requests and state values into another store, and verify it.

        Exact: NULL, times to the nanosecond, features and state values digit for digit, when each
        value was set. Each chunk is one snapshot of this store and one transaction of the other.
        What the target has already is compared and not written again: a copy that was stopped goes
        on where it was, and one that is repeated brings over what has changed. What the target has
        beside is left alone. What was written is read back and compared. Others may write to the
        stores meanwhile; for a copy that is one snapshot copy a `backup`.

        Parameters
        ----------
        target : DataStore, str or os.PathLike
            A store, or what `DataStore` takes: a new one is made, or one that is there opened.
        chunk : int, default 10_000
            Rows at a time; one chunk of each store is in memory.
        progress : bool or callable, optional
            True: a bar of tqdm's, if that is installed. Or it is called with the bars done and of
            how many, on this thread, at most some 20 times a second and once at the end. What it
            raises ends the call, and is raised here; what was copied before is stored.

        Returns
        -------
        dict of str to int
            `series`, `bars`, `requests`, `states`: what this store has; `bars_written`,
            `requests_written`, `states_written`: what of these the target had not, or not so.

        Raises
        ------
        InvalidInputError
            An argument is wrong, or the target is this store.
        BusyError
            Another writer held the target for longer than its timeout, or something else writes
            all the time to what is copied; the message names the first difference. What was
            copied is stored: copy again.
        CorruptError
            The stored features of a bar, or a state value, are damaged; it names the bar or key.
        LibraryError
            `progress` is True, and tqdm is not installed.
        StorageError, SchemaError, ClosedError, InterruptedCallError
            As any read, and any write to the target: see `data_store.errors`. What was copied
            before is stored.
        """
        if progress is not None:
            again = partial(self.copy_to, target, chunk=chunk)
            return self._reported(progress, "copy_to", again)
        with at_first_use.lock, at_first_use:
            from ._moving import copied

        if isinstance(target, DataStore):
            return copied(self._store, target._store, chunk)
        with DataStore(target, durability=self._durability, timeout=self._timeout) as made:
            return copied(self._store, made._store, chunk)

    def differences(
        self,
        other: DataStore | str | os.PathLike[str],
        *,
        limit: int = 100,
        chunk: int = 10_000,
    ) -> list[Difference]:
        """Find in what this store differs from another one.

        Bars by symbol, timeframe and time, then requests, then state. In columns of numbers -0.0
        equals 0.0 (SQLite keeps no -0.0 there) and NaN is NULL; features and state values are
        compared digit for digit. Each chunk is a snapshot: compare while nothing writes.

        Parameters
        ----------
        other : DataStore, str or os.PathLike
            The other store, or what `DataStore` takes; then it is opened read-only.
        limit : int, default 100
            End after so many differences, 1 or more.
        chunk : int, default 10_000
            Rows at a time; one chunk of each store is in memory.

        Returns
        -------
        list of Difference
            One for each column that differs, and for each bar, request or key that only one store
            has; empty if both hold the same.

        Raises
        ------
        InvalidInputError
            An argument is wrong.
        CorruptError
            The stored features of a bar are damaged; it names the bar.
        StorageError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        with at_first_use.lock, at_first_use:
            from ._moving import compared

        if isinstance(other, DataStore):
            return compared(self._store, other._store, limit, chunk)
        with DataStore(other, read_only=True, timeout=self._timeout) as opened:
            return compared(self._store, opened._store, limit, chunk)

    def checkpoint(self) -> dict[str, int]:
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
            from ._c import abi as _abi

        result = _abi.ds_checkpoint_result()
        check(library.ds_store_checkpoint(self._store, byref(result)))
        return {
            "wal_frames": result.wal_frames,
            "checkpointed": result.checkpointed,
            "held_back": result.held_back,
        }

    def info(self) -> Info:
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
            from ._c import abi as _abi

        info = _abi.ds_info()
        check(library.ds_store_info(self._store, byref(info)))
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

    def get_connection(self) -> sqlite3.Connection:
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
            from ._c.connection import connect

        script = c_void_p()
        check(library.ds_store_connection_script(self._store, byref(script)))
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
        from ._timestamps import to_datetime

    at = to_datetime(info.last_checkpoint)
    timestamp_of = getattr(sys.modules.get("pandas"), "Timestamp", None)
    return {
        "at": timestamp_of(info.last_checkpoint, tz="UTC") if timestamp_of else at,
        "wal_frames": info.last_checkpoint_wal_frames,
        "checkpointed": info.last_checkpoint_checkpointed,
        "held_back": info.last_checkpoint_held_back,
    }
