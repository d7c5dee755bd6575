# SPDX-License-Identifier: MIT
"""Judges what many processes did and saw by their journals (see ``programs/journal.py``).

All of it must be what one process could have done and seen that does one thing after the other, in
an order in which nothing comes before what had ended when it began. Each register holds a version,
which each write raises by one, so the order is known and the rules are short:

- each version was acknowledged once; or, where a process was killed in the midst of it, perhaps;
- a read sees one version, and not two halves;
- it sees no older one than anybody had seen, or had been told is stored, before it began;
- it sees no newer one than somebody had begun to write before it ended;
- no call reports that a version is stored now which was seen before;
- a compare_and_set is refused only where another write came first.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from programs.journal import ACKNOWLEDGED, REFUSED, SAW, TRIED


@dataclass(slots=True)
class Attempt:
    """A write; `ended` is None if its process was killed before it knew."""

    by: str
    version: int
    began: int
    ended: int | None = None
    was_refused: bool = False


@dataclass(slots=True)
class Sight:
    """A read."""

    by: str
    versions: list[int]
    began: int
    ended: int


@dataclass(slots=True)
class History:
    """Attempts and sights by register."""

    attempts: dict[str, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    sights: dict[str, list[Sight]] = field(default_factory=lambda: defaultdict(list))

    def add_journal(self, path: Path) -> None:
        """A last line that a kill cut short does not count."""
        text = path.read_text(encoding="ascii")
        self.add(path.name, text[: text.rfind("\n") + 1].splitlines())

    def add(self, by: str, lines: Iterable[str]) -> None:
        latest: Attempt | None = None
        for line in lines:
            event, *words = line.split(" ")
            if event == TRIED:
                latest = Attempt(by, int(words[1]), int(words[2]))
                self.attempts[words[0]].append(latest)
            elif event == SAW:
                began, ended, *versions = map(int, words[1:])
                self.sights[words[0]].append(Sight(by, versions, began, ended))
            else:
                assert event in (ACKNOWLEDGED, REFUSED)
                assert latest is not None
                assert latest.ended is None
                latest.ended, latest.was_refused = int(words[0]), event == REFUSED

    def commits(self) -> list[Attempt]:
        """All writes that were acknowledged."""
        return [attempt for all_of in self.attempts.values() for attempt in acknowledged(all_of)]

    def findings(self) -> list[str]:
        """What cannot have happened, by the rules above; empty if all is well."""
        found: list[str] = []
        for register in sorted(self.attempts.keys() | self.sights.keys()):
            attempts, sights = self.attempts[register], self.sights[register]
            judges = (gaps, halves, out_of_time, repeated, refused_without_cause)
            for finding in itertools.chain(*(judge(attempts, sights) for judge in judges)):
                found.append(f"{register}: {finding}")
        return found

    def waits(self) -> list[tuple[int, int]]:
        """For each commit how long its call took, and how many commits of others went by."""
        commits = [(commit.began, commit.ended or 0) for commit in self.commits()]
        ends = sorted(ended for _, ended in commits)
        return [
            (ended - began, bisect.bisect_left(ends, ended) - bisect.bisect_right(ends, began))
            for began, ended in commits
        ]


class Tide:
    """The highest version up to a moment."""

    def __init__(self, marks: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(marks)
        self._moments = [moment for moment, _ in ordered]
        self._heights = list(itertools.accumulate((version for _, version in ordered), max))

    def before(self, moment: int) -> int:
        count = bisect.bisect_left(self._moments, moment)
        return self._heights[count - 1] if count else 0


def acknowledged(attempts: list[Attempt]) -> Iterator[Attempt]:
    return (each for each in attempts if each.ended is not None and not each.was_refused)


def gaps(attempts: list[Attempt], sights: list[Sight]) -> Iterator[str]:
    told = Counter(each.version for each in acknowledged(attempts))
    in_doubt = {each.version for each in attempts if each.ended is None}
    for version in range(1, max(told.keys() | in_doubt, default=0) + 1):
        if told[version] > 1:
            yield f"{version} was acknowledged {told[version]} times: a lost update"
        elif not told[version] and version not in in_doubt:
            yield f"{version} is missing though later ones were written"


def halves(attempts: list[Attempt], sights: list[Sight]) -> Iterator[str]:
    for sight in sights:
        if len(sight.versions) != 1 or sight.versions[0] < 0:
            yield f"{sight.by} saw {sight.versions} at once: half of a write"


def reached(attempts: list[Attempt], sights: list[Sight]) -> Tide:
    """What was known to be stored at a moment."""
    told = [(each.ended or 0, each.version) for each in acknowledged(attempts)]
    return Tide(told + [(sight.ended, sight.versions[0]) for sight in sights])


def begun(attempts: list[Attempt]) -> Tide:
    """What might have been stored at a moment."""
    return Tide((each.began, each.version) for each in attempts if not each.was_refused)


def out_of_time(attempts: list[Attempt], sights: list[Sight]) -> Iterator[str]:
    lowest, highest = reached(attempts, sights), begun(attempts)
    for sight in sights:
        version = sight.versions[0]
        if version < lowest.before(sight.began):
            yield f"{sight.by} saw {version} after {lowest.before(sight.began)}: back in time"
        if version > highest.before(sight.ended):
            yield f"{sight.by} saw {version} before anybody had written it"


def repeated(attempts: list[Attempt], sights: list[Sight]) -> Iterator[str]:
    lowest = reached(attempts, sights)
    for each in acknowledged(attempts):
        if each.version <= lowest.before(each.began):
            yield f"{each.by} wrote {each.version} after {lowest.before(each.began)} was there"


def refused_without_cause(attempts: list[Attempt], sights: list[Sight]) -> Iterator[str]:
    highest = begun(attempts)
    for each in attempts:
        if each.was_refused and each.version > highest.before(each.ended or 0):
            yield f"{each.by} was refused {each.version} though nobody else had written it"
