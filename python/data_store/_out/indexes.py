# SPDX-License-Identifier: MIT
"""Indexes of what the library read: times, or symbols and times."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c.handles import BarsHandle
from .._in.selection import Selection
from .._pandas import code_dtype, multi_index, utc_index
from .arrays import c_array
from .texts import codes_out, distinct_texts_out

__all__ = ["index_of"]


def index_of(owner: BarsHandle, batch: Any, selection: Selection) -> pd.Index[Any]:
    """Give the index of a `ds_bar_batch` that `owner` has."""
    ns = c_array(owner, batch.timestamps, batch.count, np.int64)
    if not selection.by_symbol:
        return utc_index(ns, "timestamp")
    symbol_codes = codes_out(owner, batch.symbol, batch.count)
    time_codes, times = _coded(ns, symbol_codes)
    codes: list[Any] = [symbol_codes, time_codes]  # Any: pandas-stubs has sequences only
    # From levels and codes: the symbols keep the order they were asked for in.
    levels: list[Any] = [distinct_texts_out(batch.symbol, owner.names), utc_index(times)]
    return multi_index(levels, codes, _NAMES)


_NAMES = ("symbol", "timestamp")


def _coded(
    ns: npt.NDArray[np.int64], symbol_codes: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Give each time's place among the distinct ones, and those, sorted."""
    count = ns.size
    if count:
        # Mostly all symbols have the same times: those of the first are all that there are.
        rows = int((symbol_codes != symbol_codes[0]).argmax()) or count
        times = ns[:rows]
        if (
            count % rows == 0
            and (rows == 1 or bool((times[1:] > times[:-1]).all()))
            and bool((ns.reshape(-1, rows) == times).all())
        ):
            return _repeated(rows, count // rows), times.copy()
    codes, distinct = pd.factorize(ns)
    order = distinct.argsort()
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return places[codes], distinct[order]


@lru_cache(maxsize=16)
def _repeated(rows: int, times: int) -> npt.NDArray[Any]:
    """Give the places of so many rows so many times. Kept: the codes of an index never change."""
    repeated = np.empty((times, rows), code_dtype(rows))
    repeated[:] = np.arange(rows)
    codes = repeated.reshape(-1)
    codes.flags.writeable = False
    return codes
