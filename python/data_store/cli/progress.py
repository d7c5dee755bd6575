# SPDX-License-Identifier: MIT
"""Progress of what lasts, on a terminal; nothing where stderr is a file or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from .._progress import Tell

__all__ = ["bar", "counted", "waiting"]

Step: TypeAlias = "Callable[[int, int | None, str], None]"


@contextmanager
def bar(title: str) -> Iterator[Step]:
    """Show how far something is.

    Parameters
    ----------
    title : str
        What it is; empty: show nothing.

    Yields
    ------
    callable
        To be called with what is done, of how much (None: nobody knows), and words.
    """
    if not title or not sys.stderr.isatty():
        yield lambda done, total, words: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        Remaining(compact=True),
        console=Console(file=sys.stderr),
        transient=True,
    )
    with shown as progress:
        task = progress.add_task(title, total=None, words="")
        yield lambda done, total, words: progress.update(
            task, completed=done, total=total, words=words
        )


@contextmanager
def counted(title: str, unit: str = "") -> Iterator[Tell | None]:
    """Show how far a call of the library is.

    Parameters
    ----------
    title : str
        What it is.
    unit : str, optional
        What it counts; nothing where that would say little.

    Yields
    ------
    callable or None
        For `progress` of the call; None where nothing is shown.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with bar(title) as step:

        def tell(done: int, total: int | None) -> None:
            of = "" if total is None else f" of {total:,}"
            step(done, total, f"{done:,}{of} {unit}" if unit else "")

        yield tell


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """Show that something goes on whose length nobody knows."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(file=sys.stderr).status(escape(title)):
        yield
