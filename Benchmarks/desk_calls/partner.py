# SPDX-License-Identifier: MIT
"""Another process of the desk, which writes to the same file as a contender.

python -m desk_calls.partner CONTENDER FILE SYNCHRONOUS FOLDER SERIES, then a line for each command:
"write SYMBOL NANOSECONDS CELL", or "stream PART PARTS": bars of every so many series in turn, with
a pause after each, until the next line. Each is answered by a line.
"""

from __future__ import annotations

import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dataset import FIRST, MINUTE, TIMEFRAME

from . import load
from .market import STREAMED, Market, time_of

if TYPE_CHECKING:
    from .files import Place

PAUSE = 0.002


class Partner:
    """The process, from this side."""

    def __init__(self, place: Place, contender: str, path: Path, synchronous: str) -> None:
        arguments = [contender, path, synchronous, place.folder, place.market.series]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "desk_calls.partner", *map(str, arguments)],
            cwd=Path(__file__).resolve().parents[1],
            env=place.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answered()

    def _answered(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a partner process ended")
        return line

    def _ask(self, command: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answered()

    def write(self, symbol: str, nanoseconds: int, cell: int) -> None:
        """Let it commit a bar."""
        self._ask(f"write {symbol} {nanoseconds} {cell}")

    def stream(self, part: int, parts: int) -> None:
        """Let it write all the time."""
        self._ask(f"stream {part} {parts}")

    def stop(self) -> int:
        """Let it stop; give how many bars it wrote."""
        return int(self._ask("stop"))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def main() -> None:
    """Be the process."""
    contender, path, synchronous, folder, series = sys.argv[1:]
    market = Market(Path(folder) / "desk-data", int(series))
    store = load(contender)(path, synchronous, str(market.pool.folder))
    is_c = contender == "c"
    # Far from the bars that were there: all that is written is in order.
    next_minute = [market.rows + STREAMED] * market.series
    written = 0

    def write(symbol: str, minute: int, cell: int) -> None:
        store.write_bar(symbol, TIMEFRAME, time_of(minute), cell if is_c else market.bars[cell])

    print("ready", flush=True)
    streaming: range | None = None
    turn = 0
    while True:
        while streaming is not None and not select.select([sys.stdin], [], [], PAUSE)[0]:
            number = streaming[turn % len(streaming)]
            turn += 1
            minute = next_minute[number]
            next_minute[number] = minute + 1
            write(market.symbols[number], minute, market.cell(number, minute))
            written += 1
        line = sys.stdin.readline().split()
        if not line:
            break
        if line[0] == "write":
            write(line[1], (int(line[2]) - FIRST) // MINUTE, int(line[3]))
        elif line[0] == "stream":
            streaming = range(int(line[1]), market.series, int(line[2]))
        else:
            streaming = None
        print(written, flush=True)
    store.close()


if __name__ == "__main__":
    main()
