# SPDX-License-Identifier: MIT
"""What a file is, by its first bytes."""

from __future__ import annotations

import os

from ...errors import InvalidInputError
from .chunk import Source
from .csv_file import CsvFile
from .folder import Folder
from .json_file import JsonFile
from .naming import Wishes
from .openings import open_file
from .store_file import StoreFile
from .tables import TableFile
from .vnpy import VnpyFile, table_names

__all__ = ["source_of"]

_STORE_TABLES = {"market_data", "market_requests", "system_state"}


def source_of(path: str, wishes: Wishes) -> Source:
    """Open a file, whatever it is.

    Raises
    ------
    InvalidInputError
        It holds no bars that can be read.
    OSError
        It cannot be opened.
    """
    if path != "-" and os.path.isdir(path):
        return Folder(path, wishes)
    opened = open_file(path)
    head = opened.head
    if head.startswith(b"SQLite format 3\x00"):
        opened.close()
        return _database(path, wishes)
    if head[:4] in (b"PAR1", b"ARRO", b"FEA1"):
        opened.close()
        if head[:4] == b"FEA1":
            raise InvalidInputError(
                f"{path}: Feather of version 1, which is no longer read: write it again with "
                "pandas.DataFrame.to_feather"
            )
        return TableFile(path, "Parquet" if head[:4] == b"PAR1" else "Feather", wishes)
    if b"\x00" in head and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        opened.close()
        raise InvalidInputError(
            f"{path}: not a kind of file that is read: CSV, JSON, Parquet, Feather, a vnpy or "
            "data_store database; also as .gz or .zip"
        )
    try:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            return JsonFile(opened, wishes)
        return CsvFile(opened, wishes)
    except BaseException:
        opened.close()
        raise


def _database(path: str, wishes: Wishes) -> Source:
    tables = table_names(path)
    if "dbbardata" in tables:
        return VnpyFile(path, wishes)
    if tables & _STORE_TABLES:
        return StoreFile(path, wishes)
    named = ", ".join(sorted(tables)) or "none"
    raise InvalidInputError(
        f"{path}: a SQLite file, but neither data_store's nor vnpy's; its tables: {named}"
    )
