# SPDX-License-Identifier: MIT
"""The checker of histories finds each kind of damage where it is, and nothing elsewhere."""

from __future__ import annotations

import pytest
from history import History

SOUND = {
    "w0": ["tried x 1 10", "acknowledged 20", "tried x 3 50", "acknowledged 60"],
    "w1": ["tried x 1 15", "refused 18", "tried x 2 22", "acknowledged 40", "tried x 4 70"],
    "r0": ["saw x 0 5 0", "saw x 12 14 1", "saw x 41 42 2", "saw x 45 55 3", "saw x 90 99 4"],
}
"""Two writers and a reader; the second writer was killed in the midst of its last write."""


def findings(**journals: list[str]) -> list[str]:
    history = History()
    for by, lines in {**SOUND, **journals}.items():
        history.add(by, lines)
    return history.findings()


def test_a_sound_history_has_no_findings() -> None:
    assert findings() == []
    assert findings(r1=["saw x 80 99 3", "saw x 100 101 4"]) == []
    assert findings(w2=["tried x 4 100", "acknowledged 110"], r0=["saw x 90 99 3"]) == []


@pytest.mark.parametrize(
    ("by", "lines", "finding"),
    [
        ("w2", ["tried x 3 52", "acknowledged 61"], "x: 3 was acknowledged 2 times"),
        ("w2", ["tried x 6 75", "acknowledged 80"], "x: 5 is missing though later ones"),
        ("r1", ["saw x 41 43 1 2"], "x: r1 saw [1, 2] at once"),
        ("r1", ["saw x 41 43 -1"], "x: r1 saw [-1] at once"),
        ("r1", ["saw x 41 49 1"], "x: r1 saw 1 after 2: back in time"),
        ("r1", ["saw x 46 47 3", "saw x 48 49 2"], "x: r1 saw 2 after 3: back in time"),
        ("r1", ["saw x 5 8 1"], "x: r1 saw 1 before anybody had written it"),
        ("w2", ["tried x 4 100", "acknowledged 110"], "x: w2 wrote 4 after 4 was there"),
        ("w2", ["tried x 3 25", "refused 45"], "x: w2 was refused 3 though nobody"),
    ],
)
def test_each_kind_of_harm_is_found(by: str, lines: list[str], finding: str) -> None:
    assert any(found.startswith(finding) for found in findings(**{by: lines})), findings(
        **{by: lines}
    )


def test_a_wait_counts_the_commits_of_others_that_went_by() -> None:
    history = History()
    history.add("w0", ["tried x 1 10", "acknowledged 100"])
    lines = [(f"tried y {n} {20 * n}", f"acknowledged {20 * n + 5}") for n in (1, 2, 3)]
    history.add("w1", [line for pair in lines for line in pair])
    assert sorted(history.waits()) == [(5, 0), (5, 0), (5, 0), (90, 3)]
