# SPDX-License-Identifier: MIT
"""A single bar, on its way in and out without a DataFrame."""

# No annotations as texts here: NamedTuple compiles each of those, which takes a millisecond.

import datetime as dt
import sys
from collections.abc import Callable, Set
from ctypes import addressof, byref, c_int32
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Optional, TypedDict, Union

from ._c import abi as _abi
from ._c.first_use import at_first_use
from ._c.packing import layout_of
from ._c.text import decode_optional
from ._in.cells import Refusal, flag, number
from ._in.places import argument_error, place_of
from ._in.words import NO_TEXT, PlacedText, word, words
from ._json import from_json
from ._timestamps import storable_ns, to_datetime, when_timestamps_come
from .errors import InvalidInputError

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = [
    "CELL_NAMES",
    "FIRST_COLUMNS",
    "ROOM_BYTES",
    "SIZE",
    "UNSET",
    "Bar",
    "Unset",
    "bar_error",
    "bar_in_room",
    "bar_out",
    "give_room_back",
    "pack",
    "packable",
    "packed",
    "take_room",
]


class Unset:
    """The default of an argument that is not carried, so that None can be NULL."""

    def __repr__(self) -> str:
        return "..."


UNSET: Final = Unset()

# A live bar is packed, and read, in one step.
# Of the columns that nearly every bar has, and no others.
_FIRST: Final = layout_of(_abi.ds_first_bar)
pack: Final = _FIRST.pack
SIZE: Final = _FIRST.size
FIRST_COLUMNS: Final = sum(column.bit for column in _abi.BAR_COLUMNS[:9])
_LAYOUT: Final = layout_of(_abi.ds_bar)
_new_bar: Final = tuple.__new__


class Feature(TypedDict):
    """A feature of a bar: its value, None where it has none, and its quality."""

    value: Optional[float]
    quality: str


class Bar(NamedTuple):
    """One stored bar; a column that is NULL is None.

    Attributes
    ----------
    timestamp : datetime
        In UTC, cut to whole microseconds: a datetime has no nanoseconds. `latest` keeps them.
    open, high, low, close, volume : float or None
        The prices and the volume.
    source, quality : str or None
        Where the bar came from, and how good it is, in its producer's words.
    is_gap : bool
        Whether the bar fills a gap; NULL is False.
    latency_sec : float or None
        Seconds from the bar's end to its arrival.
    features : dict
        Key to `{"value": number or None, "quality": str}`; empty if there are none.
    """

    timestamp: dt.datetime
    open: Optional[float]
    high: Optional[float]
    low: Optional[float]
    close: Optional[float]
    volume: Optional[float]
    source: Optional[str]
    quality: Optional[str]
    is_gap: bool
    latency_sec: Optional[float]
    features: dict[str, Feature]

    def _repr_html_(self) -> str:
        with at_first_use.lock, at_first_use:
            from ._html import bar_html

        return bar_html(self)


def _text_cell(cell: object) -> PlacedText:
    return words[cell] if type(cell) is str else word(cell)


_plain_numbers: Final[set[type]] = {float}


def _learn_doubles(_: object = None) -> None:
    """Have NumPy's own doubles packed as they are, where it is loaded: it is not loaded for it."""
    double = getattr(sys.modules.get("numpy"), "float64", None)
    if double is not None:
        _plain_numbers.add(double)


_learn_doubles()
when_timestamps_come(_learn_doubles)

_Kind: "TypeAlias" = tuple[Set[type], Callable[[Any], Any], Any]
_NUMBER: Final[_Kind] = _plain_numbers, number, float("nan")
_FLAG: Final[_Kind] = frozenset({bool}), flag, 0
_TEXT: Final[_Kind] = frozenset(), _text_cell, NO_TEXT

# What becomes of a cell: its column, the types that are packed as they are, how others get there,
# and what is packed where it is not carried, and not looked at. In the order of `ds_bar`.
_KINDS: Final = {"number": _NUMBER, "flag": _FLAG, "text": _TEXT}
_COLUMNS: Final = {column.name: column for column in _abi.BAR_COLUMNS}
_CELLS: Final = {
    field[0]: (_COLUMNS[field[0]].bit, *_KINDS[_COLUMNS[field[0]].kind])
    for field in _abi.ds_bar._fields_
    if field[0] in _COLUMNS
}
CELL_NAMES: Final = tuple(_CELLS)
# Where the features stand among the cells of a packed bar, behind size, timestamp and columns.
_FEATURES: Final = [field[0] for field in _abi.ds_bar._fields_].index("features_json") - 3
_STEPS: Final = tuple(_CELLS.values())


def packable(*cells: Any) -> list[Any]:
    """Give the columns that a bar carries, and its cells as `pack` takes them.

    Parameters
    ----------
    *cells
        In the order of `CELL_NAMES`; `UNSET` is not carried.

    Returns
    -------
    list
        The columns as bits, then the cells; a text is a `PlacedText`.

    Raises
    ------
    Refusal
        `bar_error` finds out which cell it is.
    """
    columns = 0
    taken = [columns, *cells]
    for place, (column, plain, convert, unset) in enumerate(_STEPS, 1):
        cell = taken[place]
        if cell is UNSET:
            taken[place] = unset
            continue
        columns |= column
        if type(cell) not in plain:
            taken[place] = convert(cell)
    taken[0] = columns
    return taken


