# SPDX-License-Identifier: MIT
"""Where a run takes place: data, programs, the library under test, database files, processes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dataset import Dataset, Recipe, make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contenders import Entry

ROOM = Path(__file__).resolve().parent
ROOT = ROOM.parent
LIBRARY = ROOT / ".build/release/libdata_store.so"
SERIES = 20

Measured = dict[str, float]


class BenchError(Exception):
    """A sample failed, or what it stored or read is not what it should be."""


@dataclass(frozen=True)
class Shape:
    """A dataset of the works, before it is scaled."""

    rows: int
    features: int = 0
    first_feature: int = 0
    seed: int = 1
    first_row: int = 0
    mixed: bool = False


SHAPES = {
    "bars": Shape(50_000),
    "changed": Shape(50_000, seed=2),
    "features": Shape(12_500, features=20),
    "mixed": Shape(12_500, features=20, mixed=True),
    "extra": Shape(12_500, features=1, first_feature=20),
    "short": Shape(5_000),
    "live": Shape(100, seed=3, first_row=50_000),
}


class Bench:
    """One run's place.

    Parameters
    ----------
    folder : Path
        For programs, data and databases; its file system is the one that is measured.
    library : Path
        The library under test. A copy is used: the original may be rebuilt meanwhile.
    synchronous : {"NORMAL", "FULL"}
        Of every contender, unless a work says otherwise.
    scale : float
        Fraction of the rows of each dataset, at least 40 rows a series.
    """

    def __init__(self, folder: Path, library: Path, synchronous: str, scale: float) -> None:
        self.folder = folder
        self.synchronous = synchronous
        self.scale = scale
        self._environment = prepare(folder, library)
        for kind in ("bases", "files"):
            shutil.rmtree(folder / kind, ignore_errors=True)
            (folder / kind).mkdir()

    def data(self, name: str) -> Dataset:
        """Give a dataset by name, made at its first use."""
        shape = SHAPES[name]
        rows = max(int(shape.rows * self.scale), 40)
        recipe = Recipe(SERIES, **{**vars(shape), "rows": rows})
        return make(self.folder / "data" / name, recipe)

    # ---- Files ------------------------------------------------------------------------------

    def base(self, entry: Entry, name: str) -> Path:
        """Give a file that holds a dataset: not to be changed.

        Contenders with files of their own get one that data_store made, the others one of the
        yardstick's.
        """
        if entry.folder:
            return self._folder_base(entry, name)
        path = self.folder / "bases" / f"{name}-{'ours' if entry.own_file else 'c'}.db"
        if not path.exists():
            if not entry.own_file:
                create(path)
            maker = "ours" if entry.own_file else "yardstick"
            data = self.data(name)
            self._run([str(self.folder / maker), "write", str(path), "NORMAL", str(data.folder)])
            self.verify(path, data.series * data.rows, data.features, name)
        return path

    def _folder_base(self, entry: Entry, name: str) -> Path:
        path = self.folder / "bases" / f"{name}-{entry.name}"
        if not path.exists():
            self.sample(entry, "store", path, name)
            self.verify_by_reading(entry, path, name)
        return path

    @contextmanager
    def file(self, entry: Entry, base: str | None) -> Iterator[Path]:
        """Give a file to write to: a copy of a base, or a new one. It goes afterwards."""
        path = self.folder / "files" / "sample.db"
        remove(path)
        if base is not None and entry.folder:
            shutil.copytree(self.base(entry, base), path)
            os.sync()
        elif base is not None:
            shutil.copyfile(self.base(entry, base), path)
            with path.open("rb") as copy:
                os.fsync(copy.fileno())  # not while the time is taken
        elif not entry.own_file:
            create(path)
        try:
            yield path
        finally:
            remove(path)

    def verify(self, path: Path, rows: int, features: int, *names: str) -> None:
        """Compare a file with datasets: exactly `rows` bars, of so many features each."""
        folders = [str(self.data(name).folder) for name in names]
        self._run([str(self.folder / "verify"), str(path), str(rows), str(features), *folders])

    def verify_by_reading(self, entry: Entry, path: Path, name: str) -> None:
        """Have a contender read what it stored, and compare that with a dataset."""
        self.sample(entry, "read", path, name)
        if self.data(name).features:
            self.sample(entry, "read_features", path, name)

    # ---- Processes --------------------------------------------------------------------------

    def sample(
        self,
        entry: Entry,
        operation: str,
        path: Path,
        name: str,
        synchronous: str = "",
        count: int = 0,
    ) -> Measured:
        """Run an operation in a process of its own and give what it measured."""
        command = self._command(entry, operation, path, name, synchronous or self.synchronous)
        found: Measured = json.loads(self._run([*command, str(count)]))
        return found

    @contextmanager
    def writing(self, entry: Entry, path: Path, name: str) -> Iterator[None]:
        """Keep another process writing to a file."""
        command = self._command(entry, "stream", path, name, self.synchronous)
        with subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            if writer.stdout.readline() != "writing\n":
                raise BenchError(f"{entry.name}: the writer did not start")
            try:
                yield
                if writer.poll() is not None:
                    raise BenchError(f"{entry.name}: the writer stopped")
            finally:
                writer.terminate()
            if json.loads(writer.stdout.readline())["commits"] < 2:
                raise BenchError(f"{entry.name}: the writer hardly wrote")

    def _command(
        self, entry: Entry, operation: str, path: Path, name: str, synchronous: str
    ) -> list[str]:
        folder = str(self.data(name).folder)
        return [*entry.command(self.folder), operation, str(path), synchronous, folder]

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"{' '.join(command)}\n{done.stderr.strip()}")
        return done.stdout


def prepare(folder: Path, library: Path) -> dict[str, str]:
    """Copy the library, compile the C programs; give the environment that uses both."""
    copy = folder / "lib" / "libdata_store.so"
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not library.is_file():
        raise BenchError(f"no library at {library}: run 'make build'")
    shutil.copyfile(library, copy)
    subprocess.run([str(ROOM / "c" / "build"), str(folder)], check=True)
    return {**os.environ, "DATA_STORE_LIBRARY": str(copy), "PYTHONPATH": str(ROOT / "python")}


def create(path: Path) -> None:
    """Make an empty file with the specification's table, in WAL mode."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript((ROOM / "schema.sql").read_text())
    connection.close()


def remove(path: Path) -> None:
    """Remove a database with what belongs to it."""
    if path.is_dir():
        shutil.rmtree(path)
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
