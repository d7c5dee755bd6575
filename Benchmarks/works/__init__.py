# SPDX-License-Identifier: MIT
"""The works, in the table's order, with what data_store has to reach in each."""

from .base import Call, Read, Work, Write, WriteLevels
from .ourselves import BesideWriter, OneRow, Threads, WalGrowth

__all__ = ["WORKS", "Work"]

WORKS: dict[str, Work] = {
    work.name: work
    for work in (
        Write("backfill", "backfill, 20 series x 50,000 bars", 1.9, "bars"),
        Write("features", "backfill with 20 features per bar", 1.6, "features"),
        WriteLevels(
            "features-levels",
            "the same as a frame of two column levels, `str` qualities",
            1.6,
            "mixed",
        ),
        Write("rewrite", "rewrite with changed values", 2.5, "changed", "bars"),
        Write("identical", "rewrite of identical bars", 3.5, "bars", "bars"),
        WalGrowth("wal", "rewrite of identical bars: WAL growth, relative to the first write", 2),
        Read("read", "read a series into a DataFrame", 2.0, "bars"),
        Read(
            "read-features",
            "read 20 features, values and qualities",
            2.5,
            "mixed",
            operation="read_features",
        ),
        Write(
            "merge",
            "one feature merged into 250,000 bars with 20 each",
            1.5,
            "extra",
            "features",
            "merge",
        ),
        Call("write-bar", "`write_bar`, own commit, NORMAL, p50", 1.4, "write_bar"),
        Call("write-bar-full", "`write_bar`, own commit, FULL, p50", 1.15, "write_bar", "FULL"),
        Call("latest-bar", "`latest_bar`, p50", 2.0, "latest_bar"),
        OneRow("one-row", "`write` of a one-row DataFrame, beyond `write_bar`, p50", 120),
        Threads("threads", "two threads reading, relative to one", 1.7),
        BesideWriter("beside", "reading beside a writer that never stops, relative to alone", 0.7),
    )
}
