# SPDX-License-Identifier: MIT
"""The cases that Swift, C and Python agree on, and that a case that is wrong fails."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases
import places
import pytest

from data_store import DataStore

CASES = [case for file in cases.files() for case in cases.load(file)]


def runs(case: cases.Case) -> Any:
    """The case, marked where it is about files."""
    marks = [pytest.mark.sqlite_only(case.files_only)] if case.files_only else []
    return pytest.param(case, id=case.name, marks=marks)


CONTROLS = [case for file in cases.files(cases.FOLDER / "control") for case in cases.load(file)]


@pytest.fixture
def store() -> Iterator[DataStore]:
    """Some hundred stores: in memory, where the system has a folder there."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(dir=parent) as folder,
        places.new_place(Path(folder)) as place,
        DataStore(place, durability="normal") as opened,
    ):
        yield opened


@pytest.mark.parametrize("case", [runs(case) for case in CASES])
def test_case(store: DataStore, case: cases.Case) -> None:
    cases.run(case, store)


@pytest.mark.parametrize("case", CONTROLS, ids=[case.name for case in CONTROLS])
def test_a_case_that_is_wrong_fails(store: DataStore, case: cases.Case) -> None:
    with pytest.raises(cases.CaseError):
        cases.run(case, store)


@pytest.mark.parametrize("folder", [cases.FOLDER, cases.FOLDER / "control"], ids=lambda f: f.name)
def test_every_case_of_every_file_is_run(folder: Path) -> None:
    """Counted in the text of the files, past what reads them."""
    texts = [
        file.read_text(encoding="utf-8") for file in folder.iterdir() if file.suffix == ".json"
    ]
    written = sum(text.count('\n    "name": ') for text in texts)
    ran = {case.name.split("[")[0] for case in (CASES if folder == cases.FOLDER else CONTROLS)}
    assert len(ran) == written > 0
