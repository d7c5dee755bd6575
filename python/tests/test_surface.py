# SPDX-License-Identifier: MIT
"""Names, parameters and defaults that callers rely on; opening with good and bad arguments."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import database
import pandas as pd
import places
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars
from processes import in_child

import data_store
from data_store import DataStore
from data_store.errors import InvalidInputError, InvalidTypeError

REQUIRED = inspect.Parameter.empty
BY_PLACE = inspect.Parameter.POSITIONAL_OR_KEYWORD
BY_NAME = inspect.Parameter.KEYWORD_ONLY

SERIES = [("symbol", REQUIRED), ("timeframe", REQUIRED)]
RANGE = [("start", None), ("end", None)]
LEFT_OUT = object()
"""Marks a parameter that may be left out, whatever stands for that."""

# owner, method, parameters by place, parameters by name only
SURFACE: list[tuple[str, str, list[tuple[str, Any]], dict[str, Any]]] = [
    (
        "store",
        "__init__",
        [("path", REQUIRED)],
        {"durability": "full", "timeout": 10.0, "read_only": False},
    ),
    ("store", "close", [], {}),
    ("store", "transaction", [], {}),
    ("store", "sql", [("query", REQUIRED), ("params", ())], {}),
    ("store", "sql_arrow", [("query", REQUIRED), ("params", ())], {}),
    ("store", "check", [], {"progress": None}),
    ("store", "backup", [("target", REQUIRED)], {"overwrite": False, "progress": None}),
    ("store", "copy_to", [("target", REQUIRED)], {"chunk": 10_000, "progress": None}),
    ("store", "differences", [("other", REQUIRED)], {"limit": 100, "chunk": 10_000}),
    ("store", "checkpoint", [], {}),
    ("store", "info", [], {}),
    ("store", "get_connection", [], {}),
    (
        "market",
        "write",
        [("df", REQUIRED), *SERIES],
        {"features": None, "replace": False, "progress": None},
    ),
    (
        "market",
        "write_features",
        [("features", REQUIRED), *SERIES],
        {"quality": None, "replace": False, "progress": None},
    ),
    (
        "market",
        "read",
        [*SERIES, *RANGE],
        {"columns": None, "features": None, "limit": None, "progress": None},
    ),
    ("market", "read_features", [*SERIES, *RANGE], {"keys": None, "progress": None}),
    (
        "market",
        "latest",
        [*SERIES, ("n", 1)],
        {"columns": None, "features": None, "progress": None},
    ),
    (
        "market",
        "write_bar",
        [*SERIES, ("timestamp", REQUIRED)],
        {
            **dict.fromkeys(("open", "high", "low", "close", "volume"), LEFT_OUT),
            **dict.fromkeys(("source", "quality", "is_gap", "latency_sec"), LEFT_OUT),
            "features": LEFT_OUT,
            "replace": False,
        },
    ),
    ("market", "latest_bar", SERIES, {}),
    (
        "market",
        "iter",
        [*SERIES, *RANGE],
        {"columns": None, "features": None, "chunk": 50_000, "progress": None},
    ),
    (
        "market",
        "read_arrow",
        [*SERIES, *RANGE],
        {"columns": None, "features": None, "limit": None, "progress": None},
    ),
    ("market", "read_features_arrow", [*SERIES, *RANGE], {"keys": None, "progress": None}),
    (
        "market",
        "iter_arrow",
        [*SERIES, *RANGE],
        {"columns": None, "features": None, "chunk": 50_000, "progress": None},
    ),
    ("market", "exists", SERIES, {}),
    ("market", "count", [*SERIES, *RANGE], {}),
    ("market", "feature_keys", [*SERIES, *RANGE], {}),
    ("market", "hash", [*SERIES, *RANGE], {}),
    (
        "market",
        "missing",
        [*SERIES, ("start", REQUIRED), ("end", REQUIRED)],
        {"expected": REQUIRED},
    ),
    ("market", "series", [("counts", True)], {}),
    ("market", "delete", [*SERIES, *RANGE], {}),
    (
        "market",
        "record_request",
        SERIES,
        {
            **dict.fromkeys(("provider_used", "start_ts", "end_ts"), REQUIRED),
            **dict.fromkeys(("requested_at", "coverage_ratio", "gap_count")),
            **dict.fromkeys(("quality", "notes")),
            "fallback_used": False,
        },
    ),
    (
        "market",
        "requests",
        [("symbol", None), ("timeframe", None), *RANGE, ("limit", None)],
        {},
    ),
    ("state", "set", [("key", REQUIRED), ("value", REQUIRED)], {}),
    ("state", "get", [("key", REQUIRED), ("default", None)], {}),
    ("state", "delete", [("key", REQUIRED)], {}),
    ("state", "set_many", [("mapping", REQUIRED)], {}),
    ("state", "keys", [("prefix", "")], {}),
    ("state", "items", [("prefix", "")], {}),
    ("state", "updated_at", [("key", REQUIRED)], {}),
    (
        "state",
        "compare_and_set",
        [("key", REQUIRED), ("expected", REQUIRED), ("value", REQUIRED)],
        {},
    ),
]


BESIDE = {"store": {"interrupt"}}
"""Public methods beside the contract's."""


