# SPDX-License-Identifier: MIT
"""How a range of bars was obtained, on its way in."""

from __future__ import annotations

from ._c import abi as _abi
from ._c.opening import NO_TIME
from ._c.packing import layout_of
from ._c.signals import pass_on
from ._c.text import encode
from ._in.cells import Refusal, count_of, flag, is_missing, number_argument
from ._in.places import place_of
from ._in.words import NO_TEXT, PlacedText, placed, words
from ._timestamps import optional_argument_ns, storable_ns
from .errors import InvalidInputError, InvalidTypeError

__all__ = ["request_in"]

_LAYOUT = layout_of(_abi.ds_request)


def request_in(
    symbol: object,
    timeframe: object,
    provider_used: object,
    start_ts: object,
    end_ts: object,
    requested_at: object,
    fallback_used: object,
    coverage_ratio: object,
    gap_count: object,
    quality: object,
    notes: object,
) -> tuple[bytes, object]:
    """Pack the arguments of `record_request`.

    Returns
    -------
    tuple of bytes and object
        The bytes of a `ds_request`, and what must live as long as they are in use.
    """
    ratio = _NAN if coverage_ratio is None else coverage_ratio
    if (
        type(symbol) is type(timeframe) is type(provider_used) is str
        and type(ratio) is float
        and type(fallback_used) is bool
        and str not in (type(start_ts), type(end_ts), type(requested_at))
    ):
        # Nearly every request is of these types. What is wrong with another is found out below.
        try:
            texts = (
                words[symbol],
                words[timeframe],
                words[provider_used],
                words[quality] if type(quality) is str else _text(quality, "", ""),
                NO_TEXT if notes is None else _text(notes, "", ""),
            )
            requested = NO_TIME if requested_at is None else storable_ns(requested_at)
            start, end = storable_ns(start_ts), storable_ns(end_ts)
            gaps = 0 if gap_count is None else count_of(gap_count, "")
        except (Refusal, InvalidInputError) as error:
            pass_on(error)
        else:
            has_gaps = gap_count is not None
            return _packed(texts, requested, start, end, ratio, gaps, has_gaps, fallback_used)
    place = place_of(symbol, timeframe)
    texts = (
        _text(symbol, place, "symbol"),
        _text(timeframe, place, "timeframe"),
        _text(provider_used, place, "provider_used"),
        _text(quality, place, "quality"),
        _text(notes, place, "notes"),
    )
    requested = optional_argument_ns(requested_at, place, "requested_at")
    start = optional_argument_ns(start_ts, place, "start_ts")
    end = optional_argument_ns(end_ts, place, "end_ts")
    ratio = _NAN
    if type(coverage_ratio) is float:
        ratio = coverage_ratio
    elif not is_missing(coverage_ratio):
        ratio = number_argument(coverage_ratio, f"{place}: coverage_ratio")
    try:
        is_fallback = flag(fallback_used)
    except Refusal as refusal:
        reason = refusal.told("fallback_used")
        raise InvalidTypeError(f"{place}: fallback_used: {reason}") from None
    has_gaps = not is_missing(gap_count)
    gaps = count_of(gap_count, f"{place}: gap_count") if has_gaps else 0
    return _packed(texts, requested, start, end, ratio, gaps, has_gaps, is_fallback)


_NAN = float("nan")


def _packed(
    texts: tuple[PlacedText, PlacedText, PlacedText, PlacedText, PlacedText],
    requested: int,
    start: int,
    end: int,
    ratio: float,
    gaps: int,
    has_gaps: bool,
    is_fallback: int,
) -> tuple[bytes, object]:
    symbol, timeframe, provider, quality, notes = texts
    packed = _LAYOUT.pack(
        _LAYOUT.size, symbol[1], timeframe[1], requested, start, end, provider[1],
        ratio, gaps, has_gaps, is_fallback, quality[1], notes[1],
    )  # fmt: skip
    return packed, texts


def _text(text: object, place: str, name: str) -> PlacedText:
    if type(text) is not str and is_missing(text):
        return NO_TEXT
    return placed(encode(text, f"{place}: {name}"))
