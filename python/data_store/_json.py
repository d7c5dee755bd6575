# SPDX-License-Identifier: MIT
"""JSON texts from and to Python values. Whether they may be stored is the library's to say.

NaN and infinities go out as the tokens `NaN` and `Infinity`, so that the library refuses them
with their place; a feature's NaN alone becomes null, as the contract of features has it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module

from ._c.first_use import at_first_use
from ._c.floats import are_default, at_default
from ._c.signals import pass_on
from ._in.cells import Refusal, described, is_integer, is_missing, number, shown
from ._in.kinds import is_duration, is_of
from .errors import CorruptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

__all__ = ["features_json", "from_json", "to_json"]


def _plain(value: Any) -> Any:
    """Give what JSON can represent for an object that the encoder does not know."""
    if is_of(value, "bool"):
        return bool(value)
    if is_duration(value):
        remedy = "pass its seconds, pd.Timedelta(...).total_seconds()"
        raise Refusal(f"JSON has no durations: {shown(value)}", remedy)
    if is_integer(value):
        return int(value)
    if is_of(value, "floating"):
        return number(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise Refusal(
        f"JSON cannot represent {described(value)}",
        "pass text, numbers, booleans, None, lists and dicts",
    )


def _plain_feature(value: Any) -> Any:
    return None if is_missing(value) else _plain(value)


_Encode: TypeAlias = "Callable[[Any], str]"
_Scan: TypeAlias = "Callable[[str, int], tuple[Any, int]]"


def _json() -> Any:
    """Give Python's own module, which compiles expressions when it is loaded: few texts need it."""
    with at_first_use.lock, at_first_use:
        import json
    return json


def _public_encoder(default: Callable[[Any], Any]) -> _Encode:
    encoder = _json().JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=default)
    encode: _Encode = encoder.encode
    return encode


def _bare_encoder(default: Callable[[Any], Any]) -> _Encode:
    """Give the encoder that `json.JSONEncoder.encode` makes for each value, without its settings.

    One for each value here, too: it keeps what it is within, so as to find a circle.
    """
    encoder, escaped, join = _inner.make_encoder, _inner.encode_basestring, "".join

    def encode(value: Any) -> str:
        return join(encoder({}, default, escaped, None, ":", ",", False, False, True)(value, 0))

    return encode


def _public_scan(text: str, start: int) -> tuple[Any, int]:
    """Give the value that begins there, and where it ends."""
    found: tuple[Any, int] = _json().JSONDecoder().raw_decode(text, start)
    return found


