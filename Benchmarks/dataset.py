# SPDX-License-Identifier: MIT
"""The data of the works: seeded columns, kept as raw arrays that C and Python read alike.

A folder holds `shape` (series, rows a series, features, number of the first feature) and a file a
column, series after series. All series share their timestamps.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

TIMEFRAME = "1m"
SOURCES = ["alpha", "beta"]
QUALITIES = ["clean", "repaired"]
FEATURE_QUALITIES = ["ready", "warmup", "degraded", "missing"]
NUMBERS = ["open", "high", "low", "close", "volume", "latency_sec"]
COLUMNS = [*NUMBERS[:5], "source", "quality", "is_gap", "latency_sec"]

WARMUP_ROWS = 20
MINUTE = 60_000_000_000
FIRST = pd.Timestamp("2024-01-01", tz="UTC").value


def symbol_name(series: int) -> str:
    """Name the symbol of a series, as the C programs do."""
    return f"SYM{series:04d}"


@dataclass(frozen=True)
class Recipe:
    """What a dataset is made of. The same recipe gives the same bytes.

    Parameters
    ----------
    series, rows : int
        Rows are those of one series.
    features, first_feature : int, optional
        Keys are feature_00@1.0 and on, from `first_feature`.
    seed : int, optional
        Of the bars. Features have seeds of their own.
    first_row : int, optional
        Minutes after the first time of all datasets.
    mixed : bool, optional
        Features begin with null and "warmup", and one in a hundred is "degraded". Else all are
        finite and "ready".
    """

    series: int
    rows: int
    features: int = 0
    first_feature: int = 0
    seed: int = 1
    first_row: int = 0
    mixed: bool = False


def make(folder: Path, recipe: Recipe) -> Dataset:
    """Write a dataset, unless `folder` holds it already."""
    told = json.dumps(asdict(recipe))
    done = folder / "recipe.json"
    if not (done.is_file() and done.read_text() == told):
        folder.mkdir(parents=True, exist_ok=True)
        done.unlink(missing_ok=True)
        for name, values in _bars(recipe).items():
            values.tofile(folder / name)
        for index in range(recipe.first_feature, recipe.first_feature + recipe.features):
            for name, values in _feature(recipe, index).items():
                values.tofile(folder / name)
        shape = recipe.series, recipe.rows, recipe.features, recipe.first_feature
        (folder / "shape").write_text(" ".join(map(str, shape)) + "\n")
        done.write_text(told)
    return Dataset(folder)


def _bars(recipe: Recipe) -> dict[str, npt.NDArray[Any]]:
    random = np.random.default_rng(recipe.seed)
    shape = recipe.series, recipe.rows
    close = np.round(100 + np.cumsum(random.normal(0, 0.01, shape), axis=1), 5)
    opens = np.round(close + random.normal(0, 0.01, shape), 5)
    gap = random.random(shape) < 0.002
    numbers = {
        "open": opens,
        "high": np.maximum(opens, close) + 0.00125,
        "low": np.minimum(opens, close) - 0.00125,
        "close": close,
        "volume": np.round(random.lognormal(5, 1, shape), 2),
    }
    for values in numbers.values():
        values[gap] = np.nan
    numbers["latency_sec"] = np.round(random.gamma(2, 0.02, shape), 6)
    codes = random.integers(0, 2, shape, dtype=np.int32)
    return {
        "timestamps.i64": FIRST + (recipe.first_row + np.arange(recipe.rows)) * MINUTE,
        **{f"{name}.f64": values for name, values in numbers.items()},
        "is_gap.u8": gap.astype(np.uint8),
        "source.i32": codes,
        "quality.i32": (random.random(shape) < 0.01).astype(np.int32),
    }


def _feature(recipe: Recipe, index: int) -> dict[str, npt.NDArray[Any]]:
    random = np.random.default_rng([index, recipe.mixed])
    shape = recipe.series, recipe.rows
    values = random.normal(0, 10.0 ** (index % 5 - 2), shape)
    qualities = np.zeros(shape, np.int32)
    if recipe.mixed:
        qualities[random.random(shape) < 0.01] = FEATURE_QUALITIES.index("degraded")
        qualities[:, :WARMUP_ROWS] = FEATURE_QUALITIES.index("warmup")
        values[:, :WARMUP_ROWS] = np.nan
    return {f"feature_{index:02d}.f64": values, f"feature_{index:02d}.i32": qualities}


class Dataset:
    """A dataset's columns, and its series as the DataFrames that a caller would have.

    Parameters
    ----------
    folder : Path
        Where `make` wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shape = map(int, (folder / "shape").read_text().split())
        self.series, self.rows, self.features, self.first_feature = shape
        self.symbols = [symbol_name(series) for series in range(self.series)]
        last = self.first_feature + self.features
        self._numbers = [f"{index:02d}" for index in range(self.first_feature, last)]
        self.keys = [f"feature_{number}@1.0" for number in self._numbers]

    def _column(self, file: str, dtype: str) -> npt.NDArray[Any]:
        return np.fromfile(self.folder / file, dtype).reshape(self.series, self.rows)

    @cached_property
    def timestamps(self) -> npt.NDArray[np.int64]:
        """Nanoseconds since 1970 in UTC, of every series."""
        return np.fromfile(self.folder / "timestamps.i64", np.int64)

    @cached_property
    def index(self) -> pd.DatetimeIndex:
        """The timestamps as `read` gives them."""
        return pd.DatetimeIndex(self.timestamps, tz="UTC", name="timestamp")

    @cached_property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """(series, rows) arrays by column: doubles, bool is_gap, codes of source and quality."""
        columns = {name: self._column(f"{name}.f64", "f8") for name in NUMBERS}
        columns["is_gap"] = self._column("is_gap.u8", "u1").astype(bool)
        columns["source"] = self._column("source.i32", "i4")
        columns["quality"] = self._column("quality.i32", "i4")
        return columns

    @cached_property
    def feature_values(self) -> dict[str, npt.NDArray[np.float64]]:
        """(series, rows) values by key."""
        files = zip(self.keys, self._numbers, strict=True)
        return {key: self._column(f"feature_{number}.f64", "f8") for key, number in files}

    @cached_property
    def feature_qualities(self) -> dict[str, npt.NDArray[np.int32]]:
        """(series, rows) codes into FEATURE_QUALITIES by key."""
        files = zip(self.keys, self._numbers, strict=True)
        return {key: self._column(f"feature_{number}.i32", "i4") for key, number in files}

    def frame(self, series: int) -> pd.DataFrame:
        """Give the bars of a series, as `market.write` takes them and `market.read` gives them."""
        columns = {}
        for name in COLUMNS:
            values = self.columns[name][series]
            words = {"source": SOURCES, "quality": QUALITIES}.get(name)
            columns[name] = values if words is None else pd.array(words, "str").take(values)
        return pd.DataFrame(columns, index=self.index)

    def feature_frame(self, series: int) -> pd.DataFrame:
        """Give the feature values of a series, one column per key."""
        return pd.DataFrame(
            {key: values[series] for key, values in self.feature_values.items()}, index=self.index
        )

    def feature_columns(self, series: int) -> pd.DataFrame:
        """Values and qualities in two column levels, as `market.read_features` gives them."""
        words = pd.array(FEATURE_QUALITIES, "str")
        columns: dict[tuple[str, str], Any] = {}
        for key in self.keys:
            columns[key, "value"] = self.feature_values[key][series]
            columns[key, "quality"] = words.take(self.feature_qualities[key][series])
        return pd.DataFrame(columns, index=self.index)
