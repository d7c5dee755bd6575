# SPDX-License-Identifier: MIT
"""Copies of a store, and what they differ in."""

from __future__ import annotations

import os
from functools import partial

from .._c.first_use import at_first_use
from .._c.library import library
from .._c.status import check
from .._c.text import encode_path
from .._in.cells import flag_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._moving import Copied, Difference
    from .._progress import Progress
    from ..core import DataStore

__all__ = ["backup", "copy_to", "differences"]


def backup(
    self: DataStore,
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
    check(library.ds_store_backup(self._store, target_path, flag_argument(overwrite, "overwrite")))


def copy_to(
    self: DataStore,
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
        from .._moving import copied

    with self._with_store(target, read_only=False) as other:
        return copied(self._store, other._store, chunk)


def differences(
    self: DataStore,
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
        from .._moving import compared

    with self._with_store(other, read_only=True) as opened:
        return compared(self._store, opened._store, limit, chunk)
