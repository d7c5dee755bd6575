# SPDX-License-Identifier: MIT
"""Columns of a few Python objects are coded by address: what is stored is what each cell says."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from data_store import FeatureValidationError
from data_store._in.columns.object_codes import code_objects

WORDS = ["ready", "warmup", "degraded", "missing"]


def copies(word: str, count: int) -> list[str]:
    """Give equal texts that are objects of their own."""
    return ["".join(list(word)) for _ in range(count)]


@pytest.mark.parametrize("distinct", [1, 2, 16, 17, 300])
def test_codes_name_the_object_of_each_row(distinct):
    seeded = random.Random(distinct)
    objects = [object() for _ in range(distinct)]
    cells = np.array([seeded.choice(objects) for _ in range(1000)], object)
    for view in (cells, cells[::-1], cells[3::7]):
        coded = code_objects(view)
        if coded is None:
            assert len(set(map(id, view))) > 16
            continue
        codes, found = coded
        assert all(found[code] is cell for code, cell in zip(codes, view, strict=True))


@pytest.mark.parametrize("dtype", ["str", object])
def test_words_that_are_equal_but_not_the_same_object_are_one_word(store, dtype):
    count = 400
    index = pd.date_range("2026-03-01", periods=count, freq="min", tz="UTC", name="timestamp")
    words = [word for word in WORDS for _ in range(count // 4)]
    some = copies("ready", 3)
    words[5], words[6], words[7] = some
    words[9] = None
    features = pd.DataFrame(
        {
            ("a@1", "value"): np.arange(count) + 0.5,
            ("a@1", "quality"): pd.Series(words, dtype=dtype).array,
        },
        index=index,
    )
    features.loc[index[9], ("a@1", "value")] = np.nan
    store.market.write(pd.DataFrame({"close": 1.0}, index=index), "A", "1m", features=features)
    found = store.market.read_features("A", "1m")
    assert found["a@1", "quality"].isna().tolist() == [word is None for word in words]
    assert [word for word in found["a@1", "quality"] if isinstance(word, str)] == [
        word for word in words if word is not None
    ]


def test_a_cell_that_is_refused_is_named_by_its_row(store):
    count = 400
    index = pd.date_range("2026-03-01", periods=count, freq="min", tz="UTC", name="timestamp")
    words: list[object] = ["ready"] * count
    words[333] = 7
    quality = pd.DataFrame({"a@1": pd.Series(words, dtype=object).array}, index=index)
    store.market.write(pd.DataFrame({"close": 1.0}, index=index), "A", "1m")
    with pytest.raises(FeatureValidationError) as caught:
        store.market.write_features(
            pd.DataFrame({"a@1": np.ones(count)}, index=index), "A", "1m", quality=quality
        )
    assert caught.value.row == 333
