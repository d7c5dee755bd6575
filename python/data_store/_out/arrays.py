# SPDX-License-Identifier: MIT
"""Arrays of the library, as NumPy may look at them."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import string_at
from typing import Any

import numpy as np
import numpy.typing as npt

from .._c.handles import Handle

__all__ = ["MOST_GATHERED", "c_array", "gathered"]

_TYPES = {np.int64: "<i8", np.int32: "<i4", np.float64: "<f8", np.bool_: "|b1", np.uint8: "|u1"}


class _CArray:
    """A C array that a result owns, as NumPy may look at it.

    The NumPy array made of it keeps it as its base, and so keeps the result alive: frames need
    no copy, and may be written to, as no one else looks at that memory.
    """

    __slots__ = ("__array_interface__", "_owner")

    def __init__(self, owner: Handle, address: int, count: int, typestr: str) -> None:
        self._owner = owner
        self.__array_interface__ = {
            "data": (address, False),
            "shape": (count,),
            "typestr": typestr,
            "version": 3,
        }


def c_array(owner: Handle, address: int | None, count: int, dtype: Any) -> npt.NDArray[Any]:
    """Give a C array as a NumPy array over the same memory, which keeps `owner` alive."""
    if address is None or count == 0:
        return np.empty(count, dtype)
    return np.asarray(_CArray(owner, address, count, _TYPES[dtype]))


MOST_GATHERED = 2048
"""Rows up to which a copy of a column takes less time than pandas takes for a block of its own."""


def gathered(addresses: Sequence[int], count: int) -> npt.NDArray[np.float64]:
    """Copy C arrays of doubles into one array, a row for each."""
    rows = [string_at(address, 8 * count) for address in addresses]
    return np.frombuffer(bytearray().join(rows), np.float64).reshape(len(rows), count)
