# SPDX-License-Identifier: MIT
"""The examples of docs/concurrency.md run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "concurrency.md"
PACKAGE = Path(__file__).parents[1]


def test_the_examples_run_one_after_the_other(tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(examples) > 5
    named = {name[1]: text for text in examples if (name := re.match(r"# (\w+\.py)\n", text))}
    for name, text in named.items():
        (tmp_path / name).write_text(text)
    program = tmp_path / "page.py"
    # As the guard of the last example has it: the workers import this file, and must do nothing.
    main = "\n".join(text for text in examples if text not in named.values())
    program.write_text(f"if __name__ == '__main__':\n    exec({main!r}, globals())\n")
    paths = [str(PACKAGE), os.environ.get("PYTHONPATH", "")]
    finished = subprocess.run(
        [sys.executable, "-W", "error", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
