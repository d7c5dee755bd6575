# SPDX-License-Identifier: MIT
"""Which column of a file is which column of a bar, and how its cells are read."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from ..times import TimeForm, Unread
from ..usage import UsageError
from .chunk import NUMBERS, TEXTS, Chunk, Piece, Refused
from .naming import other_prices, series_in_name

__all__ = ["Layout"]

_NO_NUMBER = frozenset({"", "nan", "null", "none", "na", "n/a", "-", "<na>"})
_FLAGS = {"1": 1, "true": 1, "yes": 1, "1.0": 1, "0": 0, "false": 0, "no": 0, "0.0": 0, "": 0}
_LARGEST_EXACT = 2**53


class _BadCellError(Exception):
    """A cell that cannot be read."""


@dataclass
class Layout:
    """The columns of a series in a file.

    Parameters
    ----------
    targets : sequence of (int, str)
        The place of a column in the file, and its name in the store: "timestamp" (once or twice:
        a date and a time of day), a bar's columns, "features", "symbol", "timeframe", or a
        feature's key.
    times : TimeForm
        How times are written.
    symbol, timeframe : str, optional
        None: columns say so.
    """

    targets: Sequence[tuple[int, str]]
    times: TimeForm
    symbol: str | None = None
    timeframe: str | None = None
    decimal: str = "."
    word: str = "line"
    """What a row's place is called."""
    skips_blank: bool = False
    """Whether a row without any number is left out: a table of several tickers has such."""

    def name_series(self, file: str) -> None:
        """Take symbol and timeframe from the file's name where nothing else says them.

        Raises
        ------
        UsageError
            Its name does not say them either.
        """
        given = {name for _, name in self.targets}
        for what, guess in zip(("symbol", "timeframe"), series_in_name(file)):
            if getattr(self, what) or what in given:
                continue
            if not guess:
                kind = other_prices(file)
                hint = f" ({kind!r} in its name: not the prices of the pair)" if kind else ""
                raise UsageError(f"{file}: say which {what} it is: --{what}{hint}")
            setattr(self, what, guess)

    def pieces(
        self, raw: Sequence[Sequence[Any]], places: Sequence[int], *, empty_is_text: bool = False
    ) -> Iterator[Piece]:
        """Give rows as chunks, one per series, after those that cannot be read.

        Parameters
        ----------
        raw : sequence
            The file's columns, as the file has them.
        places : sequence of int
            Of each row, counted from 1.
        empty_is_text : bool, default False
            Whether empty text is text; then None is NULL.
        """
        count = len(places)
        bad: dict[int, str] = {}
        columns: dict[str, Any] = {"timestamp": self._times(raw, bad)}
        keys: dict[str, array[float]] = {}
        names: dict[str, Sequence[str]] = {}
        for place, target in self.targets:
            cells = raw[place]
            if target in NUMBERS:
                columns[target] = self._numbers(cells, target, bad)
            elif target in TEXTS:
                columns[target] = _each(cells, _text(target, empty_is_text), bad, None)
            elif target == "is_gap":
                columns[target] = array("b", _each(cells, _flag, bad, 0))
            elif target == "features":
                columns[target] = _each(cells, _features, bad, None)
            elif target in ("symbol", "timeframe"):
                names[target] = _each(cells, _name(target), bad, "")
            elif target != "timestamp":
                keys[target] = self._numbers(cells, target, bad)
        if keys:
            columns["features"] = _with_keys(columns.get("features"), keys, count)
        rows = self._kept(columns, bad, count)
        for row in sorted(bad):
            yield Refused(f"{self.word} {places[row]:,}", bad[row])
        yield from self._by_series(columns, names, rows, places)

    def _times(self, raw: Sequence[Sequence[Any]], bad: dict[int, str]) -> array[int]:
        parts = [raw[place] for place, target in self.targets if target == "timestamp"]
        cells = parts[0]
        if len(parts) > 1:
            cells = [" ".join(map(str, row)) for row in zip(*parts)]
        found = self.times.read_all(cells)
        try:
            return array("q", found)  # type: ignore[arg-type]
        except TypeError:
            for row, time in enumerate(found):
                if isinstance(time, Unread):
                    bad.setdefault(row, time.reason)
            return array("q", [0 if isinstance(time, Unread) else time for time in found])

    def _numbers(self, cells: Sequence[Any], target: str, bad: dict[int, str]) -> array[float]:
        if isinstance(cells, array) and cells.typecode == "d":
            return cells
        if self.decimal != ".":
            cells = [
                cell.replace(self.decimal, ".") if isinstance(cell, str) else cell for cell in cells
            ]
        try:
            # Most columns are all text of numbers, or all numbers.
            kinds = set(map(type, cells))
            if kinds == {str}:
                numbers = array("d", map(float, cells))
                # Python reads 1_000, nobody else does. Too large a number becomes an infinity.
                is_plain = math.inf not in numbers and -math.inf not in numbers
                if is_plain and "_" not in "".join(cells):
                    return numbers
            elif kinds <= {float}:
                return array("d", cells)
        except ValueError:
            pass
        return array("d", _each(cells, _number(target), bad, math.nan))

    def _kept(self, columns: dict[str, Any], bad: dict[int, str], count: int) -> list[int]:
        rows = [row for row in range(count) if row not in bad] if bad else list(range(count))
        if self.skips_blank:
            numbers = [columns[name] for name in NUMBERS if name in columns]
            rows = [row for row in rows if any(values[row] == values[row] for values in numbers)]
        return rows

    def _by_series(
        self,
        columns: dict[str, Any],
        names: dict[str, Sequence[str]],
        rows: list[int],
        places: Sequence[int],
    ) -> Iterator[Chunk]:
        symbols, timeframes = names.get("symbol"), names.get("timeframe")

        def series(row: int) -> tuple[str, str]:
            return (
                self.symbol or (symbols[row] if symbols else ""),
                self.timeframe or (timeframes[row] if timeframes else ""),
            )

        whole = Chunk("", "", columns)
        whole.places = _Places(self.word, places)  # type: ignore[assignment]
        groups = groupby(rows, series) if names else [(series(0), iter(rows))]
        for (symbol, timeframe), group in groups:
            some = whole.picked(list(group))
            if len(some):
                yield Chunk(symbol, timeframe, some.columns, some.places)


