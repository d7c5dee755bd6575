# SPDX-License-Identifier: MIT
"""``data-store import``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from typing import Annotated, Any, Optional

import typer

from ...core import DataStore
from ...errors import BusyError, DataStoreError, InvalidInputError, LibraryError, SchemaError
from ..guard import FOUND, counted, ended_well, say
from ..importing import Importer, Tally
from ..options import CsvFlag, JsonFlag, StorePath, Timeout
from ..output import form_of, write_rows
from ..progress import bar
from ..sources.naming import PRESETS, TARGETS, Wishes
from ..sources.sniffing import source_of
from ..usage import UsageError

EXAMPLES = """
data-store import market.db EURUSD.csv --symbol EURUSD --timeframe 1h --dry-run
data-store import market.db BTCUSDT-1m-2024-*.zip
data-store import market.db AAPL.csv --symbol AAPL --timeframe 1d --tz UTC
data-store import market.db user_data/data/binance/BTC_USDT-1h.feather
data-store import market.db ohlcv.json --symbol BTC/USDT --timeframe 1h
data-store import market.db odd.csv --symbol X --timeframe 1d --map timestamp=Day --map close=Last
data-store import market.db database.db --tz Asia/Shanghai
data-store import market.db other-store.db
"""

_COUNTS = ("rows", "inserted", "changed", "unchanged", "repeated", "refused")
_SHOWN = 10
_UNITS = ("s", "ms", "us", "ns")


def import_(
    store: StorePath,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="CSV, JSON, Parquet, Feather (.gz and .zip too), a vnpy database, another store, "
            "a folder that export wrote; - is stdin.",
            show_default=False,
        ),
    ],
    symbol: Annotated[
        Optional[str],
        typer.Option(
            help="What the bars are of; else a column or the name says.", show_default=False
        ),
    ] = None,
    timeframe: Annotated[
        Optional[str], typer.Option(help="Such as 1h; else as for --symbol.", show_default=False)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, and write nothing.", show_default=False)
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Store nothing of a file with a row that is refused.",
            show_default=False,
        ),
    ] = False,
    tz: Annotated[
        Optional[str],
        typer.Option(
            metavar="ZONE",
            help="Of times that name none: UTC, America/New_York.",
            show_default=False,
        ),
    ] = None,
    mapped: Annotated[
        Optional[list[str]],
        typer.Option(
            "--map",
            metavar="OURS=THEIRS",
            help="Name a column: close=Last, or a feature: rsi@2.1=RSI.",
            show_default=False,
        ),
    ] = None,
    skip: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="COLUMN", help="Leave a column out; * all others.", show_default=False
        ),
    ] = None,
    columns: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAMES",
            help="Of a file without a header: timestamp,open,high,low,close,- (- is left out).",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        Optional[str],
        typer.Option(
            help=f"Whose CSV it is: {', '.join(PRESETS)}; else found out.", show_default=False
        ),
    ] = None,
    header: Annotated[
        Optional[bool],
        typer.Option("--header/--no-header", help="Else found out.", show_default=False),
    ] = None,
    separator: Annotated[
        Optional[str],
        typer.Option(help="One character, or tab; else found out.", show_default=False),
    ] = None,
    decimal: Annotated[str, typer.Option(help="The decimal point of numbers.")] = ".",
    unit: Annotated[
        Optional[str],
        typer.Option(
            help="Of times that are numbers: s, ms, us, ns; else by their size.",
            show_default=False,
        ),
    ] = None,
    time_format: Annotated[
        Optional[str],
        typer.Option(
            metavar="FORMAT",
            help="Of times that are not ISO 8601: '%d.%m.%Y %H:%M'.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    timeout: Timeout = 10.0,
) -> None:
    """Bring bars into a store; it is made if there is none.

    What is stored already is compared with, and only what differs is written, in a transaction
    per chunk of some 40,000 bars: a run that was cut short goes on where it was when it is
    started again, and a second run changes nothing. A bar's columns that a file does not have
    keep what is stored. Rows that cannot be read are told and left out: exit status 1.
    """
    form = form_of(as_json, as_csv)
    wishes = Wishes(
        symbol=symbol,
        timeframe=timeframe,
        preset=_one_of(preset, PRESETS, "--preset"),
        maps=_maps(mapped or []),
        skips=frozenset(skip or []),
        columns=tuple(columns.split(",")) if columns else None,
        header=header,
        separator=_separator(separator),
        decimal=_one_of(decimal, (".", ","), "--decimal") or ".",
        unit=_one_of(unit, _UNITS, "--unit"),
        zone=tz,
        pattern=time_format,
    )
    if strict and "-" in files:
        raise typer.BadParameter("needs a file: standard input is read once", param_hint="--strict")
    stopped = "interrupted: whole chunks are stored; run the same command again to go on"
    with ended_well("interrupted: nothing was written" if dry_run else stopped):
        tallies, failed = _all(store, files, wishes, dry_run, strict, timeout)
        _report(tallies, form, dry_run=dry_run)
        if failed or any(tally.refused for tally in tallies):
            raise typer.Exit(FOUND)


def _all(
    path: str, files: list[str], wishes: Wishes, dry_run: bool, strict: bool, timeout: float
) -> tuple[list[Tally], bool]:
    """Bring in each file; one that cannot be read does not keep the others out."""
    wishes.times  # noqa: B018 - a zone that does not exist is told at once
    for file in files:
        if file == path or _is_same_file(path, file):
            raise UsageError(f"{file}: the store itself; name the files to import after the store")
        if file != "-":
            os.stat(file)
    if len(files) > 1:
        _look_at_all(files, wishes)
    tallies, failed = [], False
    store: Any = None
    importer: Importer | None = None
    try:
        for file in files:
            importer = None
            try:
                with closing(source_of(file, wishes)) as source:
                    if store is None:
                        store = _opened(path, dry_run, timeout)
                    if strict and not dry_run:
                        trial = _taken(Importer(store, is_trial=True), file, wishes)
                        if trial.refused:
                            trial.inserted = trial.changed = 0
                            trial.notes.append("nothing of it was stored: --strict")
                            tallies.append(trial)
                            continue
                    importer = Importer(store, is_trial=dry_run)
                    tallies.append(_with_progress(importer, source))
            except (UsageError, BusyError):
                raise
            except (InvalidInputError, LibraryError, PermissionError) as error:
                failed = True
                if importer and importer.tally and importer.tally.rows:
                    importer.tally.notes.append("the file was read up to the error only")
                    tallies.append(importer.tally)
                text = str(error)
                say(f"data-store: {text if file in text else f'{file}: {text}'}")
    finally:
        if store is not None:
            store.close()
    return tallies, failed


def _is_same_file(path: str, file: str) -> bool:
    return os.path.exists(path) and os.path.exists(file) and os.path.samefile(path, file)


def _opened(path: str, dry_run: bool, timeout: float) -> Any:
    """Open the store; None where it is only to be looked at and nothing is there yet."""
    is_server = path.startswith(("postgresql://", "postgres://"))
    if dry_run and not is_server and not os.path.exists(path):
        return None
    try:
        return DataStore(path, read_only=dry_run, timeout=timeout)
    except SchemaError as error:
        if dry_run and is_server and "lacks a table" in str(error):
            return None  # the schema is empty
        raise


def _look_at_all(files: list[str], wishes: Wishes) -> None:
    """Tell what the command line lacks before anything of the first file is stored."""
    for file in files:
        if file == "-":
            continue
        try:
            source_of(file, wishes).close()
        except UsageError:
            raise
        except (DataStoreError, OSError):
            continue  # told when its turn comes


def _taken(importer: Importer, file: str, wishes: Wishes) -> Tally:
    with closing(source_of(file, wishes)) as source:
        return _with_progress(importer, source)


def _with_progress(importer: Importer, source: Any) -> Tally:
    with bar(os.path.basename(source.name)) as step:
        return importer.take(
            source, lambda tally: step(source.done, source.size, f"{tally.rows:,} rows")
        )


# ---- What is told -------------------------------------------------------------------------------


def _report(tallies: list[Tally], form: str, *, dry_run: bool) -> None:
    rows = [_row(tally, form) for tally in tallies]
    names = ["file", "kind", "series", *_COUNTS, "state", "requests"]
    has_more = form in ("json", "csv") or any(tally.state or tally.requests for tally in tallies)
    if not has_more:
        names = names[:-2]
    if form == "json":
        names.append("refusals")
    if rows:
        write_rows(names, [row[: len(names)] for row in rows], form)
    for tally in tallies:
        for note in tally.notes:
            say(f"{tally.file}: {note}")
        for refused in tally.refusals[:_SHOWN]:
            say(f"{tally.file}: {refused.place}: {refused.reason}")
        if tally.refused > _SHOWN:
            say(f"{tally.file}: {counted(tally.refused - _SHOWN, 'more row')} refused")
    if tallies:
        say(_conclusion(tallies, dry_run=dry_run))


def _row(tally: Tally, form: str) -> list[Any]:
    series: Any = [f"{symbol} {timeframe}" for symbol, timeframe in tally.series]
    if form != "json":
        series = ", ".join(series[:3]) + (f", … ({len(series)})" if len(series) > 3 else "")
    counts = [getattr(tally, name) for name in (*_COUNTS, "state", "requests")]
    refusals = [{"place": place, "reason": reason} for place, reason in tally.refusals]
    return [tally.file, tally.kind, series, *counts, refusals]


def _conclusion(tallies: list[Tally], *, dry_run: bool) -> str:
    def total(name: str) -> int:
        return sum(getattr(tally, name) for tally in tallies)

    new, changed, refused = total("inserted"), total("changed"), total("refused")
    would = "would be " if dry_run else ""
    if not new and not changed and not total("state") and not total("requests"):
        said = "nothing changes" if dry_run else "nothing changed"
        stored = total("unchanged")
        if stored:
            every = f"all {stored:,} bars are" if stored > 1 else "the bar is"
            said += f": {every} stored already"
    else:
        said = f"{counted(new, 'bar')} {would}inserted, {changed:,} changed"
        if total("state") or total("requests"):
            said += f", {counted(total('state'), 'state value')}"
            said += f", {counted(total('requests'), 'request')}"
        more = [f"{total(name):,} {name}" for name in ("unchanged", "repeated") if total(name)]
        if more:
            said += f" ({', '.join(more)})"
    if refused:
        said += f"; {counted(refused, 'row')} {would}refused"
    return said + ("; nothing was written: --dry-run" if dry_run else "")


# ---- Options ------------------------------------------------------------------------------------


def _one_of(given: str | None, known: Iterable[str], option: str) -> str | None:
    if given is not None and given not in known:
        raise typer.BadParameter(f"{given!r} is not one of {', '.join(known)}", param_hint=option)
    return given


def _maps(given: list[str]) -> dict[str, str]:
    maps = {}
    for text in given:
        ours, equals, theirs = text.partition("=")
        if not equals or not theirs or (ours not in TARGETS and "@" not in ours.strip("@")):
            raise typer.BadParameter(
                f"{text!r}: write OURS=THEIRS, where OURS is one of {', '.join(TARGETS)} or a "
                "feature's key such as rsi@2.1",
                param_hint="--map",
            )
        maps[ours] = theirs
    return maps


def _separator(given: str | None) -> str | None:
    separator = {"tab": "\t", "\\t": "\t"}.get(given or "", given)
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        raise typer.BadParameter("one character, or tab", param_hint="--separator")
    return separator
