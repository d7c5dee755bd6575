# SPDX-License-Identifier: MIT
"""The structs of Arrow's C interfaces, as ctypes has them.

https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    PYFUNCTYPE,
    Structure,
    c_char_p,
    c_int,
    c_int64,
    c_void_p,
    py_object,
    pythonapi,
)
from typing import Any

__all__ = [
    "ArrowArray",
    "ArrowSchema",
    "ArrowStream",
    "Release",
    "new_capsule",
    "pointer_in",
]

Release = CFUNCTYPE(None, c_void_p)
GetInto = CFUNCTYPE(c_int, c_void_p, c_void_p)
GetText = CFUNCTYPE(c_char_p, c_void_p)

new_capsule: Any = PYFUNCTYPE(py_object, c_void_p, c_char_p, c_void_p)(("PyCapsule_New", pythonapi))
pointer_in: Any = PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", pythonapi))


class ArrowSchema(Structure):
    """A column's name and type, or those of a table."""

    _fields_ = (
        ("format", c_char_p),
        ("name", c_char_p),
        ("metadata", c_char_p),
        ("flags", c_int64),
        ("n_children", c_int64),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


class ArrowArray(Structure):
    """The values of a column, or of a table's columns."""

    _fields_ = (
        ("length", c_int64),
        ("null_count", c_int64),
        ("offset", c_int64),
        ("n_buffers", c_int64),
        ("n_children", c_int64),
        ("buffers", c_void_p),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


class ArrowStream(Structure):
    """Tables of the same columns, one after the other."""

    _fields_ = (
        ("get_schema", GetInto),
        ("get_next", GetInto),
        ("get_last_error", GetText),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )
