# SPDX-License-Identifier: MIT
"""ArcticDB on LMDB: compressed columns in a folder of its own, and no SQLite.

Bars and features of a series are a frame each. `update` keeps the rows outside of the range that
is written, as an upsert does; `write` would drop them. Words of feature qualities are stored as
codes of a byte: as texts, reading them takes several times as long. ArcticDB has no columns in two
levels.
"""

from __future__ import annotations

from typing import Any

import arcticdb
import numpy as np
import pandas as pd

from dataset import FEATURE_QUALITIES

_READY = FEATURE_QUALITIES.index("ready")
_QUALITY = ":quality"
_MAP_SIZE = "8GB"


class Arctic:
    """Takes part in bulk works only: a write of one bar takes it milliseconds."""

    def __init__(self, path: str, synchronous: str) -> None:
        self._arctic: Any = arcticdb.Arctic(f"lmdb://{path}?map_size={_MAP_SIZE}")
        self._bars: Any = self._arctic.get_library("bars", create_if_missing=True)
        self._features: Any = self._arctic.get_library("features", create_if_missing=True)

    def close(self) -> None:
        self._bars = self._features = self._arctic = None

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        self._update(self._bars, symbol, bars)
        if features is not None:
            ready = np.full(len(features), _READY, np.int8)
            columns = {key: features[key] for key in features}
            columns |= {f"{key}{_QUALITY}": ready for key in features}
            self._update(self._features, symbol, pd.DataFrame(columns, index=features.index))

    def write_features(self, symbol: str, features: pd.DataFrame) -> None:
        """Write values and qualities, in two column levels."""
        words = pd.Index(FEATURE_QUALITIES)
        columns: dict[str, Any] = {}
        for key, part in features:
            values = features[key, part]
            if part == "value":
                columns[key] = values
            else:
                columns[f"{key}{_QUALITY}"] = words.get_indexer(values).astype(np.int8)
        self._update(self._features, symbol, pd.DataFrame(columns, index=features.index))

    @staticmethod
    def _update(library: Any, symbol: str, frame: pd.DataFrame) -> None:
        library.update(symbol, frame, upsert=True, prune_previous_versions=True)

    def read(self, symbol: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._bars.read(symbol).data
        return frame

    def read_features(self, symbol: str) -> pd.DataFrame:
        found = self._features.read(symbol).data
        words = pd.array(FEATURE_QUALITIES, "str")
        columns: dict[tuple[str, str], Any] = {}
        for key in found:
            if key.endswith(_QUALITY):
                continue
            columns[key, "value"] = found[key].array
            columns[key, "quality"] = words.take(found[f"{key}{_QUALITY}"].to_numpy())
        return pd.DataFrame(columns, index=found.index)
