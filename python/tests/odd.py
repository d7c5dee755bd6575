# SPDX-License-Identifier: MIT
"""Values that no caller means to pass, and that some callers pass anyway."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np
import pandas as pd


def _fail(*_: object) -> NoReturn:
    raise ZeroDivisionError("the caller's own object")


class Hostile:
    """Every question to it fails."""

    __eq__ = __ne__ = __hash__ = __bool__ = __len__ = __iter__ = _fail
    __str__ = __repr__ = __index__ = __int__ = __float__ = __fspath__ = __getitem__ = _fail


class HostileMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        _fail()

    def __iter__(self) -> Iterator[str]:
        _fail()

    def __len__(self) -> int:
        return 1


class HostileSequence(Sequence[Any]):
    def __getitem__(self, place: Any) -> Any:
        _fail()

    def __len__(self) -> int:
        return 1


class HostileZone(dt.tzinfo):
    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        _fail()

    def tzname(self, _: dt.datetime | None) -> str:
        _fail()


class UnhashableText(str):
    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        _fail()


class HostileFloat(float):
    __float__ = __eq__ = __ne__ = __repr__ = __bool__ = _fail
    __hash__ = float.__hash__


class HostileInt(int):
    __int__ = __index__ = __float__ = __eq__ = __repr__ = __bool__ = _fail
    __hash__ = int.__hash__


class Word(enum.StrEnum):
    READY = "ready"


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


def _deep(depth: int, kind: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = kind(value)
    return value


def _released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


# Each is made again: some can be iterated over only once.
ODD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "numpy True": lambda: np.True_,
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "five": lambda: 5,
    "huge int": lambda: 2**70,
    "very huge int": lambda: 10**5000,
    "half": lambda: 1.5,
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "numpy NaN": lambda: np.float32("nan"),
    "numpy int": lambda: np.int64(3),
    "numpy uint": lambda: np.uint64(2**64 - 1),
    "long double": lambda: np.longdouble(1) / 3,
    "complex": lambda: 1j,
    "Decimal": lambda: Decimal("1.5"),
    "Decimal sNaN": lambda: Decimal("sNaN"),
    "Fraction": lambda: Fraction(1, 3),
    "text": lambda: "text",
    "empty text": lambda: "",
    "numeric text": lambda: "1700000000000",
    "NUL": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "numpy text": lambda: np.str_("word"),
    "StrEnum": lambda: Word.READY,
    "unhashable text": lambda: UnhashableText("text"),
    "bytes": lambda: b"text",
    "bytearray": lambda: bytearray(b"text"),
    "memoryview": lambda: memoryview(b"text"),
    "released memoryview": _released,
    "NA": lambda: pd.NA,
    "NaT": lambda: pd.NaT,
    "naive Timestamp": lambda: pd.Timestamp("2026-03-01"),
    "aware Timestamp": lambda: pd.Timestamp("2026-03-01", tz="UTC"),
    "naive datetime": lambda: dt.datetime(2026, 3, 1),
    "hostile zone": lambda: dt.datetime(2026, 3, 1, tzinfo=HostileZone()),
    "date": lambda: dt.date(2026, 3, 1),
    "time": lambda: dt.time(1, 2),
    "timedelta": lambda: dt.timedelta(1),
    "Timedelta": lambda: pd.Timedelta("1h"),
    "datetime64": lambda: np.datetime64("2026-03-01"),
    "Period": lambda: pd.Period("2026-03"),
    "empty list": list,
    "list": lambda: ["a"],
    "list of lists": lambda: [["a"]],
    "list of None": lambda: [None],
    "list of NA": lambda: [pd.NA, float("nan")],
    "list of hostile": lambda: [Hostile()],
    "tuple": lambda: ("a", 1),
    "dict": lambda: {"a": 1},
    "empty dict": dict,
    "dict of lists": lambda: {"a": [1]},
    "dict of odd keys": lambda: {1: 2, None: 3, pd.NA: 4},
    "dict of arrays": lambda: {"a": np.array([1.0, 2.0])},
    "set": lambda: {"a"},
    "range": lambda: range(3),
    "generator": lambda: (item for item in ("a", "b")),
    "failing generator": lambda: (_fail() for _ in range(1)),
    "array of no dimension": lambda: np.array(5),
    "array": lambda: np.array(["a", "b"]),
    "array of numbers": lambda: np.array([1.0, 2.0]),
    "square array": lambda: np.array([[1.0]]),
    "object array": lambda: np.array([Hostile(), None], object),
    "Series": lambda: pd.Series(["a", "b"]),
    "Series of numbers": lambda: pd.Series([1.0]),
    "DataFrame": lambda: pd.DataFrame({"a": [1.0]}),
    "DataFrame of odd labels": lambda: pd.DataFrame([[1.0, 2.0]], columns=[pd.NA, 1]),
    "empty DataFrame": pd.DataFrame,
    "deep columns": lambda: pd.DataFrame([[1.0]], columns=pd.MultiIndex.from_tuples([(1, 2, 3)])),
    "Index": lambda: pd.Index(["a"]),
    "MultiIndex": lambda: pd.MultiIndex.from_tuples([("a", 1)]),
    "DatetimeIndex": lambda: pd.DatetimeIndex(["2026-03-01"]),
    "function": lambda: _fail,
    "class": lambda: Hostile,
    "module": lambda: np,
    "object": object,
    "circle": _circle,
    "deep list": lambda: _deep(10_000, lambda value: [value]),
    "deep dict": lambda: _deep(600, lambda value: {"a": value}),
    "hostile": Hostile,
    "hostile mapping": HostileMapping,
    "hostile sequence": HostileSequence,
    "hostile float": lambda: HostileFloat(1.5),
    "hostile int": lambda: HostileInt(1),
}
