# SPDX-License-Identifier: MIT
"""Text as mdoc, the language of man pages, has it."""

import re
import textwrap
from collections.abc import Iterator

__all__ = ["DATE", "argument", "bold", "literal", "sentences", "text"]

DATE = "November 29, 2026"
"""Of the pages: a constant, so that the same sources give the same pages."""


def text(line: str) -> str:
    """Escape a line of prose, so that nothing of it is a request or an escape sequence."""
    line = line.replace("\\", "\\e")
    return f"\\&{line}" if line[:1] in (".", "'") else line


def argument(line: str) -> str:
    """Escape what stands behind a macro: short words that are macros themselves are text."""
    line = text(line).replace('"', "\\(dq")
    return re.sub(r"(?<!\S)(?=[A-Z%][A-Za-z\dx]{0,2}(?!\S)|[.,:;()\[\]?!|](?!\S))", r"\\&", line)


def bold(line: str) -> str:
    """Set a name off."""
    return f"\\fB{line}\\fR"


def literal(code: str, options: str = "-compact") -> str:
    """Give lines as they are."""
    return f".Bd -literal {options}\n" + "\n".join(text(line) for line in code.splitlines()) + "\n.Ed"


def sentences(paragraph: str) -> Iterator[str]:
    """Cut a paragraph into lines that begin again with each sentence, as man pages are written.

    A space within backticks is none at which a line may end.
    """
    kept = re.sub(r"`[^`]+`", lambda found: found[0].replace(" ", "\0"), paragraph)
    for sentence in re.split(r"(?<=[.:;!?]) +", kept):
        for line in textwrap.wrap(sentence, 76, break_long_words=False, break_on_hyphens=False):
            yield text(line).replace("\0", " ")
