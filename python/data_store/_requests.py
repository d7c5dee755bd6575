# SPDX-License-Identifier: MIT
"""How ranges of bars were obtained, and which series there are: the smaller tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._c import abi as _abi
from ._c.handles import ResultHandle
from ._c.library import library
from ._c.text import decode_array, decode_optional, encode_optional
from ._in.cells import Refusal, count_of, flag, is_missing, number_argument
from ._in.rows import place_of
from ._out.arrays import c_array
from ._out.texts import text_array
from ._pandas import utc_index
from ._timestamps import optional_argument_ns
from .errors import InvalidTypeError

__all__ = ["request_in", "requests_out", "series_out"]


def request_in(symbol: object, timeframe: object, fields: dict[str, Any]) -> _abi.ds_request:
    """Fill a `ds_request`; `fields` are the arguments of `record_request` by name."""
    place = place_of(symbol, timeframe)
    request = _abi.ds_request(coverage_ratio=float("nan"))
    texts = {"symbol": symbol, "timeframe": timeframe}
    texts |= {name: fields[name] for name in ("provider_used", "quality", "notes")}
    for name, text in texts.items():
        missing = is_missing(text)
        setattr(request, name, encode_optional(None if missing else text, f"{place}: {name}"))
    for name in ("requested_at", "start_ts", "end_ts"):
        setattr(request, name, optional_argument_ns(fields[name], place, name))
    if not is_missing(fields["coverage_ratio"]):
        request.coverage_ratio = number_argument(
            fields["coverage_ratio"], f"{place}: coverage_ratio"
        )
    try:
        request.fallback_used = flag(fields["fallback_used"])
    except Refusal as refusal:
        reason = refusal.told("fallback_used")
        raise InvalidTypeError(f"{place}: fallback_used: {reason}") from None
    gap_count = fields["gap_count"]
    if not is_missing(gap_count):
        request.gap_count = count_of(gap_count, f"{place}: gap_count")
        request.has_gap_count = 1
    return request


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
