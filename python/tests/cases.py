# SPDX-License-Identifier: MIT
"""Runs the cases that Swift, C and Python agree on: see Tests/Cases/README.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import database
import numpy as np
import pandas as pd
import places

import data_store
from data_store import DataStore

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Cases"

ERRORS: dict[str, type[data_store.DataStoreError]] = {
    "DS_INVALID": data_store.InvalidInputError,
    "DS_INVALID_FEATURE": data_store.FeatureValidationError,
    "DS_MISSING_BAR": data_store.MissingBarError,
    "DS_CORRUPT": data_store.CorruptError,
}
NUMBERS = ("open", "high", "low", "close", "volume", "latency_sec")
WORDS = {"inf": np.inf, "-inf": -np.inf, "-0": -0.0}
NOTHING = object()


class CaseError(Exception):
    """The case itself is wrong, or the store did something else than it expects."""


@dataclass(frozen=True)
class Case:
    """One run of a case: against a fresh store, with one row of its table where it has one."""

    name: str
    steps: list[dict[str, Any]]
    files_only: str | None = None
    """Why a store on a server does not run it."""


def files(folder: Path = FOLDER) -> list[Path]:
    """The files of cases, sorted by name."""
    return sorted(folder.glob("*.json"))


def load(file: Path) -> Iterator[Case]:
    """The cases of a file, one for each row of a case's table."""
    for case in json.loads(file.read_text(encoding="utf-8")):
        if extra := set(case) - {"name", "each", "steps", "files_only"}:
            raise CaseError(f"{case['name']}: unknown members {sorted(extra)}")
        table = case.get("each", [[]])
        for place, row in enumerate(table):
            number = f"[{place}]" if "each" in case else ""
            name = f"{file.stem}: {case['name']}{number}"
            yield Case(name, filled(case["steps"], row), case.get("files_only"))


def filled(node: Any, row: list[Any]) -> Any:
    """`node` with the row's values in place of "$0" to "$9", and repeated text spelt out."""
    if isinstance(node, str) and len(node) == 2 and node[0] == "$" and node[1].isdigit():
        return filled(row[int(node[1])], row)
    if isinstance(node, list):
        return [filled(part, row) for part in node]
    if isinstance(node, dict):
        if set(node) == {"$repeat"}:
            text, count = node["$repeat"]
            return text * count
        return {name: filled(part, row) for name, part in node.items()}
    return node


def run(case: Case, store: DataStore) -> None:
    """Take the steps in turn; CaseError where one does not do as it should."""
    if not case.steps:
        raise CaseError("no steps")
    for number, step in enumerate(case.steps, 1):
        try:
            take(step, store)
        except CaseError as error:
            raise CaseError(f"{case.name}, step {number} ({step.get('call')}): {error}") from error


def take(step: dict[str, Any], store: DataStore) -> None:
    step = dict(step)
    if step.pop("files_only", None) and places.is_server(store.path):
        return
    name, given = step.pop("call"), Arguments(step.pop("with", {}))
    if name not in CALLS:
        raise CaseError("unknown call")
    expected = step.pop("gives", NOTHING)
    status = step.pop("fails", None)
    words = {word: step.pop(word) for word in ("message", "key", "row") if word in step}
    if step or (status is None and words) or (status and expected is not NOTHING):
        raise CaseError(f"members that say nothing: {sorted([*step, *words])}")
    if status is not None and status not in ERRORS:
        raise CaseError(f"unknown status {status}")
    try:
        found = CALLS[name](store, given)
    except data_store.DataStoreError as error:
        if type(error) is not ERRORS.get(status):
            raise CaseError(f"{type(error).__name__}: {error}") from error
        given.check()
        check_words(error, words)
        return
    given.check()
    if status is not None:
        raise CaseError(f"is not refused, but gives {found!r}")
    if expected is not NOTHING:
        compare(expected, found, "result")


