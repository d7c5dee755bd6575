# SPDX-License-Identifier: MIT
# The source of notebook.ipynb. `make notebook` runs it and writes the notebook, with outputs.

# %% [markdown]
# # A notebook: candles, features, plots
#
# Real hourly candles go into a store, indicators beside them, and both come out again as pictures. The candles are those
# that the package `backtesting` brings. [notebook.py](notebook.py) is the source of [this
# notebook](notebook.ipynb).

# %%
from importlib import metadata

import matplotlib.pyplot as plt
import mplfinance as mpf
import pandas as pd

from data_store import DataStore

store = DataStore("market.db")


def candles(symbol: str) -> pd.DataFrame:
    path = next(file for file in metadata.files("backtesting") if file.name == f"{symbol}.csv").locate()
    frame = pd.read_csv(path, index_col=0, parse_dates=True).rename(columns=str.lower)
    return frame.astype(float).tz_localize("UTC")


store.market.write(candles("EURUSD"), "EURUSD", "1h")
store.market.write(candles("GOOG"), "GOOG", "1d")

# %% [markdown]
# ## What is stored

# %%
store.market.series()

# %%
store.market.latest("EURUSD", "1h", 3, columns=["open", "high", "low", "close", "volume"])

# %% [markdown]
# ## Which hours are missing?
#
# The market is closed at weekends. The other holes are holes in the data.

# %%
first, last = store.market.series()[["first", "last"]].iloc[0]
hours = pd.date_range(first, last, freq="h")
open_hours = hours[(hours.day_of_week < 5) & ~((hours.day_of_week == 4) & (hours.hour >= 21))]
missing = store.market.missing("EURUSD", "1h", first, last, expected=open_hours)
print(missing["bars"].sum(), "bars are missing, in", len(missing), "runs")
missing.sort_values("bars", ascending=False).head(3)

# %% [markdown]
# ## Features
#
# A moving average and Wilder's relative strength index, each with its quality: not ready before there are bars enough.

# %%
close = store.market.read("EURUSD", "1h", columns=["close"])["close"]
change = close.diff()
rise = change.clip(lower=0).ewm(alpha=1 / 14, min_periods=14).mean()
fall = -change.clip(upper=0).ewm(alpha=1 / 14, min_periods=14).mean()
features = pd.DataFrame(
    {
        "returns@1.0": close.pct_change(),
        "sma.20@1.0": close.rolling(20).mean(),
        "rsi@1.0": 100 * rise / (rise + fall),
    }
)
quality = features.notna().map(lambda known: "ready" if known else "warmup")
store.market.write_features(features, "EURUSD", "1h", quality=quality)

store.market.feature_keys("EURUSD", "1h")

# %%
week = store.market.read("EURUSD", "1h", "2018-01-15", "2018-01-19", features=True)
week[["close", "returns@1.0", "sma.20@1.0", "rsi@1.0"]].tail(3)

# %% [markdown]
# ## Candles, average, volume, strength

# %%
figure, _ = mpf.plot(
    week,
    type="candle",
    style="yahoo",
    volume=True,
    addplot=[
        mpf.make_addplot(week["sma.20@1.0"], color="tab:blue"),
        mpf.make_addplot(week["rsi@1.0"], panel=2, color="tab:purple", ylabel="rsi@1.0"),
    ],
    figsize=(12, 7),
    title={"title": "EURUSD 1h", "weight": "bold"},
    returnfig=True,
)

# %% [markdown]
# ## How returns are distributed

# %%
returns = store.market.read("EURUSD", "1h", columns=[], features=["returns@1.0"])["returns@1.0"] * 1e4
axes = returns.plot.hist(bins=80, figsize=(10, 3))
axes.set_xlabel("hourly return, 1/100 of a percent")
plt.tight_layout()

# %% [markdown]
# ## Where this came from
#
# Facts about the data lie beside it: how each range was obtained, and anything else as state.

# %%
store.market.record_request(
    "EURUSD",
    "1h",
    provider_used="backtesting",
    start_ts=first,
    end_ts=last,
    gap_count=int(missing["bars"].sum()),
)
store.market.requests()[["symbol", "provider_used", "start_ts", "end_ts", "gap_count"]]

# %%
store.state.set("notebook/EURUSD", {"bars": len(close), "features": store.market.feature_keys("EURUSD", "1h")})
store.state.get("notebook/EURUSD")

# %%
print(store.check() or "the file is sound")
store.close()
