# SPDX-License-Identifier: MIT
"""What info() and `data-store doctor` tell of a server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from frames import SYMBOL, TIMEFRAME, bars
from postgresql import tables
from postgresql.server import Server

from data_store import DataStore
from data_store.cli.app import run


def setting(url: str, name: str) -> str:
    """What the server says of a setting itself."""
    return str(tables.query(url, f"SELECT current_setting('{name}')")[0][0])


@pytest.mark.parametrize(("durability", "commit"), [("full", "on"), ("normal", "off")])
def test_info_tells_of_the_server(path: str, durability: Any, commit: str) -> None:
    with DataStore(path, durability=durability) as store:
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        store.state.set("a", 1)
        found = store.info()
    server = found["server"]
    assert server is not None
    assert server["version"] == setting(path, "server_version").split()[0]
    assert server["schema"] == tables.schema_of(path)
    assert server["standby"] is False
    assert server["fsync"] is (setting(path, "fsync") == "on")
    assert server["full_page_writes"] is (setting(path, "full_page_writes") == "on")
    assert server["synchronous_commit"] == commit
    assert found["rows"] == {"market_data": 3, "market_requests": 0, "system_state": 1}
    assert found["file_bytes"] > 0
    assert (found["sqlite_version"], found["journal_mode"], found["fast_paths"]) == ("", "", [])


@pytest.mark.parametrize("durable", [True, False])
def test_doctor_finds_a_server_whose_crash_would_lose_what_was_acknowledged(
    durable: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    with Server(durable=durable) as server:
        url = server.url()
        DataStore(url).close()
        capfd.readouterr()
        status = run(["doctor", url, "--json"])
        told = json.loads(capfd.readouterr().out)
    found = {row["what"] for row in told if row["result"] == "found"}
    assert found == (set() if durable else {"fsync", "full_page_writes"})
    assert status == (0 if durable else 1)
    assert "0 bars" in told[0]["details"]


def test_the_command_line_tells_of_the_server(
    path: str, store: DataStore, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", path, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["server"]["schema"] == tables.schema_of(path)
    assert "sqlite_version" not in told
