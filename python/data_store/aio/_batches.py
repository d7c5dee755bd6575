# SPDX-License-Identifier: MIT
"""The batches of `MarketRepo.iter_arrow`, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._arrow.batches import batches_between
from .._arrow.result import ArrowResult
from .._c import abi as _abi
from .._in.selection import selection_of
from .._market.arguments import Bound, FeatureChoice
from .._progress import Progress
from .._timestamps import range_of
from ..core import DataStore

__all__ = ["batches_of"]


def batches_of(
    store: DataStore,
    symbol: str | Sequence[str],
    timeframe: str,
    start: Bound,
    end: Bound,
    columns: Sequence[str] | None,
    features: FeatureChoice,
    chunk: int,
    progress: Progress = None,
) -> Iterator[ArrowResult]:
    """Give the batches of `MarketRepo.iter_arrow`: of the same columns, whatever is in a chunk."""
    selection = selection_of(symbol, columns, features)
    if selection.features == _abi.FEATURES_VALUES and selection.keys is None:
        whole = store.market.iter_arrow(symbol, timeframe, start, end, columns=(), features=True)
        keys = whole.column_names[2 if selection.by_symbol else 1 :]
        selection = selection_of(symbol, columns, keys)
    bounds = range_of(start, end)
    given = store._store, symbol, timeframe, bounds, chunk, selection
    return batches_between(*given, progress)
