# SPDX-License-Identifier: MIT
"""JSON files: lists of numbers as freqtrade and ccxt write them, or objects; read in blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from ...errors import InvalidInputError
from .chunk import Piece, Refused, Source
from .json_objects import parts_of
from .layout import Layout
from .naming import PRESETS, Wishes, none_of, targets_of
from .openings import Opened

__all__ = ["JsonFile"]

_BLOCK = 1 << 20
_LONGEST = 64 << 20
_ROWS = 20_000
_SPACE = " \t\r\n,"


class JsonFile(Source):
    """An array of bars, an object per line, or an object with lists of bars in it.

    ``[[ms, open, high, low, close, volume], ...]`` or ``[{"timestamp": ..., "open": ...}, ...]``.

    Parameters
    ----------
    opened : Opened
        The file.
    wishes : Wishes
        What the user said about it.
    """

    def __init__(self, opened: Opened, wishes: Wishes) -> None:
        super().__init__(opened.name, "JSON", size=opened.size)
        self._opened = opened
        self._file = opened.text()
        self._wishes = wishes
        self._is_array = False

    def pieces(self) -> Iterator[Piece]:
        """Give the bars, and the rows that cannot be read, in the file's order."""
        elements = self._elements()
        begun = list(islice(elements, 1))
        parts = [] if self._is_array or not begun else parts_of(begun[0], self.name)
        if not parts:
            yield from self._of_elements(chain(begun, elements), self._wishes)
            return
        wishes = self._wishes
        known = [part.symbol for part in parts if part.symbol]
        for rows, symbol, timeframe in parts:
            # Of several series the symbol chooses one.
            if len(parts) > 1 and wishes.symbol and known and symbol != wishes.symbol:
                continue
            said = replace(
                wishes, symbol=wishes.symbol or symbol, timeframe=wishes.timeframe or timeframe
            )
            yield from self._of_elements(iter(rows), said)
        if len(parts) > 1 and wishes.symbol and known and wishes.symbol not in known:
            self.notes.append(none_of(wishes, known))
        if next(elements, None) is not None:
            raise InvalidInputError(f"{self.name}: more follows the object with the bars in it")

    def _of_elements(self, elements: Iterator[Any], wishes: Wishes) -> Iterator[Piece]:
        rows: list[Any] = []
        first = 1
        for row in elements:
            # A chunk's rows are of one form, so that they make columns.
            if rows and (len(rows) == _ROWS or not _alike(row, rows[0])):
                yield from self._of_rows(rows, first, wishes)
                first += len(rows)
                rows = []
                self.done = self._opened.position()
            rows.append(row)
        if rows:
            yield from self._of_rows(rows, first, wishes)

    def _of_rows(self, rows: list[Any], first: int, wishes: Wishes) -> Iterator[Piece]:
        form = _form(rows[0])
        places = range(first, first + len(rows))
        if isinstance(form, int):
            names = self._wishes.columns or PRESETS["generic"].get(form)
            if form in (7, 8, 11, 12):
                preset = "kraken" if form < 9 else "binance"
                names = self._wishes.columns or PRESETS[preset][form]
            if names is None or len(names) != form:
                for place in places:
                    yield Refused(
                        f"element {place:,}",
                        f"a list of {form} values; time, open, high, low, close and volume are "
                        "read, others by --columns",
                    )
                return
        elif form:
            names = tuple(form)
        else:
            for place in places:
                yield Refused(f"element {place:,}", "neither a list nor an object")
            return
        notes: list[str] = []
        targets = targets_of(names, wishes, notes, file=self.name)
        self.notes += [note for note in notes if note not in self.notes]
        layout = Layout(targets, wishes.times, wishes.symbol, wishes.timeframe, wishes.decimal)
        layout.word = "element"
        layout.name_series(self.name)
        if isinstance(form, int):
            columns = list(zip(*rows))
        else:
            columns = [tuple(row[name] for row in rows) for name in names]
        yield from layout.pieces(columns, places, empty_is_text=True)

    def _elements(self) -> Iterator[Any]:
        """Decode one element after the other, without the whole file in memory."""
        decode = json.JSONDecoder().raw_decode
        text, place = "", 0
        started = is_array = False
        while True:
            more = self._opened.checked(lambda: self._file.read(_BLOCK))
            text, place = text[place:] + more, 0
            if not started:
                text = text.lstrip()
                if not text:
                    if not more:
                        self.notes.append("the file is empty")
                        return
                    continue
                is_array = self._is_array = text[0] == "["
                place = int(is_array)
                started = True
            while True:
                while place < len(text) and text[place] in _SPACE:
                    place += 1
                if place == len(text):
                    break
                if is_array and text[place] == "]":
                    if text[place + 1 :].strip() or self._file.read(1).strip():
                        raise InvalidInputError(f"{self.name}: text after the end of the array")
                    return
                try:
                    element, end = decode(text, place)
                except json.JSONDecodeError as error:
                    if more and len(text) - place < _LONGEST:
                        break
                    rest = text[error.pos : error.pos + 30].strip()
                    near = f"near {rest!r}" if rest else "at the end: it is cut short"
                    raise InvalidInputError(f"{self.name}: not JSON: {error.msg} {near}") from None
                except RecursionError:
                    raise InvalidInputError(f"{self.name}: too deeply nested") from None
                # At the end of the text a number may go on in the next block.
                if end == len(text) and more:
                    break
                yield element
                place = end
            if not more:
                if is_array:
                    raise InvalidInputError(f"{self.name}: the array has no end: it is cut short")
                return

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


def _alike(row: Any, other: Any) -> bool:
    """Tell whether two rows are of one form."""
    if type(row) is not type(other):
        return False
    if type(row) is list:
        return len(row) == len(other)
    return type(row) is not dict or row.keys() == other.keys()


def _form(row: Any) -> int | tuple[str, ...] | None:
    """Give what rows of a chunk have in common: a list's length, an object's keys."""
    if isinstance(row, list):
        return len(row)
    return tuple(row) if isinstance(row, dict) else None
