# SPDX-License-Identifier: MIT
"""What `sql` takes of the C interface; see `abi`."""

from __future__ import annotations

from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_void_p,
)

from .opening import Opaque, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .opening import Types

SQL_NULL: Final = 0
SQL_INTEGER: Final = 1
SQL_REAL: Final = 2
SQL_TEXT: Final = 3
SQL_BLOB: Final = 4
SQL_TIME: Final = 5


class ds_rows(Opaque):
    pass


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


FUNCTIONS: Final[dict[str, Types]] = {
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
    "ds_sql_arrow": (
        c_int32,
        (store, c_char_p, POINTER(ds_sql_parameter), c_int32, c_double, c_void_p),
    ),
    "ds_rows_arrow": (c_int32, (POINTER(ds_rows), c_void_p)),
    "ds_rows_count": (c_int64, (POINTER(ds_rows),)),
    "ds_rows_column_count": (c_int32, (POINTER(ds_rows),)),
    "ds_rows_columns": (POINTER(ds_sql_column), (POINTER(ds_rows),)),
    "ds_rows_free": (None, (POINTER(ds_rows),)),
}
