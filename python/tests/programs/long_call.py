# SPDX-License-Identifier: MIT
"""Makes one long call that Ctrl-C stops: ``long_call.py PATH KIND BARS``.

Prints ``running`` while the library is at work on it, then how the call ended and what the
library's own last status was. A line of input, and it uses the store once more: ``usable``.
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable
from ctypes import byref
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd

import data_store
from data_store import DataStore
from data_store._c import opening as _abi
from data_store._c.library import library

SERIES = ("LONG", "1min")
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def frame(bars: int) -> pd.DataFrame:
    index = pd.date_range("1990-01-01", periods=bars, freq="1min", tz="UTC", unit="ns")
    columns = ("open", "high", "low", "close", "volume")
    return pd.DataFrame({name: np.linspace(1, 2, bars) for name in columns}, index=index)


def in_transaction(store: DataStore, bars: int) -> None:
    long = frame(bars)
    with store.transaction():
        store.state.set("half", "done")
        store.market.write(long, *SERIES)


CALLS: dict[str, Callable[[DataStore, int], Any]] = {
    "write": lambda store, bars: store.market.write(frame(bars), *SERIES),
    "rewrite": lambda store, bars: store.market.write(frame(bars) * 2, *SERIES),
    "write in a transaction": in_transaction,
    "write_features": lambda store, bars: store.market.write_features(
        frame(bars)[["close"]].rename(columns={"close": "late@1"}), *SERIES
    ),
    "read": lambda store, bars: store.market.read(*SERIES),
    "read_features": lambda store, bars: store.market.read_features(*SERIES),
    "iter": lambda store, bars: next(store.market.iter(*SERIES, chunk=bars)),
    "series": lambda store, bars: store.market.series(),
    "delete": lambda store, bars: store.market.delete(*SERIES),
    "backup": lambda store, bars: store.backup(f"{store.path}.copy"),
    "check": lambda store, bars: store.check(),
    "sql": lambda store, bars: store.sql(ENDLESS),
    "wait for the write lock": lambda store, bars: store.state.set("half", "done"),
}


PACKAGE = str(Path(data_store.__file__).parent)
LOOKS = 20


def tell_when_running(main: int, is_over: threading.Event) -> None:
    """Prints ``running`` once the thread stays at one place of the package: within the library."""
    seen: tuple[FrameType | None, int] = (None, 0)
    looks = 0
    while not is_over.wait(0.001):
        inner = sys._current_frames().get(main)
        if inner is None or not inner.f_code.co_filename.startswith(PACKAGE):
            looks = 0
            continue
        looks = looks + 1 if seen == (inner, inner.f_lasti) else 0
        seen = inner, inner.f_lasti
        if looks == LOOKS:
            print("running", flush=True)
            return


def main(path: str, kind: str, bars: str) -> None:
    # A shell ignores it in what it starts in the background, and so do the children of that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with DataStore(path, durability="normal", timeout=600) as store:
        is_over = threading.Event()
        arguments = threading.get_ident(), is_over
        watcher = threading.Thread(target=tell_when_running, args=arguments, daemon=True)
        watcher.start()
        try:
            CALLS[kind](store, int(bars))
        except KeyboardInterrupt as error:
            detail = _abi.ds_error_detail()
            library.ds_last_error_detail(byref(detail))
            place = traceback.extract_tb(error.__traceback__)[-1].name
            print(f"KeyboardInterrupt in {place}, status {detail.status}", flush=True)
        else:
            print("completed", flush=True)
        is_over.set()
        watcher.join()
        sys.stdin.readline()
        store.state.set("after", 1)
        print("usable" if store.state.get("after") == 1 else "broken", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
