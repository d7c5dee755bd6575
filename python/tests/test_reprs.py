# SPDX-License-Identifier: MIT
"""What an interpreter and a notebook show of a store and of what it gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import places
import pytest
from frames import START, SYMBOL, TIMEFRAME, bars, entry
from processes import in_child

from data_store import DataStore, _html


class Texts(HTMLParser):
    """The texts of the cells; tags that are not closed, or not known, fail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag in ("table", "caption", "tbody", "tr", "th", "td")
        self.open.append(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("th", "td"):
            self.cells[-1] += data


def shown(thing: Any) -> dict[str, str]:
    cells = Texts(thing._repr_html_()).cells
    return dict(zip(cells[::2], cells[1::2], strict=True))


def test_repos_show_their_file(store: DataStore, path: Path) -> None:
    assert repr(store.market) == f"<MarketRepo of {str(path)!r}>"
    assert repr(store.state) == f"<StateRepo of {str(path)!r}>"
    market = store.market
    store.close()
    assert repr(market) == f"<MarketRepo of {str(path)!r} (closed)>"
    assert in_child(lambda: repr(market)) == f"<MarketRepo of {str(path)!r} (closed)>"


def test_a_transaction_shows_whether_it_is_open(store: DataStore, path: Path) -> None:
    transaction = store.transaction()
    assert repr(transaction) == f"<Transaction of {str(path)!r}, not begun>"
    with transaction:
        assert repr(transaction).endswith(", open>")
    assert repr(transaction).endswith(", over>")


def test_a_result_shows_rows_and_columns(store: DataStore) -> None:
    store.market.write(bars(1200), SYMBOL, TIMEFRAME)
    chosen: Any = {"columns": ["open", "close"]}
    result = store.market.read_arrow(SYMBOL, TIMEFRAME, **chosen)
    assert repr(result) == "<ArrowResult: 1,200 rows of timestamp, open, close>"
    result.__arrow_c_stream__()
    assert repr(result) == "<ArrowResult: 1,200 rows of timestamp, open, close>"
    query = store.sql_arrow("SELECT 1 AS one, 2 AS two")
    assert repr(query) == "<ArrowResult: 1 rows of one, two>"
    many = store.sql_arrow("SELECT " + ", ".join(f"{i} AS c{i}" for i in range(100)))
    assert repr(many).endswith("c11, and 88 more>")


def test_a_stream_shows_its_columns_and_whether_it_was_taken(store: DataStore) -> None:
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    stream = store.market.iter_arrow([SYMBOL], TIMEFRAME, columns=["open"])
    assert repr(stream) == "<ArrowResult: a stream of symbol, timestamp, open>"
    assert store.market.write(stream, None, "copy") == 3
    assert repr(stream) == "<ArrowResult: a stream, taken>"


def test_column_names_are_those_that_a_consumer_sees(store: DataStore) -> None:
    store.market.write(bars(3), SYMBOL, TIMEFRAME)
    store.market.write_features({START: {"ä@1": entry(1)}}, SYMBOL, TIMEFRAME)
    result = store.market.read_arrow(SYMBOL, TIMEFRAME, columns=["open"], features=True)
    assert result.column_names == ["timestamp", "open", "ä@1"]
    assert result.column_names == list(result.to_pandas().columns)
    stream = store.market.iter_arrow(SYMBOL, TIMEFRAME, columns=(), features="json")
    assert stream.column_names == ["timestamp", "features"]
    assert list(stream.to_pandas().columns) == ["timestamp", "features"]


def test_a_notebook_shows_path_size_rows_and_a_few_series(store: DataStore) -> None:
    for number in range(8):
        store.market.write(bars(3), f"S{number}", TIMEFRAME)
    store.state.set("a", 1)
    told = shown(store)
    assert told["path"] == store.path
    if places.on_server():
        assert told == {"path": store.path, "rows": "not counted on a server: see info()"}
        return
    assert re.fullmatch(r"[\d,]+ bytes, and [\d,]+ in the WAL", told["size"])
    assert told["rows of market_data"] == "24"
    assert told["rows of system_state"] == "1"
    assert told[f"S0 {TIMEFRAME}"] == "2026-03-01 15:00 to 2026-03-01 17:00"
    assert told[""] == "and 3 more series: see market.series()"


def test_names_and_paths_are_escaped(new_path: Callable[[str], places.Place]) -> None:
    with DataStore(new_path("<b>&'\".db")) as store:
        store.market.write(bars(1), "<script>alert(1)</script>", "<i>")
        html = store._repr_html_()
    assert "<script" not in html
    assert "<i>" not in html
    assert "<b>" not in html
    # Of a server's store no series are listed.
    assert places.on_server() or "<script>alert(1)</script> <i>" in Texts(html).cells


def test_a_notebook_shows_a_store_in_any_state(store: DataStore, path: Path) -> None:
    store.market.write(bars(1), SYMBOL, TIMEFRAME)
    with store.transaction():
        assert "rows of market_data" in shown(store) or places.on_server()
        assert shown(store).get("rows of market_data", "1") == "1"
    assert in_child(lambda: shown(store)) == {"path": store.path, "closed": "True"}
    if isinstance(path, Path):
        path.rename(path.with_name("moved.db"))
        assert shown(store)["path"] == str(path)
        assert len(shown(store)) == 2  # and what was the matter
    store.close()
    assert shown(store) == {"path": store.path, "closed": "True"}


@pytest.mark.sqlite_only("the store is a file")
def test_a_huge_file_is_not_read_to_show_it(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: object) -> None:
        raise AssertionError("this looks at every row")

    store.market.write(bars(1), SYMBOL, TIMEFRAME)
    monkeypatch.setattr(_html, "_MOST_LISTED", 0)
    assert set(shown(store)) == {"path", "size"} | {
        f"rows of {table}" for table in ("market_data", "market_requests", "system_state")
    }
    monkeypatch.setattr(_html, "_MOST_COUNTED", 0)
    monkeypatch.setattr(DataStore, "info", too_long)
    assert "info()" in shown(store)["rows"]


def test_a_notebook_shows_a_bar(store: DataStore) -> None:
    features = {f"f{number}@1": entry(number, "warmup") for number in range(30)}
    store.market.write_bar(
        SYMBOL, TIMEFRAME, START, close=1.5, source="<b>feed</b>", features=features
    )
    bar = store.market.latest_bar(SYMBOL, TIMEFRAME)
    assert bar is not None
    told = shown(bar)
    assert told["timestamp"] == "2026-03-01 15:00:00+00:00"
    assert told["close"] == "1.5"
    assert told["open"] == ""
    assert told["source"] == "<b>feed</b>"
    assert told["f0@1"] == "0 (warmup)"
    assert told[""] == "and 10 more features"
    assert "<b>" not in bar._repr_html_()
    assert repr(bar).startswith("Bar(timestamp=datetime.datetime(2026, 3, 1, 15, 0")
