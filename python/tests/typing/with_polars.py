# SPDX-License-Identifier: MIT
"""The same as `program.py`, with polars."""

from __future__ import annotations

from typing import assert_type

import polars as pl

import data_store.polars
from data_store import DataStore


def scanning(store: DataStore) -> None:
    lazy = data_store.polars.scan(store, ["EURUSD"], "1h", features=["rsi@2.1"])
    assert_type(lazy, pl.LazyFrame)
    frame = store.market.read_arrow("EURUSD", "1h").to_polars()
    assert_type(frame, pl.DataFrame)
    assert_type(store.market.write(frame, "copy", "1h"), int)
    store.market.write(lazy, "copy", "1h")  # type: ignore[arg-type]
