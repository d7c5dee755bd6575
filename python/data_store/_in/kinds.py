# SPDX-License-Identifier: MIT
"""Which values are NumPy's, pandas' or decimals, told without loading any of them.

A caller that has such a value has loaded its package. So a type is known by the names of its bases,
and `import data_store` does not take the time of any.
"""

from __future__ import annotations

import datetime as dt

__all__ = ["is_bool", "is_duration", "is_integer_type", "is_missing_type", "is_of"]

_PACKAGES = frozenset({"decimal", "numpy", "pandas"})
_NO_VALUES = frozenset({"NAType", "NaTType"})


class _Bases(dict[type, frozenset[str]]):
    """Names of such classes among a type and its bases; looked at once."""

    __slots__ = ()

    def __missing__(self, kind: type) -> frozenset[str]:
        homes = ((base.__name__, base.__module__) for base in kind.__mro__)
        bases = frozenset(
            name.rstrip("_")  # NumPy 1 calls its boolean bool_
            for name, home in homes
            if isinstance(home, str) and home.partition(".")[0] in _PACKAGES
        )
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[kind] = bases
        return bases


_MOST_KEPT = 512
_bases = _Bases()


def is_of(value: object, name: str) -> bool:
    """Tell whether `value` is of NumPy's type `name`, or of one derived from it."""
    return name in _bases[type(value)]


def is_bool(value: object) -> bool:
    """Tell whether `value` is a boolean, of Python or NumPy."""
    return isinstance(value, bool) or "bool" in _bases[type(value)]


def is_integer_type(kind: type) -> bool:
    """Tell whether values of a type are integers, bool among them."""
    if issubclass(kind, int):
        return True
    # NumPy derives its durations from its integers.
    bases = _bases[kind]
    return "integer" in bases and "timedelta64" not in bases


def is_duration(value: object) -> bool:
    """Tell whether `value` is a duration, of Python, NumPy or pandas."""
    return isinstance(value, dt.timedelta) or "timedelta64" in _bases[type(value)]


def is_missing_type(kind: type) -> bool:
    """Tell whether a type is that of None, NA or NaT."""
    return kind is type(None) or not _NO_VALUES.isdisjoint(_bases[kind])
