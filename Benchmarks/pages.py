# SPDX-License-Identifier: MIT
"""Places in docs/ for tables of what was measured: between <!-- MARK --> and <!-- /MARK -->."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
FIGURES = DOCS / "figures.md"


def _markers(mark: str) -> tuple[str, str]:
    return f"<!-- {mark} -->", f"<!-- /{mark} -->"


def has_place(page: Path, mark: str) -> bool:
    """Tell whether the page has the markers."""
    begin, end = _markers(mark)
    text = page.read_text()
    return begin in text and end in text.split(begin, 1)[1]


def put(page: Path, text: str, mark: str) -> None:
    """Put the section between the markers."""
    begin, end = _markers(mark)
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page.read_text(), count=1))
