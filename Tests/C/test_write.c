/* test_write.c: "Market: writing": what ds_market_write() stores.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static const char *path;
static ds_store *store;

static void open_fixture(void) {
  static char kept[512];
  snprintf(kept, sizeof kept, "%s", path_of("bars.db"));
  path = kept;
  store = open_store(path);
}

static void write_batch(const ds_bar_batch *batch, int32_t replace) {
  int64_t rows = -1;
  CHECK_OK(ds_market_write(store, batch, replace, &rows));
  CHECK_INT(rows, batch->count);
}

static const char *const all_columns =
    "SELECT open, high, low, close, volume, source, quality, is_gap, latency_sec, features"
    " FROM market_data ORDER BY timestamp";

static void every_column_is_stored(void) {
  open_fixture();
  int64_t timestamps[] = {T0, T0 + HOUR};
  double open[] = {1.5, NAN}, high[] = {2, NAN}, low[] = {1, NAN}, close[] = {1.75, NAN};
  double volume[] = {1000, NAN}, latency[] = {0.25, NAN};
  int32_t source_codes[] = {1, -1}, quality_codes[] = {0, -1};
  const char *sources[] = {"unused", "feed"}, *qualities[] = {"ok"};
  uint8_t is_gap[] = {0, 1};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 2);
  batch.open = open;
  batch.high = high;
  batch.low = low;
  batch.close = close;
  batch.volume = volume;
  batch.source = (ds_text_column){source_codes, sources, 2};
  batch.quality = (ds_text_column){quality_codes, qualities, 1};
  batch.is_gap = is_gap;
  batch.latency_sec = latency;
  write_batch(&batch, 0);
  CHECK_TEXT(stored(path, all_columns),
             "1.5|2.0|1.0|1.75|1000.0|feed|ok|0|0.25|NULL\n"
             "NULL|NULL|NULL|NULL|NULL|NULL|NULL|1|NULL|NULL");
  CHECK_TEXT(stored(path, "SELECT typeof(open), typeof(source), typeof(is_gap), typeof(timestamp)"
                          " FROM market_data LIMIT 1"),
             "real|text|integer|text");
  ds_store_free(store);
}

/* ---- Upsert ---- */

/* A text column is carried by its codes: all missing, it needs no dictionary. */
static void codes_without_a_dictionary_are_null(void) {
  open_fixture();
  write_hours(store, EURUSD, 2);
  int64_t timestamps[] = {T0, T0 + HOUR};
  int32_t missing[] = {-1, -1};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 2);
  batch.source = (ds_text_column){missing, NULL, 0};
  write_batch(&batch, 0);
  CHECK_TEXT(stored(path, "SELECT source, close FROM market_data ORDER BY timestamp"),
             "NULL|0.5\nNULL|1.5");
  ds_store_free(store);
}

static void one_batch_holds_many_series(void) {
  open_fixture();
  int64_t timestamps[] = {T0, T0, T0, T0 + HOUR};
  int32_t symbol_codes[] = {1, 0, 1, 0}, timeframe_codes[] = {0, 0, 1, 1};
  const char *symbols[] = {"GOOG", "EURUSD"}, *timeframes[] = {"1h", "1d"};
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = 4;
  batch.timestamps = timestamps;
  batch.symbol = (ds_text_column){symbol_codes, symbols, 2};
  batch.timeframe = (ds_text_column){timeframe_codes, timeframes, 2};
  write_batch(&batch, 0);
  CHECK_TEXT(stored(path, "SELECT symbol, timeframe, substr(timestamp, 12, 5) FROM market_data"
                          " ORDER BY symbol, timeframe"),
             "EURUSD|1d|15:00\nEURUSD|1h|15:00\nGOOG|1d|16:00\nGOOG|1h|15:00");
  ds_store_free(store);
}

static void what_was_read_may_be_written(void) {
  open_fixture();
  write_hours(store, EURUSD, 65);
  CHECK_OK(write_json(store, T0 + HOUR, "{\"a@1\":{\"value\":null,\"quality\":\"warmup\"},"
                                        "\"b@1\":{\"value\":-0.5,\"quality\":\"ready\"}}", 0));
  static const int32_t modes[] = {DS_FEATURES_COLUMNS, DS_FEATURES_JSON};
  for (size_t i = 0; i < COUNT_OF(modes); i++) {
    check_note("features mode %d", modes[i]);
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = modes[i];
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    ds_store *copy = open_store(path_of(i == 0 ? "columns.db" : "json.db"));
    int64_t rows = -1;
    CHECK_OK(ds_market_write(copy, ds_bars_batch(bars), 0, &rows));
    CHECK_INT(rows, 65);
    ds_bars_free(bars);
    ds_store_free(copy);
  }
  const char *everything = "SELECT symbol, timeframe, timestamp, open, close, source, is_gap,"
                           " features FROM market_data ORDER BY timestamp";
  CHECK_TEXT(stored(path_of("columns.db"), everything), stored(path, everything));
  CHECK_TEXT(stored(path_of("json.db"), everything), stored(path, everything));
  ds_store_free(store);
}

static void no_rows_are_no_error(void) {
  open_fixture();
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  write_batch(&batch, 0);
  CHECK_OK(ds_market_write(store, &batch, 1, NULL));
  int64_t rows = -1;
  CHECK_OK(ds_market_write_features(store, &batch, 0, &rows));
  CHECK_INT(rows, 0);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "0");
  ds_store_free(store);
}

const check_test write_tests[] = {
    {"every_column_is_stored", every_column_is_stored},
    {"codes_without_a_dictionary_are_null", codes_without_a_dictionary_are_null},
    {"one_batch_holds_many_series", one_batch_holds_many_series},
    {"what_was_read_may_be_written", what_was_read_may_be_written},
    {"no_rows_are_no_error", no_rows_are_no_error},
    {NULL, NULL},
};
