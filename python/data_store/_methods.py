# SPDX-License-Identifier: MIT
"""Methods of a public class that stand in files of their own, as functions."""

from __future__ import annotations

from types import FunctionType

__all__ = ["adopt"]


def adopt(cls: type) -> None:
    """Have help() and tracebacks show such functions as what they are to users: methods."""
    for name, method in vars(cls).items():
        if isinstance(method, FunctionType) and method.__module__ != cls.__module__:
            method.__module__ = cls.__module__
            method.__qualname__ = f"{cls.__qualname__}.{name}"
            method.__annotations__.pop("self")
