# SPDX-License-Identifier: MIT
"""Structs packed in one step: ctypes converts field by field."""

from __future__ import annotations

from ctypes import c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32
from struct import Struct
from typing import Any

__all__ = ["layout_of"]

# The alignment is native, as in the header; the first field is the struct's own size.
_CODES = {c_size_t: "N", c_int64: "q", c_uint32: "I", c_int32: "i", c_double: "d", c_char_p: "P"}


def layout_of(struct: Any) -> Struct:
    """Give the layout of a struct of `abi`; texts are packed as their addresses."""
    return Struct("".join(_CODES[field[1]] for field in struct._fields_))
