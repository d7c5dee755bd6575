# SPDX-License-Identifier: MIT
"""Rows as a table of Arrow, by the PyCapsule interface: no Arrow library is needed for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._c.handles import OfThisProcess, ResultHandle
from .._c.library import library
from .._c.status import check
from .._deferred import imported
from ..errors import DataStoreError, InvalidInputError, LibraryError
from .capsules import SCHEMA, STREAM, capsule_of, field, get_type, let_go, pointer_in, waiting
from .schema import column_names_in

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["ArrowResult", "bars_result", "rows_result"]

_SHOWN = 12  # names of columns


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
        waiting.extend(self._capsules)
        self._capsules.clear()
        let_go()

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
        return capsule_of(STREAM, self._make)

    def _keep(self, capsule: Any) -> Any:
        waiting.extend(self._capsules)
        self._capsules[:] = [capsule]
        let_go()
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
        return column_names_in(pointer_in(stream, STREAM.name))

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
        address = pointer_in(stream, STREAM.name)
        get_schema = get_type(field(address, 0) or 0)

        def fill(target: int) -> None:
            code = get_schema(address, target)
            if code:
                raise LibraryError(f"the columns cannot be told: errno {code}")

        schema = capsule_of(SCHEMA, fill)
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
