# SPDX-License-Identifier: MIT
"""Runs the four programs of the demo as processes of their own on one database file.

Any of them may be killed at any time. Running the demo again goes on where each stopped, and
ends in the same contents.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from session import PROGRAMS

from data_store import DataStore


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name(f"{program}.py")
    return subprocess.Popen([sys.executable, str(script), *map(str, arguments)])


def run(database: Path, picture: Path, options: argparse.Namespace) -> str | None:
    """Run the programs side by side, and name the one that failed, if any."""
    extra: dict[str, list[object]] = {program: [database] for program in PROGRAMS}
    extra["market_feed"] += ["--pace", options.pace]
    if options.bars is not None:
        extra["market_feed"] += ["--bars", options.bars]
    extra["trading_ui"] += [picture]
    for program, steps in options.kill:
        extra[program] += ["--stop-after", steps]
    processes = {program: start(program, *extra[program]) for program in PROGRAMS}
    try:
        # Each waits only for those before it, so the first that failed is met first.
        for program, process in processes.items():
            if process.wait() != 0:
                return program
        return None
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


def report(database: Path, picture: Path) -> int:
    """Print the inventory, the state of the file and where the picture is.

    The last to close a file folds the write-ahead log into it, unless it may only read.
    """
    with DataStore(database) as store:
        rows = store.info()["rows"]
        findings = store.check()
        print("\nmarket.series():")
        print(store.market.series().to_string(index=False))
        print("\nrows:", ", ".join(f"{table} {count}" for table, count in rows.items()))
        print("check():", "; ".join(findings) or "the file is sound")
    print("database:", database)
    print("picture: ", picture)
    return 1 if findings else 0


def step_of(text: str) -> tuple[str, int]:
    program, _, steps = text.partition(":")
    if program not in PROGRAMS:
        raise argparse.ArgumentTypeError(f"no program of the demo: {program}")
    return program, int(steps)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where the files go")
    parser.add_argument("--bars", type=int, help="only so many bars of each series")
    parser.add_argument("--pace", type=float, default=0.04, help="seconds between two writes")
    parser.add_argument(
        "--kill",
        type=step_of,
        action="append",
        default=[],
        metavar="PROGRAM:STEP",
        help="kill this program at that step",
    )
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database, picture = folder / "market.db", folder / "EURUSD.png"

    print("Four programs on one file: market_feed writes real candles, feature_engine computes")
    print("indicators of them, strategy_logic trades on both, trading_ui draws.\n", flush=True)
    with DataStore(database) as store:
        store.state.set_many(dict.fromkeys(PROGRAMS[:-1], "running"))
    failed = run(database, picture, options)
    if failed:
        print(f"\n{failed} ended early. Run the demo again: it goes on where it stopped.")
        return 1
    return report(database, picture)


if __name__ == "__main__":
    sys.exit(main())
