# SPDX-License-Identifier: MIT
"""`data-store import` says what it did, or would do: inserted, changed, left, repeated, refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import layouts
import pytest
from layouts import rows
from shells import Ended, Shell

from data_store import DataStore, DataStoreError

SERIES = ("--symbol", "X", "--timeframe", "1h")
COUNTS = ("rows", "inserted", "changed", "unchanged", "repeated", "refused")
Rows = Callable[..., list[tuple[Any, ...]]]


def counts(ended: Ended) -> tuple[int, ...]:
    row = ended.rows[0]
    return tuple(row[name] for name in COUNTS)


def table(*lines: str, header: str = "timestamp,close,source") -> str:
    return "\n".join((header, *lines)) + "\n"


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "some.csv"


STORED = table("2026-03-01T00:00Z,1,a", "2026-03-01T01:00Z,2,a", "2026-03-01T02:00Z,,")


def test_a_dry_run_says_what_the_run_then_does_and_writes_nothing(
    shell: Shell, path: Path, file: Path, contents: Any
) -> None:
    file.write_text(STORED)
    assert counts(shell("import", path, file, *SERIES, "--json")) == (3, 3, 0, 0, 0, 0)
    file.write_text(
        table(
            "2026-03-01T00:00Z,1,a",  # as it is
            "2026-03-01T01:00Z,2.5,a",  # another close
            "2026-03-01T02:00Z,,b",  # another source
            "2026-03-01T03:00Z,4,a",  # new
            "2026-03-01T04:00Z,5,a",  # repeated below
            "2026-03-01T04:00Z,6,a",
            "2026-03-01T05:00Z,five,a",  # refused
            "yesterday,1,a",
            "2026-03-01T06:00Z,1",
        )
    )
    before = contents()
    trial = shell("import", path, file, *SERIES, "--dry-run", "--json")
    assert contents() == before
    assert (trial.status, counts(trial)) == (1, (9, 2, 2, 1, 1, 3))
    assert trial.rows[0]["refusals"] == [
        {"place": "line 10", "reason": "2 columns instead of 3"},
        {"place": "line 8", "reason": "close: 'five' is not a number"},
        {
            "place": "line 9",
            "reason": "'yesterday' is not a time: ISO 8601 is read, others with --time-format",
        },
    ]
    assert "nothing was written: --dry-run" in trial.err
    run = shell("import", path, file, *SERIES, "--json")
    assert (run.status, counts(run)) == (1, counts(trial))
    again = shell("import", path, file, *SERIES, "--json")
    assert counts(again) == (9, 0, 0, 5, 1, 3)
    found = shell("read", path, "X", "1h", "--columns", "close,source", "--csv").out.splitlines()
    assert found[1:] == [
        "2026-03-01T00:00:00+00:00,1.0,a",
        "2026-03-01T01:00:00+00:00,2.5,a",
        "2026-03-01T02:00:00+00:00,,b",
        "2026-03-01T03:00:00+00:00,4.0,a",
        "2026-03-01T04:00:00+00:00,6.0,a",
    ]


def test_a_dry_run_makes_no_store(shell: Shell, path: Path, file: Path) -> None:
    file.write_text(STORED)
    ended = shell("import", path, file, *SERIES, "--dry-run", "--json")
    assert (ended.status, counts(ended)) == (0, (3, 3, 0, 0, 0, 0))
    with pytest.raises(DataStoreError):
        DataStore(path, read_only=True)
    if isinstance(path, Path):
        assert list(path.parent.iterdir()) == [file.parent]


def test_a_column_that_a_file_does_not_have_keeps_what_is_stored(
    shell: Shell, path: Path, file: Path
) -> None:
    file.write_text(STORED)
    shell("import", path, file, *SERIES)
    file.write_text(table("2026-03-01T00:00Z,9", header="timestamp,open"))
    assert counts(shell("import", path, file, *SERIES, "--json")) == (1, 0, 1, 0, 0, 0)
    first = shell("read", path, "X", "1h", "--json").rows[0]
    assert (first["open"], first["close"], first["source"]) == (9, 1, "a")


def test_rows_in_any_order_and_times_that_come_again_far_away(
    shell: Shell, path: Path, file: Path
) -> None:
    start, count = 1_600_000_000, 120_000  # some blocks
    lines = [f"{start + 60 * place},{place}" for place in range(count)]
    lines.reverse()
    lines += [f"{start + 60 * place},7" for place in (5, count - 5)]
    file.write_text(table(*lines, header="timestamp,close"))
    trial = shell("import", path, file, *SERIES, "--json", "--dry-run")
    run = shell("import", path, file, *SERIES, "--json")
    assert counts(trial) == counts(run) == (count + 2, count, 0, 0, 2, 0)
    query = "SELECT count(*) AS n, count(CASE WHEN close = 7 THEN 1 END) AS sevens FROM market_data"
    assert shell("sql", path, query, "--json").rows == [{"n": count, "sevens": 3}]


def test_features_are_merged_and_compared_by_their_digits(
    shell: Shell, path: Path, file: Path, rows: Rows
) -> None:
    header = "timestamp,features"
    one = '"{""a@1"":{""value"":1.50,""quality"":""ready""}}"'
    file.write_text(table(f"2026-03-01T00:00Z,{one}", "2026-03-01T01:00Z,", header=header))
    assert counts(shell("import", path, file, *SERIES, "--json")) == (2, 2, 0, 0, 0, 0)
    assert counts(shell("import", path, file, *SERIES, "--json")) == (2, 0, 0, 2, 0, 0)
    more = one.replace("a@1", "b@1")
    file.write_text(table(f"2026-03-01T00:00Z,{more}", header=header))
    assert counts(shell("import", path, file, *SERIES, "--json")) == (1, 0, 1, 0, 0, 0)
    file.write_text(table(f"2026-03-01T00:00Z,{one}", header=header))
    assert counts(shell("import", path, file, *SERIES, "--json")) == (1, 0, 0, 1, 0, 0)
    stored = rows("SELECT features FROM market_data ORDER BY timestamp")[0][0]
    assert stored == (
        '{"a@1":{"value":1.50,"quality":"ready"},"b@1":{"value":1.50,"quality":"ready"}}'
    )


def test_features_that_break_the_rules_are_refused_by_line(
    shell: Shell, path: Path, file: Path
) -> None:
    good = '"{""a@1"":{""value"":1,""quality"":""ready""}}"'
    lines = [
        f"2026-03-01T00:00Z,{good}",
        f"2026-03-01T01:00Z,{good.replace('a@1', 'a')}",
        f"2026-03-01T02:00Z,{good.replace('ready', 'fine')}",
        "2026-03-01T03:00Z,{",
        f"2026-03-01T04:00Z,{good}",
    ]
    file.write_text(table(*lines, header="timestamp,features"))
    trial = shell("import", path, file, *SERIES, "--json", "--dry-run")
    run = shell("import", path, file, *SERIES, "--json")
    assert counts(trial) == counts(run) == (5, 2, 0, 0, 0, 3)
    assert trial.rows[0]["refusals"] == run.rows[0]["refusals"]
    assert [one["place"] for one in run.rows[0]["refusals"]] == ["line 3", "line 4", "line 5"]
    assert all("features:" in one["reason"] for one in run.rows[0]["refusals"])


def test_strict_stores_nothing_of_a_file_with_a_bad_row(
    shell: Shell, path: Path, folder: Path
) -> None:
    good, bad = folder / "good.csv", folder / "bad.csv"
    good.write_text(STORED)
    bad.write_text(table("2026-04-01T00:00Z,1,a", "2026-04-01T01:00Z,x,a"))
    ended = shell("import", path, good, bad, *SERIES, "--strict", "--json")
    assert (ended.status, [row["inserted"] for row in ended.rows]) == (1, [3, 0])
    assert "nothing of it was stored: --strict" in ended.err
    assert len(shell("read", path, "X", "1h", "--json").rows) == 3


def test_a_file_that_cannot_be_read_does_not_keep_the_others_out(
    shell: Shell, path: Path, folder: Path
) -> None:
    good, bad = folder / "good.csv", folder / "bad.bin"
    good.write_text(STORED)
    bad.write_bytes(b"\x00\x01\x02" * 99)
    ended = shell("import", path, bad, good, *SERIES, "--json")
    assert (ended.status, ended.rows[0]["inserted"]) == (1, 3)
    assert "bad.bin: not a kind of file that is read" in ended.err


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1_000", "not a number"),
        ("1,000.5", "thousands separators are not read"),
        ("0x10", "not a number"),
        ("1e400", "more than a double can hold"),
        ("abc", "not a number"),
    ],
)
def test_text_that_is_not_a_number_is_refused(
    shell: Shell, path: Path, file: Path, number: str, reason: str
) -> None:
    file.write_text(table("2026-03-01T00:00Z;1;a", f"2026-03-01T01:00Z;{number};a",
                          header="timestamp;close;source"))  # fmt: skip
    ended = shell("import", path, file, *SERIES, "--json")
    assert counts(ended) == (2, 1, 0, 0, 0, 1)
    assert reason in ended.rows[0]["refusals"][0]["reason"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("timestamp,close,odd\n1,2,3\n", (), "a bar has no place for 'odd'"),
        ("when,close\n1,2\n", (), "no column has the time"),
        ("timestamp,x\n1,2\n", ("--skip", "*"), "no column but the time is one of a bar"),
        ("1,2\n", (), "no header and 2 columns"),
        ("1,2,3\n", ("--columns", "timestamp,close"), "--columns names 2 columns, the file has 3"),
        ("1,2,3,4,5,6\n", ("--preset", "kraken"), "not as kraken gives them"),
        ('timestamp,close\n"1700000000,2\n', (), "is never closed"),
        ("[[1,2", (), "cut short"),
        ("[[1,2]] x", (), "text after the end of the array"),
        ("[nonsense]", (), "not JSON"),
    ],
)
def test_files_that_are_not_understood_are_told_with_what_to_do(
    shell: Shell, path: Path, file: Path, text: str, options: tuple[str, ...], message: str
) -> None:
    file.write_text(text)
    ended = shell("import", path, file, *SERIES, *options)
    assert ended.status == 1
    assert message in ended.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "say which symbol it is: --symbol"),
        (("--symbol", "X"), "say which timeframe it is: --timeframe"),
        ((*SERIES, "--tz", "Nowhere/Atall"), "a time zone 'Nowhere/Atall' does not exist"),
        ((*SERIES, "--map", "close=Nothing"), "a column 'Nothing' is not in it"),
        ((*SERIES, "--map", "bid=close"), "OURS is one of"),
        ((*SERIES, "--map", "close"), "write OURS=THEIRS"),
        ((*SERIES, "--preset", "coinbase"), "not one of binance"),
        ((*SERIES, "--unit", "min"), "not one of s, ms, us, ns"),
        ((*SERIES, "--separator", "ab"), "one character"),
    ],
)
def test_a_command_line_that_does_not_say_enough_is_wrong_usage(
    shell: Shell, path: Path, file: Path, options: tuple[str, ...], message: str
) -> None:
    file.write_text(STORED)
    ended = shell("import", path, file, *options)
    assert ended.status == 2
    assert message in " ".join(ended.err.split())


def test_vnpy_needs_a_zone_and_gives_series_by_their_names(
    shell: Shell, path: Path, folder: Path
) -> None:
    file = folder / "database.db"
    layouts.vnpy(file, rows(3))
    layouts.vnpy(file, rows(2, layouts.DAY), "IF2404", "d")
    assert shell("import", path, file).status == 2
    assert shell("import", path, file, "--tz", "Asia/Shanghai").status == 0
    found = shell("series", path, "--json").rows
    assert [(one["symbol"], one["timeframe"], one["first"]) for one in found] == [
        ("IF2403.CFFEX", "1h", "2025-01-01T16:00:00+00:00"),
        ("IF2404.CFFEX", "1d", "2025-01-01T16:00:00+00:00"),
    ]


def test_another_store_brings_bars_state_and_requests(
    shell: Shell, path: Path, tmp_path: Path, contents: Any
) -> None:
    other = tmp_path / "other.db"
    with DataStore(other) as store:
        store.state.set_many({"a": [1, {"b": None}], "c": "text"})
        store.market.record_request(
            "X", "1h", provider_used="p", start_ts=rows()[0].time, end_ts=rows()[1].time,
            requested_at=rows()[2].time, coverage_ratio=0.5, notes="n",
        )  # fmt: skip
        for bar in rows(3):
            store.market.write_bar("X", "1h", bar.time, close=bar.close)
    first = shell("import", path, other, "--json").rows[0]
    assert [first[name] for name in (*COUNTS, "state", "requests")] == [3, 3, 0, 0, 0, 0, 2, 1]
    again = shell("import", path, other, "--json").rows[0]
    assert [again[name] for name in (*COUNTS, "state", "requests")] == [3, 0, 0, 3, 0, 0, 0, 0]
    only = shell("import", path, other, "--symbol", "Y", "--json").rows[0]
    assert (only["rows"], only["state"]) == (0, 0)
    assert shell("import", path, path).status == 2
    assert len(contents()["market_data"]) == 3


def test_a_database_of_something_else_is_told_by_its_tables(
    shell: Shell, path: Path, folder: Path
) -> None:
    file = folder / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE songs (name)")
    connection.close()
    ended = shell("import", path, file)
    assert ended.status == 1
    assert "neither data_store's nor vnpy's; its tables: songs" in ended.err


def test_what_a_command_line_lacks_is_told_before_anything_is_stored(
    shell: Shell, path: Path, folder: Path
) -> None:
    named, nameless = folder / "BTCUSDT-1h-2024-01.csv", folder / "some.csv"
    layouts.binance(named, rows(3))
    nameless.write_text(STORED)
    assert shell("import", path, named, nameless).status == 2
    with pytest.raises(DataStoreError):  # nothing was made
        DataStore(path, read_only=True)
    assert shell("import", path, nameless, named, *SERIES).status == 0
