#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Execute a notebook that is written as a program: .ci/site/notebook.py SOURCE.py TARGET.ipynb.

The source has cells: `# %% [markdown]` begins one of text, in comments, and `# %%` one of code. Each code cell is run, in
one process and in an empty folder. What it prints, its last expression and the figures that it leaves open become its
outputs. With `--check` nothing is written: the source must run, and the notebook must be made of its cells.
"""

import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def cells_of(source: str) -> list[tuple[str, str]]:
    """Give the kind and the text of each cell."""
    cells: list[tuple[str, list[str]]] = []
    for line in source.splitlines():
        if line.startswith("# %%"):
            cells.append(("markdown" if "[markdown]" in line else "code", []))
        elif cells:
            cells[-1][1].append(line)
    texts = []
    for kind, lines in cells:
        if kind == "markdown":
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        texts.append((kind, "\n".join(lines).strip()))
    return texts


def lines_of(text: str) -> list[str]:
    """Give text as notebooks have it."""
    return text.splitlines(keepends=True)


def shown(value: Any, count: int) -> dict[str, Any]:
    """Give the output of an expression."""
    data = {"text/plain": lines_of(repr(value))}
    if (html := getattr(value, "_repr_html_", None)) is not None:
        data["text/html"] = lines_of(html())
    return {"output_type": "execute_result", "execution_count": count, "data": data, "metadata": {}}


def pictures() -> list[dict[str, Any]]:
    """Give the open figures as outputs, and close them."""
    outputs = []
    for number in plt.get_fignums():
        drawn = io.BytesIO()
        plt.figure(number).savefig(drawn, format="png", dpi=80, bbox_inches="tight", metadata={"Software": None})
        data = {"image/png": base64.b64encode(drawn.getvalue()).decode(), "text/plain": ["<Figure>"]}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    plt.close("all")
    return outputs


def run(text: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Run a code cell, and give its outputs."""
    tree = ast.parse(text)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
    outputs = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines_of(printed.getvalue())})
    outputs += pictures()
    if value is not None:
        outputs.append(shown(value, count))
    return outputs


def executed(source: str) -> dict[str, Any]:
    """Run all cells, and give the notebook."""
    cells: list[dict[str, Any]] = []
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for number, (kind, text) in enumerate(cells_of(source)):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": lines_of(text)}
        if kind == "code":
            count += 1
            cell |= {"execution_count": count, "outputs": run(text, names, count)}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def main() -> int:
    """Execute, and write or compare."""
    source, target = (Path(name).resolve() for name in sys.argv[1:3])
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        notebook = executed(source.read_text())
        os.chdir(home)
    if "--check" not in sys.argv:
        target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
        return 0
    stored = json.loads(target.read_text()) if target.exists() else {"cells": []}
    if [cell["source"] for cell in stored["cells"]] != [cell["source"] for cell in notebook["cells"]]:
        print(f"{target.name} is not made from {source.name} as it is now: run 'make notebook'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
