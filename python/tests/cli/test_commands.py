# SPDX-License-Identifier: MIT
"""Each command: its rows in each form, its exit status, what it says about mistakes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import database
import places
import pytest
from frames import START_TEXT, SYMBOL, TIMEFRAME, bars
from layouts import START
from shells import Shell

from data_store import DataStore, DataStoreError, __version__

SERIES = (SYMBOL, TIMEFRAME)
HOURS = [f"2026-03-01T{hour}:00:00+00:00" for hour in (15, 16, 17)]


@pytest.fixture
def filled(path: Path) -> Path:
    """Three bars, features of two of them, state and a request."""
    with DataStore(path) as store:
        frame = bars(3)
        store.market.write(frame, *SERIES)
        for hour, value in zip(HOURS[:2], (70.5, None), strict=True):
            entry = {"rsi@2.1": {"value": value, "quality": "ready" if value else "warmup"}}
            database.query(
                path, "UPDATE market_data SET features = ? WHERE timestamp = ?",
                json.dumps(entry, separators=(",", ":")), hour,
            )  # fmt: skip
        store.state.set_many({"phase": "long", "risk.max": 1.5, "risk.min": None})
        store.market.record_request(
            *SERIES, provider_used="p", start_ts=START, end_ts=START, requested_at=START
        )
    return path


# ---- Rows ---------------------------------------------------------------------------------------


def test_read_in_each_form(shell: Shell, filled: Path) -> None:
    columns = ("--columns", "open,source,is_gap")
    plain = shell("read", filled, *SERIES, *columns, "--limit", 2)
    assert plain.out == (
        "timestamp\topen\tsource\tis_gap\n"
        f"{HOURS[0]}\t1.0\tfeed\tfalse\n{HOURS[1]}\t1.125\tfeed\ttrue\n"
    )
    as_csv = shell("read", filled, *SERIES, *columns, "--limit", 2, "--csv")
    assert as_csv.out == plain.out.replace("\t", ",")
    as_json = shell("read", filled, *SERIES, *columns, "--limit", 1, "--json")
    assert as_json.rows == [{"timestamp": HOURS[0], "open": 1.0, "source": "feed", "is_gap": False}]
    assert plain.err == as_csv.err == as_json.err == ""
    assert shell("read", filled, *SERIES, "--json", "--csv").status == 2


def test_read_takes_ranges_and_features(shell: Shell, filled: Path) -> None:
    def hours(*options: object) -> list[str]:
        rows = shell("read", filled, *SERIES, *options, "--json").rows
        return [row["timestamp"] for row in rows]

    assert hours("--start", HOURS[1]) == HOURS[1:]
    assert hours("--to", HOURS[1]) == HOURS[:2]
    assert hours("--start", "2026-03-01", "--end", "2026-03-01") == HOURS
    assert hours("--last", 2) == HOURS[1:]
    assert hours("--last", 0) == hours("--limit", 0) == hours("--start", "2027-01-01") == []
    for choice in ("all", "rsi@2.1"):
        rows = shell("read", filled, *SERIES, "--features", choice, "--json").rows
        assert [row["rsi@2.1"] for row in rows] == [70.5, None, None]
    rows = shell("read", filled, *SERIES, "--features", "json", "--last", 3, "--json").rows
    assert rows[0]["features"] == '{"rsi@2.1":{"value":70.5,"quality":"ready"}}'
    assert shell("read", filled, *SERIES, "--last", 1, "--limit", 1).status == 2
    assert shell("read", filled, "nothing", "1h", "--csv").out.count("\n") == 1


def test_features_are_a_row_for_each_bar_and_key(shell: Shell, filled: Path) -> None:
    assert shell("features", filled, *SERIES, "--csv").out.splitlines() == [
        "timestamp,key,value,quality",
        f"{HOURS[0]},rsi@2.1,70.5,ready",
        f"{HOURS[1]},rsi@2.1,,warmup",
    ]
    assert shell("features", filled, *SERIES, "--key", "x@1", "--json").rows == []


def test_series_requests_and_info(shell: Shell, filled: Path) -> None:
    assert shell("series", filled, "--json").rows == [
        {"symbol": SYMBOL, "timeframe": TIMEFRAME, "first": HOURS[0], "last": HOURS[2],
         "bars": 3, "gaps": 1}
    ]  # fmt: skip
    assert shell("series", filled, "--no-counts", "--csv").out.splitlines()[0] == (
        "symbol,timeframe,first,last"
    )
    request = shell("requests", filled, "--json").rows[0]
    assert (request["provider_used"], request["gap_count"]) == ("p", None)
    assert request["requested_at"] == START.isoformat()
    assert shell("requests", filled, "--symbol", "other", "--json").rows == []
    info = json.loads(shell("info", filled, "--json").out)
    assert (info["path"], info["rows"]["market_data"]) == (str(filled), 3)
    assert f"path\t{filled}\n" in shell("info", filled).out


def test_state_is_set_read_listed_and_deleted(shell: Shell, filled: Path) -> None:
    assert shell("state", "get", filled, "phase").out == '"long"\n'
    assert shell("state", "set", filled, "new", '{"a": [1, 2.5]}').status == 0
    assert shell("state", "get", filled, "new").out == '{"a":[1,2.5]}\n'
    assert shell("state", "set", filled, "new", "-", stdin="[3]").status == 0
    assert shell("state", "set", filled, "word", "plain", "--text").status == 0
    rows = shell("state", "list", filled, "--json").rows
    assert {row["key"]: row["value"] for row in rows} == {
        "new": [3], "phase": "long", "risk.max": 1.5, "risk.min": None, "word": "plain"
    }  # fmt: skip
    listed = shell("state", "list", filled, "--prefix", "risk.", "--csv").out.splitlines()
    assert [line.split(",")[:2] for line in listed[1:]] == [
        ["risk.max", "1.5"],
        ["risk.min", "null"],
    ]
    assert shell("state", "delete", filled, "word").status == 0
    for command in (("get", filled, "word"), ("delete", filled, "word")):
        absent = shell("state", *command)
        assert (absent.status, "there is no value under 'word'" in absent.err) == (1, True)
    refused = shell("state", "set", filled, "bad", "long")
    assert (refused.status, "is not JSON" in refused.err) == (1, True)
    assert shell("state", "set", filled, "bad", "NaN").status == 1


def test_sql_reads_with_parameters_and_never_writes(shell: Shell, filled: Path) -> None:
    query = "SELECT count(*) AS n, max(open) AS top, NULL AS x FROM market_data WHERE "
    by_place = shell("sql", filled, query + "open > ? AND symbol = ?", "--param", "1.1",
                     "--param", SYMBOL, "--json")  # fmt: skip
    by_name = shell("sql", filled, query + "open > :o", "--param", "o=1.1", "--json")
    assert by_place.rows == by_name.rows == [{"n": 2, "top": 1.25, "x": None}]
    blob = "'\\x00ff'::bytea" if places.on_server() else "x'00ff'"
    assert shell("sql", filled, "-", "--csv", stdin=f"SELECT {blob} AS b, '' AS t").out == (
        'b,t\n00ff,""\n'
    )
    for statement in ("DELETE FROM market_data", "PRAGMA user_version = 3", "SELEC 1"):
        assert shell("sql", filled, statement).status == 1
    assert len(shell("read", filled, *SERIES, "--json").rows) == 3


def test_backup_and_checkpoint(shell: Shell, filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert shell("backup", filled, copy).status == 0
    assert shell("verify", filled, copy).status == 0
    assert shell("backup", filled, copy).status == 1
    assert shell("backup", filled, copy, "--overwrite").status == 0
    result = json.loads(shell("checkpoint", filled, "--json").out)
    assert set(result) == {"wal_frames", "checkpointed", "held_back"}


def test_check_finds_what_another_tool_left(shell: Shell, filled: Path) -> None:
    sound = shell("check", filled)
    assert (sound.status, sound.out) == (0, "")
    assert shell("check", filled, "--json").rows == []
    database.query(filled, "UPDATE market_data SET features = '[1]'")
    found = shell("check", filled, "--json")
    assert (found.status, len(found.rows)) == (1, 1)


def test_missing_lists_runs(shell: Shell, filled: Path) -> None:
    assert shell("missing", filled, *SERIES, "--json").status == 0
    found = shell(
        "missing", filled, *SERIES, "--end", "2026-03-01T20:00Z", "--every", "1h", "--json"
    )
    assert found.status == 1
    assert found.rows == [
        {"start": "2026-03-01T18:00:00+00:00", "end": "2026-03-01T20:00:00+00:00", "bars": 3}
    ]
    assert shell("missing", filled, "nothing", "1h").status == 1
    assert shell("missing", filled, *SERIES, "--every", "often").status == 2


def test_feature_keys_are_listed(shell: Shell, filled: Path) -> None:
    assert shell("features", filled, *SERIES, "--keys", "--json").rows == [{"key": "rsi@2.1"}]


# ---- Mistakes -----------------------------------------------------------------------------------

READING = [
    ("info",), ("series",), ("read", *SERIES), ("features", *SERIES), ("requests",), ("check",),
    ("doctor",), ("sql", "SELECT 1"), ("plot", *SERIES), ("missing", *SERIES),
    ("state", "get", "a"), ("state", "list"), ("export", "-"), ("backup", "/tmp/never.db"),
    ("checkpoint",), ("state", "set", "a", "1"), ("state", "delete", "a"),
]  # fmt: skip


def placed(command: tuple[str, ...], store: object) -> list[object]:
    """A command with its store."""
    words = 2 if command[0] == "state" else 1
    return [*command[:words], store, *command[words:]]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_what_is_not_a_store_is_told_and_left_alone(
    shell: Shell, tmp_path: Path, command: tuple[str, ...]
) -> None:
    text, other = tmp_path / "text.csv", tmp_path / "other.db"
    text.write_text("timestamp,close\n")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE songs (name)")
    connection.close()
    before = {found: found.read_bytes() for found in tmp_path.iterdir()}
    for store in (tmp_path / "absent.db", tmp_path, text, other):
        ended = shell(*placed(command, store))
        assert ended.status == 1, store
        assert ended.err.startswith("data-store: "), ended.err
        assert str(store) in ended.err or "songs" in ended.err
    assert {found: found.read_bytes() for found in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("read",),
        ("read", "market.db"),
        ("read", "market.db", "A", "1h", "--nonsense"),
        ("read", "market.db", "A", "1h", "--limit", "many"),
        ("read", "market.db", "A", "1h", "--limit", "-1"),
        ("state", "nonsense"),
        ("export", "market.db", "bars.xyz"),
        ("export", "market.db", "-", "--format", "parquet"),
        ("export", "market.db", "x.csv", "--format", "xml"),
        ("plot", "market.db", "A", "1h", "--out", "x.docx"),
    ],
)
def test_wrong_usage_is_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell(*arguments).status == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("read", *SERIES, "--start", "soon"), "start"),
        (("read", *SERIES, "--columns", "opne"), "unknown column 'opne'"),
        (("read", "", "1h"), "symbol"),
        (("read", "\udcff", "1h"), "symbol"),
        (("features", *SERIES, "--key", ""), "key"),
        (("state", "get", ""), "key"),
        (("state", "set", "", "1"), "key"),
        (("plot", "nothing", "1h"), "there are no bars to draw"),
    ],
)
def test_a_bad_name_or_bound_is_one_message(
    shell: Shell, filled: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = shell(*placed(arguments, filled))
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert message in ended.err


@pytest.fixture
def locked(filled: Path) -> Iterator[Path]:
    """A store that another program is writing to, and does not end."""
    with DataStore(filled) as other, other.transaction():
        yield filled


def test_a_locked_store_can_be_read_and_says_that_it_cannot_be_written(
    shell: Shell, locked: Path, folder: Path
) -> None:
    assert shell("read", locked, *SERIES).status == 0
    file = folder / "some.csv"
    file.write_text(f"timestamp,close\n{START_TEXT},9\n")
    commands = [
        ("import", locked, file, "--symbol", SYMBOL, "--timeframe", TIMEFRAME),
        ("state", "set", locked, "a", "1"),
        ("state", "delete", locked, "phase"),
    ]
    for command in commands:
        ended = shell(*command, "--timeout", "0")
        assert (ended.status, "--timeout waits longer" in ended.err) == (1, True), ended.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(shell: Shell, filled: Path, folder: Path) -> None:
    file = folder / "some.csv"
    file.write_text("x")
    file.chmod(0)
    ended = shell("import", filled, file, "--symbol", "X", "--timeframe", "1h")
    assert (ended.status, "Permission denied" in ended.err) == (1, True)


def test_a_file_to_import_that_is_absent_or_a_directory(
    shell: Shell, path: Path, folder: Path
) -> None:
    absent = shell("import", path, folder / "absent.csv", "--symbol", "X", "--timeframe", "1h")
    assert (absent.status, "absent.csv: No such file" in absent.err) == (1, True)
    ended = shell("import", path, folder, "--symbol", "X", "--timeframe", "1h")
    assert (ended.status, "a directory without series.json" in ended.err) == (1, True)
    with pytest.raises(DataStoreError):  # nothing was made
        DataStore(path, read_only=True)


# ---- Help ---------------------------------------------------------------------------------------


def test_version_and_help(shell: Shell) -> None:
    assert shell("--version").out == f"{__version__}\n"
    told = shell("--help").out
    for name in ("import", "export", "doctor", "plot", "state"):
        assert f"\n  {name} " in told
    summaries = told.partition("Commands:")[2]
    assert "..." not in summaries, "a command's summary is cut short"


@pytest.mark.parametrize("command", [*READING, ("import",)], ids=" ".join)
def test_help_teaches_by_example(shell: Shell, command: tuple[str, ...]) -> None:
    words = command[: 2 if command[0] == "state" else 1]
    told = shell(*words, "--help")
    assert told.status == 0
    assert f"  data-store {' '.join(words)} market.db" in told.out.partition("Examples:")[2]


def test_names_are_completed_from_the_store(
    shell: Shell, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def completed(line: str) -> str:
        monkeypatch.setenv("_DATA_STORE_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        return shell().out

    assert completed("data-store imp").split() == ["import"]
    assert completed(f"data-store read {filled} EU").split() == [SYMBOL]
    assert completed(f"data-store read {filled} {SYMBOL} ").split() == [TIMEFRAME]
    assert completed(f"data-store state get {filled} ri").split() == ["risk.max", "risk.min"]
    assert completed("data-store read /nowhere/at.all EU").split() == []
