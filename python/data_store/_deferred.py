# SPDX-License-Identifier: MIT
"""Libraries that are imported by the calls that need them, and how to do without."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._c.first_use import at_first_use
from .errors import LibraryError

__all__ = ["frames", "imported"]

# The calls that take or give DataFrames, and what does the same without pandas.
_WITHOUT_PANDAS = {
    "write": "market.write takes tables of Arrow (polars, pyarrow, DuckDB), market.write_bar a bar",
    "write_batch": "market.write takes tables of Arrow (polars, pyarrow, DuckDB)",
    "write_features": "market.write_features takes tables of Arrow, and dicts by timestamp",
    "read": "market.read_arrow gives the same rows",
    "read_features": "market.read_features_arrow gives the same rows",
    "latest": "market.latest_bar gives one bar, market.read_arrow a range",
    "iter": "market.iter_arrow gives the same rows",
    "missing": "market.count and market.exists tell how many bars there are",
    "series": "DataStore.sql_arrow can ask market_data for them",
    "requests": "DataStore.sql_arrow can ask market_requests for them",
    "sql": "DataStore.sql_arrow gives the same rows",
}
_CALLS = {"sql": "DataStore.sql", "write_batch": "market.write"}

_OLDEST_PANDAS = (2, 2)


def imported(name: str, extra: str, call: str, without: str) -> Any:
    """Import a library.

    Parameters
    ----------
    name : str
        Of the library.
    extra : str
        Of this package's, which brings it.
    call : str
        What needs it.
    without : str
        What does not.

    Raises
    ------
    LibraryError
        It cannot be imported. The error's `name` is the library's.
    """
    with at_first_use.lock, at_first_use:
        try:
            library = import_module(name)
            if name == "pandas":
                _refuse_old(library)
        except ImportError as error:
            told = " ".join(str(error).split())
            missing = LibraryError(
                f"{call} needs {name}, which cannot be imported ({told}): pip install "
                f"data_store[{extra}]. Without {name}: {without}"
            )
            missing.name = name
            raise missing from error
    return library


def _refuse_old(pandas: Any) -> None:
    version = str(getattr(pandas, "__version__", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if len(numbers) == 2 and numbers < _OLDEST_PANDAS:
        oldest = ".".join(map(str, _OLDEST_PANDAS))
        raise ImportError(f"version {version} is too old, {oldest} is the oldest that is supported")


class _Frames:
    """Stands for `_frames`, which is imported when the first of its functions is looked up."""

    def __getattr__(self, name: str) -> Any:
        if name in _WITHOUT_PANDAS:
            call = _CALLS.get(name, f"market.{name}")
            imported("pandas", "pandas", call, _WITHOUT_PANDAS[name])
        with at_first_use.lock, at_first_use:
            function = getattr(import_module("._frames", __package__), name)
        # An attribute from now on, which is found without this function.
        setattr(self, name, function)
        return function


if TYPE_CHECKING:
    from . import _frames as frames
else:
    frames = _Frames()
