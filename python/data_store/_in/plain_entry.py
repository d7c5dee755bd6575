# SPDX-License-Identifier: MIT
"""One bar's features from a dict of plain values, as columns of one row.

To write them as JSON takes Python longer than the library takes to store them. Producers give the
same keys again and again: what depends on them alone is made once and kept.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ctypes import addressof, byref, c_char, c_char_p, sizeof
from typing import TYPE_CHECKING, Any, Final

from .._c import abi as _abi
from .._c.library import untyped
from .._c.signals import pass_on
from .._c.text import text_problem
from .words import PlacedText, placed

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["write_entry"]

# What stands before the values: the time, the names, and the cells of a bar beside them.
_HEAD: Final = struct.Struct("qPPPPii6dB7x")
_TIMES, _NAMES, _TEXTS, _CODES, _NUMBERS, _FLAG = 0, 8, 24, 40, 48, 96
_POINTER: Final = sizeof(c_char_p)
_MOST_LAYOUTS: Final = 64
_MOST_FEATURES: Final = 1024

_features: Final = untyped("ds_market_write_features")
_bars: Final = untyped("ds_market_write")

_, _NO_TEXT_AT = placed(b"")  # a code of -1 says that it is none

Cells: TypeAlias = Sequence[Any]
"""The cells of a bar, all carried, as `_bar.packable` gives them: in the order of `CELL_NAMES`."""


# The library's words, of which each feature has one.
_WORDS: Final = ("ready", "warmup", "degraded", "missing")
_code_of: Final = {word: code for code, word in enumerate(_WORDS)}
_dictionary: Final = (c_char_p * len(_WORDS))(*(word.encode() for word in _WORDS))


class _Room:
    """Memory for one call: a batch of one row, and what it points to."""

    __slots__ = ("_owned", "bar", "features", "memory")

    def __init__(self, keys: list[bytes], are_integers: list[bool]) -> None:
        count = len(keys)
        self.memory = bytearray(_HEAD.size + 12 * count)
        start = addressof(c_char.from_buffer(self.memory))
        columns = (_abi.ds_feature_column * count)()
        values, codes = start + _HEAD.size, start + _HEAD.size + 8 * count
        for place, (key, is_integer) in enumerate(zip(keys, are_integers)):
            column = columns[place]
            column.key = key
            setattr(column, "integers" if is_integer else "values", values + 8 * place)
            words = _abi.ds_text_column(codes + 4 * place, addressof(_dictionary), len(_WORDS))
            column.quality = words
        named = {
            "count": 1,
            "timestamps": start + _TIMES,
            "symbol": _abi.ds_text_column(None, start + _NAMES, 1),
            "timeframe": _abi.ds_text_column(None, start + _NAMES + _POINTER, 1),
            "features": addressof(columns),
            "feature_count": count,
        }
        numbers = ("open", "high", "low", "close", "volume", "latency_sec")
        cells: dict[str, Any] = {
            name: start + _NUMBERS + 8 * place for place, name in enumerate(numbers)
        }
        for place, name in enumerate(("source", "quality")):
            code, text = start + _CODES + 4 * place, start + _TEXTS + _POINTER * place
            cells[name] = _abi.ds_text_column(code, text, 1)
        features = _abi.ds_bar_batch(**named)
        bar = _abi.ds_bar_batch(**named, **cells, is_gap=start + _FLAG)
        self.features = byref(features)
        self.bar = byref(bar)
        self._owned = columns, features, bar


class _Layout:
    """What entries with the same keys, and integers in the same places, have in common."""

    __slots__ = ("_are_integers", "_keys", "pack", "rooms")

    def __init__(self, keys: list[bytes], are_integers: list[bool]) -> None:
        self._keys = keys
        self._are_integers = are_integers
        codes = "".join("q" if is_integer else "d" for is_integer in are_integers)
        self.pack = struct.Struct(f"{_HEAD.format}{codes}{len(keys)}i").pack_into
        self.rooms: list[_Room] = []

    def new_room(self) -> _Room:
        return _Room(self._keys, self._are_integers)


_layouts: Final[dict[Any, _Layout]] = {}
# A layout takes longer than to write JSON: it is made for what comes a second time.
_seen: Final[set[Any]] = set()
_MOST_SEEN: Final = 256
_NULL: Final = type(None)
_NAN: Final = float("nan")


def _new_layout(name: tuple[Any, Any]) -> _Layout | None:
    if name not in _seen:
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen.add(name)
        return None
    keys, kinds = name
    if not 0 < len(keys) <= _MOST_FEATURES or {*map(type, keys)} != {str}:
        return None
    if any(text_problem(key) for key in keys):
        return None
    are_integers = [kind is int for kind in kinds or keys]
    layout = _Layout([key.encode() for key in keys], are_integers)
    if len(_layouts) >= _MOST_LAYOUTS:
        _layouts.clear()
    _layouts[name] = layout
    return layout


def _taken(entry: dict[Any, Any]) -> tuple[_Layout, list[Any], list[int]] | None:
    """Give the layout, the values and the codes of their qualities; None if it is not plain."""
    members = entry.values()
    if {*map(type, members)} != {dict} or {*map(len, members)} != {2}:
        return None
    try:
        values = [member["value"] for member in members]
        codes = [_code_of[member["quality"]] for member in members]
        kinds = {*map(type, values)}
        of_integers = None
        if kinds != _FLOATS:
            if not all(kind in _PLAIN or issubclass(kind, float) for kind in kinds):
                return None
            if _NULL in kinds:
                values = [_NAN if value is None else value for value in values]
            if int in kinds:
                of_integers = tuple([int if type(value) is int else float for value in values])
        name = tuple(entry), of_integers
        layout = _layouts.get(name) or _new_layout(name)
    except Exception as error:  # other members, another word, a key that is not text
        pass_on(error)
        return None
    return None if layout is None else (layout, values, codes)


_FLOATS: Final = {float}
_PLAIN: Final = {int, _NULL}


def write_entry(
    store: object,
    entry: dict[Any, Any],
    ns: int,
    symbol: PlacedText,
    timeframe: PlacedText,
    replaces: int,
    cells: Cells | None = None,
) -> int | None:
    """Write one bar's features, and with `cells` the bar.

    Returns
    -------
    int or None
        The library's status. None if `entry` is not plain: then nothing was done.
    """
    taken = _taken(entry)
    if taken is None:
        return None
    layout, values, codes = taken
    try:
        room = layout.rooms.pop()
    except IndexError:
        room = layout.new_room()
    try:
        if cells is None:
            layout.pack(
                room.memory, 0, ns, symbol[1], timeframe[1], 0, 0, 0, 0,
                0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, *values, *codes,
            )  # fmt: skip
        else:
            flag, *numbers, source, quality = cells
            layout.pack(
                room.memory, 0, ns, symbol[1], timeframe[1], source[1] or _NO_TEXT_AT,
                quality[1] or _NO_TEXT_AT, -(not source[1]), -(not quality[1]), *numbers, flag,
                *values, *codes,
            )  # fmt: skip
    except struct.error:  # an integer beyond int64
        return None
    function, batch = (_features, room.features) if cells is None else (_bars, room.bar)
    status: int = function(store, batch, replaces, None)
    layout.rooms.append(room)
    return status
