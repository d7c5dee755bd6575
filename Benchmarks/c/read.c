/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "timestamp.h"
#include "yardstick.h"

/* One series as plain arrays, grown as the rows come. */
typedef struct {
  int64_t count, capacity;
  int64_t *timestamps;
  double *open, *high, *low, *close, *volume, *latency;
  int8_t *source, *quality; /* codes, -1 for NULL */
  uint8_t *is_gap;
} bar_arrays;

static void *grown(void *array, int64_t count, size_t item) {
  array = realloc(array, (size_t)count * item);
  if (!array) fail("no memory for %lld rows", (long long)count);
  return array;
}

static void grow(bar_arrays *bars) {
  const int64_t capacity = bars->capacity = bars->capacity ? bars->capacity * 2 : 1024;
  bars->timestamps = grown(bars->timestamps, capacity, 8);
  double **doubles[] = {&bars->open, &bars->high, &bars->low, &bars->close, &bars->volume, &bars->latency};
  for (int index = 0; index < 6; ++index) *doubles[index] = grown(*doubles[index], capacity, 8);
  bars->source = grown(bars->source, capacity, 1);
  bars->quality = grown(bars->quality, capacity, 1);
  bars->is_gap = grown(bars->is_gap, capacity, 1);
}

static void bars_free(bar_arrays *bars) {
  void *arrays[] = {bars->timestamps, bars->open,   bars->high,    bars->low,    bars->close,
                    bars->volume,     bars->latency, bars->source, bars->quality, bars->is_gap};
  for (int index = 0; index < 10; ++index) free(arrays[index]);
}

static double number(sqlite3_stmt *select, int column) {
  return sqlite3_column_type(select, column) == SQLITE_NULL ? NAN : sqlite3_column_double(select, column);
}

static int8_t code(sqlite3_stmt *select, int column, const char *const words[2]) {
  const char *text = (const char *)sqlite3_column_text(select, column);
  if (!text) return -1;
  if (strcmp(text, words[0]) == 0) return 0;
  if (strcmp(text, words[1]) == 0) return 1;
  fail("unexpected text: %s", text);
}

static sqlite3_stmt *prepare_bars(sqlite3 *database) {
  return prepare(database,
                 "SELECT timestamp, open, high, low, close, volume, source, quality, is_gap, latency_sec"
                 " FROM market_data WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp");
}

static void bind_series(sqlite3_stmt *select, const char *symbol) {
  sqlite3_bind_text(select, 1, symbol, -1, SQLITE_STATIC);
  sqlite3_bind_text(select, 2, TIMEFRAME, -1, SQLITE_STATIC);
}

static int64_t stamp(sqlite3_stmt *select, timestamp_cache *cache) {
  const char *text = (const char *)sqlite3_column_text(select, 0);
  return timestamp_parse(cache, text, sqlite3_column_bytes(select, 0));
}

static bar_arrays read_bars(sqlite3_stmt *select, int series) {
  bar_arrays bars = {0};
  timestamp_cache cache = {0};
  char symbol[NAME_BYTES];
  symbol_name(series, symbol);
  bind_series(select, symbol);
  while (step(select)) {
    if (bars.count == bars.capacity) grow(&bars);
    const int64_t row = bars.count++;
    bars.timestamps[row] = stamp(select, &cache);
    bars.open[row] = number(select, 1);
    bars.high[row] = number(select, 2);
    bars.low[row] = number(select, 3);
    bars.close[row] = number(select, 4);
    bars.volume[row] = number(select, 5);
    bars.source[row] = code(select, 6, SOURCES);
    bars.quality[row] = code(select, 7, QUALITIES);
    bars.is_gap[row] = (uint8_t)sqlite3_column_int(select, 8);
    bars.latency[row] = number(select, 9);
  }
  sqlite3_reset(select);
  return bars;
}

static void check_bars(const bar_arrays *bars, const dataset *data, int series) {
  if (bars->count != data->rows) fail("series %d: %lld rows", series, (long long)bars->count);
  for (int64_t row = 0; row < data->rows; ++row) {
    const int64_t cell = series * data->rows + row;
    if (bars->timestamps[row] != data->timestamps[row] || !same(bars->open[row], data->open[cell]) ||
        !same(bars->high[row], data->high[cell]) || !same(bars->low[row], data->low[cell]) ||
        !same(bars->close[row], data->close[cell]) || !same(bars->volume[row], data->volume[cell]) ||
        !same(bars->latency[row], data->latency[cell]) || bars->source[row] != data->source[cell] ||
        bars->quality[row] != data->quality[cell] || bars->is_gap[row] != data->is_gap[cell])
      fail("series %d, row %lld: read another bar than was written", series, (long long)row);
  }
}

