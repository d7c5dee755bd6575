# SPDX-License-Identifier: MIT
"""The C structs of Arrow, and the capsules that they travel in.

https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import collections
import ctypes
import datetime
import functools
import gc
import sys
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_int64, c_void_p, py_object, pythonapi
from typing import Any, NamedTuple

__all__ = [
    "ARRAY",
    "CAPSULE",
    "SCHEMA",
    "STREAM",
    "Kind",
    "capsule_of",
    "field",
    "get_type",
    "let_go",
    "pointer_in",
    "release_type",
    "waiting",
]


class Kind(NamedTuple):
    """One of the interface's structs: a capsule's name, and where its release callback is."""

    name: bytes
    size: int
    release: int


STREAM = Kind(b"arrow_array_stream", 40, 24)
SCHEMA = Kind(b"arrow_schema", 72, 56)
ARRAY = Kind(b"arrow_array", 80, 64)

_new_capsule: Any = ctypes.PYFUNCTYPE(py_object, c_void_p, c_char_p, c_void_p)(
    ("PyCapsule_New", pythonapi)
)
pointer_in: Any = ctypes.PYFUNCTYPE(c_void_p, py_object, c_char_p)(
    ("PyCapsule_GetPointer", pythonapi)
)
release_type = ctypes.CFUNCTYPE(None, c_void_p)
get_type = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)

CAPSULE: Any = type(datetime.datetime_CAPI)

# By address: the memory of the structs that are in capsules.
_in_capsules: dict[int, ctypes.Array[Any]] = {}


def field(address: int, offset: int) -> int | None:
    return c_void_p.from_address(address + offset).value


def _release(address: int, kind: Kind) -> None:
    """Release a struct, unless a consumer has moved its content out, or has released it."""
    callback = field(address, kind.release)
    if callback:
        release_type(callback)(address)


@functools.cache
def _ender(kind: Kind) -> Any:
    """Give the destructor of the capsules of a kind."""
    destructor_type = ctypes.CFUNCTYPE(None, c_void_p)
    pointer_of: Any = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(
        ("PyCapsule_GetPointer", pythonapi)
    )

    # Bound early: at the end of the interpreter the module's names may be gone before the capsules.
    def end(
        capsule: int,
        release: Callable[[int, Kind], None] = _release,
        memory: dict[int, ctypes.Array[Any]] = _in_capsules,
    ) -> None:
        address = pointer_of(capsule, kind.name)
        release(address, kind)
        memory.pop(address, None)

    destructor = destructor_type(end)
    pythonapi.Py_IncRef(py_object(destructor))  # it outlives this module
    return ctypes.cast(destructor, c_void_p)


def capsule_of(kind: Kind, fill: Callable[[int], None]) -> Any:
    """Give a capsule of a struct that `fill` fills."""
    memory = (c_int64 * (kind.size // 8))()
    address = ctypes.addressof(memory)
    fill(address)
    _in_capsules[address] = memory
    return _new_capsule(address, kind.name, _ender(kind))


# The destructor is Python code, which must not run while a consumer's error is on its way. So no
# capsule ends where a consumer drops it, but here, when one looks whether anybody has it still.
waiting: collections.deque[Any] = collections.deque()


def let_go(phase: str = "start", info: object = None) -> None:
    """End the capsules that nobody has any more: at each call, and at each garbage collection."""
    for _ in range(len(waiting)):
        try:
            capsule = waiting.popleft()
        except IndexError:  # another thread's
            return
        if sys.getrefcount(capsule) > _MINE:
            waiting.append(capsule)
        del capsule


def _count_of_mine() -> int:
    capsule = object()
    return sys.getrefcount(capsule)


_MINE = _count_of_mine()  # of the variable and the argument: not the same in all versions of Python
gc.callbacks.append(let_go)