@pytest.mark.parametrize(
    ("owner", "method", "by_place", "by_name"),
    SURFACE,
    ids=[f"{owner}.{method}" for owner, method, *_ in SURFACE],
)
def test_every_method_takes_the_parameters_of_the_contract(
    store: DataStore,
    owner: str,
    method: str,
    by_place: list[tuple[str, Any]],
    by_name: dict[str, Any],
) -> None:
    thing = {"store": store, "market": store.market, "state": store.state}[owner]
    found = dict(inspect.signature(getattr(thing, method)).parameters)

    placed = [name for name, parameter in found.items() if parameter.kind is BY_PLACE]
    assert placed[: len(by_place)] == [name for name, _ in by_place]
    for name, default in by_place:
        actual = found.pop(name)
        assert default is REQUIRED or actual.default == default, name
    for name, default in by_name.items():
        actual = found.pop(name)
        assert actual.kind is BY_NAME, name
        if default is LEFT_OUT:
            assert actual.default is not REQUIRED, name
        else:
            assert actual.default == default or actual.default is default, name
    for name, extra in found.items():
        assert extra.default is not REQUIRED, f"{name} is not in the contract and is required"


def test_the_repos_are_named_as_in_the_contract(store: DataStore) -> None:
    assert type(store.market).__name__ == "MarketRepo"
    assert type(store.state).__name__ == "StateRepo"


# The contract's errors, each with the built-in exceptions that it also is.
ERRORS: dict[str, tuple[type[Exception], ...]] = {
    "DataStoreError": (),
    "InvalidInputError": (ValueError,),
    "InvalidTypeError": (ValueError, TypeError),
    "FeatureValidationError": (ValueError,),
    "MissingBarError": (KeyError,),
    "BusyError": (TimeoutError,),
    "StorageError": (OSError,),
    "CorruptError": (),
    "SchemaError": (),
    "ClosedError": (),
    "InterruptedCallError": (),
    "QueryTimeoutError": (TimeoutError,),
    "OutOfMemoryError": (MemoryError,),
    "LibraryError": (ImportError,),
}
NAMES = {
    *ERRORS, "ArrowResult", "Bar", "DataStore", "Difference", "MarketRepo", "StateRepo", "errors",
}  # fmt: skip


def test_the_package_exports_the_names_of_the_contract_and_no_others() -> None:
    assert set(data_store.__all__) == NAMES
    assert data_store.__all__ == sorted(NAMES)
    assert set(data_store.errors.__all__) == set(ERRORS)
    for name in NAMES:
        assert getattr(data_store, name).__name__.endswith(name)
        assert name in dir(data_store)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_also_the_builtin_ones_of_the_contract(name: str) -> None:
    error = getattr(data_store, name)
    assert error is getattr(data_store.errors, name)
    assert issubclass(error, data_store.DataStoreError)
    mixed_in = {
        base
        for base in error.__mro__
        if base.__module__ == "builtins" and not issubclass(Exception, base)
    }
    assert {
        base for base in mixed_in if not any(issubclass(o, base) for o in mixed_in - {base})
    } == set(ERRORS[name])


