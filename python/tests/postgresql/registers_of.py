# SPDX-License-Identifier: MIT
"""The registers of the soak, each written by one call: what a fault may not tear or lose.

See ``programs/registers.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from programs import registers

from data_store import DataStore

NAME = "x"
Write = Callable[[DataStore, int], None]


def swap(store: DataStore, version: int) -> None:
    if not store.state.compare_and_set("counter", version - 1 or None, version):
        # What was stored though its answer was lost is found by a caller that looks again.
        assert store.state.get("counter") == version


def transaction(store: DataStore, version: int) -> None:
    with store.transaction():
        registers.write_sequence(store, version)


def write_tick(store: DataStore, version: int) -> None:
    """One bar again and again."""
    value = float(version)
    store.market.write_bar("tick", "1min", registers.HOURS[0], close=value, volume=value)


def read_tick(store: DataStore, names: list[str]) -> registers.Versions:
    found = store.market.latest_bar("tick", "1min")
    return {"tick": [0] if found is None else registers.distinct([found.close, found.volume])}


def read_single(store: DataStore, names: list[str]) -> registers.Versions:
    return {"single": [store.state.get("single", 0)]}


WRITES: dict[str, Write] = {
    "bars": lambda store, version: registers.write_bars(store, NAME, version),
    "live": lambda store, version: registers.write_live(store, NAME, version),
    "tick": write_tick,
    "merged": lambda store, version: registers.write_merged(store, NAME, version),
    "state": lambda store, version: registers.write_state(store, NAME, version),
    "single": lambda store, version: store.state.set("single", version),
    "requests": lambda store, version: registers.write_requests(store, NAME, version),
    "counter": swap,
    "sequence": transaction,
}

READS: dict[str, Callable[[DataStore, list[str]], registers.Versions]] = {
    "bars": registers.read_bars,
    "live": registers.read_live_whole,
    "tick": read_tick,
    "merged": registers.read_merged,
    "state": registers.read_state,
    "single": read_single,
    "requests": registers.read_requests,
    "counter": registers.read_counter,
    "sequence": registers.read_sequence,
}


def version(store: DataStore, kind: str) -> int:
    """Which version a register holds: one, and not halves of two."""
    found = READS[kind](store, [NAME])
    [versions] = [told for register, told in found.items() if register.startswith(kind)]
    assert len(versions) == 1, f"{kind}: {versions} at once, half of a write"
    assert versions[0] >= 0, f"{kind}: half of a write"
    return versions[0]
