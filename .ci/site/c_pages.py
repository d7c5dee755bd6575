#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the man pages of the C library, from include/data_store.h: .ci/site/c_pages.py FOLDER.

What the header documents together is a page, named after the first function or struct of it; the others are links to
that page. data_store.3 is docs/man/data_store.3, with a list of all functions in place of the line that says so.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import roff
from c_reference import CODE_COMMENT, FUNCTION, SECTION, STRUCT, declarations, pieces, plain, shown

__all__ = ["Page", "pages_of"]

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`([^`]+)`|\b((?:ds_\w+|DS_\w+|struct_size)\b(?:\(\))?)")
# Where the comment does not begin with what the page is about.
TITLES = {
    "ds_bar": "one bar, as it is written and read",
    "ds_bars_free": "free the rows of a result",
    "ds_checkpoint_result": "what a checkpoint has done",
    "ds_error_detail": "a failed call in parts",
    "ds_info": "facts about a store",
    "ds_interrupt": "stop the calls that are running on a store",
    "ds_last_error": "the message of this thread's last failed call",
    "ds_market_count": "count the bars of a range",
    "ds_market_delete": "delete the bars of a range",
    "ds_market_exists": "whether a series has a bar",
    "ds_market_latest": "read the latest bars of series",
    "ds_market_latest_bar_into": "read the latest bar into memory of the caller's",
    "ds_market_read_arrow": "read bars as an Arrow stream of one record batch",
    "ds_market_scan_arrow": "read bars as an Arrow stream, a record batch per chunk",
    "ds_market_series": "list what is stored: symbols, timeframes, counts",
    "ds_missing_runs": "the runs of bars that are not there",
    "ds_open_options": "how a store is opened",
    "ds_range": "bounds of time",
    "ds_read_options": "which columns, features and how many rows a read gives",
    "ds_request": "how a range of bars was obtained",
    "ds_requests_items": "the requests of a result",
    "ds_rows_arrow": "the rows of a query as an Arrow stream",
    "ds_scan_next": "read the next chunk",
    "ds_sql_arrow": "run a query, its rows an Arrow stream",
    "ds_sql_parameter": "a parameter of a query",
    "ds_sql_within": "run a query that is stopped after some seconds, and look at its rows",
    "ds_sqlite_is_shared": "whether another SQLite client uses the library's copy of SQLite",
    "ds_state_entry": "a key and its value",
    "ds_state_get": "the value of a key",
    "ds_state_get_into": "read the value of a key into memory of the caller's",
    "ds_state_items": "list the keys and values that begin with a prefix",
    "ds_status_name": "the name of a status",
    "ds_store_connection_script": "the statements that set up a connection of another SQLite client",
    "ds_store_open": "open a store, or make one",
    "ds_text_layout_code": "text in Arrow's layout as a dictionary with codes",
    "ds_text_layouts_array": "layouts of text columns",
    "ds_texts_count": "a result of several strings",
    "ds_thread_task": "say which task of an event loop this thread runs",
    "ds_transaction_begin": "begin a transaction",
    "ds_transaction_begin_numbered": "begin a transaction that is ended by its number",
    "ds_transaction_commit": "end a transaction",
}
LIST = '.\\" The list of functions.\n'


@dataclass
class Page:
    """What the header says in one comment."""

    section: str
    preamble: str
    comment: str
    declared: list[str]
    functions: list[str] = field(default_factory=list)
    structs: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """What the page is found by, the page's own name first."""
        return self.functions + self.structs

    @property
    def told(self) -> str:
        """The line under NAME: the beginning of the comment, else what the section is about."""
        if title := TITLES.get(self.names[0]):
            return title
        paragraphs = paragraphs_of(self.comment)
        first = re.match(r".+?[.:;](?=\s|$)|.+", paragraphs[0])[0].rstrip(".:;") if paragraphs else ""
        first = first.replace("`", "")
        if not first or len(first) > 120:
            first = re.match(r"[^:;(]+", first)[0].strip() if first else f"{self.section} of data_store"
        return first[:1].lower() + first[1:] if not first.startswith(("NULL", "SQL")) else first

    def mdoc(self, where: dict[str, str]) -> str:
        """Give the page; `where` has the page of each name."""
        parts = [
            '.\\" SPDX-License-Identifier: MIT',
            f".Dd {roff.DATE}\n.Dt {self.names[0].upper()} 3\n.Os\n.Sh NAME",
            " ,\n".join(f".Nm {name}" for name in self.names),
            f".Nd {roff.argument(self.told)}",
            ".Sh LIBRARY\nData store library (libdata_store, \\-ldata_store)",
            ".Sh SYNOPSIS\n.In data_store.h",
            "\n".join(map(synopsis, self.declared)).removesuffix("\n.Pp"),
            ".Sh DESCRIPTION",
            prose(self.comment) or f"See {roff.bold('data_store')}(3).",
        ]
        if paragraphs_of(self.preamble):
            parts.append(f".Ss {roff.argument(self.section)}\n{prose(self.preamble)}")
        if any(declaration.startswith("int32_t ds_") for declaration in self.declared):
            parts.append(
                ".Sh RETURN VALUES\nWhere a function is said to return a status, it returns\n.Dv DS_OK\nor another\n"
                ".Dv DS_\nnumber, which\n.Xr ds_status_name 3\nnames and\n.Xr ds_last_error 3\nexplains.\n"
                ".Xr data_store 3\nhas what holds for every function, and which statuses any of them may return."
            )
        return "\n".join([*parts, self._see_also(where)]) + "\n"

    def _see_also(self, where: dict[str, str]) -> str:
        text = " ".join([self.comment, self.preamble, *self.declared])
        found = {where[name] for name in re.findall(r"\bds_\w+", text) if name in where} - {self.names[0]}
        every = ["data_store", *sorted(found)]
        return ".Sh SEE ALSO\n" + " ,\n".join(f".Xr {name} 3" for name in every)


