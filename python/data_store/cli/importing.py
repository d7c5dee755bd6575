# SPDX-License-Identifier: MIT
"""Bars into a store: what is there already is compared with, and only what differs is written."""

from __future__ import annotations

import json
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from operator import lt
from pathlib import Path
from typing import Any

from ..core import DataStore
from ..errors import FeatureValidationError
from .arrow_in import batches_of
from .arrow_out import ColumnTable
from .sources.chunk import Chunk, Refused, Source
from .sources.store_file import columns_of
from .times import iso_text

__all__ = ["Importer", "Tally"]

_SHOWN = 20
_COMPARED = 50_000


@dataclass
class Tally:
    """How many rows of a file were, or would be, what."""

    file: str
    kind: str = ""
    rows: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    """The same time came earlier in the file: the last one counts."""
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)
    """The first of them."""
    series: dict[tuple[str, str], int] = field(default_factory=dict)
    """Rows by symbol and timeframe."""
    state: int = 0
    """State values that differ from what is stored."""
    requests: int = 0
    """Recorded requests that differ from what is stored."""
    notes: list[str] = field(default_factory=list)

    def refuse(self, refused: Refused) -> None:
        """Count a row that cannot be stored."""
        self.rows += 1
        self.refused += 1
        if len(self.refusals) < _SHOWN:
            self.refusals.append(refused)


class Importer:
    """Brings files into a store, a transaction per chunk.

    Parameters
    ----------
    store : DataStore or None
        None: the store does not exist yet, and this is only a trial.
    is_trial : bool
        Count, and write nothing.
    """

    def __init__(self, store: DataStore | None, *, is_trial: bool) -> None:
        self._store = store
        self._is_trial = is_trial
        self.tally: Tally | None = None
        """Of the file that is, or was last, brought in."""

    def take(self, source: Source, moved: Callable[[Tally], None] = lambda tally: None) -> Tally:
        """Bring in a file.

        Parameters
        ----------
        source : Source
            Open.
        moved : callable, optional
            Called after each piece.
        """
        self.tally = tally = Tally(source.name, source.kind, notes=source.notes)
        seen: dict[tuple[str, str], _Seen] = {}
        with _validator() if self._is_trial else nullcontext() as validate:
            for piece in source.pieces():
                if isinstance(piece, Refused):
                    tally.refuse(piece)
                    continue
                series = piece.symbol, piece.timeframe
                again = seen.setdefault(series, _Seen()).among(piece.times)
                kept = _without_repeats(piece, tally)
                if validate and "features" in kept.columns:
                    kept = self._validated(kept, validate, tally)
                self._bring(kept, again, tally)
                tally.series[series] = tally.series.get(series, 0) + len(piece)
                moved(tally)
        self._bring_state(source, tally)
        self._bring_requests(source, tally)
        return tally

    # ---- Bars -----------------------------------------------------------------------------------

    def _bring(self, chunk: Chunk, again: set[int], tally: Tally) -> None:
        """Store what differs; rows whose times are `again` the file's are counted as repeated."""
        store = self._store
        new: list[int] = list(range(len(chunk)))
        changed: list[int] = []
        while store is not None:
            try:
                with nullcontext() if self._is_trial else store.transaction():
                    new, changed = _differing(store, chunk)
                    rows = sorted(new + changed)
                    if rows and not self._is_trial:
                        some = chunk.picked(rows)
                        table = ColumnTable(some.columns)
                        store.market.write(table, chunk.symbol, chunk.timeframe)
                break
            except FeatureValidationError as error:
                if error.row is None:
                    raise
                chunk = _without(chunk, rows[error.row], error, tally)
        times = chunk.times
        repeated = sum(time in again for time in times) if again else 0
        inserted, altered = (
            sum(times[row] not in again for row in rows) if again else len(rows)
            for rows in (new, changed)
        )
        tally.rows += len(chunk)
        tally.repeated += repeated
        tally.inserted += inserted
        tally.changed += altered
        tally.unchanged += len(chunk) - repeated - inserted - altered

    def _validated(self, chunk: Chunk, validate: Callable[[Chunk], None], tally: Tally) -> Chunk:
        while True:
            try:
                validate(chunk)
                return chunk
            except FeatureValidationError as error:
                if error.row is None:
                    raise
                chunk = _without(chunk, error.row, error, tally)

    # ---- The rest -------------------------------------------------------------------------------

    def _bring_state(self, source: Source, tally: Tally) -> None:
        given = source.state()
        if not given:
            return
        stored = self._store.state.items() if self._store else {}
        other = {
            key: value
            for key, value in given.items()
            if key not in stored or _json(stored[key]) != _json(value)
        }
        tally.state = len(other)
        if other and self._store and not self._is_trial:
            self._store.state.set_many(other)

    def _bring_requests(self, source: Source, tally: Tally) -> None:
        given = source.requests()
        if not given:
            return
        from .inventory import requests_of

        stored = {_json(request) for request in requests_of(self._store)} if self._store else set()
        other = [request for request in given if _json(request) not in stored]
        tally.requests = len(other)
        if other and self._store and not self._is_trial:
            with self._store.transaction():
                for request in other:
                    self._store.market.record_request(**request)


