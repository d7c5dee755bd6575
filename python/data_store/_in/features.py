# SPDX-License-Identifier: MIT
"""Feature values on their way into the library, in every form that callers have them.

As columns: a wide DataFrame, or one with two column levels (key, "value"|"quality").
As one entry per row: a Series or a mapping from timestamp to a dict or JSON text, or, beside bars,
a list by position. The rules that a feature must keep are checked by the library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._c.text import encode
from .._pandas import utc_index
from ..errors import FeatureValidationError, InvalidInputError, InvalidTypeError
from .batch import Batch
from .cells import described, shown
from .columns import FeatureValues, Refusal, TextCodes, feature_values, texts
from .columns.dtypes import Column, objects
from .entries import (
    FORMS,
    entries_of,
    entry_texts,
    feature_error,
    forms_error,
    key_text,
    refuse_feature_key,
    refuse_second_quality,
)
from .places import KEY_NAMES, place_of
from .rows import Rows, align, rows_of

__all__ = ["carry_by_position", "carry_features", "features_in"]

_KEYS = frozenset(KEY_NAMES)  # by hash: NA compares with nothing
_MEMBERS = frozenset({"value", "quality"})

Positions = npt.NDArray[np.intp]


# ---- The ways in ----------------------------------------------------------------------------


def features_in(
    features: pd.DataFrame | pd.Series[Any], symbol: object, timeframe: object, quality: object
) -> Batch:
    """Bring features that stand alone into the library's layout.

    Parameters
    ----------
    features : DataFrame or Series
        See the module. A table may carry `symbol` and `timeframe` as `read_features` returns them.
    symbol, timeframe : str or None
    quality : str, DataFrame or None
        For a wide frame: one word for all, or a word for each value. None: by the value.
    """
    place = place_of(symbol, timeframe)
    if isinstance(features, pd.DataFrame):
        batch = Batch(rows_of(features, symbol, timeframe, variable="features"))
        batch.carry_features(_feature_columns(features, quality, batch.rows, None))
        return batch
    _refuse_feature_keys(features, place)
    refuse_second_quality(quality, place)
    batch = Batch(rows_of(features, symbol, timeframe, variable="features"))
    carry_by_position(batch, "features", features)
    return batch


def carry_features(batch: Batch, features: object) -> None:
    """Add features to the bars of a batch, on their timestamps, or by position from a list."""
    bars = batch.rows
    if isinstance(features, (list, tuple)):
        if len(features) != bars.timestamps.size:
            raise InvalidInputError(
                f"{bars.place}: {len(features)} features for {bars.timestamps.size} bars; a list "
                "needs an entry for each bar, None where there is none"
            )
        batch.carry_features_json(entry_texts(features, bars.place))
        return
    table = _table_of(features, bars)
    positions = align(bars, rows_of(table, None, None, among=bars, variable="features"))
    if isinstance(table, pd.DataFrame):
        batch.carry_features(_feature_columns(table, None, bars, positions))
        return
    entries: Sequence[Any] = objects(table)
    if positions is not None:
        entries = [entries[position] if position >= 0 else None for position in positions]
    batch.carry_features_json(entry_texts(entries, bars.place))


def carry_by_position(batch: Batch, name: str, column: Column) -> None:
    """Add features from a column of dicts or JSON texts beside the bars."""
    batch.carry_features_json(entry_texts(objects(column), batch.rows.place))


def _table_of(features: object, bars: Rows) -> pd.DataFrame | pd.Series[Any]:
    if isinstance(features, pd.DataFrame):
        return features
    if isinstance(features, pd.Series):
        _refuse_feature_keys(features, bars.place)
        return features
    if not isinstance(features, Mapping):
        raise forms_error(features, bars.place)
    times, values = entries_of(features, bars.place)
    # One by one: lists of one length would become an array of two dimensions.
    entries = np.fromiter(values, object, len(values))
    index = utc_index(np.array(times, np.int64))
    return pd.Series(entries, index=index, dtype=object, copy=False)


def _refuse_feature_keys(features: pd.Series[Any], place: str) -> None:
    labels = features.index
    if len(labels) and labels.nlevels == 1:
        refuse_feature_key(labels[0], place)


# ---- Columns --------------------------------------------------------------------------------


class _Feature:
    """One feature of a frame. No values: null in each row. No words: quality by the value."""

    __slots__ = ("key", "values", "words")

    def __init__(self, key: str, values: Column | None, words: Column | TextCodes | None) -> None:
        self.key = key
        self.values = values
        self.words = words


def _feature_columns(
    frame: pd.DataFrame, quality: object, rows: Rows, positions: Positions | None
) -> list[tuple[bytes, FeatureValues, TextCodes | None]]:
    """Encode a frame's features, brought to the rows of the batch by `positions`."""
    labels = frame.columns
    if not labels.is_unique:
        twice: Any = labels[labels.duplicated()][0]
        key = key_text(twice[0] if isinstance(twice, tuple) else twice)
        refusal = Refusal("it is given twice", "drop one column")
        raise feature_error(refusal, rows.place, None, key)
    if labels.nlevels > 2:
        raise InvalidInputError(f"{rows.place}: features must be {FORMS}")
    features = (_two_levels if labels.nlevels == 2 else _wide)(frame, quality, rows.place)
    encode_column = _ColumnEncoder(rows.place, positions)
    return [
        (
            _key_bytes(feature.key, rows.place),
            *encode_column(feature),
        )
        for feature in features
    ]


