/* test_features.c: features: merging, replacing, ds_market_write_features(), broken stored ones.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define ENTRY(key, value, quality) \
  "\"" key "\":{\"value\":" value ",\"quality\":\"" quality "\"}"
#define RETURNS_READY ENTRY("returns@1.0", "0.0123", "ready")
#define RSI_WARMUP ENTRY("rsi@2.1", "null", "warmup")

static const char *const features_query = "SELECT features FROM market_data ORDER BY timestamp";

/* Features of the bar at T0 as "key=value/quality" in key order, so that no test depends on the
 * order of the stored members. */
static void check_entries(ds_store *store, const char *expected) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count >= 1);
  char text[1024] = "";
  for (int32_t i = 0; i < batch->feature_count; i++) {
    const ds_feature_column *feature = &batch->features[i];
    const char *word = text_at(&feature->quality, 0);
    if (word == NULL) continue;
    char entry[256];
    snprintf(entry, sizeof entry, "%s%s=%g/%s", text[0] ? " " : "", feature->key,
             feature->values ? feature->values[0] : (double)NAN, word);
    strcat(text, entry);
  }
  CHECK_TEXT(text, expected);
  ds_bars_free(bars);
}

static int32_t write_features(ds_store *store, int64_t time, const char *json, int32_t replace) {
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, &time, 1);
  batch.features_json = &json;
  return ds_market_write_features(store, &batch, replace, NULL);
}

/* ---- Exact text ---- */

static void stored_text_is_compact(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(write_json(store, T0, "{" RETURNS_READY "," RSI_WARMUP "}", 0));
  CHECK_OK(write_json(store, T0 + HOUR,
                      " {\t\"returns@1.0\" : {\r\n\"value\": 0.0123 ,\"quality\" :\"ready\" } ,"
                      "\n\"rsi@2.1\":{ \"value\":null, \"quality\":\"warmup\" } }\n", 0));
  const char *text = "{\"returns@1.0\":{\"value\":0.0123,\"quality\":\"ready\"},"
                     "\"rsi@2.1\":{\"value\":null,\"quality\":\"warmup\"}}";
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_JSON;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  REQUIRE(ds_bars_batch(bars)->count == 2);
  CHECK_TEXT(ds_bars_batch(bars)->features_json[0], text);
  CHECK_TEXT(ds_bars_batch(bars)->features_json[1], text);
  ds_bars_free(bars);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT DISTINCT features FROM market_data"), text);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT DISTINCT typeof(features) FROM market_data"),
             "text");
}

/* ---- Merging ---- */

static void features_merge_by_key(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(write_json(store, T0, "{" RETURNS_READY "," RSI_WARMUP "}", 0));
  CHECK_OK(write_json(store, T0, "{" ENTRY("rsi@2.1", "71.5", "ready") "}", 0));
  check_entries(store, "returns@1.0=0.0123/ready rsi@2.1=71.5/ready");
  CHECK_OK(write_features(store, T0, "{" ENTRY("returns@1.0", "null", "missing") ","
                                     ENTRY("atr@1", "3", "degraded") "}", 0));
  check_entries(store, "atr@1=3/degraded returns@1.0=nan/missing rsi@2.1=71.5/ready");
  CHECK_OK(write_features(store, T0, "{}", 0));
  CHECK_OK(write_features(store, T0, NULL, 0));
  CHECK_OK(write_json(store, T0, NULL, 0));
  check_entries(store, "atr@1=3/degraded returns@1.0=nan/missing rsi@2.1=71.5/ready");
  ds_store_free(store);
}

static void replace_makes_features_those_given(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  CHECK_OK(write_features(store, T0, "{" RETURNS_READY "}", 0));
  CHECK_OK(write_features(store, T0 + HOUR, "{" RETURNS_READY "}", 0));
  CHECK_OK(write_features(store, T0, "{" RSI_WARMUP "}", 1));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT features, close FROM market_data"
                                        " ORDER BY timestamp"),
             "{" RSI_WARMUP "}|0.5\n{" RETURNS_READY "}|1.5");
  CHECK_OK(write_json(store, T0, "{" RETURNS_READY "}", 1));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT features, close FROM market_data"
                                        " ORDER BY timestamp LIMIT 1"),
             "{" RETURNS_READY "}|NULL");
  ds_store_free(store);
}

