# SPDX-License-Identifier: MIT
"""Turns a status of the library into an exception."""

from __future__ import annotations

import threading
from ctypes import byref

from ..errors import (
    BusyError,
    ClosedError,
    CorruptError,
    DataStoreError,
    FeatureValidationError,
    InterruptedCallError,
    InvalidInputError,
    MissingBarError,
    OutOfMemoryError,
    QueryTimeoutError,
    SchemaError,
    StorageError,
)
from . import opening as _abi
from .library import library
from .signals import raised

__all__ = ["check"]

_ERRORS: dict[int, type[DataStoreError]] = {
    _abi.INVALID: InvalidInputError,
    _abi.INVALID_FEATURE: FeatureValidationError,
    _abi.MISSING_BAR: MissingBarError,
    _abi.BUSY: BusyError,
    _abi.STORAGE: StorageError,
    _abi.CORRUPT: CorruptError,
    _abi.SCHEMA: SchemaError,
    _abi.CLOSED: ClosedError,
    _abi.INTERRUPTED: InterruptedCallError,
    _abi.NO_MEMORY: OutOfMemoryError,
    _abi.INTERNAL: DataStoreError,
    _abi.TIMEOUT: QueryTimeoutError,
}


def check(status: int) -> None:
    """Raise what `status` stands for; do nothing if it is DS_OK.

    Must be called in the same statement as the library function, or in the very next one: the
    message belongs to this thread and lives until its next failing call.
    """
    if status or raised:
        _raise(status)


def _raise(status: int) -> None:
    error = _last_error(status) if status else None
    if raised and threading.current_thread() is threading.main_thread():
        # What a signal handler raised during the call, Ctrl-C say, is what the caller waits for.
        raise raised.pop() from (None if status == _abi.INTERRUPTED else error)
    if error is not None:
        raise error


def _last_error(status: int) -> DataStoreError:
    message = library.ds_last_error().decode("utf-8", "replace")
    detail = _abi.ds_error_detail()
    library.ds_last_error_detail(byref(detail))
    error_type = _ERRORS.get(status, DataStoreError)
    if error_type is FeatureValidationError:
        return FeatureValidationError(
            message,
            sqlite_code=detail.sqlite_code,
            row=None if detail.row < 0 else detail.row,
            key=None if detail.key is None else detail.key.decode("utf-8", "replace"),
            reason="" if detail.reason is None else detail.reason.decode("utf-8", "replace"),
        )
    return error_type(message, sqlite_code=detail.sqlite_code)
