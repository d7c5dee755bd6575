# SPDX-License-Identifier: MIT
"""A file that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import InvalidInputError

__all__ = ["appearing"]


@contextmanager
def appearing(target: str, *, overwrite: bool, marker: str | None = None) -> Iterator[Path]:
    """Give a name to write to, which becomes `target` when the block ends well.

    Parameters
    ----------
    target : str
        A file, or a folder if `marker` is given.
    overwrite : bool
        Replace what is there.
    marker : str, optional
        The file that a folder must have in it to be replaced: others are not ours.

    Raises
    ------
    InvalidInputError
        `target` exists, and may not be replaced.
    """
    final = Path(target)
    if final.is_symlink():
        final = final.resolve()
    _check(final, overwrite, marker)
    part = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        yield part
        if marker is None:
            _synchronized(part)
        _check(final, overwrite, marker)
        if marker is not None and final.exists():
            old = final.with_name(f".{final.name}.{os.getpid()}.old")
            final.rename(old)
            part.rename(final)
            shutil.rmtree(old)
        elif overwrite or marker is not None:
            part.replace(final)
        else:
            _linked(part, final)
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _check(final: Path, overwrite: bool, marker: str | None) -> None:
    if not final.exists():
        return
    if not overwrite:
        raise InvalidInputError(f"{final} exists; --overwrite replaces it")
    if marker is None and final.is_dir():
        raise InvalidInputError(f"{final} is a directory; name a file, or ask for --folder")
    if marker is not None and not (final / marker).is_file():
        raise InvalidInputError(f"{final} was not made by export, so it is not replaced")


def _synchronized(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _linked(part: Path, final: Path) -> None:
    """Give it its name, unless another program has taken that meanwhile."""
    try:
        os.link(part, final)
    except FileExistsError:
        raise InvalidInputError(f"{final} exists; --overwrite replaces it") from None
    except OSError:  # a file system without hard links
        part.rename(final)
