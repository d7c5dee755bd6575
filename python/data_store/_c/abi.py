# SPDX-License-Identifier: MIT
"""The C interface, as `include/data_store.h` declares it: constants, structs, functions.

One table holds every function, so that a test can hold header, exported symbols and this file
to be the same set. Fields that point to arrays are `c_void_p` (their element type stands beside
them): they take an address from NumPy as it is and give one back.
"""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, Final

from .opening import (
    ABI_VERSION,
    BUSY,
    CLOSED,
    CORRUPT,
    DURABILITY,
    INTERNAL,
    INTERRUPTED,
    INVALID,
    INVALID_FEATURE,
    LAST_TIME,
    MISSING_BAR,
    NO_MEMORY,
    NO_TIME,
    OK,
    OPENING,
    PROGRESS_PAGES,
    PROGRESS_ROWS,
    SCHEMA,
    STORAGE,
    TIMEOUT,
    Opaque,
    Sized,
    Types,
    ds_error_detail,
    ds_open_options,
    ds_progress,
    ds_progress_function,
    ds_stop_function,
    ds_store,
    out_int32,
    out_int64,
    out_text,
    store,
)

__all__ = [
    "ABI_VERSION",
    "BAR_COLUMNS",
    "BUSY",
    "CLOSED",
    "COLUMNS_ALL",
    "COLUMN_BITS",
    "COLUMN_FEATURES",
    "CORRUPT",
    "DIFFERENCE_BAR",
    "DIFFERENCE_ONLY_HERE",
    "DIFFERENCE_ONLY_THERE",
    "DIFFERENCE_REQUEST",
    "DIFFERENCE_STATE",
    "DIFFERENCE_VALUE",
    "DURABILITY",
    "FEATURES_COLUMNS",
    "FEATURES_JSON",
    "FEATURES_NONE",
    "FEATURES_VALUES",
    "FUNCTIONS",
    "INTERNAL",
    "INTERRUPTED",
    "INVALID",
    "INVALID_FEATURE",
    "LAST_TIME",
    "MISSING_BAR",
    "NO_MEMORY",
    "NO_TIME",
    "OK",
    "PROGRESS_PAGES",
    "PROGRESS_ROWS",
    "SCHEMA",
    "SQL_BLOB",
    "SQL_INTEGER",
    "SQL_NULL",
    "SQL_REAL",
    "SQL_TEXT",
    "SQL_TIME",
    "STORAGE",
    "TIMEOUT",
    "BarColumn",
    "ds_bar",
    "ds_bar_batch",
    "ds_bars",
    "ds_checkpoint_result",
    "ds_compare_options",
    "ds_copy_options",
    "ds_copy_result",
    "ds_difference",
    "ds_differences",
    "ds_error_detail",
    "ds_expected",
    "ds_feature_column",
    "ds_first_bar",
    "ds_info",
    "ds_missing",
    "ds_missing_view",
    "ds_open_options",
    "ds_progress",
    "ds_progress_function",
    "ds_range",
    "ds_read_options",
    "ds_request",
    "ds_requests",
    "ds_rows",
    "ds_scan",
    "ds_series",
    "ds_series_view",
    "ds_sql_column",
    "ds_sql_parameter",
    "ds_state_entries",
    "ds_state_entry",
    "ds_stop_function",
    "ds_store",
    "ds_text_column",
    "ds_text_layout",
    "ds_text_layouts",
    "ds_texts",
]


class BarColumn:
    """A column of market_data that a batch may carry."""

    __slots__ = ("bit", "kind", "name")

    def __init__(self, name: str, kind: str, bit: int) -> None:
        self.name = name
        self.kind = kind  # "number", "text" or "flag"
        self.bit = bit


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

DIFFERENCE_BAR: Final = 0
DIFFERENCE_REQUEST: Final = 1
DIFFERENCE_STATE: Final = 2
DIFFERENCE_VALUE: Final = 0
DIFFERENCE_ONLY_HERE: Final = 1
DIFFERENCE_ONLY_THERE: Final = 2

SQL_NULL: Final = 0
SQL_INTEGER: Final = 1
SQL_REAL: Final = 2
SQL_TEXT: Final = 3
SQL_BLOB: Final = 4
SQL_TIME: Final = 5


