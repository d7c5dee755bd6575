# SPDX-License-Identifier: MIT
"""The same random calls on a file and on a server: results, errors and what is stored are equal.

``--hypothesis-seed=N`` plays the same calls again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from frames import START
from postgresql import tables

from data_store import DataStore
from data_store.errors import DataStoreError

Call = Callable[[DataStore], Any]

SYMBOLS = ["A", "a", "\u00e9", "e\u0301", "A'B", "%"]
STATE_KEYS = ["k", "k1", "K", "\u00e9", "k%", "k_"]
KEYS = ["a@1", "b@1", "\u00e9@2", 'q"@1', "n\\@1", "z@1@2"]
NUMBERS = [1.0, -1.5, 0.1, 1e308, 5e-324, math.inf, math.nan, 1 / 3, 1e16, None, 2**53]
VALUES = [None, True, 0, 1, 1.0, 0.1, 2**53 + 1, "x", "", "5", [1.0], [10**30], {"a": 1, "b": 2},
          {"b": 2, "a": 1.0}, {}, [], math.nan, 2**64]  # fmt: skip
OFFSETS = [0, 1, 999, 1000, 10**9, 3600 * 10**9 + 1, -1, -START.value, -START.value - 999]


class StoppedError(Exception):
    """Ends a transaction."""


class Dice:
    """Arguments and calls by chance."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.one_of = random.choice

    def flip(self, chance: float) -> bool:
        return self.random.random() < chance

    def time(self) -> pd.Timestamp:
        if self.flip(0.8):
            return START + pd.Timedelta(hours=self.random.randrange(10))
        return START + pd.Timedelta(self.one_of(OFFSETS))

    def bounds(self) -> tuple[Any, Any]:
        odd = ["2026-03-01", "1970-01-01T00:00:00.000000001", "bad"]
        return tuple(
            self.one_of([None, self.time(), self.time().isoformat(), self.one_of(odd)])
            for _ in range(2)
        )  # type: ignore[return-value]

    def features(self) -> Any:
        texts = [
            '{"a@1":{"value":1.10,"quality":"ready"}}',
            '{ "b@1": {"quality":"warmup","value":1E5}}',
            '{"a":1}',
            "{}",
        ]
        if self.flip(0.3):
            return self.one_of([None, *texts])
        numbers = [0, 1, -0.0, 0.1, 1e16, 1e-5, None, math.nan, 12345678901234567]
        qualities = ["ready", "warmup", "degraded", "missing"]
        return {
            self.one_of(KEYS): {"value": self.one_of(numbers), "quality": self.one_of(qualities)}
            for _ in range(self.random.randrange(4))
        }

    def fields(self, count: int) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for name in ("open", "high", "low", "close", "volume", "latency_sec"):
            if self.flip(0.4):
                found[name] = [self.one_of(NUMBERS) for _ in range(count)]
        if self.flip(0.3):
            found["source"] = [self.one_of(["x", "", None, "\u00e9"]) for _ in range(count)]
        if self.flip(0.3):
            found["is_gap"] = [self.one_of([True, False, None]) for _ in range(count)]
        return found

    def frame(self) -> pd.DataFrame:
        count = self.one_of([0, 1, 2, 5, 30])
        index = pd.DatetimeIndex([self.time() for _ in range(count)], tz="UTC")
        return pd.DataFrame(self.fields(count), index=index)

    def write(self) -> Call:
        symbol, frame, replace = self.one_of(SYMBOLS), self.frame(), self.flip(0.2)
        features = [self.features() for _ in range(len(frame))] if self.flip(0.5) else None
        return lambda store: store.market.write(
            frame, symbol, "1h", features=features, replace=replace
        )

    def write_bar(self) -> Call:
        symbol, time = self.one_of(SYMBOLS), self.time()
        given = {name: values[0] for name, values in self.fields(1).items()}
        if self.flip(0.5):
            given["features"] = self.features()
        return lambda store: store.market.write_bar(symbol, "1h", time, **given)

    def write_features(self) -> Call:
        symbol, given = self.one_of(SYMBOLS), {self.time(): self.features()}
        return lambda store: store.market.write_features(given, symbol, "1h")

    def change(self) -> Call:
        symbol, key, value = self.one_of(SYMBOLS), self.one_of(STATE_KEYS), self.one_of(VALUES)
        expected, (start, end), time = self.one_of(VALUES), self.bounds(), self.time()
        number = self.one_of(NUMBERS)
        return self.one_of([
            lambda store: store.market.delete(symbol, "1h", start, end),
            lambda store: store.state.set(key, value),
            lambda store: store.state.set_many({key: value, key + "x": expected}),
            lambda store: store.state.compare_and_set(key, expected, value),
            lambda store: store.state.compare_and_set(key, store.state.get(key), value),
            lambda store: store.state.delete(key),
            lambda store: store.market.record_request(
                symbol, "1h", provider_used="p", start_ts=time, end_ts=time, requested_at=time,
                coverage_ratio=number, notes=key,
            ),
        ])  # fmt: skip

    def look(self) -> Call:
        symbol, key, (start, end) = self.one_of(SYMBOLS), self.one_of(STATE_KEYS), self.bounds()
        several = [self.one_of(SYMBOLS) for _ in range(2)]
        asked = {"features": self.one_of([None, True, "json", ["a@1", "never@1"]])}
        many, hour = self.one_of([0, 1, 2, 100]), pd.Timedelta(hours=1)
        last = START + 9 * hour
        return self.one_of([
            lambda store: store.market.read(symbol, "1h", start, end, limit=many, **asked),
            lambda store: store.market.read(several, "1h", start, end, **asked),
            lambda store: store.market.latest(several, "1h", many, **asked),
            lambda store: store.market.latest_bar(symbol, "1h"),
            lambda store: list(store.market.iter(several, "1h", chunk=many or 3, **asked)),
            lambda store: store.market.read_features(symbol, "1h", start, end),
            lambda store: store.market.feature_keys(symbol, "1h", start, end),
            lambda store: store.market.count(symbol, "1h", start, end),
            lambda store: store.market.missing(symbol, "1h", START, last, expected=hour),
            lambda store: store.market.requests(symbol, start=start, end=end, limit=many),
            lambda store: store.market.hash(symbol, "1h"),
            lambda store: store.state.get(key, "none"),
            lambda store: store.state.items(key),
            contents,
        ])  # fmt: skip

    def transaction(self) -> Call:
        first, second = ([self.call() for _ in range(2)] for _ in range(2))
        inner_stops, stops = self.flip(0.4), self.flip(0.3)

        def run(store: DataStore) -> list[Any]:
            seen: list[Any] = []
            try:
                with store.transaction():
                    seen += [outcome(call, store) for call in first]
                    try:
                        with store.transaction():
                            seen += [outcome(call, store) for call in second]
                            if inner_stops:
                                raise StoppedError
                    except StoppedError:
                        seen.append(contents(store))
                    if stops:
                        raise StoppedError
            except StoppedError:
                seen.append("stopped")
            return seen

        return run

    def call(self) -> Call:
        kinds = [self.write, self.write_bar, self.write_features, self.change, self.look]
        return self.one_of(kinds)()


