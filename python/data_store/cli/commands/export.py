# SPDX-License-Identifier: MIT
"""``data-store export``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Optional
from urllib.parse import quote

import typer

from ...core import DataStore
from ...errors import InvalidInputError
from ..guard import counted, ended_well, say
from ..importing import Importer
from ..inventory import Series, requests_of, series_of
from ..options import End, Start, StorePath, opened, shown
from ..output import json_text
from ..progress import bar, waiting
from ..sources.folder import MANIFEST, REQUESTS, STATE
from ..sources.naming import Wishes
from ..sources.store_file import StoreFile
from ..targets.files import appearing
from ..targets.parts import Part, Selected, parts_of
from ..targets.tables import write_table
from ..targets.text import write_csv, write_json
from ..usage import UsageError

EXAMPLES = """
data-store export market.db bars.csv
data-store export market.db eurusd.parquet --symbol EURUSD --timeframe 1h --start 2026-01-01
data-store export market.db backup-of-bars --folder --format parquet
data-store export market.db smaller.db --symbol EURUSD --symbol GBPUSD
data-store export market.db - --symbol EURUSD | head
"""

_SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".db": "store",
    ".sqlite": "store",
    ".sqlite3": "store",
}
_FORMATS = ("csv", "json", "parquet", "feather", "store")


def export(
    store: StorePath,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A file: .csv, .json, .parquet, .feather, .arrow, .db (another store); a folder; "
            "- is stdout.",
            show_default=False,
        ),
    ],
    symbol: Annotated[
        Optional[list[str]],
        typer.Option(help="Only this symbol; may be given again.", show_default=False),
    ] = None,
    timeframe: Annotated[
        Optional[list[str]],
        typer.Option(help="Only this timeframe; may be given again.", show_default=False),
    ] = None,
    start: Start = None,
    end: End = None,
    format: Annotated[
        Optional[str],
        typer.Option(
            help=f"{', '.join(_FORMATS)}; else as the name ends, csv for folders.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        bool,
        typer.Option(
            "--folder",
            help="Make a folder with a file per series, and state and requests.",
            show_default=False,
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there.", show_default=False)
    ] = False,
    snapshot: Annotated[
        bool,
        typer.Option(
            "--snapshot",
            help="Write what the store holds at one moment: a backup is made beside TARGET first, "
            "which takes as much room as the store for a while.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Write bars to files that import reads back exactly.

    All columns and features are in them, times to the nanosecond, NULL apart from empty text.
    A folder and another store also hold state and requests, unless only some symbols, timeframes
    or times are asked for. A file appears whole or not at all. While others write, each chunk is a
    snapshot of its own; with --snapshot all of it is one.
    """
    folder = folder or target.endswith("/")
    made = _format_of(target, format, folder)
    stopped = "interrupted: nothing was written"
    with ended_well(stopped), _source(store, target, made, snapshot) as found:
        listed = [
            one
            for one in series_of(found)
            if (not symbol or one.symbol in symbol)
            and (not timeframe or one.timeframe in timeframe)
        ]
        is_whole = not symbol and not timeframe and start is None and end is None
        if not listed and not is_whole:
            raise InvalidInputError("no series is of these symbols and timeframes")
        selected = Selected(found, listed, start, end)
        job = _Job(selected, made, is_whole)
        with bar("" if target == "-" else os.path.basename(target.rstrip("/"))) as step:
            total = sum(one.bars or 0 for one in listed)
            job.moved = lambda: step(job.rows, total, f"{job.rows:,} bars")
            if target == "-":
                job.text(sys.stdout)
                return
            marker = MANIFEST if folder else None
            with appearing(target.rstrip("/"), overwrite=overwrite, marker=marker) as part:
                job.folder(part) if folder else job.file(part)
        say(f"{target}: {counted(job.rows, 'bar')} of {len(listed):,} series{job.more}")


@contextmanager
def _source(path: str, target: str, format: str, snapshot: bool) -> Iterator[DataStore]:
    """Open the store, or with `snapshot` a backup of it, which is there for as long."""
    with opened(path) as live:
        _check_target(target, live.path, format)
        if not snapshot:
            yield live
            return
        # Where the target goes there is room, one hopes; what goes to stdout goes by way of /tmp.
        beside = os.path.dirname(os.path.realpath(target)) if target != "-" else None
        room = beside if beside and os.path.isdir(beside) else None
        with tempfile.TemporaryDirectory(prefix=".data-store-", dir=room) as folder:
            copy = os.path.join(folder, "snapshot.db")
            with waiting(f"copying {shown(path, live)}"):
                live.backup(copy)
            with opened(copy) as frozen:
                yield frozen


