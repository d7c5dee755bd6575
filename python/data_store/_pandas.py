# SPDX-License-Identifier: MIT
"""Two ways into pandas that are not public, each beside the public way that it stands for.

A frame of sixty bars is read in less time than pandas takes to look at what it is given, and what
is given here is known to be right. Each way is tried once, against the public one, when this module
is loaded: in a pandas that does not have it, or in which it gives something else, the public way is
taken. ``DATA_STORE_FAST_PATHS=0`` has the public ways taken, too.

Tested with pandas 3.1.1, with and without pyarrow; what they save stands in `docs/speed.md`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["column_of", "utc_index"]

_Way = TypeVar("_Way", bound=Callable[..., Any])

_UTC_NS = pd.DatetimeTZDtype("ns", "UTC")
_TICKS = np.dtype("M8[ns]")


def _public_index(ns: npt.NDArray[np.int64], name: str | None = None) -> pd.DatetimeIndex:
    """Give instants as an index in UTC over the same memory."""
    return pd.DatetimeIndex(ns, dtype=_UTC_NS, copy=False, name=name)


def _bare_index(ns: npt.NDArray[np.int64], name: str | None = None) -> pd.DatetimeIndex:
    array_of: Any = pd.arrays.DatetimeArray
    return pd.DatetimeIndex(
        array_of._simple_new(ns.view(_TICKS), dtype=_UTC_NS), copy=False, name=name
    )


def _public_column(frame: pd.DataFrame, place: int) -> Any:
    """Give a column's array, to be read only; of NumPy's dtypes NumPy's own."""
    array = frame.iloc[:, place].array
    # Not isinstance: pandas' own texts are derived from it.
    return array.to_numpy() if type(array) is pd.arrays.NumpyExtensionArray else array


def _bare_column(frame: Any, place: int) -> Any:
    return frame._get_column_array(place)


def _gives_the_same_index() -> bool:
    ns = np.array([10**18, 0, np.iinfo(np.int64).min], np.int64)
    found, wanted = _bare_index(ns, "times"), _public_index(ns, "times")
    return (
        type(found) is type(wanted)
        and (found.dtype, found.name, found.freq) == (wanted.dtype, wanted.name, wanted.freq)
        and bool(found.equals(wanted))
        and np.shares_memory(found.asi8, ns)
    )


def _gives_the_same_columns() -> bool:
    times = np.array([0, 10**9], _TICKS)
    columns = {"a": [0.5, 1.5], "b": [True, False], "c": [2.5, 3.5], "d": ["x", None], "e": times}
    frame = pd.DataFrame(columns)
    for place in range(len(columns)):
        found, wanted = _bare_column(frame, place), _public_column(frame, place)
        if type(found) is not type(wanted) or not pd.Index(found).equals(pd.Index(wanted)):
            return False
    return True


def _way(bare: _Way, public: _Way, gives_the_same: Callable[[], bool]) -> _Way:
    if os.environ.get("DATA_STORE_FAST_PATHS") == "0":
        return public
    try:
        return bare if gives_the_same() else public
    except Exception:  # whatever a pandas that does not know it says to it
        return public


utc_index = _way(_bare_index, _public_index, _gives_the_same_index)
column_of = _way(_bare_column, _public_column, _gives_the_same_columns)
