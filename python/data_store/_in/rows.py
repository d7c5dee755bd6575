# SPDX-License-Identifier: MIT
"""Which bar each row of a table is: timestamps, symbols, timeframes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._pandas import column_of
from ..errors import InvalidInputError
from .cells import shown
from .columns import Refusal, TextCodes, texts
from .columns.dtypes import BareColumn, Column, Labelled, objects
from .places import KEY_NAMES, cell_error, name_argument, place_of
from .times import column_ns, epoch_refusal

__all__ = ["Rows", "align", "rows_of"]

_KEYS = frozenset(KEY_NAMES)  # by hash: NA compares with nothing


class Rows:
    """The keys of a table's rows.

    Attributes
    ----------
    timestamps : ndarray of int64
        Nanoseconds since the Unix epoch.
    symbol, timeframe : TextCodes or None
        None where neither the call nor the table says.
    place : str
        Symbol and timeframe, for messages.
    """

    __slots__ = ("place", "symbol", "timeframe", "timestamps")

    def __init__(
        self,
        timestamps: npt.NDArray[np.int64],
        symbol: TextCodes | None,
        timeframe: TextCodes | None,
        place: str,
    ) -> None:
        self.timestamps = timestamps
        self.symbol = symbol
        self.timeframe = timeframe
        self.place = place


def rows_of(
    table: pd.DataFrame | pd.Series[Any],
    symbol: object,
    timeframe: object,
    *,
    among: Rows | None = None,
    variable: str = "df",
    labels: list[Any] | None = None,
) -> Rows:
    """Find out which bar each row is, from the arguments, the index and the columns.

    Parameters
    ----------
    table : DataFrame or Series
    symbol, timeframe : str or None
        None: the table carries them, as columns or as index levels.
    among : Rows, optional
        The bars that the table belongs to; it need not say their symbol and timeframe again.
    variable : str, optional
        The table's name in the lines that messages advise.
    labels : list, optional
        Those of the table's columns, where all are text and none is there twice.

    Raises
    ------
    InvalidInputError
        Something is given twice, or not at all, or is not a timestamp.
    """
    place = place_of(symbol, timeframe) if among is None else f"{among.place}, features"
    parts = _parts_of(table, place, labels)
    empty = len(table) == 0
    names = {}
    for name, argument in (("symbol", symbol), ("timeframe", timeframe)):
        if argument is not None:
            if name in parts:
                raise InvalidInputError(
                    f"{place}: {name} is given twice, as an argument and in the frame; pass "
                    f"{name}=None or drop it from the frame"
                )
            names[name] = TextCodes(None, [name_argument(argument, name)])
        elif name in parts:
            names[name] = _texts_of(parts[name], place, name)
        elif among is None and not empty:
            raise InvalidInputError(
                f"{place}: no {name}; pass {name}= or a frame with a {name!r} column or level"
            )
    return Rows(
        _timestamps_of(parts, table, place, variable),
        names.get("symbol"),
        names.get("timeframe"),
        place,
    )


def _parts_of(
    table: pd.DataFrame | pd.Series[Any], place: str, labels: list[Any] | None
) -> dict[str, Column]:
    """Give the index levels and columns that say which bar a row is, by name."""
    parts: dict[str, Column] = {**_parts_of_index(table.index, place)}
    if isinstance(table, pd.DataFrame) and table.columns.nlevels == 1:
        # Not `name in table.columns`: pandas would make a table of them for it.
        carried = _KEYS.intersection(objects(table.columns) if labels is None else labels)
        for name in KEY_NAMES:
            if name not in carried:
                continue
            if name in parts:
                raise InvalidInputError(
                    f"{place}: {name} is given twice, in the index and as a column; drop one, "
                    "e.g. with reset_index(drop=True)"
                )
            if labels is None or name == "timestamp":
                parts[name] = table[name]
            else:
                parts[name] = BareColumn(column_of(table, labels.index(name)))
    if "timestamp" not in parts and not _counts_rows(table.index):
        parts["timestamp"] = table.index
    elif not (table.index.name in {None, *parts} or isinstance(table.index, pd.DatetimeIndex)) and (
        "timestamp" in parts or epoch_refusal(table.index) is None
    ):
        raise _level_error(table.index.name, place)
    return parts


def _parts_of_index(index: pd.Index[Any], place: str) -> dict[str, Labelled]:
    if isinstance(index, pd.DatetimeIndex):
        return {"timestamp": index}
    if not isinstance(index, pd.MultiIndex):
        return {str(index.name): index} if index.name in _KEYS else {}
    parts: dict[str, Labelled] = {}
    for level, name in enumerate(index.names):
        if name not in _KEYS or name in parts:
            raise _level_error(name, place)
        parts[name] = index.get_level_values(level)
    return parts


def _level_error(name: object, place: str) -> InvalidInputError:
    return InvalidInputError(
        f"{place}: the index level {shown(name)} is none of {', '.join(KEY_NAMES)}, each once; "
        "name the levels with rename_axis() or drop them with reset_index()"
    )


def _counts_rows(index: pd.Index[Any]) -> bool:
    """Tell whether an index only numbers or groups the rows, so that it cannot be the times."""
    if isinstance(index, pd.MultiIndex) or index.name in _KEYS:
        return True
    return isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufb"


def _timestamps_of(
    parts: dict[str, Column], table: pd.DataFrame | pd.Series[Any], place: str, variable: str
) -> npt.NDArray[np.int64]:
    index = table.index
    if not len(index):
        return np.empty(0, np.int64)
    if "timestamp" not in parts:
        epochs = epoch_refusal(index)
        if epochs is not None:
            raise cell_error(epochs.at(0), place, "timestamp", f"{variable}.index")
        raise InvalidInputError(
            f"{place}: no timestamps; give the frame a tz-aware DatetimeIndex or a 'timestamp' "
            f"column, e.g. {variable} = {variable}.set_index(pd.to_datetime(times, utc=True))"
        )
    column: Any = parts["timestamp"]
    try:
        return column_ns(column)
    except Refusal as refusal:
        subject = f"{variable}.index" if column is index else f"{variable}['timestamp']"
        error = cell_error(refusal, place, "timestamp", subject)
        if isinstance(index, pd.MultiIndex) and not isinstance(column, pd.Series):
            hint = f" (after {variable} = {variable}.reset_index())"
            raise InvalidInputError(error.message + hint) from None
        raise error from refusal.__cause__


def _texts_of(column: Column, place: str, name: str) -> TextCodes:
    try:
        return texts(column)
    except Refusal as refusal:
        raise cell_error(refusal, place, name) from None


# ---- Rows of one table among those of another -----------------------------------------------


def align(bars: Rows, given: Rows) -> npt.NDArray[np.intp] | None:
    """Find the row of `given` that belongs to each row of `bars`.

    Returns
    -------
    ndarray of intp, or None
        -1 where `given` has none. None: row by row the same.

    Raises
    ------
    InvalidInputError
        `given` has a row that `bars` has not, or has one twice.
    """
    if not bars.timestamps.size and given.timestamps.size:
        raise _stranger_error(bars, given, 0)
    wanted, offered = _keys(bars, given), _keys(given, given)
    if wanted.equals(offered):
        return None
    unsaid = [
        name
        for name in ("symbol", "timeframe")
        if getattr(given, name) is None and _count_used(getattr(bars, name)) > 1
    ]
    if unsaid:
        several = " and ".join(f"several {name}s" for name in unsaid)
        raise InvalidInputError(
            f"{bars.place}: the bars are of {several} and the features do not say which; index "
            f"them by ({', '.join(unsaid)}, timestamp), or pass a list by position"
        )
    strangers = np.flatnonzero(~offered.isin(wanted))
    if strangers.size:
        raise _stranger_error(bars, given, int(strangers[0]))
    twice = np.flatnonzero(offered.duplicated())
    if twice.size:
        row = int(twice[0])
        raise InvalidInputError(
            f"{bars.place}: features row {row} gives {_shown(given, row)} a second time; keep one"
        )
    return offered.get_indexer(wanted)


def _stranger_error(bars: Rows, given: Rows, row: int) -> InvalidInputError:
    return InvalidInputError(
        f"{bars.place}: features row {row} is for {_shown(given, row)}, which is not among the "
        "bars of this call; write those features with write_features"
    )


def _count_used(names: TextCodes | None) -> int:
    return 1 if names is None or names.codes is None else np.unique(names.codes).size


def _keys(rows: Rows, like: Rows) -> pd.Index[Any]:
    """Give the keys of rows as far as `like` says them."""
    names = [
        np.array([*own.values, None], object)[own.codes if own.codes is not None else zeros]
        for own, asked in ((rows.symbol, like.symbol), (rows.timeframe, like.timeframe))
        if own is not None and asked is not None
        for zeros in [np.zeros(rows.timestamps.size, np.intp)]
    ]
    if not names:
        return pd.Index(rows.timestamps, copy=False)
    return pd.MultiIndex.from_arrays([*names, rows.timestamps])


def _shown(rows: Rows, row: int) -> str:
    return str(pd.Timestamp(int(rows.timestamps[row]), unit="ns", tz="UTC"))
