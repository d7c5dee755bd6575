# SPDX-License-Identifier: MIT
"""The memory of strategies: JSON values under text keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ctypes import POINTER, byref, c_char, c_int32, c_int64, c_void_p

from ._c.first_use import at_first_use
from ._c.handles import OfThisProcess, ResultHandle, StoreHandle, take_text
from ._c.library import library, untyped
from ._c.signals import pass_on, raised
from ._c.status import check
from ._c.text import Remembered, TextArray, decode, encode
from ._in.cells import Refusal, shown
from ._json import from_json, to_json
from .errors import InvalidInputError, InvalidTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

    import pandas as pd

__all__ = ["StateRepo"]

_set: Final = untyped("ds_state_set")
_get_into: Final = untyped("ds_state_get_into")
_updated_at: Final = untyped("ds_state_updated_at")


def _import_to_timestamp(ns: int) -> pd.Timestamp | None:
    """Stand in for what makes Timestamps until it is there."""
    global _to_timestamp
    with at_first_use.lock, at_first_use:
        from ._timestamps import timestamp_maker

    _to_timestamp = timestamp_maker()
    return _to_timestamp(ns)


_to_timestamp: Callable[[int], pd.Timestamp | None] = _import_to_timestamp

_ROOM_BYTES: Final = 4096
_Room: TypeAlias = "tuple[Any, Any, Any, Any]"
# Memory for values that are read: a call takes one, or makes one, and brings it back. So no two
# calls share one, neither of two threads nor of one, where a signal handler makes the second.
_rooms: Final[list[_Room]] = []


def _new_room() -> _Room:
    """Give memory for a value, and for its size; each as it is passed, and as it is looked at."""
    memory, size = (c_char * _ROOM_BYTES)(), c_int32()
    return byref(c_char.from_buffer(memory)), byref(size), memory, size


class StateRepo(OfThisProcess):
    """Cooldowns, flags, multipliers: any JSON value under a key. Use `DataStore.state`.

    Tuples are stored as lists, NumPy scalars as numbers. NaN and infinities are refused, and so
    are objects whose keys are not text. Threads may share one `StateRepo`.
    """

    __slots__ = ("_store",)

    def __init__(self, store: StoreHandle) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._store.name}>"

    def set(self, key: str, value: object) -> None:
        """Store `value` under `key`, whatever was there.

        Parameters
        ----------
        key : str
            Not empty, at most 65,535 bytes of UTF-8.
        value : JSON value
            None is stored as `null`. A float that stands alone and is whole comes back as the
            equal int; an int that stands alone must fit int64.

        Raises
        ------
        InvalidInputError
            The key is wrong, or JSON cannot represent the value: a NaN or an infinity, for one.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        name = _keys[key] if type(key) is str else _key(key)
        try:
            json = to_json(value)
        except Refusal as refusal:
            raise _value_error(key, refusal) from None
        status = _set(self._store, name, json)
        if status or raised:
            check(status)

    def set_many(self, mapping: Mapping[str, object]) -> None:
        """Store all entries of `mapping`, or none.

        Parameters
        ----------
        mapping : mapping of str to JSON value
            As for `set`. An empty one stores nothing.

        Raises
        ------
        InvalidInputError
            A key or a value is wrong; `InvalidTypeError` if `mapping` is not a mapping.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        if not isinstance(mapping, Mapping):
            raise InvalidTypeError(
                f"set_many takes a mapping from key to value, not {type(mapping).__name__}"
            )
        try:
            entries = dict(mapping.items())
        except Exception as error:  # what the caller's own mapping raises
            pass_on(error)
            raise InvalidTypeError(f"set_many cannot read its {type(mapping).__name__}") from error
        keys = TextArray([_key(key) for key in entries])
        values = TextArray([_json_of(key, value) for key, value in entries.items()])
        check(library.ds_state_set_many(self._store, keys, values, keys.count))

    def get(self, key: str, default: object = None) -> Any:
        """Give the value under `key`.

        Parameters
        ----------
        key : str
            Not empty, at most 65,535 bytes of UTF-8.
        default : object, default None
            What to return if the key is absent.

        Returns
        -------
        JSON value
            What was stored, or `default`.

        Raises
        ------
        InvalidInputError
            The key is wrong; `InvalidTypeError` if it is not text.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        try:
            room = _rooms.pop()
        except IndexError:
            room = _new_room()
        json, out_size, memory, size = room
        name = _keys[key] if type(key) is str else _key(key)
        status = _get_into(self._store, name, json, _ROOM_BYTES, out_size)
        if status or raised:
            check(status)
        taken = size.value
        if taken == 0:
            stored = None
        elif taken <= _ROOM_BYTES:
            stored = memory.value
        else:
            stored = self._long_value(key)
        _rooms.append(room)
        return default if stored is None else from_json(stored, _place, key)

    def _long_value(self, key: object) -> bytes | None:
        text = c_void_p()
        check(library.ds_state_get(self._store, _key(key), byref(text)))
        return take_text(text)

    def delete(self, key: str) -> bool:
        """Remove `key`.

        Parameters
        ----------
        key : str
            Not empty, at most 65,535 bytes of UTF-8.

        Returns
        -------
        bool
            Whether it was there.

        Raises
        ------
        InvalidInputError
            The key is wrong; `InvalidTypeError` if it is not text.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        deleted = c_int32()
        check(library.ds_state_delete(self._store, _key(key), byref(deleted)))
        return deleted.value != 0

    def keys(self, prefix: str = "") -> list[str]:
        """Give the keys that begin with `prefix`.

        Parameters
        ----------
        prefix : str, default ""
            Compared by bytes. Empty: all keys.

        Returns
        -------
        list of str
            Sorted by bytes, from one snapshot.

        Raises
        ------
        InvalidInputError
            The prefix is wrong; `InvalidTypeError` if it is not text.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        return [decode(key) for key, _ in self._entries(prefix, values=False)]

    def items(self, prefix: str = "") -> dict[str, Any]:
        """Give the keys that begin with `prefix`, with their values.

        Parameters
        ----------
        prefix : str, default ""
            Compared by bytes. Empty: all keys.

        Returns
        -------
        dict of str to JSON value
            Sorted by the bytes of the keys, from one snapshot.

        Raises
        ------
        InvalidInputError
            The prefix is wrong; `InvalidTypeError` if it is not text.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        entries = [(decode(key), text) for key, text in self._entries(prefix, values=True)]
        return {key: from_json(text, _place, key) for key, text in entries}

    def updated_at(self, key: str) -> pd.Timestamp | None:
        """Give the time of the last write of `key`.

        Parameters
        ----------
        key : str
            Not empty, at most 65,535 bytes of UTF-8.

        Returns
        -------
        Timestamp or None
            In UTC; None if the key is absent. Without pandas installed an aware datetime, cut to
            whole microseconds; with it, the first call imports pandas.

        Raises
        ------
        InvalidInputError
            The key is wrong; `InvalidTypeError` if it is not text.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any read: see `data_store.errors`.
        """
        time = c_int64()
        check(_updated_at(self._store, _key(key), byref(time)))
        return _to_timestamp(time.value)

    def compare_and_set(self, key: str, expected: object, value: object) -> bool:
        """Store `value` only if `get(key)` equals `expected`, in one atomic step across processes.

        Parameters
        ----------
        key : str
            Not empty, at most 65,535 bytes of UTF-8.
        expected : JSON value
            Compared as JSON: objects regardless of order, 1 = 1.0, True is not 1. None matches an
            absent key and a stored null.
        value : JSON value
            As for `set`.

        Returns
        -------
        bool
            Whether `value` was stored.

        Raises
        ------
        InvalidInputError
            The key is wrong, or JSON cannot represent one of the values.
        StorageError, CorruptError, SchemaError, ClosedError, BusyError, InterruptedCallError
            As any write: see `data_store.errors`.
        """
        swapped = c_int32()
        check(
            library.ds_state_compare_and_set(
                self._store,
                _key(key),
                _json_of(key, expected),
                _json_of(key, value),
                byref(swapped),
            )
        )
        return swapped.value != 0

    def _entries(self, prefix: str, *, values: bool) -> list[tuple[bytes, bytes]]:
        with at_first_use.lock, at_first_use:
            from ._c import abi as _abi

        pointer = POINTER(_abi.ds_state_entries)()
        check(library.ds_state_items(self._store, encode(prefix, "prefix"), values, byref(pointer)))
        with ResultHandle(pointer, library.ds_state_entries_free) as entries:
            count = library.ds_state_entries_count(entries)
            items = library.ds_state_entries_items(entries)[:count] if count else []
            return [(item.key, item.value_json) for item in items]


def _key(key: object) -> bytes:
    return _keys[key] if type(key) is str else encode(key, "a state key")


_keys = Remembered(lambda key: encode(key, "a state key"), longest=256)


def _place(key: object) -> str:
    return f"state key {shown(key)}"


def _json_of(key: object, value: object) -> bytes:
    try:
        return to_json(value)
    except Refusal as refusal:
        raise _value_error(key, refusal) from None


def _value_error(key: object, refusal: Refusal) -> InvalidInputError:
    return InvalidInputError(f"{_place(key)}: {refusal.told('value')}")
