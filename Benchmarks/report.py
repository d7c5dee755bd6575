# SPDX-License-Identifier: MIT
"""The table of a run of all works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contenders import ENTRIES, YARDSTICK

if TYPE_CHECKING:
    from bench import Bench
    from results import Result

OURS = "ours"

EXTERNAL = (
    "Other engines, with formats and durability of their own, were measured separately, in the "
    "same works, against a yardstick like this one (backfill / backfill with features / rewrite "
    "/ read / read with features): DuckDB's own file 1.3 / 0.4 / 7.1 / 1.3 / 0.07 x C. Writing one "
    "bar in its own commit takes DuckDB 4.0 ms and ArcticDB 7.6 ms, reading the newest bar 2.9 ms "
    "and 3.1 ms. ArcticDB keeps compressed columns in LMDB, in a folder of its own, and rewrites "
    "whole segments; what it stored is verified by reading."
)


def table(bench: Bench, results: list[Result]) -> str:
    """Give the figures as a Markdown table: works down, contenders across."""
    ran = {name for result in results for name in result.contenders()}
    columns = [name for name in ENTRIES if name in ran]
    others = [name for name in columns if name not in (OURS, YARDSTICK)]
    head = ["work", *([ENTRIES[OURS].title, "target", ""] if OURS in ran else [])]
    head += [ENTRIES[YARDSTICK].title, *(ENTRIES[name].title for name in others)]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for result in results:
        line = [result.work.title]
        if OURS in ran:
            line += _verdict(result)
        line.append(_yardstick(bench, result))
        line += [_figure(result, name) for name in others]
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _figure(result: Result, name: str) -> str:
    figure = result.figure(name) if name in result.contenders() else None
    return "" if figure is None else result.work.shown(figure)


def _verdict(result: Result) -> list[str]:
    figure = result.figure(OURS) if OURS in result.contenders() else None
    if figure is None:
        return ["", "", ""]
    work = result.work
    bound = "at most" if work.at_most else "at least"
    target = f"{bound} {work.shown(work.target).replace('.00', '')}"
    return [work.shown(figure), target, "met" if work.is_met(figure) else "**missed**"]


def _yardstick(bench: Bench, result: Result) -> str:
    """C's own rate; where there is none, its figure in the same work."""
    if YARDSTICK not in result.contenders():
        return ""
    rate = result.work.rate(bench, result.middle(YARDSTICK))
    return rate or _figure(result, YARDSTICK)


def section(bench: Bench, results: list[Result], machine: str, peer_runs: int) -> str:
    """Give what docs/figures.md says: the table, how it was taken, other engines."""
    runs = max(len(result.runs) // result.work.repeats for result in results)
    repeats = max(result.work.repeats for result in results)
    calls = f" ({runs * repeats} where a single call is timed)" if repeats > 1 else ""
    how = (
        f"Medians of {runs} interleaved runs{calls}, one process per sample, every value verified. "
        "Bulk works: speed as a multiple of C's, from and to DataFrames, until the file is closed. "
        "p50: median time as a multiple of C's. C is one prepared statement with static binds, row "
        "by row, with hand-written number and time formatting; its column shows its own rate. All "
        f"use WAL and synchronous={bench.synchronous} unless the row says otherwise."
    )
    if peer_runs < runs:
        how += f" Other contenders ran {_times(peer_runs)}."
    if bench.scale != 1:
        how += f" **Only {bench.scale:g} of the rows.**"
    return "\n\n".join([table(bench, results), how, machine, EXTERNAL])


def _times(count: int) -> str:
    """Give a count of runs in words where English has one."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
