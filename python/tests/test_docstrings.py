# SPDX-License-Identifier: MIT
"""Everything public has a docstring: what it is, parameters, result, and the errors it raises."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import data_store
from data_store import errors

SURELY_FINE = {"DataStore.close"}
"""Calls that raise nothing."""

SECTION = re.compile(r"^(\w+)\n-+$", re.MULTILINE)


def classes() -> dict[str, type]:
    named = {name: getattr(data_store, name) for name in data_store.__all__}
    return {name: value for name, value in named.items() if inspect.isclass(value)}


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    for class_name, owner in classes().items():
        for name, value in vars(owner).items():
            if not name.startswith("_") and inspect.isfunction(value):
                yield f"{class_name}.{name}", value


def attributes() -> Iterator[tuple[str, object]]:
    for class_name, owner in classes().items():
        if issubclass(owner, tuple):  # its fields are in the docstring of the class
            continue
        for name, value in vars(owner).items():
            if not name.startswith("_") and not inspect.isfunction(value):
                yield f"{class_name}.{name}", value


def sections_of(documented: object) -> dict[str, str]:
    """The sections of a docstring; what stands before them is "Summary"."""
    text = inspect.getdoc(documented) or ""
    parts = SECTION.split(text)
    names = ["Summary", *parts[1::2]]
    return dict(zip(names, parts[0::2], strict=True))


def entries_of(section: str) -> list[str]:
    """The names that a section explains: "a, b : int" explains two."""
    heads = [line for line in section.splitlines() if line and not line.startswith(" ")]
    return [name.strip() for head in heads for name in head.split(" : ")[0].split(",")]


def explanation_of(name: str, section: str) -> str:
    """What is said below the line that names it."""
    told = ""
    is_at = False
    for line in section.splitlines():
        if line and not line.startswith(" "):
            is_at = name in entries_of(line)
        elif is_at:
            told += line
    return told.strip()


def test_something_is_looked_at() -> None:
    assert len(list(methods())) > 25
    assert {"DataStore.market", "DataStore.path"} <= {name for name, _ in attributes()}


@pytest.mark.parametrize("name", data_store.__all__)
def test_a_public_name_has_a_docstring_of_its_own(name: str) -> None:
    value = getattr(data_store, name)
    text = vars(value).get("__doc__") or ""
    assert len(text.split()) > 4, f"{name} says too little: {text!r}"
    assert not text.startswith(f"{name}("), f"{name} has the docstring that Python made"


@pytest.mark.parametrize(("name", "value"), list(attributes()), ids=lambda value: str(value)[:40])
def test_an_attribute_has_a_docstring(name: str, value: object) -> None:
    assert len((inspect.getdoc(value) or "").split()) > 3, name


@pytest.mark.parametrize("name", sorted(classes()))
def test_a_class_says_its_parameters_and_fields(name: str) -> None:
    owner = classes()[name]
    told = sections_of(owner)
    fields = getattr(owner, "_fields", ())
    assert set(fields) <= set(entries_of(told.get("Attributes", ""))), name
    if "__init__" in vars(owner) and not name.endswith("Repo"):  # those are made by DataStore
        parameters = set(inspect.signature(owner).parameters)
        assert parameters == set(entries_of(told["Parameters"])), name


@pytest.mark.parametrize(("name", "method"), list(methods()), ids=lambda value: str(value)[:40])
def test_a_method_says_parameters_result_and_errors(name: str, method: Callable[..., Any]) -> None:
    told = sections_of(method)
    assert told["Summary"].strip(), name
    signature = inspect.signature(method)

    parameters = set(signature.parameters) - {"self"}
    assert parameters == set(entries_of(told.get("Parameters", ""))), name
    for parameter in parameters:
        assert explanation_of(parameter, told["Parameters"]), (
            f"{name}: {parameter} is not explained"
        )

    gives = str(signature.return_annotation) != "None"
    assert gives == bool({"Returns", "Yields"} & set(told)), name

    assert (name in SURELY_FINE) != ("Raises" in told), name
    for error in entries_of(told.get("Raises", "")):
        assert error in errors.__all__, f"{name}: {error}"
        assert explanation_of(error, told["Raises"]), f"{name}: {error}: when?"
