# SPDX-License-Identifier: MIT
"""The store, for tasks of an event loop."""

from __future__ import annotations

import os
from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from .. import core
from .._c.handles import OfThisProcess
from ._calls import Calls
from ._market import MarketRepo
from ._progress import on_loop
from ._state import StateRepo
from ._transaction import Transaction

if TYPE_CHECKING:
    import sqlite3
    from typing import Self

    import pandas as pd

    from .._arrow.result import ArrowResult
    from .._info import Info
    from .._moving import Copied, Difference
    from .._progress import Progress
    from .._sql import Parameters

__all__ = ["DataStore"]


class DataStore(OfThisProcess):
    """The calls of `data_store.DataStore` as coroutines, made in a thread of the store's own.

    The calls of one store are made one after the other, in the order in which they are begun. A
    transaction belongs to the task that enters it: while it lasts, other tasks read the last
    commit, and their writes wait for its end, up to `timeout`. A task that is cancelled goes on
    when its call has ended: a call that lasts is stopped, and has stored nothing. Tasks of any
    number of event loops, each in its thread, may share one store.

    Use it in an ``async with`` statement. The file is opened by that, else by the first call, in
    the store's thread: so what is wrong with the arguments is raised there.

    Parameters
    ----------
    path, durability, timeout, read_only, fast_paths
        As for `data_store.DataStore`.

    Attributes
    ----------
    market : MarketRepo
        Bars, features, request metadata.
    state : StateRepo
        Key and value memory of strategies.
    path : str
        The absolute path of the file, symbolic links resolved.
    closed : bool
        Whether every call raises `ClosedError`.

    Examples
    --------
    >>> async with data_store.aio.DataStore("market.db") as store:
    ...     await store.market.write(bars, "EURUSD", "1h")
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
        self._calls = Calls(
            lambda: core.DataStore(
                path,
                durability=durability,
                timeout=timeout,
                read_only=read_only,
                fast_paths=fast_paths,
            ),
            timeout,
        )
        self._path = path
        self._market = MarketRepo(self._calls)
        self._state = StateRepo(self._calls)

    def __repr__(self) -> str:
        store = self._calls.store
        return f"<aio.DataStore({self.path!r}), not open yet>" if store is None else f"aio.{store}"

    @property
    def market(self) -> MarketRepo:
        """Bars, features, request metadata: a `MarketRepo`, the same at each access."""
        return self._market

    @property
    def state(self) -> StateRepo:
        """Key and value memory of strategies: a `StateRepo`, the same at each access."""
        return self._state

    @property
    def path(self) -> str:
        """The absolute path of the file, symbolic links resolved."""
        store = self._calls.store
        if store is not None:
            return store.path
        name = os.fsdecode(self._path)
        if name.startswith(("postgresql://", "postgres://")):
            # Which parts are secret the library knows, which has not seen it yet.
            return f"{name.partition('://')[0]}://…"
        return os.path.realpath(name)

    @property
    def closed(self) -> bool:
        """Whether every call raises `ClosedError`: after `close`, and in the child of a fork."""
        return self._calls.is_closed

    async def close(self) -> None:
        """Close the file after the calls that were made; roll an open transaction back.

        May be called any number of times, from any task. Writes that wait for a transaction, and
        every later call, raise `ClosedError`.
        """
        await self._calls.close()

    def __await__(self) -> Generator[Any, None, Self]:
        """Open the file: ``store = await DataStore(path)``."""
        yield from self._calls.read(lambda _: None).__await__()
        return self

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def interrupt(self) -> None:
        """Make the call that is running stop with `InterruptedCallError`; not a coroutine."""
        self._calls.interrupt()

    def transaction(self) -> Transaction:
        """Commit everything that the block does, across both repos, or nothing of it.

        For one ``async with`` statement. It belongs to the task that enters it. That one reads its
        own writes; others read the last commit, and their writes wait for the end of the block,
        at most the store's `timeout`, then `BusyError`; at once, where the task of the block waits
        for them. A transaction inside another is a savepoint. An exception, a task that is
        cancelled or ends inside, `close`: each rolls back.

        Returns
        -------
        Transaction
            It raises what `data_store.DataStore.transaction` does.
        """
        return Transaction(self._calls)

    async def sql(
        self, query: str, params: Parameters = (), *, timeout: float | None = None
    ) -> pd.DataFrame:
        """Run one statement that only reads, on one snapshot."""
        return await self._calls.read(lambda store: store.sql(query, params, timeout=timeout))

    async def sql_arrow(
        self, query: str, params: Parameters = (), *, timeout: float | None = None
    ) -> ArrowResult:
        """Run one statement that only reads, and give its rows as a table of Arrow."""
        return await self._calls.read(lambda store: store.sql_arrow(query, params, timeout=timeout))

    async def check(self, *, progress: Progress = None) -> list[str]:
        """Look for damage and for what is not as the store writes it.

        `progress` is called on the thread of the event loop: see `MarketRepo`.
        """
        told = on_loop(progress)
        return await self._calls.read(lambda store: store.check(progress=told))

    async def backup(
        self,
        target: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress = None,
    ) -> None:
        """Copy one snapshot of the store, while others write.

        `progress` is called on the thread of the event loop: see `MarketRepo`.
        """
        told = on_loop(progress)
        await self._calls.read(
            lambda store: store.backup(target, overwrite=overwrite, progress=told)
        )

    async def copy_to(
        self,
        target: DataStore | str | os.PathLike[str],
        *,
        chunk: int = 10_000,
        progress: Progress = None,
    ) -> Copied:
        """Copy all bars, features, requests and state values into another store, and verify it.

        It runs in the thread of this store. A transaction that is open on the target, by whichever
        task, keeps it waiting. The target may also be a `data_store.DataStore`.
        """
        there = await _blocking(target)
        told = on_loop(progress)
        return await self._calls.read(
            lambda store: store.copy_to(there, chunk=chunk, progress=told)
        )

    async def differences(
        self,
        other: DataStore | str | os.PathLike[str],
        *,
        limit: int = 100,
        chunk: int = 10_000,
    ) -> list[Difference]:
        """Find in what this store differs from another one, which is given as for `copy_to`."""
        there = await _blocking(other)
        return await self._calls.read(
            lambda store: store.differences(there, limit=limit, chunk=chunk)
        )

    async def checkpoint(self) -> dict[str, int]:
        """Copy the WAL into the database file."""
        return await self._calls.write(lambda store: store.checkpoint())

    async def info(self) -> Info:
        """Tell what the store is and how large."""
        return await self._calls.read(lambda store: store.info())

    async def get_connection(self) -> sqlite3.Connection:
        """Open a connection of Python's own sqlite3 module, for the thread of this event loop."""
        # Not made in the store's thread: sqlite3 ties a connection to the thread that made it.
        store = await self._calls.read(lambda opened: opened)
        return store.get_connection()


async def _blocking(store: object) -> Any:
    """Give the store behind one of this module's, which is opened; anything else as it is."""
    return (await store)._calls.store if isinstance(store, DataStore) else store
