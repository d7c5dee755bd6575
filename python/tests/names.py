# SPDX-License-Identifier: MIT
"""Names that are easily taken for the same: by Unicode, letter case, or code that joins them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import places
from hypothesis import strategies as st

from data_store import DataStore

ALIKE = (
    *("\u00e9", "e\u0301"),  # composed, decomposed
    *("\u00c5", "\u212b", "A\u030a"),  # a letter, the unit of length, a letter with a ring
    *("\uac00", "\u1100\u1161"),  # a Hangul syllable, its two letters
    *("q\u0323\u0307", "q\u0307\u0323"),  # two marks in either order
    *("\ufb01", "fi"),  # a ligature: alike in the compatibility forms alone
    *("K", "\u212a", "k"),  # a capital, the Kelvin sign
    *("btc", "BTC", "\uff42\uff54\uff43"),  # small, capital, full width
    *("\u00df", "ss", "\u0130", "i\u0307"),
    *("A", "B", "A B", "AB", "|", ",", "\x1f"),
    *("%", "_", "*", "?", "[a]", "'", '"', "\\"),
    *("\r\n", "\r", "\n", " ", "\u00a0", "\u200d", "\ufeff"),
    *("/", "/\u0301", "@", "@\u0301", "\u0301", ":", ":\u0301"),
    *("\U0010ffff", "\uffff", "\U0001f600", "\ufffd"),
)
"""Pieces of names."""

names = st.lists(st.sampled_from(ALIKE), min_size=1, max_size=3).map("".join)
series = st.tuples(names, names | st.just("1h"))
keys = st.tuples(names, names).map("@".join).filter(lambda key: not key.startswith("@"))
"""Keys of features."""

GLUED = [
    ("A B", "1h"),
    ("A", "B 1h"),
    ("AB", "1h"),
    ("A", "B1h"),
    ("A\x1fB", "1h"),
    ("A", "B\x1f1h"),
]
"""Series whose names look alike when joined with a space, with nothing, or with a separator."""


@contextmanager
def new_store() -> Iterator[DataStore]:
    """A store of one example's own."""
    with (
        places.new_place() as place,
        DataStore(place, durability="normal") as store,
    ):
        yield store