def _key_bytes(key: object, place: str) -> bytes:
    if not isinstance(key, str):
        refusal = Refusal(f"a feature key must be text, not {described(key)}", "rename the column")
        raise feature_error(refusal, place, None, key_text(key))
    try:
        return encode(key, "the key")
    except InvalidInputError as error:
        refusal = Refusal(error.message, "rename the column")
        raise feature_error(refusal, place, None, key) from None


def _wide(frame: pd.DataFrame, quality: object, place: str) -> list[_Feature]:
    keys = _feature_labels(frame)
    if quality is None:
        return [_Feature(key, frame[key], None) for key in keys]
    if isinstance(quality, pd.DataFrame):
        others = _feature_labels(quality)
        if (
            not quality.index.equals(frame.index)
            or len(others) != len(keys)
            or set(others) != set(keys)
        ):
            raise InvalidInputError(
                f"{place}: quality must have the index and the columns of the features"
            )
        return [_Feature(key, frame[key], quality[key]) for key in keys]
    if not isinstance(quality, str):
        raise InvalidTypeError(
            f"{place}: quality must be a word, or a DataFrame of words shaped as the features, not "
            f"{type(quality).__name__}"
        )
    word = TextCodes(None, [encode(quality, f"{place}: quality")])
    return [_Feature(key, frame[key], word) for key in keys]


def _feature_labels(frame: pd.DataFrame) -> list[Any]:
    return [label for label in frame.columns if label not in _KEYS]


def _two_levels(frame: pd.DataFrame, quality: object, place: str) -> list[_Feature]:
    refuse_second_quality(quality, place)
    columns: dict[Any, dict[str, Column]] = {}
    for label, column in frame.items():
        key, member = cast("tuple[Any, Any]", label)
        if member not in _MEMBERS:
            refusal = Refusal(
                f"the second column level says {shown(member)}", "use 'value' and 'quality'"
            )
            raise feature_error(refusal, place, None, key_text(key))
        columns.setdefault(key, {})[member] = column
    # A quality that is not there is none for any row, and not "by the value".
    no_words = TextCodes(np.full(len(frame), -1, np.int32), [b""])
    return [
        _Feature(key, members.get("value"), members.get("quality", no_words))
        for key, members in columns.items()
    ]


class _ColumnEncoder:
    """Encodes columns of a frame, and brings them to the rows of the batch."""

    __slots__ = ("leaves_rows_out", "place", "positions")

    def __init__(self, place: str, positions: Positions | None) -> None:
        self.place = place
        self.positions = positions
        self.leaves_rows_out = positions is not None and bool((positions < 0).any())

    def __call__(self, feature: _Feature) -> tuple[FeatureValues, TextCodes | None]:
        values, words = self._values(feature), self._words(feature)
        if words is None and self.leaves_rows_out:
            # A row that the frame has not is absent, which only a word's code can say.
            words = values.words_by_value()
        if self.positions is None:
            return values, words
        return values.take(self.positions), None if words is None else words.take(self.positions)

    def _values(self, feature: _Feature) -> FeatureValues:
        if feature.values is None:
            return FeatureValues(None)
        try:
            return feature_values(feature.values)
        except Refusal as refusal:
            raise self._error(refusal, feature.key) from None

    def _words(self, feature: _Feature) -> TextCodes | None:
        words = feature.words
        if words is None or isinstance(words, TextCodes):
            return words
        try:
            return texts(words)
        except Refusal as refusal:
            raise self._error(refusal, feature.key) from None

    def _error(self, refusal: Refusal, key: str) -> FeatureValidationError:
        row = refusal.row
        if row is not None and self.positions is not None:
            row = int(np.argmax(self.positions == row))
        return feature_error(refusal, self.place, row, key)
