# SPDX-License-Identifier: MIT
"""Finds and loads the native library, once, when the package is imported."""

from __future__ import annotations

import ctypes
import os

from ..errors import LibraryError
from .opening import ABI_VERSION, OPENING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .opening import Types

__all__ = ["library", "untyped"]

_VARIABLE = "DATA_STORE_LIBRARY"
_NAME = "libdata_store.so"
_OLDEST_SQLITE = 3_034_000


# By os.path: pathlib and what it takes are a tenth of all that is loaded.
def _candidates() -> list[str]:
    named = os.environ.get(_VARIABLE)
    if named:  # whole: dlopen looks a bare name up elsewhere
        return [named if os.path.isabs(named) else os.path.join(os.getcwd(), named)]
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    checkout = os.path.dirname(os.path.dirname(package))
    return [
        os.path.join(package, "_lib", _NAME),  # an installed wheel
        os.path.join(checkout, ".build", "release", _NAME),
    ]


def _find() -> str:
    candidates = _candidates()
    for path in candidates:
        if os.path.isfile(path):
            return path
    looked = "\n".join(f"  {path}" for path in candidates)
    raise LibraryError(
        f"the native library {_NAME} is not there. Looked for:\n{looked}\n"
        "Build it in the repository's root with `swift build -c release --product data_store`, "
        f"or set {_VARIABLE} to the path of a built one."
    )


def _types_of(name: str) -> Types:
    """Give the types of a function that opening a file does not take, from where they are."""
    from .first_use import at_first_use

    word = name.split("_")[1]
    with at_first_use.lock, at_first_use:
        if word in ("sql", "rows"):
            from .querying import FUNCTIONS
        elif word in ("store", "sqlite", "differences"):
            from .maintenance import FUNCTIONS
        else:
            from .abi import FUNCTIONS
    return FUNCTIONS[name]


# CDLL, not PyDLL: other Python threads run during every call.
class _Library(ctypes.CDLL):
    """The library's functions, each with its types, which it gets when it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        function = self[name]
        function.restype, function.argtypes = OPENING.get(name) or _types_of(name)
        setattr(self, name, function)
        return function

    def __getitem__(self, name_or_ordinal: Any) -> Any:
        try:
            return super().__getitem__(name_or_ordinal)
        except AttributeError:
            raise LibraryError(
                f"the native library {self._name} has no function {name_or_ordinal}: it is of "
                "another version than this Python package. Build both from the same sources."
            ) from None


def _load(path: str) -> _Library:
    try:
        return _Library(path)
    except OSError as error:
        raise LibraryError(
            f"the native library {path} cannot be loaded: {error}. It needs SQLite 3.34 or newer "
            "(Debian: apt install libsqlite3-0) and must be built for this machine."
        ) from error


def check_sqlite(loaded: ctypes.CDLL) -> None:
    """Refuse a SQLite that is too old now: each `DataStore` would be refused later."""
    version = ctypes.CDLL.__getitem__(loaded, "sqlite3_libversion_number")()
    if version < _OLDEST_SQLITE:
        number = f"{version // 1_000_000}.{version // 1_000 % 1_000}.{version % 1_000}"
        raise LibraryError(
            f"SQLite {number} is too old: data_store needs 3.34 or newer. Debian 11 and later have "
            "it (apt install libsqlite3-0)."
        )


def _open() -> _Library:
    """Find the library; refuse one of another ABI before any other call."""
    path = _find()
    loaded = _load(path)
    version = loaded.ds_abi_version()
    if version != ABI_VERSION:
        raise LibraryError(
            f"the native library {path} has ABI version {version}, this Python package "
            f"needs {ABI_VERSION}. Build both from the same sources."
        )
    check_sqlite(loaded)
    # Now, not when they are called: what ends a transaction is called in any state of a program.
    for name in OPENING:
        getattr(loaded, name)
    for name in _NEWEST:
        loaded[name]
    return loaded


_NEWEST = ("ds_market_latest_bar_into", "ds_state_get_into")  # what has these has all others

library = _open()


def untyped(name: str) -> Any:
    """Give a function of the library without its types, for the calls of the live path.

    To look at each argument takes ctypes longer than to pass it. Bytes stand for texts and
    structs that the library reads, handles and what `byref` gives for pointers, 0 and 1 for flags;
    nothing else may be passed. `tests/test_abi.py` holds these calls to the tables.
    """
    return library[name]
