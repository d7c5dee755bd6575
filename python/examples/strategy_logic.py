# SPDX-License-Identifier: MIT
"""strategy_logic: reads bars and features, and keeps a trading state machine in the store.

The rule is a toy: buy when the relative strength index is low, sell when it has recovered or the
loss is too large, and after a loss stay out for a while. What counts here is that the machine
survives: it is read, moved on over the new bars, and put back with compare_and_set, which fails
if another process moved it meanwhile.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from session import SERIES, Fuse, arguments, follow, progress_key, say, through

from data_store import DataStore

CHUNK = 250  # bars between two savings of the machine
BUY_BELOW, SELL_ABOVE = 30.0, 55.0  # of the relative strength index
STOP_LOSS = 0.01  # of the entry price
COOLDOWN = 12  # bars

Machine = dict[str, Any]  # phase: flat, long or cooldown
START: Machine = {
    "phase": "flat",
    "through": None,
    "entry": None,
    "bars_left": 0,
    "trades": 0,
    "profit": 0.0,
}


def step(machine: Machine, close: float, strength: float) -> Machine:
    """Move the machine on by one bar."""
    if machine["phase"] == "flat" and strength < BUY_BELOW:
        return machine | {"phase": "long", "entry": close}
    if machine["phase"] == "long":
        profit = close / machine["entry"] - 1
        if profit > -STOP_LOSS and not strength > SELL_ABOVE:
            return machine
        phase = {"phase": "cooldown", "bars_left": COOLDOWN} if profit < 0 else {"phase": "flat"}
        total = {"trades": machine["trades"] + 1, "profit": machine["profit"] + profit}
        return machine | phase | total | {"entry": None}
    if machine["phase"] == "cooldown":
        left = machine["bars_left"] - 1
        return machine | {"bars_left": left, "phase": "cooldown" if left else "flat"}
    return machine


def advance(machine: Machine, bars: pd.DataFrame) -> Machine:
    """Move the machine on over `bars`. Gap rows have no price, and nothing happens on them."""
    for close, strength in zip(bars["close"], bars["rsi@2.1"], strict=True):
        if not pd.isna(close):
            machine = step(machine, close, strength)
    return machine | {"through": bars.index[-1].isoformat()}


def catch_up(store: DataStore, symbol: str, timeframe: str, fuse: Fuse) -> bool:
    """Take the machine over the bars whose features are there, at most CHUNK of them."""
    key = progress_key("strategy", symbol, timeframe)
    computed = through(store, "feature_engine", symbol, timeframe)
    before = store.state.get(key)
    done = None if before is None else pd.Timestamp(before["through"])
    if computed is None or computed == done:
        return False
    bars = store.market.read(
        symbol,
        timeframe,
        start=None if done is None else done + pd.Timedelta(1, "ns"),
        end=computed,
        columns=["close"],
        features=["rsi@2.1"],
        limit=CHUNK,
    )
    after = advance(before or START, bars)
    fuse.burn()
    if not store.state.compare_and_set(key, before, after):
        say("strategy_logic", f"{key} was moved on by another process: looking again")
    return True


def main() -> None:
    options = arguments(__doc__).parse_args()
    fuse = Fuse(options.stop_after)
    with DataStore(options.database) as store:
        follow(
            store,
            "feature_engine",
            lambda: any(catch_up(store, *series, fuse) for series in SERIES),
        )
        for symbol, timeframe in SERIES:
            machine = store.state.get(progress_key("strategy", symbol, timeframe), START)
            say(
                "strategy_logic",
                f"{symbol} {timeframe}: {machine['phase']} after {machine['trades']} trades, "
                f"{machine['profit']:+.1%} in sum",
            )
        store.state.set("strategy_logic", "done")
    say("strategy_logic", "done")


if __name__ == "__main__":
    main()
