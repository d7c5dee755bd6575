# SPDX-License-Identifier: MIT
"""What there is of a series, and what is not, without its rows."""

from __future__ import annotations

from ctypes import POINTER, byref, c_int32, c_int64, c_uint64
from typing import TYPE_CHECKING, cast

from .._c.handles import ResultHandle
from .._c.library import library
from .._c.opening import ds_texts
from .._c.status import check
from .._c.text import decode_array, encode_names
from .._deferred import frames
from .._timestamps import range_of
from .arguments import Bound, Expected

if TYPE_CHECKING:
    import pandas as pd

    from ..market_repo import MarketRepo

__all__ = ["count", "exists", "feature_keys", "hash", "missing"]


def exists(self: MarketRepo, symbol: str, timeframe: str) -> bool:
    """Tell whether a series has a bar.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.

    Returns
    -------
    bool
        True if there is one.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name is of a wrong type.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    found = c_int32()
    check(library.ds_market_exists(self._store, *encode_names(symbol, timeframe), byref(found)))
    return found.value == 1


def count(
    self: MarketRepo, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
) -> int:
    """Count the rows that `read` would give, from the index alone.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `read`; None: none.

    Returns
    -------
    int
        How many bars there are.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name is of a wrong type.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    rows = c_int64()
    names = encode_names(symbol, timeframe)
    check(library.ds_market_count(self._store, *names, range_of(start, end), byref(rows)))
    return rows.value


def feature_keys(
    self: MarketRepo, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
) -> list[str]:
    """List the features that the bars of a range have.

    Each bar's features are looked through, but none are kept.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `read`; None: none.

    Returns
    -------
    list of str
        The keys, each once, sorted by their bytes.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name is of a wrong type.
    CorruptError
        The stored features of a bar are damaged; it names the bar.
    StorageError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    pointer = POINTER(ds_texts)()
    names = encode_names(symbol, timeframe)
    check(library.ds_market_feature_keys(self._store, *names, range_of(start, end), byref(pointer)))
    with ResultHandle(pointer, library.ds_texts_free) as keys:
        texts = decode_array(library.ds_texts_items(keys), library.ds_texts_count(keys))
    return cast("list[str]", texts)  # no pointer of this array is NULL


def hash(
    self: MarketRepo, symbol: str, timeframe: str, start: Bound = None, end: Bound = None
) -> str:
    """Hash the bars of a range, the same in every store that holds the same bars.

    It compares stores that no single program can open, such as files on two machines. All columns
    and the features count; the bars are read in chunks, each a snapshot of its own.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
    start, end : aware datetime or str, optional
        Inclusive bounds, as for `read`; None: none.

    Returns
    -------
    str
        16 hexadecimal digits: XXH64 of the bars' bytes, which docs/how-to/copying.md defines.

    Raises
    ------
    InvalidInputError
        An argument is wrong; `InvalidTypeError` if a name is of a wrong type.
    CorruptError
        The stored features of a bar are damaged; it names the bar.
    StorageError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    value = c_uint64()
    names = encode_names(symbol, timeframe)
    check(library.ds_market_hash(self._store, *names, range_of(start, end), byref(value), None))
    return f"{value.value:016x}"


def missing(
    self: MarketRepo,
    symbol: str,
    timeframe: str,
    start: Bound,
    end: Bound,
    *,
    expected: Expected,
) -> pd.DataFrame:
    """Find the runs of expected bars that are not stored, from the index alone.

    Parameters
    ----------
    symbol, timeframe : str
        Not empty, at most 65,535 bytes of UTF-8.
    start, end : aware datetime or str
        Inclusive bounds, as for `read`. With expected times that are listed, None: none.
    expected : Timedelta, DatetimeIndex or list of datetime
        A step (a `pandas.Timedelta` or any `datetime.timedelta`): bars are expected at `start` and
        from there on a step apart, up to `end`. Or the times themselves, aware and in any order, of
        which those between the bounds count; one that is listed twice is expected once.

    Returns
    -------
    DataFrame
        start, end (datetime64[ns, UTC]; the first and the last expected time of the run) and bars
        (int64; how many are expected from the one to the other). One row per run, ascending. A bar
        at a time at which none is expected does not matter.

    Raises
    ------
    InvalidInputError
        An argument is wrong: times that are naive, a step that is not positive or has no start and
        end. `InvalidTypeError` if a name or `expected` is of a wrong type.
    LibraryError
        pandas is not installed.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    return frames.missing(self._store, symbol, timeframe, start, end, expected)
