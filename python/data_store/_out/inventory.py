# SPDX-License-Identifier: MIT
"""Recorded requests, which series there are, and what they lack, as DataFrames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c.handles import ResultHandle
from .._c.library import library
from .._c.text import decode_array, decode_optional
from .._pandas import utc_index
from .arrays import c_array
from .texts import text_array

__all__ = ["missing_out", "requests_out", "series_out"]


def requests_out(owner: ResultHandle) -> pd.DataFrame:
    """Give recorded requests as a DataFrame, in the schema's column order."""
    count = library.ds_requests_count(owner)
    requests = library.ds_requests_items(owner)[:count] if count else []

    def words(field: str) -> Any:
        return text_array([decode_optional(getattr(request, field)) for request in requests])

    def array(field: str, dtype: Any) -> npt.NDArray[Any]:
        return np.array([getattr(request, field) for request in requests], dtype=dtype)

    return pd.DataFrame(
        {
            "symbol": words("symbol"),
            "timeframe": words("timeframe"),
            "requested_at": utc_index(array("requested_at", np.int64)),
            "provider_used": words("provider_used"),
            "fallback_used": array("fallback_used", np.bool_),
            "start_ts": utc_index(array("start_ts", np.int64)),
            "end_ts": utc_index(array("end_ts", np.int64)),
            "coverage_ratio": array("coverage_ratio", np.float64),
            "gap_count": pd.arrays.IntegerArray(
                array("gap_count", np.int64), array("has_gap_count", np.int32) == 0
            ),
            "quality": words("quality"),
            "notes": words("notes"),
        }
    )


def series_out(owner: ResultHandle, *, counts: bool) -> pd.DataFrame:
    """Give the inventory as a DataFrame: a row for each (symbol, timeframe)."""
    view = library.ds_series_entries(owner).contents
    columns: dict[str, Any] = {
        "symbol": text_array(decode_array(view.symbols, view.count)),
        "timeframe": text_array(decode_array(view.timeframes, view.count)),
        "first": utc_index(c_array(owner, view.first, view.count, np.int64)),
        "last": utc_index(c_array(owner, view.last, view.count, np.int64)),
    }
    if counts:
        columns["bars"] = c_array(owner, view.bars, view.count, np.int64)
        columns["gaps"] = c_array(owner, view.gaps, view.count, np.int64)
    return pd.DataFrame(columns, copy=False)


def missing_out(owner: ResultHandle) -> pd.DataFrame:
    """Give runs of missing bars as a DataFrame: a row for each."""
    view = library.ds_missing_runs(owner).contents
    return pd.DataFrame(
        {
            "start": utc_index(c_array(owner, view.starts, view.count, np.int64)),
            "end": utc_index(c_array(owner, view.ends, view.count, np.int64)),
            "bars": c_array(owner, view.bars, view.count, np.int64),
        },
        copy=False,
    )
