# SPDX-License-Identifier: MIT
"""What a trading desk does all day: small calls, on few series and many, beside sqlite3 and C."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pages
from bench import LIBRARY, ROOT, BenchError, remove
from desk_calls import CONTENDERS, reads, sharing, state, table, writes
from desk_calls.call import Call
from desk_calls.files import Place, environment_of
from desk_calls.timing import Round, Seat
from machine import described

CALLS = {call.name: call for call in [*reads.CALLS, *writes.CALLS, *state.CALLS, *sharing.CALLS]}
SERIES = [20, 500, 2000, 10_000]
QUICK_SERIES = [20, 500]
FULL_SERIES = 500
PAGE = pages.FIGURES
MARK = "desk"

Results = list[tuple[Call, table.Sizes, dict[int, int]]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", help=f"by comma (default {','.join(map(str, SERIES))})")
    parser.add_argument("--calls", help=f"by comma, of {', '.join(CALLS)}")
    parser.add_argument("--contenders", help=f"by comma, of {', '.join(CONTENDERS)}")
    parser.add_argument(
        "--durability",
        default="normal,full",
        help=f"by comma; full: writes alone, at {FULL_SERIES} series unless --series is given",
    )
    parser.add_argument("--rounds", type=int, default=2000, help="of a call, at most")
    parser.add_argument("--seconds", type=float, default=1.5, help="for a call at one size")
    parser.add_argument("--quick", action="store_true", help="20 and 500 series, a moment for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/bench", help="data and files")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--write", action="store_true", help="put the table into docs/figures.md")
    arguments = parser.parse_args()
    for name, known in ("calls", CALLS), ("contenders", CONTENDERS):
        chosen = getattr(arguments, name)
        chosen = chosen.split(",") if chosen else list(known)
        unknown = [word for word in chosen if word not in known]
        if unknown:
            parser.error(f"no such {name[:-1]}: {', '.join(unknown)}")
        setattr(arguments, name, [word for word in known if word in chosen])
    arguments.folder = arguments.folder.resolve()
    arguments.durability = arguments.durability.upper().split(",")
    if not {*arguments.durability} <= {"NORMAL", "FULL"}:
        parser.error("--durability is normal, full, or both")
    arguments.sizes = [int(word) for word in (arguments.series or "").split(",") if word]
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.2)
    return arguments


def _sizes(arguments: argparse.Namespace, synchronous: str) -> list[int]:
    if arguments.sizes:
        return list(arguments.sizes)
    if synchronous == "FULL":
        return [FULL_SERIES]
    return QUICK_SERIES if arguments.quick else SERIES


def _at_size(
    arguments: argparse.Namespace, synchronous: str, size: int, calls: list[Call]
) -> dict[str, tuple[table.Figures, int]]:
    """Make all calls at one size, on fresh copies of its files."""
    place = Place(arguments.folder, arguments.environment, size)
    seats = [Seat(place, name, synchronous) for name in arguments.contenders]
    found = {}
    verified = False
    try:
        for call in calls:
            if call.partners and not verified:
                verified = _verify(seats)  # partners write what is checked as it is read
            samples = Round(call, seats, place, arguments.seed).run(
                arguments.seconds, arguments.rounds
            )
            figures = {name: sample.as_json() for name, sample in samples.items()}
            found[call.name] = figures, call.rows(place.market)
            print(*table.lines(call, figures), sep="\n", flush=True)
        if not verified:
            _verify(seats)
    finally:
        for seat in seats:
            seat.close()
            remove(seat.path)
    return found


def _verify(seats: list[Seat]) -> bool:
    for seat in seats:
        seat.verify()
    return True


def _measured(arguments: argparse.Namespace, synchronous: str) -> Results:
    calls = [CALLS[name] for name in arguments.calls]
    if synchronous == "FULL":
        calls = [call for call in calls if call.is_write]
    results: Results = [(call, {}, {}) for call in calls]
    for size in _sizes(arguments, synchronous) if calls else []:
        print(f"{size:,} series, synchronous={synchronous}", flush=True)
        found = _at_size(arguments, synchronous, size, calls)
        for call, sizes, rows in results:
            sizes[size], rows[size] = found[call.name]
    return results


def main() -> int:
    """Run, print, write."""
    arguments = _arguments()
    if arguments.write and not pages.has_place(PAGE, MARK):
        print(f"{PAGE} lacks the markers <!-- {MARK} --> and <!-- /{MARK} -->", file=sys.stderr)
        return 2
    try:
        arguments.environment = environment_of(arguments.folder, arguments.library)
        measured = {word: _measured(arguments, word) for word in arguments.durability}
    except (BenchError, AssertionError) as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    measured = {word: results for word, results in measured.items() if results}
    machine = described(arguments.folder)
    tables = {
        f"synchronous={word}, by {kind}": table.desk(results, prefix)
        for word, results in measured.items()
        for prefix, kind in (("", "the time that passed"), ("cpu_", "the CPU's time"))
    }
    text = table.section(tables, machine, max(max(f) for r in measured.values() for _, f, _ in r))
    print("\n" + text)
    if arguments.json:
        figures = {word: table.as_json(results) for word, results in measured.items()}
        arguments.json.write_text(json.dumps({"machine": machine, **figures}, indent=1) + "\n")
    if arguments.write:
        pages.put(PAGE, text, MARK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
