# SPDX-License-Identifier: MIT
"""Python's own arithmetic, whatever a library has set for the thread.

A library that was built with -ffast-math has the processor take subnormal numbers for zero, and
others change the rounding. The native library sees to its own calls. What Python and NumPy print,
read, convert and compare on the way there and back is done by way of `at_default`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ParamSpec, TypeVar

    _Parameters = ParamSpec("_Parameters")
    _Result = TypeVar("_Result")

__all__ = ["are_default", "at_default"]


# PyDLL: the settings are the thread's, and it need not let go of the interpreter for them.
_libm = ctypes.PyDLL("libm.so.6")
_DEFAULT = ctypes.c_void_p(-1)  # FE_DFL_ENV of <fenv.h>
_ENVIRONMENT_BYTES = 64  # more than any fenv_t


def are_default(
    least: float = 2.2250738585072014e-308,
    half: float = 0.5,
    one: float = 1.0,
    step: float = 2**-60,
) -> bool:
    """Tell whether the thread computes as Python expects it: to the nearest, with subnormals."""
    # As arguments these are not computed beforehand. Half of the least normal number is subnormal;
    # the sum and the difference are both 1.0 to the nearest, and in no other rounding.
    return least * half > 0.0 and one + step == one - step


def at_default(
    function: Callable[_Parameters, _Result],
    *args: _Parameters.args,
    **kwargs: _Parameters.kwargs,
) -> _Result:
    """Call a function with the default rounding, and with subnormal numbers as they are."""
    if are_default():
        return function(*args, **kwargs)
    kept = ctypes.create_string_buffer(_ENVIRONMENT_BYTES)
    _libm.fegetenv(kept)
    _libm.fesetenv(_DEFAULT)
    try:
        return function(*args, **kwargs)
    finally:
        _libm.fesetenv(kept)
