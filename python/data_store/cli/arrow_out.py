# SPDX-License-Identifier: MIT
"""Columns of Python values as a table of Arrow, for `market.write`; no Arrow library is needed."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence
from ctypes import addressof, c_void_p
from itertools import accumulate
from typing import Any

from .arrow_structs import ArrowArray, ArrowSchema, Release, new_capsule

__all__ = ["ColumnTable"]

_NULLABLE = 2


class ColumnTable:
    """Columns that offer themselves as one array of Arrow.

    The memory belongs to this object, which must outlive the call that it is given to.

    Parameters
    ----------
    columns : mapping
        By name: ``array('q')`` is a time in nanoseconds, UTC; ``array('d')`` numbers, NaN for
        NULL; ``array('b')`` 0 and 1; a list is text, None for NULL.
    """

    def __init__(self, columns: Mapping[str, array[Any] | Sequence[str | None]]) -> None:
        self._columns = columns
        self._memory: list[Any] = []  # what the structs point to

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """Give the columns as capsules of an ``ArrowSchema`` and an ``ArrowArray``."""
        schemas, arrays = [], []
        length = 0
        for name, values in self._columns.items():
            length = len(values)
            form, buffers, nulls = _laid_out(values)
            schemas.append(self._schema(form, name.encode()))
            arrays.append(self._array(length, buffers, nulls))
        schema = self._schema(b"+s", b"")
        schema.n_children, schema.children = len(schemas), self._addresses(schemas)
        table = self._array(length, [None], 0)
        table.n_children, table.children = len(arrays), self._addresses(arrays)
        return (
            new_capsule(addressof(schema), b"arrow_schema", None),
            new_capsule(addressof(table), b"arrow_array", None),
        )

    def _schema(self, form: bytes, name: bytes) -> ArrowSchema:
        schema = ArrowSchema(format=form, name=name, flags=_NULLABLE, release=_RELEASE[ArrowSchema])
        self._memory.append(schema)
        return schema

    def _array(self, length: int, buffers: list[Any], nulls: int) -> ArrowArray:
        places = [None if buffer is None else _address(buffer) for buffer in buffers]
        pointers = (c_void_p * len(places))(*places)
        made = ArrowArray(
            length=length,
            null_count=nulls,
            n_buffers=len(places),
            buffers=addressof(pointers),
            release=_RELEASE[ArrowArray],
        )
        self._memory += [buffers, pointers, made]
        return made

    def _addresses(self, structs: Sequence[ctypes.Structure]) -> int:
        pointers = (c_void_p * len(structs))(*map(addressof, structs))
        self._memory.append(pointers)
        return addressof(pointers)


def _released(kind: type[ctypes.Structure]) -> Any:
    """Give a release callback that only marks: the memory goes with its owner."""

    def release(address: int) -> None:
        kind.from_address(address).release = None

    return Release(release)


# They live as long as the module: a callback may not go while the library holds its address.
_CALLBACKS = {kind: _released(kind) for kind in (ArrowSchema, ArrowArray)}
_RELEASE = {kind: ctypes.cast(made, c_void_p).value for kind, made in _CALLBACKS.items()}


def _laid_out(values: array[Any] | Sequence[str | None]) -> tuple[bytes, list[Any], int]:
    """Give a column's format, its buffers, and how many values are NULL."""
    if isinstance(values, array):
        return _FORMATS[values.typecode], [None, values], 0
    texts = [None if value is None else value.encode() for value in values]
    nulls = texts.count(None)
    offsets = array("q", accumulate((len(text or b"") for text in texts), initial=0))
    data = b"".join(filter(None, texts))
    return b"U", [_validity(texts) if nulls else None, offsets, data], nulls


_FORMATS = {"q": b"tsn:UTC", "d": b"g", "b": b"c"}


def _validity(values: Sequence[object]) -> bytes:
    """Give a bit per value, the first one lowest: 1 where there is a value."""
    bits = "".join("0" if value is None else "1" for value in reversed(values))
    return int(bits, 2).to_bytes((len(values) + 7) // 8, "little")


def _address(buffer: array[Any] | bytes) -> int | None:
    if isinstance(buffer, array):
        return buffer.buffer_info()[0]
    return ctypes.cast(ctypes.c_char_p(buffer), c_void_p).value
