# SPDX-License-Identifier: MIT
"""What can go wrong, sorted by what the caller can do about it.

Nothing of a call that raises is stored. There is one exception: if the file was moved, or its
locks were lost, between a commit and its acknowledgement, the call raises `ClosedError`, it is
unknown whether it was stored, and the message says so.

Any call may raise `InvalidInputError`, `OutOfMemoryError` and, for a bug in data_store,
`DataStoreError` itself. A read may also raise `StorageError`, `CorruptError`, `SchemaError`
(another program changed the tables), `ClosedError`, `InterruptedCallError` and, while another
program has the file to itself, `BusyError`. A write may raise the same: `BusyError` if another
writer held the file for longer than the timeout, `StorageError` on a read-only store, too. What a
signal handler raises during a call, such as `KeyboardInterrupt`, stops it and comes out of it.
"""

from __future__ import annotations

__all__ = [
    "BusyError",
    "ClosedError",
    "CorruptError",
    "DataStoreError",
    "FeatureValidationError",
    "InterruptedCallError",
    "InvalidInputError",
    "InvalidTypeError",
    "LibraryError",
    "MissingBarError",
    "OutOfMemoryError",
    "QueryTimeoutError",
    "SchemaError",
    "StorageError",
]


class DataStoreError(Exception):
    """The root of all errors of this package; raised itself only for a bug in data_store.

    Parameters
    ----------
    message : str
        What was wrong, where, and what to do.
    sqlite_code : int, default 0
        SQLite's extended result code; 0 if SQLite did not report the error.

    Attributes
    ----------
    message : str
        What was wrong, where, and what to do.
    sqlite_code : int
        SQLite's extended result code; 0 if SQLite did not report the error.
    """

    def __init__(self, message: str = "", *, sqlite_code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.sqlite_code = sqlite_code

    def __str__(self) -> str:
        # KeyError would print the message's repr, OSError would look for an errno.
        return self.message


class InvalidInputError(DataStoreError, ValueError):
    """An argument or a value is wrong. Nothing was written: fix the call."""


class InvalidTypeError(InvalidInputError, TypeError):
    """An argument (a name, a count, a flag, a frame) is of a type that the call does not take."""


class FeatureValidationError(InvalidInputError):
    """A feature breaks the rules; nothing of the call was written.

    Parameters
    ----------
    message : str
        What was wrong, where, and what to do.
    sqlite_code : int, default 0
        SQLite's extended result code; 0 if SQLite did not report the error.
    row : int or None, optional
        0-based position in the batch.
    key : str or None, optional
        The feature key.
    reason : str, default ""
        The reason alone.

    Attributes
    ----------
    row : int or None
        0-based position in the batch; None if no single row is to blame.
    key : str or None
        The feature key; None if no single key is to blame.
    reason : str
        The reason alone, without place and remedy.
    """

    def __init__(
        self,
        message: str = "",
        *,
        sqlite_code: int = 0,
        row: int | None = None,
        key: str | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message, sqlite_code=sqlite_code)
        self.row = row
        self.key = key
        self.reason = reason


class MissingBarError(DataStoreError, KeyError):
    """Features for a bar that is not stored. Write the bar first."""


class BusyError(DataStoreError, TimeoutError):
    """Another writer held the file for longer than the timeout. Nothing was written: try again.

    Raised at once if another task of the same thread has a transaction open.
    """


class StorageError(DataStoreError, OSError):
    """Disk full, I/O error, read-only, no permission, no such file."""


class CorruptError(DataStoreError):
    """The file, or a value in it, is damaged."""


class SchemaError(DataStoreError):
    """The file is not a data_store file, or one from a newer version."""


class ClosedError(DataStoreError):
    """The store cannot be used any more.

    It was closed, used after a fork, or its file was moved, deleted, or opened by another copy of
    SQLite in this process. The message says which.
    """


class InterruptedCallError(DataStoreError):
    """`DataStore.interrupt` stopped the call. Nothing of it was written."""


class QueryTimeoutError(DataStoreError, TimeoutError):
    """A query took longer than its timeout. Ask for less, or allow more; no retry helps."""


class OutOfMemoryError(DataStoreError, MemoryError):
    """The library could not get the memory that the call needs."""


class LibraryError(DataStoreError, ImportError):
    """A library is missing, or of another version: the native one, or one that a call needs.

    Of pandas, polars and pyarrow, which a call needs only if it takes or gives their tables, `name`
    says which, as with any ImportError; the message says what works without.
    """
