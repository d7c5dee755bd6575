# SPDX-License-Identifier: MIT
"""Generated values: instants, doubles, integers, texts, features, JSON come back as they were."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import entry, fresh, times
from hypothesis import given
from hypothesis import strategies as st
from places import on_server

from data_store import DataStore

names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
doubles = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]),
    st.sampled_from(
        [
            *(0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308),
            *(1.7976931348623157e308, 0.1, 1 / 3, 1e15, 1e16, 1e17, 1e22, 1e23, 123456.789, 1e-5),
        ]
    ),
).filter(math.isfinite)
instants = st.one_of(
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.integers(-9_000_000_000, 9_000_000_000).map(lambda seconds: seconds * 10**9),
    st.integers(-(10**12), 10**12),
)


def bits(values: Any) -> list[int]:
    return np.asarray(values, dtype="float64").view("int64").tolist()


@given(
    stamps=st.lists(instants, min_size=1, max_size=20, unique=True),
    zone=st.timezones() | st.sampled_from(["UTC", "+05:45", "-11:30"]),
)
def test_instants_of_every_era_are_stored_as_isoformat_and_come_back(
    shared_store: DataStore, stamps: list[int], zone: Any
) -> None:
    index = pd.DatetimeIndex(stamps, tz="UTC").as_unit("ns")
    symbol = fresh()
    try:
        moved = index.tz_convert(zone)
        assert (moved == index).all()
    except (OverflowError, pd.errors.OutOfBoundsDatetime):
        moved = index  # pandas itself cannot show the first and last hours in every zone
    shared_store.market.write(pd.DataFrame({"close": 1.0}, index=moved), symbol, "1h")
    ordered = sorted(stamps)
    if not on_server():  # where the column is a time, whose text is the server's
        stored = shared_store.sql(
            "SELECT timestamp FROM market_data WHERE symbol = ? ORDER BY timestamp", (symbol,)
        )
        assert stored["timestamp"].tolist() == [
            pd.Timestamp(stamp, tz="UTC").isoformat() for stamp in ordered
        ]
    assert shared_store.market.read(symbol, "1h").index.asi8.tolist() == ordered
    first, last = (pd.Timestamp(stamp, tz="UTC") for stamp in (ordered[0], ordered[-1]))
    assert len(shared_store.market.read(symbol, "1h", first, last)) == len(stamps)
    bounds = first.isoformat(), last.isoformat()
    assert len(shared_store.market.read(symbol, "1h", *bounds)) == len(stamps)


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6)])
@given(data=st.data())
def test_instants_of_every_unit_come_back(
    shared_store: DataStore, unit: str, factor: int, data: st.DataObject
) -> None:
    limit = 9_223_372_036 * factor
    stamps = data.draw(st.lists(st.integers(-limit, limit), min_size=1, max_size=10, unique=True))
    index = pd.DatetimeIndex(np.array(stamps, dtype=f"datetime64[{unit}]")).tz_localize("UTC")
    assert index.unit == unit
    symbol = fresh()
    shared_store.market.write(pd.DataFrame({"close": 1.0}, index=index), symbol, "1h")
    found = shared_store.market.read(symbol, "1h").index.asi8.tolist()
    assert found == [stamp * (10**9 // factor) for stamp in sorted(stamps)]


@given(values=st.lists(doubles, min_size=1, max_size=70))
def test_doubles_in_columns_come_back_bit_for_bit(
    shared_store: DataStore, values: list[float]
) -> None:
    symbol = fresh()
    frame = pd.DataFrame({"close": values, "latency_sec": values[::-1]}, index=times(len(values)))
    shared_store.market.write(frame, symbol, "1h")
    found = shared_store.market.read(symbol, "1h")
    # SQLite keeps no sign of zero in a REAL column; PostgreSQL does.
    expected = values if on_server() else [value + 0.0 for value in values]
    assert bits(found["close"]) == bits(expected)
    assert bits(found["latency_sec"]) == bits(expected[::-1])


@given(values=st.lists(doubles, min_size=1, max_size=70))
def test_doubles_in_features_are_repr_and_come_back_bit_for_bit(
    shared_store: DataStore, values: list[float]
) -> None:
    symbol, index = fresh(), times(len(values))
    frame = pd.DataFrame({"a@1": values}, index=index)
    shared_store.market.write(pd.DataFrame(index=index), symbol, "1h", features=frame)
    stored = shared_store.market.read(symbol, "1h", features="json")["features"].tolist()
    assert stored == [f'{{"a@1":{{"value":{value!r},"quality":"ready"}}}}' for value in values]
    found = shared_store.market.read_features(symbol, "1h")["a@1", "value"]
    assert bits(found) == bits(values)
    as_column = shared_store.market.read(symbol, "1h", features=["a@1"])["a@1"]
    assert bits(as_column) == bits(values)


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30))
def test_integers_in_features_are_written_whole(shared_store: DataStore, values: list[int]) -> None:
    symbol, index = fresh(), times(len(values))
    frame = pd.DataFrame({"a@1": np.array(values, dtype="int64")}, index=index)
    shared_store.market.write(pd.DataFrame(index=index), symbol, "1h", features=frame)
    stored = shared_store.market.read(symbol, "1h", features="json")["features"]
    assert [json.loads(text)["a@1"]["value"] for text in stored] == values
    found = shared_store.market.read_features(symbol, "1h")["a@1", "value"]
    assert found.tolist() == [float(value) for value in values]


@given(
    features=st.dictionaries(
        st.tuples(texts.filter(lambda name: name and "@" not in name), names).map("@".join),
        st.builds(
            entry,
            st.none() | doubles | st.integers(-(2**63), 2**63 - 1),
            st.sampled_from(["ready", "warmup", "degraded", "missing"]),
        ),
        max_size=8,
    ),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 0, 2]),
)
def test_features_in_dicts_and_in_any_spelling_of_json_are_the_same(
    shared_store: DataStore, features: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    spelt = json.dumps(features, ensure_ascii=ascii_only, indent=indent)
    by_dict, by_text = fresh(), fresh()
    bare = pd.DataFrame(index=times(1))
    shared_store.market.write(bare, by_dict, "1h", features=[features])
    shared_store.market.write(bare, by_text, "1h", features=[spelt])
    first, second = (shared_store.market.latest_bar(symbol, "1h") for symbol in (by_dict, by_text))
    assert first is not None
    assert second is not None
    assert (first.features or {}) == (second.features or {}) == features
    frame = shared_store.market.read_features(by_text, "1h")
    assert list(frame.columns.get_level_values(0)[::2]) == sorted(features)


@given(source=texts, quality=texts, symbol=names, timeframe=names)
def test_texts_and_names_come_back(
    shared_store: DataStore, source: str, quality: str, symbol: str, timeframe: str
) -> None:
    frame = pd.DataFrame({"source": [source], "quality": [quality]}, index=times(1))
    shared_store.market.write(frame, symbol, timeframe)
    found = shared_store.market.read(symbol, timeframe).iloc[0]
    assert (found["source"], found["quality"]) == (source, quality)
    shared_store.market.write_bar(symbol, timeframe, times(1)[0], source=quality, quality=source)
    bar = shared_store.market.latest_bar(symbol, timeframe)
    assert bar is not None
    assert (bar.source, bar.quality) == (quality, source)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | doubles | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@given(value=json_values, key=names)
def test_state_values_come_back_digit_for_digit_inside_lists(
    shared_store: DataStore, value: Any, key: str
) -> None:
    shared_store.state.set(key, [value])
    assert repr(shared_store.state.get(key)) == repr([value])
    assert shared_store.state.compare_and_set(key, [value], {"next": value})
    assert repr(shared_store.state.get(key)) == repr({"next": value})


@given(value=doubles)
def test_a_float_that_stands_alone_is_kept_to_the_bit(
    shared_store: DataStore, value: float
) -> None:
    shared_store.state.set("float", value)
    found = shared_store.state.get("float")
    if value.is_integer():
        assert found == value
    else:
        assert type(found) is float
        assert bits([found]) == bits([value])
    assert shared_store.state.compare_and_set("float", value, None)


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_an_int64_that_stands_alone_is_kept(shared_store: DataStore, value: int) -> None:
    shared_store.state.set("int", value)
    found = shared_store.state.get("int")
    assert type(found) is int
    assert found == value
