# SPDX-License-Identifier: MIT
"""What a read of the store gives, as columns of Python values; no Arrow library is needed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from ctypes import addressof, c_void_p, string_at
from typing import Any, NamedTuple

from ..errors import DataStoreError
from .arrow_structs import ArrowArray, ArrowSchema, ArrowStream, Release, pointer_in

__all__ = ["Batch", "batches_of"]

Values = Sequence[Any]


class Batch(NamedTuple):
    """Rows: columns of the same length, in their order."""

    length: int
    columns: dict[str, Values]
    """Times are int nanoseconds, structs are tuples; NULL is None."""


def batches_of(result: Any) -> Iterator[Batch]:
    """Take the rows of an `ArrowResult`, a batch at a time.

    Yields
    ------
    Batch
        At least one, which may be empty: so the columns are known.
    """
    capsule = result.__arrow_c_stream__()
    address = pointer_in(capsule, b"arrow_array_stream")
    stream = ArrowStream.from_address(address)
    schema = ArrowSchema()
    _checked(stream, address, stream.get_schema(address, addressof(schema)))
    try:
        fields = list(_children(schema, ArrowSchema))
        readers = {field.name.decode(): _reader(field) for field in fields}
        given = False
        while True:
            table = ArrowArray()
            _checked(stream, address, stream.get_next(address, addressof(table)))
            if not table.release:
                break
            try:
                columns = zip(readers.items(), _children(table, ArrowArray))
                yield Batch(table.length, {name: read(column) for (name, read), column in columns})
            finally:
                Release(table.release)(addressof(table))
            given = True
        if not given:
            yield Batch(0, {name: [] for name in readers})
    finally:
        if schema.release:
            Release(schema.release)(addressof(schema))
        if stream.release:
            Release(stream.release)(address)
        del capsule


def _checked(stream: Any, address: int, code: int) -> None:
    if code:
        text = stream.get_last_error(address)
        raise DataStoreError(text.decode(errors="replace") if text else f"errno {code}")


def _children(parent: Any, kind: Any) -> Iterator[Any]:
    pointers = (c_void_p * parent.n_children).from_address(parent.children or addressof(parent))
    for place in range(parent.n_children):
        yield kind.from_address(pointers[place])


# ---- A column -----------------------------------------------------------------------------------


def _reader(field: Any) -> Callable[[Any], Values]:
    """Give what reads the arrays of a column."""
    if field.dictionary:
        values = _reader(ArrowSchema.from_address(field.dictionary))
        return lambda column: _from_dictionary(column, values)
    form = field.format
    if form == b"+s":
        readers = [_reader(child) for child in _children(field, ArrowSchema)]
        return lambda column: _structs(column, readers)
    if form in (b"U", b"Z"):
        return lambda column: _texts(column, is_text=form == b"U")
    if form == b"b":
        return _bools
    if form == b"n":
        return lambda column: [None] * column.length
    code = "q" if form.startswith(b"ts") else {b"g": "d", b"l": "q", b"i": "i"}[form]
    return lambda column: _numbers(column, code)


def _buffer(column: Any, place: int) -> int | None:
    buffers: int = column.buffers
    address: int | None = c_void_p.from_address(buffers + 8 * place).value
    return address


def _plain(address: int | None, code: str, first: int, count: int) -> array[Any]:
    values = array(code)
    if count and address:
        size = values.itemsize
        values.frombytes(string_at(address + first * size, count * size))
    return values


def _with_nulls(column: Any, values: Values) -> Values:
    """Put None where a column's bitmap says so."""
    if column.length and column.null_count == column.length:
        return [None] * column.length
    bitmap = _buffer(column, 0) if column.null_count else None
    if not bitmap or not column.length:
        return values
    first = column.offset
    data = string_at(bitmap, (first + column.length + 7) // 8)
    return [
        value if data[bit >> 3] >> (bit & 7) & 1 else None
        for bit, value in enumerate(values, first)
    ]


def _numbers(column: Any, code: str) -> Values:
    values = _plain(_buffer(column, 1), code, column.offset, column.length)
    return _with_nulls(column, values)


def _bools(column: Any) -> Values:
    first, count = column.offset, column.length
    address = _buffer(column, 1)
    data = string_at(address, (first + count + 7) // 8) if address and count else b""
    return _with_nulls(
        column, [bool(data[bit >> 3] >> (bit & 7) & 1) for bit in range(first, first + count)]
    )


def _texts(column: Any, *, is_text: bool) -> Values:
    offsets = _plain(_buffer(column, 1), "q", column.offset, column.length + 1)
    if not column.length:
        return []
    address = _buffer(column, 2)
    start = offsets[0]
    data = string_at(address + start, offsets[-1] - start) if address else b""
    pieces: list[Any] = [
        data[begin - start : end - start] for begin, end in zip(offsets, offsets[1:])
    ]
    return _with_nulls(column, [piece.decode() for piece in pieces] if is_text else pieces)


def _from_dictionary(column: Any, read: Callable[[Any], Values]) -> Values:
    known = read(ArrowArray.from_address(column.dictionary))
    codes = _with_nulls(column, _plain(_buffer(column, 1), "i", column.offset, column.length))
    return [None if code is None else known[code] for code in codes]


def _structs(column: Any, readers: Sequence[Callable[[Any], Values]]) -> Values:
    if column.offset:
        raise DataStoreError("a struct column with an offset is not read here")
    members = [
        read(child)[: column.length] for read, child in zip(readers, _children(column, ArrowArray))
    ]
    return _with_nulls(column, list(zip(*members)))
