# SPDX-License-Identifier: MIT
"""Fixtures that every test file shares, and the one seed behind everything random.

The seed stands in pytest's header; ``--hypothesis-seed=N`` plays the same run again.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import database
import places
import pytest

from data_store import DataStore

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # where nothing but pytest is installed; tests that need it are not run there
    pass
else:
    settings.register_profile(
        "data_store",
        deadline=None,  # a commit waits for the disk: time says nothing here
        print_blob=True,
        max_examples=60,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("data_store")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=places.ENGINES, help="where stores lie: see places.py")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only(reason): about files, which a server has not")
    if config.option.engine:
        os.environ["DATA_STORE_TEST_ENGINE"] = config.option.engine
    if places.on_server() and "DATA_STORE_POSTGRESQL" not in os.environ:
        from postgresql import server

        started = server.Server()
        config.add_cleanup(started.close)
        os.environ.update(server.environment(started))
    if getattr(config.option, "hypothesis_seed", None) is None:
        config.option.hypothesis_seed = random.SystemRandom().randrange(2**32)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests of the server itself take part where there is one."""
    is_of_server = collection_path == Path(__file__).parent / "postgresql"
    return True if is_of_server and not places.on_server() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not places.on_server():
        return
    for item in items:
        for mark in item.iter_markers("sqlite_only"):
            item.add_marker(pytest.mark.skip(reason=f"SQLite only: {mark.args[0]}"))


def pytest_report_header(config: pytest.Config) -> str:
    return f"random seed: --hypothesis-seed={config.option.hypothesis_seed}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    if exitstatus != pytest.ExitCode.OK:
        terminalreporter.write_line(pytest_report_header(config))


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that depend on the run's seed and on the test's name alone."""
    return random.Random(f"{request.config.option.hypothesis_seed} {request.node.nodeid}")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[places.Place]:
    """Where `store` lives; nothing is there before a test opens it."""
    with places.new_place(tmp_path) as place:
        yield place


@pytest.fixture
def new_path(tmp_path: Path) -> Iterator[Callable[[str], places.Place]]:
    """Where further stores live: ``new_path("other.db")``, the same for the same name."""
    with contextlib.ExitStack() as stack:
        known: dict[str, places.Place] = {}

        def place(name: str) -> places.Place:
            if name not in known:
                known[name] = stack.enter_context(places.new_place(tmp_path, name))
            return known[name]

        yield place


@pytest.fixture
def store(path: Path) -> Iterator[DataStore]:
    with DataStore(path) as opened:
        yield opened


@pytest.fixture
def impatient(path: Path, store: DataStore) -> Iterator[DataStore]:
    """A second store on the file of `store`, which never waits for the write lock."""
    with DataStore(path, timeout=0) as opened:
        yield opened


@pytest.fixture
def rows(path: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """Asks the file through plain sqlite3: ``rows("SELECT ...", *params)``."""

    def ask(query: str, *params: object) -> list[tuple[Any, ...]]:
        return database.query(path, query, *params)

    return ask


@pytest.fixture
def contents(path: Path) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """Every row of the three tables, by table: equal before and after where nothing was written."""
    return lambda: database.contents(path)


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataStore]:
    """One store for all examples of the property tests; each example takes a symbol of its own."""
    with (
        places.new_place(tmp_path_factory.mktemp("properties")) as target,
        DataStore(target, durability="normal") as opened,
    ):
        yield opened
