# SPDX-License-Identifier: MIT
"""trading_ui: watches the store while the others write, then draws one series to a PNG.

It opens the file read-only: no writer ever waits for it, and it waits for no writer.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import matplotlib as mpl
import mplfinance as mpf  # type: ignore[import-untyped]
import pandas as pd
from session import SERIES, Fuse, arguments, follow, say

from data_store import DataStore

mpl.use("Agg")  # draws to files, needs no screen
WINDOW = 130  # bars in the picture
FEATURES = ["sma.20@1.0", "rsi@2.1"]


def window_to_show(bars: pd.DataFrame) -> pd.DataFrame:
    """Choose the bars around the latest gap, or the latest bars where there is none."""
    gaps = bars["is_gap"].to_numpy().nonzero()[0]
    end = min(len(bars), int(gaps[-1]) + WINDOW // 2) if len(gaps) else len(bars)
    return bars.iloc[max(0, end - WINDOW) : end]


def draw(bars: pd.DataFrame, title: str, picture: Path) -> None:
    """Draw candles, average, relative strength, volume and the gaps to the file `picture`."""
    figure, axes = mpf.plot(
        bars,
        type="candle",
        style="yahoo",
        columns=("open", "high", "low", "close", "volume"),
        title={"title": title, "weight": "bold", "fontsize": 13, "y": 0.92},
        volume=True,
        addplot=[
            mpf.make_addplot(bars["sma.20@1.0"], color="tab:blue", label="sma.20@1.0"),
            mpf.make_addplot(bars["rsi@2.1"], panel=2, color="tab:purple", ylabel="rsi@2.1"),
        ],
        figsize=(13, 8),
        returnfig=True,
        warn_too_much_data=len(bars) + 1,
    )
    # mplfinance puts bar i at x = i, so a gap is the stripe from i - 1/2 to i + 1/2.
    for position in bars["is_gap"].to_numpy().nonzero()[0]:
        for axis in axes[::2]:
            axis.axvspan(position - 0.5, position + 0.5, color="tab:orange", alpha=0.25, lw=0)
    # Under another name first: a viewer of the picture never sees half of it.
    unfinished = picture.with_name(f".unfinished-{picture.name}")
    figure.savefig(unfinished, dpi=100, bbox_inches="tight")
    unfinished.replace(picture)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("picture", type=Path, help="the PNG file to draw")
    options = parser.parse_args()
    fuse = Fuse(options.stop_after)
    symbol, timeframe = SERIES[0]
    shown: date | None = None
    with DataStore(options.database, read_only=True) as store:

        def watch() -> bool:
            nonlocal shown
            fuse.burn()
            bar = store.market.latest_bar(symbol, timeframe)
            if bar is None or bar.timestamp.date() == shown:
                return False
            shown = bar.timestamp.date()
            say("trading_ui", f"{symbol} {timeframe} on {shown}: close {bar.close}")
            return True

        follow(store, "strategy_logic", watch)
        bars = window_to_show(store.market.read(symbol, timeframe, features=FEATURES))
    fuse.burn()
    missing = f"{bars['is_gap'].sum()} of {len(bars)} bars missing (orange)"
    draw(bars, f"{symbol} {timeframe}, {missing}", options.picture)
    say("trading_ui", "done")


if __name__ == "__main__":
    main()
