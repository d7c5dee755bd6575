# SPDX-License-Identifier: MIT
"""The forms in which features may come, and the one text that all of them become."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calls import feature_texts
from frames import SYMBOL, TIMEFRAME, bars, entry, times, two_level

from data_store import DataStore
from data_store.errors import FeatureValidationError, InvalidInputError, MissingBarError

Rows = Callable[..., list[tuple[Any, ...]]]
Contents = Callable[[], dict[str, list[tuple[Any, ...]]]]

DICTS = [
    {"a@1": entry(0.5), "b@2.1": entry(1.0, "warmup")},
    {"a@1": entry(None), "b@2.1": entry(1e16, "warmup")},
    {"a@1": entry(-0.0), "b@2.1": entry(None, "warmup")},
]
TEXTS = [
    '{"a@1":{"value":0.5,"quality":"ready"},"b@2.1":{"value":1.0,"quality":"warmup"}}',
    '{"a@1":{"value":null,"quality":"ready"},"b@2.1":{"value":1e+16,"quality":"warmup"}}',
    '{"a@1":{"value":-0.0,"quality":"ready"},"b@2.1":{"value":null,"quality":"warmup"}}',
]
WIDE = pd.DataFrame({"a@1": [0.5, np.nan, -0.0], "b@2.1": [1.0, 1e16, np.nan]}, index=times(3))
WORDS = pd.DataFrame({"a@1": ["ready"] * 3, "b@2.1": ["warmup"] * 3}, index=times(3))

FORMS: dict[str, tuple[Any, Any]] = {
    "wide frame with a frame of words": (WIDE, WORDS),
    "wide frame with words as categories": (WIDE, WORDS.astype("category")),
    "two-level frame": (
        two_level(
            {
                "a@1": ([0.5, np.nan, -0.0], ["ready"] * 3),
                "b@2.1": ([1.0, 1e16, np.nan], ["warmup"] * 3),
            }
        ),
        None,
    ),
    "Series of dicts": (pd.Series(DICTS, index=times(3)), None),
    "Series of text": (pd.Series(TEXTS, index=times(3)), None),
    "mapping to dicts": (dict(zip(times(3), DICTS, strict=True)), None),
    "mapping to text": (dict(zip(times(3).to_pydatetime(), TEXTS, strict=True)), None),
    "mapping in another zone": (
        dict(zip(times(3).tz_convert("Asia/Tokyo"), DICTS, strict=True)),
        None,
    ),
    "mapping to both": (dict(zip(times(3), [DICTS[0], *TEXTS[1:]], strict=True)), None),
}


def assert_same_features(found: list[str], expected: list[str]) -> None:
    """Equal digits and members whatever the order of keys, and not one byte more."""
    keep = {"parse_float": str, "parse_int": lambda digits: f"int {digits}"}
    assert [json.loads(text, **keep) for text in found] == [
        json.loads(text, **keep) for text in expected
    ]
    assert [len(text) for text in found] == [len(text) for text in expected]


@pytest.fixture
def three(store: DataStore) -> DataStore:
    """Three bars without features."""
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    return store


@pytest.mark.parametrize("what", FORMS)
def test_all_forms_become_the_same_text(three: DataStore, what: str) -> None:
    features, quality = FORMS[what]
    more = {} if quality is None else {"quality": quality}
    assert three.market.write_features(features, SYMBOL, TIMEFRAME, **more) == 3
    assert_same_features(feature_texts(three), TEXTS)


@pytest.mark.parametrize(
    "features",
    [*(form for form, quality in FORMS.values() if quality is None), DICTS, TEXTS],
    ids=[*(name for name, (_, quality) in FORMS.items() if quality is None), "list", "texts"],
)
@pytest.mark.parametrize("replace", [False, True])
def test_write_takes_the_same_forms_in_one_pass(
    store: DataStore, features: Any, replace: bool
) -> None:
    written = store.market.write(bars(3), SYMBOL, TIMEFRAME, features=features, replace=replace)
    assert written == 3
    assert_same_features(feature_texts(store), TEXTS)


@pytest.mark.parametrize("features", [DICTS[0], TEXTS[0]], ids=["dict", "text"])
def test_write_bar_takes_a_dict_or_text(store: DataStore, features: Any) -> None:
    store.market.write_bar(SYMBOL, TIMEFRAME, times(1)[0], close=1.0, features=features)
    assert_same_features(feature_texts(store), TEXTS[:1])


@pytest.mark.parametrize("quality", ["ready", "warmup", "degraded", "missing"])
def test_one_word_of_quality_holds_for_a_whole_wide_frame(three: DataStore, quality: str) -> None:
    frame = pd.DataFrame({"a@1": [1.5, np.nan, 2.5]}, index=times(3))
    three.market.write_features(frame, SYMBOL, TIMEFRAME, quality=quality)
    assert [json.loads(text)["a@1"]["quality"] for text in feature_texts(three)] == [quality] * 3


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "Int64", "object"])
def test_a_quality_that_is_not_given_is_ready_with_a_number_and_missing_without(
    three: DataStore, dtype: str
) -> None:
    frame = pd.DataFrame({"a@1": pd.Series([1, None, 3], index=times(3), dtype=dtype)})
    frame["none@1"] = pd.Series([None] * 3, index=times(3), dtype="float64")
    three.market.write_features(frame, SYMBOL, TIMEFRAME)
    three.market.write_features(frame, SYMBOL, TIMEFRAME, quality=None, replace=True)
    three.market.write(bars(3), SYMBOL, "other", features=frame)
    several = bars(3).assign(symbol="A")
    three.market.write(several, None, "other", features=frame.iloc[::-1])
    for symbol, timeframe in ((SYMBOL, TIMEFRAME), (SYMBOL, "other"), ("A", "other")):
        found = three.market.read_features(symbol, timeframe)
        assert found["a@1", "quality"].tolist() == ["ready", "missing", "ready"]
        assert found["a@1", "value"].isna().tolist() == [False, True, False]
        assert found["none@1", "quality"].tolist() == ["missing"] * 3


def test_two_levels_without_a_quality_are_not_given_one(
    three: DataStore, contents: Contents
) -> None:
    frame = two_level({"a@1": ([1.0, np.nan, np.nan], ["ready"] * 3)}).drop(
        columns=[("a@1", "quality")]
    )
    before = contents()
    with pytest.raises(FeatureValidationError, match="no quality") as caught:
        three.market.write_features(frame, SYMBOL, TIMEFRAME)
    assert (caught.value.row, caught.value.key) == (0, "a@1")
    assert three.market.write_features(frame.iloc[1:], SYMBOL, TIMEFRAME) == 2
    assert contents() == before, "entries with neither value nor quality are absent"


@pytest.mark.parametrize("quality", ["ready", "warmup"])
def test_a_quality_beside_features_that_say_theirs_is_refused(
    three: DataStore, contents: Contents, quality: str
) -> None:
    before = contents()
    for features in (two_level({"a@1": ([1.0] * 3, ["ready"] * 3)}), {times(1)[0]: DICTS[0]}):
        with pytest.raises(InvalidInputError, match="twice"):
            three.market.write_features(features, SYMBOL, TIMEFRAME, quality=quality)
    assert contents() == before


def test_a_wide_frame_is_ready_unless_another_word_is_said(three: DataStore) -> None:
    frame = pd.DataFrame({"a@1": [1.5, 2.5, 3.5]}, index=times(3))
    three.market.write_features(frame, SYMBOL, TIMEFRAME)
    three.market.write(bars(3), SYMBOL, "other", features=frame)
    for timeframe in (TIMEFRAME, "other"):
        found = three.market.read_features(SYMBOL, timeframe)
        assert found["a@1", "quality"].tolist() == ["ready"] * 3


def test_an_entry_with_neither_value_nor_quality_is_absent(three: DataStore) -> None:
    frame = two_level({"a@1": ([1.0, np.nan, np.nan], ["ready", None, "warmup"])})
    three.market.write_features(frame, SYMBOL, TIMEFRAME)
    first, second, third = feature_texts(three)
    assert json.loads(first) == {"a@1": entry(1.0)}
    assert not json.loads(second or "{}")
    assert json.loads(third) == {"a@1": entry(None, "warmup")}


@pytest.mark.parametrize("name", ['q"uote', "back\\slash", "ñ📈", "new\nline", "a.b[0]", "$", "'"])
def test_any_text_may_name_a_feature(store: DataStore, name: str) -> None:
    key = f"{name}@1"
    frame = pd.DataFrame({key: [1.5]}, index=times(1))
    store.market.write(bars(1), SYMBOL, TIMEFRAME, features=frame)
    store.market.write(bars(1), SYMBOL, "dict", features=[{key: entry(1.5)}])
    store.market.write(bars(1), SYMBOL, "text", features=[json.dumps({key: entry(1.5)})])
    for timeframe in (TIMEFRAME, "dict", "text"):
        found = store.market.read_features(SYMBOL, timeframe, keys=[key])
        assert found[key, "value"].tolist() == [1.5]
        assert json.loads(
            store.market.read(SYMBOL, timeframe, features="json")["features"].iloc[0]
        ) == {key: entry(1.5)}


def test_write_features_returns_the_rows_given(three: DataStore) -> None:
    frame = pd.DataFrame({"a@1": [1.0, 2.0, 3.0]}, index=times(3).take([0, 0, 1]))
    assert three.market.write_features(frame, SYMBOL, TIMEFRAME) == 3
    assert three.market.write_features(frame.iloc[:0], SYMBOL, TIMEFRAME) == 0
    assert three.market.write_features({}, SYMBOL, TIMEFRAME) == 0


@pytest.mark.parametrize("replace", [False, True])
def test_write_features_needs_the_bars_to_be_there(
    three: DataStore, contents: Contents, replace: bool
) -> None:
    before = contents()
    frame = pd.DataFrame({"a@1": [1.0, 2.0, 3.0, 4.0]}, index=times(4))
    with pytest.raises(MissingBarError) as caught:
        three.market.write_features(frame, SYMBOL, TIMEFRAME, replace=replace)
    for part in (SYMBOL, TIMEFRAME, "2026-03-01T18:00:00"):
        assert part in str(caught.value)
    assert contents() == before


REFUSED: dict[str, Any] = {
    "naive index": pd.DataFrame({"a@1": [1.0]}, index=times(1).tz_localize(None)),
    "naive key": {pd.Timestamp("2026-03-01T15:00:00"): DICTS[0]},
    "text key": {"2026-03-01T15:00:00+00:00": DICTS[0]},
    "NaT": pd.DataFrame({"a@1": [1.0]}, index=pd.DatetimeIndex([pd.NaT], tz="UTC")),
    "text values": pd.DataFrame({"a@1": ["1.5"]}, index=times(1)),
    "bool values": pd.DataFrame({"a@1": [True]}, index=times(1)),
    "infinity": pd.DataFrame({"a@1": [np.inf]}, index=times(1)),
    "a key twice": pd.DataFrame([[1.0, 2.0]], columns=["a@1", "a@1"], index=times(1)),
    "a key that is not text": pd.DataFrame({1: [1.0]}, index=times(1)),
    "a key without version": pd.DataFrame({"rsi": [1.0]}, index=times(1)),
    "a value without quality": two_level({"a@1": ([1.0], [None])}),
    "an unknown quality": two_level({"a@1": ([1.0], ["good"])}),
    "a third member": two_level({"a@1": ([1.0], ["ready"])}).rename(
        columns={"quality": "grade"}, level=1
    ),
    "a number for an entry": {times(1)[0]: {"a@1": 1.5}},
    "a number for a bar": {times(1)[0]: 1.5},
    "a word": "a@1",
    "a number": 3,
}


@pytest.mark.parametrize("what", REFUSED)
def test_features_in_a_bad_form_are_refused(
    three: DataStore, contents: Contents, what: str
) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        three.market.write_features(REFUSED[what], SYMBOL, TIMEFRAME)
    assert contents() == before


@pytest.mark.parametrize(
    "features",
    [
        DICTS[:2],
        [*DICTS, DICTS[0]],
        WIDE.set_axis(times(3, times(1)[0] + pd.Timedelta("1min"))),
    ],
    ids=["too few", "too many", "other timestamps"],
)
def test_features_that_do_not_fit_the_bars_are_refused(
    store: DataStore, contents: Contents, features: Any
) -> None:
    before = contents()
    with pytest.raises(InvalidInputError):
        store.market.write(bars(3), SYMBOL, TIMEFRAME, features=features)
    assert contents() == before


@pytest.mark.parametrize("quality", ["good", "", "READY", "ready "])
def test_an_unknown_word_of_quality_is_refused(
    three: DataStore, contents: Contents, quality: str
) -> None:
    before = contents()
    with pytest.raises(FeatureValidationError, match=r"a@1|quality"):
        three.market.write_features(WIDE, SYMBOL, TIMEFRAME, quality=quality)
    words = WORDS.replace("warmup", quality)
    with pytest.raises(FeatureValidationError):
        three.market.write_features(WIDE, SYMBOL, TIMEFRAME, quality=words)
    assert contents() == before


def test_words_of_quality_in_another_shape_are_refused(
    three: DataStore, contents: Contents
) -> None:
    before = contents()
    for words in (WORDS.iloc[:2], WORDS[["a@1"]]):
        with pytest.raises(InvalidInputError):
            three.market.write_features(WIDE, SYMBOL, TIMEFRAME, quality=words)
    assert contents() == before
