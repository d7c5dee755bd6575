# SPDX-License-Identifier: MIT
"""market_feed: sends candles to the store, first the past in batches, then bar by bar.

The candles are real: hourly EURUSD and daily GOOG, from CSV files of the PyPI package
`backtesting`. A bar that the market's week has room for and the file lacks is a gap row.
"""

from __future__ import annotations

import time
from importlib import metadata

import pandas as pd
from session import SERIES, Fuse, arguments, progress_key, say, through

from data_store import DataStore

BATCH = 500  # bars that one request to the provider brings
OVERLAP = 24  # of them sent before: providers repeat their latest bars, an upsert does not mind
LIVE = 60  # bars of each series that arrive one at a time, at the end
BAR_LENGTH = {"1h": pd.Timedelta(hours=1), "1d": pd.Timedelta(days=1)}


def read_candles(symbol: str) -> pd.DataFrame:
    """Read open, high, low, close, volume of `symbol`, on UTC timestamps."""
    files = metadata.files("backtesting") or []
    path = next(file for file in files if file.name == f"{symbol}.csv").locate()
    candles = pd.read_csv(str(path), index_col=0, parse_dates=True).rename(columns=str.lower)
    return candles.tz_localize("UTC").astype("float64")


def open_hours(first: pd.Timestamp, last: pd.Timestamp, timeframe: str) -> pd.DatetimeIndex:
    """List the bars that a week without holidays has, from `first` to `last`."""
    if timeframe == "1d":
        return pd.bdate_range(first, last)
    hours = pd.date_range(first, last, freq=BAR_LENGTH[timeframe])
    friday_night = (hours.day_of_week == 4) & (hours.hour >= 21)
    return hours[(hours.day_of_week < 5) & ~friday_night]


def with_gaps(candles: pd.DataFrame, timeframe: str) -> pd.DataFrame:
    """Add the gap rows and the control columns of the store."""
    expected = open_hours(candles.index[0], candles.index[-1], timeframe)
    bars = candles.reindex(candles.index.union(expected))
    gap = bars["close"].isna()
    bars["source"] = "csv"
    bars["quality"] = gap.map({True: "missing", False: "good"})
    bars["is_gap"] = gap
    return bars


def backfill(
    store: DataStore, symbol: str, timeframe: str, bars: pd.DataFrame, fuse: Fuse, pace: float
) -> None:
    """Write all but the live bars, batch by batch, from where an earlier run stopped."""
    done = through(store, "market_feed", symbol, timeframe)
    start = 0 if done is None else int(bars.index.searchsorted(done, side="right"))
    stop = len(bars) - LIVE
    for first in range(start, stop, BATCH):
        batch = bars.iloc[max(0, first - OVERLAP) : min(first + BATCH, stop)]
        begin, end = batch.index[0], batch.index[-1]
        gaps = int(batch["is_gap"].sum())
        # All three or none: a feed that is killed in here sends the batch again next time.
        with store.transaction():
            store.market.write(batch, symbol, timeframe)
            store.market.record_request(
                symbol,
                timeframe,
                provider_used="backtesting",
                requested_at=end + BAR_LENGTH[timeframe],
                start_ts=begin,
                end_ts=end,
                coverage_ratio=1 - gaps / len(batch),
                gap_count=gaps,
                quality="gaps" if gaps else "complete",
            )
            store.state.set(progress_key("market_feed", symbol, timeframe), end.isoformat())
            fuse.burn()
        say("market_feed", f"{symbol} {timeframe}: {len(batch)} bars up to {end:%Y-%m-%d %H:%M}")
        time.sleep(pace)


def go_live(
    store: DataStore, feeds: dict[tuple[str, str], pd.DataFrame], fuse: Fuse, pace: float
) -> None:
    """Write the latest bars one at a time, the series taking turns."""
    for turn in range(-LIVE, 0):
        for (symbol, timeframe), bars in feeds.items():
            timestamp, bar = bars.index[turn], bars.iloc[turn]
            done = through(store, "market_feed", symbol, timeframe)
            if done is not None and timestamp <= done:
                continue
            with store.transaction():
                store.market.write_bar(
                    symbol,
                    timeframe,
                    timestamp,
                    open=bar["open"],
                    high=bar["high"],
                    low=bar["low"],
                    close=bar["close"],
                    volume=bar["volume"],
                    source="csv, live",
                    quality=bar["quality"],
                    is_gap=bool(bar["is_gap"]),
                    latency_sec=0.25,
                )
                key = progress_key("market_feed", symbol, timeframe)
                store.state.set(key, timestamp.isoformat())
                fuse.burn()
            time.sleep(pace)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--bars", type=int, help="only so many bars of each series")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between two writes")
    options = parser.parse_args()
    if options.bars is not None and options.bars <= LIVE:
        parser.error(f"--bars must be more than {LIVE}: so many arrive live")
    fuse = Fuse(options.stop_after)
    feeds = {
        (symbol, timeframe): with_gaps(read_candles(symbol), timeframe).iloc[: options.bars]
        for symbol, timeframe in SERIES
    }
    with DataStore(options.database) as store:
        for (symbol, timeframe), bars in feeds.items():
            backfill(store, symbol, timeframe, bars, fuse, options.pace)
        say("market_feed", "the past is complete, now live")
        go_live(store, feeds, fuse, options.pace)
        store.state.set("market_feed", "done")
    say("market_feed", "done")


if __name__ == "__main__":
    main()