void op_read(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  sqlite3_stmt *select = prepare_bars(database);
  double seconds = 0;
  for (int series = 0; series < data.series; ++series) {
    const double began = seconds_now();
    bar_arrays bars = read_bars(select, series);
    seconds += seconds_now() - began;
    check_bars(&bars, &data, series);
    bars_free(&bars);
  }
  sqlite3_finalize(select);
  database_close(database);
  printf("{\"seconds\": %.9f}\n", seconds);
}

/* ---- Features ------------------------------------------------------------------------------- */

typedef struct {
  int64_t count, capacity;
  int64_t *timestamps;
  feature_column columns[MAX_FEATURES];
} feature_arrays;

static feature_arrays read_features(sqlite3_stmt *select, const dataset *data, int series) {
  feature_arrays found = {0};
  for (int index = 0; index < data->features; ++index) {
    found.columns[index].key = data->feature[index].key;
    found.columns[index].key_bytes = (int)strlen(data->feature[index].key);
  }
  timestamp_cache cache = {0};
  char symbol[NAME_BYTES];
  symbol_name(series, symbol);
  bind_series(select, symbol);
  while (step(select)) {
    if (found.count == found.capacity) {
      found.capacity = found.capacity ? found.capacity * 2 : 1024;
      found.timestamps = grown(found.timestamps, found.capacity, 8);
      for (int index = 0; index < data->features; ++index) {
        feature_column *column = &found.columns[index];
        column->values = grown(column->values, found.capacity, 8);
        column->qualities = grown(column->qualities, found.capacity, 1);
      }
    }
    const int64_t row = found.count++;
    found.timestamps[row] = stamp(select, &cache);
    const char *text = (const char *)sqlite3_column_text(select, 1);
    features_unpack(text, sqlite3_column_bytes(select, 1), found.columns, data->features, row);
  }
  sqlite3_reset(select);
  return found;
}

static void check_features(const feature_arrays *found, const dataset *data, int series) {
  if (found->count != data->rows) fail("series %d: %lld rows", series, (long long)found->count);
  for (int index = 0; index < data->features; ++index) {
    const feature_data *feature = &data->feature[index];
    const feature_column *column = &found->columns[index];
    for (int64_t row = 0; row < data->rows; ++row) {
      const int64_t cell = series * data->rows + row;
      if (found->timestamps[row] != data->timestamps[row] ||
          !same(column->values[row], feature->values[cell]) ||
          column->qualities[row] != feature->qualities[cell])
        fail("series %d, row %lld: read another %s than was written", series, (long long)row, feature->key);
    }
  }
}

void op_read_features(const task *task) {
  const dataset data = dataset_load(task->folder);
  sqlite3 *database = database_open(task->database, task->synchronous);
  sqlite3_stmt *select =
      prepare(database,
              "SELECT timestamp, features FROM market_data"
              " WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp");
  double seconds = 0;
  for (int series = 0; series < data.series; ++series) {
    const double began = seconds_now();
    feature_arrays found = read_features(select, &data, series);
    seconds += seconds_now() - began;
    check_features(&found, &data, series);
    free(found.timestamps);
    for (int index = 0; index < data.features; ++index) {
      free(found.columns[index].values);
      free(found.columns[index].qualities);
    }
  }
  sqlite3_finalize(select);
  database_close(database);
  printf("{\"seconds\": %.9f}\n", seconds);
}

/* ---- Threads -------------------------------------------------------------------------------- */

typedef struct {
  sqlite3 *database;
  sqlite3_stmt *select;
  int first, last; /* series */
} reader;

static void *read_some(void *argument) {
  const reader *reader = argument;
  for (int series = reader->first; series < reader->last; ++series) {
    bar_arrays bars = read_bars(reader->select, series);
    bars_free(&bars);
  }
  return NULL;
}

/* All series by one thread, then half of them by each of two, on a connection each. */
void op_threads(const task *task) {
  const dataset data = dataset_load(task->folder);
  const int half = data.series / 2;
  reader readers[2] = {{.first = 0, .last = half}, {.first = half, .last = 2 * half}};
  for (int index = 0; index < 2; ++index) {
    readers[index].database = database_open(task->database, task->synchronous);
    readers[index].select = prepare_bars(readers[index].database);
    bar_arrays bars = read_bars(readers[index].select, 0);
    check_bars(&bars, &data, 0);
    bars_free(&bars);
  }

  const double began = seconds_now();
  reader all = readers[0];
  all.last = 2 * half;
  read_some(&all);
  const double alone = seconds_now();
  pthread_t threads[2];
  for (int index = 0; index < 2; ++index)
    if (pthread_create(&threads[index], NULL, read_some, &readers[index]) != 0) fail("no thread");
  for (int index = 0; index < 2; ++index) pthread_join(threads[index], NULL);
  const double together = seconds_now();

  for (int index = 0; index < 2; ++index) {
    sqlite3_finalize(readers[index].select);
    database_close(readers[index].database);
  }
  printf("{\"one\": %.9f, \"two\": %.9f}\n", alone - began, together - alone);
}
