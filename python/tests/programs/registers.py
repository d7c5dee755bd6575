# SPDX-License-Identifier: MIT
"""Registers in the store: each holds a version, which every write raises by one.

A version lies in several rows, columns, features or keys at once, so that a read that sees half of
a write sees two versions, or none (`TORN`). A register ``kind.name`` belongs to the thread `name`,
the only one that writes it; ``counter`` and ``sequence`` belong to everybody.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from data_store import DataStore

Versions = dict[str, list[int]]

TORN = -1
ROWS = 8
HOURS = pd.date_range("2026-03-01T15:00:00Z", periods=ROWS, freq="1h", unit="ns")
MINUTE = pd.Timedelta("1min")
KEYS = range(4)
FEATURE = "version@1"


def prepare(store: DataStore) -> None:
    """Stores the bars that all threads merge their features into."""
    store.market.write(pd.DataFrame({"close": 1.0}, index=HOURS), "merged", "1h")


def frames(version: int, rows: int = ROWS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bars and features that say `version` and nothing else."""
    index = HOURS[:rows]
    close = pd.DataFrame({"close": float(version), "volume": float(version)}, index=index)
    return close, pd.DataFrame({FEATURE: version}, index=index)


def entry(version: int) -> dict[str, object]:
    return {FEATURE: {"value": version, "quality": "ready"}}


# MARK: Writing


def write_bars(store: DataStore, name: str, version: int) -> None:
    """The same bars again and again, features with them."""
    close, features = frames(version)
    store.market.write(close, f"bars.{name}", "1h", features=features)


def write_live(store: DataStore, name: str, version: int) -> None:
    """One more bar each time."""
    stamp = HOURS[0] + version * MINUTE
    store.market.write_bar(
        f"live.{name}", "1min", stamp, close=float(version), features=entry(version)
    )


def write_merged(store: DataStore, name: str, version: int) -> None:
    """A feature of the thread's own in bars that all others merge into, too."""
    features = pd.DataFrame({f"{name}@1": version}, index=HOURS)
    store.market.write_features(features, "merged", "1h")


def write_state(store: DataStore, name: str, version: int) -> None:
    store.state.set_many({f"state.{name}.{key}": [version] for key in KEYS})


def write_requests(store: DataStore, name: str, version: int) -> None:
    """One more request each time, at the moment that the store gives it."""
    store.market.record_request(
        f"requests.{name}", "1h", provider_used=name, start_ts=HOURS[0], end_ts=HOURS[-1],
        gap_count=version,
    )  # fmt: skip


OWN: dict[str, Callable[[DataStore, str, int], None]] = {
    "bars": write_bars,
    "live": write_live,
    "merged": write_merged,
    "state": write_state,
    "requests": write_requests,
}


def write_sequence(store: DataStore, version: int) -> None:
    """Both repos, and another number of bars each time; within the caller's transaction."""
    close, features = frames(version, sequence_rows(version))
    store.market.delete("sequence", "1h")
    store.market.write(close, "sequence", "1h", features=features)
    store.state.set("sequence", version)


def sequence_rows(version: int) -> int:
    return version % 5 + 1


# MARK: Reading


def distinct(values: Iterable[Any], is_whole: bool = True) -> list[int]:
    """The versions among `values`, and `TORN` where some of them are missing."""
    found = {TORN if value is None or math.isnan(value) else int(value) for value in values}
    if not is_whole:
        found.add(TORN)
    return sorted(found or {0})


def read_bars(store: DataStore, names: Sequence[str]) -> Versions:
    name = names[0]
    columns = ["close", "volume"]
    frame = store.market.read(f"bars.{name}", "1h", columns=columns, features=[FEATURE])
    return {f"bars.{name}": distinct(frame.to_numpy().ravel(), len(frame) in (0, ROWS))}


def read_live(store: DataStore, names: Sequence[str]) -> Versions:
    """By the latest bars: one that is missing moves the others."""
    frame = store.market.latest(
        f"live.{names[0]}", "1min", 5, columns=["close"], features=[FEATURE]
    )
    return {f"live.{names[0]}": live_versions(frame)}


def read_live_whole(store: DataStore, names: Sequence[str]) -> Versions:
    """By all bars, of which none may be missing."""
    frame = store.market.read(f"live.{names[0]}", "1min", columns=["close"], features=[FEATURE])
    versions = live_versions(frame)
    return {f"live.{names[0]}": versions if versions[-1] == len(frame) else [*versions, TORN]}


