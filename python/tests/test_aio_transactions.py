# SPDX-License-Identifier: MIT
"""Transactions of `data_store.aio`: they belong to the task that began them, and always end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from frames import START, SYMBOL, TIMEFRAME, bars

from data_store import BusyError, ClosedError, DataStore, InvalidInputError, aio


class PlannedError(Exception):
    """Raised by the tests themselves."""


def run(path: Path, main: Callable[[aio.DataStore], Coroutine[Any, Any, Any]]) -> Any:
    """Run a test with a store whose writers may wait for ever: a wait that should not be hangs."""

    async def whole() -> Any:
        async with aio.DataStore(path, durability="normal", timeout=600) as store:
            return await main(store)

    return asyncio.run(whole())


def stored(path: Path) -> Any:
    with DataStore(path) as store:
        assert store.check() == []
        return store.state.items()


async def settle() -> None:
    """Let every task go as far as it can without the store."""
    for _ in range(20):
        await asyncio.sleep(0)


async def free(store: aio.DataStore) -> None:
    """Nothing holds the lock: a write of this task goes through."""
    async with store.transaction():
        await store.state.set("free", 1)
    assert await store.state.delete("free")


def test_a_block_is_stored_whole_or_not_at_all(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async with store.transaction():
            await store.market.write(bars(3), SYMBOL, TIMEFRAME)
            await store.state.set("a", 1)
            assert await store.state.get("a") == 1
            assert len(await store.market.read(SYMBOL, TIMEFRAME)) == 3
        with contextlib.suppress(PlannedError):
            async with store.transaction():
                await store.market.delete(SYMBOL, TIMEFRAME)
                await store.state.set("a", 2)
                assert await store.state.get("a") == 2
                raise PlannedError
        assert await store.state.get("a") == 1
        assert len(await store.market.read(SYMBOL, TIMEFRAME)) == 3
        await free(store)

    run(path, main)


def test_a_block_within_a_block_is_a_savepoint(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async with store.transaction():
            await store.state.set("outer", 1)
            with contextlib.suppress(PlannedError):
                async with store.transaction():
                    await store.state.set("inner", 1)
                    await store.state.set("outer", 2)
                    raise PlannedError
            assert await store.state.items() == {"outer": 1}
            async with store.transaction():
                await store.state.set("kept", 1)
        with contextlib.suppress(PlannedError):
            async with store.transaction():
                async with store.transaction():
                    await store.state.set("lost", 1)
                raise PlannedError

    run(path, main)
    assert stored(path) == {"outer": 1, "kept": 1}


def test_a_call_that_fails_inside_is_undone_alone(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async with store.transaction():
            await store.state.set("a", 1)
            with pytest.raises(InvalidInputError):
                await store.state.set_many({"b": 1, "c": float("nan")})
            await store.state.set("d", 1)

    run(path, main)
    assert stored(path) == {"a": 1, "d": 1}


WRITES: dict[str, Callable[[aio.DataStore], Awaitable[Any]]] = {
    "write": lambda store: store.market.write(bars(2), "B", TIMEFRAME),
    "write_bar": lambda store: store.market.write_bar("B", TIMEFRAME, START, close=1.0),
    "delete": lambda store: store.market.delete("B", TIMEFRAME),
    "set": lambda store: store.state.set("other", 1),
    "compare_and_set": lambda store: store.state.compare_and_set("held", None, 3),
    "checkpoint": lambda store: store.checkpoint(),
    "transaction": lambda store: free(store),
}


@pytest.mark.parametrize("ends_well", [True, False])
@pytest.mark.parametrize("name", WRITES)
def test_writes_of_other_tasks_wait_for_the_end(path: Path, name: str, ends_well: bool) -> None:
    async def main(store: aio.DataStore) -> None:
        with contextlib.suppress(PlannedError):
            async with store.transaction():
                await store.state.set("held", 1)
                other = asyncio.ensure_future(WRITES[name](store))
                await settle()
                assert not other.done()
                await store.state.set("held", 2)
                assert not other.done()
                if not ends_well:
                    raise PlannedError
        await other
        expected = 2 if ends_well else 3 if name == "compare_and_set" else None
        assert await store.state.get("held") == expected

    run(path, main)


def test_what_another_task_wrote_stays_though_the_block_is_rolled_back(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async def others() -> None:
            await store.state.set("other", 1)
            async with store.transaction():
                await store.state.set("another", 1)

        with contextlib.suppress(PlannedError):
            async with store.transaction():
                task = asyncio.create_task(others())
                await store.state.set("mine", 1)
                await settle()
                raise PlannedError
        await task

    run(path, main)
    assert stored(path) == {"other": 1, "another": 1}


def test_other_tasks_read_the_last_commit_meanwhile(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        await store.state.set("a", "before")
        await store.market.write(bars(1), SYMBOL, TIMEFRAME)

        async def read() -> list[Any]:
            rows = await store.sql_arrow("SELECT count(*) AS n FROM market_data")
            batches = [batch async for batch in store.market.iter_arrow(SYMBOL, TIMEFRAME)]
            return [
                await store.state.get("a"),
                rows.to_pandas()["n"].tolist(),
                len(batches[0].to_pandas()),
                (await store.market.latest_bar(SYMBOL, TIMEFRAME)).timestamp,  # type: ignore[union-attr]
                (await store.info())["rows"]["market_data"],
            ]

        before = ["before", [1], 1, START.to_pydatetime(), 1]
        async with store.transaction():
            await store.state.set("a", "after")
            await store.market.write(bars(3), SYMBOL, TIMEFRAME)
            # They do not wait, so this task may wait for them.
            assert await asyncio.gather(read(), read()) == [before, before]
            assert await store.state.get("a") == "after"
        assert await asyncio.gather(read()) == [["after", [3], 3, bars(3).index[2], 3]]

    run(path, main)


def test_tasks_take_turns_and_no_step_is_lost(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async def count() -> None:
            for _ in range(10):
                async with store.transaction():
                    value = await store.state.get("count", 0)
                    await asyncio.sleep(0)
                    await store.state.set("count", value + 1)

        await asyncio.gather(*(count() for _ in range(10)))

    run(path, main)
    assert stored(path) == {"count": 100}


def test_waiters_go_first_come_first_served(path: Path) -> None:
    order: list[int] = []

    async def main(store: aio.DataStore) -> None:
        async def turn(number: int) -> None:
            async with store.transaction():
                order.append(number)
                await asyncio.sleep(0)

        async with store.transaction():
            tasks = [asyncio.create_task(turn(number)) for number in range(10)]
            await settle()
        await asyncio.gather(*tasks)

    run(path, main)
    assert order == list(range(10))


# ---- Waits that would last ----------------------------------------------------------------------


async def by_gather(work: Coroutine[Any, Any, Any]) -> None:
    await asyncio.gather(asyncio.sleep(0), work)


async def by_task(work: Coroutine[Any, Any, Any]) -> None:
    await asyncio.create_task(work)


async def by_task_that_waits_already(work: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(work)
    await settle()
    await task


async def by_group(work: Coroutine[Any, Any, Any]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def by_wait(work: Coroutine[Any, Any, Any]) -> None:
    done, _ = await asyncio.wait([asyncio.create_task(work)])
    done.pop().result()


async def by_shield(work: Coroutine[Any, Any, Any]) -> None:
    await asyncio.shield(work)


@pytest.mark.parametrize(
    "way", [by_gather, by_task, by_task_that_waits_already, by_group, by_wait, by_shield]
)
def test_a_task_that_the_block_waits_for_is_refused_its_write(
    path: Path, way: Callable[[Coroutine[Any, Any, Any]], Awaitable[None]]
) -> None:
    async def main(store: aio.DataStore) -> None:
        async def block() -> None:
            async with store.transaction():
                await store.state.set("mine", 1)
                await way(store.state.set("other", 1))

        with pytest.raises(BusyError, match="await calls of the store directly"):
            await block()
        await free(store)

    run(path, main)
    assert stored(path) == {}


def test_a_write_that_waits_too_long_is_busy_and_not_made(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path, timeout=0.01) as store:
            async with store.transaction():
                for work in (store.state.set("other", 1), free(store)):
                    task = asyncio.create_task(work)
                    while not task.done():  # not by waiting for it
                        await asyncio.sleep(0.01)
                    with pytest.raises(BusyError, match=r"within 0\.01 s; nothing is written"):
                        task.result()
                await store.state.set("mine", 1)
            await free(store)

    asyncio.run(main())
    assert stored(path) == {"mine": 1}


def test_another_store_that_holds_the_lock_makes_it_busy(path: Path) -> None:
    async def main() -> None:
        async with aio.DataStore(path, timeout=0) as store:
            with DataStore(path) as other, other.transaction(), pytest.raises(BusyError):
                await free(store)
            await free(store)

    asyncio.run(main())


# ---- Cancellation ---------------------------------------------------------------------------


def test_a_task_that_is_cancelled_inside_rolls_back(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async def hold() -> None:
            async with store.transaction():
                await store.state.set("a", 1)
                async with store.transaction():
                    await store.state.set("b", 1)
                    begun.set()
                    await asyncio.Event().wait()

        begun = asyncio.Event()
        task = asyncio.create_task(hold())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await store.state.items() == {}
        await free(store)

    run(path, main)


def test_a_task_that_is_cancelled_while_it_waits_holds_nothing(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async with store.transaction():
            waiting = [
                asyncio.create_task(work)
                for work in (store.state.set("a", 1), free(store), store.state.set("b", 1))
            ]
            await settle()
            for task in waiting[:2]:
                task.cancel()
            await settle()
            assert [task.done() for task in waiting] == [True, True, False]
        await waiting[2]
        assert await store.state.items() == {"b": 1}
        await free(store)

    run(path, main)


@pytest.mark.parametrize("steps", range(12))
def test_a_task_that_is_cancelled_at_any_step_leaves_all_or_nothing(path: Path, steps: int) -> None:
    async def main(store: aio.DataStore) -> None:
        async def work() -> None:
            async with store.transaction():
                await store.state.set("a", 1)
                await store.state.set("b", 1)

        for _ in range(15):
            task = asyncio.create_task(work())
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert await store.state.items() in ({}, {"a": 1, "b": 1})
            await free(store)
            await store.state.delete("a")
            await store.state.delete("b")

    run(path, main)


def test_any_work_of_tasks_that_may_be_cancelled_leaves_whole_blocks(
    path: Path, dice: random.Random
) -> None:
    async def main(store: aio.DataStore) -> None:
        async def work(number: int) -> None:
            own = random.Random(number)
            for step in range(8):
                async with store.transaction():
                    for key in ("a", "b"):
                        for _ in range(own.randint(0, 2)):
                            await asyncio.sleep(0)
                        await store.state.set(f"{number}/{key}", step)
                    if own.random() < 0.3:
                        raise PlannedError
                await store.state.get(f"{number}/a")

        tasks = [asyncio.create_task(work(dice.randrange(1 << 30))) for _ in range(12)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.001 * dice.random())
            if dice.random() < 0.05:
                dice.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await free(store)

    run(path, main)
    found = stored(path)
    numbers = {key.split("/")[0] for key in found}
    assert len(found) == 2 * len(numbers)
    assert all(found[f"{number}/a"] == found[f"{number}/b"] for number in numbers)


# ---- Blocks that are left elsewhere, or never -------------------------------------------------


def test_a_block_is_entered_once_and_left_once(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        block = store.transaction()
        with pytest.raises(InvalidInputError, match="not open"):
            await block.__aexit__(None, None, None)
        async with block:
            with pytest.raises(InvalidInputError, match="entered already"):
                await block.__aenter__()
            await store.state.set("a", 1)
        with pytest.raises(InvalidInputError, match="not open"):
            await block.__aexit__(None, None, None)
        assert repr(block) == "<aio.Transaction, over>"

    run(path, main)
    assert stored(path) == {"a": 1}


def test_a_block_that_is_left_in_another_task_is_rolled_back(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        block = store.transaction()
        await block.__aenter__()
        await store.state.set("a", 1)
        with pytest.raises(InvalidInputError, match="another task"):
            await asyncio.create_task(block.__aexit__(None, None, None))  # type: ignore[arg-type]
        await free(store)

    run(path, main)
    assert stored(path) == {}


def test_a_task_that_ends_inside_rolls_back_and_the_loop_is_told(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        told: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

        async def forget() -> None:
            await store.transaction().__aenter__()
            await store.state.set("a", 1)

        await asyncio.create_task(forget())
        await free(store)
        assert "has ended inside" in str(told[0]["exception"])

    run(path, main)
    assert stored(path) == {}


def test_a_generator_that_is_closed_inside_rolls_back_and_says_so(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async def numbers() -> AsyncIterator[int]:
            async with store.transaction():
                await store.state.set("a", 1)
                yield 1
                yield 2

        generator: Any = numbers()
        assert await anext(generator) == 1
        with pytest.raises(InvalidInputError, match="closed, or dropped"):
            await generator.aclose()
        await free(store)

    run(path, main)
    assert stored(path) == {}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_task_that_is_dropped_with_its_loop_rolls_back(path: Path) -> None:
    store = aio.DataStore(path, timeout=600)

    async def hold() -> None:
        async with store.transaction():
            await store.state.set("a", 1)
            held.set()
            await asyncio.Event().wait()

    loop = asyncio.new_event_loop()
    held = asyncio.Event()
    task: Any = loop.create_task(hold())
    loop.run_until_complete(held.wait())
    loop.close()
    task._log_destroy_pending = False
    del task
    gc.collect()

    async def after() -> None:
        await free(store)
        await store.close()

    asyncio.run(after())
    assert stored(path) == {}


def test_close_inside_rolls_back_and_the_block_says_so(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async def block() -> None:
            async with store.transaction():
                await store.state.set("a", 1)
                await store.close()

        with pytest.raises(ClosedError):
            await block()

    run(path, main)
    assert stored(path) == {}


def test_close_in_another_task_rolls_back_and_refuses_what_waits(path: Path) -> None:
    async def main(store: aio.DataStore) -> None:
        async def hold() -> None:
            async with store.transaction():
                await store.state.set("a", 1)
                begun.set()
                await asyncio.Event().wait()

        begun = asyncio.Event()
        holder = asyncio.create_task(hold())
        await begun.wait()
        waiting = asyncio.create_task(store.state.set("b", 1))
        await settle()
        await store.close()
        with pytest.raises(ClosedError):
            await waiting
        holder.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holder

    run(path, main)
    assert stored(path) == {}