def contents(store: DataStore) -> list[Any]:
    """Everything that a store tells, but for the times at which state was written."""
    listed = store.market.series()
    bars = [store.market.read(symbol, "1h", features="json") for symbol in listed["symbol"]]
    return [listed, *bars, store.market.requests(), store.state.items(), store.check()]


def plain(value: Any) -> Any:
    """What can be compared: of frames dtypes and values. A file keeps no -0.0."""
    if isinstance(value, pd.DataFrame):
        types = [str(kind) for kind in value.dtypes]
        columns = [plain(value.iloc[:, place].tolist()) for place in range(value.shape[1])]
        return [types, plain(value.index.tolist()), plain(value.columns.tolist()), columns]
    if isinstance(value, dict):
        return [[plain(key), plain(one)] for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(plain, value)]
    if isinstance(value, float):
        return repr(value + 0.0)
    return repr(value)


def outcome(call: Call, store: DataStore) -> Any:
    try:
        return plain(call(store))
    except DataStoreError as error:
        # A call with two faults is refused for one of them; a file finds a missing bar first.
        name = type(error).__name__
        twofold = ("MissingBarError", "FeatureValidationError")
        return "a fault of features" if name in twofold else [name, str(error)]


@pytest.mark.parametrize("run", range(3))
def test_a_file_and_a_server_answer_alike(dice: Random, tmp_path: Path, run: int) -> None:
    chance = Dice(dice)
    with (
        tables.new_schema() as url,
        DataStore(url, durability="normal") as server,
        DataStore(tmp_path / "market.db", durability="normal") as file,
    ):
        for number in range(50):
            call = chance.transaction() if chance.flip(0.1) else chance.call()
            assert outcome(call, server) == outcome(call, file), f"call {number}"
        assert plain(contents(server)) == plain(contents(file))
