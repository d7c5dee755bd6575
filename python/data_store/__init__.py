# SPDX-License-Identifier: MIT
"""data_store: the persistence layer of a trading system.

Bars, feature values, request metadata and strategy state in one SQLite file, written and read by
any number of processes. `DataStore` is the way in; `data_store.errors` says what can go wrong.
"""

from __future__ import annotations

from importlib import import_module

from . import errors
from ._c.first_use import at_first_use
from ._c.library import library
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
    QueryTimeoutError,
    SchemaError,
    StorageError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import aio as aio
    from ._arrow.result import ArrowResult
    from ._bar import Bar
    from ._moving import Difference
    from .market_repo import MarketRepo
    from .state_repo import StateRepo

__all__ = [
    "ArrowResult",
    "Bar",
    "BusyError",
    "ClosedError",
    "CorruptError",
    "DataStore",
    "DataStoreError",
    "Difference",
    "FeatureValidationError",
    "InterruptedCallError",
    "InvalidInputError",
    "InvalidTypeError",
    "LibraryError",
    "MarketRepo",
    "MissingBarError",
    "OutOfMemoryError",
    "QueryTimeoutError",
    "SchemaError",
    "StateRepo",
    "StorageError",
    "errors",
]

__version__: str = library.ds_version().decode()

_ROOMS = {
    "ArrowResult": "_arrow.result",
    "Bar": "_bar",
    "Difference": "_moving",
    "MarketRepo": "market_repo",
    "StateRepo": "state_repo",
}


_PARTS = ("aio", "polars")


def _named(name: str) -> Any:
    """Import what `DataStore` hands out when somebody names it: see `core`."""
    if name in _ROOMS:
        return getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    if name in _PARTS:
        with at_first_use.lock, at_first_use:
            return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not TYPE_CHECKING:  # to type checkers a name that is not there is a mistake
    __getattr__ = _named


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
