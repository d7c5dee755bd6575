# SPDX-License-Identifier: MIT
"""Tables of Arrow, in and out, by the PyCapsule interface: no Arrow library is needed for it.

https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import collections
import ctypes
import datetime
import functools
import gc
import sys
from collections.abc import Callable
from ctypes import byref, c_char_p, c_int, c_int64, c_void_p, py_object, pythonapi
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ._arrow_schema import column_names_in
from ._c.handles import OfThisProcess, ResultHandle, StoreHandle
from ._c.library import library
from ._c.signals import pass_on
from ._c.status import check
from ._c.text import encode, encode_name
from ._deferred import imported
from .errors import DataStoreError, InvalidInputError, InvalidTypeError, LibraryError

if TYPE_CHECKING:
    from typing import TypeAlias

    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = [
    "ArrowResult",
    "ArrowTable",
    "bars_result",
    "is_arrow",
    "quality_word",
    "rows_result",
    "write_stream",
]


class _Stream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Any = None) -> object: ...


class _Array(Protocol):
    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[object, object]: ...


ArrowTable: TypeAlias = "_Stream | _Array"
"""What offers itself as a table of Arrow."""

# ---- The structs, and the capsules that they travel in ----------------------------------------


class _Kind(NamedTuple):
    """One of the interface's structs: a capsule's name, and where its release callback is."""

    name: bytes
    size: int
    release: int


_STREAM = _Kind(b"arrow_array_stream", 40, 24)
_SCHEMA = _Kind(b"arrow_schema", 72, 56)
_ARRAY = _Kind(b"arrow_array", 80, 64)

_new_capsule: Any = ctypes.PYFUNCTYPE(py_object, c_void_p, c_char_p, c_void_p)(
    ("PyCapsule_New", pythonapi)
)
_pointer_in: Any = ctypes.PYFUNCTYPE(c_void_p, py_object, c_char_p)(
    ("PyCapsule_GetPointer", pythonapi)
)
_release_type = ctypes.CFUNCTYPE(None, c_void_p)
_get_type = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)

_CAPSULE: Any = type(datetime.datetime_CAPI)

# By address: the memory of the structs that are in capsules.
_in_capsules: dict[int, ctypes.Array[Any]] = {}


def _field(address: int, offset: int) -> int | None:
    return c_void_p.from_address(address + offset).value


def _release(address: int, kind: _Kind) -> None:
    """Release a struct, unless a consumer has moved its content out, or has released it."""
    callback = _field(address, kind.release)
    if callback:
        _release_type(callback)(address)


@functools.cache
def _ender(kind: _Kind) -> Any:
    """Give the destructor of the capsules of a kind."""
    destructor_type = ctypes.CFUNCTYPE(None, c_void_p)
    pointer_of: Any = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(
        ("PyCapsule_GetPointer", pythonapi)
    )

    # Bound early: at the end of the interpreter the module's names may be gone before the capsules.
    def end(
        capsule: int,
        release: Callable[[int, _Kind], None] = _release,
        memory: dict[int, ctypes.Array[Any]] = _in_capsules,
    ) -> None:
        address = pointer_of(capsule, kind.name)
        release(address, kind)
        memory.pop(address, None)

    destructor = destructor_type(end)
    pythonapi.Py_IncRef(py_object(destructor))  # it outlives this module
    return ctypes.cast(destructor, c_void_p)


def _capsule(kind: _Kind, fill: Callable[[int], None]) -> Any:
    """Give a capsule of a struct that `fill` fills."""
    memory = (c_int64 * (kind.size // 8))()
    address = ctypes.addressof(memory)
    fill(address)
    _in_capsules[address] = memory
    return _new_capsule(address, kind.name, _ender(kind))


_SHOWN = 12  # names of columns

# The destructor is Python code, which must not run while a consumer's error is on its way. So no
# capsule ends where a consumer drops it, but here, when one looks whether anybody has it still.
_waiting: collections.deque[Any] = collections.deque()


def _let_go(phase: str = "start", info: object = None) -> None:
    """End the capsules that nobody has any more: at each call, and at each garbage collection."""
    for _ in range(len(_waiting)):
        try:
            capsule = _waiting.popleft()
        except IndexError:  # another thread's
            return
        if sys.getrefcount(capsule) > _MINE:
            _waiting.append(capsule)
        del capsule


def _count_of_mine() -> int:
    capsule = object()
    return sys.getrefcount(capsule)


_MINE = _count_of_mine()  # of the variable and the argument: not the same in all versions of Python
gc.callbacks.append(_let_go)


# ---- Out ----------------------------------------------------------------------------------------


class ArrowResult(OfThisProcess):
    """Rows as a table of Arrow, for any library that takes one: ``pyarrow.table(result)``.

    The reads whose names end with ``_arrow`` make them. The numbers are the library's own memory,
    which lives as long as something looks at it; the store may be closed before.

    Parameters
    ----------
    make : callable
        Fills an ``ArrowArrayStream`` at an address.
    frame : callable
        Makes a pandas DataFrame of the rows.
    is_stream : bool, default False
        Whether the rows can be taken once only.
    count : callable, optional
        Tells how many rows there are, where that is known.
    """

    __slots__ = ("_capsules", "_count", "_frame", "_is_stream", "_kept", "_make")

    def __init__(
        self,
        make: Callable[[int], None],
        frame: Callable[[], pd.DataFrame],
        *,
        is_stream: bool = False,
        count: Callable[[], int] | None = None,
    ) -> None:
        self._make = make
        self._frame = frame
        self._is_stream = is_stream
        self._count = count
        self._kept: Any = None
        self._capsules: list[Any] = []
        if is_stream:  # what is wrong with the call is told by the call
            self._kept = self._stream()

    def __del__(self) -> None:  # Python keeps an error that is on its way out of it
        _waiting.extend(self._capsules)
        self._capsules.clear()
        _let_go()

    def __repr__(self) -> str:
        if self._is_stream and self._kept is None:
            return "<ArrowResult: a stream, taken>"
        rows = "a stream" if self._count is None else f"{self._count():,} rows"
        try:
            names = self.column_names
        except DataStoreError as error:
            return f"<ArrowResult: {rows}; {error}>"
        more = f", and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return f"<ArrowResult: {rows} of {', '.join(names[:_SHOWN])}{more}>"

    def _stream(self) -> Any:
        return _capsule(_STREAM, self._make)

    def _keep(self, capsule: Any) -> Any:
        _waiting.extend(self._capsules)
        self._capsules[:] = [capsule]
        _let_go()
        return capsule

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the rows as a capsule of an ``ArrowArrayStream``.

        Parameters
        ----------
        requested_schema : object, optional
            Types that the consumer would like better; they are not converted to.

        Returns
        -------
        object
            A PyCapsule. From `iter_arrow` once, else any number of times.

        Raises
        ------
        InvalidInputError
            The rows of `iter_arrow` were taken already.
        """
        return self._keep(self._take())

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in their order."""
        stream = self._kept if self._kept is not None else self._stream()
        return column_names_in(_pointer_in(stream, _STREAM.name))

    def _take(self) -> Any:
        if not self._is_stream:
            return self._stream()
        stream, self._kept = self._kept, None
        if stream is None:
            raise InvalidInputError(
                "the rows of iter_arrow can be taken once, and were; call it again, or use "
                "read_arrow for what is needed more than once"
            )
        return stream

    def __arrow_c_schema__(self) -> object:
        """Give the columns' names and types as a capsule of an ``ArrowSchema``.

        Returns
        -------
        object
            A PyCapsule.
        """
        stream = self._kept if self._kept is not None else self._stream()
        address = _pointer_in(stream, _STREAM.name)
        get_schema = _get_type(_field(address, 0) or 0)

        def fill(target: int) -> None:
            code = get_schema(address, target)
            if code:
                raise LibraryError(f"the columns cannot be told: errno {code}")

        schema = _capsule(_SCHEMA, fill)
        self._keep(schema)
        return schema

    def to_pyarrow(self) -> pa.Table:
        """Give the rows as a ``pyarrow.Table``; pyarrow is imported for it.

        Returns
        -------
        pyarrow.Table
            Its numbers are this result's memory.

        Raises
        ------
        LibraryError
            pyarrow is not installed.
        InvalidInputError
            The rows of `iter_arrow` were taken already.
        """
        table: pa.Table = imported(
            "pyarrow",
            "arrow",
            "to_pyarrow",
            "to_polars, or any library that takes a table of Arrow",
        ).table(self)
        return table

    def to_polars(self) -> pl.DataFrame:
        """Give the rows as a ``polars.DataFrame``; polars is imported for it.

        Returns
        -------
        polars.DataFrame
            Times are in UTC; symbol, source and quality are categorical.

        Raises
        ------
        LibraryError
            polars is not installed.
        InvalidInputError
            The rows of `iter_arrow` were taken already.
        """
        frame: pl.DataFrame = imported(
            "polars",
            "polars",
            "to_polars",
            "to_pyarrow, or any library that takes a table of Arrow",
        ).DataFrame(self)
        return frame

    def to_pandas(self) -> pd.DataFrame:
        """Give the rows as a ``pandas.DataFrame``; pandas is imported for it, and pyarrow is not.

        Returns
        -------
        DataFrame
            The same columns, the times as one of them; text as str. Features with their quality
            have two column levels, as by `read_features`.

        Raises
        ------
        LibraryError
            pandas is not installed.
        InvalidInputError
            The rows of `iter_arrow` were taken already.
        """
        imported(
            "pandas", "pandas", "to_pandas", "to_polars, or any library that takes a table of Arrow"
        )
        if self._is_stream:
            self._take()
        return self._frame()


def bars_result(
    owner: ResultHandle, frame: Callable[[], pd.DataFrame], *, by_symbol: bool
) -> ArrowResult:
    """Give `ds_bars` as a table; `owner` may be freed before the table's readers are done."""

    def make(address: int) -> None:
        check(library.ds_bars_arrow(owner, by_symbol, address))

    return ArrowResult(make, frame, count=lambda: library.ds_bars_batch(owner).contents.count)