def read_latest_bar(store: DataStore, names: Sequence[str]) -> Versions:
    """The newest bar by itself: of a series that grows, and of one that is written over."""
    told: Versions = {f"live.{names[0]}": [0], f"bars.{names[0]}": [0]}
    live = store.market.latest_bar(f"live.{names[0]}", "1min")
    if live is not None:
        minutes = (pd.Timestamp(live.timestamp) - HOURS[0]) // MINUTE
        told[f"live.{names[0]}"] = distinct([minutes, live.close, live.features[FEATURE]["value"]])
    again = store.market.latest_bar(f"bars.{names[0]}", "1h")
    if again is not None:
        values = [again.close, again.volume, again.features[FEATURE]["value"]]
        told[f"bars.{names[0]}"] = distinct(values, again.timestamp == HOURS[-1])
    return told


def live_versions(frame: pd.DataFrame) -> list[int]:
    behind = range(len(frame) - 1, -1, -1)
    stamps = (frame.index - HOURS[0]) // MINUTE
    told = [*stamps, *frame["close"], *frame[FEATURE]]
    return distinct(value + step for value, step in zip(told, [*behind] * 3, strict=True))


def read_merged(store: DataStore, names: Sequence[str]) -> Versions:
    """Every thread's feature, in one read."""
    frame = store.market.read_features("merged", "1h", keys=[f"{name}@1" for name in names])
    found: Versions = {}
    for name in names:
        entries = frame[f"{name}@1"]
        is_absent = entries["quality"].isna().all()
        found[f"merged.{name}"] = distinct([] if is_absent else entries["value"])
    return found


def read_state(store: DataStore, names: Sequence[str]) -> Versions:
    values = store.state.items(prefix=f"state.{names[0]}.")
    is_whole = len(values) in (0, len(KEYS))
    return {f"state.{names[0]}": distinct((value[0] for value in values.values()), is_whole)}


def read_all_state(store: DataStore, names: Sequence[str]) -> Versions:
    """Every thread's keys, in one read."""
    values = store.state.items(prefix="state.")
    found: dict[str, list[int]] = {name: [] for name in names}
    for key, value in values.items():
        found[key.split(".")[1]].append(value[0])
    return {
        f"state.{name}": distinct(own, len(own) in (0, len(KEYS))) for name, own in found.items()
    }


def read_counter(store: DataStore, names: Sequence[str]) -> Versions:
    return {"counter": [store.state.get("counter", 0)]}


def read_sequence(store: DataStore, names: Sequence[str]) -> Versions:
    """Both tables in one statement, which sees one snapshot of the file."""
    frame = store.sql(
        "SELECT (SELECT value FROM system_state WHERE key = 'sequence') AS state,"
        " close, volume, features FROM market_data WHERE symbol = 'sequence'"
    )
    told = [*frame["close"], *frame["volume"]]
    told += [json.loads(text)[FEATURE]["value"] for text in frame["features"]]
    told += [json.loads(str(value)) for value in frame["state"]]
    versions = distinct(told)
    expected = sequence_rows(versions[0]) if versions[0] else 0
    return {"sequence": versions if len(frame) == expected else [*versions, TORN]}


def read_requests(store: DataStore, names: Sequence[str]) -> Versions:
    counts = store.market.requests(f"requests.{names[0]}")["gap_count"].tolist()
    is_whole = counts == list(range(1, len(counts) + 1))
    return {f"requests.{names[0]}": [len(counts)] if is_whole else [len(counts), TORN]}


QUICK_READS: list[Callable[[DataStore, Sequence[str]], Versions]] = [
    read_bars, read_live, read_latest_bar, read_merged, read_state, read_all_state, read_counter,
    read_sequence,
]  # fmt: skip
"""Those whose work does not grow with the history; each looks at `names[0]`, or at all of them."""


def any_read(store: DataStore, names: Sequence[str], dice: random.Random) -> Versions:
    """A quick read of a kind, and of a thread's register, that the dice choose."""
    return dice.choice(QUICK_READS)(store, dice.sample(names, len(names)))


THOROUGH_READS = [
    read_bars, read_live_whole, read_merged, read_state, read_counter, read_sequence, read_requests,
]  # fmt: skip
