# SPDX-License-Identifier: MIT
"""Indexes of what the library read: times, or symbols and times."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c.handles import BarsHandle
from .._in.selection import Selection
from .._pandas import utc_index
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
    return pd.MultiIndex(
        levels=levels,
        codes=codes,
        names=["symbol", "timestamp"],
        verify_integrity=False,
    )


def _coded(
    ns: npt.NDArray[np.int64], symbol_codes: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Give each time's place among the distinct ones, and those, sorted."""
    count = ns.size
    if count:
        # Mostly all symbols have the same times: those of the first are all that there are.
        rows = int(np.argmax(symbol_codes != symbol_codes[0])) or count
        times = ns[:rows]
        if (
            count % rows == 0
            and bool((times[1:] > times[:-1]).all())
            and bool((ns.reshape(-1, rows) == times).all())
        ):
            repeated = np.empty((count // rows, rows), np.intp)
            repeated[:] = np.arange(rows)
            return repeated.reshape(-1), times.copy()
    codes, distinct = pd.factorize(ns)
    order = distinct.argsort()
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return places[codes], distinct[order]
