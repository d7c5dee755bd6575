# SPDX-License-Identifier: MIT
"""`data_store.aio`: the same calls as coroutines, which never block the event loop."""

from __future__ import annotations

import asyncio
import gc
import inspect
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import places
import pytest
from calls import EVERY, put_three_bars_and_a_state
from frames import START, SYMBOL, TIMEFRAME, bars, entry, same
from processes import in_child

import data_store
from data_store import (
    ClosedError,
    DataStore,
    InterruptedCallError,
    InvalidInputError,
    InvalidTypeError,
    SchemaError,
    StorageError,
    aio,
)

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

run = asyncio.run


def no_thread_is_left() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("data_store"):
            thread.join(60)  # it has nothing left to do
            assert not thread.is_alive()


async def started(store: aio.DataStore) -> Any:
    """A task whose call is running, and does not end by itself."""
    task = asyncio.create_task(store.sql(ENDLESS))
    worker = store._calls._turns._worker
    while not any(job.task is task and job.is_started for job in worker._current):
        await asyncio.sleep(0)
    return task


# ---- The same calls ---------------------------------------------------------------------------

PAIRS = {
    "DataStore": (DataStore, aio.DataStore),
    "MarketRepo": (data_store.MarketRepo, aio.MarketRepo),
    "StateRepo": (data_store.StateRepo, aio.StateRepo),
}
NOT_COROUTINES = {"interrupt", "transaction", "iter", "iter_arrow", "__init__"}


def public(owner: type) -> set[str]:
    """Methods and properties."""
    return {name for name in dir(owner) if not name.startswith("_")} - {"with_traceback"}


@pytest.mark.parametrize("name", PAIRS)
def test_there_are_the_same_calls(name: str) -> None:
    blocking, other = PAIRS[name]
    assert public(other) == public(blocking)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (name, method)
        for name, (blocking, _) in PAIRS.items()
        for method in sorted({*public(blocking), "__init__"})
        if inspect.isfunction(getattr(blocking, method))
        and (method != "__init__" or name == "DataStore")
    ],
)
def test_a_call_takes_the_same_arguments(name: str, method: str) -> None:
    blocking, other = (getattr(owner, method) for owner in PAIRS[name])
    found, expected = (
        list(inspect.signature(one).parameters.values()) for one in (other, blocking)
    )
    # Of the method itself nothing is said; the rest is the same to the annotation.
    assert found[1:] == expected[1:]
    assert inspect.iscoroutinefunction(other) != (method in NOT_COROUTINES)
    if inspect.iscoroutinefunction(other):
        assert inspect.signature(other).return_annotation == (
            inspect.signature(blocking).return_annotation
        )
    assert (inspect.getdoc(other) or "").split(".")[0]


OF_SQLITE3 = pytest.mark.sqlite_only("get_connection() is sqlite3's")
CALLS = [
    pytest.param(name, marks=OF_SQLITE3) if name == "get_connection" else name
    for name in sorted({*EVERY} - {"transaction", "iter", "iter_arrow"})
]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_gives_and_does_the_same(new_path: Callable[[str], places.Place], name: str) -> None:
    async def main() -> Any:
        async with aio.DataStore(new_path("aio.db")) as store:
            call: Any = EVERY[name](store)  # type: ignore[arg-type]
            return await call

    results = []
    for kind in ("aio", "blocking"):
        with DataStore(new_path(f"{kind}.db")) as store:
            put_three_bars_and_a_state(store)
            if kind == "blocking":
                results.append(EVERY[name](store))
    results.append(run(main()))
    if name in ("info", "checkpoint", "get_connection", "state.updated_at"):
        assert type(results[0]) is type(results[1])
    elif isinstance(results[0], pd.DataFrame):
        same(results[0], results[1])
    elif name.endswith("arrow"):
        same(results[0].to_pandas(), results[1].to_pandas())
    else:
        assert results[0] == results[1]
    with DataStore(new_path("aio.db")) as one, DataStore(new_path("blocking.db")) as other:
        for query in ("SELECT symbol, timestamp, close, features FROM market_data",):
            same(one.sql(query), other.sql(query))
        assert one.state.items() == other.state.items()


def test_chunks_come_one_by_one(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path) as store:
            await store.market.write(bars(10), SYMBOL, TIMEFRAME)
            await store.market.write_features({START: {"a@1": entry(1)}}, SYMBOL, TIMEFRAME)
            frames = [frame async for frame in store.market.iter(SYMBOL, TIMEFRAME, chunk=4)]
            same(pd.concat(frames), bars(10))
            assert [len(frame) for frame in frames] == [4, 4, 2]
            batches = [
                batch
                async for batch in store.market.iter_arrow(
                    [SYMBOL], TIMEFRAME, features=True, chunk=4
                )
            ]
            assert [len(batch.to_pandas()) for batch in batches] == [4, 4, 2]
            # The same columns, though only the first bar has the feature.
            assert len({tuple(batch.column_names) for batch in batches}) == 1
            whole = await store.market.read_arrow([SYMBOL], TIMEFRAME, features=True)
            assert batches[0].column_names == whole.column_names
            async for _ in store.market.iter(SYMBOL, TIMEFRAME, chunk=1):
                break  # the rest is not read
            with pytest.raises(InvalidInputError, match="unknown column"):
                async for _ in store.market.iter(SYMBOL, TIMEFRAME, columns=["nothing"]):
                    pass

    run(main())


