# SPDX-License-Identifier: MIT
"""What the columns of a file are called, and what its name says about the series in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from ...errors import InvalidInputError
from ..times import TimeForm, zone_named
from ..usage import UsageError

__all__ = [
    "PRESETS",
    "Wishes",
    "are_prices",
    "is_by_ticker",
    "none_of",
    "other_prices",
    "series_in_name",
    "targets_of",
]

# Names that files have, in lower case, without <> and with one space for _ and -.
_ALIASES = {
    "open": ("open", "o", "open price", "first"),
    "high": ("high", "h", "high price", "max"),
    "low": ("low", "l", "low price", "min"),
    "close": ("close", "c", "close price", "last", "close/last"),
    "volume": ("volume", "v", "vol", "tickvol", "tick volume"),
    "source": ("source",),
    "quality": ("quality",),
    "is_gap": ("is gap",),
    "latency_sec": ("latency sec",),
    "features": ("features",),
    "symbol": ("symbol", "ticker", "pair"),
    "timeframe": ("timeframe",),
}
_PRICES = ("close", "open", "high", "low", "volume")
# The first of these that a file has is its time.
_TIMES = ("timestamp", "open time", "opentime", "window start", "unix", "ts", "t", "datetime",
          "date time", "time", "date", "trade date", "local time", "gmt time", "index",
          "index level 0", "")  # fmt: skip
# Columns that exchanges give and a bar has no place for.
_KNOWN_EXTRAS = frozenset(
    """adj close;dividends;stock splits;capital gains;close time;closetime;quote volume;
    quote asset volume;count;trades;trade count;number of trades;tradecount;taker buy volume;
    taker buy quote volume;taker buy base asset volume;taker buy quote asset volume;
    taker buy base volume;ignore;vwap;turnover;open interest;spread;transactions;exchange;
    interval;id;amount;per;openint;n;vw""".replace("\n", "")
    .replace("    ", "")
    .split(";")
)

PRESETS: dict[str, dict[int, tuple[str, ...]]] = {
    # By the number of columns of a file without a header; "-" is left out.
    "binance": {
        12: ("timestamp", "open", "high", "low", "close", "volume", *["-"] * 6),
        11: ("timestamp", "open", "high", "low", "close", "volume", *["-"] * 5),
    },
    "metatrader": {
        7: ("date", "time", "open", "high", "low", "close", "volume"),
    },
    "kraken": {
        7: ("timestamp", "open", "high", "low", "close", "volume", "-"),
        8: ("timestamp", "open", "high", "low", "close", "-", "volume", "-"),
    },
    "yahoo": {},
    "generic": {
        5: ("timestamp", "open", "high", "low", "close"),
        6: ("timestamp", "open", "high", "low", "close", "volume"),
    },
}

TARGETS = (*_ALIASES, "timestamp")


@dataclass
class Wishes:
    """What the user said about a file."""

    symbol: str | None = None
    timeframe: str | None = None
    preset: str | None = None
    maps: dict[str, str] = field(default_factory=dict)
    """The file's column by ours."""
    skips: frozenset[str] = frozenset()
    columns: tuple[str, ...] | None = None
    """Of a file without a header."""
    header: bool | None = None
    separator: str | None = None
    decimal: str = "."
    unit: str | None = None
    zone: str | None = None
    pattern: str | None = None

    @property
    def times(self) -> TimeForm:
        """How times are written."""
        zone = zone_named(self.zone) if self.zone else None
        return TimeForm(self.unit, zone, self.pattern)


