# SPDX-License-Identifier: MIT
"""The memory of strategies, for tasks of an event loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._calls import Calls

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StateRepo"]


class StateRepo:
    """The calls of `data_store.StateRepo` as coroutines. Use `DataStore.state`.

    Parameters
    ----------
    calls : Calls
        Of the store.
    """

    __slots__ = ("_calls",)

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def set(self, key: str, value: object) -> None:
        """Store `value` under `key`, whatever was there."""
        await self._calls.write(lambda store: store.state.set(key, value))

    async def set_many(self, mapping: Mapping[str, object]) -> None:
        """Store all entries of `mapping`, or none."""
        await self._calls.write(lambda store: store.state.set_many(mapping))

    async def get(self, key: str, default: object = None) -> Any:
        """Give the value under `key`."""
        return await self._calls.read(lambda store: store.state.get(key, default))

    async def delete(self, key: str) -> bool:
        """Remove `key`; tell whether it was there."""
        return await self._calls.write(lambda store: store.state.delete(key))

    async def keys(self, prefix: str = "") -> list[str]:
        """Give the keys that begin with `prefix`."""
        return await self._calls.read(lambda store: store.state.keys(prefix))

    async def items(self, prefix: str = "") -> dict[str, Any]:
        """Give the keys that begin with `prefix`, with their values."""
        return await self._calls.read(lambda store: store.state.items(prefix))

    async def updated_at(self, key: str) -> pd.Timestamp | None:
        """Give the time of the last write of `key`."""
        return await self._calls.read(lambda store: store.state.updated_at(key))

    async def compare_and_set(self, key: str, expected: object, value: object) -> bool:
        """Store `value` only if `get(key)` equals `expected`, in one step across processes."""
        return await self._calls.write(
            lambda store: store.state.compare_and_set(key, expected, value)
        )
