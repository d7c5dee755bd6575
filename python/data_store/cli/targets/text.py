# SPDX-License-Identifier: MIT
"""Bars as CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import IO, Any

from ..output import csv_line, json_text
from .parts import COLUMNS, Part

__all__ = ["write_csv", "write_json"]


def write_csv(parts: Iterable[Part], out: IO[str]) -> None:
    """Write all columns of bars, with their features as JSON text; an empty cell is NULL."""
    out.write(csv_line(COLUMNS))
    for part in parts:
        out.write("".join(map(csv_line, _rows(part))))


def write_json(parts: Iterable[Part], out: IO[str]) -> None:
    """Write an array with an object per line; features are text, so that no digit is lost."""
    comma = "[\n"
    for part in parts:
        for row in _rows(part):
            out.write(comma + json_text(dict(zip(COLUMNS, row))))
            comma = ",\n"
    out.write("[]\n" if comma == "[\n" else "\n]\n")


def _rows(part: Part) -> Iterator[tuple[Any, ...]]:
    values = part.columns.values()
    return zip(repeat(part.symbol), repeat(part.timeframe), *values)
