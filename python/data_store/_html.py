# SPDX-License-Identifier: MIT
"""A store and a bar as notebooks show them: small tables of HTML."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Sequence
from ctypes import POINTER, byref, c_char_p, c_int64, cast
from html import escape
from typing import TYPE_CHECKING, Final

from ._c import abi as _abi
from ._c.handles import ResultHandle, StoreHandle
from ._c.library import library
from ._c.status import check

if TYPE_CHECKING:
    from typing import TypeAlias

    from ._bar import Bar
    from ._info import Rows

__all__ = ["bar_html", "store_html"]

_Row: TypeAlias = tuple[str, object]

# To show a store must take no time, and the store has to look at every row to count them, and at
# every series to list them. A file of so many bytes has few enough.
_MOST_COUNTED: Final = 64_000_000
_MOST_LISTED: Final = 16_000_000
_SERIES: Final = 5
_FEATURES: Final = 20
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def store_html(path: str, store: StoreHandle, rows_by_table: Callable[[], Rows]) -> str:
    """Show path and size and, of a file that is not huge, its rows and the first few series."""
    rows: list[_Row] = [("path", path)]
    try:
        if store.is_closed:
            rows.append(("closed", True))
        else:
            rows += _contents(path, store, rows_by_table)
    except Exception as error:  # a notebook would show it instead of the store
        rows.append((type(error).__name__, error))
    return _table("DataStore", rows)


def _contents(path: str, store: StoreHandle, rows_by_table: Callable[[], Rows]) -> Iterable[_Row]:
    if path.startswith(("postgresql://", "postgres://")):
        # How large it is only a look at every row would tell.
        yield "rows", "not counted on a server: see info()"
        return
    size, wal = os.path.getsize(path), _wal_size(path)
    yield "size", f"{size:,} bytes" + (f", and {wal:,} in the WAL" if wal else "")
    size += wal
    if size > _MOST_COUNTED:
        yield "rows", "not counted in a file of this size: see info()"
        return
    for table, count in rows_by_table().items():
        yield f"rows of {table}", f"{count:,}"
    if size <= _MOST_LISTED:
        yield from _series(store)


def _wal_size(path: str) -> int:
    try:
        return os.path.getsize(f"{path}-wal")
    except OSError:
        return 0


def _series(store: StoreHandle) -> Iterable[_Row]:
    pointer = POINTER(_abi.ds_series)()
    check(library.ds_market_series(store, False, byref(pointer)))
    with ResultHandle(pointer, library.ds_series_free) as owner:
        view = library.ds_series_entries(owner).contents
        count: int = view.count
        few = min(count, _SERIES)
        names = [_texts(address, few) for address in (view.symbols, view.timeframes)]
        times = [_times(address, few) for address in (view.first, view.last)]
    for symbol, timeframe, first, last in zip(*names, *times):
        yield f"{symbol} {timeframe}", f"{first} to {last}"
    if count > few:
        yield "", f"and {count - few:,} more series: see market.series()"


def _texts(address: int, count: int) -> list[str]:
    texts = cast(address, POINTER(c_char_p))[:count]
    return [(text or b"").decode("utf-8", "replace") for text in texts]


def _times(address: int, count: int) -> list[str]:
    instants = cast(address, POINTER(c_int64))[:count]
    return [f"{_EPOCH + dt.timedelta(microseconds=ns // 1000):%Y-%m-%d %H:%M}" for ns in instants]


def bar_html(bar: Bar) -> str:
    """Show the columns of a bar, then its features with their quality."""
    rows: list[_Row] = list(zip(bar._fields[:-1], bar[:-1]))
    for key, entry in list(bar.features.items())[:_FEATURES]:
        rows.append((key, f"{entry['value']} ({entry['quality']})"))
    if len(bar.features) > _FEATURES:
        rows.append(("", f"and {len(bar.features) - _FEATURES:,} more features"))
    return _table("Bar", rows)


def _table(title: str, rows: Sequence[_Row]) -> str:
    lines = [
        f"<tr><th style='text-align:left'>{_escaped(name)}</th>"
        f"<td style='text-align:left'>{_escaped(value)}</td></tr>"
        for name, value in rows
    ]
    return f"<table><caption>{title}</caption><tbody>{''.join(lines)}</tbody></table>"


def _escaped(value: object) -> str:
    text = "" if value is None else str(value)
    # A path may hold bytes that are not UTF-8; HTML may not.
    return escape(text.encode("utf-8", "replace").decode())