def targets_of(
    names: Sequence[str], wishes: Wishes, notes: list[str], *, file: str
) -> list[tuple[int, str]]:
    """Give the place of each column that is used, and its name in the store.

    Raises
    ------
    InvalidInputError
        A column has no place in a bar, or there is none with the time.
    """
    plain = [_plain(name) for name in names]
    taken: dict[int, str] = {}
    for ours, theirs in wishes.maps.items():
        place = _place_of(theirs, names, plain)
        if place is None:
            raise UsageError(
                f"{file}: --map {ours}={theirs}: a column {theirs!r} is not in it; the file has "
                f"{', '.join(map(repr, names))}"
            )
        taken[place] = ours
    mapped = set(taken.values())
    if "timestamp" not in mapped:
        taken.update(_time_columns(plain, taken, file, names))
    left, unknown = [], []
    for place, name in enumerate(plain):
        if place in taken:
            continue
        ours = next((ours for ours, aliases in _ALIASES.items() if name in aliases), "")
        if names[place] in wishes.skips or names[place] == "-":
            continue
        if ours and ours not in taken.values() and not _is_said(ours, wishes):
            taken[place] = ours
        elif "@" in names[place].strip("@"):
            taken[place] = names[place]
        elif name in _KNOWN_EXTRAS or name in _TIMES or ours:
            left.append(names[place])
        else:
            unknown.append(names[place])
    if "*" in wishes.skips:
        left, unknown = left + unknown, []
    if unknown:
        absent = next((ours for ours in _PRICES if ours not in taken.values()), "")
        first = _quoted(unknown[0])
        named = f", say what they are with --map {absent}={first}" if absent else ""
        raise InvalidInputError(
            f"{file}: a bar has no place for {', '.join(map(repr, unknown))}. Leave columns out "
            f"with --skip {first} (or --skip '*'){named}, or keep one as a feature with "
            f"--map {_key_for(unknown[0])}={first}"
        )
    if not set(taken.values()) - {"timestamp", "symbol", "timeframe"}:
        raise InvalidInputError(
            f"{file}: no column but the time is one of a bar; name them with --map close=COLUMN; "
            f"the file has {', '.join(map(repr, names))}"
        )
    if left:
        shown = ", ".join(name or "a column without a name" for name in left)
        notes.append(f"left out, a bar has no place for them: {shown}")
    return sorted(taken.items())


def are_prices(names: Sequence[str]) -> bool:
    """Tell whether all names are of what a bar has, or of what yfinance gives besides."""
    known = {alias for ours in _PRICES for alias in _ALIASES[ours]} | _KNOWN_EXTRAS
    return bool(names) and all(_plain(name) in known for name in names)


def is_by_ticker(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a table has two header lines, of prices and of tickers, as yfinance's frames."""
    if len(rows) < 2 or not rows[0] or len(rows[0]) != len(rows[1]):
        return False
    heads = {row[0].strip().lower() for row in rows[:2]}
    if heads == {"price", "ticker"}:
        return True
    first, second = rows[0][1:], rows[1][1:]
    is_second_text = not any(re.match(r"[-+]?\d+(\.\d+)?$", cell) for cell in second)
    is_nameless = not rows[1][0].strip() and all(cell.strip() for cell in second)
    return is_nameless and is_second_text and are_prices(first) != are_prices(second)


def none_of(wishes: Wishes, known: Sequence[str]) -> str:
    """Tell of a file with several series that none is the one that was asked for."""
    asked = " ".join(filter(None, (wishes.symbol, wishes.timeframe)))
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    has = f"it has {', '.join(known[:10])}{more}" if known else "it has no bars"
    return f"no series {asked} is in it; --symbol and --timeframe choose here, and {has}"


def _is_said(ours: str, wishes: Wishes) -> bool:
    """Tell whether the command line says what a column says, too."""
    return bool((ours == "symbol" and wishes.symbol) or (ours == "timeframe" and wishes.timeframe))


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name.strip().strip("<>").lower()).strip()


def _place_of(wanted: str, names: Sequence[str], plain: Sequence[str]) -> int | None:
    if wanted in names:
        return list(names).index(wanted)
    if _plain(wanted) in plain:
        return list(plain).index(_plain(wanted))
    return None