class ds_bars(Opaque):
    pass


class ds_scan(Opaque):
    pass


class ds_series(Opaque):
    pass


class ds_missing(Opaque):
    pass


class ds_requests(Opaque):
    pass


class ds_state_entries(Opaque):
    pass


class ds_rows(Opaque):
    pass


class ds_texts(Opaque):
    pass


class ds_text_layouts(Opaque):
    pass


class ds_differences(Opaque):
    pass


class ds_text_column(Structure):
    _fields_ = (
        ("codes", c_void_p),  # int32_t
        ("values", c_void_p),  # char *
        ("value_count", c_int64),
    )


class ds_text_layout(Sized):
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


class ds_bar_batch(Sized):
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


# Not Sized: the live path fills all fields by position in one call.
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


class ds_range(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("start", c_int64),
        ("end", c_int64),
        ("start_text", c_char_p),
        ("end_text", c_char_p),
    )


class ds_read_options(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("columns", c_uint32),
        ("features", c_int32),
        ("feature_keys", c_void_p),  # char *
        ("feature_key_count", c_int32),
        ("limit", c_int64),
    )


class ds_expected(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("step", c_int64),  # nanoseconds
        ("times", c_void_p),  # int64_t, nanoseconds
        ("count", c_int64),
    )


class ds_missing_view(Sized):
    _fields_ = (
        ("struct_size", c_size_t),
        ("count", c_int64),
        ("starts", c_void_p),  # int64_t, nanoseconds
        ("ends", c_void_p),  # int64_t, nanoseconds
        ("bars", c_void_p),  # int64_t
    )


class ds_series_view(Sized):
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


class ds_request(Sized):
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


_batch = POINTER(ds_bar_batch)
_range = POINTER(ds_range)
_options = POINTER(ds_read_options)
_bars = POINTER(ds_bars)
_text_array = c_void_p  # const char *const *