def _without_repeats(chunk: Chunk, tally: Tally) -> Chunk:
    """Leave the last of several rows of one time."""
    times = chunk.times
    if _rises(times):
        return chunk
    last = {time: row for row, time in enumerate(times)}
    if len(last) == len(times):
        return chunk
    tally.repeated += len(times) - len(last)
    tally.rows += len(times) - len(last)
    return chunk.picked(sorted(last.values()))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _without(chunk: Chunk, row: int, error: FeatureValidationError, tally: Tally) -> Chunk:
    place = chunk.places[row] if chunk.places else iso_text(chunk.times[row])
    key = f"{error.key}: " if error.key else ""
    tally.refuse(Refused(place, f"features: {key}{error.reason or error.message}"))
    return chunk.picked([other for other in range(len(chunk)) if other != row])


@contextmanager
def _validator() -> Iterator[Callable[[Chunk], None]]:
    """Give a function that raises for features that the library would refuse.

    The rules are the library's: it is asked, with a store that is thrown away.
    """
    with tempfile.TemporaryDirectory(prefix="data_store-") as folder:
        stores: list[DataStore] = []

        def validate(chunk: Chunk) -> None:
            if not stores:
                stores.append(DataStore(Path(folder) / "trial.db", durability="normal"))
            columns = {name: chunk.columns[name] for name in ("timestamp", "features")}
            market = stores[0].market
            market.write(ColumnTable(columns), "trial", "trial")
            market.delete("trial", "trial")

        try:
            yield validate
        finally:
            for store in stores:
                store.close()


class _Seen:
    """The times that a file had of a series, to tell what comes twice; 8 bytes per row."""

    def __init__(self) -> None:
        self._last = -(2**63)
        self._sorted: list[array[int]] = []

    def among(self, times: array[int]) -> set[int]:
        """Give those of the times that were seen already, and remember all."""
        mine = times if _rises(times) else array("q", sorted(set(times)))
        again: set[int] = set()
        if mine[0] <= self._last:
            for old in self._sorted:
                if mine[0] <= old[-1] and old[0] <= mine[-1]:
                    again.update(time for time in mine if _has(old, time))
        self._last = max(self._last, mine[-1])
        self._sorted.append(mine)
        return again


def _rises(times: array[int]) -> bool:
    """Tell whether each time is later than the one before, as nearly all files have it."""
    return all(map(lt, times, islice(times, 1, None)))


def _has(times: array[int], time: int) -> bool:
    place = bisect_left(times, time)
    return place < len(times) and times[place] == time


# ---- What differs -------------------------------------------------------------------------------


def _differing(store: DataStore, chunk: Chunk) -> tuple[list[int], list[int]]:
    """Give the rows that are not stored yet, and those that are stored with other values."""
    times = chunk.times
    carried = [name for name in chunk.columns if name not in ("timestamp", "features")]
    features = "json" if "features" in chunk.columns else None
    rows = store.market.iter_arrow(
        chunk.symbol,
        chunk.timeframe,
        iso_text(min(times)),
        iso_text(max(times)),
        columns=carried,
        features=features,
        chunk=_COMPARED,
    )
    row_of: dict[int, int] | None = None
    found: set[int] = set()
    changed: list[int] = []
    for batch in batches_of(rows):
        if not batch.length:
            continue
        stored = columns_of(batch)
        if _equal(stored, chunk):
            return [], []
        if row_of is None:
            row_of = {time: row for row, time in enumerate(times)}
        pairs = [
            (there, row_of[time])
            for there, time in enumerate(stored["timestamp"])
            if time in row_of
        ]
        found.update(row for _, row in pairs)
        changed += _changed(stored, chunk, pairs)
    new = [row for row in range(len(times)) if row not in found]
    return new, sorted(changed)


def _equal(stored: dict[str, Any], chunk: Chunk) -> bool:
    """Tell quickly that all is stored as it is; if it is not known, False."""
    for name, values in chunk.columns.items():
        there = stored[name]
        if len(there) != len(values):
            return False
        if isinstance(values, array) and values.typecode == "d":
            # NaN is not equal to itself, but the same bits are the same NULL.
            if values.tobytes() != there.tobytes():
                return False
        elif name == "features":
            if any(mine not in (None, other) for mine, other in zip(values, there)):
                return False
        elif list(values) != list(there):
            return False
    return True


def _changed(stored: dict[str, Any], chunk: Chunk, pairs: list[tuple[int, int]]) -> list[int]:
    changed: set[int] = set()
    for name, values in chunk.columns.items():
        there = stored[name]
        if name == "timestamp":
            continue
        if name == "features":
            changed.update(row for old, row in pairs if _adds(values[row], there[old]))
        elif isinstance(values, array) and values.typecode == "d":
            for old, row in pairs:
                mine, other = values[row], there[old]
                if mine != other and (mine == mine or other == other):
                    changed.add(row)
        else:
            changed.update(row for old, row in pairs if values[row] != there[old])
    return list(changed)


def _adds(mine: str | None, stored: str | None) -> bool:
    """Tell whether features that are merged into those that are stored change them."""
    if mine is None or mine == stored:
        return False
    try:
        # Numbers by their digits, as they are stored.
        given = json.loads(mine, parse_float=str, parse_int=str)
        there = json.loads(stored or "{}", parse_float=str, parse_int=str)
        return any(there.get(key) != value for key, value in given.items())
    except (ValueError, AttributeError):
        return True
