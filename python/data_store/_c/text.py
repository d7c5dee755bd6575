# SPDX-License-Identifier: MIT
"""Text on its way into and out of the library: UTF-8, NUL-terminated."""

from __future__ import annotations

import ctypes
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from ..errors import CorruptError, InvalidInputError, InvalidTypeError
from .signals import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _Value = TypeVar("_Value")
else:
    _Value = object

__all__ = [
    "Remembered",
    "TextArray",
    "decode",
    "decode_array",
    "decode_optional",
    "encode",
    "encode_name",
    "encode_names",
    "encode_path",
    "symbol_texts",
    "text_problem",
    "timeframe_texts",
]


def text_problem(text: str) -> tuple[str, str] | None:
    """Tell why `text` cannot be stored, and what to do; None if it can."""
    if "\0" in text:
        return f"the text {text[:60]!r} holds a NUL character", "remove it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return (
            f"the text {text[:60]!r} holds half of a surrogate pair, which UTF-8 cannot write",
            "repair it where it was decoded",
        )
    return None


def encode(text: object, what: str) -> bytes:
    """Give `text` as UTF-8 bytes.

    Parameters
    ----------
    text : str
    what : str
        What the text is, for the message.

    Raises
    ------
    InvalidInputError
        It is not a str, or holds a NUL or a lone surrogate.
    """
    if type(text) is not str:
        if not isinstance(text, str):
            raise InvalidTypeError(f"{what} must be text (str), not {type(text).__name__}")
        text = str.__str__(text)  # the bare text of a subclass: an Enum has a str() of its own
    if "\0" not in text:
        try:
            return text.encode()
        except UnicodeEncodeError:
            pass
    reason, remedy = text_problem(text) or ("", "")
    raise InvalidInputError(f"{what}: {reason}; {remedy}") from None


def encode_name(text: object, what: str) -> bytes:
    """`encode` for names that come again and again: symbols, timeframes."""
    return _known_name(text, what) if type(text) is str else encode(text, what)


def encode_names(symbol: object, timeframe: object) -> tuple[bytes, bytes]:
    """`encode_name` for both names of a series."""
    if type(symbol) is type(timeframe) is str:
        return symbol_texts[symbol], timeframe_texts[timeframe]
    return encode(symbol, "symbol"), encode(timeframe, "timeframe")


class Remembered(dict[str, _Value]):
    """What texts that come again and again turn into, by text; each is looked at once.

    A dict takes a third of the time of an `lru_cache`. One that is full begins again.

    Parameters
    ----------
    look : callable
        Turns a text into its value, or raises.
    longest : int, optional
        Characters of a text that is kept.
    """

    __slots__ = ("_longest", "_look")

    def __init__(self, look: Callable[[str], _Value], longest: int = sys.maxsize) -> None:
        self._look = look
        self._longest = longest

    def __missing__(self, text: str) -> _Value:
        value = self._look(text)
        if len(text) > self._longest:
            return value
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[text] = value
        return value


_MOST_REMEMBERED = 1 << 14
symbol_texts = Remembered(lambda text: encode(text, "symbol"))
timeframe_texts = Remembered(lambda text: encode(text, "timeframe"))
"""`encode` for names that come again and again."""


@lru_cache(maxsize=4096)
def _known_name(text: str, what: str) -> bytes:
    return encode(text, what)


def encode_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes], what: str) -> bytes:
    """Give a path as the bytes that the operating system takes."""
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        raise InvalidInputError(f"{_shown(path, what)} cannot be written as a file name") from None
    except Exception as error:  # a TypeError, or what the caller's own __fspath__ raises
        pass_on(error)
        raise InvalidTypeError(
            f"{what} must be a path (str or os.PathLike), not {type(path).__name__}"
        ) from error
    if b"\0" in encoded:
        raise InvalidInputError(f"{_shown(path, what)} holds a NUL character")
    return encoded


def _shown(path: object, what: str) -> str:
    """Give a path for a message, but not a URL, which may hold a password."""
    return f"{what}: the URL" if ":/" in str(path) else f"{what}: {path!r}"


