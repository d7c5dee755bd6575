# SPDX-License-Identifier: MIT
"""``data-store doctor``."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import typer

from ..._info import Info, Rows, ServerInfo
from ...core import DataStore
from ...errors import DataStoreError
from ..guard import FOUND, ended_well, say
from ..holders import Holder, holders_of
from ..options import CsvFlag, JsonFlag, StorePath, opened, shown
from ..output import form_of, write_rows
from ..progress import waiting

EXAMPLES = """
data-store doctor market.db
data-store doctor market.db --json | jq '.[] | select(.result == "found")'
"""

OK, NOTE, FAULT = "ok", "note", "found"
_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ncpfs",
     "davfs", "virtiofs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs",
     "fuse.davfs2")
)  # fmt: skip
_LARGE_WAL = 64 << 20


class Finding(NamedTuple):
    """What was looked at, and what came of it."""

    what: str
    result: str
    details: str


def doctor(store: StorePath, as_json: JsonFlag = False, as_csv: CsvFlag = False) -> None:
    """Look at everything that can be wrong with a store.

    Exit status 1 if something is found.

    Of a file: integrity, timestamps that other tools wrote, the write-ahead log and the processes
    that hold it back, SQLite's version and its known bugs, the file system, permissions, and which
    fast paths are on. Of a server's store: integrity, and the settings that it must have.
    """
    form = form_of(as_json, as_csv)
    with ended_well():
        with opened(store) as found, waiting("looking at the store"):
            findings = list(_examined(found))
        write_rows(["what", "result", "details"], findings, form)
        faults = [finding for finding in findings if finding.result == FAULT]
        if faults:
            say(f"{shown(store, found)}: {len(faults)} found")
            raise typer.Exit(FOUND)
        say(f"{shown(store, found)}: healthy")


def _examined(store: DataStore) -> Iterator[Finding]:
    info = store.info()
    path = info["path"]
    if info["server"]:
        yield Finding("tables", OK, f"{path}, {_rows(info['rows'])}")
        yield from _integrity(store, "tables, columns, times and features are as they have to be")
        yield from _server(info["server"])
        return
    yield Finding("file", OK, f"{path}, {_size(info['file_bytes'])}, {_rows(info['rows'])}")
    yield from _integrity(store, "every page and row was read; no other tool's timestamps")
    yield from _log(store, info)
    yield _sqlite(info)
    yield _file_system(path)
    yield from _permissions(path)
    yield _fast_paths(info)


def _integrity(store: DataStore, sound: str) -> Iterator[Finding]:
    findings = store.check()
    for finding in findings:
        yield Finding("integrity", FAULT, finding)
    if not findings:
        yield Finding("integrity", OK, sound)


def _server(server: ServerInfo) -> Iterator[Finding]:
    standby = ", a standby: it can only be read" if server["standby"] else ""
    yield Finding("server", OK, f"PostgreSQL {server['version']}{standby}")
    settings = {"fsync": server["fsync"], "full_page_writes": server["full_page_writes"]}
    for setting, is_on in settings.items():
        if not is_on:
            yield Finding(
                setting,
                FAULT,
                "off: a crash of the server's machine may damage the database, whatever was "
                f"acknowledged. Set {setting} = on in postgresql.conf and reload",
            )
    if all(settings.values()):
        yield Finding("settings", OK, "fsync and full_page_writes are on")


def _log(store: DataStore, info: Info) -> Iterator[Finding]:
    path = info["path"]
    holders = holders_of(path)
    held_back = _held_back(path)
    yield Finding("open in", OK, "; ".join(map(_told, holders)) or "no other process")
    size = _size(info["wal_bytes"])
    if held_back:
        readers = [_told(holder) for holder in holders if holder.reads] or ["a process not seen"]
        yield Finding(
            "log",
            FAULT,
            f"{size}; {held_back:,} pages are held back by readers of older snapshots: "
            f"{'; '.join(readers)}. End that read and the log is folded into the file",
        )
    elif info["wal_bytes"] > _LARGE_WAL:
        yield Finding("log", NOTE, f"{size}, of which all can be used again")
    else:
        yield Finding("log", OK, f"{size}, nothing held back")


def _held_back(path: str) -> int:
    """Ask for a checkpoint, as the store does by itself; 0 where the file cannot be written."""
    if not os.access(path, os.W_OK):
        return 0
    try:
        with DataStore(path, timeout=1.0) as store:
            held_back = store.checkpoint()["held_back"]
            if held_back:  # a read that ends by itself is not worth a word
                time.sleep(0.5)
                held_back = store.checkpoint()["held_back"]
            return held_back
    except DataStoreError:
        return 0


def _told(holder: Holder) -> str:
    does = " (reading)" if holder.reads else ""
    does += " (writing)" if holder.writes else ""
    return f"{holder.pid} {holder.command}{does}"


def _sqlite(info: Info) -> Finding:
    version = info["sqlite_version"]
    if info["wal_reset_safe"]:
        return Finding("SQLite", OK, f"{version}, no known bug that concerns the store")
    return Finding(
        "SQLite",
        NOTE,
        f"{version} has the WAL-reset bug, which can damage a file when two processes checkpoint "
        "at once; data_store's own checkpoints avoid it, other programs' do not. Newer versions "
        "(3.51.3 on) are free of it",
    )


def _file_system(path: str) -> Finding:
    kind = _kind_of_file_system(path)
    if kind in _NETWORK:
        return Finding(
            "file system",
            FAULT,
            f"{kind} is a network file system, where SQLite's locks and shared memory do not work "
            "between machines: keep the store on a local disk",
        )
    return Finding("file system", OK, kind or "not known")


def _kind_of_file_system(path: str) -> str:
    """Give the type of the mount that a path is on, as ``/proc/self/mountinfo`` says."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def _permissions(path: str) -> Iterator[Finding]:
    faults = []
    if not os.access(path, os.W_OK):
        faults.append("this user cannot write the file")
    folder = os.path.dirname(path)
    if not os.access(folder, os.W_OK):
        faults.append(f"this user cannot make files in {folder}, which the log needs")
    for suffix in ("-wal", "-shm"):
        beside = path + suffix
        if os.path.exists(beside) and not os.access(beside, os.R_OK | os.W_OK):
            faults.append(f"this user cannot use {beside}, which another user made")
    mode = os.stat(path).st_mode
    if mode & stat.S_IWOTH:
        faults.append("every user of the machine can write the file")
    for fault in faults:
        yield Finding("permissions", FAULT, fault)
    if not faults:
        yield Finding("permissions", OK, stat.filemode(mode))


def _fast_paths(info: Info) -> Finding:
    on = ", ".join(info["fast_paths"]) or "none"
    reason = info["fast_paths_reason"]
    if reason:
        return Finding("fast paths", NOTE, f"on: {on}; {reason}")
    return Finding("fast paths", OK, f"on: {on}")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"


def _rows(rows: Rows) -> str:
    return (
        f"{rows['market_data']:,} bars, {rows['market_requests']:,} requests, "
        f"{rows['system_state']:,} state values"
    )
