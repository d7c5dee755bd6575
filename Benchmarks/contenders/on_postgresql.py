# SPDX-License-Identifier: MIT
"""Ways to keep bars on a PostgreSQL server, in the tables that data_store makes there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import psycopg
import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert

from contenders.base import FEATURE_MEMBER
from data_store import DataStore
from dataset import COLUMNS, TIMEFRAME

KEY = ["symbol", "timeframe", "timestamp", "timestamp_ns"]
TYPES = [
    "text",
    "text",
    "timestamptz",
    "int2",
    *["float8"] * 5,
    "text",
    "text",
    "bool",
    "float8",
    "text",  # of json, which has the same binary form; a str for json would be dumped once more
]
SET = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
ON_CONFLICT = f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {SET}"
NAMES = ", ".join([*KEY, *COLUMNS])
FROM = f'SELECT "timestamp", {", ".join(COLUMNS)} FROM market_data'
SELECT = f"{FROM} WHERE symbol = %s AND timeframe = %s"


class Ours:
    """What this repository is about."""

    def __init__(self, url: str, **options: Any) -> None:
        self._store = DataStore(url, **options)
        self._market = self._store.market

    def close(self) -> None:
        self._store.close()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        self._market.write(bars, symbol, TIMEFRAME, features=features)

    def read(self, symbol: str) -> pd.DataFrame:
        return self._market.read(symbol, TIMEFRAME)

    def read_features(self, symbol: str) -> pd.DataFrame:
        return self._market.read_features(symbol, TIMEFRAME)

    def write_bar(self, symbol: str, time: datetime, bar: dict[str, Any]) -> None:
        self._market.write_bar(symbol, TIMEFRAME, time, **bar)

    def latest_bar(self, symbol: str) -> object:
        return self._market.latest_bar(symbol, TIMEFRAME)


def _rows(symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> zip[tuple[Any, ...]]:
    """Give bars as tuples: key, nine columns, features where there are any."""
    count = len(bars)
    columns: list[list[Any]] = [
        [symbol] * count,
        [TIMEFRAME] * count,
        bars.index.to_pydatetime().tolist(),
        [0] * count,
    ]
    columns += [
        bars[name].astype(object).where(bars[name].notna(), None).tolist() for name in COLUMNS
    ]
    if features is not None:
        members = [FEATURE_MEMBER % key for key in features.columns]
        texts = zip(*(map(repr, features[key].tolist()) for key in features.columns), strict=True)
        row = "{" + ",".join(members) + "}"
        columns.append([row % values for values in texts])
    return zip(*columns, strict=True)


class Psycopg:
    """psycopg 3 as its documentation has it: COPY in binary into a temporary table, one upsert."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute(
            "CREATE TEMPORARY TABLE batch (LIKE market_data) ON COMMIT DELETE ROWS"
        )
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        names = [*KEY, *COLUMNS, *([] if features is None else ["features"])]
        listed = ", ".join(names)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            with cursor.copy(f"COPY batch ({listed}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(TYPES[: len(names)])
                for row in _rows(symbol, bars, features):
                    copy.write_row(row)
            more = "" if features is None else ", features = excluded.features"
            cursor.execute(
                f"INSERT INTO market_data ({listed}) SELECT {listed} FROM batch {ON_CONFLICT}{more}"
            )

    def read(self, symbol: str) -> pd.DataFrame:
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(SELECT + ' ORDER BY "timestamp", timestamp_ns', (symbol, TIMEFRAME))
            frame = pd.DataFrame(cursor.fetchall(), columns=["timestamp", *COLUMNS])
        self._connection.commit()
        return frame.astype({"volume": "float64"}).set_index("timestamp")

    def write_bar(self, symbol: str, time: datetime, bar: dict[str, Any]) -> None:
        marks = ", ".join(["%s"] * (4 + len(COLUMNS)))
        self._connection.execute(
            f"INSERT INTO market_data ({NAMES}) VALUES ({marks}) {ON_CONFLICT}",
            (symbol, TIMEFRAME, time, 0, *(bar[name] for name in COLUMNS)),
        )
        self._connection.commit()

    def latest_bar(self, symbol: str) -> object:
        found = self._connection.execute(
            SELECT + ' ORDER BY "timestamp" DESC, timestamp_ns DESC LIMIT 1', (symbol, TIMEFRAME)
        ).fetchone()
        self._connection.commit()
        return found


class SQLAlchemy:
    """SQLAlchemy's insert ... on conflict, many rows to a statement."""

    def __init__(self, url: str) -> None:
        self._engine = sql.create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(url)
        )
        self._table = sql.Table("market_data", sql.MetaData(), autoload_with=self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        if features is not None:
            raise NotImplementedError
        statement = insert(self._table)
        statement = statement.on_conflict_do_update(
            index_elements=KEY, set_={name: statement.excluded[name] for name in COLUMNS}
        )
        names = [*KEY, *COLUMNS]
        with self._engine.begin() as connection:
            connection.execute(
                statement, [dict(zip(names, row, strict=True)) for row in _rows(symbol, bars, None)]
            )


class Pandas:
    """pandas.to_sql and read_sql; it only adds rows."""

    def __init__(self, url: str) -> None:
        self._engine = sql.create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(url)
        )

    def close(self) -> None:
        self._engine.dispose()

    def write(self, symbol: str, bars: pd.DataFrame, features: pd.DataFrame | None) -> None:
        if features is not None:
            raise NotImplementedError
        frame = bars.reset_index().assign(symbol=symbol, timeframe=TIMEFRAME, timestamp_ns=0)
        frame.to_sql("market_data", self._engine, if_exists="append", index=False)

    def read(self, symbol: str) -> pd.DataFrame:
        query = sql.text(
            FROM + " WHERE symbol = :symbol AND timeframe = :timeframe"
            ' ORDER BY "timestamp", timestamp_ns'
        )
        frame = pd.read_sql(query, self._engine, params={"symbol": symbol, "timeframe": TIMEFRAME})
        return frame.set_index("timestamp")
