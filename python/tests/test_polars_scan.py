# SPDX-License-Identifier: MIT
"""`data_store.polars.scan`: a LazyFrame that reads what its query needs, and is right always."""

from __future__ import annotations

import datetime as dt
import operator
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import places
import pytest
from frames import SYMBOL, TIMEFRAME, bars, entry, times

from data_store import ClosedError, DataStore, InvalidInputError, InvalidTypeError

pl = pytest.importorskip("polars")
from polars.testing import assert_frame_equal  # noqa: E402

import data_store.polars  # noqa: E402

when = pl.col("timestamp")
HOUR = dt.timedelta(hours=1)
FIRST = times(1)[0].to_pydatetime()
BARS = 600
ENGINES: Any = ("in-memory", "streaming")


@pytest.fixture(scope="module")
def store() -> Iterator[DataStore]:
    """One that no test changes."""
    with (
        places.new_place() as place,
        DataStore(place, durability="normal") as opened,
    ):
        opened.market.write(bars(BARS), SYMBOL, TIMEFRAME)
        opened.market.write(bars(300, base=3.0), "other", TIMEFRAME)
        opened.market.write_features(
            {time: {"a@1": entry(row), "b@1": entry(-row)} for row, time in enumerate(times(400))},
            SYMBOL,
            TIMEFRAME,
        )
        yield opened


class Reads:
    """What the store was asked for, and how much it gave."""

    def __init__(self) -> None:
        self.columns: set[str] = set()
        self.keys: set[str] = set()
        self.chunks: list[int] = []

    @property
    def rows(self) -> int:
        return sum(self.chunks)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    found = Reads()
    read = data_store.polars.batches_between

    def watched(*arguments: Any) -> Iterator[Any]:
        selection = arguments[-1]
        found.columns |= set(selection.columns)
        found.keys |= set(selection.keys or ())
        for batch in read(*arguments):
            found.chunks.append(len(batch.to_polars()))
            yield batch

    monkeypatch.setattr(data_store.polars, "batches_between", watched)
    return found


def scan(store: DataStore, **choice: Any) -> pl.LazyFrame:
    return data_store.polars.scan(store, SYMBOL, TIMEFRAME, **choice)


def whole(store: DataStore, symbol: Any = SYMBOL, **choice: Any) -> pl.DataFrame:
    return store.market.read_arrow(symbol, TIMEFRAME, **choice).to_polars()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("features", [None, True, False, "json", ["b@1", "c@1"]], ids=str)
@pytest.mark.parametrize("symbol", [SYMBOL, ["other", SYMBOL], ["nobody"], "nobody"], ids=str)
def test_collected_it_is_what_read_arrow_gives(
    store: DataStore, engine: Any, features: Any, symbol: Any
) -> None:
    lazy = data_store.polars.scan(store, symbol, TIMEFRAME, features=features)
    expected = whole(store, symbol, features=features)
    assert lazy.collect_schema() == expected.schema
    assert_frame_equal(lazy.collect(engine=engine), expected)


