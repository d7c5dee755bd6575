# SPDX-License-Identifier: MIT
"""Frames come out with what the installed pandas calls right: pandas 2 takes text for objects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from frames import ARROW, SYMBOL, TIMEFRAME, bars, entry, same, times
from pandas.testing import assert_frame_equal

from data_store import DataStore

IS_OLD = int(pd.__version__.partition(".")[0]) < 3
TEXT_COLUMNS = {
    "read": ("store.market.read('EURUSD', '1h', features='json')", ["source", "features"]),
    "series": ("store.market.series()", ["symbol", "timeframe"]),
    "requests": ("store.market.requests()", ["symbol", "quality"]),
    "sql": ("store.sql('SELECT source, NULL AS n, 1 AS i FROM market_data')", ["source"]),
    "arrow": ("store.market.read_arrow(['EURUSD'], '1h').to_pandas()", ["symbol", "quality"]),
    "features": ("store.market.read_features('EURUSD', '1h')['a@1']", ["quality"]),
}


@pytest.fixture
def filled(store: DataStore) -> DataStore:
    frame = bars(3)
    frame["source"] = ["feed", None, "feed"]
    store.market.write(frame, SYMBOL, TIMEFRAME)
    store.market.write_features({times(1)[0]: {"a@1": entry(0.5)}}, SYMBOL, TIMEFRAME)
    store.market.record_request(
        *(SYMBOL, TIMEFRAME), provider_used="p", start_ts=times(1)[0], end_ts=times(1)[0]
    )
    return store


@pytest.mark.parametrize("call", TEXT_COLUMNS)
def test_text_is_what_a_frame_of_this_pandas_has(filled: DataStore, call: str) -> None:
    expression, names = TEXT_COLUMNS[call]
    found = eval(expression, {"store": filled})
    assert found.columns.dtype == pd.Index(["a"]).dtype
    for name in names:
        own = pd.Series(["text", None])
        assert found[name].dtype == own.dtype, name
        missing = [cell for cell in found[name] if pd.isna(cell)]
        assert {repr(cell) for cell in missing} <= {repr(own[1])}


@pytest.mark.skipif(not IS_OLD, reason="an option of pandas 2")
@pytest.mark.skipif(not ARROW, reason="pandas 2.2 needs pyarrow for it")
@pytest.mark.parametrize("call", TEXT_COLUMNS)
def test_the_option_of_pandas_2_counts_at_each_call(filled: DataStore, call: str) -> None:
    expression, _ = TEXT_COLUMNS[call]
    before = eval(expression, {"store": filled})
    with pd.option_context("future.infer_string", True):
        test_text_is_what_a_frame_of_this_pandas_has(filled, call)
        frame = filled.market.read(SYMBOL, TIMEFRAME)
        assert filled.market.write(frame, "copy", TIMEFRAME) == 3
        same(filled.market.read("copy", TIMEFRAME), frame)
    filled.market.delete("copy", TIMEFRAME)
    assert_frame_equal(eval(expression, {"store": filled}), before)


def test_a_frame_is_its_owners(filled: DataStore) -> None:
    frame = filled.market.read(SYMBOL, TIMEFRAME, features=["a@1"])
    kept = filled.market.read(SYMBOL, TIMEFRAME, features=["a@1"])
    frame.loc[:, "close"] = -1.0
    frame.loc[frame.index[0], ["source", "is_gap", "a@1"]] = ["other", True, 2.0]
    frame.columns.name = "fields"
    same(filled.market.read(SYMBOL, TIMEFRAME, features=["a@1"]), kept)
    assert filled.market.write(frame[["close", "source"]], SYMBOL, TIMEFRAME) == 3
    assert filled.market.read(SYMBOL, TIMEFRAME)["source"].tolist()[0] == "other"


def test_no_warning_is_given(path: Path) -> None:
    """Neither by the import nor by what reads and writes."""
    program = f"""
import pandas as pd
from data_store import DataStore
store = DataStore({str(path)!r})
index = pd.date_range("2026-03-01", periods=3, freq="h", tz="UTC")
frame = pd.DataFrame({{"close": [1.0, 2, 3], "source": ["a", None, "b"]}}, index=index)
store.market.write(frame, "A", "1h", features=[{{"a@1": {{"value": 1, "quality": "ready"}}}}] * 3)
for frame in (store.market.read("A", "1h", features=True), *store.market.iter("A", "1h", chunk=1)):
    store.market.write(frame[["close", "is_gap", "source"]], "A", "1h")
store.market.read_features(["A", "B"], "1h"), store.market.series(), store.market.requests()
store.sql("SELECT * FROM market_data WHERE close > ?", (1,))
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
