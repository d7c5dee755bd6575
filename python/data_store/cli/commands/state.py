# SPDX-License-Identifier: MIT
"""``data-store state``: get, set, delete, list."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from ..guard import ended_well, fail, say
from ..options import CsvFlag, JsonFlag, StorePath, Timeout, opened
from ..output import form_of, json_text, write_rows
from ..times import iso_text

EXAMPLES = {
    "get": """
data-store state get market.db phase
data-store state get market.db positions | jq .EURUSD
""",
    "set": """
data-store state set market.db phase '"long"'
data-store state set market.db phase long --text
data-store state set market.db positions '{"EURUSD": 2}'
echo '[1, 2]' | data-store state set market.db levels -
""",
    "delete": """
data-store state delete market.db phase
""",
    "list": """
data-store state list market.db
data-store state list market.db --prefix strategy1. --json
""",
}


def _keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a key that is in the store."""
    path = (ctx.params or {}).get("store")
    try:
        with opened(path or "") as store:
            keys: list[str] = store.state.keys(incomplete)
            return keys
    except Exception:  # completion says nothing
        return []


Key = Annotated[
    str, typer.Argument(metavar="KEY", help="The key.", autocompletion=_keys, show_default=False)
]


def get(store: StorePath, key: Key) -> None:
    """Print a value as JSON; exit status 1 if there is none."""
    absent = object()
    with ended_well(), opened(store) as found:
        value = found.state.get(key, absent)
        if value is absent:
            raise fail(f"there is no value under {key!r}")
        sys.stdout.write(json_text(value) + "\n")


def set_(
    store: StorePath,
    key: Key,
    value: Annotated[
        str,
        typer.Argument(
            metavar="JSON", help="The value; - reads it from stdin.", show_default=False
        ),
    ],
    text: Annotated[
        bool, typer.Option("--text", help="The value is text, not JSON.", show_default=False)
    ] = False,
    timeout: Timeout = 10.0,
) -> None:
    """Store a value under a key."""
    with ended_well():
        given = sys.stdin.read() if value == "-" else value
        made: Any = given
        if not text:
            try:
                made = json.loads(given)
            except (ValueError, RecursionError) as error:
                raise fail(
                    f"{given!r} is not JSON ({error}). Text needs its own quotes, '\"long\"', or "
                    "--text"
                ) from None
        with opened(store, writes=True, timeout=timeout) as found:
            found.state.set(key, made)


def delete(store: StorePath, key: Key, timeout: Timeout = 10.0) -> None:
    """Delete a key; exit status 1 if it was not there."""
    with ended_well(), opened(store, writes=True, timeout=timeout) as found:
        if not found.state.delete(key):
            raise fail(f"there is no value under {key!r}")
        say(f"deleted {key!r}")


def list_(
    store: StorePath,
    prefix: Annotated[str, typer.Option(help="Only keys that begin with it.")] = "",
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List keys, their values, and when each was last written."""
    form = form_of(as_json, as_csv)
    with ended_well(), opened(store) as found:
        state = found.state
        rows = [
            (key, value if form == "json" else json_text(value), _written(state.updated_at(key)))
            for key, value in state.items(prefix).items()
        ]
        write_rows(["key", "value", "updated_at"], rows, form)


def _written(time: Any) -> str | None:
    if time is None:
        return None
    value = getattr(time, "value", None)  # a Timestamp has nanoseconds
    return iso_text(value) if value is not None else time.isoformat()
