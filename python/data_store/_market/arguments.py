# SPDX-License-Identifier: MIT
"""Types of arguments that several methods take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bound", "Entry", "FeatureChoice", "Features"]

Entry: TypeAlias = Mapping[str, Any] | str | None
"""The features of one bar; None leaves them alone."""
Features: TypeAlias = "pd.DataFrame | pd.Series[Any] | Mapping[dt.datetime, Entry]"
Bound: TypeAlias = dt.datetime | str | None
FeatureChoice: TypeAlias = bool | Literal["json"] | Sequence[str] | None
