/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "timestamp.h"
#include "yardstick.h"

struct bar_writer {
  sqlite3_stmt *insert;
  int with_features;
  timestamp_cache cache;
  char stamp[TIMESTAMP_BYTES];
  char features[PACKED_BYTES];
};

bar_writer *bar_writer_new(sqlite3 *database, int with_features) {
  bar_writer *writer = allocate(sizeof *writer);
  memset(writer, 0, sizeof *writer);
  writer->with_features = with_features;
  writer->insert = prepare(
      database, with_features
                    ? "INSERT OR REPLACE INTO market_data VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"
                    : "INSERT OR REPLACE INTO market_data VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,NULL)");
  sqlite3_bind_text(writer->insert, 2, TIMEFRAME, -1, SQLITE_STATIC);
  return writer;
}

void bar_writer_free(bar_writer *writer) {
  sqlite3_finalize(writer->insert);
  free(writer);
}

/* Bindings outlive a reset, so what a series has in common is bound once. */
void bar_writer_series(bar_writer *writer, const char *symbol) {
  sqlite3_bind_text(writer->insert, 1, symbol, -1, SQLITE_STATIC);
}

/* SQLite itself stores NaN as NULL. */
void bar_writer_put(bar_writer *writer, const dataset *data, int64_t row, int64_t cell) {
  sqlite3_stmt *insert = writer->insert;
  const char *source = SOURCES[data->source[cell]], *quality = QUALITIES[data->quality[cell]];
  timestamp_print(&writer->cache, data->timestamps[row], writer->stamp);
  sqlite3_bind_text(insert, 3, writer->stamp, TIMESTAMP_BYTES, SQLITE_STATIC);
  sqlite3_bind_double(insert, 4, data->open[cell]);
  sqlite3_bind_double(insert, 5, data->high[cell]);
  sqlite3_bind_double(insert, 6, data->low[cell]);
  sqlite3_bind_double(insert, 7, data->close[cell]);
  sqlite3_bind_double(insert, 8, data->volume[cell]);
  sqlite3_bind_text(insert, 9, source, (int)strlen(source), SQLITE_STATIC);
  sqlite3_bind_text(insert, 10, quality, (int)strlen(quality), SQLITE_STATIC);
  sqlite3_bind_int(insert, 11, data->is_gap[cell]);
  sqlite3_bind_double(insert, 12, data->latency[cell]);
  if (writer->with_features) {
    const int bytes = features_pack(data, cell, writer->features);
    sqlite3_bind_text(insert, 13, writer->features, bytes, SQLITE_STATIC);
  }
  run(insert);
}

void op_write(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  bar_writer *writer = bar_writer_new(database, data.features > 0);

  const double began = seconds_now();
  for (int series = 0; series < data.series; ++series) {
    char symbol[NAME_BYTES];
    symbol_name(series, symbol);
    bar_writer_series(writer, symbol);
    execute(database, "BEGIN IMMEDIATE");
    for (int64_t row = 0; row < data.rows; ++row)
      bar_writer_put(writer, &data, row, series * data.rows + row);
    execute(database, "COMMIT");
  }
  const double committed = seconds_now();
  bar_writer_free(writer);
  database_close(database);
  printf("{\"committed\": %.9f, \"seconds\": %.9f}\n", committed - began, seconds_now() - began);
}

/* ---- A writer that never stops -------------------------------------------------------------- */

static volatile sig_atomic_t stopped;
static void stop(int signal) { stopped = signal; }

#define STREAM_BATCH 1000

/* Rewrites the bars of one series over and over, a commit for each batch, until SIGTERM. */
void op_stream(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  bar_writer *writer = bar_writer_new(database, 0);
  bar_writer_series(writer, "WRITER");
  signal(SIGTERM, stop);

  const int64_t cells = data.series * data.rows;
  long long commits = 0;
  for (int64_t first = 0; !stopped; first += STREAM_BATCH) {
    execute(database, "BEGIN IMMEDIATE");
    for (int64_t row = first; row < first + STREAM_BATCH; ++row)
      bar_writer_put(writer, &data, row % data.rows, row % cells);
    execute(database, "COMMIT");
    if (commits++ == 0) puts("writing"), fflush(stdout);
  }
  bar_writer_free(writer);
  database_close(database);
  printf("{\"commits\": %lld}\n", commits);
}

/* ---- One feature more ------------------------------------------------------------------------ */

/* Old and new are sorted alike, so one range scan meets each bar, and an update by rowid follows.
 * The scan goes along the key, which the update leaves alone. */
static void merge_series(sqlite3_stmt *select, sqlite3_stmt *update, const dataset *data, int series) {
  static char merged[PACKED_BYTES];
  char symbol[NAME_BYTES], first[TIMESTAMP_BYTES], last[TIMESTAMP_BYTES], stamp[TIMESTAMP_BYTES];
  timestamp_cache cache = {0};
  symbol_name(series, symbol);
  timestamp_print(&cache, data->timestamps[0], first);
  timestamp_print(&cache, data->timestamps[data->rows - 1], last);
  sqlite3_bind_text(select, 1, symbol, -1, SQLITE_STATIC);
  sqlite3_bind_text(select, 2, TIMEFRAME, -1, SQLITE_STATIC);
  sqlite3_bind_text(select, 3, first, TIMESTAMP_BYTES, SQLITE_STATIC);
  sqlite3_bind_text(select, 4, last, TIMESTAMP_BYTES, SQLITE_STATIC);
  int64_t row = 0;
  while (row < data->rows && step(select)) {
    timestamp_print(&cache, data->timestamps[row], stamp);
    const int order = memcmp(sqlite3_column_text(select, 1), stamp, TIMESTAMP_BYTES);
    if (order < 0) continue; /* a bar that has nothing new */
    if (order > 0) break;
    const char *text = (const char *)sqlite3_column_text(select, 2);
    const int bytes = text ? sqlite3_column_bytes(select, 2) : 2;
    const int64_t cell = series * data->rows + row++;
    const int merged_bytes = features_merge(text ? text : "{}", bytes, data, cell, merged);
    sqlite3_bind_text(update, 1, merged, merged_bytes, SQLITE_STATIC);
    sqlite3_bind_int64(update, 2, sqlite3_column_int64(select, 0));
    run(update);
  }
  sqlite3_reset(select);
  if (row != data->rows) fail("%s: bar %lld is not stored", symbol, (long long)row);
}

void op_merge(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  sqlite3_stmt *select = prepare(
      database,
      "SELECT rowid, timestamp, features FROM market_data"
      " WHERE symbol = ?1 AND timeframe = ?2 AND timestamp BETWEEN ?3 AND ?4 ORDER BY timestamp");
  sqlite3_stmt *update = prepare(database, "UPDATE market_data SET features = ?1 WHERE rowid = ?2");

  const double began = seconds_now();
  for (int series = 0; series < data.series; ++series) {
    execute(database, "BEGIN IMMEDIATE");
    merge_series(select, update, &data, series);
    execute(database, "COMMIT");
  }
  const double committed = seconds_now();
  sqlite3_finalize(select);
  sqlite3_finalize(update);
  database_close(database);
  printf("{\"committed\": %.9f, \"seconds\": %.9f}\n", committed - began, seconds_now() - began);
}