def decode(text: bytes) -> str:
    """Give stored UTF-8 as str; `CorruptError` if another tool stored something else."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise CorruptError(
            f"stored text is not UTF-8: {text[:60]!r} ({error.reason}); another tool wrote it, "
            "fix it there"
        ) from None


def decode_optional(text: bytes | None) -> str | None:
    """Give stored UTF-8 as str, NULL as None."""
    return None if text is None else decode(text)


def decode_array(address: int | None, count: int) -> list[str | None]:
    """Read `count` C strings from an array of pointers; NULL becomes None."""
    if address is None or count == 0:
        return []
    texts = (ctypes.c_char_p * count).from_address(address)[:]
    try:
        return [None if text is None else text.decode() for text in texts]
    except UnicodeDecodeError:
        return [decode_optional(text) for text in texts]  # which says which one it is


class TextArray:
    """Many texts as a C array of pointers into one block of memory.

    A million texts cost one block and one array: an array of `c_char_p` would keep a Python
    object alive for each. Passed to a library function, it stands for the array's address.

    Parameters
    ----------
    texts : iterable of bytes or None
        UTF-8 without NUL. None becomes a NULL pointer.

    Attributes
    ----------
    names : tuple of str, or None
        The texts, where that is known.
    """

    __slots__ = ("_as_parameter_", "_owned", "address", "count", "names")

    def __init__(self, texts: Iterable[bytes | None]) -> None:
        pieces = list(texts)
        self.names: tuple[str, ...] | None = None
        if len(pieces) > _FEW:
            present = [piece or b"" for piece in pieces]
            addresses = self._point(b"\0".join(present), present)
            if None in pieces:
                for place, piece in enumerate(pieces):
                    if piece is None:
                        addresses[place] = 0
            return
        pointers = (ctypes.c_char_p * len(pieces))(*pieces)
        self._owned: object = pointers
        self.count = len(pieces)
        self.address = ctypes.addressof(pointers)
        self._as_parameter_ = ctypes.c_void_p(self.address)

    @classmethod
    def of_names(cls, names: Sequence[str], what: str) -> TextArray:
        """Encode names, each once, in their order; `what` they are is for messages."""
        if {*map(type, names)} != {str}:
            return cls(dict.fromkeys(encode_name(name, what) for name in names))
        return cls.of_distinct(tuple(dict.fromkeys(names)), what)

    @classmethod
    def of_distinct(cls, names: Sequence[str], what: str) -> TextArray:
        """Encode one name or more, all of type str and none twice."""
        # All at once: one by one takes ten times as long.
        text = "\0".join(names)
        try:
            block = text.encode()
        except UnicodeEncodeError:
            block = b""
        if block.count(0) != len(names) - 1:
            return cls(encode_name(name, what) for name in names)  # which says which one it is
        array = cls.__new__(cls)
        array.names = None
        array._point(block, names if len(block) == len(text) else block.split(b"\0"))
        return array

    @classmethod
    def at(cls, address: int, count: int, owned: object) -> TextArray:
        """Stand for a C array of pointers that somebody else has made, and keep what it needs."""
        array = cls.__new__(cls)
        array.names = None
        array._owned = owned
        array.count = count
        array.address = address
        array._as_parameter_ = ctypes.c_void_p(address)
        return array

    def _point(self, block: bytes, pieces: Sequence[str | bytes]) -> array[int]:
        """Point to the pieces of a block, which are as long as these, with a NUL behind each."""
        base = ctypes.c_void_p.from_buffer(ctypes.c_char_p(block)).value or 0
        sizes = [len(piece) + 1 for piece in pieces]
        addresses = array("L", accumulate(sizes, initial=base))
        self._owned = block, addresses
        self.count = len(pieces)
        self.address = addresses.buffer_info()[0]
        self._as_parameter_ = ctypes.c_void_p(self.address)
        return addresses


_FEW = 32  # up to here the plain ctypes array is the quicker one
