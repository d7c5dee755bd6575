-- The table of the specification, for the contenders that bring none of their own.
CREATE TABLE IF NOT EXISTS market_data (
    symbol      TEXT NOT NULL,
    timeframe   TEXT NOT NULL,
    timestamp   TEXT NOT NULL,
    open        REAL,
    high        REAL,
    low         REAL,
    close       REAL,
    volume      REAL,
    source      TEXT,
    quality     TEXT,
    is_gap      INTEGER DEFAULT 0,
    latency_sec REAL,
    features    JSON,
    PRIMARY KEY (symbol, timeframe, timestamp)
);
