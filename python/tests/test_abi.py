# SPDX-License-Identifier: MIT
"""Header, library and ctypes table are one: names, arguments, structs, numbers."""

from __future__ import annotations

import ctypes
import importlib
import json
import pkgutil
import re
import struct
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from c_header import HEADER, Header, run

import data_store
from data_store import DataStore, _bar, _sql
from data_store._c import abi as _abi
from data_store._c import maintenance, opening, querying
from data_store._c import status as _status
from data_store._c.library import library

LIBRARY = library._name

# The interface, as the files of ctypes have it: everything by its name.
MIRRORED = {
    name: value
    for part in (opening, _abi, querying, maintenance)
    for name, value in vars(part).items()
}
FUNCTIONS = {
    **opening.OPENING,
    **_abi.FUNCTIONS,
    **querying.FUNCTIONS,
    **maintenance.FUNCTIONS,
}

ALLOWED_LIBRARIES = {
    "libsqlite3.so.0",
    "libc.so.6",
    "libm.so.6",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "linux-vdso.so.1",
}
LOADERS = r"ld-linux[\w-]*\.so\.\d+"

# What a table of differences holds: the header's type, the one of ctypes, and where. An address of
# memory that NumPy or the library owns is a plain one (void*), and so is one that must be given
# back; a char* is what takes Python's bytes.
Differences = dict[tuple[str, str], str]

FUNCTION_DIFFERENCES: Differences = {
    ("char**", "void*"): """
        ds_market_read.symbols ds_market_latest.symbols ds_market_scan.symbols
        ds_market_read_arrow.symbols ds_market_scan_arrow.symbols
        ds_state_set_many.keys ds_state_set_many.values_json ds_texts_items.result""",
    ("char**", "void**"): "ds_state_get.out_json ds_store_connection_script.out_sql",
    ("char*", "void*"): "ds_text_free.text",
    ("ds_text_column**", "void*"): "ds_text_columns_lay_out.columns",
    # The same to ctypes.
    ("uint64_t*", "size_t*"): "ds_market_hash.out_hash",
    ("int32_t*", "void*"): "ds_text_layout_code.codes ds_text_layout_code.first_rows",
    ("ArrowArrayStream*", "void*"): """
        ds_market_write_arrow.stream ds_market_write_features_arrow.stream
        ds_market_read_arrow.out_stream ds_market_scan_arrow.out_stream ds_bars_arrow.out_stream
        ds_sql_arrow.out_stream ds_rows_arrow.out_stream""",
}

FIELD_DIFFERENCES: Differences = {
    ("int32_t*", "void*"): "ds_text_column.codes",
    ("char**", "void*"): """
        ds_text_column.values ds_bar_batch.features_json ds_read_options.feature_keys
        ds_series_view.symbols ds_series_view.timeframes""",
    ("double*", "void*"): """
        ds_feature_column.values ds_bar_batch.open ds_bar_batch.high ds_bar_batch.low
        ds_bar_batch.close ds_bar_batch.volume ds_bar_batch.latency_sec ds_sql_column.reals""",
    ("int64_t*", "void*"): """
        ds_feature_column.integers ds_bar_batch.timestamps ds_series_view.first
        ds_series_view.last ds_series_view.bars ds_series_view.gaps ds_sql_column.integers
        ds_expected.times ds_missing_view.starts ds_missing_view.ends ds_missing_view.bars
        ds_sql_column.offsets""",
    ("uint8_t*", "void*"): """
        ds_feature_column.is_null ds_bar_batch.is_gap ds_text_layout.validity
        ds_sql_column.types""",
    ("ds_feature_column*", "void*"): "ds_bar_batch.features",
    ("char*", "void*"): "ds_text_layout.bytes ds_sql_column.bytes",
    ("void*", "char*"): "ds_sql_parameter.bytes",
}

EXCEPTIONS = {
    "DS_INVALID": "InvalidInputError",
    "DS_INVALID_FEATURE": "FeatureValidationError",
    "DS_MISSING_BAR": "MissingBarError",
    "DS_BUSY": "BusyError",
    "DS_STORAGE": "StorageError",
    "DS_CORRUPT": "CorruptError",
    "DS_SCHEMA": "SchemaError",
    "DS_CLOSED": "ClosedError",
    "DS_INTERRUPTED": "InterruptedCallError",
    "DS_NO_MEMORY": "OutOfMemoryError",
    "DS_INTERNAL": "DataStoreError",
    "DS_TIMEOUT": "QueryTimeoutError",
}
NOT_A_STATUS = (
    r"DS_(ABI_VERSION|NO_TIME|(MAX|COLUMNS?|DIFFERENCE|DURABILITY|FEATURES|PROGRESS|SQL)_)"
)


def places(differences: Differences) -> dict[str, tuple[str, str]]:
    return {place: kinds for kinds, listed in differences.items() for place in listed.split()}