static void replace_leaves_bars_without_a_text_alone(void) {
  enum { ROWS = 150 }; /* so many that they are written in one walk */
  static const int64_t counts[] = {1, 3, ROWS};
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, ROWS);
  for (size_t i = 0; i < COUNT_OF(counts); i++) {
    int64_t timestamps[ROWS];
    const char *first[ROWS], *second[ROWS];
    for (int64_t row = 0; row < counts[i]; row++) {
      timestamps[row] = T0 + row * HOUR;
      first[row] = "{" RETURNS_READY "}";
      second[row] = row % 2 == 0 ? NULL : "{" RSI_WARMUP "}";
    }
    ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, counts[i]);
    batch.features_json = first;
    CHECK_OK(ds_market_write_features(store, &batch, 1, NULL));
    batch.features_json = second;
    CHECK_OK(ds_market_write_features(store, &batch, 1, NULL));
    char expected[256];
    snprintf(expected, sizeof expected, "{" RETURNS_READY "}|%lld%s", (long long)(counts[i] + 1) / 2,
             counts[i] == 1 ? "" : "\n");
    if (counts[i] > 1)
      snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
               "{" RSI_WARMUP "}|%lld", (long long)counts[i] / 2);
    CHECK_TEXT(stored(path_of("bars.db"), "SELECT features, count(*) FROM market_data"
                                          " WHERE features IS NOT NULL GROUP BY 1 ORDER BY 1"),
               expected);
  }
  /* A bar that is not there is missing, whatever is said of it. */
  CHECK_FAILS(write_features(store, T0 - HOUR, NULL, 1), DS_MISSING_BAR, "1h");
  /* Columns say what a bar has, and be it nothing. */
  int64_t time = T0;
  ds_bar_batch bare = rows_of(&EURUSD, &HOURLY, &time, 1);
  CHECK_OK(ds_market_write_features(store, &bare, 1, NULL));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT features FROM market_data ORDER BY timestamp LIMIT 1"),
             "NULL");
  ds_store_free(store);
}

static void features_arrive_with_their_bars(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int64_t timestamps[] = {T0, T0 + HOUR, T0 + 2 * HOUR};
  double close[] = {1, 2, 3};
  const char *json[] = {"{" RETURNS_READY "}", NULL, "{" RSI_WARMUP "}"};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 3);
  batch.close = close;
  batch.features_json = json;
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT close, features FROM market_data"
                                        " ORDER BY timestamp"),
             "1.0|{" RETURNS_READY "}\n2.0|NULL\n3.0|{" RSI_WARMUP "}");
  ds_store_free(store);
}

/* The keys are looked for as they are, whatever a JSON path would make of them. */
static void any_name_makes_a_key(void) {
  static const char *const keys[] = {
      "sma.20@1.0", "a b@1", "a@b@c", "'@1", "$.x@1", "[0]@1", "\xc3\xa9@1", "\xf0\x9f\x98\x80@1",
      "a@\xe2\x82\xac", "a/b@1", "@@@",
  };
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  for (size_t i = 0; i < COUNT_OF(keys); i++) {
    check_note("%s", keys[i]);
    char json[256];
    snprintf(json, sizeof json, "{\"%s\":{\"value\":%zu,\"quality\":\"ready\"}}", keys[i], i);
    if (strcmp(keys[i], "@@@") == 0) {
      CHECK_FAILS(write_features(store, T0, json, 0), DS_INVALID_FEATURE, "@@@");
      continue;
    }
    CHECK_OK(write_features(store, T0, json, 0));
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = DS_FEATURES_VALUES;
    options.feature_keys = &keys[i];
    options.feature_key_count = 1;
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    REQUIRE(ds_bars_batch(bars)->feature_count == 1);
    CHECK_TEXT(ds_bars_batch(bars)->features[0].key, keys[i]);
    CHECK_BITS(ds_bars_batch(bars)->features[0].values[0], (double)i);
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

/* ---- ds_market_write_features ---- */

static void missing_bar_is_named_and_nothing_written(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  int64_t timestamps[] = {T0, T0 + HOUR, T0 + 2 * HOUR};
  const char *json[] = {"{" RETURNS_READY "}", "{" RETURNS_READY "}", "{" RETURNS_READY "}"};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 3);
  batch.features_json = json;
  for (int32_t replace = 0; replace <= 1; replace++) {
    int64_t rows = 77;
    CHECK_FAILS(ds_market_write_features(store, &batch, replace, &rows), DS_MISSING_BAR, EURUSD,
                HOURLY, "2026-03-01T17:00:00+00:00");
    CHECK_INT(rows, 77);
    ds_error_detail detail = DS_ERROR_DETAIL_INIT;
    CHECK_OK(ds_last_error_detail(&detail));
    CHECK_INT(detail.row, 2);
  }
  CHECK_TEXT(stored(path_of("bars.db"), features_query), "NULL\nNULL");
  const char *other = "1d";
  batch.timeframe = every_row(&other);
  batch.count = 1;
  CHECK_FAILS(ds_market_write_features(store, &batch, 0, NULL), DS_MISSING_BAR, "1d");
  batch.timeframe = every_row(&HOURLY);
  batch.count = 2;
  int64_t rows = 77;
  CHECK_OK(ds_market_write_features(store, &batch, 0, &rows));
  CHECK_INT(rows, 2);
  ds_store_free(store);
}

static void features_batch_carries_nothing_else(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  static const char *const names[] = {"open",   "high",    "low",    "close",      "volume",
                                      "source", "quality", "is_gap", "latency_sec"};
  int64_t time = T0;
  double price = 9;
  uint8_t flag = 1;
  const char *json = "{" RETURNS_READY "}";
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    check_note("%s", names[i]);
    ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, &time, 1);
    batch.features_json = &json;
    const double **prices[] = {&batch.open, &batch.high, &batch.low, &batch.close, &batch.volume};
    if (i < COUNT_OF(prices)) *prices[i] = &price;
    if (i == 5) batch.source = every_row(&EURUSD);
    if (i == 6) batch.quality = every_row(&EURUSD);
    if (i == 7) batch.is_gap = &flag;
    if (i == 8) batch.latency_sec = &price;
    CHECK_FAILS(ds_market_write_features(store, &batch, 0, NULL), DS_INVALID, names[i]);
  }
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT open, features FROM market_data"), "0.0|NULL");
}