def check_words(error: data_store.DataStoreError, words: dict[str, Any]) -> None:
    """Row and key are attributes of a feature's error alone; a message names the key of any."""
    if words.get("message", "") not in str(error):
        raise CaseError(f"the message does not hold {words['message']!r}: {error}")
    if isinstance(error, data_store.FeatureValidationError):
        for word in ("key", "row"):
            if word in words and getattr(error, word) != words[word]:
                raise CaseError(f"{word} is {getattr(error, word)!r}, not {words[word]!r}")
    elif str(words.get("key", "")) not in str(error):
        raise CaseError(f"the message does not name {words['key']!r}: {error}")


def compare(expected: Any, found: Any, place: str) -> None:
    """Lists of equal length; of an object the members that are expected; numbers to the bit."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, part in expected.items():
            if name not in found:
                raise CaseError(f"{place} has no {name}")
            compare(part, found[name], f"{place}.{name}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            raise CaseError(f"{place} has {len(found)} elements, not {len(expected)}: {found}")
        for index, part in enumerate(expected):
            compare(part, found[index], f"{place}[{index}]")
    elif not is_same(expected, found):
        raise CaseError(f"{place} is {found!r}, not {expected!r}")


def is_same(expected: Any, found: Any) -> bool:
    if isinstance(found, pd.Timestamp):
        return expected is not None and instant(expected) == found
    if isinstance(found, Json):
        return isinstance(expected, str) and dumped(json.loads(expected)) == dumped(found.value)
    if isinstance(found, float):
        if isinstance(expected, bool) or not isinstance(number(expected), int | float):
            return False
        return np.float64(number(expected)).tobytes() == np.float64(found).tobytes()
    return type(expected) is type(found) and bool(expected == found)


# ---- Arguments ------------------------------------------------------------------------------


class Arguments:
    """A call's arguments; each must be asked for, or it was misspelt."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.left = set(given)

    def get(self, name: str, default: Any = None) -> Any:
        self.left.discard(name)
        return self.given.get(name, default)

    def check(self) -> None:
        if self.left:
            raise CaseError(f"unknown arguments {sorted(self.left)}")

    def series(self) -> tuple[Any, str]:
        return self.get("symbol", "EURUSD"), self.get("timeframe", "1h")

    def range(self) -> dict[str, Any]:
        """A number is an instant, a text a bound as `read` takes it."""
        bounds = {name: self.get(name) for name in ("start", "end")}
        return {
            name: bound if isinstance(bound, str | None) else instant(bound)
            for name, bound in bounds.items()
        }

    def some(self, *names: str) -> dict[str, Any]:
        return {name: self.get(name) for name in names if name in self.given}


@dataclass(frozen=True)
class Json:
    """A state value: Python gives it as objects, the cases have it as text."""

    value: Any


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def instant(value: Any) -> Any:
    """A time of a case: nanoseconds, ISO text with an offset, or null."""
    if value is None:
        return pd.NaT
    return pd.Timestamp(value) if isinstance(value, str) else pd.Timestamp(value, tz="UTC")


def number(value: Any) -> Any:
    return WORDS.get(value, value) if isinstance(value, str) else value


def frame(rows: Arguments) -> tuple[pd.DataFrame, Any]:
    """The bars and the features of a batch."""
    index = pd.DatetimeIndex([instant(time) for time in rows.get("timestamp")], tz="UTC").as_unit(
        "ns"
    )
    columns: dict[str, Any] = {}
    for name, values in rows.some(*NUMBERS).items():
        columns[name] = np.array([number(value) for value in values], dtype="float64")
    for name, values in rows.some("source", "quality", "is_gap").items():
        columns[name] = pd.Series(values, dtype="object").to_numpy()
    features, texts = rows.get("features"), rows.get("features_json")
    rows.check()
    if features is not None:
        texts = features_frame(features, index)
    return pd.DataFrame(columns, index=index), texts


