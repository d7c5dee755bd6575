# SPDX-License-Identifier: MIT
"""`data-store export` and `import` give the same store back, to the byte of each value."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import database
import pandas as pd
import places
import pytest
from shells import Shell

from data_store import DataStore

LIBRARIES = [name for name in ("pyarrow", "polars") if importlib.util.find_spec(name)]
FORMATS = ["csv", "json", "store", *(["parquet", "feather"] if LIBRARIES else [])]
SUFFIXES = {"store": "db"}
MARKET = "SELECT * FROM market_data ORDER BY symbol, timeframe, timestamp"
REQUESTS = "SELECT * FROM market_requests ORDER BY symbol, timeframe, requested_at"
STATE = "SELECT key, CAST(value AS TEXT) FROM system_state ORDER BY key"

TEXTS = ["", " ", "a,b", 'quote "q"', "line\nend", "carriage\r", "tab\t", "ñ📈", "null", "nan", "1"]
FEATURES = '{"rsi@2.1":{"value":1.50,"quality":"ready"},"é@1":{"value":null,"quality":"warmup"}}'


@pytest.fixture
def odd(path: Path) -> Path:
    """A store with what is hard to carry through a file."""
    lines = []
    for place, text in enumerate([None, *TEXTS]):
        time = f"2026-03-01T15:00:00.{place:09}+00:00" if place else "2026-03-01T15:00:00+00:00"
        number = [None, 0.1, 1e-300, 1e300, float("inf"), -float("inf"), 5e-324][place % 7]
        lines.append((time, number, text, place % 2, FEATURES if place % 3 else None))
    with DataStore(path) as store:
        store.state.set_many({"a": {"b": [1, None, 0.1]}, "ñ": "text", "n": None, "f": 1.5})
        for minute in (1, 2):
            store.market.record_request(
                "A", "1h", provider_used="p", start_ts="2026-03-01T00:00:00Z",
                end_ts="2026-03-02T00:00:00Z", requested_at=f"2026-03-03T00:0{minute}:00Z",
                coverage_ratio=None if minute == 1 else 0.25, gap_count=None if minute == 1 else 3,
                fallback_used=minute == 2, quality="q", notes=None if minute == 1 else "a\nb",
            )  # fmt: skip
        times, numbers, texts, gaps, features = map(list, zip(*lines, strict=True))
        frame = pd.DataFrame(
            {
                "open": numbers, "close": 1.5, "source": texts, "quality": texts, "is_gap": gaps,
                "latency_sec": numbers,
            },
            index=pd.DatetimeIndex([pd.Timestamp(time) for time in times]),
        )  # fmt: skip
        for names in (("A", "1h"), ("A/B:C", "1h"), ("a", "1h"), ("..", "1 d"), ("é", "1h")):
            store.market.write(frame, *names, features=features)
    return path


def same(one: Path, other: Path, *, whole: bool) -> None:
    for query in (MARKET, REQUESTS, STATE) if whole else (MARKET,):
        assert database.query(one, query) == database.query(other, query)


@pytest.mark.parametrize("format", FORMATS)
def test_one_file_gives_the_same_bars_back(
    shell: Shell, odd: Path, tmp_path: Path, format: str
) -> None:
    file = tmp_path / f"bars.{SUFFIXES.get(format, format)}"
    other = tmp_path / "other.db"
    ended = shell("export", odd, file)
    assert ended.status == 0, ended.err
    assert "60 bars of 5 series" in ended.err
    ended = shell("import", other, file, "--json")
    assert (ended.status, ended.rows[0]["inserted"]) == (0, 60), ended.err
    same(odd, other, whole=format == "store")
    again = shell("import", other, file, "--json").rows[0]
    assert (again["inserted"], again["changed"], again["unchanged"]) == (0, 0, 60)
    with DataStore(other) as store:
        assert store.check() == []


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "store"])
def test_a_folder_gives_the_same_store_back(
    shell: Shell, odd: Path, tmp_path: Path, format: str
) -> None:
    folder, other = tmp_path / "out", tmp_path / "other.db"
    ended = shell("export", odd, folder, "--folder", "--format", format)
    assert (ended.status, "2 requests, state" in ended.err) == (0, True), ended.err
    assert len(list(folder.iterdir())) == 5 + 3
    ended = shell("import", other, folder, "--json")
    row = ended.rows[0]
    found = (ended.status, row["inserted"], row["state"], row["requests"])
    assert found == (0, 60, 4, 2), ended.err
    same(odd, other, whole=True)
    again = shell("import", other, folder, "--json").rows[0]
    assert [again[name] for name in ("inserted", "changed", "state", "requests")] == [0, 0, 0, 0]


def test_a_part_of_a_store(shell: Shell, odd: Path, tmp_path: Path) -> None:
    bounds = (
        "--start",
        "2026-03-01T15:00:00.000000003Z",
        "--end",
        "2026-03-01T15:00:00.000000005Z",
    )
    ended = shell("export", odd, "-", "--symbol", "A", "--symbol", "é", *bounds)
    lines = ended.out.splitlines()
    assert [line.split(",")[0] for line in lines[1:] if line[:2] in ("A,", "é,")] == ["A"] * 3 + [
        "é"
    ] * 3
    small = tmp_path / "small.db"
    assert shell("export", odd, small, "--symbol", "a").status == 0
    assert [row["symbol"] for row in shell("series", small, "--json").rows] == ["a"]
    assert shell("state", "list", small, "--json").rows == []
    assert shell("export", odd, tmp_path / "x.csv", "--symbol", "nowhere").status == 1
    assert not (tmp_path / "x.csv").exists()


def test_an_empty_store(shell: Shell, path: Path, tmp_path: Path) -> None:
    DataStore(path).close()
    for format in FORMATS:
        file = tmp_path / f"none.{SUFFIXES.get(format, format)}"
        assert shell("export", path, file).status == 0
        other = tmp_path / f"of-{format}.db"
        ended = shell("import", other, file, "--json")
        assert (ended.status, ended.rows[0]["rows"]) == (0, 0), ended.err


def test_nothing_is_overwritten_unless_asked(shell: Shell, odd: Path, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text("mine")
    refused = shell("export", odd, file)
    assert (refused.status, "--overwrite replaces it" in refused.err) == (1, True)
    assert file.read_text() == "mine"
    assert shell("export", odd, file, "--overwrite").status == 0
    assert file.read_text().startswith("symbol,timeframe,timestamp,open")

    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "precious").write_text("x")
    refused = shell("export", odd, folder, "--folder", "--overwrite")
    assert (refused.status, "not made by export" in refused.err) == (1, True)
    assert [found.name for found in folder.iterdir()] == ["precious"]
    assert shell("export", odd, folder).status == 2  # a name that says no format

    made = tmp_path / "made"
    assert shell("export", odd, f"{made}/").status == 0
    assert shell("export", odd, f"{made}/").status == 1
    assert shell("export", odd, f"{made}/", "--overwrite").status == 0
    left = {found.name for found in tmp_path.iterdir() if "market.db" not in found.name}
    assert left == {"bars.csv", "mine", "made"}


@pytest.mark.sqlite_only("the store is a file")
def test_the_store_itself_is_never_replaced(shell: Shell, odd: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(odd)
    before = database.contents(odd)
    for target in (odd, link, f"{odd}-wal"):
        for format in ("store", "csv"):
            ended = shell("export", odd, target, "--overwrite", "--format", format)
            assert (ended.status, "is the store itself" in ended.err) == (2, True)
    other = tmp_path / "other.db"
    with DataStore(other) as store:
        store.state.set("a", 1)
        ended = shell("export", odd, other, "--overwrite")
        assert (ended.status, "lies beside it" in ended.err) == (1, True)
    assert database.contents(odd) == before


def test_a_failed_export_leaves_nothing(shell: Shell, odd: Path, tmp_path: Path) -> None:
    if places.is_server(odd):
        database.put_bar(odd, "é", "1h", "infinity")
    else:
        database.put_bar(odd, "é", "1h", "2026-03-09T00:00:00+00:00", close="damaged")
    before = set(tmp_path.iterdir())
    for target in ("bars.csv", "bars.db", "folder/"):
        ended = shell("export", odd, f"{tmp_path}/{target}")
        assert ended.status == 1
        assert any(word in ended.err for word in ("damaged", "close", "infinity")), ended.err
        assert {found for found in tmp_path.iterdir() if "market.db" not in found.name} <= before
    absent = shell("export", odd, tmp_path / "no" / "such" / "x.csv")
    assert (absent.status, "No such file" in absent.err) == (1, True)


@pytest.mark.parametrize("library", LIBRARIES)
def test_other_programs_read_what_is_written(
    shell: Shell, odd: Path, tmp_path: Path, library: str
) -> None:
    for suffix in ("parquet", "feather"):
        file = tmp_path / f"bars.{suffix}"
        assert shell("export", odd, file).status == 0
        table: Any
        if library == "pyarrow":
            import pyarrow.feather
            import pyarrow.parquet

            read = {"parquet": pyarrow.parquet.read_table, "feather": pyarrow.feather.read_table}
            table = read[suffix](file)
            assert str(table.schema.field("timestamp").type) == "timestamp[ns, tz=UTC]"
            assert table["close"].to_pylist() == [1.5] * 60
        else:
            import polars as pl

            table = pl.read_parquet(file) if suffix == "parquet" else pl.read_ipc(file)
            assert table.schema["timestamp"] == pl.Datetime("ns", "UTC")
            assert table["close"].to_list() == [1.5] * 60


@pytest.mark.skipif(len(LIBRARIES) < 2, reason="needs pyarrow and polars")
@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_polars_alone_reads_and_writes_tables_too(
    shell: Shell, odd: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file, other = tmp_path / f"bars.{suffix}", tmp_path / "other.db"
    assert shell("export", odd, file).status == 0
    ended = shell("import", other, file, "--json")
    assert (ended.status, ended.rows[0]["inserted"]) == (0, 60), ended.err
    same(odd, other, whole=False)


def test_without_pyarrow_and_polars_it_says_what_to_install(
    shell: Shell, odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyarrow", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    ended = shell("export", odd, tmp_path / "bars.parquet")
    assert (ended.status, "pip install 'data_store[arrow]'" in ended.err) == (1, True)
    (tmp_path / "some.parquet").write_bytes(b"PAR1 and more")
    ended = shell("import", odd, tmp_path / "some.parquet")
    assert (ended.status, "pip install 'data_store[arrow]'" in ended.err) == (1, True)
