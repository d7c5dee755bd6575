# SPDX-License-Identifier: MIT
"""What `info`, `check`, `backup`, `copy_to` and the like take of the C interface; see `abi`."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_char_p, c_int32, c_int64, c_size_t, c_void_p

from .opening import Opaque, Sized, ds_texts, out_text, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .opening import Types

DIFFERENCE_BAR: Final = 0
DIFFERENCE_REQUEST: Final = 1
DIFFERENCE_STATE: Final = 2
DIFFERENCE_VALUE: Final = 0
DIFFERENCE_ONLY_HERE: Final = 1
DIFFERENCE_ONLY_THERE: Final = 2


class ds_differences(Opaque):
    pass


class ds_checkpoint_result(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("wal_frames", c_int64),
        ("checkpointed", c_int64),
        ("held_back", c_int64),
    )


class ds_info(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("path", c_char_p),
        ("sqlite_version", c_char_p),
        ("sqlite_source_id", c_char_p),
        ("journal_mode", c_char_p),
        ("synchronous", c_char_p),
        ("durability", c_int32),
        ("wal_reset_safe", c_int32),
        ("read_only", c_int32),
        ("page_size", c_int32),
        ("file_bytes", c_int64),
        ("wal_bytes", c_int64),
        ("market_data_rows", c_int64),
        ("market_requests_rows", c_int64),
        ("system_state_rows", c_int64),
        ("last_checkpoint", c_int64),
        ("last_checkpoint_wal_frames", c_int64),
        ("last_checkpoint_checkpointed", c_int64),
        ("last_checkpoint_held_back", c_int64),
        ("fast_paths", c_char_p),
        ("fast_paths_reason", c_char_p),
        ("server_version", c_int32),
        ("server_standby", c_int32),
        ("server_fsync", c_int32),
        ("server_full_page_writes", c_int32),
        ("server_schema", c_char_p),
        ("server_synchronous_commit", c_char_p),
    )


class ds_copy_options(Sized):
    _fields_ = (("struct_size", c_size_t), ("chunk", c_int64))


class ds_copy_result(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("series", c_int64),
        ("bars", c_int64),
        ("bars_written", c_int64),
        ("requests", c_int64),
        ("requests_written", c_int64),
        ("states", c_int64),
        ("states_written", c_int64),
    )


class ds_compare_options(Sized):
    _fields_ = (("struct_size", c_size_t), ("limit", c_int64), ("chunk", c_int64))


class ds_difference(Structure):
    _fields_ = (
        ("part", c_int32),
        ("kind", c_int32),
        ("symbol", c_char_p),
        ("timeframe", c_char_p),
        ("time", c_int64),
        ("key", c_char_p),
        ("column", c_char_p),
        ("here", c_char_p),
        ("there", c_char_p),
        ("text", c_char_p),
    )


FUNCTIONS: Final[dict[str, Types]] = {
    "ds_store_check": (c_int32, (store, POINTER(POINTER(ds_texts)))),
    "ds_store_backup": (c_int32, (store, c_char_p, c_int32)),
    "ds_store_checkpoint": (c_int32, (store, POINTER(ds_checkpoint_result))),
    "ds_store_info": (c_int32, (store, POINTER(ds_info))),
    "ds_store_connection_script": (c_int32, (store, out_text)),
    "ds_sqlite_is_shared": (c_int32, (c_void_p,)),
    "ds_store_copy": (
        c_int32,
        (store, store, POINTER(ds_copy_options), POINTER(ds_copy_result)),
    ),
    "ds_store_compare": (
        c_int32,
        (store, store, POINTER(ds_compare_options), POINTER(POINTER(ds_differences))),
    ),
    "ds_differences_count": (c_int64, (POINTER(ds_differences),)),
    "ds_differences_items": (POINTER(ds_difference), (POINTER(ds_differences),)),
    "ds_differences_free": (None, (POINTER(ds_differences),)),
}
