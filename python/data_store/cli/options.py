# SPDX-License-Identifier: MIT
"""Arguments and options that several commands have, and completion of names."""

from __future__ import annotations

import os
from typing import Annotated, Any, Optional

import typer

from ..core import DataStore
from ..errors import DataStoreError

__all__ = [
    "CsvFlag",
    "End",
    "JsonFlag",
    "Start",
    "StorePath",
    "Symbol",
    "Timeframe",
    "Timeout",
    "opened",
]


def _names(context: Any, which: int, given: str) -> list[str]:
    """Give the names that a store has and that begin with what was typed."""
    from .inventory import series_of

    path = (context.params or {}).get("store")
    if not path:
        return []
    try:
        with DataStore(path, read_only=True) as store:
            series = series_of(store, counts=False)
    except (DataStoreError, OSError):
        return []
    symbol = (context.params or {}).get("symbol") if which else None
    names = {
        entry.timeframe if which else entry.symbol
        for entry in series
        if symbol in (None, entry.symbol)
    }
    return sorted(name for name in names if name.startswith(given))


def _symbols(ctx: typer.Context, incomplete: str) -> list[str]:
    return _names(ctx, 0, incomplete)


def _timeframes(ctx: typer.Context, incomplete: str) -> list[str]:
    return _names(ctx, 1, incomplete)


StorePath = Annotated[
    str,
    typer.Argument(
        metavar="STORE",
        help="The store: a data_store file, or postgresql://...",
        show_default=False,
    ),
]
Symbol = Annotated[
    str,
    typer.Argument(
        metavar="SYMBOL", help="Such as EURUSD.", autocompletion=_symbols, show_default=False
    ),
]
Timeframe = Annotated[
    str,
    typer.Argument(
        metavar="TIMEFRAME", help="Such as 1h.", autocompletion=_timeframes, show_default=False
    ),
]
Start = Annotated[
    Optional[str],
    typer.Option(
        "--start",
        "--from",
        help="First time, inclusive: 2026-03-01 (the whole day) or 2026-03-01T15:00Z.",
        show_default=False,
    ),
]
End = Annotated[
    Optional[str],
    typer.Option("--end", "--to", help="Last time, inclusive.", show_default=False),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Write JSON.", show_default=False)]
CsvFlag = Annotated[bool, typer.Option("--csv", help="Write CSV.", show_default=False)]
Timeout = Annotated[
    float,
    typer.Option(min=0, max=1_000_000, help="Seconds to wait for another program that writes."),
]


def opened(path: str, *, writes: bool = False, timeout: float = 10.0) -> Any:
    """Open a store that exists: a name that was typed wrong makes no file.

    Parameters
    ----------
    path : str
        The file, or the URL of a server's store.
    writes : bool, default False
        Otherwise nothing of it is changed.
    timeout : float, default 10.0
        Seconds.
    """
    if "://" not in path and not os.path.exists(path):
        raise FileNotFoundError(2, "no such file; `data-store import` makes a store", path)
    return DataStore(path, read_only=not writes, timeout=timeout)


def shown(path: str, store: DataStore) -> str:
    """Give a store's name as it was typed, but a URL without its password."""
    return store.path if "://" in path else path
