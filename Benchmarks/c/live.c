/* One bar at a time.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "live.h"
#include "timestamp.h"
#include "yardstick.h"

/* The bars of the data, a commit for each, time by time as a market gives them. */
void op_write_bar(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  bar_writer *writer = bar_writer_new(database, 0);
  double *seconds = allocate(data.series * data.rows * 8);
  size_t calls = 0;
  for (int64_t row = 0; row < data.rows; ++row) {
    for (int series = 0; series < data.series; ++series) {
      char symbol[NAME_BYTES];
      symbol_name(series, symbol);
      const double began = seconds_now();
      bar_writer_series(writer, symbol);
      bar_writer_put(writer, &data, row, series * data.rows + row);
      seconds[calls++] = seconds_now() - began;
    }
  }
  bar_writer_free(writer);
  database_close(database);
  printf("{\"p50\": %.9f}\n", median(seconds, calls));
}

static char *copied(sqlite3_stmt *select, int column) {
  const char *text = (const char *)sqlite3_column_text(select, column);
  if (!text) return NULL;
  const size_t bytes = (size_t)sqlite3_column_bytes(select, column) + 1;
  return memcpy(allocate((int64_t)bytes), text, bytes);
}

double number_of(sqlite3_stmt *select, int column) {
  return sqlite3_column_type(select, column) == SQLITE_NULL ? NAN : sqlite3_column_double(select, column);
}

live_bar latest_bar(sqlite3_stmt *select, const char *symbol) {
  static timestamp_cache cache;
  sqlite3_bind_text(select, 1, symbol, -1, SQLITE_STATIC);
  if (!step(select)) fail("%s has no bars", symbol);
  live_bar bar;
  bar.timestamp =
      timestamp_parse(&cache, (const char *)sqlite3_column_text(select, 0), sqlite3_column_bytes(select, 0));
  for (int index = 0; index < 6; ++index) bar.values[index] = number_of(select, 1 + index);
  bar.source = copied(select, 7);
  bar.quality = copied(select, 8);
  bar.is_gap = sqlite3_column_int(select, 9);
  bar.features = copied(select, 10);
  sqlite3_reset(select);
  return bar;
}

static void check(const live_bar *bar, const dataset *data, int series) {
  const int64_t row = data->rows - 1, cell = series * data->rows + row;
  const double *values = bar->values;
  if (bar->timestamp != data->timestamps[row] || !same(values[0], data->open[cell]) ||
      !same(values[1], data->high[cell]) || !same(values[2], data->low[cell]) ||
      !same(values[3], data->close[cell]) || !same(values[4], data->volume[cell]) ||
      !same(values[5], data->latency[cell]) || bar->is_gap != data->is_gap[cell] ||
      strcmp(bar->source, SOURCES[data->source[cell]]) != 0 ||
      strcmp(bar->quality, QUALITIES[data->quality[cell]]) != 0 || bar->features)
    fail("series %d: the newest bar is another", series);
}

void op_latest_bar(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  sqlite3_stmt *select = prepare(database, LATEST_BAR);
  sqlite3_bind_text(select, 2, TIMEFRAME, -1, SQLITE_STATIC);
  double *seconds = allocate(task->count * 8);
  for (int64_t call = 0; call < task->count; ++call) {
    const int series = (int)(call % data.series);
    char symbol[NAME_BYTES];
    symbol_name(series, symbol);
    const double began = seconds_now();
    live_bar bar = latest_bar(select, symbol);
    seconds[call] = seconds_now() - began;
    check(&bar, &data, series);
    free(bar.source);
    free(bar.quality);
    free(bar.features);
  }
  sqlite3_finalize(select);
  database_close(database);
  printf("{\"p50\": %.9f}\n", median(seconds, (size_t)task->count));
}
