# SPDX-License-Identifier: MIT
"""compare_and_set: when two JSON values are the same, and what a refusal leaves behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data_store import DataStore
from data_store.errors import InvalidInputError

SAME: list[tuple[Any, Any]] = [
    ("ñ📈\n", "ñ📈\n"),
    ([1, 2], (1, 2)),
    (5, np.int64(5)),
    ([1e300], [1e300]),
    (0, 0.0),
]
"""What Python alone can spell; the others are in Tests/Cases/state.json."""


@pytest.mark.parametrize(("stored", "expected"), SAME, ids=repr)
def test_an_equal_value_is_swapped(store: DataStore, stored: Any, expected: Any) -> None:
    store.state.set("key", stored)
    assert store.state.compare_and_set("key", expected, {"new": 1}) is True
    assert store.state.get("key") == {"new": 1}


def test_what_get_returns_is_always_what_compare_and_set_expects(store: DataStore) -> None:
    for value in (3.0, -0.0, 0.1, 1e16, 1e22, 1e300, 5e-324, -(2**63), [2**80, -0.0], "1.0"):
        store.state.set("key", value)
        assert store.state.compare_and_set("key", store.state.get("key"), "next"), value


def test_a_swap_to_null_is_a_stored_null(store: DataStore) -> None:
    store.state.set("key", 1)
    assert store.state.compare_and_set("key", 1, None)
    assert store.state.keys() == ["key"]
    assert store.state.compare_and_set("key", None, 2)


def test_a_swap_moves_updated_at_and_a_refusal_does_not(store: DataStore) -> None:
    store.state.set("key", 1)
    first = store.state.updated_at("key")
    assert first is not None
    store.state.compare_and_set("key", 5, 6)
    assert store.state.updated_at("key") == first
    store.state.compare_and_set("key", 1, 6)
    later = store.state.updated_at("key")
    assert later is not None
    assert later >= first


@pytest.mark.parametrize("bad", [2**63, float("nan")], ids=repr)
def test_a_bad_new_value_is_refused_and_nothing_swapped(
    store: DataStore, contents: Any, bad: Any
) -> None:
    store.state.set("key", 1)
    before = contents()
    with pytest.raises(InvalidInputError):
        store.state.compare_and_set("key", 1, bad)
    assert contents() == before
