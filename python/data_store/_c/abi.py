# SPDX-License-Identifier: MIT
"""The C interface, as `include/data_store.h` declares it: constants, structs, functions.

One table holds every function, so that a test can hold header, exported symbols and this file
to be the same set. Fields that point to arrays are `c_void_p` (their element type stands beside
them): they take an address from NumPy as it is and give one back.
"""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_void_p,
    sizeof,
)
from typing import Any, Final, NamedTuple

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


class BarColumn(NamedTuple):
    """A column of market_data that a batch may carry."""

    name: str
    kind: str  # "number", "text" or "flag"
    bit: int


# In the schema's order.
BAR_COLUMNS: Final = (
    BarColumn("open", "number", 1 << 0),
    BarColumn("high", "number", 1 << 1),
    BarColumn("low", "number", 1 << 2),
    BarColumn("close", "number", 1 << 3),
    BarColumn("volume", "number", 1 << 4),
    BarColumn("source", "text", 1 << 5),
    BarColumn("quality", "text", 1 << 6),
    BarColumn("is_gap", "flag", 1 << 7),
    BarColumn("latency_sec", "number", 1 << 8),
)
COLUMN_BITS: Final = {column.name: column.bit for column in BAR_COLUMNS}
COLUMN_FEATURES: Final = 1 << 9
COLUMNS_ALL: Final = sum(COLUMN_BITS.values())

FEATURES_NONE: Final = 0
FEATURES_JSON: Final = 1
FEATURES_VALUES: Final = 2
FEATURES_COLUMNS: Final = 3

SQL_NULL: Final = 0
SQL_INTEGER: Final = 1
SQL_REAL: Final = 2
SQL_TEXT: Final = 3
SQL_BLOB: Final = 4
SQL_TIME: Final = 5


class _Opaque(Structure):
    """A type that only the library can look into."""


class ds_store(_Opaque):
    pass


class ds_bars(_Opaque):
    pass


class ds_scan(_Opaque):
    pass


class ds_series(_Opaque):
    pass


class ds_requests(_Opaque):
    pass


class ds_state_entries(_Opaque):
    pass


class ds_rows(_Opaque):
    pass


class ds_texts(_Opaque):
    pass


class ds_text_layouts(_Opaque):
    pass


class _Sized(Structure):
    """A struct that may grow: it starts with its own size, set when it is made."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(sizeof(type(self)), **fields)


class ds_error_detail(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("status", c_int32),
        ("sqlite_code", c_int32),
        ("row", c_int64),
        ("key", c_char_p),
        ("reason", c_char_p),
    )


class ds_open_options(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("durability", c_int32),
        ("read_only", c_int32),
        ("timeout_seconds", c_double),
        ("fast_paths", c_int32),
    )


class ds_text_column(Structure):
    _fields_ = (
        ("codes", c_void_p),  # int32_t
        ("values", c_void_p),  # char *
        ("value_count", c_int64),
    )


class ds_text_layout(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("offsets", c_void_p),  # int32_t or int64_t
        ("offset_size", c_int64),
        ("bytes", c_void_p),  # char
        ("byte_count", c_int64),
        ("validity", c_void_p),  # uint8_t
        ("first", c_int64),
    )


class ds_feature_column(Structure):
    _fields_ = (
        ("key", c_char_p),
        ("values", c_void_p),  # double
        ("integers", c_void_p),  # int64_t
        ("is_null", c_void_p),  # uint8_t
        ("quality", ds_text_column),
    )


# Columns that came after the first nine stand at the end of each struct, so that older callers fit.
_FIRST, _LATER = BAR_COLUMNS[:9], BAR_COLUMNS[9:]
_BATCH_TYPES: dict[str, Any] = {"number": c_void_p, "text": ds_text_column, "flag": c_void_p}
_BAR_TYPES: dict[str, Any] = {"number": c_double, "text": c_char_p, "flag": c_int32}


def _fields(
    types: dict[str, Any], columns: tuple[BarColumn, ...], *kinds: str
) -> Iterator[tuple[str, Any]]:
    """Give the fields of columns, those of one kind after those of the other if kinds are given."""
    for kind in kinds or (None,):
        for column in columns:
            if kind in (None, column.kind):
                yield column.name, types[column.kind]


class ds_bar_batch(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("count", c_int64),
        ("timestamps", c_void_p),  # int64_t, nanoseconds
        ("symbol", ds_text_column),
        ("timeframe", ds_text_column),
        *_fields(_BATCH_TYPES, _FIRST),
        ("features", c_void_p),  # ds_feature_column
        ("feature_count", c_int32),
        ("features_json", c_void_p),  # char *
        *_fields(_BATCH_TYPES, _LATER),
    )


# Not _Sized: the live path fills all fields by position in one call.
class ds_first_bar(Structure):
    """A `ds_bar` as far as the first nine columns: it is short to pack, and as good."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("timestamp", c_int64),
        ("columns", c_uint32),
        *_fields(_BAR_TYPES, _FIRST, "flag", "number", "text"),
        ("features_json", c_char_p),
    )


