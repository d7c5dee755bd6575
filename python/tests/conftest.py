# SPDX-License-Identifier: MIT
"""Fixtures that every test file shares, and the one seed behind everything random.

The seed stands in pytest's header; ``--hypothesis-seed=N`` plays the same run again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import database
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


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "hypothesis_seed", None) is None:
        config.option.hypothesis_seed = random.SystemRandom().randrange(2**32)


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
def path(tmp_path: Path) -> Path:
    """Where `store` lives; nothing is there before a test opens it."""
    return tmp_path / "market.db"


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
    target = tmp_path_factory.mktemp("properties") / "market.db"
    with DataStore(target, durability="normal") as opened:
        yield opened