class _Settings:
    """What `json.JSONDecoder` has where nothing else is asked for."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {
        "-Infinity": float("-inf"),
        "Infinity": float("inf"),
        "NaN": float("nan"),
    }.__getitem__


def _bare_scan() -> _Scan:
    scan: _Scan = _inner.make_scanner(_Settings())
    return scan


_SAMPLE: Any = [
    {"a": [1, -2.5, 1e300, True, False, None, {}], "ü\n": {"b": float("inf"), "c": []}},
    *("x", 0),
]
_SAMPLE_TEXT = '[{"a":[1,-2.5,1e+300,true,false,null,{}],"ü\\n":{"b":Infinity,"c":[]}},"x",0]'


def _are_bare_ways_right() -> bool:
    global _inner
    if os.environ.get("DATA_STORE_FAST_PATHS") == "0":
        return False
    try:
        _inner = import_module("_json")  # what `json` is made of
        encodes = _bare_encoder(_plain)(_SAMPLE) == _SAMPLE_TEXT
        return encodes and _bare_scan()(_SAMPLE_TEXT, 0) == (_SAMPLE, len(_SAMPLE_TEXT))
    except Exception:  # whatever a Python that does not know them says to them
        return False


_inner: Any = None
# A state value is short: looking at settings and for blanks around it takes as long as the rest.
_is_bare = _are_bare_ways_right()
_encoder = _bare_encoder if _is_bare else _public_encoder
_scan: _Scan = _bare_scan() if _is_bare else _public_scan

_encode = _encoder(_plain)
_encode_features = _encoder(_plain_feature)


def _utf8(encode: Callable[[Any], str], value: object) -> bytes:
    try:
        return (encode(value) if are_default() else at_default(encode, value)).encode()
    except (Refusal, MemoryError):
        raise
    except Exception as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, UnicodeEncodeError):
        return Refusal(
            "a text in it holds half of a surrogate pair, which UTF-8 cannot write",
            "repair it where it was decoded",
        )
    if isinstance(error, RecursionError):
        return _too_deep()
    pass_on(error)  # the encoder's, or what the caller's own objects raise
    return Refusal(f"JSON cannot represent it ({_told(error)})", "fix the value")


def _too_deep() -> Refusal:
    return Refusal("it is nested too deeply", "flatten it")


def _told(error: Exception) -> str:
    name = type(error).__name__
    return str(error) if isinstance(error, (TypeError, ValueError)) else f"{name}: {error}"


def to_json(value: object) -> bytes:
    """Give any JSON value as text; tuples become lists, NumPy scalars numbers.

    Raises
    ------
    Refusal
        JSON cannot represent it, or a key of an object is not text.
    """
    try:  # as in `_utf8`: a call of its own takes a twentieth of this one
        text = (_encode(value) if are_default() else at_default(_encode, value)).encode()
    except (Refusal, MemoryError):
        raise
    except Exception as error:
        raise _refusal(error) from None
    if type(value) not in _LEAVES:
        try:
            _require_text_keys(value)
        except RecursionError:  # it needs more of the stack than the encoder
            raise _too_deep() from None
    return text


def _require_text_keys(value: Any) -> None:
    # The encoder would turn 1, None and True into "1", "null" and "true" in silence. It was
    # through the value already, so there is no circle.
    kind = type(value)
    if kind is dict:
        for key, member in value.items():
            if type(key) is not str and not isinstance(key, str):
                raise _no_text_key(key)
            if type(member) not in _LEAVES:
                _require_text_keys(member)
        return
    if kind is list or kind is tuple:  # first: to ask whether it is a mapping takes long
        members = value
    elif isinstance(value, Mapping):
        for key in value:
            if type(key) is not str and not isinstance(key, str):
                raise _no_text_key(key)
        members = value.values()
    elif isinstance(value, (list, tuple)):
        members = value
    else:
        return
    for member in members:
        if type(member) not in _LEAVES:
            _require_text_keys(member)


def _no_text_key(key: object) -> Refusal:
    return Refusal(f"an object's key must be text, not {described(key)}", "use str keys")


_LEAVES = frozenset({str, int, float, bool, type(None)})  # as most members are


def features_json(features: Mapping[Any, Any]) -> bytes:
    """Give one bar's features as text; a NaN or NA value becomes null.

    Raises
    ------
    Refusal
        JSON cannot say it.
    """
    text = _utf8(_encode_features, features)
    # json has no hook for floats: look again only where the token turned up.
    if b"NaN" not in text:
        return text
    return _utf8(lambda entries: _encode_features(_without_nan(entries)), features)


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(member) for member in value]
    return None if is_missing(value) else value


def from_json(text: bytes, what: Callable[..., str], *names: object) -> Any:
    """Give stored JSON as a Python value; `CorruptError` if another tool broke it.

    Parameters
    ----------
    text : bytes
    what : callable
        Says what the text is, for the message; given `names`.
    """
    try:
        if are_default():
            string = text.decode()
            value, end = _scan(string, 0)
            if end == len(string):
                return value
    except (StopIteration, ValueError, RecursionError) as error:
        pass_on(error)
    # There are blanks around it, or it is not JSON in UTF-8.
    try:
        return at_default(_json().JSONDecoder().decode, text.decode())
    except (ValueError, RecursionError) as error:
        pass_on(error)
    try:
        return at_default(_json().loads, text)  # which takes other encodings, too
    except (ValueError, RecursionError) as error:
        pass_on(error)
        raise CorruptError(
            f"{what(*names)}: the stored text is not JSON that Python can read ({error}); it was "
            "left as it is, write the value again"
        ) from None
