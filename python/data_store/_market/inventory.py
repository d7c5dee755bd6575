# SPDX-License-Identifier: MIT
"""Which series there are; deletion."""

from __future__ import annotations

from ctypes import byref, c_int64
from typing import TYPE_CHECKING

from .._c.library import library
from .._c.status import check
from .._c.text import encode_name
from .._deferred import frames
from .._in.cells import flag_argument
from .._timestamps import range_of
from .arguments import Bound

if TYPE_CHECKING:
    import pandas as pd

    from ..market_repo import MarketRepo

__all__ = ["delete", "series"]


def series(self: MarketRepo, counts: bool = True) -> pd.DataFrame:
    """Tell what is stored.

    Parameters
    ----------
    counts : bool, default True
        Count bars and gaps too, which looks at every row.

    Returns
    -------
    DataFrame
        symbol, timeframe (str), first, last (datetime64[ns, UTC]) and, with counts, bars and
        gaps (int64; rows whose is_gap is True). One row per series, sorted by the bytes of both
        names.

    Raises
    ------
    InvalidInputError
        `counts` is not a bool.
    LibraryError
        pandas is not installed.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    return frames.series(self._store, counts=flag_argument(counts, "counts"))


def delete(
    self: MarketRepo, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
) -> int:
    """Delete bars with their features; without bounds the whole series.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `read`; None: none.

    Returns
    -------
    int
        How many bars were deleted.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name, count or flag is of a wrong type.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any write: see `data_store.errors`.
    """
    rows = c_int64()
    check(
        library.ds_market_delete(
            self._store,
            encode_name(symbol, "symbol"),
            encode_name(timeframe, "timeframe"),
            range_of(start, end),
            byref(rows),
        )
    )
    return rows.value
