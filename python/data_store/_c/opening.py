# SPDX-License-Identifier: MIT
"""What opening and closing a file takes of the C interface; `abi` tells where the rest is.

To make ctypes' classes of all of it takes as long as all else that a short script imports.
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_void_p,
    sizeof,
)

# Not typing's own, here and in all that a short script loads: typing takes a third of the time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

ABI_VERSION: Final = 1

OK: Final = 0
INVALID: Final = 1
INVALID_FEATURE: Final = 2
MISSING_BAR: Final = 3
BUSY: Final = 4
STORAGE: Final = 5
CORRUPT: Final = 6
SCHEMA: Final = 7
CLOSED: Final = 8
INTERRUPTED: Final = 9
NO_MEMORY: Final = 10
INTERNAL: Final = 11
TIMEOUT: Final = 12

NO_TIME: Final = -(2**63)
LAST_TIME: Final = 2**63 - 1

DURABILITY: Final = {"full": 0, "normal": 1}

PROGRESS_ROWS: Final = 0
PROGRESS_PAGES: Final = 1


class Opaque(Structure):
    """A type that only the library can look into."""


class ds_store(Opaque):
    pass


class ds_texts(Opaque):  # of two of the other tables
    pass


class Sized(Structure):
    """A struct that may grow: it starts with its own size, set when it is made."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(sizeof(type(self)), **fields)


class ds_error_detail(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("status", c_int32),
        ("sqlite_code", c_int32),
        ("row", c_int64),
        ("key", c_char_p),
        ("reason", c_char_p),
    )


class ds_open_options(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("durability", c_int32),
        ("read_only", c_int32),
        ("timeout_seconds", c_double),
        ("fast_paths", c_int32),
    )


class ds_progress(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("context", c_void_p),
        ("done", c_int64),
        ("total", c_int64),
        ("unit", c_int32),
    )


# int32_t (*)(void *context)
ds_stop_function = CFUNCTYPE(c_int32, c_void_p)
# int32_t (*)(const ds_progress *progress)
ds_progress_function = CFUNCTYPE(c_int32, POINTER(ds_progress))

store = POINTER(ds_store)
out_text = POINTER(c_void_p)  # char **; an address, because it must be given back
out_int32 = POINTER(c_int32)
out_int64 = POINTER(c_int64)

Types: TypeAlias = "tuple[Any, tuple[Any, ...]]"
"""What a function gives, and what it takes."""

OPENING: Final[dict[str, Types]] = {
    # Version, errors
    "ds_abi_version": (c_int32, ()),
    "ds_version": (c_char_p, ()),
    "ds_status_name": (c_char_p, (c_int32,)),
    "ds_last_error": (c_char_p, ()),
    "ds_last_error_detail": (c_int32, (POINTER(ds_error_detail),)),
    # Store
    "ds_store_open": (c_int32, (c_char_p, POINTER(ds_open_options), POINTER(store))),
    "ds_store_close": (c_int32, (store,)),
    "ds_store_free": (None, (store,)),
    "ds_store_path": (c_char_p, (store,)),
    "ds_interrupt": (c_int32, (store,)),
    "ds_thread_stop_when": (c_int32, (ds_stop_function, c_void_p)),
    "ds_thread_report_progress": (c_int32, (ds_progress_function, c_void_p, c_double)),
    # Transactions
    "ds_transaction_begin": (c_int32, (store,)),
    "ds_transaction_commit": (c_int32, (store,)),
    "ds_transaction_rollback": (c_int32, (store,)),
    "ds_transaction_begin_numbered": (c_int32, (store, out_int64)),
    "ds_transaction_end": (c_int32, (store, c_int64, c_int32)),
    "ds_thread_task": (None, (c_int64,)),
    # What ends something; it may be the last that a program does.
    "ds_text_free": (None, (c_void_p,)),
}
