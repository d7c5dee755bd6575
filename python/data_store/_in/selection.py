# SPDX-License-Identifier: MIT
"""What a read asks for: symbols, columns, features, how many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ctypes import byref
from functools import lru_cache
from typing import Any

from .._c import abi as _abi
from .._c.signals import pass_on
from .._c.text import TextArray, encode, encode_name
from ..errors import InvalidInputError, InvalidTypeError
from .cells import count_of, shown
from .kinds import is_bool

__all__ = ["Selection", "features_selection", "limit_of", "selection_of", "symbols_of"]


def symbols_of(symbol: object) -> TextArray:
    """Give one symbol, or several, each once, as the library takes them."""
    if isinstance(symbol, str):
        return TextArray([encode_name(symbol, "symbol")])
    names: Sequence[Any]
    if type(symbol) is list:
        names = tuple(symbol)  # of our own: another thread may change the caller's
    else:
        names = _listed(symbol, "symbol", "a str or a list of str")
    if len(names) > _MOST_KEPT or {*map(type, names)} != {str}:
        return TextArray.of_names(names, "symbol")
    return _plain_symbols(tuple(names))


_MOST_KEPT = 2000


@lru_cache(maxsize=16)
def _plain_symbols(names: tuple[str, ...]) -> TextArray:
    """Kept: a list of symbols is asked for again and again. The library only looks at it."""
    each = tuple(dict.fromkeys(names))
    symbols = TextArray.of_distinct(each, "symbol")
    symbols.names = each
    return symbols


class Selection:
    """Options of a read, and the shape of the frame that comes of them.

    Passed to a library function, it stands for its `ds_read_options`.

    Parameters
    ----------
    columns : list of str, optional
        Names of columns; None: all nine.
    features : {None, False, True, "json"} or list of str, optional
        None: none; True: the values of all that are found; a list: of those keys; "json": the
        stored text.
    limit : int, optional
        The first so many rows of the result; None: all.
    by_symbol : bool, optional
        Whether the frame is indexed by symbol, too.
    members : bool, optional
        Ask for value and quality of each feature, instead of the values alone.
    """

    __slots__ = ("_as_parameter_", "_keys", "_struct", "by_symbol", "columns", "features", "keys")

    def __init__(
        self,
        columns: object = None,
        features: object = None,
        limit: object = None,
        *,
        by_symbol: bool = False,
        members: bool = False,
    ) -> None:
        self.by_symbol = by_symbol
        self.columns = _column_names(columns)
        self.features, self.keys = _feature_choice(features, members)
        self._keys = TextArray([key.encode() for key in self.keys or ()])
        self._struct = _abi.ds_read_options(
            columns=sum(_abi.COLUMN_BITS[name] for name in self.columns),
            features=self.features,
            feature_keys=None if self.keys is None else self._keys.address,
            feature_key_count=self._keys.count,
            limit=limit_of(limit),
        )
        self._as_parameter_ = byref(self._struct)


def selection_of(
    symbol: object, columns: object, features: object, limit: object = None
) -> Selection:
    """Give what a read of one symbol, or of a list, asks for."""
    by_symbol = not isinstance(symbol, str)
    if columns is None and features is None and limit is None:
        return _ALL_COLUMNS[by_symbol]
    return Selection(columns, features, limit, by_symbol=by_symbol)


def features_selection(symbol: object, keys: object) -> Selection:
    """Give what a read of features with their quality asks for: of `keys`, or None for all."""
    choice = True if keys is None else _key_list(keys, "keys")
    return Selection((), choice, by_symbol=not isinstance(symbol, str), members=True)


def limit_of(limit: object) -> int:
    """Give a limit as the library takes it: -1 for all."""
    if limit is None:
        return -1
    count = count_of(limit, "limit")
    if count < 0:
        raise InvalidInputError(f"limit must not be negative: {count}; None reads all")
    return count


def _column_names(columns: object) -> list[str]:
    if columns is None:
        return list(_abi.COLUMN_BITS)
    asked = _listed(columns, "columns", "a list of column names")
    for name in asked:
        if not isinstance(name, str) or name not in _abi.COLUMN_BITS:
            raise InvalidInputError(
                f"unknown column {shown(name)}; there are {', '.join(_abi.COLUMN_BITS)}; feature "
                "values and their text come with features="
            )
    return [name for name in _abi.COLUMN_BITS if name in asked]


def _feature_choice(features: object, members: bool) -> tuple[int, list[str] | None]:
    """Give the library's word for what was asked for, and the keys, None standing for all."""
    found = _abi.FEATURES_COLUMNS if members else _abi.FEATURES_VALUES
    if is_bool(features):
        return (found if features else _abi.FEATURES_NONE), None
    if features is None:
        return _abi.FEATURES_NONE, None
    if isinstance(features, str):
        features = str.__str__(features)
        if features == "json":
            return _abi.FEATURES_JSON, None
        raise InvalidInputError(
            f"features must be True, 'json' or a list of keys, not {features!r}; use [{features!r}]"
        )
    return found, _key_list(features, "features")


def _key_list(keys: object, what: str) -> list[str]:
    """Give feature keys, each once, as the argument `what` lists them."""
    asked = [encode(key, what) for key in _listed(keys, what, "a list of keys")]
    return [key.decode() for key in dict.fromkeys(asked)]


def _listed(names: object, what: str, wanted: str) -> list[Any]:
    """Give a list of names; text is none, and whatever else cannot be gone through."""
    cause = None
    if isinstance(names, Iterable) and not isinstance(names, (str, bytes, bytearray, memoryview)):
        try:
            return list(names)
        except Exception as error:  # an array of no dimension, or the caller's own object
            pass_on(error)
            cause = error
    hint = f"; use [{names!r}]" if isinstance(names, str) else ""
    raise InvalidTypeError(f"{what} must be {wanted}, not {type(names).__name__}{hint}") from cause


# What most reads ask for: the library only looks at it, and so may all threads.
_ALL_COLUMNS = {by_symbol: Selection(by_symbol=by_symbol) for by_symbol in (False, True)}
