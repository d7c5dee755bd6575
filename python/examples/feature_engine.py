# SPDX-License-Identifier: MIT
"""feature_engine: computes indicators of the bars that have come in, and stores them as features.

It works while market_feed is still writing. Both write to the same rows: the feed never touches
the features, the engine nothing else.
"""

from __future__ import annotations

import pandas as pd
from session import SERIES, Fuse, arguments, follow, progress_key, say, through

from data_store import DataStore

CHUNK = 250  # bars in one write
WINDOWS = {"returns@1.0": 2, "rsi@2.1": 15, "sma.20@1.0": 20}  # closes that a value looks back on


def relative_strength(close: pd.Series[float]) -> pd.Series[float]:
    """Compute Wilder's relative strength index over 14 changes, 0 to 100."""
    change = close.diff()
    rise = change.clip(lower=0).ewm(alpha=1 / 14, min_periods=14).mean()
    fall = -change.clip(upper=0).ewm(alpha=1 / 14, min_periods=14).mean()
    return 100 * rise / (rise + fall)


def indicators(bars: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compute the features of all `bars`.

    Returns
    -------
    values, quality : DataFrame
        float64 and words, one column per key, on the index of `bars`. The word is "missing" on gap
        rows, "warmup" until there are closes enough, "degraded" where a gap lies in the window.
    """
    close = bars["close"].dropna()
    values = pd.DataFrame(
        {
            "returns@1.0": close.pct_change(),
            "rsi@2.1": relative_strength(close),
            "sma.20@1.0": close.rolling(20).mean(),
        }
    ).reindex(bars.index)
    quality = values.notna().map(lambda known: "ready" if known else "warmup")
    for key, window in WINDOWS.items():
        near_gap = bars["is_gap"].astype(float).rolling(window, min_periods=1).sum() > 0
        quality.loc[near_gap & values[key].notna(), key] = "degraded"
        quality.loc[bars["is_gap"], key] = "missing"
    return values, quality


def catch_up(store: DataStore, symbol: str, timeframe: str, fuse: Fuse) -> int:
    """Store the features of bars that have none yet, at most CHUNK, and tell how many."""
    fed = through(store, "market_feed", symbol, timeframe)
    done = through(store, "feature_engine", symbol, timeframe)
    if fed is None or fed == done:
        return 0
    # From the first bar on: the index remembers all of the past, however little, and so its
    # last digit does not depend on where an earlier run was killed.
    bars = store.market.read(symbol, timeframe, end=fed, columns=["close", "is_gap"])
    values, quality = indicators(bars)
    first = 0 if done is None else int(bars.index.searchsorted(done, side="right"))
    new = bars.index[first : first + CHUNK]
    with store.transaction():
        store.market.write_features(values.loc[new], symbol, timeframe, quality=quality.loc[new])
        key = progress_key("feature_engine", symbol, timeframe)
        store.state.set(key, new[-1].isoformat())
        fuse.burn()
    return len(new)


def main() -> None:
    options = arguments(__doc__).parse_args()
    fuse = Fuse(options.stop_after)
    alongside = 0
    with DataStore(options.database) as store:

        def work() -> bool:
            nonlocal alongside
            written = sum(catch_up(store, *series, fuse) for series in SERIES)
            if store.state.get("market_feed") == "running":
                alongside += written
            return written > 0

        follow(store, "market_feed", work)
        store.state.set("feature_engine", "done")
    say("feature_engine", f"done; {alongside} bars while market_feed was writing")


if __name__ == "__main__":
    main()