# name -> (restype, argtypes)
FUNCTIONS: Final[dict[str, Types]] = {
    **OPENING,
    # Market: writing
    "ds_market_write": (c_int32, (store, _batch, c_int32, out_int64)),
    "ds_market_write_features": (c_int32, (store, _batch, c_int32, out_int64)),
    "ds_market_write_bar": (c_int32, (store, c_char_p, c_char_p, POINTER(ds_bar), c_int32)),
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
        (POINTER(ds_text_layout), c_int64, c_void_p, c_void_p, out_int64),
    ),
    "ds_market_read": (
        c_int32,
        (store, _text_array, c_int32, c_char_p, _range, _options, POINTER(_bars)),
    ),
    "ds_market_latest": (
        c_int32,
        (store, _text_array, c_int32, c_char_p, c_int64, _options, POINTER(_bars)),
    ),
    "ds_market_latest_bar": (
        c_int32,
        (store, c_char_p, c_char_p, POINTER(POINTER(ds_bar))),
    ),
    "ds_bar_free": (None, (POINTER(ds_bar),)),
    "ds_market_latest_bar_into": (
        c_int32,
        (store, c_char_p, c_char_p, POINTER(ds_bar), c_int32, out_int32),
    ),
    "ds_market_scan": (
        c_int32,
        (
            store,
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
    # Market: coverage
    "ds_market_exists": (c_int32, (store, c_char_p, c_char_p, out_int32)),
    "ds_market_count": (c_int32, (store, c_char_p, c_char_p, _range, out_int64)),
    "ds_texts_count": (c_int64, (POINTER(ds_texts),)),
    "ds_texts_items": (c_void_p, (POINTER(ds_texts),)),
    "ds_texts_free": (None, (POINTER(ds_texts),)),
    "ds_market_feature_keys": (
        c_int32,
        (store, c_char_p, c_char_p, _range, POINTER(POINTER(ds_texts))),
    ),
    "ds_market_missing": (
        c_int32,
        (
            store,
            c_char_p,
            c_char_p,
            _range,
            POINTER(ds_expected),
            POINTER(POINTER(ds_missing)),
        ),
    ),
    "ds_missing_runs": (POINTER(ds_missing_view), (POINTER(ds_missing),)),
    "ds_missing_free": (None, (POINTER(ds_missing),)),
    # Market: inventory, deletion
    "ds_market_series": (c_int32, (store, c_int32, POINTER(POINTER(ds_series)))),
    "ds_series_entries": (POINTER(ds_series_view), (POINTER(ds_series),)),
    "ds_series_free": (None, (POINTER(ds_series),)),
    "ds_market_delete": (c_int32, (store, c_char_p, c_char_p, _range, out_int64)),
    "ds_time_of_text": (c_int32, (c_char_p, out_int64)),
    # Market: requests
    "ds_market_record_request": (c_int32, (store, POINTER(ds_request), out_int64)),
    "ds_market_requests": (
        c_int32,
        (store, c_char_p, c_char_p, _range, c_int64, POINTER(POINTER(ds_requests))),
    ),
    "ds_requests_count": (c_int64, (POINTER(ds_requests),)),
    "ds_requests_items": (POINTER(ds_request), (POINTER(ds_requests),)),
    "ds_requests_free": (None, (POINTER(ds_requests),)),
    # State
    "ds_state_set": (c_int32, (store, c_char_p, c_char_p)),
    "ds_state_set_many": (c_int32, (store, _text_array, _text_array, c_int64)),
    "ds_state_get": (c_int32, (store, c_char_p, out_text)),
    "ds_state_get_into": (c_int32, (store, c_char_p, POINTER(c_char), c_int32, out_int32)),
    "ds_state_delete": (c_int32, (store, c_char_p, out_int32)),
    "ds_state_compare_and_set": (c_int32, (store, c_char_p, c_char_p, c_char_p, out_int32)),
    "ds_state_updated_at": (c_int32, (store, c_char_p, out_int64)),
    "ds_state_items": (
        c_int32,
        (store, c_char_p, c_int32, POINTER(POINTER(ds_state_entries))),
    ),
    "ds_state_entries_count": (c_int64, (POINTER(ds_state_entries),)),
    "ds_state_entries_items": (POINTER(ds_state_entry), (POINTER(ds_state_entries),)),
    "ds_state_entries_free": (None, (POINTER(ds_state_entries),)),
    # SQL
    "ds_sql": (
        c_int32,
        (store, c_char_p, POINTER(ds_sql_parameter), c_int32, POINTER(POINTER(ds_rows))),
    ),
    "ds_sql_within": (
        c_int32,
        (
            store,
            c_char_p,
            POINTER(ds_sql_parameter),
            c_int32,
            c_double,
            POINTER(POINTER(ds_rows)),
        ),
    ),
    "ds_market_write_arrow": (
        c_int32,
        (store, c_void_p, c_char_p, c_char_p, c_int32, POINTER(c_int64)),
    ),
    "ds_market_write_features_arrow": (
        c_int32,
        (store, c_void_p, c_char_p, c_char_p, c_char_p, c_int32, POINTER(c_int64)),
    ),
    "ds_market_read_arrow": (
        c_int32,
        (
            store,
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
            store,
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
        (store, c_char_p, POINTER(ds_sql_parameter), c_int32, c_double, c_void_p),
    ),
    "ds_rows_arrow": (c_int32, (POINTER(ds_rows), c_void_p)),
    "ds_rows_count": (c_int64, (POINTER(ds_rows),)),
    "ds_rows_column_count": (c_int32, (POINTER(ds_rows),)),
    "ds_rows_columns": (POINTER(ds_sql_column), (POINTER(ds_rows),)),
    "ds_rows_free": (None, (POINTER(ds_rows),)),
    # Maintenance
    "ds_store_check": (c_int32, (store, POINTER(POINTER(ds_texts)))),
    "ds_store_backup": (c_int32, (store, c_char_p, c_int32)),
    "ds_store_checkpoint": (c_int32, (store, POINTER(ds_checkpoint_result))),
    "ds_store_info": (c_int32, (store, POINTER(ds_info))),
    "ds_store_connection_script": (c_int32, (store, out_text)),
    "ds_sqlite_is_shared": (c_int32, (c_void_p,)),
    # Two stores
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
    "ds_market_hash": (
        c_int32,
        (store, c_char_p, c_char_p, _range, POINTER(c_uint64), out_int64),
    ),
}