def features_frame(features: list[list[Any]], index: pd.DatetimeIndex) -> pd.DataFrame:
    parts: dict[Any, Any] = {}
    for key, values, *qualities in features:
        numbers = np.array([number(value) for value in values], dtype="float64")
        if qualities:
            parts[key, "value"], parts[key, "quality"] = numbers, qualities[0]
        else:
            parts[key] = numbers
    if len({isinstance(name, tuple) for name in parts}) > 1:
        raise CaseError("all features of a batch have qualities, or none has")
    made = pd.DataFrame(parts, index=index)
    if parts and isinstance(next(iter(parts)), tuple):
        made.columns = pd.MultiIndex.from_tuples(list(parts))
    return made


# ---- Results --------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """What pandas gives as what a case has: None, bool, int, float, str, Timestamp."""
    if isinstance(value, pd.Timestamp):
        return value
    if value is None or pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def listed(column: Any, *, flags: bool = False) -> list[Any]:
    values = [plain(value) for value in column]
    return values if flags else [float(v) if type(v) is int else v for v in values]


def table(found: pd.DataFrame) -> dict[str, Any]:
    """A frame of bars as its columns."""
    result = {
        name: listed(found[name]) for name in found.columns if name not in ("is_gap", "features")
    }
    result["timestamp"] = list(found.index.get_level_values("timestamp"))
    if "symbol" in found.index.names:
        result["symbol"] = list(found.index.get_level_values("symbol"))
    if "is_gap" in found:
        result["is_gap"] = listed(found["is_gap"])
    if "features" in found:
        result["features_json"] = listed(found["features"])
    return result


def records(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): plain(row[name]) for name in found.columns}
        for _, row in found.astype("object").iterrows()
    ]


# ---- Calls ----------------------------------------------------------------------------------


def write(store: DataStore, given: Arguments) -> int:
    bars, features = frame(Arguments(given.get("rows")))
    return store.market.write(
        bars, *given.series(), features=features, replace=given.get("replace", False)
    )


def write_features(store: DataStore, given: Arguments) -> int:
    bars, features = frame(Arguments(given.get("rows")))
    if isinstance(features, list):
        features = pd.Series(features, index=bars.index, dtype="object")
    return store.market.write_features(
        features, *given.series(), replace=given.get("replace", False)
    )


def write_bar(store: DataStore, given: Arguments) -> None:
    bar = Arguments(given.get("bar"))
    fields = bar.some(*NUMBERS, "source", "quality", "is_gap", "features")
    fields |= {name: number(value) for name, value in fields.items() if name in NUMBERS}
    time = instant(bar.get("timestamp"))
    bar.check()
    store.market.write_bar(*given.series(), time, **fields, replace=given.get("replace", False))


def read(store: DataStore, given: Arguments) -> dict[str, Any]:
    options = given.some("columns", "features", "limit")
    return table(store.market.read(*given.series(), **given.range(), **options))


def read_features(store: DataStore, given: Arguments) -> dict[str, Any]:
    found = store.market.read_features(*given.series(), **given.range(), keys=given.get("keys"))
    keys = list(dict.fromkeys(found.columns.get_level_values(0)))
    features = [[key, listed(found[key, "value"]), listed(found[key, "quality"])] for key in keys]
    return {"timestamp": list(found.index), "features": features}


def latest(store: DataStore, given: Arguments) -> dict[str, Any]:
    options = given.some("columns", "features")
    return table(store.market.latest(*given.series(), given.get("n"), **options))


def latest_bar(store: DataStore, given: Arguments) -> dict[str, Any] | None:
    bar = store.market.latest_bar(*given.series())
    if bar is None:
        return None
    fields = bar._asdict()
    fields["timestamp"] = pd.Timestamp(bar.timestamp)
    fields["features"] = Json(bar.features) if bar.features else None
    return fields


def scan(store: DataStore, given: Arguments) -> list[dict[str, Any]]:
    chunks = store.market.iter(*given.series(), **given.range(), **given.some("columns", "chunk"))
    return [table(chunk) for chunk in chunks]


