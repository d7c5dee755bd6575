# SPDX-License-Identifier: MIT
"""Header, library and ctypes table are one: names, arguments, structs, numbers."""

from __future__ import annotations

import ctypes
import re
import subprocess
from pathlib import Path

import pytest

from data_store import DataStore, _abi
from data_store._library import library

HEADER = Path(__file__).parents[2] / "include" / "data_store.h"
LIBRARY = library._name

ALLOWED_LIBRARIES = {
    "libsqlite3.so.0",
    "libc.so.6",
    "libm.so.6",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "linux-vdso.so.1",
}
LOADERS = r"ld-linux[\w-]*\.so\.\d+"


def run(*command: object, text: str | None = None) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, input=text
    ).stdout


@pytest.fixture(scope="module")
def declarations() -> str:
    """The header without comments, macros and system headers."""
    text = run("cc", "-E", "-P", "-x", "c", "-std=c11", HEADER)
    return text[text.index("ds_abi_version") - 20 :]


def structs_in(declarations: str) -> dict[str, list[str]]:
    """Field names of every struct that the header defines."""
    found = {}
    for name, body in re.findall(r"typedef struct (ds_\w+) \{(.*?)\}", declarations, re.DOTALL):
        fields = [field.strip() for field in body.split(";") if field.strip()]
        found[name] = [re.findall(r"\w+", field)[-1] for field in fields]
    return found


def prototypes_in(declarations: str) -> dict[str, tuple[str, list[str]]]:
    """Return type and parameters of every function that the header declares."""
    found = {}
    pattern = r"([\w\s*]+?)\b(ds_\w+)\s*\(([^()]*)\)\s*;"
    for result, name, parameters in re.findall(pattern, declarations):
        parts = [part.strip() for part in parameters.split(",")]
        found[name] = (result.strip(), [] if parts == ["void"] else parts)
    return found


def test_header_exports_and_ctypes_table_are_the_same_names(declarations: str) -> None:
    declared = set(prototypes_in(declarations))
    assert len(declared) > 40
    exported = {
        line.split()[-1] for line in run("nm", "-D", "--defined-only", LIBRARY).splitlines()
    }
    assert exported == declared
    assert set(_abi.FUNCTIONS) == declared


def test_the_ctypes_table_has_the_arguments_of_the_header(declarations: str) -> None:
    def shape(text: str) -> str:
        text = text.replace("const", "").strip()
        word = text.split()[0]
        return "pointer" if "*" in text or word == "ds_stop_function" else word

    def ctypes_shape(kind: type | None) -> str:
        if kind is None:
            return "void"
        names = {ctypes.c_int32: "int32_t", ctypes.c_int64: "int64_t", ctypes.c_double: "double"}
        return names.get(kind, "pointer")

    for name, (result, parameters) in prototypes_in(declarations).items():
        restype, argtypes = _abi.FUNCTIONS[name]
        assert ctypes_shape(restype) == shape(result), name
        assert [ctypes_shape(kind) for kind in argtypes] == list(map(shape, parameters)), name


def test_structs_have_the_sizes_and_offsets_of_a_c_program(
    declarations: str, tmp_path: Path
) -> None:
    structs = structs_in(declarations)
    assert len(structs) > 10
    lines = []
    for name, fields in structs.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        lines += [
            f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}),'
            f" sizeof((({name} *)0)->{field}));"
            for field in fields
        ]
    program = tmp_path / "layout.c"
    body = "\n".join(lines)
    program.write_text(
        f'#include "data_store.h"\n#include <stdio.h>\nint main(void) {{\n{body}\nreturn 0; }}\n'
    )
    run("cc", "-std=c11", f"-I{HEADER.parent}", program, "-o", tmp_path / "layout")

    expected = run(tmp_path / "layout").splitlines()
    actual = []
    for name, fields in structs.items():
        kind = getattr(_abi, name)
        assert [field for field, *_ in kind._fields_] == fields, name
        actual.append(f"{name} {ctypes.sizeof(kind)}")
        for field in fields:
            place = getattr(kind, field)
            actual.append(f"{name}.{field} {place.offset} {place.size}")
    assert actual == expected


def test_constants_have_the_values_of_the_header() -> None:
    defined = dict(re.findall(r"^#define DS_(\w+) \(?([\w<< ]+?)\)?(?:\s*/\*.*)?$",
                              HEADER.read_text(), re.MULTILINE))  # fmt: skip
    shared = {
        name: value
        for name, value in vars(_abi).items()
        if isinstance(value, int) and name in defined
    }
    assert len(shared) > 15

    def number(text: str) -> int:
        plain = re.sub(r"(?<=[0-9a-f])u\b", "", text).replace("INT64_MIN", str(-(2**63)))
        left, _, shift = plain.partition("<<")
        return int(left, 0) << int(shift or "0", 0)

    assert shared == {name: number(defined[name]) for name in shared}


def test_the_library_needs_nothing_but_what_every_system_has() -> None:
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", LIBRARY)))
    assert "libsqlite3.so.0" in needed
    extra = {name for name in needed - ALLOWED_LIBRARIES if not re.fullmatch(LOADERS, name)}
    assert extra == set()
    linked = re.findall(r"^\s*(?:\S*/)?([\w.+-]+\.so[\w.]*)", run("ldd", LIBRARY), re.MULTILINE)
    extra = {name for name in set(linked) - ALLOWED_LIBRARIES if not re.fullmatch(LOADERS, name)}
    assert extra == set()


def test_versions_agree(store: DataStore) -> None:
    text = HEADER.read_text()
    abi = re.search(r"#define DS_ABI_VERSION (\d+)", text)
    version = re.search(r'#define DS_VERSION "(.+)"', text)
    assert abi is not None
    assert version is not None
    assert store.info()["abi_version"] == library.ds_abi_version() == int(abi[1])
    assert store.info()["library_version"] == library.ds_version().decode() == version[1]


def test_every_status_has_a_name() -> None:
    for name, status in re.findall(r"#define (DS_[A-Z_]+) (\d+)(?: +/\*.*)?$",
                                   HEADER.read_text().split("Store ----")[0].split("Status,")[1],
                                   re.MULTILINE):  # fmt: skip
        assert library.ds_status_name(int(status)).decode() == name
    for unknown in (-1, 99, 2**31 - 1, -(2**31)):
        assert library.ds_status_name(unknown) == b"DS_UNKNOWN"