def packed(ns: int, columns: int, cells: list[Any], features: PlacedText = NO_TEXT) -> bytes:
    """Pack what `packable` gave. The texts must live as long as the bar is in use."""
    fields = [cell[1] if type(cell) is tuple else cell for cell in cells]
    fields.insert(_FEATURES, features[1])
    return _LAYOUT.pack(_LAYOUT.size, ns, columns, *fields)


def bar_error(
    symbol: object, timeframe: object, timestamp: object, *cells: Any
) -> InvalidInputError:
    """Give the error for a bar that was refused; it names what is wrong first.

    Must be called where an exception is handled: where none of these is to blame, it goes on.
    """
    name = "timestamp"
    try:
        storable_ns(timestamp)
        for name, cell in zip(CELL_NAMES, cells):
            if cell is not UNSET:
                _CELLS[name][2](cell)
    except Refusal as refusal:
        return argument_error(refusal, place_of(symbol, timeframe), name)
    raise


# ---- Out ------------------------------------------------------------------------------------

ROOM_BYTES: Final = 4096
# So much of the texts behind a bar tells them apart: nearly all end within.
_WINDOW: Final = 64
_NOTHING: Final = bytes(_WINDOW)
_TEXTS_AT: Final = _LAYOUT.size
_unpack: Final = Struct(f"8xq4xi6d{3 * 8 + _WINDOW}s").unpack_from
_unpack_texts: Final = Struct("PPP").unpack_from

Texts: "TypeAlias" = "tuple[str | None, str | None, bytes | None]"
"""Source, quality, features."""


class _RoomTexts(dict[bytes, Texts]):
    """The texts of the bars that were in one place, by the pointers to them and what stands there.

    Few bars have words of their own, and to look two of them up takes less time than one decoding.
    """

    __slots__ = ("_address", "_memory")

    def __init__(self, memory: bytearray, address: int) -> None:
        self._memory = memory
        self._address = address

    def __missing__(self, packed: bytes) -> Texts:
        texts: list[bytes | None] = []
        end = 0
        for pointer in _unpack_texts(packed):
            if not pointer:
                texts.append(None)
                continue
            start = pointer - self._address
            end = self._memory.index(0, start)
            texts.append(bytes(self._memory[start:end]))
        source, quality, features = texts
        found = decode_optional(source), decode_optional(quality), features
        if features is not None:
            # What is left of them would make the next bar's words look like others.
            self._memory[_TEXTS_AT : _TEXTS_AT + _WINDOW] = _NOTHING
        elif end < _TEXTS_AT + _WINDOW:
            if len(self) >= _MOST_TEXTS:
                self.clear()
            self[packed] = found
        return found


_MOST_TEXTS: Final = 1024

Room: "TypeAlias" = tuple[Any, Any, Any, bytearray, _RoomTexts]
"""Memory for a bar that is read, and for its size: both as they are passed, the size, the memory,
and the texts that were in it."""

_rooms: Final[list[Room]] = []
give_room_back: Final = _rooms.append


def take_room() -> Room:
    """Give a room that no other call has, neither of another thread nor of a signal handler."""
    try:
        return _rooms.pop()
    except IndexError:
        memory = bytearray(ROOM_BYTES)
        bar, size = _abi.ds_bar.from_buffer(memory), c_int32()
        return byref(bar), byref(size), size, memory, _RoomTexts(memory, addressof(bar))


def bar_in_room(
    memory: Union[bytes, bytearray], texts: dict[bytes, Texts], symbol: str, timeframe: str
) -> Bar:
    """Give the bar that the library has written to a room."""
    ns, is_gap, open, high, low, close, volume, latency_sec, packed = _unpack(memory)
    source, quality, features = texts[packed]
    # NaN, which does not equal itself, stands for NULL.
    return _new_bar(
        Bar,
        (
            to_datetime(ns),
            open if open == open else None,
            high if high == high else None,
            low if low == low else None,
            close if close == close else None,
            volume if volume == volume else None,
            source,
            quality,
            is_gap != 0,
            latency_sec if latency_sec == latency_sec else None,
            {} if features is None else from_json(features, _features_of, symbol, timeframe),
        ),
    )


def bar_out(bar: _abi.ds_bar, symbol: str, timeframe: str) -> Bar:
    """Give a bar that the library handed out: one that is too long for a room."""
    memory = bytes(bar) + _NOTHING
    texts = decode_optional(bar.source), decode_optional(bar.quality), bar.features_json
    return bar_in_room(memory, {_unpack(memory)[-1]: texts}, symbol, timeframe)


def _features_of(symbol: str, timeframe: str) -> str:
    return f"{symbol} {timeframe}: features"
