# SPDX-License-Identifier: MIT
"""backup() of a server's store: a file store, as of one snapshot."""

from __future__ import annotations

import threading
from pathlib import Path

import pandas as pd
import pytest
from calls import put_three_bars_and_a_state
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same, times

from data_store import DataStore, _progress
from data_store.errors import InterruptedCallError

FEATURES = '{"a@1":{"value":1.10,"quality":"ready"}}'


def test_the_file_has_what_the_server_has(path: str, store: DataStore, tmp_path: Path) -> None:
    put_three_bars_and_a_state(store)
    nano = pd.Timestamp(START.value + 1, tz="UTC")
    frame = pd.DataFrame({"close": [0.1]}, index=pd.DatetimeIndex([nano]))
    store.market.write(frame, "\u00e9", "1min", features=[FEATURES])
    store.state.set_many({"text": "x", "number": 1.5, "list": [1.10, None], "null": None})
    store.market.record_request(SYMBOL, TIMEFRAME, provider_used="p", start_ts=START, end_ts=nano)
    store.backup(tmp_path / "copy.db")
    with DataStore(tmp_path / "copy.db") as copy:
        assert copy.check() == []
        same(copy.market.series(), store.market.series())
        for symbol, timeframe in store.market.series()[["symbol", "timeframe"]].to_numpy():
            mine = store.market.read(symbol, timeframe, features="json")
            same(copy.market.read(symbol, timeframe, features="json"), mine)
        assert copy.state.items() == store.state.items()
        assert copy.state.updated_at("text") == store.state.updated_at("text")
        same(copy.market.requests(), store.market.requests())


def test_the_file_is_of_one_moment(store: DataStore, path: str, tmp_path: Path) -> None:
    """A writer changes bars and state together; a file that has one and not the other is torn."""
    ends = threading.Event()

    def write() -> None:
        with DataStore(path) as other:
            value = 0
            while not ends.is_set():
                value += 1
                frame = bars(20)[["close"]].assign(close=float(value))
                with other.transaction():
                    other.state.set("value", value)
                    other.market.write(frame, SYMBOL, TIMEFRAME)
                    features = {times(1)[0]: {"v@1": entry(value)}}
                    other.market.write_features(features, SYMBOL, TIMEFRAME)

    store.market.write(bars(20)[["close"]].assign(close=0.0), SYMBOL, TIMEFRAME)
    store.state.set("value", 0)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for turn in range(5):
            store.backup(tmp_path / f"{turn}.db")
    finally:
        ends.set()
        thread.join()
    for turn in range(5):
        with DataStore(tmp_path / f"{turn}.db") as copy:
            closes = set(copy.market.read(SYMBOL, TIMEFRAME)["close"])
            assert closes == {float(copy.state.get("value"))}


@pytest.mark.parametrize("which", ["first", "last"])
def test_interrupt_stops_it_wherever_it_is(
    store: DataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr(_progress, "INTERVAL", 0)
    store.market.write(bars(25_000), SYMBOL, TIMEFRAME)
    told: list[int] = []

    def tell(done: int, total: int | None) -> None:
        told.append(1)
        if last and len(told) == (1 if which == "first" else last):
            interrupting = threading.Thread(target=store.interrupt)
            interrupting.start()
            interrupting.join()

    last = 0
    store.backup(tmp_path / "whole.db", progress=tell)
    last = len(told)
    assert last > 1
    told.clear()
    with pytest.raises(InterruptedCallError):
        store.backup(tmp_path / "copy.db", progress=tell)
    assert [file.name for file in tmp_path.iterdir()] == ["whole.db"]
    store.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").exists()
