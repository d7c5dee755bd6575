# SPDX-License-Identifier: MIT
"""How a command ends: exit statuses, and messages instead of tracebacks."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ..errors import BusyError, DataStoreError
from .usage import UsageError

__all__ = ["FOUND", "INTERRUPTED", "USAGE", "counted", "ended_well", "fail", "say"]

FOUND = 1
"""Something was found, or refused."""
USAGE = 2
INTERRUPTED = 130


def say(text: str) -> None:
    """Print words, on stderr."""
    print(text, file=sys.stderr)


def counted(count: int, word: str) -> str:
    """Give a count with its word, of which more than one are written with an s."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def fail(text: str, status: int = FOUND) -> typer.Exit:
    """Print what is wrong; raise what this returns."""
    say(f"data-store: {text}")
    return typer.Exit(status)


@contextmanager
def ended_well(interrupted: str = "interrupted") -> Iterator[None]:
    """Around a command: what the user did wrong becomes a message and an exit status.

    Parameters
    ----------
    interrupted : str, optional
        What to say after Ctrl-C.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has what it wanted: head, for one
        _drop_output()
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        raise fail(interrupted, INTERRUPTED) from None
    except BusyError as error:
        raise fail(f"{error} (--timeout waits longer)") from None
    except UsageError as error:
        raise fail(str(error), USAGE) from None
    except DataStoreError as error:
        if type(error) is DataStoreError:
            raise fail(f"a bug in data_store: {error}") from None
        raise fail(str(error)) from None
    except OSError as error:
        if error.filename is None and error.errno in _OUTPUT_ERRORS:
            _drop_output()
        name = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        raise fail(f"{name}{error.strerror or error}") from None
    except MemoryError:
        raise fail("out of memory") from None


# What writing to a file that stdout was sent to may fail with.
_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _drop_output() -> None:
    """Leave nothing on stdout that Python would try to write once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