def rows_result(owner: ResultHandle, frame: Callable[[], pd.DataFrame]) -> ArrowResult:
    """Give `ds_rows` as a table."""

    def make(address: int) -> None:
        check(library.ds_rows_arrow(owner, address))

    return ArrowResult(make, frame, count=lambda: library.ds_rows_count(owner))


# ---- In -----------------------------------------------------------------------------------------


def is_arrow(table: object) -> bool:
    """Tell whether a table offers itself as one of Arrow, and is not one of pandas."""
    kind = type(table)
    if kind is _CAPSULE:  # of a stream, as what offers itself gives it
        return True
    if not hasattr(kind, "__arrow_c_stream__") and not hasattr(kind, "__arrow_c_array__"):
        return False
    return kind.__module__.partition(".")[0] != "pandas" and not any(
        parent.__module__.partition(".")[0] == "pandas" for parent in kind.__mro__
    )


def write_stream(
    function: Any, store: StoreHandle, table: object, names: tuple[object, object], *options: Any
) -> int:
    """Hand a table's stream to a function of the library; returns the rows given.

    Parameters
    ----------
    function : callable
        `ds_market_write_arrow` or `ds_market_write_features_arrow`.
    names : tuple
        Symbol and timeframe; None: the table has that column.
    options : optional
        The arguments between the names and the rows.
    """
    symbol, timeframe = names
    given = (
        None if symbol is None else encode_name(symbol, "symbol"),
        None if timeframe is None else encode_name(timeframe, "timeframe"),
    )
    rows = c_int64()
    capsule, address = _stream_of(table)
    check(function(store, address, *given, *options, byref(rows)))
    del capsule
    return rows.value


