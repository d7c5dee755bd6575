# SPDX-License-Identifier: MIT
"""Rows on stdout: a table for people, tab-separated in a pipe, CSV, or JSON."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any, Literal

import typer

from .guard import say
from .times import Remembered

__all__ = ["Form", "csv_line", "form_of", "json_text", "write_object", "write_rows"]

_SHOWN = 30
"""Rows at either end of a table on a terminal."""

Form = str  # "table", "plain", "csv", "json"


def form_of(as_json: bool, as_csv: bool) -> Form:
    """Give the form that the options ask for."""
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv: one of them", param_hint="--json")
    if as_json or as_csv:
        return "json" if as_json else "csv"
    return "table" if sys.stdout.isatty() else "plain"


def write_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Form, *, title: str | None = None
) -> None:
    """Write rows to stdout.

    Parameters
    ----------
    columns : sequence of str
        Their names.
    rows : iterable of sequence
        None is NULL; times are text by now.
    form : str
        As `form_of` gives it.
    title : str, optional
        Of a table.
    """
    if form == "table":
        _write_table(columns, iter(rows), title)
        return
    out = sys.stdout
    if form == "json":
        write_json(columns, rows, out)
        return
    line = csv_line if form == "csv" else _plain_line
    out.write(line(columns))
    _write_lines(map(line, rows), out)


def write_object(values: dict[str, Any], form: Form) -> None:
    """Write one thing: JSON, or a line per value."""
    if form == "json":
        sys.stdout.write(json_text(values, indent=2) + "\n")
    elif form == "csv":
        write_rows(["name", "value"], _flat(values), "csv")
    else:
        flat = list(_flat(values))
        if form == "plain":
            for name, value in flat:
                sys.stdout.write(_plain_line((name, value)))
            return
        width = max(len(name) for name, _ in flat)
        for name, value in flat:
            sys.stdout.write(f"{name:<{width}}  {_shown(value)}\n")


def _flat(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, ", ".join(map(str, value)) if isinstance(value, list) else value


def _write_lines(lines: Iterator[str], out: IO[str]) -> None:
    while some := list(islice(lines, 1000)):
        out.write("".join(some))


# ---- CSV and plain text -------------------------------------------------------------------------


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return json_text(value)
    return str(value)


def _quoted(value: Any) -> str:
    text = _cell(value)
    # An empty cell is NULL, so empty text is quoted.
    is_odd = any(sign in text for sign in ',"\n\r') or text != text.strip()
    if is_odd or (not text and isinstance(value, str)):
        return '"' + text.replace('"', '""') + '"'
    return text


# Nearly all cells are of these types, and texts are mostly those of the row before.
_texts = Remembered(_quoted)
_SPELLING: dict[type, Callable[[Any], str]] = {
    float: repr,
    int: str,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "",
    str: _texts.__getitem__,
}


def csv_line(row: Sequence[Any]) -> str:
    """Give a row as a line of CSV, which `import` reads back exactly."""
    spell = _SPELLING.get
    return ",".join([spell(type(value), _quoted)(value) for value in row]) + "\n"


def _plain_line(row: Sequence[Any]) -> str:
    cells = (_cell(value).replace("\t", " ").replace("\n", " ") for value in row)
    return "\t".join(cells) + "\n"


# ---- JSON ---------------------------------------------------------------------------------------


def json_text(value: Any, indent: int | None = None) -> str:
    """Give a value as JSON; an infinity as 1e999, which every reader takes for one."""
    encode = _compact if indent is None else _encoder(indent, None)
    try:
        return encode(value)
    except ValueError:
        text = encode(_finite(value))
        return text.replace(f'"{_INFINITE}', "").replace(f'{_INFINITE}"', "")


def _encoder(indent: int | None, separators: tuple[str, str] | None) -> Callable[[Any], str]:
    return json.JSONEncoder(
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=separators,
        default=_cell,
    ).encode


_compact = _encoder(None, (",", ":"))


_INFINITE = "\ue000"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        return f"{_INFINITE}{'-' if value < 0 else ''}1e999{_INFINITE}"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def write_json(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: IO[str]) -> None:
    """Write an array with an object per line."""
    lines = (json_text(dict(zip(columns, row))) for row in rows)
    first = next(lines, None)
    if first is None:
        out.write("[]\n")
        return
    out.write("[\n" + first)
    _write_lines((",\n" + line for line in lines), out)
    out.write("\n]\n")


# ---- A table ------------------------------------------------------------------------------------


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return _cell(value)


def _write_table(columns: Sequence[str], rows: Iterator[Sequence[Any]], title: str | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    first = list(islice(rows, _SHOWN))
    last: deque[Sequence[Any]] = deque(maxlen=_SHOWN)
    left_out = -_SHOWN
    for row in rows:
        left_out += 1
        last.append(row)
    rows_shown = [*first, *last]
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.padding = (0, 1)
    cells, hidden = [], []
    for place, name in enumerate(columns):
        values = [row[place] for row in rows_shown]
        if len(columns) > _FEW and values and all(value is None for value in values):
            hidden.append(name)
            continue
        is_number = any(type(value) in (int, float) for value in values)
        texts, unit = _for_people(values)
        is_narrow = is_number or bool(unit)
        side: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(Text(name + unit), justify=side, overflow="fold", no_wrap=is_narrow)
        texts[len(first) : len(first)] = ["…"] * (left_out > 0)
        cells.append(texts)
    for line in zip(*cells):
        table.add_row(*map(Text, line))
    Console(file=sys.stdout).print(table)
    if hidden:
        say(f"columns without a value are not shown: {', '.join(hidden)}")
    if left_out > 0:
        say(f"{left_out:,} rows are not shown; --csv and --json write all of them")


def _for_people(values: list[Any]) -> tuple[list[str], str]:
    """Give cells as they are read best, and what is said about all of them in the head."""
    texts = [_shown(value) for value in values]
    if not values or not all(isinstance(value, str) and _UTC.fullmatch(value) for value in values):
        return texts, ""
    texts = [text[:-6].replace("T", " ") for text in texts]
    if all(text.endswith(":00") and len(text) == _SECONDS for text in texts):
        texts = [text[:-3] for text in texts]
    return texts, " UTC"


_UTC = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")
_SECONDS = len("2026-03-01 15:00:00")
_FEW = 6
"""Columns up to which a table shows those without a value."""
