# SPDX-License-Identifier: MIT
"""Queries of polars that were not run: they hold no rows to write."""

from __future__ import annotations

from ..errors import InvalidTypeError

__all__ = ["is_lazy", "lazy_error"]


def is_lazy(table: object) -> bool:
    """Tell a LazyFrame of polars."""
    kind = type(table)
    return kind.__name__ == "LazyFrame" and kind.__module__.partition(".")[0] == "polars"


def lazy_error(argument: str, place: str) -> InvalidTypeError:
    """Give the error for a LazyFrame as an argument of this name."""
    return InvalidTypeError(
        f"{place}: a LazyFrame has no rows before it is run; pass {argument}.collect()"
    )