# Query -> rows that the store may read for it.
RANGES: dict[str, tuple[Callable[[], Any], int]] = {
    ">=": (lambda: when >= FIRST + 590 * HOUR, 10),
    ">": (lambda: when > FIRST + 590 * HOUR, 10),
    "<=": (lambda: when <= FIRST + 9 * HOUR, 10),
    "<": (lambda: when < FIRST + 9 * HOUR, 10),
    "==": (lambda: when == FIRST + 9 * HOUR, 1),
    "the other way round": (lambda: pl.lit(FIRST + 9 * HOUR) > when, 10),
    "between": (lambda: when.is_between(FIRST + 5 * HOUR, FIRST + 8 * HOUR), 4),
    "between, open": (lambda: when.is_between(FIRST + 5 * HOUR, FIRST + 8 * HOUR, "none"), 4),
    "in nanoseconds": (
        lambda: when >= pl.lit(FIRST + 590 * HOUR).cast(pl.Datetime("ns", "UTC")),
        10,
    ),
    "in another zone": (
        lambda: (
            when
            >= pl.lit(FIRST + 590 * HOUR)
            .cast(pl.Datetime("ns", "UTC"))
            .dt.convert_time_zone("America/New_York")
            .dt.convert_time_zone("UTC")
        ),
        10,
    ),
    "both sides": (lambda: (when >= FIRST + 5 * HOUR) & (when < FIRST + 9 * HOUR), 5),
    "with others": (
        lambda: (
            (pl.col("close") > 0)
            & (when >= FIRST + 5 * HOUR)
            & (pl.col("is_gap") | (when < FIRST))
            & (when < FIRST + 9 * HOUR)
        ),
        5,
    ),
    "nothing": (lambda: (when > FIRST + 9 * HOUR) & (when < FIRST), 0),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", RANGES)
def test_a_range_of_time_is_read_and_no_more(
    store: DataStore, reads: Reads, engine: Any, name: str
) -> None:
    query, most = RANGES[name]
    found = scan(store).filter(query()).collect(engine=engine)
    assert_frame_equal(found, whole(store).filter(query()))
    assert reads.rows <= most


def test_filters_one_after_the_other_are_one_range(store: DataStore, reads: Reads) -> None:
    lazy = scan(store).filter(when >= FIRST + 5 * HOUR).filter(when < FIRST + 9 * HOUR)
    assert lazy.filter(pl.col("close") > 0).collect()["timestamp"].len() == 4
    assert reads.rows <= 5


def test_a_list_of_symbols_is_read_by_range_too(store: DataStore, reads: Reads) -> None:
    both = data_store.polars.scan(store, ["other", SYMBOL], TIMEFRAME)
    found = both.filter(when < FIRST + 3 * HOUR).select("symbol", "close").collect()
    expected = whole(store, ["other", SYMBOL]).filter(when < FIRST + 3 * HOUR)
    assert_frame_equal(found, expected.select("symbol", "close"))
    assert reads.rows <= 8
    found = both.filter(pl.col("symbol") == "other").select("close").collect()
    assert found["close"].to_list() == whole(store, "other")["close"].to_list()


def test_the_querys_range_narrows_the_scans(store: DataStore, reads: Reads) -> None:
    lazy = scan(store, start=FIRST + 5 * HOUR, end=FIRST + 20 * HOUR)
    assert lazy.filter(when > FIRST, when <= FIRST + 7 * HOUR).collect().height == 3
    assert reads.rows == 3
    lazy = scan(store, start="2026-03-02", end="2026-03-02")
    assert lazy.filter(when > FIRST, when < FIRST + 400 * HOUR).collect().height == 24
    assert reads.rows == 27


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_and_features_that_a_query_does_not_use_are_not_read(
    store: DataStore, reads: Reads, engine: Any
) -> None:
    lazy = scan(store, features=True)
    found = lazy.select("a@1", total=pl.col("open") + pl.col("close")).collect(engine=engine)
    expected = whole(store, features=["a@1"])
    assert_frame_equal(found, expected.select("a@1", total=pl.col("open") + pl.col("close")))
    assert reads.columns == {"open", "close"}
    assert reads.keys == {"a@1"}
    filtered = lazy.filter(pl.col("b@1") < -100).select("high").collect(engine=engine)
    assert filtered.height == 299
    assert reads.keys == {"a@1", "b@1"}
    assert "low" not in reads.columns


def test_what_only_counts_reads_no_column(store: DataStore, reads: Reads) -> None:
    assert scan(store, features="json").select(pl.len()).collect().item() == BARS
    assert len(reads.columns) <= 1


@pytest.mark.parametrize("engine", ENGINES)
def test_no_more_rows_are_read_than_a_query_takes(
    store: DataStore, reads: Reads, engine: Any
) -> None:
    assert_frame_equal(scan(store).head(7).collect(engine=engine), whole(store).head(7))
    assert reads.rows == 7
    # The filter comes after the rows were counted.
    late = scan(store).head(7).filter(when >= FIRST + 5 * HOUR).collect(engine=engine)
    assert_frame_equal(late, whole(store)[5:7])
    assert reads.rows == 14
    early = scan(store).filter(when >= FIRST + 590 * HOUR).head(7).collect(engine=engine)
    assert_frame_equal(early, whole(store)[590:597])
    both = data_store.polars.scan(store, [SYMBOL, "other"], TIMEFRAME).head(BARS + 2)
    assert_frame_equal(both.collect(engine=engine), whole(store, [SYMBOL, "other"]).head(BARS + 2))
    assert scan(store).head(0).collect(engine=engine).shape == (0, 10)


def test_a_chunk_is_as_long_as_polars_wants(store: DataStore, reads: Reads) -> None:
    source = data_store.polars._Source(
        store, SYMBOL, TIMEFRAME, (None, None), data_store.polars.Selection()
    )
    frames = source.frames(["close"], None, None, 250)
    assert next(frames).shape == (250, 1)
    assert reads.chunks == [250]  # the next is read when it is asked for
    assert [len(frame) for frame in frames] == [250, 100]


COMPARISONS = (operator.ge, operator.gt, operator.le, operator.lt, operator.eq, operator.ne)


def anything(dice: random.Random, depth: int = 0) -> Any:
    """A filter of any form on the time and on other columns."""
    if depth < 3 and dice.random() < 0.6:
        join = dice.choice((operator.and_, operator.and_, operator.or_, operator.xor))
        joined = join(anything(dice, depth + 1), anything(dice, depth + 1))
        return ~joined if dice.random() < 0.1 else joined
    instant = FIRST + dice.randint(-3, BARS + 3) * HOUR
    instant += dt.timedelta(microseconds=dice.choice((0, 0, -1, 1)))
    unit = dice.choice(("ns", "us", "ms"))
    time = dice.choice((when, when, when, when.dt.cast_time_unit(unit), when.dt.offset_by("3h")))
    constant = pl.lit(instant).cast(pl.Datetime(unit, "UTC"))
    kind = dice.random()
    if kind < 0.2:
        other = instant + dice.randint(-5, 200) * HOUR
        return time.is_between(constant, other, dice.choice(("both", "left", "right", "none")))
    if kind < 0.3:
        return when.dt.hour().is_in([dice.randrange(24), dice.randrange(24)])
    if kind < 0.4:
        return dice.choice(COMPARISONS)(pl.col("close"), 2 + 70 * dice.random())
    if kind < 0.5:
        return dice.choice(COMPARISONS)(when, when.mean())
    one, other = (time, constant) if dice.random() < 0.6 else (constant, time)
    return dice.choice(COMPARISONS)(one, other)


@pytest.mark.parametrize("engine", ENGINES)
def test_any_filter_leaves_what_it_leaves_of_the_whole(
    store: DataStore, dice: random.Random, engine: Any
) -> None:
    expected = whole(store)
    for _ in range(60):
        predicate = anything(dice)
        lazy, eager = scan(store), expected
        if dice.random() < 0.2:
            lazy, eager = lazy.head(100), eager.head(100)
        found = lazy.filter(predicate).collect(engine=engine)
        # By the same engine: where units differ, a query that is run at once may cast otherwise.
        left = eager.lazy().filter(predicate).collect(engine=engine)
        assert_frame_equal(found, left, check_exact=True)


def test_a_coarser_unit_and_times_before_1970_lose_no_row(path: Path) -> None:
    near = [-1_500, -1_001, -1_000, -999, -1, 0, 1, 999, 1_000, 1_001, 1_500]
    frame = pl.DataFrame(
        {"timestamp": pl.Series(near).cast(pl.Datetime("ns", "UTC")), "close": [1.0] * len(near)}
    )
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    with DataStore(path) as store:
        store.market.write(frame, SYMBOL, TIMEFRAME)
        expected = whole(store)
        for microseconds in (-1, 0, 1):
            instant = epoch + dt.timedelta(microseconds=microseconds)
            for compare in COMPARISONS:
                for time in (when, when.cast(pl.Datetime("us", "UTC"))):
                    query = compare(time, instant)
                    assert_frame_equal(scan(store).filter(query).collect(), expected.filter(query))


def test_rows_written_after_the_scan_are_seen(path: Path) -> None:
    with DataStore(path) as store:
        lazy = scan(store)
        assert lazy.collect().height == 0
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        assert lazy.collect().height == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_closed_store_is_told(path: Path, engine: Any) -> None:
    with DataStore(path) as store:
        store.market.write(bars(3), SYMBOL, TIMEFRAME)
        lazy = scan(store)
    for query in (lazy, lazy.filter(when > FIRST), lazy.head(1)):
        # polars before 2 makes one error of its own of all that a source raises.
        with pytest.raises((ClosedError, pl.exceptions.ComputeError), match="the store is closed"):
            query.collect(engine=engine)
    with pytest.raises(ClosedError):
        scan(store)


def test_wrong_arguments_are_told_by_the_call(store: DataStore) -> None:
    with pytest.raises(InvalidInputError, match="unknown column 'nothing'"):
        scan(store, columns=["nothing"])
    with pytest.raises(InvalidInputError, match="features"):
        scan(store, features="a@1")
    with pytest.raises(InvalidInputError, match="start"):
        scan(store, start=dt.datetime(2026, 3, 1))
    with pytest.raises(InvalidInputError, match="symbol"):
        data_store.polars.scan(store, "", TIMEFRAME)
    with pytest.raises(InvalidTypeError, match="symbol"):
        data_store.polars.scan(store, 3, TIMEFRAME)  # type: ignore[arg-type]


def test_it_is_a_plan_like_any_other(store: DataStore) -> None:
    lazy = scan(store, columns=["close"])
    joined = lazy.join(scan(store, features=["a@1"]), on="timestamp").filter(pl.col("a@1") < 3)
    assert sorted(joined.collect()["a@1"]) == [0.0, 1.0, 2.0]
    daily = lazy.group_by_dynamic("timestamp", every="1d").agg(pl.col("close").max()).collect()
    assert daily["close"].max() == whole(store)["close"].max()


def test_a_query_that_was_not_run_is_not_written(store: DataStore) -> None:
    lazy: Any = scan(store)
    with pytest.raises(InvalidTypeError, match=r"copy 1h: a LazyFrame .* pass df\.collect\(\)"):
        store.market.write(lazy, "copy", TIMEFRAME)
    with pytest.raises(InvalidTypeError, match=r"pass features\.collect\(\)"):
        store.market.write_features(lazy, "copy", TIMEFRAME)


def test_without_polars_the_package_works_and_the_module_says_what_is_missing() -> None:
    program = (
        "import sys; sys.modules['polars'] = None\n"
        "import data_store\n"
        "try:\n    import data_store.polars\n"
        "except ImportError as error:\n    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert "data_store[polars]" in ran.stdout