def test_what_a_call_raises_is_raised_in_the_task(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path) as store:
            with pytest.raises(InvalidInputError, match="unknown column 'x'"):
                await store.market.write(bars(2).assign(x=1), SYMBOL, TIMEFRAME)
            with pytest.raises(InvalidTypeError):
                await store.state.get(3)  # type: ignore[arg-type]
            with pytest.raises(data_store.MissingBarError):
                await store.market.write_features({START: {"a@1": entry(1)}}, "nobody", TIMEFRAME)

    run(main())


# ---- Opening and closing ----------------------------------------------------------------------


def test_it_opens_by_a_block_by_await_or_by_its_first_call(path: Path) -> None:
    async def main() -> None:
        lazy = aio.DataStore(path)
        assert places.is_server(path) or not path.exists()
        shown = "postgresql://…" if places.is_server(path) else str(path)
        assert repr(lazy) == f"<aio.DataStore({shown!r}), not open yet>"
        assert lazy.path == shown
        await lazy.state.set("a", 1)
        awaited = await aio.DataStore(path)
        assert await awaited.state.get("a") == 1
        assert repr(awaited) == f"aio.DataStore({str(path)!r}, durability='full')"
        async with aio.DataStore(path, read_only=True) as reader:
            assert reader.path == str(path)
            assert await reader.state.get("a") == 1
        for store in (lazy, awaited):
            assert not store.closed
            await store.close()
            assert store.closed
        assert repr(awaited).endswith("(closed)")

    run(main())


@pytest.mark.sqlite_only("the store is a file")
def test_what_is_wrong_with_the_file_is_raised_where_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text(
        "this is not a database, and long enough to be sure of it" * 40
    )

    async def main() -> None:
        for path, error in (
            (tmp_path / "text.db", SchemaError),
            (":memory:", InvalidInputError),
        ):
            await fails_to_open(error, path)

    run(main())
    assert [found.name for found in tmp_path.iterdir()] == ["text.db"]


async def fails_to_open(error: type[Exception], path: Any, **options: Any) -> None:
    """Each use of the store raises what its opening did."""
    store = aio.DataStore(path, **options)
    with pytest.raises(error):
        await store
    with pytest.raises(error):
        await store.state.get("a")
    await store.close()


def test_what_is_wrong_with_the_options_is_raised_where_it_is_opened(path: places.Place) -> None:
    async def main() -> None:
        await fails_to_open(InvalidInputError, path, durability="most")
        await fails_to_open(InvalidTypeError, path, timeout="1")

    run(main())
    with pytest.raises((StorageError, SchemaError)):  # nothing was made
        DataStore(path, read_only=True)


def test_calls_that_were_made_before_close_are_done_and_later_ones_refused(path: Path) -> None:
    async def main() -> None:
        store = await aio.DataStore(path)
        tasks = [asyncio.create_task(store.state.set(f"k{i}", i)) for i in range(20)]
        await asyncio.sleep(0)  # each has made its call
        await asyncio.gather(store.close(), store.close())
        assert store.closed
        await asyncio.gather(*tasks)
        with pytest.raises(ClosedError):
            await store.state.get("k1")
        with pytest.raises(ClosedError):
            async with store.transaction():
                pass
        await store.close()

    run(main())
    with DataStore(path) as store:
        assert len(store.state.keys()) == 20
    no_thread_is_left()


def test_close_waits_for_the_call_that_is_running(path: Path) -> None:
    async def main() -> None:
        store = await aio.DataStore(path)
        endless = await started(store)
        closing = asyncio.create_task(store.close())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not closing.done()
        store.interrupt()
        await closing
        with pytest.raises(InterruptedCallError):
            await endless

    run(main())


def test_a_store_that_was_never_opened_closes(path: Path) -> None:
    async def main() -> None:
        store = aio.DataStore(path)
        await store.close()
        with pytest.raises(ClosedError):
            await store.state.get("a")

    run(main())
    assert places.is_server(path) or not path.exists()


def test_a_store_that_is_dropped_leaves_no_thread(path: Path) -> None:
    async def main() -> None:
        store = await aio.DataStore(path)
        market = store.market
        del store
        gc.collect()
        await market.write(bars(3), SYMBOL, TIMEFRAME)  # it keeps what it needs

    run(main())
    gc.collect()
    no_thread_is_left()
    with DataStore(path) as store:
        assert len(store.market.read(SYMBOL, TIMEFRAME)) == 3


