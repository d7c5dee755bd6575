/* The desk's calls in C, as a library: desk_calls/c_library.py makes them between those of the other
 * contenders, in one process. Each function tells what its work took, by its own clock.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live.h"
#include "timestamp.h"
#include "yardstick.h"

#define TEXT_BYTES 4096

typedef struct {
  int64_t wall, cpu; /* nanoseconds */
} took;

typedef struct {
  sqlite3 *database;
  bar_writer *writer;
  sqlite3_stmt *latest, *last, *merge, *set, *get, *begin, *commit;
  dataset pool; /* the bars that are written, one series of them */
} desk;

/* The newest bars of a series, oldest first. The caller gives the arrays. */
typedef struct {
  int64_t *timestamps;
  double *values[6]; /* open, high, low, close, volume, latency_sec */
  int8_t *source, *quality;
  uint8_t *is_gap;
} bar_columns;

static int64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static took started(void) {
  const int64_t cpu = now(CLOCK_THREAD_CPUTIME_ID);
  return (took){now(CLOCK_MONOTONIC), cpu};
}

static took since(took start) {
  const int64_t wall = now(CLOCK_MONOTONIC);
  return (took){wall - start.wall, now(CLOCK_THREAD_CPUTIME_ID) - start.cpu};
}

desk *desk_open(const char *path, const char *synchronous, const char *pool) {
  desk *desk = allocate(sizeof *desk);
  desk->pool = dataset_load(pool);
  sqlite3 *database = desk->database = database_open(path, synchronous);
  desk->writer = bar_writer_new(database, 0);
  desk->latest = prepare(database, LATEST_BAR);
  sqlite3_bind_text(desk->latest, 2, TIMEFRAME, -1, SQLITE_STATIC);
  desk->last = prepare(database,
                       "SELECT timestamp, open, high, low, close, volume, latency_sec, source, quality, is_gap"
                       " FROM market_data WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp DESC LIMIT ?3");
  sqlite3_bind_text(desk->last, 2, TIMEFRAME, -1, SQLITE_STATIC);
  desk->merge = prepare(database,
                        "UPDATE market_data SET features = json_patch(coalesce(features, '{}'), ?4)"
                        " WHERE symbol = ?1 AND timeframe = ?2 AND timestamp = ?3");
  sqlite3_bind_text(desk->merge, 2, TIMEFRAME, -1, SQLITE_STATIC);
  desk->set = prepare(database, "INSERT OR REPLACE INTO system_state (key, value, updated_at) VALUES (?1, ?2, ?3)");
  desk->get = prepare(database, "SELECT value FROM system_state WHERE key = ?1");
  desk->begin = prepare(database, "BEGIN IMMEDIATE");
  desk->commit = prepare(database, "COMMIT");
  return desk;
}

void desk_close(desk *desk) {
  bar_writer_free(desk->writer);
  sqlite3_stmt *statements[] = {desk->latest, desk->last,  desk->merge, desk->set,
                                desk->get,    desk->begin, desk->commit};
  for (int index = 0; index < 7; ++index) sqlite3_finalize(statements[index]);
  database_close(desk->database);
  free(desk);
}

/* The texts of the bar are the caller's, to be given back to `desk_bar_free`. */
took desk_latest(desk *desk, const char *symbol, live_bar *bar) {
  const took start = started();
  *bar = latest_bar(desk->latest, symbol);
  return since(start);
}

void desk_bar_free(live_bar *bar) {
  free(bar->source);
  free(bar->quality);
  free(bar->features);
}

static void put(desk *desk, const char *symbol, int64_t timestamp, int64_t cell) {
  dataset one = desk->pool;
  one.timestamps = &timestamp;
  bar_writer_series(desk->writer, symbol);
  bar_writer_put(desk->writer, &one, 0, cell);
}