def test_invalid_input_has_two_special_kinds() -> None:
    assert issubclass(data_store.FeatureValidationError, InvalidInputError)
    assert issubclass(InvalidTypeError, InvalidInputError)


def test_the_guide_has_every_error_and_every_method_of_the_contract() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"\w+", guide))
    methods = {method for _, method, *_ in SURFACE if method != "__init__"}
    assert (set(ERRORS) | methods) - documented == set()


def test_the_surface_table_has_every_public_method(store: DataStore) -> None:
    for owner, thing in [("store", store), ("market", store.market), ("state", store.state)]:
        public = {
            name
            for name in dir(type(thing))
            if not name.startswith("_") and callable(getattr(type(thing), name))
        }
        assert public - {method for o, method, *_ in SURFACE if o == owner} == BESIDE.get(
            owner, set()
        )


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchName"):
        data_store.NoSuchName  # noqa: B018


def test_opening_a_file_loads_neither_room_before_it_is_entered(path: Path) -> None:
    program = f"""
import sys
from data_store import DataStore

def loaded():
    rooms = ["_sql", "market_repo", "state_repo"]
    return [room for room in rooms if "data_store." + room in sys.modules]

with DataStore({str(path)!r}) as store:
    assert loaded() == [], loaded()
    store.state.set("a", 1)
    assert loaded() == ["state_repo"], loaded()
    market = store.market
    assert market is store.market and store.state is store.state
    assert "market_repo" in loaded()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(data_store.__file__).parent / "py.typed").is_file()


def test_a_store_is_a_context_manager_that_closes(path: Path) -> None:
    with DataStore(path) as opened:
        assert isinstance(opened, DataStore)
        opened.state.set("a", 1)
    with pytest.raises(data_store.errors.ClosedError):
        opened.state.get("a")


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize("kind", [str, Path])
def test_path_is_taken_as_text_or_as_a_path(path: Path, kind: type) -> None:
    with DataStore(kind(path)) as opened:
        assert os.path.samefile(opened.path, path)


@pytest.mark.sqlite_only("the store is a file")
def test_a_relative_path_stays_the_same_file_when_the_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with DataStore("market.db") as opened:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert os.path.samefile(opened.path, tmp_path / "market.db")
        opened.market.write(bars(), SYMBOL, TIMEFRAME)
        assert len(opened.market.read(SYMBOL, TIMEFRAME)) == 3
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.sqlite_only("the store is a file")
@pytest.mark.parametrize(
    "name",
    [
        "a b.db",
        "what?mode=memory",
        "100%41.db",
        "#1.db",
        "file:memory",
        "señal-📈.db",
        "'quoted\".db",
        "no-suffix",
        "-dash.db",
    ],
)
def test_a_path_is_only_a_path_however_it_is_spelt(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    for _ in range(2):
        with DataStore(target) as opened:
            opened.state.set("a", 1)
    assert (tmp_path / name).is_file()
    side_files = {name + suffix for suffix in ("-wal", "-shm")}
    assert {found.name for found in tmp_path.iterdir()} - side_files == {name}


def is_new(place: places.Place) -> bool:
    """Whether nothing has made a store there yet."""
    if isinstance(place, Path):
        return not place.exists()
    return database.query(place, "VALUES (to_regclass('system_state'))") == [(None,)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"durability": "maximal"},
        {"durability": ""},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"timeout": 1e300},
    ],
    ids=str,
)
def test_opening_refuses_words_and_numbers_that_mean_nothing(
    path: Path, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        DataStore(path, **arguments)
    assert type(caught.value) is InvalidInputError
    assert is_new(path)


@pytest.mark.parametrize(
    "arguments",
    [
        *({"durability": None}, {"durability": 1}, {"timeout": "10"}, {"timeout": None}),
        *({"timeout": True}, {"read_only": "yes"}, {"fast_paths": None}),
    ],
    ids=str,
)
def test_opening_refuses_arguments_of_a_wrong_type(path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidTypeError):
        DataStore(path, **arguments)
    assert is_new(path)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        *((None, InvalidTypeError), (3, InvalidTypeError), (b"\x00", InvalidInputError)),
        ("a\x00b", InvalidInputError),
    ],
    ids=repr,
)
def test_opening_refuses_what_is_not_a_path(target: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        DataStore(target)
    assert type(caught.value) is error


@pytest.mark.parametrize("timeout", [0, 0.5, 1_000_000])
def test_any_timeout_of_the_documented_range_opens(path: Path, timeout: float) -> None:
    with DataStore(path, timeout=timeout) as opened:
        opened.state.set("a", 1)
        assert opened.state.get("a") == 1


@pytest.mark.parametrize("part", ["store", "market", "state"])
@pytest.mark.parametrize(
    "carry", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"]
)
def test_a_store_is_neither_pickled_nor_copied_and_says_to_pass_the_path(
    store: DataStore, part: str, carry: Callable[[Any], Any]
) -> None:
    thing = {"store": store, "market": store.market, "state": store.state}[part]
    for carried in (thing, [thing], {"a": thing}):
        with pytest.raises(InvalidInputError, match=r"[Pp]ass the path") as caught:
            carry(carried) if carry is not copy.copy else copy.copy(thing)
        assert isinstance(caught.value, TypeError)
    store.state.set("a", 1)
    assert store.state.get("a") == 1


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_store_given_to_a_process_pool_says_to_pass_the_path(
    store: DataStore, method: str
) -> None:
    with ProcessPoolExecutor(1, get_context(method)) as pool:
        error = pool.submit(repr, store).exception()
    assert isinstance(error, InvalidInputError)
    assert "Pass the path" in str(error)


def test_closed_tells_and_the_repr_shows_it(path: Path) -> None:
    store = DataStore(path, durability="normal")
    assert not store.closed
    assert repr(store) == f"DataStore({str(path)!r}, durability='normal')"
    store.close()
    store.close()
    assert store.closed
    assert repr(store) == f"DataStore({str(path)!r}, durability='normal') (closed)"
    with DataStore(path, read_only=True) as reader:
        assert repr(reader) == f"DataStore({str(path)!r}, durability='full', read_only=True)"
    assert reader.closed


def test_a_forks_copy_of_a_store_is_closed(store: DataStore) -> None:
    assert in_child(lambda: (store.closed, repr(store).endswith("(closed)"))) == (True, True)
    assert not store.closed


def test_the_package_tells_its_version(store: DataStore) -> None:
    assert data_store.__version__ == store.info()["library_version"]


@pytest.mark.parametrize("truth", ["yes", None, 2, pd.NA, [True]], ids=repr)
def test_what_is_neither_true_nor_false_is_refused(
    store: DataStore, path: Path, tmp_path: Path, contents: Any, truth: Any
) -> None:
    store.market.write(bars(1), SYMBOL, TIMEFRAME)
    before = contents()
    calls: list[Callable[[], Any]] = [
        lambda: store.market.write(bars(1, base=9.0), SYMBOL, TIMEFRAME, replace=truth),
        lambda: store.market.write(bars(2, base=9.0), SYMBOL, TIMEFRAME, replace=truth),
        lambda: store.market.write_bar(SYMBOL, TIMEFRAME, START, close=9.0, replace=truth),
        lambda: store.market.series(counts=truth),
        lambda: store.backup(tmp_path / "copy.db", overwrite=truth),
        lambda: DataStore(path, read_only=truth),
    ]
    for call in calls:
        with pytest.raises(InvalidInputError, match="must be True or False"):
            call()
    assert contents() == before
    assert not (tmp_path / "copy.db").exists()