def test_a_program_ends_though_its_store_is_open_and_busy(path: Path) -> None:
    program = f"""
import asyncio, sys
from data_store import aio

async def main():
    store = await aio.DataStore({str(path)!r})
    await store.state.set("a", 1)
    task = asyncio.create_task(store.sql({ENDLESS!r}))
    current = store._calls._turns._worker._current
    while not any(job.task is task and job.is_started for job in current):
        await asyncio.sleep(0)
    return store, task

loop = asyncio.new_event_loop()
store, task = loop.run_until_complete(main())
print("ends")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "ends\n"), ran.stderr
    with DataStore(path) as store:
        assert store.state.get("a") == 1


# ---- The loop, cancellation -------------------------------------------------------------------


def test_the_loop_goes_on_while_a_call_lasts_and_may_cancel_it(path: Path) -> None:
    """A call that blocked the loop would never come back from this."""

    async def main() -> None:
        async with aio.DataStore(path) as store:
            endless = await started(store)
            behind = asyncio.create_task(store.state.set("a", 1))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not endless.done()
            assert not behind.done()
            endless.cancel()
            with pytest.raises(asyncio.CancelledError):
                await endless
            await behind
            assert await store.state.get("a") == 1
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await store.sql(ENDLESS)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(store.sql(ENDLESS), 0.01)
            assert await store.state.get("a") == 1

    run(main())


def test_a_call_that_is_cancelled_before_its_turn_is_not_made(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path) as store:
            endless = await started(store)
            behind = asyncio.create_task(store.state.set("a", 1))
            await asyncio.sleep(0)
            behind.cancel()
            with pytest.raises(asyncio.CancelledError):
                await behind  # though the call before it goes on
            assert not endless.done()
            endless.cancel()
            with pytest.raises(asyncio.CancelledError):
                await endless
            assert await store.state.get("a") is None

    run(main())


def test_a_cancelled_call_has_ended_when_the_cancellation_is_raised(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    sql = DataStore.sql

    def watched(self: DataStore, query: str, *rest: Any, **options: Any) -> pd.DataFrame:
        try:
            return sql(self, query, *rest, **options)
        finally:
            ended.append(query)

    monkeypatch.setattr(DataStore, "sql", watched)

    async def main() -> None:
        async with aio.DataStore(path) as store:
            endless = await started(store)
            for _ in range(3):  # however often
                endless.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await endless
            assert ended == [ENDLESS]

    run(main())


def test_interrupt_stops_what_runs(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path) as store:
            endless = await started(store)
            store.interrupt()
            with pytest.raises(InterruptedCallError):
                await endless

    run(main())


def test_calls_are_made_in_the_order_in_which_they_begin(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path, durability="normal") as store:
            tasks: list[asyncio.Task[Any]] = []
            for number in range(100):
                tasks.append(asyncio.create_task(store.state.set("a", number)))
                tasks.append(asyncio.create_task(store.state.get("a")))
            await asyncio.gather(*tasks)
            assert [task.result() for task in tasks[1::2]] == list(range(100))

    run(main())


def test_a_loop_that_is_closed_meanwhile_leaves_the_store_usable(path: Path) -> None:
    store = aio.DataStore(path)
    loop = asyncio.new_event_loop()
    endless = loop.run_until_complete(started(store))
    loop.close()  # the task is pending
    del loop
    store.interrupt()

    async def again() -> Any:
        await store.state.set("a", 1)
        value = await store.state.get("a")
        await store.close()
        return value

    assert run(again()) == 1
    endless._log_destroy_pending = False
    del endless
    gc.collect()
    whole_state(path, {"a": 1})


def whole_state(path: Path, expected: dict[str, Any]) -> None:
    with DataStore(path) as store:
        assert store.state.items() == expected
        assert store.check() == []


def test_loops_of_several_threads_share_a_store(path: Path) -> None:
    store = aio.DataStore(path, durability="normal", timeout=600)

    async def count() -> None:
        for _ in range(25):
            async with store.transaction():
                await store.state.set("count", await store.state.get("count", 0) + 1)
            await store.state.get("count")

    async def both() -> None:
        await asyncio.gather(count(), count())

    workers = [threading.Thread(target=run, args=(both(),)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    run(store.close())
    whole_state(path, {"count": 150})


def test_a_fork_has_a_closed_copy(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path) as store:
            await store.state.set("a", 1)

            def child() -> tuple[bool, str, str]:
                messages = []
                for call in (store.state.get("a"), store.close(), store.transaction().__aenter__()):
                    try:
                        run(call)
                        messages.append("fine")
                    except ClosedError as error:
                        messages.append(str(error)[:9])
                return store.closed, *messages  # type: ignore[return-value]

            loop = asyncio.get_running_loop()
            # In a thread without a loop, as the child wants one of its own.
            told = await loop.run_in_executor(None, in_child, child)
            assert told == (True, "the store", "fine", "the store")
            assert await store.state.get("a") == 1

    run(main())


def test_it_is_neither_pickled_nor_copied(path: Path) -> None:
    with pytest.raises(InvalidTypeError, match="Pass the path"):
        pickle.dumps(aio.DataStore(path))
