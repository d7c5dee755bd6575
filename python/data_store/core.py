# SPDX-License-Identifier: MIT
"""The store: one SQLite file, or a schema on a PostgreSQL server, that many processes share."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from types import TracebackType

from ._c.first_use import at_first_use, made_at_first_use
from ._c.handles import OfThisProcess, StoreHandle
from ._c.library import library
from ._c.opening import DURABILITY, ds_open_options
from ._c.signals import ask_main_thread
from ._c.status import check
from ._c.text import encode_path
from ._c.transaction import Transaction
from ._in.cells import flag_argument, number_argument, shown
from ._methods import adopt
from ._store import copies, maintenance, queries
from .errors import InvalidInputError, InvalidTypeError

# Imported where it is used: opening a file takes none of it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Literal, Self, TypeVar

    import pandas as pd

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

    sql = queries.sql
    sql_arrow = queries.sql_arrow
    check = maintenance.check
    backup = copies.backup
    copy_to = copies.copy_to
    differences = copies.differences
    checkpoint = maintenance.checkpoint
    info = maintenance.info
    get_connection = maintenance.get_connection

    # ---- What those need ------------------------------------------------------------------------

    @made_at_first_use
    def _query(self) -> Callable[[object, object, float | None], pd.DataFrame]:
        from ._deferred import frames

        return partial(frames.sql, self._store)

    def _reported(self, progress: object, title: str, call: Callable[[], Made]) -> Made:
        with at_first_use.lock, at_first_use:
            from ._progress import reported

        return reported(progress, title, call)

    def _with_store(
        self, place: DataStore | str | os.PathLike[str], *, read_only: bool
    ) -> AbstractContextManager[DataStore]:
        """Give a store for the length of a block: as it is, or opened for it."""
        if isinstance(place, DataStore):
            return nullcontext(place)
        durability, timeout = self._durability, self._timeout
        return DataStore(place, durability=durability, timeout=timeout, read_only=read_only)


adopt(DataStore)
