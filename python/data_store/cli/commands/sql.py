# SPDX-License-Identifier: MIT
"""``data-store sql``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Optional

import typer

from ..arrow_in import Batch, batches_of
from ..guard import ended_well
from ..options import CsvFlag, JsonFlag, StorePath, opened
from ..output import form_of, write_rows
from ..progress import waiting

EXAMPLES = """
data-store sql market.db "SELECT symbol, max(close) AS top FROM market_data GROUP BY symbol"
data-store sql market.db "SELECT close FROM market_data WHERE symbol = ?" --param EURUSD --csv
data-store sql market.db "SELECT count(*) FROM market_data WHERE close > :c" --param c=1.2
data-store sql market.db - < query.sql
"""


def sql(
    store: StorePath,
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", help="One statement that only reads; - is stdin.", show_default=False
        ),
    ],
    param: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="VALUE",
            help="For the next ?; NAME=VALUE for :NAME. Numbers are numbers, null is NULL, "
            "'\"1\"' is text.",
            show_default=False,
        ),
    ] = None,
    limit_seconds: Annotated[
        Optional[float],
        typer.Option(
            "--timeout", min=0, help="Stop a query that takes longer.", show_default=False
        ),
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Run a query that only reads. Tables: market_data, market_requests, system_state."""
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        text = sys.stdin.read() if query == "-" else query
        with waiting("querying"):
            rows = found.sql_arrow(text, _parameters(param or []), timeout=limit_seconds)
        batches = batches_of(rows)
        first = next(batches)
        write_rows(list(first.columns), _rows(chain([first], batches)), form)


def _rows(batches: Iterator[Batch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*batch.columns.values())


def _parameters(given: list[str]) -> Any:
    named = [_named(text) for text in given]
    if named and all(name for name, _ in named):
        return {name: _value(text) for name, text in named}
    return [_value(text) for text in given]


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    return (name.lstrip(":@$"), value) if equals and name.lstrip(":@$").isidentifier() else ("", "")


def _value(text: str) -> Any:
    if text.lower() == "null":
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
