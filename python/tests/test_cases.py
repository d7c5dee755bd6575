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
TEXT = "a column of text takes what a typed column refuses"
ZERO = "a negative zero in a price is zero"
FILES_ONLY = {
    "coverage: a count is that of the rows that a read would have": TEXT,
    "features: stored features that another tool broke are corruption and never rewritten": TEXT,
    "numbers: a value of a wrong type is corruption that names the bar": TEXT,
    "requests: another tool's times are read right and ordered by time": TEXT,
    "state: a value that another tool broke is corruption that names its key,"
    " and a write fixes it": TEXT,
    "timestamps: another tool's form of a time is read right and reported": TEXT,
    "timestamps: a stored text that is not a time is corruption from every call": TEXT,
    "gaps: a gap flag comes back as it was written": "queries are PostgreSQL's SQL",
    "requests: a request comes back as it was recorded": "queries are PostgreSQL's SQL",
    "timestamps: an instant has one stored text": "queries are PostgreSQL's SQL",
    "timestamps: text order is time order": "queries are PostgreSQL's SQL",
    "upsert: an update leaves the row in its place": "a row has a rowid",
    "numbers: SQLite turns a negative zero in a price into zero": ZERO,
    "names: any text is a name, and only the same bytes are the same name[10]": "long names",
}
"""Cases about files, and why a server differs; those with a table by the whole or by a row."""


def runs(case: cases.Case) -> Any:
    """The case, marked where it is about files."""
    why = FILES_ONLY.get(case.name) or FILES_ONLY.get(case.name.split("[")[0])
    marks = [pytest.mark.sqlite_only(why)] if why else []
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


@pytest.mark.parametrize("case", map(runs, CASES))
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
