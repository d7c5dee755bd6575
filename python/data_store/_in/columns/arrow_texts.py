# SPDX-License-Identifier: MIT
"""Columns of text that pandas keeps in Arrow's layout."""

from __future__ import annotations

from ctypes import byref, c_int64
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._c import abi as _abi
from ..._c.library import library
from ..._c.status import check

__all__ = ["code_arrow"]

_OFFSET_SIZES = {"string": 4, "large_string": 8}
_FEW = 64  # up to here texts are taken one by one


def code_arrow(array: Any) -> tuple[npt.NDArray[np.int32], list[str]] | None:
    """Give equal texts the same number: codes, and the texts by code. Missing is code -1.

    The library does what Arrow's own coding would do, which brings in megabytes of Arrow's code.

    Parameters
    ----------
    array : ArrowStringArray or ArrowExtensionArray

    Returns
    -------
    tuple of ndarray and list, or None
        None where Arrow keeps the texts in another way.
    """
    texts: Any = array.__arrow_array__()
    if hasattr(texts, "chunks"):
        texts = texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()
    offset_size = _OFFSET_SIZES.get(str(texts.type))
    if offset_size is None:
        return None
    validity, offsets, data = texts.buffers()
    layout = _abi.ds_text_layout(
        offsets=offsets.address,
        offset_size=offset_size,
        bytes=None if data is None else data.address,
        byte_count=0 if data is None else data.size,
        validity=None if validity is None else validity.address,
        first=texts.offset,
    )
    count = len(texts)
    codes = np.empty(count, np.int32)
    first_rows = np.empty(count, np.int32)
    distinct = c_int64()
    check(
        library.ds_text_layout_code(
            byref(layout), count, codes.ctypes.data, first_rows.ctypes.data, byref(distinct)
        )
    )
    rows = first_rows[: distinct.value]
    if rows.size > _FEW:
        return codes, texts.take(rows).to_pylist()
    return codes, [texts[row].as_py() for row in rows.tolist()]