def ctypes_name(kind: Any) -> str:
    """Give a ctypes type as the header would write it."""
    if kind is None:
        return "void"
    if kind in CTYPES_NAMES:
        return CTYPES_NAMES[kind]
    if issubclass(kind, ctypes._Pointer):
        return ctypes_name(kind._type_) + "*"
    if kind in CALLBACKS:
        return CALLBACKS[kind]
    return str(kind.__name__)


CALLBACKS = {
    opening.ds_stop_function: "ds_stop_function",
    opening.ds_progress_function: "ds_progress_function",
}

CTYPES_NAMES = {
    ctypes.c_char: "char",
    ctypes.c_char_p: "char*",
    ctypes.c_double: "double",
    ctypes.c_int32: "int32_t",
    ctypes.c_int64: "int64_t",
    ctypes.c_size_t: "size_t",
    ctypes.c_uint32: "uint32_t",
    ctypes.c_void_p: "void*",
}


def may_pass_without_type(value: Any, kind: Any) -> bool:
    """Whether ctypes passes `value` as `kind` without being told to."""
    if kind is ctypes.c_int32:
        return type(value) is int
    if type(value) is bytes:
        return kind is ctypes.c_char_p or len(value) == ctypes.sizeof(kind._type_)
    return issubclass(kind, ctypes._Pointer) and (value is None or bool(kind.from_param(value)))


@pytest.fixture(scope="module")
def header() -> Header:
    return Header()


def test_header_exports_and_ctypes_table_are_the_same_names(header: Header) -> None:
    assert len(header.functions) > 40
    exported = {
        line.split()[-1] for line in run("nm", "-D", "--defined-only", LIBRARY).splitlines()
    }
    assert exported == set(header.functions)
    assert set(FUNCTIONS) == set(header.functions)


def test_functions_have_the_types_of_the_header_save_those_listed(header: Header) -> None:
    differences = {}
    for name, declared in header.functions.items():
        result, arguments = FUNCTIONS[name]
        mirrored = [ctypes_name(result), *map(ctypes_name, arguments)]
        assert len(mirrored) == len(declared), name
        for (argument, kind), mirror in zip(declared.items(), mirrored, strict=True):
            if kind != mirror:
                differences[f"{name}.{argument}"] = kind, mirror
    assert differences == places(FUNCTION_DIFFERENCES)


def test_the_library_gives_each_function_the_types_of_the_tables() -> None:
    given = {name: getattr(library, name) for name in FUNCTIONS}
    assert {name: (one.restype, one.argtypes) for name, one in given.items()} == FUNCTIONS
    tables = [opening.OPENING, _abi.FUNCTIONS, querying.FUNCTIONS, maintenance.FUNCTIONS]
    assert sum(map(len, tables)) == len(FUNCTIONS)


def test_structs_have_the_fields_of_the_header_save_types_that_are_listed(header: Header) -> None:
    differences = {}
    assert len(header.structs) > 10
    for name, declared in header.structs.items():
        mirrored = {field: ctypes_name(kind) for field, kind in MIRRORED[name]._fields_}
        assert list(mirrored) == list(declared), name
        for field, kind in declared.items():
            if kind != mirrored[field]:
                differences[f"{name}.{field}"] = kind, mirrored[field]
    assert differences == places(FIELD_DIFFERENCES)


def test_structs_have_the_sizes_and_offsets_of_a_c_program(header: Header) -> None:
    fields = [(name, field) for name, fields in header.structs.items() for field in fields]
    offsets = header.numbers(f"offsetof({name}, {field})" for name, field in fields)
    assert offsets == [getattr(MIRRORED[name], field).offset for name, field in fields]
    sizes = header.numbers(f"sizeof({name})" for name in header.structs)
    assert sizes == [ctypes.sizeof(MIRRORED[name]) for name in header.structs]


def test_the_callbacks_have_the_types_of_the_header(header: Header) -> None:
    mirrored = {
        name: [ctypes_name(kind._restype_), *map(ctypes_name, kind._argtypes_)]
        for kind, name in CALLBACKS.items()
    }
    declared = {name: list(types.values()) for name, types in header.callbacks.items()}
    assert mirrored == declared


def test_constants_have_the_values_of_the_header(header: Header) -> None:
    mirrored = {
        **{f"DS_{name}": value for name, value in MIRRORED.items() if type(value) is int},
        **{f"DS_COLUMN_{name.upper()}": bit for name, bit in _abi.COLUMN_BITS.items()},
        **{f"DS_DURABILITY_{word.upper()}": code for word, code in opening.DURABILITY.items()},
    }
    assert mirrored.pop("DS_LAST_TIME") == header.numbers(["INT64_MAX"])[0]
    # The limits are the library's to hold callers to.
    declared = [name for name in header.constants if not name.startswith("DS_MAX_")]
    assert mirrored == dict(zip(declared, header.numbers(declared), strict=True))


def test_every_constant_is_held_against_the_swift_side(header: Header) -> None:
    root = HEADER.parents[1]
    files = [root / "Tests/DataStoreTests/API/InterfaceNumbersTests.swift"]
    files += (root / "Sources/DataStoreC").glob("*.swift")
    named = {word for file in files for word in re.findall(r"DS_\w+", file.read_text())}
    assert set(header.constants) - named == {"DS_NO_TIME"}  # INT64_MIN, which Swift has a name for


