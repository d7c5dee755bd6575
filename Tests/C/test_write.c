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

static void absent_columns_take_the_defaults(void) {
  open_fixture();
  for (int32_t replace = 0; replace <= 1; replace++) {
    ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0 + replace * HOUR}, 1);
    write_batch(&batch, replace);
  }
  CHECK_TEXT(stored(path, all_columns),
             "NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL\n"
             "NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL");
  ds_store_free(store);
}

static void timestamps_have_one_text_form(void) {
  open_fixture();
  static const struct {
    int64_t time;
    const char *text;
  } cases[] = {
      {T0, T0_TEXT},
      {T0 + 500 * 1000 * MICROSECOND, "2026-03-01T15:00:00.500000+00:00"},
      {T0 + MICROSECOND, "2026-03-01T15:00:00.000001+00:00"},
      {T0 + 1, "2026-03-01T15:00:00.000000001+00:00"},
      {T0 + SECOND - 1, "2026-03-01T15:00:00.999999999+00:00"},
      {0, "1970-01-01T00:00:00+00:00"},
      {-1, "1969-12-31T23:59:59.999999999+00:00"},
      {-SECOND, "1969-12-31T23:59:59+00:00"},
      {INT64_C(951782400000000000), "2000-02-29T00:00:00+00:00"},
      {INT64_C(4107542399000000000), "2100-02-28T23:59:59+00:00"},
      {INT64_C(4107542400000000000), "2100-03-01T00:00:00+00:00"},
      {INT64_C(-2203891200000000000), "1900-03-01T00:00:00+00:00"},
      {INT64_MIN + 1, "1677-09-21T00:12:43.145224193+00:00"},
      {INT64_MAX, "2262-04-11T23:47:16.854775807+00:00"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char symbol[32], query[96];
    snprintf(symbol, sizeof symbol, "S%zu", i);
    snprintf(query, sizeof query, "SELECT timestamp FROM market_data WHERE symbol = '%s'", symbol);
    const char *name = symbol;
    ds_bar_batch batch = rows_of(&name, &HOURLY, &cases[i].time, 1);
    write_batch(&batch, 0);
    CHECK_TEXT(stored(path, query), cases[i].text);
    ds_bars *bars = read_symbol(store, symbol, NULL);
    REQUIRE(ds_bars_batch(bars)->count == 1);
    CHECK_INT(ds_bars_batch(bars)->timestamps[0], cases[i].time);
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

static void doubles_are_kept_to_the_bit(void) {
  open_fixture();
  static const double values[] = {0.1, 1.0 / 3, 5e-324, 2.2250738585072014e-308,
                                  1.7976931348623157e308, -1e-5, 1e16, 9007199254740993.0,
                                  INFINITY, -INFINITY, 123456789.123456789};
  enum { N = COUNT_OF(values) };
  int64_t timestamps[N];
  for (int i = 0; i < N; i++) timestamps[i] = T0 + i * HOUR;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, N);
  batch.open = batch.volume = batch.latency_sec = values;
  write_batch(&batch, 0);
  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  const ds_bar_batch *read = ds_bars_batch(bars);
  REQUIRE(read->count == N);
  for (int i = 0; i < N; i++) {
    CHECK_BITS(read->open[i], values[i]);
    CHECK_BITS(read->volume[i], values[i]);
    CHECK_BITS(read->latency_sec[i], values[i]);
  }
  ds_bars_free(bars);
  ds_store_free(store);
}

/* ---- Upsert ---- */

static void ten_writes_leave_one_row(void) {
  open_fixture();
  for (int i = 0; i < 10; i++) write_hours(store, EURUSD, 1);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "1");
  ds_store_free(store);
}

static const double one = 1, two = 2;

static void write_one(const double *open, const double *close, int32_t replace) {
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0}, 1);
  batch.open = open;
  batch.close = close;
  write_batch(&batch, replace);
}

static void absent_columns_keep_what_is_stored(void) {
  open_fixture();
  write_one(&one, &one, 0);
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  write_one(NULL, &two, 0);
  CHECK_TEXT(stored(path, "SELECT open, close, features FROM market_data"),
             "1.0|2.0|{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}");
  double missing = NAN;
  write_one(&missing, NULL, 0);
  CHECK_TEXT(stored(path, "SELECT open, close FROM market_data"), "NULL|2.0");
  ds_store_free(store);
}

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

static void replace_makes_the_row_what_was_passed(void) {
  open_fixture();
  write_one(&one, &one, 0);
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  write_one(NULL, &two, 1);
  CHECK_TEXT(stored(path, all_columns), "NULL|NULL|NULL|2.0|NULL|NULL|NULL|0|NULL|NULL");
  ds_store_free(store);
}

static void rows_stay_in_place(void) {
  open_fixture();
  write_hours(store, EURUSD, 3);
  const char *query = "SELECT rowid FROM market_data ORDER BY timestamp";
  char before[64];
  snprintf(before, sizeof before, "%s", stored(path, query));
  write_hours(store, EURUSD, 3);
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  CHECK_TEXT(stored(path, query), before);
  ds_store_free(store);
}

static void the_last_of_equal_timestamps_wins(void) {
  open_fixture();
  int64_t timestamps[] = {T0, T0 + HOUR, T0, T0};
  double open[] = {1, 2, 3, 4};
  const char *json[] = {"{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", NULL,
                        "{\"b@1\":{\"value\":3,\"quality\":\"ready\"}}", NULL};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 4);
  batch.open = open;
  batch.features_json = json;
  write_batch(&batch, 0);
  CHECK_TEXT(stored(path, "SELECT open FROM market_data ORDER BY timestamp"), "4.0\n2.0");
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  CHECK_INT(ds_bars_batch(bars)->feature_count, 2); /* merged row by row: a@1 and b@1 */
  ds_bars_free(bars);

  write_batch(&batch, 1); /* the last row replaces all that came before it */
  CHECK_TEXT(stored(path, "SELECT open, features FROM market_data ORDER BY timestamp"),
             "4.0|NULL\n2.0|NULL");
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
    {"absent_columns_take_the_defaults", absent_columns_take_the_defaults},
    {"timestamps_have_one_text_form", timestamps_have_one_text_form},
    {"doubles_are_kept_to_the_bit", doubles_are_kept_to_the_bit},
    {"ten_writes_leave_one_row", ten_writes_leave_one_row},
    {"absent_columns_keep_what_is_stored", absent_columns_keep_what_is_stored},
    {"codes_without_a_dictionary_are_null", codes_without_a_dictionary_are_null},
    {"replace_makes_the_row_what_was_passed", replace_makes_the_row_what_was_passed},
    {"rows_stay_in_place", rows_stay_in_place},
    {"the_last_of_equal_timestamps_wins", the_last_of_equal_timestamps_wins},
    {"one_batch_holds_many_series", one_batch_holds_many_series},
    {"what_was_read_may_be_written", what_was_read_may_be_written},
    {"no_rows_are_no_error", no_rows_are_no_error},
    {NULL, NULL},
};
