#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check a built site: .ci/site/check_links.py FOLDER. Each link to a file or an anchor of it exists, and no page
fetches anything from elsewhere. What docc built, below swift/ and foundation/, are programs of their own, and not looked into."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what it fetches."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what counts."""
        given = dict(attrs)
        self.anchors |= {name for key in ("id", "name") if (name := given.get(key))}
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next"):
            self.fetched.append(str(given["href"]))
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.fetched.append(str(given["src"]))


def main() -> int:
    """Look through all pages."""
    folder = Path(sys.argv[1]).resolve()
    by_docc = [folder / "swift", folder / "foundation"]
    files = [file for file in folder.rglob("*.html") if not any(file.is_relative_to(made) for made in by_docc)]
    pages = {file: Page(file) for file in files if file.name != "404.html"}
    faults = []
    for file, page in pages.items():
        name = file.relative_to(folder)
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.fetched and parts.scheme != "data":
                    faults.append(f"{name} fetches {link}")
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                faults.append(f"{name}: {link} does not exist")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                faults.append(f"{name}: {link}: no such anchor")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links")
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