def paragraphs_of(comment: str) -> list[str]:
    """Give the paragraphs of a comment, each in one line."""
    paragraphs: list[list[str]] = [[]]
    for line in plain(comment):
        if not line.strip() or re.match(r"\s*(?:In|Out): ", line) or re.match(r"DS_[A-Z_]+: ", line.strip()):
            paragraphs.append([])
        if line.strip():
            paragraphs[-1].append(" ".join(line.split()))
    return [" ".join(paragraph) for paragraph in paragraphs if paragraph]


def prose(comment: str) -> str:
    """Give a comment as paragraphs, a sentence per line, with what it names in bold."""

    def lines(paragraph: str) -> Iterator[str]:
        for line in roff.sentences(paragraph):
            yield NAMED.sub(lambda found: roff.bold(found[1] or found[2]), line)

    return "\n.Pp\n".join("\n".join(lines(paragraph)) for paragraph in paragraphs_of(comment))


def synopsis(declaration: str) -> str:
    """Give a declaration: a function as mdoc spells it, anything else as it stands."""
    code = shown(declaration).replace("DS_NULLABLE ", "")
    bare = CODE_COMMENT.sub("", code).strip()
    found = re.fullmatch(r"(?P<type>[\w *]+?[ *]+)(?P<name>ds_\w+)\((?P<arguments>[^()]*)\);", " ".join(bare.split()))
    if not found:
        return f"{roff.literal(code)}\n.Pp"
    arguments = [argument.strip() for argument in found["arguments"].split(",")]
    every = "\n".join(f'.Fa "{argument}"' for argument in arguments)
    return f".Ft {found['type'].strip()}\n.Fo {found['name']}\n{every}\n.Fc"


def pages_of(header: str) -> list[Page]:
    """Give the pages of a header.

    Raises
    ------
    ValueError
        A function is on no page, or on two.
    """
    made: list[Page] = []
    section = preamble = ""
    for comment, code in pieces(header):
        if found := SECTION.match(comment):
            section, preamble = found[1].strip(), f"/*\n {found[2]}*/"
            continue
        if not section or "__cplusplus" in code:
            continue
        declared = list(declarations(re.sub(r"^#(?:ifndef|endif).*\n?", "", code, flags=re.MULTILINE)))
        page = Page(section, preamble, comment, declared)
        for declaration in declared:
            bare = CODE_COMMENT.sub("", declaration)
            if (struct := STRUCT.search(bare)) and struct[1]:
                page.structs.append(struct[1])
            elif not declaration.startswith(("#define", "typedef", "struct")) and (call := FUNCTION.search(bare)):
                page.functions.append(call[1])
        if page.names:
            made.append(page)
    found_names = sorted(name for page in made for name in page.functions)
    declared_names = sorted(set(re.findall(r"^\w[^(]*?\b(ds_\w+)\(", header, re.MULTILINE)))
    if found_names != declared_names:
        raise ValueError(f"not one page each: {found_names}, {declared_names}")
    return made


def overview(pages: list[Page]) -> str:
    """Give data_store.3 with the list of functions, by the header's sections."""
    template = (ROOT / "docs" / "man" / "data_store.3").read_text()
    before, mark, after = template.partition(LIST)
    if not mark:
        raise ValueError(f"docs/man/data_store.3 has no line {LIST!r}")
    sections: dict[str, list[str]] = {}
    for page in pages:
        sections.setdefault(page.section, []).extend(page.functions or page.structs)
    rows = [".Bl -tag -width Ds"]
    for section, names in sections.items():
        rows += [f".It {roff.argument(section)}", " ,\n".join(f".Xr {name} 3" for name in names)]
    return before + "\n".join([*rows, ".El\n"]) + after


def main() -> int:
    """Write all pages."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    pages = pages_of((ROOT / "include" / "data_store.h").read_text())
    where = {name: page.names[0] for page in pages for name in page.names}
    for page in pages:
        (folder / f"{page.names[0]}.3").write_text(page.mdoc(where))
        for name in page.names[1:]:
            (folder / f"{name}.3").write_text(f".so man3/{page.names[0]}.3\n")
    (folder / "data_store.3").write_text(overview(pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
