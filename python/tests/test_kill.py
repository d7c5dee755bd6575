# SPDX-License-Identifier: MIT
"""SIGKILL at random moments: what was acknowledged is there, whole; the rest is whole or absent."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from figures import IS_FULL_RUN, figure
from frames import SYMBOL, TIMEFRAME, bars, same
from processes import Program

from data_store import DataStore

ROWS = 20
KILLS = 50 if IS_FULL_RUN else 3
"""Kills in a row on one file: each new program opens what the killed one left."""


@pytest.fixture(scope="module", autouse=True)
def count_kills() -> Iterator[None]:
    before = Program.kills
    yield
    figure("SIGKILL: of the only program at work", f"{Program.kills - before:,}")


def acknowledged(program: Program, dice: random.Random) -> int:
    """Reads some numbers, kills the program, and gives the last number that it had printed."""
    numbers = [program.line() for _ in range(dice.randrange(1, 120))]
    numbers += program.kill()
    return int(numbers[-1])


def written_through(path: Path, last: int, kind: str) -> int:
    """Checks that every batch up to `last` is whole; gives the last that is there."""
    with DataStore(path) as store:
        assert store.check() == []
        if kind == "state":
            values = store.state.items()
            assert sorted(values) == sorted(f"key{position}" for position in range(ROWS))
            assert len({tuple(value) for value in values.values()}) == 1, "a torn set_many"
            found = values["key0"][0]
        elif kind == "rewrite":
            frame = store.market.read("killed", "1min", features=["batch@1"])
            columns = frame[["close", "volume", "batch@1"]]
            assert len(columns) == ROWS
            assert len(set(columns.to_numpy().ravel())) == 1, "a torn batch"
            found = int(columns["close"].iloc[0])
        else:
            frame = store.market.read("killed", "1min", features=["batch@1"])
            size = ROWS if kind == "bars" else 1
            assert len(frame) % size == 0, "a torn batch"
            found = len(frame) // size - 1
            expected = [float(number) for number in range(found + 1) for _ in range(size)]
            assert frame["close"].tolist() == expected
            assert frame["batch@1"].tolist() == expected
            if kind == "transaction":
                assert store.state.get("last") == found, "half of a transaction"
    assert last <= found <= last + 1
    return found


@pytest.mark.parametrize("durability", ["full", "normal"])
@pytest.mark.parametrize("kind", ["bars", "rewrite", "live", "state", "transaction"])
def test_every_acknowledged_batch_of_a_killed_writer_is_found_again_whole(
    path: Path, dice: random.Random, kind: str, durability: str
) -> None:
    first = 0
    for _ in range(KILLS):
        with Program("writer", path, durability, kind, first) as program:
            last = acknowledged(program, dice)
        first = written_through(path, last, kind) + 1


def test_a_reader_that_stays_open_sees_a_killed_writers_batches(
    path: Path, dice: random.Random
) -> None:
    with DataStore(path) as reader:
        with Program("writer", path, "full", "bars", 0) as program:
            last = acknowledged(program, dice)
        frame = reader.market.read("killed", "1min")
        assert len(frame) in ((last + 1) * ROWS, (last + 2) * ROWS)
        reader.market.write(bars(3), SYMBOL, TIMEFRAME)
        same(reader.market.read(SYMBOL, TIMEFRAME), bars(3))
        assert reader.check() == []


def test_a_process_killed_while_it_makes_a_store_leaves_one_that_opens(
    tmp_path: Path, dice: random.Random
) -> None:
    for turn in range(KILLS):
        directory = tmp_path / str(turn)
        directory.mkdir()
        with Program("opener", directory) as program:
            numbers = [program.line() for _ in range(dice.randrange(1, 30))]
            last = int((numbers + program.kill())[-1])
        for path in directory.glob("*.db"):
            number = int(path.stem)
            with DataStore(path) as store:
                assert store.check() == []
                expected = (number,) if number <= last else (number, None)
                assert store.state.get("number") in expected
                store.state.set("number", -1)
        assert {str(number) for number in range(last + 1)} <= {
            path.stem for path in directory.glob("*.db")
        }


def test_a_process_killed_while_it_overwrites_a_backup_leaves_a_whole_one(
    path: Path, tmp_path: Path, dice: random.Random
) -> None:
    with DataStore(path) as store:
        for number in range(20):
            store.market.write(bars(500), f"S{number}", TIMEFRAME)
        expected = store.market.read(["S0", "S19"], TIMEFRAME)
    for turn in range(KILLS):
        target = tmp_path / f"copy{turn}.db"
        with Program("copier", path, target) as program:
            for _ in range(dice.randrange(1, 12)):
                program.line()
            program.kill()
        with DataStore(target) as copy:
            assert copy.check() == []
            assert len(copy.market.series()) == 20
            same(copy.market.read(["S0", "S19"], TIMEFRAME), expected)
    with DataStore(path) as store:
        assert store.check() == []
