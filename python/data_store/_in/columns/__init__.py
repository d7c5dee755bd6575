# SPDX-License-Identifier: MIT
"""Columns on their way into the library: from any dtype to C arrays.

Two steps, each a table. `dtypes` looks at a column's dtype once and brings it into one of five
kinds of cells. Each target (`doubles`, `flags`, `texts`, `feature_values`) encodes each kind, or
raises `Refusal` with the row of the first cell that it does not take.
"""

from ..cells import Refusal
from .doubles import doubles
from .feature_values import FeatureValues, feature_values
from .flags import flags
from .texts import TextCodes, texts

__all__ = [
    "FeatureValues",
    "Refusal",
    "TextCodes",
    "doubles",
    "feature_values",
    "flags",
    "texts",
]