def test_columns_are_in_the_order_of_their_bits() -> None:
    assert list(_abi.COLUMN_BITS.values()) == [1 << place for place in range(9)]
    assert sum(_abi.COLUMN_BITS.values()) == _abi.COLUMNS_ALL


def test_a_packed_bar_has_the_layout_of_the_struct() -> None:
    numbers = (_bar.SIZE, -2, 2**31, -1, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    bar = _abi.ds_bar.from_buffer_copy(_bar.pack(*numbers, 0, 0, 0))
    assert ctypes.sizeof(bar) == _bar.SIZE
    assert tuple(getattr(bar, field) for field, _ in bar._fields_) == (*numbers, None, None, None)


def test_calls_without_types_pass_what_the_table_declares(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = set()

    def checked(function: Any) -> Callable[..., int]:
        result, arguments = FUNCTIONS[function.__name__]
        # What ctypes takes for granted where it knows no types: a C int comes back.
        assert result in (ctypes.c_int32, None)

        def call(*given: Any) -> int:
            called.add(function.__name__)
            for value, kind in zip(given, arguments, strict=True):
                assert may_pass_without_type(value, kind), (function.__name__, value, kind)
            return function(*given)

        return call

    names = [one.name for one in pkgutil.walk_packages(data_store.__path__, "data_store.")]
    # What calls the library knows nothing of those that need polars, nor of the command line.
    modules = [name for name in names if "polars" not in name and ".cli" not in name]
    found = set()
    for module in map(importlib.import_module, modules):
        for name, function in list(vars(module).items()):
            if isinstance(function, ctypes._CFuncPtr) and function.argtypes is None:
                found.add(function.__name__)
                monkeypatch.setattr(module, name, checked(function))

    when = pd.Timestamp("2026-03-01T15:00Z")
    store.market.write_bar("A", "1h", when, open=1.0, source="x", features={})
    store.market.write(pd.DataFrame({"close": [2.0]}, index=[when]), "A", "1h")
    store.market.record_request("A", "1h", provider_used="x", start_ts=when, end_ts=when)
    store.state.set("key", [1])
    assert store.state.get("key") == [1]
    assert store.state.updated_at("key") is not None
    bar = store.market.latest_bar("A", "1h")
    assert bar is not None
    assert (bar.open, bar.close, bar.source) == (1.0, 2.0, "x")
    entry = {"a@1": {"value": 1.5, "quality": "ready"}}
    for _ in range(2):  # it goes in as columns from the second time on
        store.market.write_features({when: entry}, "A", "1h")
        store.market.write_bar("A", "1h", **bar._replace(timestamp=when, features=entry)._asdict())
    store.market.write_features({when: json.dumps(entry)}, "A", "1h")
    assert called == found != set()


def test_the_library_needs_nothing_but_what_every_system_has() -> None:
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", LIBRARY)))
    assert "libsqlite3.so.0" in needed
    extra = {name for name in needed - ALLOWED_LIBRARIES if not re.fullmatch(LOADERS, name)}
    assert extra == set()
    linked = re.findall(r"^\s*(?:\S*/)?([\w.+-]+\.so[\w.]*)", run("ldd", LIBRARY), re.MULTILINE)
    extra = {name for name in set(linked) - ALLOWED_LIBRARIES if not re.fullmatch(LOADERS, name)}
    assert extra == set()


def test_versions_agree(store: DataStore, header: Header) -> None:
    version = re.search(r'#define DS_VERSION "(.+)"', HEADER.read_text())
    assert version is not None
    [abi] = header.numbers(["DS_ABI_VERSION"])
    assert store.info()["abi_version"] == library.ds_abi_version() == abi
    assert store.info()["library_version"] == library.ds_version().decode() == version[1]


def test_every_status_has_a_name_and_an_exception(header: Header) -> None:
    names = [name for name in header.constants if not re.match(NOT_A_STATUS, name)]
    statuses = dict(zip(names, header.numbers(names), strict=True))
    for name, status in statuses.items():
        assert library.ds_status_name(status).decode() == name
    for unknown in (-1, 99, 2**31 - 1, -(2**31)):
        assert library.ds_status_name(unknown) == b"DS_UNKNOWN"

    assert statuses.pop("DS_OK") == 0
    raised = {name: _status._ERRORS[status].__name__ for name, status in statuses.items()}
    assert raised == EXCEPTIONS
    assert len(_status._ERRORS) == len(EXCEPTIONS)


def test_query_parameters_are_packed_as_the_struct_is_laid_out() -> None:
    letters = _sql._PACKED
    fields = [name for name, _ in querying.ds_sql_parameter._fields_]
    assert len(letters) == len(fields)
    assert struct.calcsize(f"@{letters}") == ctypes.sizeof(querying.ds_sql_parameter)
    for place, name in enumerate(fields):
        field = getattr(querying.ds_sql_parameter, name)
        assert struct.calcsize(f"@{letters[: place + 1]}") == field.offset + field.size
