# SPDX-License-Identifier: MIT
"""``data-store read``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Any, Optional

import typer

from ..arrow_in import Batch, batches_of
from ..guard import ended_well
from ..latest import LatestBars
from ..options import CsvFlag, End, JsonFlag, Start, StorePath, Symbol, Timeframe, opened
from ..output import form_of, write_rows
from ..times import iso_text

EXAMPLES = """
data-store read market.db EURUSD 1h --last 10
data-store read market.db EURUSD 1h --start 2026-03-01 --end 2026-03-07 --columns open,close
data-store read market.db EURUSD 1h --features all --csv > eurusd.csv
"""

_CHUNK = 20_000


def read(
    store: StorePath,
    symbol: Symbol,
    timeframe: Timeframe,
    start: Start = None,
    end: End = None,
    columns: Annotated[
        Optional[str],
        typer.Option(metavar="NAMES", help="Such as open,close; else all.", show_default=False),
    ] = None,
    features: Annotated[
        Optional[str],
        typer.Option(
            metavar="KEYS",
            help="Feature values as columns: keys such as rsi@2.1,atr@1.0, or all; json: as text.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        Optional[int], typer.Option(min=0, help="The first so many bars.", show_default=False)
    ] = None,
    last: Annotated[
        Optional[int], typer.Option(min=0, help="The latest so many bars.", show_default=False)
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Read bars of a series, in the order of time."""
    form = form_of(as_json, as_csv)
    if last is not None and (limit is not None or start is not None or end is not None):
        raise typer.BadParameter("goes without --start, --end and --limit", param_hint="--last")
    names = columns.split(",") if columns is not None else None
    choice = _choice(features)
    with ended_well(), opened(store) as found:
        if last is None:
            chunk = max(1, min(_CHUNK, limit or _CHUNK))
            rows: Any = found.market.iter_arrow(
                symbol, timeframe, start, end, columns=names, features=choice, chunk=chunk
            )
        else:
            rows = LatestBars(found, symbol, timeframe, last, names, choice)
        batches = batches_of(rows)
        first = next(batches)
        given = rows_of(chain([first], batches))
        write_rows(list(first.columns), islice(given, limit), form)


def _choice(features: str | None) -> Any:
    if features in (None, ""):
        return None
    return {"all": True, "json": "json"}.get(features) or features.split(",")


def rows_of(batches: Iterable[Batch]) -> Iterator[tuple[Any, ...]]:
    """Give rows out of batches, with times as text."""
    for batch in batches:
        columns = [
            map(iso_text, values) if name == "timestamp" else values
            for name, values in batch.columns.items()
        ]
        yield from zip(*columns)
