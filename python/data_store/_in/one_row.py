# SPDX-License-Identifier: MIT
"""One plain row: the live bar of a caller that has it as a DataFrame.

Looking at each column of a frame costs pandas more than storing the row costs the library, so the
row is taken out in one piece and goes in as a bare bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from .._bar import CELL_NAMES, UNSET, packable, packed
from .._c import abi as _abi
from .cells import Refusal
from .columns.dtypes import objects
from .times import only_ns

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["one_row_in"]

_PLAIN = frozenset(_abi.COLUMN_BITS)

PackedBar: TypeAlias = tuple[bytes, object]
"""The bytes of a `ds_bar`, and what must live as long as they are in use: the texts that they
point to."""


def one_row_in(frame: object, symbol: object, timeframe: object) -> PackedBar | None:
    """Give a frame's only row, packed.

    Returns
    -------
    PackedBar or None
        None for any other frame, and for one that is wrong somewhere: `bars_in` takes the one, and
        says where the other is wrong.
    """
    if type(frame) is not pd.DataFrame or len(frame) != 1 or type(symbol) is not str:
        return None
    index = frame.index
    if type(index) is not pd.DatetimeIndex or type(timeframe) is not str:
        return None
    ns = only_ns(index)
    if ns is None:
        return None
    labels = _plain_labels(frame.columns)
    if labels is None:
        return None
    # Cell by cell: one array for the whole row would take pandas longer to put together.
    cell = frame.iat
    cells = {label: cell[0, place] for place, label in enumerate(labels)}
    try:
        columns, *taken = packable(*(cells.get(name, UNSET) for name in CELL_NAMES))
    except Refusal:
        return None
    return packed(ns, columns, taken), taken


def _plain_labels(columns: pd.Index[Any]) -> list[str] | None:
    """Give a frame's labels, where each is a column's name and there once; else None.

    Frames that were cut out of one share the array of their labels, which is looked at once.
    """
    if columns.nlevels > 1:
        return None
    array = columns.array
    known, labels = _looked_at.get(id(array), (None, None))
    if known is array:
        return labels
    labels = objects(columns)
    try:
        carried = frozenset(labels)
    except TypeError:  # a label that cannot be hashed
        return None
    if not carried <= _PLAIN or len(carried) < len(labels):
        return None
    if len(_looked_at) >= _MOST_LOOKED_AT:
        _looked_at.clear()
    # The array is kept, so that its id stays its own.
    _looked_at[id(array)] = array, labels
    return labels


_looked_at: dict[int, tuple[object, list[str]]] = {}
_MOST_LOOKED_AT = 256
