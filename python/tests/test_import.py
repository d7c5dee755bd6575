# SPDX-License-Identifier: MIT
"""What importing the package, and calls that take no DataFrame, load: neither pandas nor NumPy.

Runs where pytest is all that is installed, too.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data_store._c import library

USES = {
    "the import": "",
    "opening": "DataStore(path).close()",
    "state": "state.set('a', {'b': [1, None]}); assert state.get('a') == {'b': [1, None]}",
    "many state values": """
state.set_many({str(n): n for n in range(100)})
assert len(state.items()) == len(state.keys()) == 100
assert state.compare_and_set('1', 1, 2) and state.delete('2')
""",
    "a transaction": "with store.transaction(): state.set('a', 1); write()",
    "check, info, backup, checkpoint": """
write(); store.check(); store.backup(copy); store.checkpoint()
at = store.info()['last_checkpoint']
assert at['at'].tzinfo is not None if at else path.startswith('postgresql:')
""",
    "a connection of sqlite3": "store.get_connection().close()",
    "a live bar": """
write(open=1.0, high=2, low=None, source='feed', quality='ok', is_gap=True, latency_sec=0.5)
write(features={'a@1': {'value': float('nan'), 'quality': 'missing'}}, replace=True)
write(features='{"b@1":{"value":1,"quality":"ready"}}')
assert list(market.latest_bar('A', '1h').features) == ['a@1', 'b@1']
""",
    "features by timestamp": """
write(); write(hour + dt.timedelta(hours=1))
entry = {'a@1': {'value': 1, 'quality': 'ready'}}
assert market.write_features({hour: entry}, 'A', '1h') == 1
assert market.write_features({hour: entry, hour + dt.timedelta(hours=1): None}, 'A', '1h') == 2
""",
    "a request": """
market.record_request('A', '1h', provider_used='p', start_ts=hour, end_ts='2026-03-01T16:00Z')
market.record_request('A', '1h', provider_used='p', start_ts=hour, end_ts=hour, gap_count=3,
                      requested_at=hour, coverage_ratio=1, fallback_used=True, notes='none')
""",
    "what is there": """
write(features={'a@1': {'value': 1, 'quality': 'ready'}})
assert market.exists('A', '1h') and market.count('A', '1h', '2026-03-01', hour) == 1
assert market.feature_keys('A', '1h', hour) == ['a@1']
repr(store), store._repr_html_(), market.latest_bar('A', '1h')._repr_html_()
""",
    "deletion": "write(); assert market.delete('A', '1h', '2026-03-01', hour) == 1",
    "what there is": """
write(features={'a@1': {'value': 1, 'quality': 'ready'}})
assert market.exists('A', '1h') and not market.exists('A', '1d')
assert market.count('A', '1h', hour, '2026-03-02') == 1
assert market.feature_keys('A', '1h', end=hour) == ['a@1']
""",
    "Arrow out": """
write(features={'a@1': {'value': 1, 'quality': 'ready'}})
for result in (
    market.read_arrow('A', '1h', hour, '2026-03-02', columns=['close'], features=True, limit=5),
    market.read_arrow(['A', 'B'], '1h', features='json'),
    market.read_features_arrow('A', '1h', keys=['a@1']),
    market.iter_arrow('A', '1h', end=hour, features=['a@1'], chunk=10),
    store.sql_arrow('SELECT * FROM market_data WHERE timestamp >= ? AND close < ?', (hour, 5)),
    store.sql_arrow('SELECT :a, :b', {'a': None, 'b': b'bytes'}, timeout=5),
):
    result.__arrow_c_schema__(), result.__arrow_c_stream__(), repr(result)
""",
    "Arrow in": """
write(features={'a@1': {'value': 1, 'quality': 'ready'}})
assert market.write(market.read_arrow('A', '1h', features='json'), 'B', '1h') == 1
assert market.write(market.iter_arrow(['A', 'B'], '1h'), None, '2h', replace=True) == 2
features = market.read_features_arrow('A', '1h')
assert market.write_features(features, 'B', '2h') == 1
assert market.write(market.read_arrow('A', '1h').__arrow_c_stream__(), 'C', '1h') == 1
""",
    "refusals": """
for wrong in (
    lambda: state.set('a', float('nan')),
    lambda: write(dt.datetime(2026, 3, 1)),
    lambda: write('2026-03-01'),
    lambda: write(close='1.5'),
    lambda: market.write_features({'a@1': {}}, 'A', '1h'),
    lambda: market.write([1.5], 'A', '1h'),
    lambda: market.read_arrow('A', '1h', dt.date(2026, 3, 1)),
    lambda: store.sql_arrow('SELECT ?', [object()]),
):
    try:
        wrong()
    except data_store.InvalidInputError:
        pass
    else:
        raise AssertionError('it was taken')
""",
}


def marks(use: str) -> list[pytest.MarkDecorator]:
    is_of_sqlite3 = use == "a connection of sqlite3"
    return [pytest.mark.sqlite_only("get_connection() is sqlite3's")] if is_of_sqlite3 else []


@pytest.mark.parametrize("use", [pytest.param(use, marks=marks(use)) for use in USES])
def test_neither_pandas_nor_numpy_is_loaded(use: str, path: Path, tmp_path: Path) -> None:
    program = f"""
import datetime as dt, sys
import data_store
from data_store import DataStore
path, copy = {str(path)!r}, {str(tmp_path / "copy.db")!r}
if {use!r} != 'the import':
    store = DataStore(path)
    market, state = store.market, store.state
hour = dt.datetime(2026, 3, 1, 15, tzinfo=dt.timezone.utc)
def write(time=hour, **cells):
    market.write_bar('A', '1h', time, **{{'close': 1.5, **cells}})
{USES[use]}
loaded = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(loaded & {{"numpy", "pandas", "pyarrow", "polars"}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no compiler")
def test_an_older_sqlite_is_an_import_error(tmp_path: Path) -> None:
    source = tmp_path / "old.c"
    source.write_text("int sqlite3_libversion_number(void) { return 3027002; }\n")
    old = tmp_path / "old.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(old), str(source)], check=True)
    with pytest.raises(ImportError, match=r"SQLite 3\.27\.2 is too old"):
        library.check_sqlite(ctypes.CDLL(str(old)))


def test_a_short_script_loads_none_of_the_slow_modules(path: Path) -> None:
    """They take longer than the package; the interpreter itself may have loaded some."""
    program = f"""
import sys
before = set(sys.modules)
from data_store import DataStore
state = DataStore({str(path)!r}).state
state.set("a", {{"b": [1.5, None, "é"]}})
assert state.get("a") == {{"b": [1.5, None, "é"]}}
assert state.keys() == ["a"] and state.delete("a")
slow = {{"inspect", "json", "pathlib", "re", "signal", "typing"}}
print(*sorted(slow & (set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
