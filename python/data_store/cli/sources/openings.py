# SPDX-License-Identifier: MIT
"""Opening a file to read it: plain, gzip, the one file in a zip, or standard input."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any, TypeVar

from ...errors import InvalidInputError

__all__ = ["Opened", "open_file"]

Made = TypeVar("Made")
_PEEKED = 4096


class Opened:
    """A file that is open, with how far it was read.

    Attributes
    ----------
    name : str
        As the user named it.
    head : bytes
        Its first bytes, unpacked.
    size : int or None
        Bytes of the file as it lies there; None for standard input.
    """

    def __init__(self, name: str, raw: IO[bytes], size: int | None) -> None:
        self.name = name
        self.size = size
        self._raw = raw
        self._packed = raw
        self._is_pipe = size is None
        self._file: Any = io.BufferedReader(raw) if isinstance(raw, io.RawIOBase) else raw
        self._unpack()
        self.head = self.checked(lambda: self._file.peek(_PEEKED))[:_PEEKED]

    def _unpack(self) -> None:
        head = self.checked(lambda: self._file.peek(4))
        if head.startswith(b"\x1f\x8b"):
            self._file = io.BufferedReader(gzip.GzipFile(fileobj=self._file))
        elif head.startswith(b"PK\x03\x04") and not self._is_pipe:
            archive = self.checked(lambda: zipfile.ZipFile(self._file))
            if any(entry.filename == "[Content_Types].xml" for entry in archive.infolist()):
                raise InvalidInputError(
                    f"{self.name}: a spreadsheet; save it as CSV, with times as 2026-03-01 15:00"
                )
            names = [
                entry.filename
                for entry in archive.infolist()
                if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
            ]
            if len(names) != 1:
                raise InvalidInputError(
                    f"{self.name}: a zip with {len(names)} files in it; unpack it and name the "
                    "files"
                )
            self._file = io.BufferedReader(self.checked(lambda: archive.open(names[0])))

    def checked(self, read: Callable[[], Made]) -> Made:
        """Read; what is wrong with the file becomes a message that names it."""
        try:
            return read()
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"{self.name}: not UTF-8 text ({error.reason} at byte {error.start:,} of a block). "
                "Convert it, for example: iconv -f latin1 -t utf-8"
            ) from None
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise InvalidInputError(f"{self.name}: the archive is damaged: {error}") from None
        except (RuntimeError, NotImplementedError) as error:  # a zip with a password, or odd
            raise InvalidInputError(f"{self.name}: the zip cannot be read: {error}") from None

    def text(self) -> IO[str]:
        """Give the file as text, line ends as they are."""
        encoding = "utf-16" if self.head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return io.TextIOWrapper(self._file, encoding=encoding, newline="")

    def position(self) -> int:
        """Give how many bytes of the file as it lies there were read."""
        try:
            return self._packed.tell() if not self._is_pipe else 0
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


def open_file(name: str) -> Opened:
    """Open a file by its path, "-" for standard input.

    Raises
    ------
    InvalidInputError
        It is a directory, or cannot be unpacked.
    OSError
        It cannot be opened.
    """
    if name == "-":
        return Opened("standard input", sys.stdin.buffer, None)
    file = open(name, "rb")  # noqa: SIM115 - closed by its owner
    return Opened(name, file, os.fstat(file.fileno()).st_size)
