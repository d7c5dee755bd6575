# SPDX-License-Identifier: MIT
"""Lists the library's functions that everyday calls go through, for the linker to put side by side.

What is touched of a library is mapped in pieces of 64 KiB. Strewn over five megabytes, these
functions bring nearly three of them into memory; side by side, less than two. Writes
Sources/DataStoreC/hot_functions.txt, in the order of first use, which Package.swift hands to the
linker. `make hot-functions` runs this: before a release, and when .ci/hot-functions says that too
many of the names no longer exist. Needs valgrind, which Benchmarks/floor installs.

A new list is not always a better one: keep it if memory.py says that opening takes no more with it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from bench import ROOT, BenchError
from floor import PATHS, Floor

LIST = ROOT / "Sources/DataStoreC/hot_functions.txt"
SCRATCH = ROOT / ".build/symbols"


def _library_with_symbols() -> Path:
    build = [".ci/swift", "build", "-c", "release", "--product", "data_store"]
    environment = {**os.environ, "DATA_STORE_SYMBOLS": "1"}
    subprocess.run([*build, "--scratch-path", str(SCRATCH)], cwd=ROOT, env=environment, check=True)
    return SCRATCH / "release/libdata_store.so"


def _functions(profile: Path) -> list[str]:
    """Give the library's functions in a profile of callgrind's, each once."""
    libraries: dict[str, str] = {}
    names: dict[str, str] = {}
    found: dict[str, None] = {}
    is_ours = False
    for line in profile.read_text().splitlines():
        # A name stands beside its number where it comes first, be it of the caller or the callee.
        match = re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?", line)
        if match is None:
            continue
        called, kind, number, name = match.groups()
        table = libraries if kind == "ob" else names
        if name:
            table[number] = name
        if called:
            continue
        if kind == "ob":
            is_ours = "libdata_store" in libraries[number]
        elif is_ours:
            found.setdefault(re.sub(r"'\d+$", "", names[number]))  # a recursion's depth
    return list(found)


def main() -> int:
    """Count all paths once, and write down what they went through."""
    try:
        floor = Floor(ROOT / ".build/bench", _library_with_symbols())
        found: dict[str, None] = {}
        for path in PATHS:
            found.update(dict.fromkeys(_functions(floor.profile(path, calls=1))))
    except (BenchError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    symbols = [name for name in found if re.fullmatch(r"[\w$.]+", name)]
    LIST.write_text("\n".join(symbols) + "\n")
    print(f"{len(symbols)} functions in {LIST.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
