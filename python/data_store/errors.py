# SPDX-License-Identifier: MIT
"""What can go wrong, sorted by what the caller can do about it."""

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
    sqlite_code : int, optional
        SQLite's extended result code, 0 where SQLite had no part in it.

    Attributes
    ----------
    message : str
    sqlite_code : int
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
    """An argument is of a type that the call does not take."""


class FeatureValidationError(InvalidInputError):
    """A feature breaks the rules; nothing of the call was written.

    Parameters
    ----------
    message : str
    sqlite_code : int, optional
    row : int or None, optional
    key : str or None, optional
    reason : str, optional

    Attributes
    ----------
    row : int or None
        0-based position in the batch, None where no single row is to blame.
    key : str or None
        The feature key, None where no single key is to blame.
    reason : str
        The bare reason, without place and remedy.
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
    """Another writer held the file for longer than the timeout. Try again."""


class StorageError(DataStoreError, OSError):
    """Disk full, I/O error, read-only, no permission, no such file."""


class CorruptError(DataStoreError):
    """The file, or a value in it, is damaged."""


class SchemaError(DataStoreError):
    """The file is not a data_store file, or one from a newer version."""


class ClosedError(DataStoreError):
    """The store was closed, used after a fork, or its file was moved, deleted or opened beside it.

    The last one means: by another copy of SQLite in this process. The message says which.
    """


class InterruptedCallError(DataStoreError):
    """`DataStore.interrupt` stopped the call. Nothing of it was written."""


class QueryTimeoutError(DataStoreError, TimeoutError):
    """A query took longer than its timeout. Ask for less, or allow more; no retry helps."""


class OutOfMemoryError(DataStoreError, MemoryError):
    """The library could not get the memory that the call needs."""


class LibraryError(DataStoreError, ImportError):
    """The native library cannot be found, cannot be loaded, or is of another version."""
