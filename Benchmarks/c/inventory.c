/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "clock.h"
#include "yardstick.h"

/* What is stored, counted: bars and gaps of each series. The data plays no part. */
void op_series(const task *task) {
  sqlite3 *database = database_open(task->database, task->synchronous);
  const double began = seconds_now();
  sqlite3_stmt *select =
      prepare(database,
              "SELECT symbol, timeframe, min(timestamp), max(timestamp), count(*), sum(is_gap)"
              " FROM market_data GROUP BY symbol, timeframe");
  long long series = 0, bars = 0, gaps = 0;
  while (step(select)) {
    ++series;
    bars += sqlite3_column_int64(select, 4);
    gaps += sqlite3_column_int64(select, 5);
  }
  sqlite3_finalize(select);
  const double seconds = seconds_now() - began;
  database_close(database);
  printf("{\"seconds\": %.9f, \"series\": %lld, \"bars\": %lld, \"gaps\": %lld}\n", seconds, series, bars, gaps);
}
