# SPDX-License-Identifier: MIT
"""docs/postgresql.md lists what differs on a server: why some tests are for files only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parents[1]
PAGE = ROOT / "docs" / "postgresql.md"


def reasons_given() -> set[str]:
    """The argument of each mark, in the files' syntax trees."""
    found = set()
    for file in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.sqlite_only"):
                [reason] = node.args
                if isinstance(reason, ast.Constant):
                    found.add(reason.value)
    for file in (ROOT / "Tests" / "Cases").rglob("*.json"):
        found |= set(re.findall(r'"files_only": "(.*?)"', file.read_text(encoding="utf-8")))
    return found


def reasons_given_elsewhere() -> set[str]:
    """Those of the tests in Swift and C."""
    swift = (ROOT / "Tests/DataStoreTests/Support/Places.swift").read_text(encoding="utf-8")
    found = set(re.findall(r'^  case \w+ = "(.*)"$', swift, re.MULTILINE))
    for file in (ROOT / "Tests" / "C").glob("*.c"):
        found |= set(re.findall(r'files_only\("(.*?)"\)', file.read_text(encoding="utf-8")))
    return found


def reasons_listed() -> set[str]:
    """The first column of the page's table."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("| reason | on a server |\n|---|---|\n")[1].split("\n\n")[0]
    return {row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()}


def test_the_page_lists_every_difference_and_no_other() -> None:
    assert reasons_given() == reasons_listed()
    assert reasons_given_elsewhere() <= reasons_listed()


def test_every_fault_and_setting_of_the_page_has_its_test() -> None:
    """The rows of its table of faults, by a word of the test that holds each."""
    held = "".join(file.read_text(encoding="utf-8") for file in TESTS.glob("postgresql/test_*.py"))
    table = PAGE.read_text(encoding="utf-8").split("## Faults")[1].split("\n## ")[0]
    words = {
        "connection cut": "test_a_write_is_whole_or_absent_and_told_right",
        "kill -9": "test_what_was_acknowledged_survives",
        "no server": "test_a_server_that_is_not_there_is_an_error",
        "without a right": "test_a_role_without_the_right_is_told_which_it_lacks",
        "another version": "test_tables_of_another_kind_are_refused",
        "full disk": "test_a_server_out_of_disk_is_an_error",
        "deadlock": "test_a_deadlock_with_another_client_is_never_shown",
        "only reads": "test_an_address_that_moves_to_a_standby_is_written_to",
        "synchronous standby": "test_a_standby_that_is_away_is_waited_for_no_longer",
    }
    rows = re.findall(r"^\| (?!what|-)(.*?) \|", table, re.MULTILINE)
    assert len(rows) == len(words)
    for row in rows:
        [test] = [name for word, name in words.items() if word in row]
        assert f"def {test}" in held