class ds_bar(Structure):
    _fields_ = (*ds_first_bar._fields_, *_fields(_BAR_TYPES, _LATER))


class ds_range(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("start", c_int64),
        ("end", c_int64),
        ("start_text", c_char_p),
        ("end_text", c_char_p),
    )


class ds_read_options(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("columns", c_uint32),
        ("features", c_int32),
        ("feature_keys", c_void_p),  # char *
        ("feature_key_count", c_int32),
        ("limit", c_int64),
    )


class ds_series_view(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("count", c_int64),
        ("symbols", c_void_p),  # char *
        ("timeframes", c_void_p),  # char *
        ("first", c_void_p),  # int64_t, nanoseconds
        ("last", c_void_p),  # int64_t, nanoseconds
        ("bars", c_void_p),  # int64_t
        ("gaps", c_void_p),  # int64_t
    )


class ds_request(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("symbol", c_char_p),
        ("timeframe", c_char_p),
        ("requested_at", c_int64),
        ("start_ts", c_int64),
        ("end_ts", c_int64),
        ("provider_used", c_char_p),
        ("coverage_ratio", c_double),
        ("gap_count", c_int64),
        ("has_gap_count", c_int32),
        ("fallback_used", c_int32),
        ("quality", c_char_p),
        ("notes", c_char_p),
    )


class ds_state_entry(Structure):
    _fields_ = (("key", c_char_p), ("value_json", c_char_p))


class ds_sql_parameter(Structure):
    _fields_ = (
        ("name", c_char_p),
        ("type", c_int32),
        ("integer", c_int64),
        ("real", c_double),
        ("bytes", c_char_p),  # a NUL inside is fine: byte_count rules
        ("byte_count", c_int64),
    )


class ds_sql_column(Structure):
    _fields_ = (
        ("name", c_char_p),
        ("types", c_void_p),  # uint8_t
        ("integers", c_void_p),  # int64_t
        ("reals", c_void_p),  # double
        ("offsets", c_void_p),  # int64_t
        ("bytes", c_void_p),  # char
    )


class ds_checkpoint_result(_Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("wal_frames", c_int64),
        ("checkpointed", c_int64),
        ("held_back", c_int64),
    )


class ds_info(_Sized):
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
    )


# int32_t (*)(void *context)
ds_stop_function = CFUNCTYPE(c_int32, c_void_p)

_store = POINTER(ds_store)
_batch = POINTER(ds_bar_batch)
_range = POINTER(ds_range)
_options = POINTER(ds_read_options)
_bars = POINTER(ds_bars)
_text_array = c_void_p  # const char *const *
_out_text = POINTER(c_void_p)  # char **; an address, because it must be given back
_out_int32 = POINTER(c_int32)
_out_int64 = POINTER(c_int64)

