# SPDX-License-Identifier: MIT
"""Arrays of the library, as NumPy may look at them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._c.handles import Handle

__all__ = ["c_array"]


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
    return np.asarray(_CArray(owner, address, count, np.dtype(dtype).str))
