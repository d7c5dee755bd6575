# SPDX-License-Identifier: MIT
"""Runs the works, contender beside contender, and shows how they compare with hand-written C."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pages
import report
from bench import LIBRARY, ROOT, Bench, BenchError
from contenders import DEFAULT, ENTRIES, YARDSTICK
from machine import described
from results import Result
from works import WORKS, Work

MARK = "bench"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="samples of each (default 5)")
    parser.add_argument(
        "--peer-runs",
        type=int,
        help="samples of the contenders that are neither C nor data_store (default: as many)",
    )
    parser.add_argument("--only", action="append", choices=WORKS, help="this work; may be repeated")
    parser.add_argument("--contenders", help=f"by comma, of {', '.join(ENTRIES)}")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows")
    parser.add_argument("--synchronous", choices=("NORMAL", "FULL"), default="NORMAL")
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/bench", help="data and files")
    parser.add_argument("--json", type=Path, help="write all samples here")
    parser.add_argument("--write", action="store_true", help="put the table into docs/figures.md")
    arguments = parser.parse_args()
    chosen = arguments.contenders.split(",") if arguments.contenders else DEFAULT
    unknown = [name for name in chosen if name not in ENTRIES]
    if unknown:
        parser.error(f"no such contender: {', '.join(unknown)}")
    if arguments.peer_runs is None:
        arguments.peer_runs = arguments.runs
    for name in set(chosen):
        if not ENTRIES[name].is_installed:
            print(
                f"{name} is left out: module '{ENTRIES[name].needs}' is not installed",
                file=sys.stderr,
            )
            chosen = [other for other in chosen if other != name]
    arguments.contenders = [name for name in ENTRIES if name in {*chosen, YARDSTICK}]
    return arguments


# What the targets are about; the others are slower, and there to see how much.
_MAIN = frozenset({"c", "c-nomutex", "ours", "ours-c"})


def _sample(bench: Bench, work: Work, names: list[str], runs: int, peer_runs: int) -> Result:
    """Take samples in turn: A B C, A B C, ..."""
    result = Result(work)
    taking_part = [name for name in names if name in work.contenders]
    samples = runs * work.repeats
    for run in range(samples):
        result.runs.append({})
        for name in taking_part:
            if run >= peer_runs and name not in _MAIN:
                continue
            print(f"\r\033[K{work.name}: {run + 1} of {samples}, {name}", end="", file=sys.stderr)
            result.runs[-1][name] = work.sample(bench, ENTRIES[name])
    print("\r\033[K", end="", file=sys.stderr)
    for name in taking_part:
        figure = result.figure(name)
        rate = work.rate(bench, result.middle(name))
        if figure is not None:
            print(f"{work.name:15} {name:10} {work.shown(figure):>10} {rate:>12}", flush=True)
    return result


def main() -> int:
    """Run, print, write."""
    arguments = _arguments()
    page = pages.FIGURES
    if arguments.write and not pages.has_place(page, MARK):
        print(f"{page} lacks the markers <!-- {MARK} --> and <!-- /{MARK} -->", file=sys.stderr)
        return 2
    try:
        bench = Bench(arguments.folder, arguments.library, arguments.synchronous, arguments.scale)
        works = [WORKS[name] for name in arguments.only or WORKS]
        results = [
            _sample(bench, work, arguments.contenders, arguments.runs, arguments.peer_runs)
            for work in works
        ]
    except BenchError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    machine = described(arguments.folder)
    print("\n" + report.section(bench, results, machine, arguments.peer_runs))
    if arguments.json:
        samples = {result.work.name: result.as_json() for result in results}
        arguments.json.write_text(
            json.dumps({"machine": machine, "works": samples}, indent=1) + "\n"
        )
    if arguments.write:
        pages.put(page, report.section(bench, results, machine, arguments.peer_runs), MARK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
