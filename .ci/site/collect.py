#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Collect the pages of the documentation site into a folder, as mkdocs wants them.

.ci/site/collect.py FOLDER. The pages lie there as they do in the tree, so that the links between them hold: README.md,
CHANGELOG.md, CONTRIBUTING.md, docs/, and each file that one of them links to. A line `<!-- generated: WHAT -->` is
replaced by what is made from the sources.
"""

import base64
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from c_reference import reference

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s#]+)(#[^()\s]*)?\)")
GENERATED = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)


def python_pages() -> str:
    """Give the directives that mkdocstrings replaces by the docstrings."""
    parts = ["::: data_store.DataStore", "::: data_store.market_repo.MarketRepo", "::: data_store.state_repo.StateRepo"]
    parts += ["::: data_store._bar.Bar", "::: data_store._arrow.result.ArrowResult"]
    package = ROOT / "python" / "data_store"
    if (package / "polars.py").exists():
        parts.append("## polars\n\n::: data_store.polars.scan\n    options:\n      heading_level: 3")
    if (package / "aio").exists():
        parts.append("::: data_store.aio._store.DataStore\n    options:\n      heading: data_store.aio.DataStore")
    errors = "::: data_store.errors\n    options:\n      heading: Errors\n      toc_label: Errors\n      heading_level: 2"
    return "\n\n".join([*parts, errors])


def swift_link() -> str:
    """Link to what docc makes, which mkdocs does not know."""
    modules = {"DataStore": "swift", "DataStoreFoundation": "foundation"}
    links = [
        f'<li><a href="../../{folder}/documentation/{module.lower()}/index.html">{module}</a></li>'
        for module, folder in modules.items()
    ]
    return f"<ul>{''.join(links)}</ul>"


GENERATORS: dict[str, Callable[[], str]] = {
    "c": lambda: reference((ROOT / "include" / "data_store.h").read_text()),
    "python": python_pages,
    "swift": swift_link,
}


def notebook_page(notebook: Path, pictures: Path) -> str:
    """Give an executed notebook as a page; its pictures go into a folder."""
    pictures.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, cell in enumerate(json.loads(notebook.read_text())["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                picture = pictures / f"{notebook.stem}-{number}.png"
                picture.write_bytes(base64.b64decode(data["image/png"]))
                parts.append(f"![what the cell draws]({pictures.name}/{picture.name})")
            elif "text/html" in data:
                parts.append("".join(data["text/html"]))
            else:
                text = "".join(output.get("text", data.get("text/plain", [])))
                parts.append(f"```text\n{text.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def collected(page: Path, folder: Path) -> list[Path]:
    """Copy a page, and give the files that it links to."""
    text = page.read_text().replace("notebook.ipynb)", "notebook.md)")
    text = GENERATED.sub(lambda found: GENERATORS[found[1]](), text)
    target = folder / page.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    linked: list[Path] = []

    def kept(found: re.Match[str]) -> str:
        name, anchor = found[1], found[2] or ""
        file = (page.parent / name).resolve()
        if re.match(r"[a-z]+:", name) or not file.is_relative_to(ROOT):
            return found[0]
        if file.is_dir():  # a folder is not a page: name it
            return "]" + f"({name.rstrip('/')}/README.md{anchor})" if (file / "README.md").exists() else found[0]
        linked.append(file)
        return found[0]

    pieces = FENCE.split(text)
    pieces[::2] = [LINK.sub(kept, piece) for piece in pieces[::2]]
    target.write_text("".join(pieces))
    return linked


def main() -> int:
    """Collect everything."""
    folder = Path(sys.argv[1]).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    waiting = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    waiting += sorted((ROOT / "docs").rglob("*.md"))
    seen: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file in seen or not file.exists():
            continue
        seen.add(file)
        if file.suffix == ".md":
            waiting += collected(file, folder)
        else:
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    notebook = ROOT / "docs" / "notebook.ipynb"
    if notebook.exists():
        page = notebook_page(notebook, folder / "docs" / "notebook-pictures")
        (folder / "docs" / "notebook.md").write_text(page)
        for file in (notebook, notebook.with_suffix(".py")):
            shutil.copyfile(file, folder / "docs" / file.name)
    for name in ("offline_search.js", "site.css"):
        shutil.copyfile(Path(__file__).with_name(name), folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
