# SPDX-License-Identifier: MIT
"""`data-store doctor` looks at a store from all sides, and says what it found."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import database
import pytest
from frames import bars
from shells import Ended, Shell

from data_store import DataStore
from data_store.cli import holders
from data_store.cli.commands import doctor as doctor_module


@pytest.fixture
def filled(path: Path) -> Path:
    with DataStore(path) as store:
        store.market.write(bars(3), "A", "1h")
    return path


def results(ended: Ended) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in ended.rows:
        found.setdefault(row["what"], set()).add(row["result"])
    return found


def details(ended: Ended, what: str) -> str:
    return "\n".join(row["details"] for row in ended.rows if row["what"] == what)


def test_a_healthy_store(shell: Shell, filled: Path) -> None:
    ended = shell("doctor", filled, "--json")
    found = results(ended)
    assert set(found) == {
        "file", "integrity", "open in", "log", "SQLite", "file system", "permissions", "fast paths"
    }  # fmt: skip
    assert (ended.status, "found" in set().union(*found.values())) == (0, False), ended.out
    assert "healthy" in ended.err
    assert "3 bars" in details(ended, "file")
    with DataStore(filled) as store:
        assert store.info()["sqlite_version"] in details(ended, "SQLite")


def test_damage_and_other_tools_timestamps_are_found(shell: Shell, filled: Path) -> None:
    database.put_bar(filled, "A", "1h", "2026-03-01 15:00", close=1)
    ended = shell("doctor", filled, "--json")
    assert (ended.status, results(ended)["integrity"]) == (1, {"found"})
    assert "2026-03-01 15:00" in details(ended, "integrity")


READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT * FROM market_data").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


def test_a_reader_that_holds_the_log_back_is_named(shell: Shell, filled: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(filled)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        with DataStore(filled) as store:
            store.market.write(bars(500), "B", "1h")
            ended = shell("doctor", filled, "--json")
        reader.communicate()
    assert (ended.status, results(ended)["log"]) == (1, {"found"}), ended.out
    assert f"{reader.pid} " in details(ended, "log")
    assert "(reading)" in details(ended, "log")
    assert shell("doctor", filled).status == 0


def test_a_file_that_everybody_can_write_is_found(shell: Shell, filled: Path) -> None:
    filled.chmod(0o666)
    ended = shell("doctor", filled, "--json")
    assert (ended.status, results(ended)["permissions"]) == (1, {"found"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_this_user_cannot_write_is_found(shell: Shell, filled: Path) -> None:
    filled.chmod(0o444)
    ended = shell("doctor", filled, "--json")
    assert (ended.status, results(ended)["permissions"]) == (1, {"found"})


def test_a_network_file_system_is_found(
    shell: Shell, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_module, "_kind_of_file_system", lambda path: "nfs4")
    ended = shell("doctor", filled, "--json")
    assert (ended.status, results(ended)["file system"]) == (1, {"found"})


def test_fast_paths_that_are_off_are_told_with_the_reason(
    shell: Shell, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_STORE_FAST_PATHS", "0")
    ended = shell("doctor", filled, "--json")
    assert (ended.status, results(ended)["fast paths"]) == (0, {"note"})
    assert "on: none" in details(ended, "fast paths")


def test_holders_are_other_processes(filled: Path) -> None:
    connection = sqlite3.connect(filled)
    connection.execute("SELECT * FROM market_data").fetchone()
    assert holders.holders_of(str(filled)) == []
    connection.close()
