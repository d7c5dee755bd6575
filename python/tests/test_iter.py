# SPDX-License-Identifier: MIT
"""Bars in chunks, with nothing held between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same, times

from data_store import DataStore
from data_store.errors import ClosedError, InvalidInputError


@pytest.fixture
def stored(store: DataStore) -> DataStore:
    """Ten bars."""
    store.market.write(bars(10), SYMBOL, TIMEFRAME)
    return store


@pytest.mark.parametrize("chunk", [1, 3, 5, 9, 10, 11, 50_000])
def test_chunks_together_are_what_read_gives(stored: DataStore, chunk: int) -> None:
    chunks = list(stored.market.iter(SYMBOL, TIMEFRAME, chunk=chunk))
    assert all(0 < len(part) <= chunk for part in chunks)
    assert len(chunks) == -(-10 // chunk)
    for part in chunks:
        same(part, bars(10).loc[part.index])
    same(pd.concat(chunks), bars(10))


def test_a_chunk_has_50_000_bars_unless_another_number_is_said(store: DataStore) -> None:
    index = times(120_001, step="1min")
    frame = pd.DataFrame({"close": np.arange(120_001.0)}, index=index)
    assert store.market.write(frame, SYMBOL, "1min") == 120_001
    chunks = list(store.market.iter(SYMBOL, "1min", columns=["close"]))
    assert [len(part) for part in chunks] == [50_000, 50_000, 20_001]
    same(pd.concat(chunks), frame)


def test_there_is_no_chunk_of_nothing(stored: DataStore) -> None:
    assert list(stored.market.iter("nobody", TIMEFRAME)) == []
    assert list(stored.market.iter(SYMBOL, TIMEFRAME, "2030-01-01")) == []


def test_chunks_take_columns_and_features(stored: DataStore) -> None:
    stored.market.write_features({times(10)[4]: {"a@1": entry(0.5)}}, SYMBOL, TIMEFRAME)
    options: dict[str, Any] = {"columns": ["close"], "features": ["a@1"]}
    chunks = list(stored.market.iter(SYMBOL, TIMEFRAME, chunk=4, **options))
    assert [list(part.columns) for part in chunks] == [["close", "a@1"]] * 3
    same(pd.concat(chunks), stored.market.read(SYMBOL, TIMEFRAME, **options))


def test_chunks_of_several_symbols_are_what_read_gives(stored: DataStore) -> None:
    stored.market.write(bars(5, base=50.0), "B", TIMEFRAME)
    chunks = list(stored.market.iter(["B", SYMBOL, "nobody"], TIMEFRAME, chunk=4))
    same(pd.concat(chunks), stored.market.read(["B", SYMBOL], TIMEFRAME))


def test_bars_may_be_written_and_deleted_while_chunks_are_taken(stored: DataStore) -> None:
    seen = []
    for part in stored.market.iter(SYMBOL, TIMEFRAME, chunk=2):
        seen += part["close"].tolist()
        stored.market.write(bars(1, base=500.0), SYMBOL, TIMEFRAME)
        stored.market.write(bars(3, start=START + pd.Timedelta("7h"), base=70.0), SYMBOL, TIMEFRAME)
        stored.market.delete(SYMBOL, TIMEFRAME, times(10)[5], times(10)[5])
    expected = bars(10)["close"].tolist()
    assert seen[:2] == expected[:2]
    assert seen == [*expected[:5], expected[6], *bars(3, base=70.0)["close"]]


def test_no_transaction_is_held_between_chunks(stored: DataStore) -> None:
    chunks = stored.market.iter(SYMBOL, TIMEFRAME, chunk=1)
    next(chunks)
    stored.market.write(bars(10, base=50.0), SYMBOL, TIMEFRAME)
    folded = stored.checkpoint()
    assert folded["held_back"] == 0
    assert folded["checkpointed"] == folded["wal_frames"]
    assert len(list(chunks)) == 9


def test_chunks_after_close_are_refused(stored: DataStore) -> None:
    chunks = stored.market.iter(SYMBOL, TIMEFRAME, chunk=1)
    next(chunks)
    stored.close()
    with pytest.raises(ClosedError):
        next(chunks)


@pytest.mark.parametrize("chunk", [0, -1, -(2**63)])
def test_a_chunk_of_no_rows_is_refused(stored: DataStore, chunk: int) -> None:
    with pytest.raises(InvalidInputError):
        next(stored.market.iter(SYMBOL, TIMEFRAME, chunk=chunk))
