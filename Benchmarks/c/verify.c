/* verify DATABASE ROWS FEATURES DATA...: holds every row of a file against the data it was made of.
 * The file must have exactly ROWS bars, and those of each DATA exactly FEATURES features.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "dataset.h"
#include "json.h"
#include "timestamp.h"

static int has_number(sqlite3_stmt *select, int column, double expected) {
  if (sqlite3_column_type(select, column) == SQLITE_NULL) return expected != expected;
  return sqlite3_column_type(select, column) == SQLITE_FLOAT &&
         sqlite3_column_double(select, column) == expected;
}

static int has_text(sqlite3_stmt *select, int column, const char *expected) {
  const char *text = (const char *)sqlite3_column_text(select, column);
  return text && strcmp(text, expected) == 0;
}

static int has_features(sqlite3_stmt *select, const dataset *data, int64_t cell, int entries) {
  double values[MAX_FEATURES];
  int8_t qualities[MAX_FEATURES];
  feature_column columns[MAX_FEATURES];
  for (int index = 0; index < data->features; ++index)
    columns[index] = (feature_column){data->feature[index].key, (int)strlen(data->feature[index].key),
                                      &values[index], &qualities[index]};
  const char *text = (const char *)sqlite3_column_text(select, 10);
  if ((entries == 0) != (text == NULL)) return 0;
  if (features_unpack(text, sqlite3_column_bytes(select, 10), columns, data->features, 0) != entries)
    return 0;
  for (int index = 0; index < data->features; ++index)
    if (!same(values[index], data->feature[index].values[cell]) ||
        qualities[index] != data->feature[index].qualities[cell])
      return 0;
  return 1;
}

static void verify_series(sqlite3_stmt *select, const dataset *data, int series, int entries) {
  char symbol[NAME_BYTES], stamp[TIMESTAMP_BYTES + 1] = {0}, last[TIMESTAMP_BYTES];
  timestamp_cache cache = {0};
  symbol_name(series, symbol);
  timestamp_print(&cache, data->timestamps[0], stamp);
  timestamp_print(&cache, data->timestamps[data->rows - 1], last);
  sqlite3_bind_text(select, 1, symbol, -1, SQLITE_STATIC);
  sqlite3_bind_text(select, 2, TIMEFRAME, -1, SQLITE_STATIC);
  sqlite3_bind_text(select, 3, stamp, TIMESTAMP_BYTES, SQLITE_TRANSIENT);
  sqlite3_bind_text(select, 4, last, TIMESTAMP_BYTES, SQLITE_STATIC);
  int64_t row = 0;
  for (; step(select); ++row) {
    if (row == data->rows) fail("%s has more bars than were written", symbol);
    const int64_t cell = series * data->rows + row;
    timestamp_print(&cache, data->timestamps[row], stamp);
    if (!has_text(select, 0, stamp) || !has_number(select, 1, data->open[cell]) ||
        !has_number(select, 2, data->high[cell]) || !has_number(select, 3, data->low[cell]) ||
        !has_number(select, 4, data->close[cell]) || !has_number(select, 5, data->volume[cell]) ||
        !has_text(select, 6, SOURCES[data->source[cell]]) ||
        !has_text(select, 7, QUALITIES[data->quality[cell]]) ||
        sqlite3_column_type(select, 8) != SQLITE_INTEGER ||
        sqlite3_column_int(select, 8) != data->is_gap[cell] ||
        !has_number(select, 9, data->latency[cell]) || !has_features(select, data, cell, entries))
      fail("%s %s: another bar is stored than was written", symbol, stamp);
  }
  sqlite3_reset(select);
  if (row != data->rows) fail("%s has %lld bars, not %lld", symbol, (long long)row, (long long)data->rows);
}

int main(int argc, char **argv) {
  if (argc < 5) fail("usage: verify DATABASE ROWS FEATURES DATA...");
  sqlite3 *database = database_open(argv[1], "NORMAL");
  sqlite3_stmt *count = prepare(database, "SELECT count(*) FROM market_data");
  step(count);
  if (sqlite3_column_int64(count, 0) != atoll(argv[2]))
    fail("%s has %lld bars, not %s", argv[1], (long long)sqlite3_column_int64(count, 0), argv[2]);
  sqlite3_finalize(count);

  sqlite3_stmt *select =
      prepare(database,
              "SELECT timestamp, open, high, low, close, volume, source, quality, is_gap, latency_sec, features"
              " FROM market_data WHERE symbol = ?1 AND timeframe = ?2 AND timestamp BETWEEN ?3 AND ?4"
              " ORDER BY timestamp");
  for (int argument = 4; argument < argc; ++argument) {
    const dataset data = dataset_load(argv[argument]);
    for (int series = 0; series < data.series; ++series)
      verify_series(select, &data, series, atoi(argv[3]));
  }
  sqlite3_finalize(select);
  database_close(database);
}
