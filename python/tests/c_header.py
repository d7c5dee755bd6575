# SPDX-License-Identifier: MIT
"""What `include/data_store.h` declares, by a C parser and a C compiler."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pycparser import c_ast, c_parser

HEADER = Path(__file__).parents[2] / "include" / "data_store.h"

# What the header uses of the system's, whose own headers are not plain C.
SYSTEM = """
typedef unsigned char uint8_t; typedef int int32_t; typedef unsigned uint32_t;
typedef long int64_t; typedef unsigned long uint64_t; typedef unsigned long size_t;
"""


def run(*command: object, text: str | None = None) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, input=text
    ).stdout


class Header:
    """Its declarations.

    Attributes
    ----------
    functions, callbacks : dict
        Name to the types by parameter, after that of the "result".
    structs : dict
        Name to the types by field.
    constants : list
        Names of macros that are numbers.
    """

    def __init__(self) -> None:
        # Its own declarations alone: an #include is left out, then what there is is expanded.
        text = re.sub(r"^#include .*$", "", HEADER.read_text(), flags=re.MULTILINE)
        plain = run("gcc", "-E", "-P", "-x", "c", "-std=c11", "-", text=text)
        self.functions: dict[str, dict[str, str]] = {}
        self.callbacks: dict[str, dict[str, str]] = {}
        self.structs: dict[str, dict[str, str]] = {}
        for declaration in c_parser.CParser().parse(SYSTEM + plain).ext:
            self._add(declaration.name, declaration.type)
        number = r"^#define (DS_[A-Z0-9_]+) [-(0-9I]"
        self.constants = re.findall(number, HEADER.read_text(), re.MULTILINE)

    def _add(self, name: str, kind: Any) -> None:
        match kind:
            case c_ast.FuncDecl():
                self.functions[name] = _signature(kind)
            case c_ast.PtrDecl(type=c_ast.FuncDecl()):
                self.callbacks[name] = _signature(kind.type)
            case c_ast.TypeDecl(type=c_ast.Struct(decls=[*fields])):
                self.structs[name] = {field.name: _name(field.type) for field in fields}

    def numbers(self, expressions: Iterable[str]) -> list[int]:
        """Give the values that a C program finds."""
        lines = [f'printf("%lld\\n", (long long)({one}));' for one in expressions]
        main = ["int main(void) {", *lines, "return 0; }"]
        source = "\n".join(['#include "data_store.h"', "#include <stdio.h>", *main])
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program"
            include = f"-I{HEADER.parent}"
            run("gcc", "-std=c11", include, "-x", "c", "-o", program, "-", text=source)
            return [int(line) for line in run(program).splitlines()]


def _signature(function: c_ast.FuncDecl) -> dict[str, str]:
    types = {"result": _name(function.type)}
    for parameter in function.args.params:
        if _name(parameter.type) != "void":  # (void): none
            types[parameter.name] = _name(parameter.type)
    return types


def _name(kind: Any) -> str:
    """Give a type as the header writes it, without const."""
    if isinstance(kind, c_ast.PtrDecl):
        return _name(kind.type) + "*"
    if isinstance(kind.type, c_ast.Struct):  # one of the standard's, without a typedef
        return str(kind.type.name)
    return " ".join(kind.type.names)