took desk_write_bar(desk *desk, const char *symbol, int64_t timestamp, int64_t cell) {
  const took start = started();
  put(desk, symbol, timestamp, cell);
  return since(start);
}

took desk_write_then_latest(desk *desk, const char *symbol, int64_t timestamp, int64_t cell, live_bar *bar) {
  const took start = started();
  put(desk, symbol, timestamp, cell);
  *bar = latest_bar(desk->latest, symbol);
  return since(start);
}

took desk_write_many(desk *desk, const char *const *symbols, int64_t count, const int64_t *timestamps,
                     const int64_t *cells) {
  const took start = started();
  run(desk->begin);
  for (int64_t index = 0; index < count; ++index) put(desk, symbols[index], timestamps[index], cells[index]);
  run(desk->commit);
  return since(start);
}

static int8_t code(sqlite3_stmt *select, int column, const char *const words[2]) {
  const char *text = (const char *)sqlite3_column_text(select, column);
  if (!text) return -1;
  return strcmp(text, words[0]) != 0;
}

took desk_last(desk *desk, const char *symbol, int64_t count, bar_columns *bars) {
  const took start = started();
  sqlite3_stmt *select = desk->last;
  timestamp_cache cache = {0};
  sqlite3_bind_text(select, 1, symbol, -1, SQLITE_STATIC);
  sqlite3_bind_int64(select, 3, count);
  int64_t row = count;
  while (step(select)) {
    --row;
    bars->timestamps[row] =
        timestamp_parse(&cache, (const char *)sqlite3_column_text(select, 0), sqlite3_column_bytes(select, 0));
    for (int index = 0; index < 6; ++index) bars->values[index][row] = number_of(select, 1 + index);
    bars->source[row] = code(select, 7, SOURCES);
    bars->quality[row] = code(select, 8, QUALITIES);
    bars->is_gap[row] = (uint8_t)sqlite3_column_int(select, 9);
  }
  sqlite3_reset(select);
  if (row != 0) fail("%s: %lld bars are missing", symbol, (long long)row);
  return since(start);
}

/* The features as JSON text: to print them is not part of this. */
took desk_write_features(desk *desk, const char *symbol, int64_t timestamp, const char *json) {
  const took start = started();
  timestamp_cache cache = {0};
  char stamp[TIMESTAMP_BYTES];
  timestamp_print(&cache, timestamp, stamp);
  sqlite3_bind_text(desk->merge, 1, symbol, -1, SQLITE_STATIC);
  sqlite3_bind_text(desk->merge, 3, stamp, TIMESTAMP_BYTES, SQLITE_STATIC);
  sqlite3_bind_text(desk->merge, 4, json, -1, SQLITE_STATIC);
  run(desk->merge);
  return since(start);
}

took desk_state_set(desk *desk, const char *key, const char *json) {
  const took start = started();
  char text[40];
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  struct tm parts;
  gmtime_r(&time.tv_sec, &parts);
  const size_t bytes = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + bytes, sizeof text - bytes, ".%06ld+00:00", time.tv_nsec / 1000);
  sqlite3_bind_text(desk->set, 1, key, -1, SQLITE_STATIC);
  sqlite3_bind_text(desk->set, 2, json, -1, SQLITE_STATIC);
  sqlite3_bind_text(desk->set, 3, text, -1, SQLITE_STATIC);
  run(desk->set);
  return since(start);
}

/* `json` has room for TEXT_BYTES. */
took desk_state_get(desk *desk, const char *key, char *json) {
  const took start = started();
  sqlite3_bind_text(desk->get, 1, key, -1, SQLITE_STATIC);
  json[0] = 0;
  if (step(desk->get)) {
    const int bytes = sqlite3_column_bytes(desk->get, 0);
    if (bytes >= TEXT_BYTES) fail("%s: too long", key);
    memcpy(json, sqlite3_column_text(desk->get, 0), (size_t)bytes + 1);
  }
  sqlite3_reset(desk->get);
  return since(start);
}
