# SPDX-License-Identifier: MIT
"""The commands, put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from .. import __version__
from .commands import (
    backup,
    check,
    checkpoint,
    copy,
    doctor,
    export,
    features,
    import_,
    info,
    missing,
    plot,
    read,
    requests,
    series,
    sql,
    state,
    verify,
)
from .guard import INTERRUPTED

__all__ = ["app", "run"]

_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="data-store",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
    subcommand_metavar="COMMAND ...",
    rich_markup_mode=None,
)
state_app = typer.Typer(no_args_is_help=True, context_settings=_SETTINGS, rich_markup_mode=None)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the version.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Bars, features and state of a trading system, in one SQLite file.

    Every command takes the store's file first. Data goes to stdout, words to stderr. Rows are a
    table on a terminal and tab-separated in a pipe; --csv and --json say otherwise. Exit status:
    0 done, 1 something was found or refused, 2 wrong usage, 130 Ctrl-C.
    """


def _add(group: typer.Typer, name: str, function: Callable[..., Any], examples: str) -> None:
    lines = ["\b", "Examples:", *(f"  {line}" for line in examples.strip().splitlines())]
    group.command(name, epilog="\n".join(lines), context_settings=_SETTINGS)(function)


for _module, _name in (
    (info, "info"),
    (series, "series"),
    (read, "read"),
    (features, "features"),
    (requests, "requests"),
    (import_, "import"),
    (export, "export"),
    (backup, "backup"),
    (copy, "copy"),
    (verify, "verify"),
    (checkpoint, "checkpoint"),
    (check, "check"),
    (doctor, "doctor"),
    (sql, "sql"),
    (missing, "missing"),
    (plot, "plot"),
):
    _function = getattr(_module, _module.__name__.rpartition(".")[2])
    _add(app, _name, _function, _module.EXAMPLES)

for _name, _function in (
    ("get", state.get),
    ("set", state.set_),
    ("delete", state.delete),
    ("list", state.list_),
):
    _add(state_app, _name, _function, state.EXAMPLES[_name])
app.add_typer(state_app, name="state", help="Get, set, delete or list state values.")


def run(arguments: list[str]) -> int:
    """Run a command line; give its exit status."""
    if sys.stdout is None:  # closed by a shell: >&-
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is shown by its number.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(arguments, prog_name="data-store")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
