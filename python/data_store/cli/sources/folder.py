# SPDX-License-Identifier: MIT
"""A folder that `export` wrote: a file a series, a list of them, state and requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import InvalidInputError
from .chunk import Piece, Source
from .naming import Wishes, none_of

__all__ = ["MANIFEST", "REQUESTS", "STATE", "Folder"]

MANIFEST = "series.json"
STATE = "state.json"
REQUESTS = "requests.json"


class Folder(Source):
    """A folder of files, one a series.

    Parameters
    ----------
    path : str
        The folder.
    wishes : Wishes
        `symbol` and `timeframe` choose series; with either of them state and requests stay out.

    Raises
    ------
    InvalidInputError
        It has no list of its series.
    """

    def __init__(self, path: str, wishes: Wishes) -> None:
        super().__init__(path, "a folder of data_store")
        self._folder = Path(path)
        if not (self._folder / MANIFEST).is_file():
            raise InvalidInputError(
                f"{path}: a directory without {MANIFEST}, which `data-store export` writes; name "
                "the files in it"
            )
        self._wishes = wishes
        self._is_whole = wishes.symbol is None and wishes.timeframe is None
        self._entries = [
            entry
            for entry in self._json(MANIFEST, [])
            if wishes.symbol in (None, entry["symbol"])
            and wishes.timeframe in (None, entry["timeframe"])
        ]
        if not self._entries and not self._is_whole:
            known = [
                f"{entry['symbol']} {entry['timeframe']}" for entry in self._json(MANIFEST, [])
            ]
            self.notes.append(none_of(wishes, known))
        self.size = sum(entry.get("bars", 0) for entry in self._entries)

    def _json(self, name: str, default: Any) -> Any:
        try:
            return json.loads((self._folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return default
        except ValueError as error:
            raise InvalidInputError(f"{self._folder / name}: not JSON: {error}") from None

    def pieces(self) -> Iterator[Piece]:
        """Give the bars, and the rows that cannot be read, file by file."""
        from .sniffing import source_of

        for entry in self._entries:
            wishes = replace(self._wishes, symbol=entry["symbol"], timeframe=entry["timeframe"])
            source = source_of(str(self._folder / entry["file"]), wishes)
            try:
                yield from source.pieces()
            finally:
                source.close()
            self.done += entry.get("bars", 0)

    def state(self) -> Mapping[str, Any]:
        """Give the state values of the folder."""
        found: Mapping[str, Any] = self._json(STATE, {}) if self._is_whole else {}
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Give the recorded requests of the folder."""
        found: list[dict[str, Any]] = self._json(REQUESTS, []) if self._is_whole else []
        return found