class _Places(Sequence[str]):
    """The places of rows as text, which is made when it is asked for."""

    def __init__(self, word: str, places: Sequence[int]) -> None:
        self._word = word
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, row: Any) -> Any:
        return f"{self._word} {self._places[row]:,}"


# ---- Cells --------------------------------------------------------------------------------------


def _each(
    cells: Sequence[Any], read: Callable[[Any], Any], bad: dict[int, str], instead: Any
) -> list[Any]:
    """Read each cell; those that cannot be read are told in `bad`."""
    found = []
    known: dict[Any, Any] = {}
    for row, cell in enumerate(cells):
        try:
            if type(cell) is str and cell in known:
                value = known[cell]
            else:
                value = read(cell)
                if type(cell) is str and len(known) < 1000:
                    known[cell] = value
        except _BadCellError as error:
            bad.setdefault(row, str(error))
            value = instead
        found.append(value)
    return found


def _number(target: str) -> Callable[[Any], float]:
    def read(cell: Any) -> float:
        if cell is None:
            return math.nan
        if isinstance(cell, str):
            text = cell.strip()
            if text.lower() in _NO_NUMBER:
                return math.nan
            try:
                number = float(text)
                if math.isinf(number) and "inf" not in text.lower():
                    raise _BadCellError(f"{target}: {cell} is more than a double can hold")
                if "_" not in text:
                    return number
            except ValueError:
                pass
            hint = ""
            if "," in text:
                hint = ": --decimal , reads a decimal comma; thousands separators are not read"
            raise _BadCellError(f"{target}: {cell!r} is not a number{hint}")
        if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
            raise _BadCellError(f"{target}: {cell!r} is not a number")
        if isinstance(cell, int) and abs(cell) > _LARGEST_EXACT and int(float(cell)) != cell:
            raise _BadCellError(f"{target}: {cell} is an integer that a double cannot hold")
        return float(cell)

    return read


def _text(target: str, empty_is_text: bool) -> Callable[[Any], str | None]:
    def read(cell: Any) -> str | None:
        if cell is None or (cell == "" and not empty_is_text):
            return None
        if not isinstance(cell, str):
            raise _BadCellError(f"{target}: {cell!r} is not text")
        if "\x00" in cell:
            raise _BadCellError(f"{target}: text with a NUL in it cannot be stored")
        return cell

    return read


def _name(target: str) -> Callable[[Any], str]:
    def read(cell: Any) -> str:
        if not isinstance(cell, str) or not cell or "\x00" in cell:
            raise _BadCellError(f"{target}: {cell!r} is not a name")
        return cell

    return read


def _flag(cell: Any) -> int:
    if cell is None:
        return 0
    if isinstance(cell, bool | int | float) and cell in (0, 1):
        return int(cell)
    if isinstance(cell, str) and cell.strip().lower() in _FLAGS:
        return _FLAGS[cell.strip().lower()]
    raise _BadCellError(f"is_gap: {cell!r} is neither true nor false")


def _features(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, dict):
        return json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
    raise _BadCellError(f"features: {cell!r} is not JSON text")


def _with_keys(
    texts: list[str | None] | None, keys: dict[str, array[float]], count: int
) -> list[str | None]:
    """Add features that are columns; an empty cell is no such feature."""
    named = [(json.dumps(key, ensure_ascii=False), values) for key, values in keys.items()]
    made: list[str | None] = []
    for row in range(count):
        parts = [
            f'{key}:{{"value":{values[row]!r},"quality":"ready"}}'
            for key, values in named
            if values[row] == values[row]
        ]
        old = texts[row] if texts else None
        if old and parts and old.strip() not in ("{}", "null"):
            parts.insert(0, old.strip().removeprefix("{").removesuffix("}"))
        made.append("{" + ",".join(parts) + "}" if parts else old)
    return made