def missing(store: DataStore, given: Arguments) -> list[dict[str, Any]]:
    step, times = given.get("step"), given.get("times")
    expected = pd.Timedelta(step) if times is None else [instant(time) for time in times]
    return records(store.market.missing(*given.series(), **given.range(), expected=expected))


def series(store: DataStore, given: Arguments) -> list[dict[str, Any]]:
    return records(store.market.series(counts=given.get("counts", True)))


def delete(store: DataStore, given: Arguments) -> int:
    return store.market.delete(*given.series(), **given.range())


def record_request(store: DataStore, given: Arguments) -> None:
    fields = given.some("fallback_used", "coverage_ratio", "gap_count", "quality", "notes")
    times = {
        name: instant(time)
        for name, time in given.some("start_ts", "end_ts", "requested_at").items()
    }
    store.market.record_request(
        *given.series(), provider_used=given.get("provider_used"), **times, **fields
    )


def requests(store: DataStore, given: Arguments) -> list[Any]:
    filters = given.some("symbol", "timeframe", "limit")
    found = records(store.market.requests(**filters, **given.range()))
    return [one["provider_used"] for one in found] if given.get("providers") else found


def time_of_text(store: DataStore, given: Arguments) -> pd.Timestamp:
    """By way of a request, whose times may be text."""
    text = given.get("text")
    store.market.record_request(
        "time", "text", provider_used="-", start_ts=text, end_ts=text, requested_at=text
    )
    return store.market.requests("time", "text")["start_ts"].iloc[-1]


def sql(store: DataStore, given: Arguments) -> list[list[Any]]:
    found = store.sql(given.get("query")).astype("object")
    return [[plain(value) for value in row] for row in found.itertuples(index=False)]


def other_tool(store: DataStore, given: Arguments) -> None:
    statement, value = given.get("sql"), given.get("value")
    database.query(store.path, statement, *([] if value is None else [value]))


def state_get(store: DataStore, given: Arguments) -> Json | None:
    found = store.state.get(given.get("key"), NOTHING)
    return None if found is NOTHING else Json(found)


def state_set_many(store: DataStore, given: Arguments) -> None:
    store.state.set_many({key: json.loads(value) for key, value in given.get("entries")})


def state_items(store: DataStore, given: Arguments) -> list[list[Any]]:
    return [[key, Json(value)] for key, value in store.state.items(**given.some("prefix")).items()]


def state_compare_and_set(store: DataStore, given: Arguments) -> bool:
    expected, value = (json.loads(given.get(name)) for name in ("expected", "value"))
    return store.state.compare_and_set(given.get("key"), expected, value)


CALLS: dict[str, Callable[[DataStore, Arguments], Any]] = {
    "write": write,
    "write_features": write_features,
    "write_bar": write_bar,
    "read": read,
    "read_features": read_features,
    "latest": latest,
    "latest_bar": latest_bar,
    "scan": scan,
    "exists": lambda store, given: store.market.exists(*given.series()),
    "count": lambda store, given: store.market.count(*given.series(), **given.range()),
    "feature_keys": lambda store, given: store.market.feature_keys(
        *given.series(), **given.range()
    ),
    "missing": missing,
    "series": series,
    "delete": delete,
    "record_request": record_request,
    "requests": requests,
    "time_of_text": time_of_text,
    "sql": sql,
    "check": lambda store, given: len(store.check()),
    "other_tool": other_tool,
    "state_set": lambda store, given: store.state.set(
        given.get("key"), json.loads(given.get("value"))
    ),
    "state_get": state_get,
    "state_set_many": state_set_many,
    "state_delete": lambda store, given: store.state.delete(given.get("key")),
    "state_keys": lambda store, given: store.state.keys(**given.some("prefix")),
    "state_items": state_items,
    "state_compare_and_set": state_compare_and_set,
}