def _stream_of(table: Any) -> tuple[object, int]:
    """Ask a table for its stream; the first of the two keeps the second alive."""
    try:
        if type(table) is _CAPSULE:
            return table, _pointer_in(table, _STREAM.name)
        if hasattr(type(table), "__arrow_c_stream__"):
            capsule = table.__arrow_c_stream__()
            return capsule, _pointer_in(capsule, _STREAM.name)
        schema, array = table.__arrow_c_array__()
        stream = _OneArray(
            (schema, _pointer_in(schema, _SCHEMA.name)), (array, _pointer_in(array, _ARRAY.name))
        )
        return stream, stream.address
    except Exception as error:  # the caller's own object
        pass_on(error)
        raise InvalidInputError(
            f"the {type(table).__name__} cannot be read as a table of Arrow: {error}"
        ) from error


class _OneArray:
    """A stream of one array, of which the interface of arrays has none."""

    def __init__(self, schema: tuple[object, int], array: tuple[object, int]) -> None:
        self._parts = schema, array
        memory = (c_int64 * 5)()
        self.address = address = ctypes.addressof(memory)
        # None of these refers to this object: it goes with its last user, and takes them along.
        self._functions = functions = (
            _get_type(functools.partial(_move, schema[1], _SCHEMA)),
            _get_type(functools.partial(_move, array[1], _ARRAY)),
            ctypes.CFUNCTYPE(c_void_p, c_void_p)(lambda stream: None),
            _release_type(lambda stream: _mark_released(address, _STREAM)),
        )
        for place, function in enumerate(functions):
            memory[place] = ctypes.cast(function, c_void_p).value or 0
        self._memory = memory


def _move(source: int, kind: _Kind, stream: int, target: int) -> int:
    """Move a struct to `target`; the second time there is none left."""
    ctypes.memmove(target, source, kind.size)
    _mark_released(source, kind)
    return 0


def _mark_released(address: int, kind: _Kind) -> None:
    ctypes.memset(address + kind.release, 0, 8)


def quality_word(quality: object) -> bytes | None:
    """Give the quality of a table's features; it is one word or none."""
    if quality is None:
        return None
    if not isinstance(quality, str):
        raise InvalidTypeError(
            "quality must be a word or None beside a table of Arrow, not "
            f"{type(quality).__name__}; give structs of value and quality"
        )
    return encode(quality, "quality")
