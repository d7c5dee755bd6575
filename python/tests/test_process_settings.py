# SPDX-License-Identifier: MIT
"""What others have set for the process or the thread changes no stored or returned value."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import places
import pytest
from calls import EVERY, put_three_bars_and_a_state
from float_settings import SETTINGS, control, floats
from frames import START, SYMBOL, TIMEFRAME, bars, entry, times
from processes import Program, in_child

from data_store import DataStore
from data_store.errors import DataStoreError, InvalidInputError, StorageError

# -- floating point -----------------------------------------------------------------------------

NUMBERS = [
    *(5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 2.225073858507201e-308, -1e-320),
    *(0.1, 0.3, -0.7, 1 / 3, 1e23, 9007199254740993.0, 1.7976931348623157e308, 123456.789e-5),
]
SINGLE = np.array([1e-40, -1e-45, 0.1, 3e38], dtype=np.float32)
TEXT_NUMBERS = [
    "5e-324",
    "1e-310",
    "2.2250738585072011e-308",
    "0.1",
    "-0.30000000000000004",
    "1e23",
]


def bits(values: Any) -> list[int]:
    return np.asarray(values, dtype=np.float64).view(np.int64).tolist()


def stored_by_every_way(store: DataStore) -> None:
    index = times(len(NUMBERS))
    frame = pd.DataFrame({"close": NUMBERS}, index=index)
    wide = pd.DataFrame({"a@1": NUMBERS}, index=index)
    store.market.write(frame, "bulk", TIMEFRAME)
    store.market.write(frame, "bulk", TIMEFRAME)  # onto rows that are there
    store.market.write_features(wide, "bulk", TIMEFRAME)
    store.market.write(frame, "both", TIMEFRAME, features=wide)
    many = pd.DataFrame({"close": NUMBERS * 400}, index=times(400 * len(NUMBERS)))
    store.market.write(many, "many", TIMEFRAME, features=many.rename(columns={"close": "a@1"}))
    texts = [f'{{"a@1":{{"value":{text},"quality":"ready"}}}}' for text in TEXT_NUMBERS]
    part = times(len(texts))
    store.market.write(pd.DataFrame({"close": 1.0}, index=part), "text", TIMEFRAME, features=texts)
    dicts = [{"a@1": entry(number)} for number in NUMBERS]
    store.market.write(frame, "dicts", TIMEFRAME, features=dicts)
    for instant, number in zip(index, NUMBERS, strict=True):
        store.market.write_bar(
            "live", TIMEFRAME, instant, close=number, features={"a@1": entry(number)}
        )
    objects = pd.DataFrame({"close": pd.Series(NUMBERS, index=index, dtype=object)})
    store.market.write(objects, "objects", TIMEFRAME)
    store.market.write(pd.DataFrame({"close": SINGLE}, index=times(4)), "float32", TIMEFRAME)
    store.market.write_bar("one", TIMEFRAME, START, close=SINGLE[0])
    store.state.set("numbers", NUMBERS)
    for place, number in enumerate(NUMBERS):
        store.state.set(f"n{place}", number)
    store.state.set_many({"many": {"a": NUMBERS}})
    assert store.state.compare_and_set("swapped", None, NUMBERS)
    store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="x", start_ts=START, end_ts=START, requested_at=START,
        coverage_ratio=5e-324,
    )  # fmt: skip


def told_by_every_way(store: DataStore) -> dict[str, Any]:
    """Numbers as bits, texts as they are."""
    told: dict[str, Any] = {}
    for symbol in ("bulk", "both", "many", "text", "dicts", "live", "objects", "float32", "one"):
        read = store.market.read(symbol, TIMEFRAME)
        told[symbol] = bits(read["close"])
        told[f"{symbol} latest"] = bits(store.market.latest(symbol, TIMEFRAME, 3)["close"])
        chunks = store.market.iter(symbol, TIMEFRAME, features=["a@1"], chunk=4)
        told[f"{symbol} iter"] = [bits(chunk[["close", "a@1"]]) for chunk in chunks]
        values = store.market.read(symbol, TIMEFRAME, features=["a@1"])["a@1"]
        told[f"{symbol} values"] = bits(values)
        if values.notna().any():
            features = store.market.read_features(symbol, TIMEFRAME)
            told[f"{symbol} features"] = bits(features["a@1", "value"])
        texts = store.market.read(symbol, TIMEFRAME, features="json")["features"]
        told[f"{symbol} json"] = [text for text in texts if isinstance(text, str)]
        bar = store.market.latest_bar(symbol, TIMEFRAME)
        assert bar is not None
        assert bar.close is not None
        told[f"{symbol} bar"] = [*bits([bar.close]), repr(bar.features)]
    told["state"] = {key: state_bits(value) for key, value in store.state.items().items()}
    told["one state"] = state_bits(store.state.get("numbers"))
    told["requests"] = bits(store.market.requests()["coverage_ratio"])
    told["sql"] = bits(store.sql("SELECT close FROM market_data WHERE symbol = 'bulk'")["close"])
    asked = store.sql("SELECT ? AS a", (5e-324,))["a"]
    told["parameter"] = bits(asked)
    path = """json_extract(features, '$."a@1".value')"""
    if places.is_server(store.path):
        path = "CAST(features #>> '{a@1,value}' AS float8)"
    extracted = store.sql(f"SELECT {path} AS a FROM market_data WHERE symbol = 'both'")["a"]
    told["json_extract"] = bits(extracted)
    return told


def state_bits(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: state_bits(member) for key, member in value.items()}
    if isinstance(value, list):
        return [state_bits(member) for member in value]
    return struct.pack("<d", value).hex() if isinstance(value, float) else value


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with DataStore(tmp_path_factory.mktemp("plain") / "market.db") as store:
        stored_by_every_way(store)
        told = told_by_every_way(store)
    assert told["bulk"] == bits(NUMBERS) == told["live"] == told["both features"]
    assert told["one"] == [struct.unpack("<q", struct.pack("<d", 9.999946101114759e-41))[0]]
    return told


def same_answers(told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert told.keys() == expected.keys()
    assert [name for name in told if told[name] != expected[name]] == []


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_is_written_under_other_float_settings_is_exact(
    store: DataStore, setting: str, expected: dict[str, Any]
) -> None:
    with floats(setting):
        before = control()
        stored_by_every_way(store)
        assert control() == before, "the thread has its own settings back"
    same_answers(told_by_every_way(store), expected)


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_is_read_under_other_float_settings_is_exact(
    store: DataStore, setting: str, expected: dict[str, Any]
) -> None:
    stored_by_every_way(store)
    with floats(setting):
        before = control()
        told = told_by_every_way(store)
        assert control() == before, "the thread has its own settings back"
    same_answers(told, expected)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_store_that_was_opened_under_other_float_settings_is_exact(
    path: Path, setting: str, expected: dict[str, Any]
) -> None:
    """A thread inherits the settings of the one that starts it."""
    told: list[dict[str, Any]] = []
    with floats(setting), DataStore(path) as store:
        stored_by_every_way(store)
        worker = threading.Thread(target=lambda: told.append(told_by_every_way(store)))
        worker.start()
        worker.join()
    same_answers(told[0], expected)


def test_a_subnormal_is_not_a_flag_under_flush_to_zero(store: DataStore) -> None:
    frame = pd.DataFrame({"is_gap": [0.0, 5e-324]}, index=times(2))
    with floats("flush"):
        with pytest.raises(InvalidInputError):
            store.market.write(frame, SYMBOL, TIMEFRAME)
        with pytest.raises(InvalidInputError):
            store.market.write_bar(SYMBOL, TIMEFRAME, START, is_gap=5e-324)  # type: ignore[arg-type]
        assert store.state.compare_and_set("a", None, 5e-324)
        assert not store.state.compare_and_set("a", 0, 1)
        assert store.state.compare_and_set("a", 5e-324, 1)


# -- locale -------------------------------------------------------------------------------------


def test_a_decimal_comma_changes_no_answer(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locales = tmp_path / "locales"
    locales.mkdir()
    subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", str(locales / "de_DE.UTF-8")], check=True
    )
    monkeypatch.setenv("LOCPATH", str(locales))
    with Program("decimal_comma", path) as program:
        told = json.loads(program.line())
    assert told[0][:4] == [[[71.75]]] * 4
    for later in told[1:]:
        assert later == told[0]


# -- umask, directory, signals ------------------------------------------------------------------


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {found.name: stat.S_IMODE(found.stat().st_mode) for found in folder.iterdir()}


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027, 0o077, 0o000], ids=oct)
def test_every_file_has_the_permissions_that_open_gives(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        (tmp_path / "plain").touch()
        with DataStore(tmp_path / "market.db") as store:
            store.market.write(bars(3), SYMBOL, TIMEFRAME)
            store.backup(tmp_path / "copy.db")
            store.checkpoint()
            with DataStore(tmp_path / "copy.db") as copy:
                copy.state.set("a", 1)
                found = modes(tmp_path)
    assert {"market.db-wal", "market.db-shm", "copy.db-wal"} <= found.keys()
    assert set(found.values()) == {0o666 & ~mask}


def test_a_backup_that_replaces_a_file_keeps_its_permissions(
    store: DataStore, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.touch()
    target.chmod(0o600)
    with umask(0o002):
        store.backup(target, overwrite=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.sqlite_only("the store is a file")
def test_a_relative_path_is_that_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "first")
    with DataStore("market.db") as store:
        assert store.path == str(tmp_path / "first" / "market.db")
        monkeypatch.chdir(tmp_path / "second")
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        results = [len(store.market.read(SYMBOL, TIMEFRAME))]
        worker = threading.Thread(
            target=lambda: results.append(len(store.market.read(SYMBOL, TIMEFRAME)))
        )
        worker.start()
        worker.join()
        assert results == [3, 3]
        store.checkpoint()
        assert store.info()["rows"]["market_data"] == 3
        store.backup("copy.db")
        store.get_connection().close()
    assert [found.name for found in (tmp_path / "first").iterdir()] == ["market.db"]
    assert [found.name for found in (tmp_path / "second").iterdir()] == ["copy.db"]


@pytest.mark.sqlite_only("the store is a file")
def test_a_directory_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with DataStore(tmp_path / "market.db") as store:
        monkeypatch.chdir(gone)
        gone.rmdir()
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        with pytest.raises(StorageError, match="folder"):
            store.backup("copy.db")
        with pytest.raises(StorageError, match="folder"):
            DataStore("other.db")
        monkeypatch.chdir(tmp_path)


def test_blocked_signals_and_a_short_timer_change_nothing(store: DataStore) -> None:
    everything = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        store.market.write(bars(2000), SYMBOL, TIMEFRAME)
        assert len(store.market.read(SYMBOL, TIMEFRAME)) == 2000
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        assert signal.SIGTERM in mask
        assert signal.SIGALRM in mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, everything)
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, True)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(50):
            store.market.write(bars(200, base=number), SYMBOL, TIMEFRAME)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert store.market.latest(SYMBOL, TIMEFRAME)["open"].iloc[0] >= 1.0
    assert store.check() == []


# -- limits -------------------------------------------------------------------------------------


@pytest.mark.sqlite_only("limits of the process that writes the file")
def test_a_file_size_limit_is_named(path: Path) -> None:
    def fill() -> list[str]:
        with DataStore(path) as store:
            store.market.write(bars(3), SYMBOL, TIMEFRAME)
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
            found = []
            for action in (
                lambda: [store.market.write(bars(500), f"S{n}", TIMEFRAME) for n in range(99)],
                lambda: store.state.set("long", "x" * 300_000),
                lambda: store.backup(path.with_name("copy.db"), overwrite=True),
            ):
                try:
                    action()
                    found.append("done")
                except StorageError as error:
                    found.append(str(error))
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            assert store.check() == []
            store.backup(path.with_name("copy.db"), overwrite=True)
            return found

    found = in_child(fill)
    assert all("file size limit of 200000 bytes" in text or text == "done" for text in found), found
    assert "file size limit" in found[0]
    assert "file size limit" in found[1]
    assert sorted(child.name for child in path.parent.iterdir()) == ["copy.db", path.name]


@pytest.mark.sqlite_only("limits of the process that writes the file")
def test_the_right_limit_is_named_where_no_descriptor_is_left(path: Path) -> None:
    def try_it() -> list[str]:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        found = []
        # No number below the highest is free: the limit is one of numbers.
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        while os.open(os.devnull, os.O_RDONLY) < highest:
            pass
        count = len(os.listdir("/proc/self/fd"))
        for limit in range(count, count + 30):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
            try:
                DataStore(path).close()
            except StorageError as error:
                found.append(str(error))
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert len(os.listdir("/proc/self/fd")) <= count
        with DataStore(path) as store:
            store.state.set("a", 1)
        return found

    found = in_child(try_it)
    assert found
    assert all("ulimit -n" in text for text in found), found


# -- small stacks -------------------------------------------------------------------------------


def in_thread(kibibytes: int, action: Callable[[], Any]) -> Any:
    """What `action` returns in a thread with that stack, or the exception that it raises."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(action())
        except Exception as error:
            results.append(error)

    before = threading.stack_size(kibibytes * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    return results[0]


@pytest.mark.parametrize("kibibytes", [32, 40, 48, 64, 128, 256])
@pytest.mark.parametrize(
    "name", ["write_bar", "state.set", "state.get", "latest_bar", "state.items"]
)
def test_a_call_in_a_thread_with_a_small_stack_is_done_or_refused(
    path: Path, name: str, kibibytes: int
) -> None:
    def try_it() -> str:
        with DataStore(path) as store:
            put_three_bars_and_a_state(store)
            EVERY[name](store)  # what Python itself imports takes more stack than a call
            found = in_thread(kibibytes, lambda: EVERY[name](store))
            if isinstance(found, DataStoreError):
                return str(found)
            return "done"

    found = in_child(try_it)
    assert found == "done" or (kibibytes < 64 and "stack_size" in found), found


def test_a_nested_query_in_a_thread_with_a_small_stack_is_refused(path: Path) -> None:
    def try_it() -> list[str]:
        with DataStore(path) as store:
            store.sql("SELECT 1")
            store.state.set("deep", json.loads("[" * 400 + "1" + "]" * 400))
            deep = store.state.get("deep")
            query = "SELECT 1" + "+1" * 900
            assert store.sql(query).iloc[0, 0] == 901
            found = in_thread(128, lambda: store.sql(query))
            swap = in_thread(96, lambda: store.state.compare_and_set("deep", deep, 1))
            return [type(found).__name__, type(swap).__name__]

    query, swap = in_child(try_it)
    assert query in ("DataFrame", "InvalidInputError")
    assert swap in ("bool", "InvalidInputError")
