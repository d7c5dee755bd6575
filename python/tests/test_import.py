# SPDX-License-Identifier: MIT
"""What importing the package, and calls that take no DataFrame, load: neither pandas nor NumPy."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from data_store._c import library

USES = {
    "the import": "pass",
    "opening": "DataStore(path).close()",
    "state": (
        "store = DataStore(path); store.state.set('a', {'b': [1, None]}); store.state.get('a')"
    ),
    "many state values": (
        "store = DataStore(path); store.state.set_many({str(n): n for n in range(100)});"
        " store.state.items(); store.state.compare_and_set('1', 1, 2)"
    ),
    "a transaction": "store = DataStore(path)\nwith store.transaction(): store.state.set('a', 1)",
    "check, info, backup": (
        "store = DataStore(path); store.check(); store.info(); store.backup(path + '.copy')"
    ),
    "a refusal": (
        "store = DataStore(path)\ntry: store.state.set('a', float('nan'))\nexcept Exception: pass"
    ),
}


@pytest.mark.parametrize("use", USES)
def test_neither_pandas_nor_numpy_is_loaded(use: str, path: Path) -> None:
    program = f"""
import sys
from data_store import DataStore
path = {str(path)!r}
{USES[use]}
loaded = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(loaded & {{"numpy", "pandas", "pyarrow"}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_an_older_sqlite_is_an_import_error(tmp_path: Path) -> None:
    source = tmp_path / "old.c"
    source.write_text("int sqlite3_libversion_number(void) { return 3027002; }\n")
    old = tmp_path / "old.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(old), str(source)], check=True)
    with pytest.raises(ImportError, match=r"SQLite 3\.27\.2 is too old"):
        library.check_sqlite(ctypes.CDLL(str(old)))
