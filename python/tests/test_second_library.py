# SPDX-License-Identifier: MIT
"""A second copy of the library in the process: each keeps to itself, on the same file."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import pandas as pd
from processes import in_child

from data_store import DataStore
from data_store._c import abi, maintenance, opening
from data_store._c.library import library

START = pd.Timestamp("2026-03-01", tz="UTC")


def second_library(folder: Path) -> ctypes.CDLL:
    """Another copy, which the loader takes for another library."""
    path = folder / "second.so"
    shutil.copy(library._name, path)
    loaded = ctypes.CDLL(str(path))
    functions = {**opening.OPENING, **abi.FUNCTIONS, **maintenance.FUNCTIONS}
    for name, (restype, argtypes) in functions.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = restype, argtypes
    return loaded


def write_with_two_copies(tmp_path: Path, path: Path) -> None:
    """Each has a VFS registered, for files that are laid out in its own way."""
    second = second_library(tmp_path)
    assert second._handle != library._handle
    with DataStore(path) as store:
        store.state.set("first", 0)
        handle = ctypes.POINTER(opening.ds_store)()
        assert second.ds_store_open(str(path).encode(), None, ctypes.byref(handle)) == 0
        for turn in range(50):
            assert second.ds_state_set(handle, b"second %d" % turn, b"1") == 0
            store.state.set(f"first {turn}", 1)
            store.market.write_bar("EURUSD", "1h", START + pd.Timedelta(hours=turn), close=1.0)
        # Opened while the other copy's is there: each finds its own by name.
        with DataStore(path) as again:
            again.state.set("again", 1)
        assert second.ds_store_checkpoint(handle, None) == 0
        second.ds_store_free(handle)
        assert len(store.state.keys()) == 102
        assert len(store.market.read("EURUSD", "1h")) == 50
        assert store.check() == []
    with DataStore(path) as store:
        assert len(store.state.keys()) == 102
        assert store.check() == []


def test_two_copies_write_to_one_file(tmp_path: Path, path: Path) -> None:
    """In a process of its own: where two copies guard forks, the children of one are refused."""
    assert in_child(lambda: write_with_two_copies(tmp_path, path)) is None
