# SPDX-License-Identifier: MIT
"""Bars, their features, and how they were obtained: a class of the methods in `_market`."""

from __future__ import annotations

from ._c.handles import OfThisProcess, StoreHandle
from ._market import arrow_reading, coverage, inventory, live_bars, reading, recording, writing
from ._methods import adopt

__all__ = ["MarketRepo"]


class MarketRepo(OfThisProcess):
    """Bars and features by symbol, timeframe and timestamp. Use `DataStore.market`.

    All writes are upserts, one transaction per call: if anything is wrong in any row, nothing of
    the call is written. Bounds are inclusive: aware datetimes, or ISO 8601 text, which without an
    offset means UTC and as a bare date covers the whole day. Threads may share one `MarketRepo`.
    A DataFrame that is returned owns its memory and may outlive the store.
    """

    __slots__ = ("_store",)

    def __init__(self, store: StoreHandle) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._store.name}>"

    write = writing.write
    write_features = writing.write_features
    write_bar = live_bars.write_bar
    latest_bar = live_bars.latest_bar
    read = reading.read
    read_features = reading.read_features
    latest = reading.latest
    iter = reading.iter
    read_arrow = arrow_reading.read_arrow
    read_features_arrow = arrow_reading.read_features_arrow
    iter_arrow = arrow_reading.iter_arrow
    exists = coverage.exists
    count = coverage.count
    feature_keys = coverage.feature_keys
    hash = coverage.hash
    missing = coverage.missing
    series = inventory.series
    delete = inventory.delete
    record_request = recording.record_request
    requests = recording.requests


adopt(MarketRepo)
