# SPDX-License-Identifier: MIT
"""Features as one entry per bar, a dict or JSON text: of one bar, or of a mapping by timestamp.

The rules that a feature must keep are checked by the library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import addressof, byref, c_int64
from typing import Any

from .._c import abi as _abi
from .._c.signals import pass_on
from .._c.text import TextArray, text_problem
from .._json import features_json
from .._timestamps import cells_ns
from ..errors import FeatureValidationError, InvalidInputError, InvalidTypeError
from .cells import Refusal, described, is_missing, shown
from .lazy import is_lazy, lazy_error
from .places import name_argument, place_of

__all__ = [
    "FORMS",
    "EntryBatch",
    "entries_in",
    "entries_of",
    "entry_json",
    "entry_texts",
    "feature_error",
    "forms_error",
    "key_text",
    "order_error",
    "refuse_feature_key",
    "refuse_second_quality",
]

FORMS = (
    "a DataFrame (columns = keys), a DataFrame with two column levels (key, 'value'|'quality'), "
    "a Series or mapping from timestamp to a dict or JSON text, or, beside bars, a list of those"
)


# ---- One bar --------------------------------------------------------------------------------


def entry_json(entry: object, row: int, place: str) -> bytes | None:
    """Give one bar's features as JSON text; None, NaN and NA say nothing of them.

    Raises
    ------
    FeatureValidationError
        `entry` is neither a mapping nor text, or JSON cannot say it.
    """
    if isinstance(entry, str):
        entry = str.__str__(entry)
        problem = text_problem(entry)
        if problem is not None:
            raise feature_error(Refusal(*problem), place, row, None)
        return entry.encode()
    if isinstance(entry, Mapping):
        try:
            return features_json(entry)
        except Refusal as refusal:
            raise feature_error(refusal, place, row, _key_to_blame(entry)) from None
    if is_missing(entry):
        return None
    reason = f"{described(entry)} is not an entry of features"
    raise feature_error(Refusal(reason, "pass a dict or JSON text"), place, row, None)


def _key_to_blame(entry: Mapping[Any, Any]) -> str | None:
    if not isinstance(entry, dict):  # it may fail when it is gone through a second time
        return None
    for key, member in entry.items():
        try:
            features_json({key: member})
        except Refusal:
            return key_text(key)
    return None


# ---- A mapping from timestamp ----------------------------------------------------------------


class EntryBatch:
    """Features of several bars of one series, as the library takes them.

    Passed to a library function, it stands for its struct, and keeps what that points to.
    """

    __slots__ = ("_as_parameter_", "_owned")

    def __init__(
        self, times: list[int], names: dict[str, bytes], texts: list[bytes | None]
    ) -> None:
        array, entries = (c_int64 * len(times))(*times), TextArray(texts)
        columns = {name: TextArray([text]) for name, text in names.items()}
        self._owned = array, entries, columns
        self._as_parameter_ = byref(
            _abi.ds_bar_batch(
                count=len(times),
                timestamps=addressof(array),
                features_json=entries.address,
                **{
                    name: _abi.ds_text_column(None, column.address, 1)
                    for name, column in columns.items()
                },
            )
        )


def entries_in(
    features: Mapping[Any, Any], symbol: object, timeframe: object, quality: object
) -> EntryBatch:
    """Bring features by timestamp into the library's layout.

    Raises
    ------
    InvalidInputError
        The mapping, a timestamp or an argument is wrong.
    FeatureValidationError
        JSON cannot say an entry.
    """
    place = place_of(symbol, timeframe)
    times, entries = entries_of(features, place)
    refuse_second_quality(quality, place)
    names: dict[str, bytes] = {}
    for name, argument in (("symbol", symbol), ("timeframe", timeframe)):
        if argument is not None:
            names[name] = name_argument(argument, name)
        elif times:
            raise InvalidInputError(
                f"{place}: no {name}; pass {name}= or a frame with a {name!r} column or level"
            )
    return EntryBatch(times, names, entry_texts(entries, place))


def entries_of(features: Mapping[Any, Any], place: str) -> tuple[list[int], list[Any]]:
    """Give the timestamps of a mapping, and its entries."""
    try:
        keys, entries = list(features), list(features.values())
    except Exception as error:  # what the caller's own mapping raises
        pass_on(error)
        raise InvalidTypeError(f"{place}: the mapping of features cannot be read") from error
    if keys:
        refuse_feature_key(keys[0], place)
    try:
        times = cells_ns(keys)
    except Refusal as refusal:
        row = f"features, row {refusal.row}"
        told = Refusal(refusal.reason, _for_keys(refusal.remedy)).told("key")
        raise InvalidInputError(f"{place}: {row}: {told}") from refusal.__cause__
    if len(times) != len(entries):
        raise InvalidTypeError(f"{place}: the mapping of features changes while it is read")
    return times, entries


def entry_texts(entries: Sequence[Any], place: str) -> list[bytes | None]:
    """`entry_json` of each row."""
    return [entry_json(entry, row, place) for row, entry in enumerate(entries)]


def _for_keys(remedy: str) -> str:
    """Turn the line that converts one value into one that converts the keys of a mapping."""
    words, is_line, expression = remedy.partition("{} = ")
    if not is_line:
        return remedy
    return f"{words}features = {{{expression}: entry for key, entry in features.items()}}"


# ---- What is wrong --------------------------------------------------------------------------


def refuse_feature_key(label: object, place: str) -> None:
    """Refuse the entry of one bar, where entries by timestamp belong."""
    if isinstance(label, str) and "@" in label:
        raise InvalidInputError(
            f"{place}: features go by timestamp, and {shown(label)} is the key of a feature: if "
            "these are one bar's, give {timestamp: {...}}, or, beside bars, a list of one per bar"
        )


def refuse_second_quality(quality: object, place: str) -> None:
    """Refuse a quality beside features that say theirs themselves."""
    if quality is not None:
        raise InvalidInputError(
            f"{place}: quality is given twice, as an argument and in the features; leave the "
            "argument out"
        )


def forms_error(features: object, place: str) -> InvalidTypeError:
    """Give the error for what is none of the forms of features."""
    if is_lazy(features):
        return lazy_error("features", place)
    return InvalidTypeError(f"{place}: features must be {FORMS}, not {type(features).__name__}")


def order_error(features: object, symbol: object, timeframe: object) -> InvalidTypeError:
    """Give the error for arguments of `write_features` of which the first is not features."""
    others = [symbol, timeframe]
    named = [other for other in others if isinstance(other, str) or other is None]
    if not isinstance(features, str) or named == others:
        return forms_error(features, place_of(symbol, timeframe))
    names = [features, *named]
    return InvalidTypeError(
        "the arguments are in another order: the features come first, e.g. "
        f"market.write_features(features, {', '.join(map(shown, names))})"
    )


def feature_error(
    refusal: Refusal, place: str, row: int | None, key: str | None
) -> FeatureValidationError:
    """Give a refused feature as an error that names its row and key."""
    at_row = "" if row is None else f", row {row}"
    at_key = "" if key is None else f", feature {key!r}"
    subject = "value" if key is None else f"features[{key!r}]"
    return FeatureValidationError(
        f"{place}{at_row}{at_key}: {refusal.told(subject)}",
        row=row,
        key=key,
        reason=refusal.reason,
    )


def key_text(key: object) -> str:
    """Give a feature's key as a message shows it."""
    return key if isinstance(key, str) else shown(key)
