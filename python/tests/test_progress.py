# SPDX-License-Identifier: MIT
"""``progress=``: what a call tells of itself while it lasts.

The reporter's interval is 0 here, so that every look of a call is a report and nothing waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
import types
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import places
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same
from processes import in_child

from data_store import DataStore, _progress, aio
from data_store.aio._progress import on_loop
from data_store.errors import ClosedError, InvalidInputError, InvalidTypeError, LibraryError

COUNT = 5_000
MANY = bars(COUNT)
FEATURES = MANY[["close"]].rename(columns={"close": "a@1"})


@pytest.fixture(autouse=True)
def at_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "INTERVAL", 0)


class Told:
    """What a call has told."""

    def __init__(self) -> None:
        self.reports: list[tuple[int, int | None]] = []

    def __call__(self, done: int, total: int | None) -> None:
        self.reports.append((done, total))

    def is_whole(self, count: int) -> bool:
        """Whether they go up, and the last one alone says that all is done."""
        done = [report[0] for report in self.reports]
        assert done == sorted(done)
        assert self.reports[-1] == (count, count)
        assert all(one != total for one, total in self.reports[:-1])
        return True


Call = Callable[[DataStore, Any], Any]
WRITES: dict[str, Call] = {
    "write": lambda store, told: store.market.write(MANY, SYMBOL, TIMEFRAME, progress=told),
    "write with features": lambda store, told: store.market.write(
        MANY, SYMBOL, TIMEFRAME, features=FEATURES, progress=told
    ),
    "write two series": lambda store, told: store.market.write(
        pd.concat([MANY[: COUNT // 2].assign(symbol=name) for name in "AB"]),
        None,
        TIMEFRAME,
        progress=told,
    ),
}
ON_STORED: dict[str, Call] = {
    "write again": lambda store, told: store.market.write(
        MANY.assign(close=7.0), SYMBOL, TIMEFRAME, progress=told
    ),
    "write_features": lambda store, told: store.market.write_features(
        FEATURES, SYMBOL, TIMEFRAME, progress=told
    ),
    "read": lambda store, told: store.market.read(SYMBOL, TIMEFRAME, progress=told),
    "read features": lambda store, told: store.market.read(
        SYMBOL, TIMEFRAME, features=True, progress=told
    ),
    "read_features": lambda store, told: store.market.read_features(
        SYMBOL, TIMEFRAME, progress=told
    ),
    "latest": lambda store, told: store.market.latest(SYMBOL, TIMEFRAME, COUNT, progress=told),
    "iter": lambda store, told: list(
        store.market.iter(SYMBOL, TIMEFRAME, chunk=700, progress=told)
    ),
    "read_arrow": lambda store, told: store.market.read_arrow(SYMBOL, TIMEFRAME, progress=told),
    "read_features_arrow": lambda store, told: store.market.read_features_arrow(
        SYMBOL, TIMEFRAME, progress=told
    ),
}


@pytest.fixture
def full(store: DataStore) -> DataStore:
    store.market.write(MANY, SYMBOL, TIMEFRAME)
    return store


@pytest.mark.parametrize("name", WRITES)
def test_a_write_counts_its_rows(store: DataStore, name: str) -> None:
    told = Told()
    assert WRITES[name](store, told) == COUNT
    assert told.is_whole(COUNT)
    assert len(told.reports) > 5


@pytest.mark.parametrize("name", ON_STORED)
def test_a_call_on_stored_bars_counts_its_rows(full: DataStore, name: str) -> None:
    told = Told()
    ON_STORED[name](full, told)
    assert told.is_whole(COUNT)
    assert len(told.reports) > 3


def test_what_is_told_changes_no_result(full: DataStore) -> None:
    told = Told()
    same(full.market.read(SYMBOL, TIMEFRAME, progress=told), MANY)
    parts = list(full.market.iter(SYMBOL, TIMEFRAME, chunk=700, progress=told))
    same(pd.concat(parts), MANY)


def test_few_rows_and_none_are_told_once_at_the_end(store: DataStore) -> None:
    for count in (2, 1, 0):
        told = Told()
        store.market.write(bars(count), SYMBOL, TIMEFRAME, progress=told)
        assert told.is_whole(count)
    told = Told()
    one = {START: {"a@1": entry(1.0)}}
    store.market.write_features(one, SYMBOL, TIMEFRAME, progress=told)
    assert told.is_whole(1)
    told = Told()
    store.market.read("nothing", TIMEFRAME, progress=told)
    assert told.is_whole(0)


def test_a_limit_is_the_total(full: DataStore) -> None:
    told = Told()
    full.market.read(SYMBOL, TIMEFRAME, limit=3_000, progress=told)
    assert told.is_whole(3_000)
    assert {total for _, total in told.reports} == {3_000}


def test_iter_counts_over_all_chunks_and_not_beyond_where_it_is_left(full: DataStore) -> None:
    told = Told()
    seen = 0
    for chunk in full.market.iter(SYMBOL, TIMEFRAME, chunk=1_000, progress=told):
        seen += len(chunk)
        assert told.reports[-1][0] <= seen
        assert told.reports[-1][1] == COUNT
        if seen == 3_000:
            break
    assert max(done for done, _ in told.reports) < 3_000


def test_a_backup_counts_pages_or_bars_and_a_check_each_row_twice(
    full: DataStore, tmp_path: Path
) -> None:
    told = Told()
    full.backup(tmp_path / "copy.db", progress=told)
    with DataStore(tmp_path / "copy.db") as copy:
        pages = int(copy.sql("PRAGMA page_count").iloc[0, 0])
    assert told.is_whole(COUNT if places.on_server() else pages)
    told = Told()
    assert full.check(progress=told) == []
    assert told.is_whole(2 * COUNT)


def test_a_stream_of_arrow_is_counted_as_it_is_written_and_as_it_is_taken(full: DataStore) -> None:
    written, taken = Told(), Told()
    stream = full.market.iter_arrow(SYMBOL, TIMEFRAME, chunk=700, progress=taken)
    assert full.market.write(stream, "copy", TIMEFRAME, progress=written) == COUNT
    assert written.is_whole(COUNT)
    assert taken.is_whole(COUNT)


@pytest.mark.parametrize("progress", [None, False])
def test_nothing_is_told_where_nothing_is_wanted(full: DataStore, progress: Any) -> None:
    for call in (*WRITES.values(), *ON_STORED.values()):
        call(full, progress)
    assert full.check(progress=progress) == []


# ---- What is raised -------------------------------------------------------------------------


class StopError(Exception):
    """Of this file alone."""


def stopping(at: int) -> tuple[StopError, Callable[[int, int | None], None]]:
    error, reports = StopError(), []

    def tell(done: int, total: int | None) -> None:
        reports.append(done)
        if len(reports) == at:
            raise error

    return error, tell


@pytest.mark.parametrize("name", WRITES)
def test_what_is_raised_undoes_a_write_whole_and_is_raised_as_it_is(
    store: DataStore, new_path: Callable[[str], places.Place], name: str
) -> None:
    counted = Told()
    with DataStore(new_path("other.db")) as other:
        WRITES[name](other, counted)
    for at in (1, len(counted.reports) // 2, len(counted.reports)):
        error, tell = stopping(at)
        with pytest.raises(StopError) as raised:
            WRITES[name](store, tell)
        assert raised.value is error
        assert error.__cause__ is None
        assert store.info()["rows"]["market_data"] == 0
    WRITES[name](store, None)
    assert store.info()["rows"]["market_data"] == COUNT


@pytest.mark.parametrize("name", ON_STORED)
def test_what_is_raised_leaves_what_was_stored(full: DataStore, name: str) -> None:
    for at in (1, 3):
        error, tell = stopping(at)
        with pytest.raises(StopError) as raised:
            ON_STORED[name](full, tell)
        assert raised.value is error
    same(full.market.read(SYMBOL, TIMEFRAME), MANY)
    assert full.market.feature_keys(SYMBOL, TIMEFRAME) == []


def test_what_is_raised_leaves_no_backup(full: DataStore, tmp_path: Path) -> None:
    _, tell = stopping(1)
    with pytest.raises(StopError):
        full.backup(tmp_path / "copy.db", progress=tell)
    assert not list(tmp_path.glob("copy*"))
    with pytest.raises(StopError):
        full.check(progress=stopping(1)[1])


def test_what_is_raised_within_a_transaction_undoes_that_call_alone(store: DataStore) -> None:
    with store.transaction():
        store.state.set("before", 1)
        with pytest.raises(StopError):
            WRITES["write"](store, stopping(2)[1])
        store.state.set("after", 1)
    assert store.state.keys() == ["after", "before"]
    assert not store.market.exists(SYMBOL, TIMEFRAME)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration])
def test_any_exception_is_raised_as_it_is(store: DataStore, error: type[BaseException]) -> None:
    def tell(done: int, total: int | None) -> None:
        raise error

    with pytest.raises(error):
        WRITES["write"](store, tell)
    assert not store.market.exists(SYMBOL, TIMEFRAME)


def test_ctrl_c_while_it_tells_undoes_the_call(store: DataStore) -> None:
    def tell(done: int, total: int | None) -> None:
        if done:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0)  # a step of Python's, in which the handler runs

    with pytest.raises(KeyboardInterrupt):
        WRITES["write"](store, tell)
    assert not store.market.exists(SYMBOL, TIMEFRAME)
    WRITES["write"](store, None)
    assert store.market.count(SYMBOL, TIMEFRAME) == COUNT


def test_a_call_from_within_is_refused(store: DataStore) -> None:
    def tell(done: int, total: int | None) -> None:
        store.state.get("a")

    with pytest.raises(InvalidInputError, match="in the midst of a long call"):
        WRITES["write"](store, tell)
    assert not store.market.exists(SYMBOL, TIMEFRAME)


@pytest.mark.parametrize("progress", [1, 0, "yes", [], {}])
def test_what_cannot_be_called_is_refused_before_anything_is_done(
    store: DataStore, progress: Any
) -> None:
    for call in (*WRITES.values(), *ON_STORED.values()):
        with pytest.raises(InvalidTypeError, match="progress must be True"):
            call(store, progress)
    with pytest.raises(InvalidTypeError, match="progress must be True"):
        store.check(progress=progress)
    assert store.info()["rows"]["market_data"] == 0


# ---- How often, and on which thread ---------------------------------------------------------


def test_it_is_told_no_more_often_than_the_interval_allows(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "INTERVAL", 0.05)
    told = Told()
    began = time.monotonic()
    WRITES["write"](store, told)
    took = time.monotonic() - began
    assert told.is_whole(COUNT)
    assert len(told.reports) <= took / 0.05 + 1


def test_it_is_told_on_the_thread_of_the_call_of_that_call_alone(store: DataStore) -> None:
    here: list[tuple[int, str]] = []

    def write(name: str, count: int) -> None:
        def tell(done: int, total: int | None) -> None:
            here.append((threading.get_ident(), name))
            assert total == count

        rows = MANY[:count]
        assert store.market.write(rows, name, TIMEFRAME, progress=tell) == count
        assert store.market.write(rows, name, TIMEFRAME) == count
        mine[name] = threading.get_ident()

    mine: dict[str, int] = {}
    counts = {"A": 1_000, "B": 2_000, "C": 3_000}
    threads = [threading.Thread(target=write, args=item) for item in counts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(mine) == set(counts)
    assert set(here) == {(ident, name) for name, ident in mine.items()}


def test_a_call_within_what_another_call_takes_in_tells_its_own_alone(full: DataStore) -> None:
    inner, outer = Told(), Told()

    class Source:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            part = full.market.read_arrow(SYMBOL, TIMEFRAME, limit=1_000, progress=inner)
            return part.__arrow_c_stream__()

    full.market.write(Source(), "copy", TIMEFRAME, progress=outer)
    assert inner.is_whole(1_000)
    assert outer.is_whole(1_000)


def test_a_fork_within_leaves_the_child_without_the_store(store: DataStore) -> None:
    told = Told()

    def tell(done: int, total: int | None) -> None:
        told(done, total)
        if len(told.reports) == 2:
            in_child(child)

    def child() -> None:
        with pytest.raises(ClosedError):
            store.state.get("a")

    WRITES["write"](store, tell)
    assert told.is_whole(COUNT)


# ---- The bar --------------------------------------------------------------------------------


class Shown:
    """Stands for tqdm."""

    bars: ClassVar[list[Shown]] = []

    def __init__(self, *, desc: str, total: int | None, unit: str, unit_scale: bool) -> None:
        self.desc, self.total, self.unit, self.n, self.is_open = desc, total, unit, 0, True
        self.bars.append(self)

    def update(self, by: int) -> None:
        assert by >= 0
        self.n += by

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def tqdm(monkeypatch: pytest.MonkeyPatch) -> type[Shown]:
    module: Any = types.ModuleType("tqdm.auto")
    module.tqdm = Shown
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    monkeypatch.setattr(Shown, "bars", [])
    return Shown


def test_true_shows_a_bar_for_each_call(
    store: DataStore, tqdm: type[Shown], tmp_path: Path
) -> None:
    WRITES["write"](store, True)
    for call in ON_STORED.values():
        call(store, True)
    store.backup(tmp_path / "copy.db", progress=True)
    store.check(progress=True)
    assert len(tqdm.bars) == 3 + len(ON_STORED)
    assert all(bar.n == bar.total and not bar.is_open for bar in tqdm.bars)
    units = {" rows"} if places.on_server() else {" rows", " pages"}
    assert {bar.unit for bar in tqdm.bars} == units


def test_a_bar_is_closed_where_its_call_fails(store: DataStore, tqdm: type[Shown]) -> None:
    def update(bar: Shown, by: int) -> None:
        raise BrokenPipeError

    tqdm.update = update  # type: ignore[method-assign]
    with pytest.raises(BrokenPipeError):
        WRITES["write"](store, True)
    assert [bar.is_open for bar in tqdm.bars] == [False]
    assert not store.market.exists(SYMBOL, TIMEFRAME)


def test_without_tqdm_the_error_says_what_to_install(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(LibraryError, match=r"pip install data_store\[progress\]"):
        WRITES["write"](store, True)
    assert not store.market.exists(SYMBOL, TIMEFRAME)


def test_the_real_tqdm_ends_at_the_total(
    store: DataStore, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    WRITES["write"](store, True)
    assert "write: 100%" in capsys.readouterr().err


# ---- asyncio --------------------------------------------------------------------------------


def test_asyncio_tells_on_the_thread_of_the_loop(tmp_path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(tmp_path / "market.db") as store:
            market = store.market
            idents = set()

            async def whole(call: Callable[[Any], Any], count: int) -> None:
                told = Told()

                def tell(done: int, total: int | None) -> None:
                    idents.add(threading.get_ident())
                    told(done, total)

                result = call(tell)
                if isinstance(result, AsyncIterator):
                    async for _ in result:
                        pass
                else:
                    await result
                assert told.is_whole(count)

            await whole(lambda told: market.write(MANY, SYMBOL, TIMEFRAME, progress=told), COUNT)
            await whole(
                lambda told: market.write_features(FEATURES, SYMBOL, TIMEFRAME, progress=told),
                COUNT,
            )
            for name in ("read", "read_features", "read_arrow", "read_features_arrow"):
                read = getattr(market, name)
                await whole(lambda told, read=read: read(SYMBOL, TIMEFRAME, progress=told), COUNT)
            await whole(lambda told: market.latest(SYMBOL, TIMEFRAME, 9, progress=told), 9)
            for name in ("iter", "iter_arrow"):
                scan = getattr(market, name)
                await whole(
                    lambda told, scan=scan: scan(SYMBOL, TIMEFRAME, chunk=700, progress=told),
                    COUNT,
                )
            await whole(lambda told: store.check(progress=told), 2 * COUNT)
            told = Told()
            await store.backup(tmp_path / "copy.db", progress=told)
            assert told.is_whole(told.reports[-1][0])
            assert idents == {threading.get_ident()}

    asyncio.run(main())


def test_asyncio_undoes_the_call_where_it_raises_before_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(tmp_path / "market.db") as store:
            go_on = threading.Event()

            def tell(done: int, total: int | None) -> None:
                go_on.set()
                raise StopError

            posted = on_loop(tell)

            def wait_for_the_loop(done: int, total: int | None) -> None:
                posted(done, total)  # type: ignore[operator, misc]
                assert go_on.wait(60)  # so that the next report comes behind what it raises

            with pytest.raises(StopError):
                await store._calls.write(
                    lambda opened: opened.market.write(
                        MANY, SYMBOL, TIMEFRAME, progress=wait_for_the_loop
                    )
                )
            assert not await store.market.exists(SYMBOL, TIMEFRAME)

    asyncio.run(main())


def test_asyncio_gives_the_result_where_it_raises_at_the_last_report(tmp_path: Path) -> None:
    async def main() -> None:
        heard: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: heard.append(context["exception"])
        )

        def tell(done: int, total: int | None) -> None:
            if done == total:
                raise StopError

        async with aio.DataStore(tmp_path / "market.db") as store:
            assert await store.market.write(MANY, SYMBOL, TIMEFRAME, progress=tell) == COUNT
        assert [type(error) for error in heard] == [StopError]

    asyncio.run(main())
