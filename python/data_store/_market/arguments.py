# SPDX-License-Identifier: MIT
"""Types of arguments that several methods take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    import pandas as pd

__all__ = ["Bound", "Entry", "Expected", "FeatureChoice", "Features"]

Entry: TypeAlias = "Mapping[str, Mapping[str, object]] | str | None"
"""The features of one bar; None leaves them alone."""
Features: TypeAlias = (
    "pd.DataFrame | pd.Series[Any] | Mapping[dt.datetime, Entry] | Mapping[pd.Timestamp, Entry]"
)
Bound: TypeAlias = "dt.datetime | str | None"
Expected: TypeAlias = (
    "dt.timedelta | np.timedelta64 | pd.DatetimeIndex | pd.Series[Any] | Sequence[dt.datetime]"
)
"""When bars are expected: a step, or the times."""
FeatureChoice: TypeAlias = "bool | Literal['json'] | Sequence[str] | None"
