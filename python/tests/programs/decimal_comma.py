# SPDX-License-Identifier: MIT
"""decimal_comma.py PATH: answers of sql() before and after the process takes a decimal comma.

LOCPATH names the folder with the locale. Threads that begin before and after take part.
"""

from __future__ import annotations

import json
import locale
import sqlite3
import sys
import threading

import pandas as pd

from data_store import DataStore

START = pd.Timestamp("2026-03-01T15:00:00Z")
QUERIES = [
    """SELECT json_extract(features, '$."rsi@1".value') FROM market_data""",
    """SELECT value FROM json_each(
        (SELECT features FROM market_data), '$."rsi@1"') WHERE key = 'value'""",
    """SELECT atom FROM json_tree((SELECT features FROM market_data)) WHERE key = 'value'""",
    """SELECT json_extract(value, '$[0]') FROM system_state""",
    """SELECT json_extract('[1.5e3]', '$[0]')""",
    """SELECT json_array(1.5, json_extract('[2.5]', '$[0]'))""",
    """SELECT json_group_array(json_extract(features, '$."rsi@1".value')) FROM market_data""",
    """SELECT CAST('71.75' AS REAL), CAST(71.75 AS TEXT), '71.75' + 1, 71.75 || ''""",
    """SELECT printf('%.3f %g %e', 71.75, 0.125, 1e300), round(2.567, 2), quote(0.1)""",
    """SELECT sum(close), avg(close), max(close) FROM market_data""",
    """SELECT ? + 0.25""",
]
if sys.argv[1].startswith("postgresql://"):
    QUERIES = [
        "SELECT CAST(features #>> '{rsi@1,value}' AS float8) FROM market_data",
        "SELECT CAST(value->>0 AS float8) FROM system_state",
        "SELECT CAST('71.75' AS float8)",
        "SELECT CAST(? AS float8) + 0.25",
        "SELECT CAST(71.75 AS text), to_char(71.75, 'FM99.99'), CAST(1.5 AS numeric)",
        "SELECT sum(close), avg(close), max(close) FROM market_data",
    ]
elif sqlite3.sqlite_version_info >= (3, 38):
    QUERIES += [
        """SELECT features->>'$."rsi@1".value' FROM market_data""",
        """SELECT features->'$."rsi@1".value' FROM market_data""",
    ]


def ask(store: DataStore) -> list[object]:
    answers: list[object] = [
        store.sql(query, (71.5,) if "?" in query else ()).to_numpy().tolist() for query in QUERIES
    ]
    bar = store.market.latest_bar("X", "1h")
    assert bar is not None
    answers += [bar.close, bar.features, store.state.get("k"), store.check()]
    answers += store.market.read("X", "1h", features=["rsi@1"])[["close", "rsi@1"]].values.tolist()
    answers.append(store.market.read("X", "1h", features="json")["features"].tolist())
    return answers


def write(store: DataStore, symbol: str) -> None:
    features = {"rsi@1": {"value": 71.75, "quality": "ready"}}
    store.market.write_bar(symbol, "1h", START, close=0.125, features=features)


with DataStore(sys.argv[1]) as store:
    write(store, "X")
    store.state.set("k", [71.75, 1e300])
    told: list[list[object]] = [ask(store)]
    go_on = threading.Event()

    def later() -> None:
        go_on.wait()
        told.append(ask(store))

    waiting = threading.Thread(target=later)
    waiting.start()
    locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    assert locale.localeconv()["decimal_point"] == ","
    told.append(ask(store))
    go_on.set()
    waiting.join()
    new = threading.Thread(target=later)
    new.start()
    new.join()
    write(store, "X")
    told.append(ask(store))
    with DataStore(sys.argv[1], read_only=True) as reader:
        told.append(ask(reader))
    assert locale.str(1.5) == "1,5"
    # Names stay in the order of their bytes.
    for name in ("b", "B", "ä", "a", "Z"):
        store.state.set(name, 1)
    told_keys = store.state.keys()
    assert told_keys == sorted(told_keys), told_keys
    print(json.dumps(told))
