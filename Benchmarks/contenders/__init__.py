# SPDX-License-Identifier: MIT
"""The contenders, by name, and how one process of each is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

_ROOM = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Entry:
    """A contender.

    Parameters
    ----------
    name, title : str
    program : str, optional
        The C program that plays it.
    where : str, optional
        "module:Class" of one in Python.
    own_file : bool, optional
        Makes its own database, instead of taking one with the specification's table.
    nomutex : bool, optional
        The yardstick without SQLite's mutexes.
    folder : bool, optional
        Keeps a folder, and not an SQLite file: it makes its own bases and is verified by reading.
    needs : str, optional
        The module without which it is left out.
    """

    name: str
    title: str
    program: str = ""
    where: str = ""
    own_file: bool = False
    nomutex: bool = False
    folder: bool = False
    needs: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether it can take part here."""
        return not self.needs or find_spec(self.needs) is not None

    def command(self, build: Path) -> list[str]:
        """Start of the command line of one process; the operation and its arguments follow."""
        if self.nomutex:
            return ["env", "YARDSTICK_NOMUTEX=1", str(build / self.program)]
        if self.program:
            return [str(build / self.program)]
        return [sys.executable, str(_ROOM / "sample.py"), self.name]

    def load(self) -> type:
        """Import the class of a contender in Python."""
        module, name = self.where.split(":")
        found: type = getattr(import_module(f"contenders.{module}"), name)
        return found


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("c", "C", program="yardstick"),
        Entry("ours", "data_store, Python", where="ours:Ours", own_file=True),
        Entry("ours-c", "data_store, C", program="ours", own_file=True),
        Entry("sqlite3", "sqlite3", where="sqlite3_module:Sqlite3"),
        Entry("pandas", "pandas", where="pandas_sql:PandasSql"),
        Entry("apsw", "apsw", where="sqlite3_module:Apsw"),
        Entry("adbc", "ADBC", where="adbc:Adbc"),
        Entry(
            "arcticdb",
            "ArcticDB",
            where="arctic:Arctic",
            own_file=True,
            folder=True,
            needs="arcticdb",
        ),
        Entry("c-nomutex", "C, NOMUTEX", program="yardstick", nomutex=True),
    )
}
YARDSTICK = "c"
DEFAULT = [name for name in ENTRIES if name != "c-nomutex"]
