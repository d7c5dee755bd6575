# SPDX-License-Identifier: MIT
"""What a stream of Arrow says of its columns, by the C interface."""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int64, c_void_p
from typing import Any

from ..errors import LibraryError

__all__ = ["column_names_in"]


class _Schema(ctypes.Structure):
    """``struct ArrowSchema``."""

    _fields_ = (
        ("format", c_char_p),
        ("name", c_char_p),
        ("metadata", c_void_p),
        ("flags", c_int64),
        ("n_children", c_int64),
        ("children", ctypes.POINTER(c_void_p)),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


_get_schema = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)
_release = ctypes.CFUNCTYPE(None, c_void_p)


def column_names_in(stream: int) -> list[str]:
    """Give the names of the columns of the ``ArrowArrayStream`` at an address."""
    schema = _Schema()
    function: Any = _get_schema(c_void_p.from_address(stream).value or 0)
    code = function(stream, ctypes.addressof(schema))
    if code:
        raise LibraryError(f"the columns cannot be told: errno {code}")
    try:
        children = [_Schema.from_address(schema.children[i] or 0) for i in range(schema.n_children)]
        return [(child.name or b"").decode("utf-8", "replace") for child in children]
    finally:
        if schema.release:
            _release(schema.release)(ctypes.addressof(schema))