/* ---- Features that another tool stored ---- */

static void foreign_json_with_spaces_is_understood(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  foreign(path_of("bars.db"),
          "UPDATE market_data SET features = '{\"rsi@2.1\": {\"quality\": \"ready\","
          " \"value\": 5.0e1}, \"\\u0061@1\": {\"value\": 1, \"quality\": \"ready\"}}'");
  check_entries(store, "a@1=1/ready rsi@2.1=50/ready");
  CHECK_OK(write_features(store, T0, "{" ENTRY("a@1", "2", "degraded") "}", 0));
  check_entries(store, "a@1=2/degraded rsi@2.1=50/ready");
  ds_store_free(store);
}

/* The last bar's, as a query has them. */
static const char *features_of(ds_store *store) {
  static char text[256];
  ds_rows *rows = NULL;
  REQUIRE_OK(ds_sql(store, "SELECT CAST(features AS TEXT) FROM market_data ORDER BY timestamp", NULL, 0,
                    &rows));
  REQUIRE(ds_rows_count(rows) == 2);
  const ds_sql_column *column = ds_rows_columns(rows);
  snprintf(text, sizeof text, "%.*s", (int)(column->offsets[2] - column->offsets[1]),
           column->bytes + column->offsets[1]);
  ds_rows_free(rows);
  return text;
}

static void broken_foreign_features_are_corrupt(void) {
  static const char *const broken[] = {
      "[]", "1", "null", "{\"a@1\":1}", "{\"a@1\":{\"value\":1}}",
      "{\"a@1\":{\"value\":1,\"quality\":\"fine\"}}",
      /* A server's column takes JSON alone. */
      "oops", "", "{", "{\"a@1\":{\"value\":NaN,\"quality\":\"ready\"}}",
      "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}} x",
  };
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  for (size_t i = 0; i < (on_server() ? 6 : COUNT_OF(broken)); i++) {
    check_note("%s", broken[i]);
    char update[256];
    snprintf(update, sizeof update, "UPDATE market_data SET features = '%s' WHERE timestamp ="
                                    " '2026-03-01T16:00:00+00:00'", broken[i]);
    foreign(path_of("bars.db"), update);
    char kept[256];
    snprintf(kept, sizeof kept, "%s", features_of(store));
    ds_read_options options = DS_READ_OPTIONS_INIT;
    static const int32_t modes[] = {DS_FEATURES_VALUES, DS_FEATURES_COLUMNS};
    for (size_t j = 0; j < COUNT_OF(modes); j++) {
      options.features = modes[j];
      ds_bars *bars = NULL;
      CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, &options, &bars), DS_CORRUPT,
                  EURUSD, HOURLY, "2026-03-01T16:00:00+00:00");
      CHECK(bars == NULL);
    }
    CHECK_FAILS(write_features(store, T0 + HOUR, "{" RETURNS_READY "}", 0), DS_CORRUPT, EURUSD,
                HOURLY, "2026-03-01T16:00:00+00:00");
    CHECK_INT(count_bars(store, EURUSD), 2);
    write_hours(store, EURUSD, 2);
    CHECK_TEXT(features_of(store), kept);
  }
  ds_store_free(store);
}

const check_test features_tests[] = {
    {"stored_text_is_compact", stored_text_is_compact},
    {"features_merge_by_key", features_merge_by_key},
    {"replace_makes_features_those_given", replace_makes_features_those_given},
    {"replace_leaves_bars_without_a_text_alone", replace_leaves_bars_without_a_text_alone},
    {"features_arrive_with_their_bars", features_arrive_with_their_bars},
    {"any_name_makes_a_key", any_name_makes_a_key},
    {"missing_bar_is_named_and_nothing_written", missing_bar_is_named_and_nothing_written},
    {"features_batch_carries_nothing_else", features_batch_carries_nothing_else},
    {"foreign_json_with_spaces_is_understood", foreign_json_with_spaces_is_understood},
    {"broken_foreign_features_are_corrupt", broken_foreign_features_are_corrupt},
    {NULL, NULL},
};
