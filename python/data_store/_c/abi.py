# SPDX-License-Identifier: MIT
"""What bars, requests and state take of the C interface: constants, structs, functions.

`opening`, `querying` and `maintenance` have the rest of what `include/data_store.h` declares; each
is loaded when something of it is first used. Every function stands in one of their tables, so that
a test can hold header, exported symbols and these files to be the same set. Fields that point to
arrays are `c_void_p` (their element type stands beside them): they take an address from NumPy as it
is and give one back.
"""

from __future__ import annotations

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

from .opening import (
    Opaque,
    Sized,
    ds_texts,
    out_int32,
    out_int64,
    out_text,
    store,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from .opening import Types


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


class ds_text_layouts(Opaque):
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


_batch = POINTER(ds_bar_batch)
_range = POINTER(ds_range)
_options = POINTER(ds_read_options)
_bars = POINTER(ds_bars)
_text_array = c_void_p  # const char *const *
# What many functions take first: the names of a series; what a read of a range is asked with.
_series = (store, c_char_p, c_char_p)
_reading = (store, _text_array, c_int32, c_char_p, _range, _options)

# name -> (restype, argtypes)
FUNCTIONS: Final[dict[str, Types]] = {
    # Market: writing
    "ds_market_write": (c_int32, (store, _batch, c_int32, out_int64)),
    "ds_market_write_features": (c_int32, (store, _batch, c_int32, out_int64)),
    "ds_market_write_bar": (c_int32, (*_series, POINTER(ds_bar), c_int32)),
    "ds_market_write_arrow": (c_int32, (store, c_void_p, c_char_p, c_char_p, c_int32, out_int64)),
    "ds_market_write_features_arrow": (
        c_int32,
        (store, c_void_p, c_char_p, c_char_p, c_char_p, c_int32, out_int64),
    ),
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
    "ds_market_read": (c_int32, (*_reading, POINTER(_bars))),
    "ds_market_latest": (
        c_int32,
        (store, _text_array, c_int32, c_char_p, c_int64, _options, POINTER(_bars)),
    ),
    "ds_market_latest_bar": (c_int32, (*_series, POINTER(POINTER(ds_bar)))),
    "ds_bar_free": (None, (POINTER(ds_bar),)),
    "ds_market_latest_bar_into": (c_int32, (*_series, POINTER(ds_bar), c_int32, out_int32)),
    "ds_market_scan": (c_int32, (*_reading, c_int64, POINTER(POINTER(ds_scan)))),
    "ds_scan_next": (c_int32, (POINTER(ds_scan), POINTER(_bars))),
    "ds_scan_free": (None, (POINTER(ds_scan),)),
    "ds_market_read_arrow": (c_int32, (*_reading, c_int32, c_void_p)),
    "ds_market_scan_arrow": (c_int32, (*_reading, c_int64, c_int32, c_void_p)),
    "ds_bars_arrow": (c_int32, (_bars, c_int32, c_void_p)),
    # Market: coverage
    "ds_market_exists": (c_int32, (*_series, out_int32)),
    "ds_market_count": (c_int32, (*_series, _range, out_int64)),
    "ds_texts_count": (c_int64, (POINTER(ds_texts),)),
    "ds_texts_items": (c_void_p, (POINTER(ds_texts),)),
    "ds_texts_free": (None, (POINTER(ds_texts),)),
    "ds_market_feature_keys": (c_int32, (*_series, _range, POINTER(POINTER(ds_texts)))),
    "ds_market_missing": (
        c_int32,
        (*_series, _range, POINTER(ds_expected), POINTER(POINTER(ds_missing))),
    ),
    "ds_missing_runs": (POINTER(ds_missing_view), (POINTER(ds_missing),)),
    "ds_missing_free": (None, (POINTER(ds_missing),)),
    "ds_market_hash": (
        c_int32,
        (*_series, _range, POINTER(c_uint64), out_int64),
    ),
    # Market: inventory, deletion
    "ds_market_series": (c_int32, (store, c_int32, POINTER(POINTER(ds_series)))),
    "ds_series_entries": (POINTER(ds_series_view), (POINTER(ds_series),)),
    "ds_series_free": (None, (POINTER(ds_series),)),
    "ds_market_delete": (c_int32, (*_series, _range, out_int64)),
    "ds_time_of_text": (c_int32, (c_char_p, out_int64)),
    # Market: requests
    "ds_market_record_request": (c_int32, (store, POINTER(ds_request), out_int64)),
    "ds_market_requests": (c_int32, (*_series, _range, c_int64, POINTER(POINTER(ds_requests)))),
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
    "ds_state_items": (c_int32, (store, c_char_p, c_int32, POINTER(POINTER(ds_state_entries)))),
    "ds_state_entries_count": (c_int64, (POINTER(ds_state_entries),)),
    "ds_state_entries_items": (POINTER(ds_state_entry), (POINTER(ds_state_entries),)),
    "ds_state_entries_free": (None, (POINTER(ds_state_entries),)),
}
