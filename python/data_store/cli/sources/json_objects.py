# SPDX-License-Identifier: MIT
"""Bars within one JSON object: answers of exchanges, a table of pandas, a list per symbol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...errors import InvalidInputError
from .naming import are_prices

__all__ = ["Part", "parts_of"]

_DEEPEST = 4


class Part(NamedTuple):
    """Rows of a series, and what the object says about it."""

    rows: list[Any]
    symbol: str | None = None
    timeframe: str | None = None


def parts_of(element: Any, file: str) -> list[Part]:
    """Give the rows within an object; none if it is a row itself.

    Raises
    ------
    InvalidInputError
        It holds other objects or lists, and no rows are found in them.
    """
    if not isinstance(element, dict):
        return []
    inner = [name for name, value in element.items() if isinstance(value, (list, dict))]
    # A row has its features as an object, if any.
    if not inner or inner == ["features"]:
        return []
    parts = list(_within(element, None, None, _DEEPEST))
    if not parts:
        raise InvalidInputError(
            f"{file}: one object, in which no list of bars is found; its members are "
            f"{', '.join(map(repr, list(element)[:10]))}. Give the bars as an array, for example: "
            f"jq .{inner[0]} FILE | data-store import STORE -"
        )
    return parts


def _within(
    value: dict[str, Any], symbol: str | None, timeframe: str | None, levels: int
) -> Iterator[Part]:
    """Look for rows in an object, and in those within it."""
    symbol = _text(value, "symbol", "ticker", "pair") or symbol
    timeframe = _text(value, "timeframe", "interval") or timeframe
    table = _table_of(value)
    if table is not None:
        yield Part(table, symbol, timeframe)
        return
    lists = {name: rows for name, rows in value.items() if _are_rows(rows)}
    for name, rows in lists.items():
        # Of several lists each is of the series that its name tells.
        yield Part(rows, name if len(lists) > 1 or "/" in name else symbol, timeframe)
    if lists or levels == 0:
        return
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _within(inner, name if "/" in name else symbol, timeframe, levels - 1)


def _are_rows(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(row, (list, dict)) for row in value[:3])


def _table_of(value: dict[str, Any]) -> list[Any] | None:
    """Give the rows of a table of pandas: split in three, by its columns, or by its index."""
    if value.keys() >= {"columns", "index", "data"} and isinstance(value["data"], list):
        names = ["timestamp", *map(str, value["columns"])]
        return [dict(zip(names, [time, *row])) for time, row in zip(value["index"], value["data"])]
    if not value or not all(isinstance(inner, dict) and inner for inner in value.values()):
        return None
    if are_prices(list(value)):
        times = dict.fromkeys(time for cells in value.values() for time in cells)
        return [
            {"timestamp": time, **{name: cells.get(time) for name, cells in value.items()}}
            for time in times
        ]
    if all(are_prices(list(row)) for row in value.values()):
        return [{"timestamp": time, **row} for time, row in value.items()]
    return None


def _text(value: dict[str, Any], *names: str) -> str | None:
    return next((value[name] for name in names if isinstance(value.get(name), str)), None)
