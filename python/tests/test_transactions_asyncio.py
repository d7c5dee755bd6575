# SPDX-License-Identifier: MIT
"""Within asyncio a transaction belongs to the task that began it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from frames import START, SYMBOL, TIMEFRAME, bars

from data_store import DataStore
from data_store.errors import BusyError, DataStoreError, InvalidInputError


class PlannedError(Exception):
    """Raised by the tests themselves."""


@pytest.fixture
def patient(path: Path) -> Any:
    """A store whose writers may not wait: a wait fails the test."""
    with DataStore(path, timeout=600) as opened:
        yield opened


async def hold(store: DataStore, begun: asyncio.Event, ending: asyncio.Event) -> None:
    """Stay within a transaction until told to end it."""
    with store.transaction():
        store.state.set("held", 1)
        begun.set()
        await ending.wait()
        store.state.set("held", 2)


def beside_a_holder(store: DataStore, action: Callable[[], Any]) -> Any:
    """What `action`, a function or a coroutine function, gives while another task holds one."""

    async def main() -> Any:
        begun, ending = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(hold(store, begun, ending))
        await begun.wait()
        try:
            answer = action()
            return await answer if asyncio.iscoroutine(answer) else answer
        finally:
            ending.set()
            await task

    return asyncio.run(main())


def begin(store: DataStore) -> None:
    with store.transaction():
        pass


WRITES: dict[str, Callable[[DataStore], Any]] = {
    "write": lambda store: store.market.write(bars(2), SYMBOL, TIMEFRAME),
    "one row": lambda store: store.market.write(bars(1), SYMBOL, TIMEFRAME),
    "write_bar": lambda store: store.market.write_bar(SYMBOL, TIMEFRAME, START, close=1.0),
    "write_features": lambda store: store.market.write_features(
        {START: {"a@1": {"value": 1, "quality": "ready"}}}, SYMBOL, TIMEFRAME
    ),
    "delete": lambda store: store.market.delete(SYMBOL, TIMEFRAME),
    "record_request": lambda store: store.market.record_request(
        SYMBOL, TIMEFRAME, provider_used="x", start_ts=START, end_ts=START
    ),
    "set": lambda store: store.state.set("other", 1),
    "set_many": lambda store: store.state.set_many({"other": 1}),
    "state.delete": lambda store: store.state.delete("held"),
    "compare_and_set": lambda store: store.state.compare_and_set("held", None, 3),
    "checkpoint": lambda store: store.checkpoint(),
    "transaction": begin,
}


@pytest.mark.parametrize("name", WRITES)
def test_writes_of_other_tasks_are_refused_at_once(patient: DataStore, name: str) -> None:
    def write() -> None:
        with pytest.raises(BusyError, match="another task of this thread"):
            WRITES[name](patient)

    beside_a_holder(patient, write)
    assert patient.state.items() == {"held": 2}
    assert patient.market.series().empty
    WRITES["set"](patient)


def test_other_tasks_read_the_last_commit(patient: DataStore) -> None:
    patient.market.write(bars(1), SYMBOL, TIMEFRAME)
    patient.state.set("held", 0)

    def read() -> None:
        assert patient.state.get("held") == 0
        assert patient.state.items() == {"held": 0}
        assert len(patient.market.read(SYMBOL, TIMEFRAME)) == 1
        assert patient.market.latest_bar(SYMBOL, TIMEFRAME) is not None
        value = patient.sql("SELECT CAST(value AS TEXT) AS value FROM system_state")["value"]
        assert value.tolist() == ["0"]
        assert patient.check() == []

    beside_a_holder(patient, read)
    assert patient.state.get("held") == 2


def test_its_task_reads_and_writes_across_awaits(patient: DataStore) -> None:
    async def main() -> None:
        with patient.transaction():
            for step in range(5):
                patient.state.set("step", step)
                await asyncio.sleep(0)
                assert patient.state.get("step") == step
                with patient.transaction():
                    await asyncio.sleep(0)
                    patient.state.set("nested", step)

    asyncio.run(main())
    assert patient.state.items() == {"nested": 4, "step": 4}


def test_two_tasks_interleaved_one_commits_and_the_other_is_refused(patient: DataStore) -> None:
    async def good() -> None:
        with patient.transaction():
            patient.state.set("good", 1)
            await asyncio.sleep(0.01)

    async def bad() -> None:
        await asyncio.sleep(0)
        with patient.transaction():
            patient.state.set("bad", 1)
            raise PlannedError

    async def main() -> list[Any]:
        return await asyncio.gather(good(), bad(), return_exceptions=True)

    first, second = asyncio.run(main())
    assert first is None
    assert isinstance(second, BusyError)
    assert patient.state.items() == {"good": 1}


def test_a_task_group_inside_is_refused_and_rolls_the_block_back(patient: DataStore) -> None:
    async def child() -> None:
        patient.state.set("child", 1)

    async def main() -> None:
        with patient.transaction():
            patient.state.set("parent", 1)
            async with asyncio.TaskGroup() as group:
                group.create_task(child())

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(main())
    assert [type(error) for error in caught.value.exceptions] == [BusyError]
    assert patient.state.items() == {}


@pytest.mark.parametrize("stop", ["cancel", "wait_for", "timeout"])
def test_a_task_that_is_stopped_inside_is_rolled_back(patient: DataStore, stop: str) -> None:
    async def work(begun: asyncio.Event) -> None:
        with patient.transaction():
            patient.state.set("lost", 1)
            begun.set()
            await asyncio.sleep(600)

    async def main() -> None:
        begun = asyncio.Event()
        if stop == "cancel":
            task = asyncio.create_task(work(begun))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        elif stop == "wait_for":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(work(begun), 0.01)
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await work(begun)
        patient.state.set("kept", 1)

    asyncio.run(main())
    assert patient.state.items() == {"kept": 1}


def test_a_task_that_ends_inside_is_rolled_back_and_logged(
    patient: DataStore, caplog: pytest.LogCaptureFixture
) -> None:
    stack = contextlib.ExitStack()

    async def leave() -> None:
        stack.enter_context(patient.transaction())
        patient.state.set("lost", 1)

    async def main() -> None:
        await asyncio.create_task(leave())
        await asyncio.sleep(0)
        patient.state.set("kept", 1)

    with caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(main())
    assert "left in another thread or task" in caplog.text
    with pytest.raises(InvalidInputError, match="not open"):
        stack.close()
    assert patient.state.items() == {"kept": 1}


def test_the_main_task_that_ends_inside_is_rolled_back(
    patient: DataStore, caplog: pytest.LogCaptureFixture
) -> None:
    stack = contextlib.ExitStack()

    async def main() -> None:
        stack.enter_context(patient.transaction())
        patient.state.set("lost", 1)

    asyncio.run(main())
    assert "left in another thread or task" in caplog.text
    patient.state.set("kept", 1)
    assert patient.state.items() == {"kept": 1}


def test_a_block_that_is_left_in_another_task_is_rolled_back(patient: DataStore) -> None:
    async def main() -> None:
        stack = contextlib.ExitStack()
        begun, ending = asyncio.Event(), asyncio.Event()

        async def enter() -> None:
            stack.enter_context(patient.transaction())
            patient.state.set("lost", 1)
            begun.set()
            await ending.wait()
            patient.state.set("after", 1)

        task = asyncio.create_task(enter())
        await begun.wait()
        with pytest.raises(InvalidInputError, match="another thread or task"):
            stack.close()
        patient.state.set("kept", 1)
        ending.set()
        await task

    asyncio.run(main())
    assert patient.state.items() == {"after": 1, "kept": 1}


def test_an_async_generator_that_is_dropped_inside_is_rolled_back(
    patient: DataStore, caplog: pytest.LogCaptureFixture
) -> None:
    async def numbers() -> Any:
        with patient.transaction():
            patient.state.set("lost", 1)
            yield 1
            yield 2

    async def main() -> None:
        async for _ in numbers():
            break
        for _ in range(3):
            await asyncio.sleep(0)
        patient.state.set("kept", 1)

    asyncio.run(main())
    assert "rolled back" in caplog.text
    assert patient.state.items() == {"kept": 1}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_is_abandoned_is_rolled_back(patient: DataStore) -> None:
    async def work() -> None:
        with patient.transaction():
            patient.state.set("lost", 1)
            await asyncio.sleep(600)

    loop = asyncio.new_event_loop()
    coroutine = work()
    task = loop.create_task(coroutine)
    loop.run_until_complete(asyncio.sleep(0))
    with pytest.raises(BusyError):
        patient.state.set("kept", 1)
    with pytest.raises(InvalidInputError, match="rolled back"):
        coroutine.close()
    patient.state.set("kept", 1)
    del task
    loop.close()
    assert patient.state.items() == {"kept": 1}


def test_a_callback_is_outside_of_the_blocks_of_tasks(patient: DataStore) -> None:
    async def call_back() -> Any:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def write() -> None:
            try:
                assert patient.state.get("held") is None
                patient.state.set("callback", 1)
            except BaseException as error:
                answer.set_result(error)
            else:
                answer.set_result(None)

        loop.call_soon(write)
        return await answer

    assert isinstance(beside_a_holder(patient, call_back), BusyError)
    assert patient.state.items() == {"held": 2}


def test_a_callback_may_have_a_block_of_its_own(patient: DataStore) -> None:
    def write() -> None:
        with patient.transaction(), patient.transaction():
            patient.state.set("callback", 1)
            assert patient.state.get("callback") == 1

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(write)
        await asyncio.sleep(0.01)
        assert patient.state.get("callback") == 1
        patient.state.set("task", 1)

    asyncio.run(main())


def test_a_callback_that_ends_inside_is_rolled_back_and_logged(
    patient: DataStore, caplog: pytest.LogCaptureFixture
) -> None:
    stack = contextlib.ExitStack()
    seen: list[Any] = []

    def leave() -> None:
        stack.enter_context(patient.transaction())
        patient.state.set("lost", 1)

    def look() -> None:
        seen.append(patient.state.get("lost"))
        with pytest.raises(BusyError):
            patient.state.set("joined", 1)
        seen.append("refused")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(leave)
        loop.call_soon(look)
        await asyncio.sleep(0.01)
        patient.state.set("kept", 1)

    asyncio.run(main())
    assert seen == [None, "refused"]
    assert "left in another thread or task" in caplog.text
    assert patient.state.items() == {"kept": 1}


def test_a_loop_within_a_block_is_outside_of_it(patient: DataStore) -> None:
    async def main() -> None:
        assert patient.state.get("outer") is None
        with pytest.raises(BusyError):
            patient.state.set("inner", 1)
        with pytest.raises(BusyError), patient.transaction():
            pass

    with patient.transaction():
        patient.state.set("outer", 1)
        asyncio.run(main())
        patient.state.set("outer", 2)
    assert patient.state.items() == {"outer": 2}


def test_a_whole_block_in_a_thread_waits_for_that_of_a_task(patient: DataStore) -> None:
    def count() -> None:
        with patient.transaction():
            patient.state.set("count", patient.state.get("count", 0) + 1)

    async def main() -> None:
        begun, ending = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(hold(patient, begun, ending))
        await begun.wait()
        threads = [asyncio.create_task(asyncio.to_thread(count)) for _ in range(8)]
        await asyncio.sleep(0.01)
        ending.set()
        await asyncio.gather(task, *threads)

    asyncio.run(main())
    assert patient.state.items() == {"count": 8, "held": 2}


def test_a_thread_for_which_the_block_waits_is_busy_and_told_why(path: Path) -> None:
    async def main(store: DataStore) -> None:
        with store.transaction():
            await asyncio.to_thread(store.state.set, "a", 1)

    with DataStore(path, timeout=0.05) as store:
        with pytest.raises(BusyError, match="wait for this very thread"):
            asyncio.run(main(store))
        assert store.state.items() == {}


def test_loops_in_several_threads_wait_for_each_other(patient: DataStore) -> None:
    async def count() -> None:
        for _ in range(10):
            with patient.transaction():
                number = patient.state.get("count", 0)
                await asyncio.sleep(0)
                patient.state.set("count", number + 1)

    threads = [threading.Thread(target=lambda: asyncio.run(count())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert patient.state.get("count") == 40


@pytest.mark.parametrize("run", range(6))
def test_random_interleavings_agree_with_a_model(
    path: Path, dice: random.Random, contents: Any, run: int
) -> None:
    """Each task keeps its own view; what was acknowledged, and that alone, is in the file."""
    committed: dict[str, int] = {}
    owner: list[object] = []

    async def work(store: DataStore, name: str) -> None:
        def put(view: dict[str, int], serial: int) -> None:
            key = f"{name}{dice.randrange(3)}"
            store.state.set(key, serial)
            view[key] = serial

        async def pause() -> None:
            for _ in range(dice.randrange(3)):
                await asyncio.sleep(0)

        async def block(view: dict[str, int], depth: int) -> None:
            for serial in range(dice.randrange(4)):
                await pause()
                assert store.state.items() == view
                choice = dice.random()
                if choice < 0.3 and depth < 3:
                    inner = dict(view)
                    with contextlib.suppress(PlannedError), store.transaction():
                        await block(inner, depth + 1)
                        if dice.random() < 0.4:
                            raise PlannedError
                        view.clear()
                        view.update(inner)
                else:
                    put(view, serial + 10 * depth)

        for serial in range(8):
            await pause()
            assert store.state.items() == committed
            if owner:
                with pytest.raises(BusyError):
                    store.state.set("refused", 1)
                with pytest.raises(BusyError), store.transaction():
                    pass
            elif dice.random() < 0.3:
                put(committed, serial)
            else:
                view = dict(committed)
                try:
                    with store.transaction():
                        owner.append(name)
                        await block(view, 1)
                        if dice.random() < 0.4:
                            raise PlannedError
                except PlannedError:
                    pass
                else:
                    committed.clear()
                    committed.update(view)
                owner.clear()

    async def main(store: DataStore) -> None:
        async with asyncio.TaskGroup() as group:
            for name in "abcde":
                group.create_task(work(store, name))

    with DataStore(path, durability="normal", timeout=600) as store:
        asyncio.run(main(store))
        assert store.state.items() == committed
    with DataStore(path) as again:
        assert again.state.items() == committed
        with contextlib.suppress(DataStoreError):
            again.state.delete("none")
