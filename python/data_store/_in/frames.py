# SPDX-License-Identifier: MIT
"""DataFrames of bars on their way into the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from .._c import abi as _abi
from .._pandas import column_of, doubles_of
from ..errors import InvalidInputError
from .batch import Batch
from .columns import Refusal, doubles, flags, texts
from .columns.dtypes import BareColumn, Column
from .features import carry_by_position, carry_features
from .labels import LABELS, labels_error
from .places import cell_error, place_of
from .rows import rows_of

__all__ = ["bars_in"]


def _carry_doubles(batch: Batch, name: str, column: Column) -> None:
    batch.carry_array(name, doubles(column))


def _carry_flags(batch: Batch, name: str, column: Column) -> None:
    batch.carry_array(name, flags(column))


def _carry_texts(batch: Batch, name: str, column: Column) -> None:
    batch.carry_text(name, texts(column))


_KINDS = {"number": _carry_doubles, "text": _carry_texts, "flag": _carry_flags}
_CARRIERS: dict[Any, Callable[[Batch, str, Column], None]] = {
    **{column.name: _KINDS[column.kind] for column in _abi.BAR_COLUMNS},
    "features": carry_by_position,
}


def bars_in(frame: pd.DataFrame, symbol: object, timeframe: object, features: object) -> Batch:
    """Bring bars, and their features, into the library's layout.

    Parameters
    ----------
    frame : DataFrame
        A tz-aware `DatetimeIndex` or such a `timestamp` column, and any of the schema's columns.
        float64 columns that are contiguous are not copied.
    symbol, timeframe : str or None
        None: the frame carries them.
    features : optional
        Feature values for the frame's bars, in any form that `features` knows.

    Raises
    ------
    InvalidInputError
        A column is unknown, given twice, or holds what cannot be converted without guessing.
    """
    place = place_of(symbol, timeframe)
    labels = frame.columns
    names = labels.tolist()
    if not LABELS.issuperset(names):
        raise labels_error(frame, symbol, timeframe, place)
    if len(set(names)) < len(names):
        twice = labels[labels.duplicated()][0]
        raise InvalidInputError(f"{place}: column {twice!r} is given twice; drop or rename one")
    if features is not None and "features" in names:
        raise InvalidInputError(
            f"{place}: features are given twice, as an argument and as a column; drop one"
        )
    batch = Batch(rows_of(frame, symbol, timeframe, labels=names))
    plain = doubles_of(frame)
    for number, name in enumerate(names):
        carry = _CARRIERS.get(name)
        if carry is _carry_doubles and number in plain:
            batch.carry_doubles(str(name), plain[number])
            continue
        if carry is None:  # a key of the row: it is in the batch already
            continue
        try:
            carry(batch, str(name), BareColumn(column_of(frame, number)))
        except Refusal as refusal:
            raise cell_error(refusal, batch.rows.place, str(name)) from None
    if features is not None:
        carry_features(batch, features)
    return batch
