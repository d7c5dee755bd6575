# SPDX-License-Identifier: MIT
"""Hand-written C on SQLite (c/desk.c), called in this process and timed within the C functions."""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int64, c_void_p
from typing import Any

import numpy as np

from dataset import QUALITIES, SOURCES, TIMEFRAME

from .base import Timed
from .market import minute_of, ns_of, time_of

LIBRARY = "DESK_LIBRARY"
"""The environment variable that tells where c/build put desk.so."""
TEXT_BYTES = 4096

Row = tuple[str, int, int]
"""A bar that is written: symbol, minute, its number in the pool."""


class _Took(ctypes.Structure):
    _fields_ = (("wall", c_int64), ("cpu", c_int64))


class _LiveBar(ctypes.Structure):
    _fields_ = (
        ("timestamp", c_int64),
        ("values", c_double * 6),
        ("is_gap", c_int),
        ("source", c_char_p),
        ("quality", c_char_p),
        ("features", c_char_p),
    )


class _Columns(ctypes.Structure):
    _fields_ = (
        ("timestamps", c_void_p),
        ("values", c_void_p * 6),
        ("source", c_void_p),
        ("quality", c_void_p),
        ("is_gap", c_void_p),
    )


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(os.environ[LIBRARY])
    library.desk_open.restype = c_void_p
    library.desk_open.argtypes = c_char_p, c_char_p, c_char_p
    library.desk_close.restype = None
    library.desk_close.argtypes = (c_void_p,)
    library.desk_bar_free.restype = None
    library.desk_bar_free.argtypes = (POINTER(_LiveBar),)
    bar = c_char_p, c_int64, c_int64
    functions: dict[str, tuple[Any, ...]] = {
        "latest": (c_char_p, POINTER(_LiveBar)),
        "write_bar": bar,
        "write_then_latest": (*bar, POINTER(_LiveBar)),
        "write_many": (POINTER(c_char_p), c_int64, POINTER(c_int64), POINTER(c_int64)),
        "write_features": (c_char_p, c_int64, c_char_p),
        "last": (c_char_p, c_int64, POINTER(_Columns)),
        "state_set": (c_char_p, c_char_p),
        "state_get": (c_char_p, c_char_p),
    }
    for name, arguments in functions.items():
        function = library[f"desk_{name}"]
        function.restype = _Took
        function.argtypes = c_void_p, *arguments
        setattr(library, f"desk_{name}", function)
    return library


class CLibrary:
    """The calls that make sense in C: those without a DataFrame, or with arrays in its place."""

    def __init__(self, path: str, synchronous: str, pool: str) -> None:
        self._library = _load()
        self._desk = self._library.desk_open(path.encode(), synchronous.encode(), pool.encode())

    def close(self) -> None:
        self._library.desk_close(self._desk)

    def latest_bar(self, symbol: str, timeframe: str) -> Timed:
        bar = _LiveBar()
        took = self._library.desk_latest(self._desk, symbol.encode(), byref(bar))
        return self._timed(self._taken(bar), took)

    def _taken(self, bar: _LiveBar) -> tuple[Any, ...]:
        open_, high, low, close, volume, latency = (
            None if value != value else value for value in bar.values
        )
        time = time_of((bar.timestamp - ns_of(0)) // (ns_of(1) - ns_of(0)))
        words = bar.source.decode(), bar.quality.decode()
        features = json.loads(bar.features) if bar.features else {}
        found = (time, open_, high, low, close, volume, *words, bar.is_gap != 0, latency, features)
        # c_char_p fields are copies in Python; the library's own are given back by their address.
        self._library.desk_bar_free(byref(bar))
        return found

    def write_bar(self, symbol: str, timeframe: str, time: dt.datetime, cell: int) -> Timed:
        took = self._library.desk_write_bar(self._desk, *_place(symbol, time), cell)
        return self._timed(None, took)

    def write_then_latest(self, symbol: str, timeframe: str, time: dt.datetime, cell: int) -> Timed:
        bar = _LiveBar()
        took = self._library.desk_write_then_latest(
            self._desk, *_place(symbol, time), cell, byref(bar)
        )
        return self._timed(self._taken(bar), took)

    def write_section(self, rows: list[Row]) -> Timed:
        symbols, minutes, cells = zip(*rows, strict=True)
        count = len(rows)
        took = self._library.desk_write_many(
            self._desk,
            (c_char_p * count)(*(symbol.encode() for symbol in symbols)),
            count,
            (c_int64 * count)(*map(ns_of, minutes)),
            (c_int64 * count)(*cells),
        )
        return self._timed(None, took)

    write_frame = write_section

    def write_features(
        self, symbol: str, timeframe: str, time: dt.datetime, entry: dict[str, Any]
    ) -> Timed:
        text = json.dumps(entry, separators=(",", ":")).encode()
        took = self._library.desk_write_features(self._desk, *_place(symbol, time), text)
        return self._timed(None, took)

    def last(self, symbol: str, timeframe: str, count: int) -> Timed:
        if timeframe != TIMEFRAME:
            raise ValueError(timeframe)
        times = np.empty(count, np.int64)
        values = np.empty((6, count))
        codes = np.empty((2, count), np.int8)
        gaps = np.empty(count, np.uint8)
        columns = _Columns(
            times.ctypes.data,
            (c_void_p * 6)(*(row.ctypes.data for row in values)),
            codes[0].ctypes.data,
            codes[1].ctypes.data,
            gaps.ctypes.data,
        )
        took = self._library.desk_last(self._desk, symbol.encode(), count, byref(columns))
        return self._timed(Arrays(times, values, codes, gaps), took)

    def state_set(self, key: str, value: Any) -> Timed:
        text = json.dumps(value, separators=(",", ":")).encode()
        return self._timed(None, self._library.desk_state_set(self._desk, key.encode(), text))

    def state_get(self, key: str) -> Timed:
        text = ctypes.create_string_buffer(TEXT_BYTES)
        took = self._library.desk_state_get(self._desk, key.encode(), text)
        return self._timed(json.loads(text.value), took)

    @staticmethod
    def _timed(result: Any, took: _Took) -> Timed:
        return Timed(result, took.wall, took.cpu)


class Arrays:
    """Bars as C has them."""

    def __init__(self, times: Any, values: Any, codes: Any, gaps: Any) -> None:
        self._times, self._values, self._codes, self._gaps = times, values, codes, gaps

    def columns(self) -> dict[str, Any]:
        """Give the columns as lists, by name."""
        names = ["open", "high", "low", "close", "volume", "latency_sec"]
        words = zip(("source", "quality"), (SOURCES, QUALITIES), self._codes, strict=True)
        return {
            "timestamp": self._times.tolist(),
            **dict(zip(names, self._values.tolist(), strict=True)),
            **{name: [texts[code] for code in codes] for name, texts, codes in words},
            "is_gap": [gap != 0 for gap in self._gaps.tolist()],
        }


def _place(symbol: str, time: dt.datetime) -> tuple[bytes, int]:
    return symbol.encode(), ns_of(minute_of(time))
