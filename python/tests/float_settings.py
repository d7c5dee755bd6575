# SPDX-License-Identifier: MIT
"""The processor's floating-point settings as other libraries leave them in a thread.

Through <fenv.h>, whose environment holds the control register: MXCSR on x86-64, FPCR on aarch64.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

_libm = ctypes.PyDLL("libm.so.6")
_X86 = platform.machine() == "x86_64"
_OFFSET = 28 if _X86 else 0
_FLUSH = 0x8040 if _X86 else 1 << 24  # FTZ and DAZ
_ROUNDINGS = (
    {"down": 0x400, "up": 0x800, "zero": 0xC00}
    if _X86
    else {"down": 2 << 22, "up": 1 << 22, "zero": 3 << 22}
)
SETTINGS = ("flush", *_ROUNDINGS)


def control() -> int:
    """The control register, without the flags that only tell what has happened."""
    environment = ctypes.create_string_buffer(64)
    _libm.fegetenv(environment)
    return int.from_bytes(environment[_OFFSET : _OFFSET + 4], "little") & ~0x3F


@contextmanager
def floats(setting: str) -> Iterator[None]:
    """The calling thread with `setting`, one of `SETTINGS`."""
    before = ctypes.create_string_buffer(64)
    _libm.fegetenv(before)
    if setting == "flush":
        changed = ctypes.create_string_buffer(before.raw, 64)
        bits = int.from_bytes(changed[_OFFSET : _OFFSET + 4], "little") | _FLUSH
        changed[_OFFSET : _OFFSET + 4] = bits.to_bytes(4, "little")
        _libm.fesetenv(changed)
    else:
        assert _libm.fesetround(_ROUNDINGS[setting]) == 0
    try:
        yield
    finally:
        _libm.fesetenv(before)
