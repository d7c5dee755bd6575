# SPDX-License-Identifier: MIT
"""The desk's figures as tables, and their place in docs/figures.md."""

from __future__ import annotations

from typing import Any

from .call import Call

Figures = dict[str, dict[str, float]]
"""By contender, what `Samples.as_json` gives."""
Sizes = dict[int, Figures]


def ratio(figures: Figures, of: str) -> float | None:
    """Give how many times sqlite3's speed ours is, by one of the figures."""
    if "ours" not in figures or "sqlite3" not in figures:
        return None
    return figures["sqlite3"][of] / figures["ours"][of]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _micros(seconds: float) -> str:
    micros = seconds * 1e6
    return f"{micros:.1f}" if micros < 100 else f"{micros:,.0f}"


_SHOWN = "p50", "p90", "p99", "cpu", "cpu_p50", "cpu_p99"


def lines(call: Call, figures: Figures) -> list[str]:
    """Give what the terminal shows of a call at one size."""
    shown = []
    for name, found in figures.items():
        times = "".join(f"  {of} {_micros(found[of]):>7}" for of in _SHOWN)
        shown.append(f"  {call.name:17} {name:7}{times}  us, {found['rounds']:,.0f} rounds")
    if ratio(figures, "p50") is not None:
        ratios = "".join(f"  {of} {_number(ratio(figures, of)):>7}" for of in _SHOWN)
        shown.append(f"  {call.name:17} {'ratio':7}{ratios}  x sqlite3's speed")
    return shown


def markdown(rows: list[list[str]]) -> str:
    """Lay a table out."""
    head, *body = rows
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *body))


def _cell(call: Call, figures: Figures | None, kind: str) -> str:
    if figures is None:
        return ""
    median, slow = ratio(figures, f"{kind}p50"), ratio(figures, f"{kind}p99")
    if median is None or slow is None:
        return ""
    is_met = call.target is None or median >= call.target
    left = _number(median) if is_met else f"**{_number(median)}**"
    # A first call, or an opening, is allowed to be slower; its slowest, too.
    floor = 1 if call.target is None or call.target >= 1 else call.target
    return f"{left} / {_number(slow) if slow >= floor else f'**{_number(slow)}**'}"


def _growth(sizes: Sizes, rows: dict[int, int], kind: str) -> str:
    small, large = min(sizes), max(sizes)
    if small == large or "ours" not in sizes[small]:
        return ""
    times = [sizes[size]["ours"][f"{kind}p50"] / rows[size] for size in (small, large)]
    return f"{times[1] / times[0]:.2f} x"


def desk(results: list[tuple[Call, Sizes, dict[int, int]]], kind: str) -> str:
    """Give the desk's day: calls down, sizes across. By time, or with "cpu_" by the CPU's."""
    sizes = sorted({size for _, found, _ in results for size in found})
    head = ["call", "target", *(f"{size:,} series" for size in sizes)]
    table = [[*head, "data_store", "sqlite3", "C", "growth"]]
    for call, found, rows in results:
        last: Figures = found[max(found)]
        times = [_micros(last[name][f"{kind}p50"]) if name in last else "" for name in _NAMES]
        target = "" if call.target is None else f"{call.target:.2g}"
        cells = [_cell(call, found.get(size), kind) for size in sizes]
        table.append([call.title, target, *cells, *times, _growth(found, rows, kind)])
    return markdown(table)


_NAMES = "ours", "sqlite3", "c"


def section(tables: dict[str, str], machine: str, largest: int) -> str:
    """Give what docs/figures.md says."""
    how = (
        "Times sqlite3's speed, p50 / p99; above 1 is faster, **bold** misses its target (of p99: "
        "is slower than sqlite3, or than the target where that is below 1). sqlite3 is Python's "
        "module, written well, on one open connection, with the same pragmas, the same durability "
        "and the same results, frames for frames. The contenders take turns call by call in one "
        "process; results are verified, and so is all that was written. The last columns are of "
        f"{largest:,} series: medians in microseconds (C fills arrays, not frames), and how much "
        "longer data_store takes per row than with the fewest series. The CPU's time is less "
        "disturbed by other programs; it does not have what a call waits for."
    )
    parts = [part for name, table in tables.items() for part in (f"{name}:", table)]
    return "\n\n".join([*parts, how, machine])


def as_json(results: list[tuple[Call, Sizes, dict[int, int]]]) -> dict[str, Any]:
    """Give all figures."""
    return {
        call.name: {"title": call.title, "target": call.target, "series": found}
        for call, found, _ in results
    }
