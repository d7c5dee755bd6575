/* furniture.c: as few rows as take a step through all of its code.
 * SPDX-License-Identifier: MIT
 */
#include "furniture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "content.h"

/* Enough for buffers of rows, texts and columns to grow beyond the size from which malloc fails. */
#define LARGE_ROWS 600

/* Under each name a step finds bars, a key and a request. */
static int32_t furnish_name(ds_store *store, const char *name, int64_t number) {
  char json[128];
  write_state_json(json, sizeof json, name);
  ds_request request = DS_REQUEST_INIT;
  request.symbol = name;
  request.timeframe = hourly;
  request.requested_at = hour_at(number);
  request.start_ts = hour_at(0);
  request.end_ts = hour_at(12);
  request.provider_used = "furnisher";
  request.notes = name;
  TRY(write_bars(store, name, 0, 12, BARS_FEATURES, 0));
  TRY(ds_state_set(store, name, json));
  return ds_market_record_request(store, &request, NULL);
}

static int32_t furnish_small(ds_store *store, const char *own_name) {
  static const char *const others[] = {"read", "merge", "state_items", "state_is_another"};
  TRY(furnish_name(store, own_name, 0));
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (strcmp(others[i], own_name) != 0) TRY(furnish_name(store, others[i], (int64_t)i + 1));
  }
  return DS_OK;
}

int32_t furnish(ds_store *store, const step *step) {
  switch (step->start) {
    case START_FOREIGN: return write_bars(store, "large", 0, 200, BARS_FEATURES, 0);
    case START_LARGE:
      for (size_t i = 0; i < 2; i++) {
        TRY(write_bars(store, large_symbols[i], 0, LARGE_ROWS, BARS_WIDE_FEATURES, 0));
      }
      return DS_OK;
    case START_WIDE: TRY(write_bars(store, "wide", 0, 4, BARS_WIDE, 0)); return ds_state_set(store, "long", long_json());
    default: return furnish_small(store, step->name);
  }
}

bool share_furniture(const step *one, const step *other) {
  bool has_own_name = one->start != START_LARGE && one->start != START_WIDE && one->start != START_FOREIGN;
  return one->start == other->start && (!has_own_name || one == other);
}

bool add_foreign_rows(const char *path) {
  sqlite3 *raw = NULL;
  bool is_done = sqlite3_open(path, &raw) == SQLITE_OK &&
                 sqlite3_exec(raw,
                              "INSERT INTO market_data(symbol, timeframe, timestamp, close, features) "
                              "SELECT 'foreign', timeframe, CASE WHEN rowid % 2 THEN replace(timestamp, 'T', ' ') ELSE "
                              "timestamp END, close, features FROM market_data WHERE symbol = 'large'",
                              NULL, NULL, NULL) == SQLITE_OK;
  sqlite3_close(raw);
  return is_done;
}
