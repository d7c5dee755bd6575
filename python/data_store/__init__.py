# SPDX-License-Identifier: MIT
"""data_store: the persistence layer of a trading system.

Bars, feature values, request metadata and strategy state in one SQLite file, written and read by
any number of processes. `DataStore` is the way in; `data_store.errors` says what can go wrong.
"""

from . import errors
from ._bar import Bar
from .core import DataStore
from .errors import (
    BusyError,
    ClosedError,
    CorruptError,
    DataStoreError,
    FeatureValidationError,
    InterruptedCallError,
    InvalidInputError,
    InvalidTypeError,
    LibraryError,
    MissingBarError,
    OutOfMemoryError,
    SchemaError,
    StorageError,
)
from .market_repo import MarketRepo
from .state_repo import StateRepo

__all__ = [
    "Bar",
    "BusyError",
    "ClosedError",
    "CorruptError",
    "DataStore",
    "DataStoreError",
    "FeatureValidationError",
    "InterruptedCallError",
    "InvalidInputError",
    "InvalidTypeError",
    "LibraryError",
    "MarketRepo",
    "MissingBarError",
    "OutOfMemoryError",
    "SchemaError",
    "StateRepo",
    "StorageError",
    "errors",
]
