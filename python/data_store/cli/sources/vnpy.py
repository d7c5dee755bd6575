# SPDX-License-Identifier: MIT
"""The SQLite file of vnpy: its table ``dbbardata``, read only.

This is the one place of the package with SQL in it. The file is another program's, of which the
library knows nothing; the store's own tables are not touched here.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ...errors import InvalidInputError
from ..usage import UsageError
from .chunk import Piece, Source
from .layout import Layout
from .naming import Wishes, none_of

__all__ = ["VnpyFile", "table_names"]

_ROWS = 20_000
_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
_QUERY = """
    SELECT symbol, exchange, interval, rowid, datetime, open_price, high_price, low_price,
           close_price, volume
    FROM dbbardata ORDER BY symbol, exchange, interval, datetime
"""
# vnpy's words for its intervals; the minute and the hour are written with their number.
_TIMEFRAMES = {"d": "1d", "w": "1w"}


def _connected(path: str) -> contextlib.closing[sqlite3.Connection]:
    uri = Path(path).absolute().as_uri() + "?mode=ro"
    return contextlib.closing(sqlite3.connect(uri, uri=True))


def table_names(path: str) -> set[str]:
    """Give the names of the tables of a SQLite file.

    Raises
    ------
    InvalidInputError
        SQLite cannot read it.
    """
    try:
        with _connected(path) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name for (name,) in found}
    except sqlite3.Error as error:
        raise InvalidInputError(f"{path}: SQLite cannot read it: {error}") from None


class VnpyFile(Source):
    """A database of vnpy.

    A symbol is called ``IF2403.CFFEX``, as vnpy itself names it. Its times have no zone: they are
    in the one that vnpy's setting ``database.timezone`` names.

    Parameters
    ----------
    path : str
        The file.
    wishes : Wishes
        What the user said about it; `symbol` and `timeframe` choose series.
    """

    def __init__(self, path: str, wishes: Wishes) -> None:
        super().__init__(path, "SQLite of vnpy")
        if not wishes.zone:
            raise UsageError(
                f"{path}: the times of vnpy name no zone: say the one of vnpy's setting "
                "database.timezone, such as --tz Asia/Shanghai"
            )
        self.notes.append("left out, a bar has no place for them: turnover, open_interest")
        self._wishes = wishes

    def pieces(self) -> Iterator[Piece]:
        """Give the bars, and the rows that cannot be read, series by series."""
        wishes = self._wishes
        targets = list(enumerate(_COLUMNS, 4))
        passed: dict[str, None] = {}
        is_found = False
        try:
            with _connected(self.name) as connection:
                count = connection.execute("SELECT count(*) FROM dbbardata").fetchone()
                self.size = count[0]
                rows = connection.execute(_QUERY)
                while some := rows.fetchmany(_ROWS):
                    for (symbol, exchange, interval), group in groupby(some, lambda row: row[:3]):
                        columns = list(zip(*group))
                        name = f"{symbol}.{exchange}" if exchange else str(symbol)
                        timeframe = _TIMEFRAMES.get(interval, str(interval))
                        is_wanted = wishes.symbol in (None, name, symbol) and (
                            wishes.timeframe in (None, timeframe, interval)
                        )
                        if not is_wanted:
                            passed[f"{name} {timeframe}"] = None
                            continue
                        is_found = True
                        layout = Layout(targets, wishes.times, name, timeframe, word="rowid")
                        yield from layout.pieces(columns, columns[3])
                    self.done += len(some)
        except sqlite3.Error as error:
            raise InvalidInputError(f"{self.name}: SQLite cannot read it: {error}") from None
        if passed and not is_found:
            self.notes.append(none_of(wishes, list(passed)))