# name -> (restype, argtypes)
FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    # Version, errors
    "ds_abi_version": (c_int32, ()),
    "ds_version": (c_char_p, ()),
    "ds_status_name": (c_char_p, (c_int32,)),
    "ds_last_error": (c_char_p, ()),
    "ds_last_error_detail": (c_int32, (POINTER(ds_error_detail),)),
    # Store
    "ds_store_open": (c_int32, (c_char_p, POINTER(ds_open_options), POINTER(_store))),
    "ds_store_close": (c_int32, (_store,)),
    "ds_store_free": (None, (_store,)),
    "ds_store_path": (c_char_p, (_store,)),
    "ds_interrupt": (c_int32, (_store,)),
    "ds_thread_stop_when": (c_int32, (ds_stop_function, c_void_p)),
    # Transactions
    "ds_transaction_begin": (c_int32, (_store,)),
    "ds_transaction_commit": (c_int32, (_store,)),
    "ds_transaction_rollback": (c_int32, (_store,)),
    "ds_transaction_begin_numbered": (c_int32, (_store, _out_int64)),
    "ds_transaction_end": (c_int32, (_store, c_int64, c_int32)),
    "ds_thread_task": (None, (c_int64,)),
    # Market: writing
    "ds_market_write": (c_int32, (_store, _batch, c_int32, _out_int64)),
    "ds_market_write_features": (c_int32, (_store, _batch, c_int32, _out_int64)),
    "ds_market_write_bar": (c_int32, (_store, c_char_p, c_char_p, POINTER(ds_bar), c_int32)),
    # Market: reading
    "ds_bars_batch": (_batch, (_bars,)),
    "ds_bars_free": (None, (_bars,)),
    "ds_text_columns_lay_out": (
        c_int32,
        (c_void_p, c_int32, c_int64, POINTER(POINTER(ds_text_layouts))),
    ),
    "ds_text_layouts_array": (POINTER(ds_text_layout), (POINTER(ds_text_layouts),)),
    "ds_text_layouts_free": (None, (POINTER(ds_text_layouts),)),
    "ds_text_layout_code": (
        c_int32,
        (POINTER(ds_text_layout), c_int64, c_void_p, c_void_p, _out_int64),
    ),
    "ds_market_read": (
        c_int32,
        (_store, _text_array, c_int32, c_char_p, _range, _options, POINTER(_bars)),
    ),
    "ds_market_latest": (
        c_int32,
        (_store, _text_array, c_int32, c_char_p, c_int64, _options, POINTER(_bars)),
    ),
    "ds_market_latest_bar": (
        c_int32,
        (_store, c_char_p, c_char_p, POINTER(POINTER(ds_bar))),
    ),
    "ds_bar_free": (None, (POINTER(ds_bar),)),
    "ds_market_scan": (
        c_int32,
        (
            _store,
            _text_array,
            c_int32,
            c_char_p,
            _range,
            _options,
            c_int64,
            POINTER(POINTER(ds_scan)),
        ),
    ),
    "ds_scan_next": (c_int32, (POINTER(ds_scan), POINTER(_bars))),
    "ds_scan_free": (None, (POINTER(ds_scan),)),
    # Market: inventory, deletion
    "ds_market_series": (c_int32, (_store, c_int32, POINTER(POINTER(ds_series)))),
    "ds_series_entries": (POINTER(ds_series_view), (POINTER(ds_series),)),
    "ds_series_free": (None, (POINTER(ds_series),)),
    "ds_market_delete": (c_int32, (_store, c_char_p, c_char_p, _range, _out_int64)),
    "ds_time_of_text": (c_int32, (c_char_p, _out_int64)),
    # Market: requests
    "ds_market_record_request": (c_int32, (_store, POINTER(ds_request), _out_int64)),
    "ds_market_requests": (
        c_int32,
        (_store, c_char_p, c_char_p, _range, c_int64, POINTER(POINTER(ds_requests))),
    ),
    "ds_requests_count": (c_int64, (POINTER(ds_requests),)),
    "ds_requests_items": (POINTER(ds_request), (POINTER(ds_requests),)),
    "ds_requests_free": (None, (POINTER(ds_requests),)),
    # State
    "ds_state_set": (c_int32, (_store, c_char_p, c_char_p)),
    "ds_state_set_many": (c_int32, (_store, _text_array, _text_array, c_int64)),
    "ds_state_get": (c_int32, (_store, c_char_p, _out_text)),
    "ds_text_free": (None, (c_void_p,)),
    "ds_state_delete": (c_int32, (_store, c_char_p, _out_int32)),
    "ds_state_compare_and_set": (c_int32, (_store, c_char_p, c_char_p, c_char_p, _out_int32)),
    "ds_state_updated_at": (c_int32, (_store, c_char_p, _out_int64)),
    "ds_state_items": (
        c_int32,
        (_store, c_char_p, c_int32, POINTER(POINTER(ds_state_entries))),
    ),
    "ds_state_entries_count": (c_int64, (POINTER(ds_state_entries),)),
    "ds_state_entries_items": (POINTER(ds_state_entry), (POINTER(ds_state_entries),)),
    "ds_state_entries_free": (None, (POINTER(ds_state_entries),)),
    # SQL
    "ds_sql": (
        c_int32,
        (_store, c_char_p, POINTER(ds_sql_parameter), c_int32, POINTER(POINTER(ds_rows))),
    ),
    "ds_sql_within": (
        c_int32,
        (
            _store,
            c_char_p,
            POINTER(ds_sql_parameter),
            c_int32,
            c_double,
            POINTER(POINTER(ds_rows)),
        ),
    ),
    "ds_market_write_arrow": (
        c_int32,
        (_store, c_void_p, c_char_p, c_char_p, c_int32, POINTER(c_int64)),
    ),
    "ds_market_write_features_arrow": (
        c_int32,
        (_store, c_void_p, c_char_p, c_char_p, c_char_p, c_int32, POINTER(c_int64)),
    ),
    "ds_market_read_arrow": (
        c_int32,
        (
            _store,
            c_void_p,
            c_int32,
            c_char_p,
            POINTER(ds_range),
            POINTER(ds_read_options),
            c_int32,
            c_void_p,
        ),
    ),
    "ds_market_scan_arrow": (
        c_int32,
        (
            _store,
            c_void_p,
            c_int32,
            c_char_p,
            POINTER(ds_range),
            POINTER(ds_read_options),
            c_int64,
            c_int32,
            c_void_p,
        ),
    ),
    "ds_bars_arrow": (c_int32, (POINTER(ds_bars), c_int32, c_void_p)),
    "ds_sql_arrow": (
        c_int32,
        (_store, c_char_p, POINTER(ds_sql_parameter), c_int32, c_double, c_void_p),
    ),
    "ds_rows_arrow": (c_int32, (POINTER(ds_rows), c_void_p)),
    "ds_rows_count": (c_int64, (POINTER(ds_rows),)),
    "ds_rows_column_count": (c_int32, (POINTER(ds_rows),)),
    "ds_rows_columns": (POINTER(ds_sql_column), (POINTER(ds_rows),)),
    "ds_rows_free": (None, (POINTER(ds_rows),)),
    # Maintenance
    "ds_store_check": (c_int32, (_store, POINTER(POINTER(ds_texts)))),
    "ds_texts_count": (c_int64, (POINTER(ds_texts),)),
    "ds_texts_items": (c_void_p, (POINTER(ds_texts),)),
    "ds_texts_free": (None, (POINTER(ds_texts),)),
    "ds_store_backup": (c_int32, (_store, c_char_p, c_int32)),
    "ds_store_checkpoint": (c_int32, (_store, POINTER(ds_checkpoint_result))),
    "ds_store_info": (c_int32, (_store, POINTER(ds_info))),
    "ds_store_connection_script": (c_int32, (_store, _out_text)),
    "ds_sqlite_is_shared": (c_int32, (c_void_p,)),
}
