# SPDX-License-Identifier: MIT
"""Columns of Python objects that are a few, each of them in many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["code_objects"]

_MOST = 16  # distinct objects
_FIRST = 64  # rows that tell whether there are more


class _Addresses:
    """An array of objects, as NumPy may look at their addresses."""

    __slots__ = ("__array_interface__", "_objects")

    def __init__(self, objects: npt.NDArray[np.object_]) -> None:
        self._objects = objects
        self.__array_interface__ = {
            **objects.__array_interface__,
            "typestr": np.dtype(np.intp).str,
            "descr": [("", np.dtype(np.intp).str)],
        }


def code_objects(
    cells: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.object_]] | None:
    """Give the same object the same number: codes, and the objects by code.

    Words such as qualities are mostly a few objects, as those who made the column had them. To tell
    them apart by their addresses takes a fraction of the time of a look at each cell.

    Returns
    -------
    tuple of ndarray, or None
        None where there are more than a few. Two objects may be equal.
    """
    addresses = np.asarray(_Addresses(cells))
    if addresses.ndim != 1 or len(set(addresses[:_FIRST].tolist())) > _MOST:
        return None
    codes: Any = np.zeros(addresses.size, np.int32)
    rows = [0]
    others = addresses != addresses[0]
    while others.any():
        if len(rows) == _MOST:
            return None
        row = int(others.argmax())
        same = addresses == addresses[row]
        codes[same] = len(rows)
        rows.append(row)
        others &= ~same
    return codes, cells[rows]
