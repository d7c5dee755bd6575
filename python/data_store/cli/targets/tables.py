# SPDX-License-Identifier: MIT
"""Bars as Parquet and Feather (Arrow), by pyarrow or polars, whichever is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import LibraryError
from ..inventory import Series
from .parts import COLUMNS, Selected

__all__ = ["write_table"]

Moved = Callable[[int], None]


def write_table(selected: Selected, path: Path, kind: str, moved: Moved) -> None:
    """Write bars as a Parquet or Feather file.

    Parameters
    ----------
    selected : Selected
        What is written, from beginning to end in chunks with pyarrow; with polars as a whole.
    path : Path
        The new file.
    kind : {"parquet", "feather"}
        Which.
    moved : callable
        Called with rows that were written.

    Raises
    ------
    LibraryError
        Neither pyarrow nor polars is installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        pass
    else:
        _by_pyarrow(pa, selected, path, kind, moved)
        return
    try:
        import polars as pl
    except ImportError:
        raise LibraryError(
            f"{kind.capitalize()} needs pyarrow or polars, and neither is installed: "
            "pip install 'data_store[arrow]'"
        ) from None
    frames = [_frame(pl, selected.rows(series), series) for series in selected.series]
    frame = pl.concat(frames) if frames else _frame(pl, None, None)
    frame.write_parquet(path) if kind == "parquet" else frame.write_ipc(path)
    moved(len(frame))


def _by_pyarrow(pa: Any, selected: Selected, path: Path, kind: str, moved: Moved) -> None:
    number, text = pa.float64(), pa.large_string()
    types = {
        "timestamp": pa.timestamp("ns", "UTC"),
        "source": text,
        "quality": text,
        "is_gap": pa.bool_(),
        "features": text,
        # Few different words: Parquet and Arrow files keep each once.
        "symbol": text,
        "timeframe": text,
    }
    schema = pa.schema([(name, types.get(name, number)) for name in COLUMNS])
    if kind == "parquet":
        import pyarrow.parquet as pq

        writer: Any = pq.ParquetWriter(path, schema)
    else:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        writer = pa.ipc.new_file(str(path), schema, options=options)
    with writer:
        for series in selected.series:
            for batch in pa.RecordBatchReader.from_stream(selected.rows(series)):
                names = {"symbol": series.symbol, "timeframe": series.timeframe}
                columns = [
                    pa.repeat(pa.scalar(names[name], text), batch.num_rows)
                    if name in names
                    else batch.column(name).cast(schema.field(name).type)
                    for name in COLUMNS
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
                moved(batch.num_rows)


def _frame(pl: Any, rows: Any, series: Series | None) -> Any:
    """Give a series as a frame, or one without rows."""
    text = pl.String
    types = {
        "timestamp": pl.Datetime("ns", "UTC"),
        "is_gap": pl.Boolean,
        **dict.fromkeys(("symbol", "timeframe", "source", "quality", "features"), text),
    }
    schema = {name: types.get(name, pl.Float64) for name in COLUMNS}
    if series is None:
        return pl.DataFrame(schema=schema)
    frame = pl.DataFrame(rows).with_columns(
        symbol=pl.lit(series.symbol), timeframe=pl.lit(series.timeframe)
    )
    return frame.select(COLUMNS).cast(schema)
