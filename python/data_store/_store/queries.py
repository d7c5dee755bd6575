# SPDX-License-Identifier: MIT
"""SQL that only reads."""

from __future__ import annotations

from .._c.first_use import at_first_use

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pandas as pd

    from .._arrow.result import ArrowResult
    from .._sql import Parameters
    from ..core import DataStore

__all__ = ["sql", "sql_arrow"]


def sql(
    self: DataStore, query: str, params: Parameters = (), *, timeout: float | None = None
) -> pd.DataFrame:
    """Run one statement that only reads, on one snapshot.

    Parameters
    ----------
    query : str
        Tables: market_data, market_requests, system_state. A statement that writes, ATTACH,
        or a PRAGMA that sets something is refused.
    params : sequence or mapping, default ()
        For `?` by position, for `:name` by name: None, numbers, text, bytes, aware datetimes
        (compared as the store writes them).
    timeout : float, optional
        Seconds, from 0 to 1,000,000, after which the query is stopped. None: no limit.

    Returns
    -------
    DataFrame
        One column per column of the query, a RangeIndex: int64, float64, str; Int64 for
        integers with NULL; object for BLOB and mixtures. It owns its memory.

    Raises
    ------
    InvalidInputError
        The statement is wrong or writes, or a parameter is wrong or missing; `InvalidTypeError`
        if `query` is not text, or `params` is not a sequence or a mapping.
    QueryTimeoutError
        The query took longer than `timeout`.
    LibraryError
        pandas is not installed; `sql_arrow` needs none.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    return self._query(query, params, timeout)


def sql_arrow(
    self: DataStore, query: str, params: Parameters = (), *, timeout: float | None = None
) -> ArrowResult:
    """Run one statement that only reads, and give its rows as a table of Arrow.

    Parameters
    ----------
    query, params, timeout
        As for `sql`.

    Returns
    -------
    ArrowResult
        A column per column of the query: int64, float64 (also of integers and reals), large
        text, large binary, or null where every row is NULL. Any other mixture is text, with
        the numbers as text, or binary where there is a BLOB in it.

    Raises
    ------
    InvalidInputError
        The statement is wrong or writes, or a parameter is wrong or missing; `InvalidTypeError`
        if `query` is not text, or `params` is not a sequence or a mapping.
    QueryTimeoutError
        The query took longer than `timeout`.
    StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
        As any read: see `data_store.errors`.
    """
    with at_first_use.lock, at_first_use:
        from .._sql import query_arrow

    return query_arrow(self._store, query, params, timeout)
