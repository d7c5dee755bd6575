# SPDX-License-Identifier: MIT
"""CSV files of any kind: separators, headers, quotes; read in blocks of text.

Python's own text functions read 230,000 bars in half a second, which is less than a table library
takes to be imported, and they tell the line of what they refuse.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

from ...errors import InvalidInputError
from .chunk import Piece, Refused, Source
from .layout import Layout
from .naming import PRESETS, Wishes, are_prices, is_by_ticker, targets_of
from .openings import Opened

__all__ = ["CsvFile"]

_BLOCK = 2 << 20
_LONGEST = 64 << 20
_SEPARATORS = ",;\t|"
_FIRST_LINES = 20


class CsvFile(Source):
    """A CSV file.

    Parameters
    ----------
    opened : Opened
        The file.
    wishes : Wishes
        What the user said about it.

    Raises
    ------
    InvalidInputError
        Its columns are not those of bars.
    """

    def __init__(self, opened: Opened, wishes: Wishes) -> None:
        super().__init__(opened.name, "CSV", size=opened.size)
        self._opened = opened
        self._file: IO[str] = opened.text()
        self._line = 0
        self._wishes = wishes
        self._begin()

    def _begin(self) -> None:
        first = self._first_lines()
        if not first:
            self._layouts: list[Layout] = []
            self._separator, self._width = ",", 0
            self.notes.append("the file is empty")
            return
        self._separator = self._wishes.separator or _separator_of(first, self._wishes.decimal)
        rows = list(csv.reader(first, delimiter=self._separator))
        skipped = self._preamble(rows)
        rows = rows[skipped:]
        head = self._header_rows(rows)
        self._width = len(rows[0])
        if head and is_by_ticker(rows):
            self.kind = "CSV of yfinance"
            self._layouts = self._by_ticker(rows)
        else:
            names: Sequence[str] = rows[0]
            if not head or _is_numbered(rows[0]):
                names = self._names_without_header(rows[0], rows[min(head, len(rows) - 1)])
            targets = targets_of(names, self._wishes, self.notes, file=self.name)
            self._layouts = [self._layout(targets, self._wishes.symbol)]
        for layout in self._layouts:
            layout.name_series(self.name)
        # What was looked at is read again, without the header.
        self._line = skipped + head
        self._pushed = "".join(first[self._line :])

    def _first_lines(self) -> list[str]:
        lines = []
        for _ in range(_FIRST_LINES):
            line = self._opened.checked(self._file.readline)
            if not line:
                break
            lines.append(line)
        return lines

    def _preamble(self, rows: list[list[str]]) -> int:
        """Count the lines before the table: comments, a title, a link."""
        widest = max(map(len, rows))
        skipped = 0
        while skipped < len(rows) - 1 and _is_title(rows[skipped], widest):
            skipped += 1
        return skipped

    def _header_rows(self, rows: list[list[str]]) -> int:
        if self._wishes.columns:
            return int(bool(self._wishes.header))
        if is_by_ticker(rows):
            is_named = len(rows) > 2 and not any(cell.strip() for cell in rows[2][1:])
            return 3 if is_named else 2
        if self._wishes.header is not None:
            return int(self._wishes.header)
        if _is_numbered(rows[0]):
            return 1
        return 0 if any(_is_number(cell) for cell in rows[0]) else 1

    def _names_without_header(self, head: list[str], row: list[str]) -> Sequence[str]:
        # A table without names that was written with numbers for them, and maybe its rows' numbers.
        if head is not row and head[0] == "":
            return ["-", *self._names_without_header(head[1:], row[1:])]
        if self._wishes.columns:
            if len(self._wishes.columns) != len(row):
                raise InvalidInputError(
                    f"{self.name}: --columns names {len(self._wishes.columns)} columns, the file "
                    f"has {len(row)}; write - for one that is left out"
                )
            return self._wishes.columns
        presets = [self._wishes.preset] if self._wishes.preset else list(PRESETS)
        for preset in presets:
            names = PRESETS[preset].get(len(row))
            if names and (self._wishes.preset or _are_bars(names, row)):
                if preset != "generic":
                    name = "MetaTrader" if preset == "metatrader" else preset.capitalize()
                    self.kind = f"CSV of {name}"
                return names
        told = f"as {self._wishes.preset} gives them" if self._wishes.preset else "known"
        shown = self._separator.join(row)
        raise InvalidInputError(
            f"{self.name}: the file has no header and {len(row)} columns, which are not {told} "
            f"({shown[:60]}{'…' if len(shown) > 60 else ''}). "
            "Name them: --columns timestamp,open,high,low,close,volume, with - for one that is "
            "left out"
        )

    def _layout(self, targets: Sequence[tuple[int, str]], symbol: str | None) -> Layout:
        wishes = self._wishes
        return Layout(targets, wishes.times, symbol, wishes.timeframe, wishes.decimal)

    def _by_ticker(self, rows: list[list[str]]) -> list[Layout]:
        """Give a layout for each ticker of a table of yfinance, which has two header lines."""
        prices, tickers = rows[0], rows[1]
        if not are_prices(prices[1:]):
            prices, tickers = tickers, prices
        layouts: list[Layout] = []
        known = list(dict.fromkeys(tickers[1:]))
        if self._wishes.symbol and len(known) > 1:
            raise InvalidInputError(
                f"{self.name}: --symbol names one series, the file has {', '.join(known)}: leave "
                "it out, and each gets its own name"
            )
        for ticker in known:
            places = [0] + [place for place, name in enumerate(tickers) if place and name == ticker]
            names = ["Date", *(prices[place] for place in places[1:])]
            notes = self.notes if not layouts else []
            targets = targets_of(names, self._wishes, notes, file=self.name)
            picked = [(places[place], target) for place, target in targets]
            layout = self._layout(picked, self._wishes.symbol or ticker)
            layout.skips_blank = True
            layouts.append(layout)
        return layouts

    # ---- Rows -----------------------------------------------------------------------------------

    def pieces(self) -> Iterator[Piece]:
        """Give the bars, and the rows that cannot be read, in the file's order."""
        while self._layouts:
            text = self._block()
            if not text:
                break
            yield from self._of_block(text)
            self.done = self._opened.position()

    def _block(self) -> str:
        """Give whole lines, with whole quoted cells."""
        text = self._pushed + self._opened.checked(lambda: self._file.read(_BLOCK))
        self._pushed = ""
        more = self._opened.checked(self._file.readline) if text[-1:] not in ("", "\n") else ""
        text += more
        if '"' not in text:
            return text
        parts, quotes = [text], text.count('"')
        length = len(text)
        while quotes % 2:
            more = self._opened.checked(self._file.readline)
            length += len(more)
            if not more or length > _LONGEST:
                raise InvalidInputError(
                    f"{self.name}: a quoted cell that begins after line {self._line:,} is never "
                    "closed"
                )
            parts.append(more)
            quotes += more.count('"')
        return "".join(parts)

    def _of_block(self, text: str) -> Iterator[Piece]:
        first = self._line + 1
        if '"' not in text:
            text = text.replace("\r\n", "\n")
            if text[-1] != "\n":
                text += "\n"
            columns = _columns_of(text, self._separator, self._width)
            if columns is not None and "\r" not in text:
                count = len(columns[0])
                self._line += count
                for layout in self._layouts:
                    yield from layout.pieces(columns, range(first, first + count))
                return
        yield from self._row_by_row(text)

    def _row_by_row(self, text: str) -> Iterator[Piece]:
        separator = re.escape(self._separator)
        empty_is_text = bool(re.search(rf'(?:^|{separator})""(?:{separator}|\r?$)', text, re.M))
        rows: list[Sequence[Any]] = []
        places: list[int] = []
        reader = _tokens(text, self._separator) if empty_is_text else self._parsed(text)
        for line, row in reader:
            if len(row) == self._width:
                rows.append(row)
                places.append(self._line + line)
            elif len(row) > 1 or (row and row[0] not in ("", None)):
                found = "1 column" if len(row) == 1 else f"{len(row)} columns"
                yield Refused(f"line {self._line + line:,}", f"{found} instead of {self._width}")
        self._line += len(text.splitlines()) if "\r" in text else text.count("\n")
        if rows:
            columns = list(zip(*rows))
            for layout in self._layouts:
                yield from layout.pieces(columns, places, empty_is_text=empty_is_text)

    def _parsed(self, text: str) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._separator)
        line = 1
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise InvalidInputError(
                    f"{self.name}: line {self._line + line:,}: {error}"
                ) from None
            if row is None:
                return
            yield line, row
            line = reader.line_num + 1

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


