# SPDX-License-Identifier: MIT
"""The command line: ``data-store``, also ``python -m data_store``.

It needs typer and rich (``pip install data_store[cli]``) and nothing else: rows go between files
and the store as columns of Arrow that are made and read here, so no table library is loaded.
Parquet and Feather need pyarrow or polars, pictures need matplotlib.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit status."""
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401

        from .app import run
    except KeyboardInterrupt:  # Ctrl-C as soon as Enter
        print("data-store: interrupted", file=sys.stderr)
        sys.exit(130)
    except ImportError as error:
        if (error.name or "").startswith("data_store"):
            raise
        print(
            f"data-store: the command line needs typer and rich ({error}).\n"
            "Install them: pip install 'data_store[cli]'",
            file=sys.stderr,
        )
        sys.exit(1)
    sys.exit(run(sys.argv[1:]))
