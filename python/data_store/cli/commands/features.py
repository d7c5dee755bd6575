# SPDX-License-Identifier: MIT
"""``data-store features``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Optional

import typer

from ..arrow_in import Batch, batches_of
from ..guard import ended_well
from ..options import CsvFlag, End, JsonFlag, Start, StorePath, Symbol, Timeframe, opened
from ..output import form_of, write_rows
from ..times import iso_text

EXAMPLES = """
data-store features market.db EURUSD 1h --keys
data-store features market.db EURUSD 1h --key rsi@2.1 --start 2026-03-01
data-store features market.db EURUSD 1h --json
"""


def features(
    store: StorePath,
    symbol: Symbol,
    timeframe: Timeframe,
    start: Start = None,
    end: End = None,
    key: Annotated[
        Optional[list[str]],
        typer.Option(help="Such as rsi@2.1; may be given again.", show_default=False),
    ] = None,
    keys: Annotated[
        bool, typer.Option("--keys", help="Only list the keys.", show_default=False)
    ] = False,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Read features and their quality: a row per bar and key."""
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        market = found.market
        if keys:
            listed = market.feature_keys(symbol, timeframe, start, end)
            write_rows(["key"], [(one,) for one in listed], form)
            return
        rows = market.read_features_arrow(symbol, timeframe, start, end, keys=key or None)
        write_rows(["timestamp", "key", "value", "quality"], _long(batches_of(rows)), form)


def _long(batches: Iterator[Batch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        times = batch.columns.pop("timestamp")
        names = list(batch.columns)
        for time, cells in zip(times, zip(*batch.columns.values())):
            text = iso_text(time)
            for name, cell in zip(names, cells):
                if cell is not None:
                    yield text, name, *cell
