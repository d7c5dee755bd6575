# SPDX-License-Identifier: MIT
"""Samples as they come in, and the figures that they give."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from contenders import YARDSTICK

if TYPE_CHECKING:
    from bench import Measured
    from works import Work


@dataclass
class Result:
    """The samples of one work.

    Parameters
    ----------
    work : Work
    runs : list of dict
        A dict a run, by contender's name.
    """

    work: Work
    runs: list[dict[str, Measured]] = field(default_factory=list)

    def contenders(self) -> list[str]:
        """Give the contenders, in order."""
        return list(self.runs[0]) if self.runs else []

    def figure(self, name: str) -> float | None:
        """Give the median over the runs, each compared with the yardstick of the same run."""
        figures = [
            self.work.figure(run[name], run.get(YARDSTICK, {})) for run in self.runs if name in run
        ]
        return median(figures) if figures else None

    def middle(self, name: str) -> Measured:
        """Give the median of each thing that was measured."""
        samples = [run[name] for run in self.runs if name in run]
        return {key: median(sample[key] for sample in samples) for key in samples[0]}

    def as_json(self) -> dict[str, Any]:
        """Give all samples and figures."""
        return {
            "title": self.work.title,
            "target": self.work.target,
            "at_most": self.work.at_most,
            "figures": {name: self.figure(name) for name in self.contenders()},
            "runs": self.runs,
        }
