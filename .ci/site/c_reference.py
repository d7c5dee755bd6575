# SPDX-License-Identifier: MIT
"""The C reference as Markdown, from include/data_store.h: each function with its comment, structs, statuses."""

import re
from collections.abc import Iterator

__all__ = ["reference"]

SECTION = re.compile(r"/\* -{4} (.+?) -{4,}\s*(.*?)\*/$", re.DOTALL)
CONVENTION = re.compile(r"^ {2}(\w+) {2,}(.*)")
FUNCTION = re.compile(r"\b(ds_\w+)\(")
STRUCT = re.compile(r"typedef struct (ds_\w+) \{|^struct (Arrow\w+) \{", re.MULTILINE)
CALLBACK = re.compile(r"typedef .*\(\*(ds_\w+)\)")
HANDLE = re.compile(r"typedef struct (ds_\w+) \1;")
NAME = re.compile(r"(?:\\\*)?\b(?:ds_\w+(?:\(\))?|DS_\w+|[a-z]+_[a-z]\w*|\w+->\w+)")
CODE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def pieces(header: str) -> Iterator[tuple[str, str]]:
    """Give the comments that begin a line, and the code that follows each, in their order."""
    comment = ""
    code: list[str] = []
    lines = iter(header.splitlines())
    for line in lines:
        if line.startswith("/*"):
            if code:
                yield comment, "\n".join(code)
                comment, code = "", []
            text = [line]
            while not text[-1].rstrip().endswith("*/"):
                text.append(next(lines))
            if SECTION.match("\n".join(text)):
                yield "\n".join(text), ""
            else:
                comment = "\n".join(text)
        elif line:
            code.append(line)
        elif code and _is_whole("\n".join(code)):
            yield comment, "\n".join(code)
            comment, code = "", []
    if code:
        yield comment, "\n".join(code)


def _is_whole(code: str) -> bool:
    return code.count("{") == code.count("}")


def declarations(code: str) -> Iterator[str]:
    """Split code into declarations. A macro belongs to the declaration before it, and macros stand together."""
    lines: list[str] = []
    kept = ""
    for line in code.splitlines():
        goes_on = kept.endswith("\\") or kept.count("/*") > kept.count("*/")
        if line.startswith("#define") or goes_on:
            kept = f"{kept}\n{line}" if kept else line
            continue
        lines.append(line)
        text = CODE_COMMENT.sub("", "\n".join(lines))
        if text.rstrip().endswith(";") and _is_whole(text):
            if kept:
                yield kept
            kept, lines = "\n".join(lines), []
    if kept:
        yield kept


def plain(comment: str) -> list[str]:
    """Give the lines of a comment without its stars."""
    text = re.sub(r"^/\*|\*/$", "", comment.strip())
    return [re.sub(r"^ \* ?", "", line).rstrip() for line in text.splitlines()]


def prose(lines: list[str], names: set[str]) -> str:
    """Give the lines of a comment as paragraphs, with links to what they name."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if not line.strip() or re.match(r"\s*(?:In|Out): ", line):
            paragraphs.append([])
        if line.strip():
            paragraphs[-1].append(line.strip())

    def linked(found: re.Match[str]) -> str:
        name = found[0].removeprefix("\\")
        target = name.removesuffix("()")
        return f"[`{name}`](#{target})" if target in names else f"`{name}`"

    texts = []
    for paragraph in paragraphs:
        # What is in backticks already stays; the rest is escaped, and its names are put into backticks.
        parts = re.split(r"(`[^`]+`|https?://[^\s)]+)", " ".join(paragraph))
        for at, part in enumerate(parts):
            if at % 2:
                parts[at] = f"<{part}>" if part.startswith("http") else part
                continue
            parts[at] = NAME.sub(linked, re.sub(r"([*<|\[\]]|(?<!-)>)", r"\\\1", part))
        if text := "".join(parts):
            texts.append(text)
    return "\n\n".join(texts)


def conventions(lines: list[str], names: set[str]) -> str:
    """Give the comment at the top: a paragraph, and what holds for every function."""
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        if found := CONVENTION.match(line):
            items.append((found[1], [found[2]]))
        elif items and line.strip():
            items[-1][1].append(line.strip())
    rows = [f"**{name}**\n:   {prose(text, names)}\n" for name, text in items]
    return "## Conventions\n\nFor every function below:\n\n" + "\n".join(rows)


def shown(declaration: str) -> str:
    """Leave out the marks of pointers that are not NULL, which is the rule."""
    return re.sub(r"\bDS_NONNULL ?", "", declaration)


def reference(header: str) -> str:
    """Give the reference.

    Parameters
    ----------
    header : str
        The text of the header.

    Returns
    -------
    str
        Markdown: a heading per section, function and struct.
    """
    names = set(FUNCTION.findall(header)) | {first or second for first, second in STRUCT.findall(header)}
    names |= set(CALLBACK.findall(header)) | set(HANDLE.findall(header))
    every = list(pieces(header))
    text = [conventions(plain(every[0][0]), names)]
    documented = set()
    in_sections = False
    for comment, code in every:
        if section := SECTION.match(comment):
            in_sections = True
            text += [f"## {section[1].strip()}", prose(plain(f"/*\n {section[2]}*/"), names)]
            continue
        if not in_sections or "__cplusplus" in code:
            continue
        code = re.sub(r"^#(?:ifndef|endif).*\n?", "", code, flags=re.MULTILINE)
        told = False
        for declaration in declarations(code):
            bare = CODE_COMMENT.sub("", declaration)
            kinds = (STRUCT, CALLBACK, HANDLE, FUNCTION)
            found = next((found for kind in kinds if (found := kind.search(bare))), None)
            if found and not declaration.startswith("#define"):
                name = found[1] or found[2]
                documented.add(name)
                text.append(f"### {name} {{: #{name} }}")
            elif comment and not told:
                text.append(prose(plain(comment), names))
                told = True
            text.append(f"```c\n{shown(declaration)}\n```")
            if found and comment and not told:
                text.append(prose(plain(comment), names))
                told = True
    if missing := set(re.findall(r"^[\w ].*?\b(ds_\w+)\(", header, re.MULTILINE)) - documented:
        raise ValueError(f"the C reference lacks {sorted(missing)}")
    return "\n\n".join(part for part in text if part) + "\n"
