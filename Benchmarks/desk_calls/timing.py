# SPDX-License-Identifier: MIT
"""Runs a call round by round, contender after contender, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import load
from .base import Timed
from .call import Call, Step
from .files import Place, verify
from .partner import Partner

if TYPE_CHECKING:
    from pathlib import Path

WARM_UP = 5
CHECKED = 16
"""Results that take long to check: the first of them, and then each so many."""
FEW = 20
"""Rounds that are made even where they take longer than they may, up to `MOST` times as long."""
MOST = 5
OPEN_GET_CLOSE = "open_get_close"


@dataclass
class Samples:
    """What a contender's calls took, in nanoseconds."""

    wall: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, float]:
        """Give the figures, in seconds: percentiles of the time that passed and of the CPU's."""
        count = len(self.wall)
        percentiles = {
            f"{kind}p{share}": _percentile(times, share)
            for kind, times in (("", self.wall), ("cpu_", self.cpu))
            for share in (50, 90, 99)
        }
        means = {"mean": sum(self.wall) / count / 1e9, "cpu": sum(self.cpu) / count / 1e9}
        return {"rounds": count, **percentiles, **means}


def _percentile(times: list[int], share: int) -> float:
    return sorted(times)[min(len(times) * share // 100, len(times) - 1)] / 1e9


class Seat:
    """One contender with its file."""

    def __init__(self, place: Place, name: str, synchronous: str) -> None:
        self.name = name
        self.path: Path = place.file(name)
        self._place = place
        self._synchronous = synchronous
        self._kind = load(name)
        self.requests = 0
        self._contender: Any = None

    def open(self) -> Any:
        """Open the file, where it is not open."""
        if self._contender is None:
            self._contender = self._opened()
        return self._contender

    def _opened(self) -> Any:
        pool = str(self._place.market.pool.folder)
        return self._kind(str(self.path), self._synchronous, pool)

    def close(self) -> None:
        """Close the file, where it is open."""
        if self._contender is not None:
            self._contender.close()
            self._contender = None

    def partner(self) -> Partner:
        """Start another process that writes to the file."""
        return Partner(self._place, self.name, self.path, self._synchronous)

    def _open_get_close(self, key: str) -> Any:
        contender = self._opened()
        value = contender.state_get(key)
        contender.close()
        return value

    def verify(self) -> None:
        """Check the file against all that was written to it."""
        self.close()
        verify(self.path, self._place.market, self.requests)

    def timed(self, step: Step, arguments: tuple[Any, ...]) -> Timed:
        """Make the call."""
        if step.method == OPEN_GET_CLOSE:
            function = self._open_get_close
        else:
            function = getattr(self.open(), step.method)
        cpu = time.process_time_ns()
        began = time.perf_counter_ns()
        result = function(*arguments)
        wall = time.perf_counter_ns() - began
        cpu = time.process_time_ns() - cpu
        self.requests += step.method == "record_request"
        return result if isinstance(result, Timed) else Timed(result, wall, cpu)


class Round:
    """Makes the rounds of one call."""

    def __init__(self, call: Call, seats: list[Seat], place: Place, seed: int) -> None:
        self._call = call
        self._place = place
        self._seats = [seat for seat in seats if seat.name in call.contenders]
        self._chance = random.Random(f"{seed} {call.name}")
        self._partners: dict[str, list[Partner]] = {}
        self._count = 0
        self.samples = {seat.name: Samples() for seat in self._seats}

    def run(self, seconds: float, rounds: int) -> dict[str, Samples]:
        """Make rounds until one of the bounds is reached."""
        try:
            self._begin()
            began = time.monotonic()
            while self._count < rounds + WARM_UP:
                self._round()
                spent = time.monotonic() - began
                is_enough = self._count > WARM_UP + FEW or spent > MOST * seconds
                if spent > seconds and is_enough and self._count > WARM_UP:
                    break
        finally:
            gc.enable()
            self._end()
        return self.samples

    def _begin(self) -> None:
        for seat in self._seats:
            (seat.close if self._call.is_opening else seat.open)()
            partners = [seat.partner() for _ in range(self._call.partners)]
            self._partners[seat.name] = partners
            for part, partner in enumerate(partners if self._call.streams else []):
                partner.stream(part, len(partners))
        gc.collect()
        gc.disable()

    def _end(self) -> None:
        for partners in self._partners.values():
            for partner in partners:
                if self._call.streams and partner.stop() < 2:
                    raise AssertionError("a partner hardly wrote")
                partner.close()

    def _round(self) -> None:
        step = self._call.step(self._place.market, self._chance)
        order = list(self._seats)
        self._chance.shuffle(order)
        for seat in order:
            self._sample(seat, step)
        self._count += 1

    def _sample(self, seat: Seat, step: Step) -> None:
        is_c = seat.name == "c"
        own = step.c_arguments if is_c and step.c_arguments else step.arguments
        arguments = own()
        for partner in self._partners[seat.name][:1]:
            step.partner(partner)
        if self._call.is_opening and step.method != OPEN_GET_CLOSE:
            seat.open()
        found = seat.timed(step, arguments)
        if self._call.is_opening:
            seat.close()
        if self._count >= WARM_UP:
            samples = self.samples[seat.name]
            samples.wall.append(found.wall)
            samples.cpu.append(found.cpu)
        if step.always or self._count < WARM_UP or self._count % CHECKED == 0:
            check = step.check_c if is_c and step.check_c else step.check
            try:
                check(found.result)
            except AssertionError as error:
                raise AssertionError(f"{self._call.name}, {seat.name}: {error}") from None
