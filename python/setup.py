# SPDX-License-Identifier: MIT
"""Builds the native library and puts it into the wheel.

The wheel holds no Python extension: it is tagged for any Python 3 on this platform.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
# An sdist carries the sources of the native library in a folder; in a checkout they lie beside.
CARRIED = HERE / "native"
REPOSITORY = CARRIED if CARRIED.is_dir() else HERE.parent
TESTS = ("Tests/VFS", "Tests/DataStoreTests", "Tests/PublicTests")
NATIVE = ("Package.swift", "LICENSE", "include", "Sources", *TESTS)
LIBRARY = "libdata_store.so"
SWIFT_BUILD = ("swift", "build", "-c", "release", "--product", "data_store")


def native_library() -> Path:
    """Give the library that `DATA_STORE_LIBRARY` names, else build it."""
    named = os.environ.get("DATA_STORE_LIBRARY")
    if named:
        library = Path(named)
        if not library.is_file():
            raise SystemExit(f"DATA_STORE_LIBRARY names {library}, which is not there.")
        return library
    if not (REPOSITORY / "Package.swift").is_file():
        raise SystemExit(
            f"{REPOSITORY} has no Package.swift, so the native library cannot be built. Install "
            "from a checkout of the repository, or set DATA_STORE_LIBRARY to a built "
            f"{LIBRARY}."
        )
    if shutil.which("swift") is None:
        raise SystemExit(
            "The Swift compiler is missing, and data_store's native library is written in Swift. "
            "Install Swift 6.2 or newer (https://www.swift.org/install) and put `swift` on the "
            f"PATH, or set DATA_STORE_LIBRARY to a built {LIBRARY}."
        )
    build()
    return REPOSITORY / ".build" / "release" / LIBRARY


def build() -> None:
    """Run the Swift build; say what is missing where its output shows that."""
    built = subprocess.run(
        SWIFT_BUILD,
        cwd=REPOSITORY,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    print(built.stdout, flush=True)
    if built.returncode == 0:
        return
    if "sqlite3.h" in built.stdout or "-lsqlite3" in built.stdout:
        raise SystemExit(
            "SQLite's header or library is missing. On Debian and Ubuntu: "
            "apt install libsqlite3-dev. Then install again."
        )
    raise SystemExit(
        f"`{' '.join(SWIFT_BUILD)}` failed in {REPOSITORY}; its output is above "
        "(pip shows it with -v)."
    )


class BuildWithLibrary(build_py):
    """Copies the native library to `data_store/_lib`.

    An editable install needs no copy: the package finds the one in the checkout's build folder.
    """

    def run(self) -> None:
        library = native_library()
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "data_store" / "_lib"
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library, target / LIBRARY)


class SourcesOfBoth(sdist):
    """An sdist that holds the native library's sources, so that it builds without the repository.

    SwiftPM looks for the folders of all targets that `Package.swift` names, tests included.
    """

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        for name in NATIVE:
            source, target = REPOSITORY / name, Path(base_dir) / CARRIED.name / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy2(source, target)


class PlatformWheel(bdist_wheel):
    """A wheel for this platform and any Python 3."""

    def get_tag(self) -> tuple[str, str, str]:
        _, _, platform = super().get_tag()
        return "py3", "none", platform


class NativeDistribution(Distribution):
    """Tells setuptools that the package is not the same on every platform."""

    def has_ext_modules(self) -> bool:
        return True


commands: dict[str, Any] = {
    "build_py": BuildWithLibrary,
    "bdist_wheel": PlatformWheel,
    "sdist": SourcesOfBoth,
}
setup(cmdclass=commands, distclass=NativeDistribution)