def _columns_of(text: str, separator: str, width: int) -> list[list[str]] | None:
    """Cut lines without quotes into columns; None if one line has more or fewer than others."""
    cells = text[:-1].replace("\n", f"{separator}\n{separator}").split(separator)
    cells.append("\n")
    step = width + 1
    lines, rest = divmod(len(cells), step)
    if rest or cells[width::step].count("\n") != lines:
        return None
    return [cells[place::step] for place in range(width)]


def _tokens(text: str, separator: str) -> Iterator[tuple[int, list[str | None]]]:
    """Cut text into rows, with None for an empty cell and "" for a quoted empty one."""
    sep = re.escape(separator)
    pattern = re.compile(rf'(?:"((?:[^"]|"")*)"|([^{sep}\r\n"]*))({sep}|\r\n|\n|\r|\Z)')
    row: list[str | None] = []
    line, place = 1, 0
    begin = line
    while place < len(text):
        found = pattern.match(text, place)
        if not found:  # a quote within a plain cell
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            found_text = text[place:end]
            row.append(found_text)
            place = end + 1
            yield begin, row
            line += 1
            row, begin = [], line
            continue
        quoted, plain, end_mark = found.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else plain or None)
        line += found[0].count("\n")
        place = found.end()
        if end_mark != separator:
            yield begin, row
            row, begin = [], line
    if row:
        yield begin, row


