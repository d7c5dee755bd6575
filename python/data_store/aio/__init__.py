# SPDX-License-Identifier: MIT
"""The store for asyncio: the same calls as coroutines, so that the event loop never waits for them.

>>> async with DataStore("market.db") as store:
...     await store.market.write_bar("EURUSD", "1h", time, close=1.08)
...     async with store.transaction():
...         count = await store.state.get("count", 0)
...         await store.state.set("count", count + 1)
"""

from __future__ import annotations

from ._market import MarketRepo
from ._state import StateRepo
from ._store import DataStore
from ._transaction import Transaction

__all__ = ["DataStore", "MarketRepo", "StateRepo", "Transaction"]