def _time_columns(
    plain: Sequence[str], taken: dict[int, str], file: str, names: Sequence[str]
) -> dict[int, str]:
    free = {name: place for place, name in reversed(list(enumerate(plain))) if place not in taken}
    if "date" in free and "time" in free and not {"timestamp", "unix", "open time"} & free.keys():
        return {free["date"]: "timestamp", free["time"]: "timestamp"}
    for name in _TIMES:
        # Without a name only the first: it is how pandas writes an index.
        if name in free and (name or free[name] == 0):
            return {free[name]: "timestamp"}
    raise InvalidInputError(
        f"{file}: no column has the time. Say which one: --map timestamp=COLUMN; the file has "
        f"{', '.join(map(repr, names))}"
    )


def _quoted(name: str) -> str:
    return shlex.quote(name)


def _key_for(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()) + "@1.0"


# ---- File names ---------------------------------------------------------------------------------

_TIMEFRAME = r"\d+(?:s|m|min|h|d|w|mo|M)"
_FREQTRADE = re.compile(rf"(?P<pair>[\w.\-]+?)-(?P<timeframe>{_TIMEFRAME})(?:-(?:spot|futures))?")
_BINANCE = re.compile(rf"(?P<symbol>[A-Z0-9_]+)-(?P<timeframe>{_TIMEFRAME})-\d{{4}}-\d\d(-\d\d)?")
_KRAKEN = re.compile(r"(?P<symbol>[A-Z0-9.]+)_(?P<minutes>\d+)")
_METATRADER_5 = re.compile(
    r"(?P<symbol>[\w.#]+)_(?P<timeframe>M\d+|H\d+|Daily|Weekly|Monthly)_\d{12}_\d{12}"
)
_METATRADER_4 = re.compile(r"(?P<symbol>[A-Z]{6})(?P<minutes>1|5|15|30|60|240|1440|10080)")
_FREQTRADE_OTHERS = re.compile(
    rf".+-{_TIMEFRAME}-(?P<kind>mark|index|premiumIndex|funding_rate)\b.*"
)


def series_in_name(name: str) -> tuple[str | None, str | None]:
    """Give symbol and timeframe out of a file's name, where it has a form that is known.

    ``BTC_USDT-1h.feather`` (freqtrade), ``BTCUSDT-1m-2024-01.csv`` (Binance), ``XBTUSD_60.csv``
    (Kraken), ``EURUSD60.csv`` and ``EURUSD_H1_202501010000_202502010000.csv`` (MetaTrader).
    """
    stem = PurePath(name).name
    while PurePath(stem).suffix.lower() in _SUFFIXES:
        stem = PurePath(stem).stem
    found = _BINANCE.fullmatch(stem)
    if found:
        return found["symbol"], found["timeframe"]
    found = _FREQTRADE.fullmatch(stem)
    if found:
        # As freqtrade itself reads its names: BTC/USDT, and BTC/USDT:USDT of futures.
        base, slash, rest = found["pair"].partition("_")
        return (base + ("/" if slash else "") + rest.replace("_", ":")), found["timeframe"]
    found = _KRAKEN.fullmatch(stem) or _METATRADER_4.fullmatch(stem)
    if found:
        return found["symbol"], _minutes_text(int(found["minutes"]))
    found = _METATRADER_5.fullmatch(stem)
    if found:
        word = found["timeframe"]
        named = {"Daily": "1d", "Weekly": "1w", "Monthly": "1M"}.get(word)
        return found["symbol"], named or word[1:] + word[0].lower()
    return None, None


def other_prices(name: str) -> str | None:
    """Tell what a file of freqtrade has that is not the prices of a pair, by its name."""
    found = _FREQTRADE_OTHERS.fullmatch(PurePath(name).name)
    return found["kind"] if found else None


_SUFFIXES = (".csv", ".txt", ".tsv", ".gz", ".zip", ".json", ".jsonl", ".feather", ".arrow",
             ".parquet", ".pq")  # fmt: skip


def _minutes_text(minutes: int) -> str | None:
    for size, letter in ((10_080, "w"), (1440, "d"), (60, "h"), (1, "m")):
        if minutes and minutes % size == 0:
            return f"{minutes // size}{letter}"
    return None
