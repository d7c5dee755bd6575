# SPDX-License-Identifier: MIT
"""A `ds_bar_batch` together with all the memory that it points to."""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import addressof, byref, c_char_p, c_void_p
from typing import Any

import numpy as np
import numpy.typing as npt

from .._c import abi as _abi
from .._c.text import TextArray
from .._pandas import Doubles, address_of
from .columns import FeatureValues, TextCodes
from .rows import Rows

__all__ = ["Batch"]

_NOT_CARRIED = _abi.ds_text_column()


class Batch:
    """Rows as columns, as the library takes them.

    Passed to a library function, it stands for its struct. It owns, or holds on to, every array,
    dictionary and struct behind it, so they live as long as the call that it is an argument of.

    Parameters
    ----------
    rows : Rows
        Which bar each row is.
    """

    __slots__ = ("_as_parameter_", "_owned", "_struct", "rows")

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._owned: list[object] = []
        self._struct = _abi.ds_bar_batch(
            count=rows.timestamps.size,
            timestamps=self._address(rows.timestamps),
            symbol=self._text_column(rows.symbol),
            timeframe=self._text_column(rows.timeframe),
        )
        self._as_parameter_ = byref(self._struct)

    def carry_array(self, name: str, values: npt.NDArray[Any]) -> None:
        """Carry a column of doubles or flags: `values`, contiguous, one element per row."""
        setattr(self._struct, name, self._address(values))

    def carry_doubles(self, name: str, column: Doubles) -> None:
        """Carry a column of doubles that lie in the memory of another array."""
        address, owner = column
        self._owned.append(owner)
        setattr(self._struct, name, address)

    def carry_text(self, name: str, codes: TextCodes) -> None:
        """Carry a column of text."""
        setattr(self._struct, name, self._text_column(codes))

    def carry_features(self, columns: list[tuple[bytes, FeatureValues, TextCodes | None]]) -> None:
        """Carry features as columns: key, values, and the words of their quality."""
        array = (_abi.ds_feature_column * len(columns))()
        words: dict[int, TextArray] = {}  # one dictionary for the columns that share theirs
        for column, (key, values, quality) in zip(array, columns):
            column.key = key
            column.values = self._address(values.doubles)
            column.integers = self._address(values.integers)
            column.is_null = self._address(values.is_null)
            column.quality = self._text_column(quality, words)
        self._owned.append((array, columns))
        self._struct.features = addressof(array)
        self._struct.feature_count = len(columns)

    def carry_features_json(self, texts: Iterable[bytes | None]) -> None:
        """Carry features as one JSON text per row; None says nothing of that row's features."""
        self._struct.features_json = self._text_array(texts)

    def _address(self, values: npt.NDArray[Any] | None) -> int | None:
        if values is None:
            return None
        self._owned.append(values)
        return address_of(values)

    def _text_array(self, texts: Iterable[bytes | None]) -> int:
        array = TextArray(texts)
        self._owned.append(array)
        return array.address

    def _text_column(
        self, column: TextCodes | None, shared: dict[int, TextArray] | None = None
    ) -> _abi.ds_text_column:
        if column is None:
            return _NOT_CARRIED
        array = None if shared is None else shared.get(id(column.values))
        if array is None:
            array = _text_array(column)
            self._owned.append(array)
            if shared is not None:
                shared[id(column.values)] = array
        return _abi.ds_text_column(self._address(column.codes), array.address, array.count)


def _text_array(texts: TextCodes) -> TextArray:
    block = texts.values[0] if texts.count == 1 else texts.block
    if texts.count < _MANY and 0 < len(block) <= _LONGEST_KEPT:
        return _kept_arrays[block]
    if texts.count < _MANY or not block:
        return TextArray(texts.values)
    # Where the NULs are tells where the texts begin, which takes less time than to measure each.
    addresses = np.empty(texts.count, np.uintp)
    addresses[0] = 0
    addresses[1:] = np.flatnonzero(np.frombuffer(block, np.uint8) == 0) + 1
    addresses += np.uintp(c_void_p.from_buffer(c_char_p(block)).value or 0)
    return TextArray.at(address_of(addresses), texts.count, (block, addresses))


_MANY = 33  # the array that ctypes makes of fewer is the quicker one
_LONGEST_KEPT = 256
_MOST_KEPT = 256


class _KeptArrays(dict[bytes, TextArray]):
    """Arrays of the few words that come again and again, by their block; the library only reads."""

    __slots__ = ()

    def __missing__(self, block: bytes) -> TextArray:
        array = TextArray(block.split(b"\0"))
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[block] = array
        return array


_kept_arrays = _KeptArrays()
