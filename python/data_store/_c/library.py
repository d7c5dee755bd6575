# SPDX-License-Identifier: MIT
"""Finds and loads the native library, once, when the package is imported."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from ..errors import LibraryError
from . import abi as _abi

__all__ = ["library", "untyped"]

_VARIABLE = "DATA_STORE_LIBRARY"
_NAME = "libdata_store.so"


def _candidates() -> list[Path]:
    named = os.environ.get(_VARIABLE)
    if named:
        return [Path(named).absolute()]  # dlopen looks a bare name up elsewhere
    package = Path(__file__).resolve().parent.parent
    return [
        package / "_lib" / _NAME,  # an installed wheel
        package.parents[1] / ".build" / "release" / _NAME,  # a checkout
    ]


def _find() -> Path:
    candidates = _candidates()
    for path in candidates:
        if path.is_file():
            return path
    looked = "\n".join(f"  {path}" for path in candidates)
    raise LibraryError(
        f"the native library {_NAME} is not there. Looked for:\n{looked}\n"
        "Build it in the repository's root with `swift build -c release --product data_store`, "
        f"or set {_VARIABLE} to the path of a built one."
    )


def _load(path: Path) -> ctypes.CDLL:
    try:
        # CDLL, not PyDLL: other Python threads run during every call.
        return ctypes.CDLL(os.fspath(path))
    except OSError as error:
        raise LibraryError(
            f"the native library {path} cannot be loaded: {error}. It needs libsqlite3 "
            "(Debian: apt install libsqlite3-0) and must be built for this machine."
        ) from error


def _declare(loaded: ctypes.CDLL, path: Path) -> None:
    """Give every function its types; refuse a library of another ABI before any other call."""
    for name, (restype, argtypes) in _abi.FUNCTIONS.items():
        try:
            function = getattr(loaded, name)
        except AttributeError:
            raise LibraryError(
                f"the native library {path} has no function {name}: it is of another version "
                "than this Python package. Build both from the same sources."
            ) from None
        function.restype = restype
        function.argtypes = argtypes
        if name == "ds_abi_version" and function() != _abi.ABI_VERSION:
            raise LibraryError(
                f"the native library {path} has ABI version {function()}, this Python package "
                f"needs {_abi.ABI_VERSION}. Build both from the same sources."
            )


def _open() -> ctypes.CDLL:
    path = _find()
    loaded = _load(path)
    _declare(loaded, path)
    return loaded


library = _open()


def untyped(name: str) -> Any:
    """Give a function of the library without its types, for the calls of the live path.

    To look at each argument takes ctypes longer than to pass it. Bytes stand for texts and
    structs that the library reads, handles and what `byref` gives for pointers, 0 and 1 for flags;
    nothing else may be passed. `tests/test_abi.py` holds these calls to `_abi.FUNCTIONS`.
    """
    return library[name]