def _is_title(row: list[str], widest: int) -> bool:
    """Tell whether a line has one cell at most that is not empty, in a table of more columns."""
    if row and row[0].startswith("#"):
        return True
    filled = sum(bool(cell.strip()) for cell in row)
    return filled < 2 and widest > 1 and (len(row) < 2 or widest > 2)


def _is_numbered(row: list[str]) -> bool:
    """Tell whether a header has the numbers that pandas gives to columns without names."""
    cells = row[1:] if row[0] == "" else row
    return len(cells) > 3 and cells == [str(place) for place in range(len(cells))]


def _are_bars(names: Sequence[str], row: list[str]) -> bool:
    """Tell whether a row without names may be what a preset has: times that look like times."""
    cells = dict(zip(names, row))
    time = cells.get("timestamp", "").strip()
    if "date" in cells:
        clock = re.fullmatch(r"\d\d:\d\d(:\d\d)?", cells["time"].strip())
        return bool(clock and re.fullmatch(r"\d{4}.\d\d.\d\d", cells["date"].strip()))
    if _is_number(time):
        return len(time.split(".")[0]) > 7
    return not re.fullmatch(r"\d\d:\d\d(:\d\d)?", row[1].strip())


def _separator_of(lines: list[str], decimal: str) -> str:
    """Give the separator that cuts most lines into the same number of cells."""

    def score(separator: str) -> tuple[int, int]:
        counts = [line.count(separator) for line in lines if line.strip()]
        most = max(set(counts), key=counts.count) if counts else 0
        return (counts.count(most) if most else 0, most)

    return max((sign for sign in _SEPARATORS if sign != decimal), key=score)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
