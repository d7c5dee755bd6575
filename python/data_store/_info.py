# SPDX-License-Identifier: MIT
"""What `DataStore.info` gives, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["Info", "LastCheckpoint", "Rows", "ServerInfo"]


class Rows(TypedDict):
    """Rows by table."""

    market_data: int
    market_requests: int
    system_state: int


class LastCheckpoint(TypedDict):
    """The latest checkpoint: when it was made, and what `DataStore.checkpoint` gives."""

    at: dt.datetime
    wal_frames: int
    checkpointed: int
    held_back: int


class ServerInfo(TypedDict):
    """The server that a store lies on."""

    version: str
    schema: str
    standby: bool
    fsync: bool
    full_page_writes: bool
    synchronous_commit: str


class Info(TypedDict):
    """What a store is and how large: see `DataStore.info`."""

    path: str
    library_version: str
    abi_version: int
    sqlite_version: str
    sqlite_source_id: str
    wal_reset_safe: bool
    journal_mode: str
    synchronous: str
    durability: str
    read_only: bool
    page_size: int
    file_bytes: int
    wal_bytes: int
    fast_paths: list[str]
    fast_paths_reason: str | None
    last_checkpoint: LastCheckpoint | None
    rows: Rows
    server: ServerInfo | None