def _format_of(target: str, format: str | None, folder: bool) -> str:
    found = format or ("csv" if folder or target == "-" else None)
    found = found or _SUFFIXES.get(Path(target).suffix.lower())
    if found not in _FORMATS:
        raise typer.BadParameter(
            f"one of {', '.join(_FORMATS)}; the name {target!r} does not say which"
            if format is None
            else f"{format!r} is not one of {', '.join(_FORMATS)}",
            param_hint="--format",
        )
    if found == "store" and folder:
        raise typer.BadParameter("a store is one file: not with --folder", param_hint="--format")
    if target == "-" and found not in ("csv", "json"):
        raise typer.BadParameter("only csv and json go to stdout", param_hint="--format")
    return found


def _check_target(target: str, store: str, format: str) -> None:
    """Keep the store itself, and the logs of other databases, from being replaced."""
    place = os.path.realpath(target)
    if place in (store, *(store + suffix for suffix in _BESIDE)):
        raise UsageError(f"{target} is the store itself")
    beside = [place + suffix for suffix in _BESIDE if os.path.exists(place + suffix)]
    if format == "store" and beside:
        raise InvalidInputError(
            f"{target}: {beside[0]} lies beside it; another program has it open, or ended early. "
            "Choose another name"
        )


_BESIDE = ("-wal", "-shm", "-journal")


@dataclass
class _Job:
    """An export: what was selected, into files of one format."""

    selected: Selected
    format: str
    is_whole: bool
    rows: int = 0
    more: str = ""
    moved: Callable[[], None] = lambda: None

    def _counted(self, parts: Iterator[Part]) -> Iterator[Part]:
        for part in parts:
            yield part
            self._count(part.length)

    def _count(self, rows: int) -> None:
        self.rows += rows
        self.moved()

    def text(self, out: IO[str], selected: Selected | None = None) -> None:
        """Write CSV or JSON."""
        parts = self._counted(parts_of(selected or self.selected))
        (write_csv if self.format == "csv" else write_json)(parts, out)

    def file(self, path: Path, selected: Selected | None = None) -> None:
        """Write a file of any format."""
        chosen = selected or self.selected
        if self.format == "store":
            self._store(path)
        elif self.format in ("csv", "json"):
            with open(path, "x", encoding="utf-8", newline="") as out:
                self.text(out, chosen)
        else:
            write_table(chosen, path, self.format, self._count)

    def _store(self, path: Path) -> None:
        found = self.selected
        try:
            with DataStore(path) as target:
                importer = Importer(target, is_trial=False)
                for series in found.series:
                    wishes = Wishes(series.symbol, series.timeframe)
                    source = StoreFile(found.store.path, wishes, found.start, found.end)
                    try:
                        before = self.rows

                        def moved(tally: Any, before: int = before) -> None:
                            self.rows = before + tally.rows
                            self.moved()

                        importer.take(source, moved)
                    finally:
                        source.close()
                if self.is_whole:
                    target.state.set_many(found.store.state.items())
                    requests = requests_of(found.store)
                    with target.transaction():
                        for request in requests:
                            target.market.record_request(**request)
                    self.more = f", {counted(len(requests), 'request')}, state"
                target.checkpoint()  # nobody else has it open: all is in the file then
        finally:
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)

    def folder(self, path: Path) -> None:
        """Write a file per series, their list, state and requests."""
        path.mkdir()
        names: set[str] = set()
        entries = []
        for series in self.selected.series:
            name = _file_name(series, self.format, names)
            names.add(name.lower())
            before = self.rows
            self.file(path / name, self.selected._replace(series=[series]))
            entries.append(
                {
                    "symbol": series.symbol,
                    "timeframe": series.timeframe,
                    "file": name,
                    "bars": self.rows - before,
                }
            )
        _write_json(path / MANIFEST, entries)
        if self.is_whole:
            store = self.selected.store
            requests = requests_of(store)
            _write_json(path / STATE, store.state.items())
            _write_json(path / REQUESTS, requests)
            self.more = f", {counted(len(requests), 'request')}, state"


def _file_name(series: Series, format: str, taken: set[str]) -> str:
    stem = f"{quote(series.symbol, safe='')}-{quote(series.timeframe, safe='')}"
    if len(stem) > 150 or stem.startswith(".") or f"{stem}.{format}".lower() in taken:
        stem = f"{stem[:100].lstrip('.')}-{len(taken)}"
    return f"{stem}.{format}"


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json_text(value, indent=2) + "\n", encoding="utf-8")
