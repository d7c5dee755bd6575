/* test_read.c: "Market: reading": columns, symbols, features, limits.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void rows_come_as_columns(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 65);
  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 65);
  CHECK_INT(batch->struct_size, sizeof *batch);
  for (int64_t i = 0; i < 65; i++) {
    CHECK_INT(batch->timestamps[i], T0 + i * HOUR);
    CHECK_BITS(batch->open[i], (double)i);
    CHECK_BITS(batch->high[i], NAN);
    CHECK_BITS(batch->low[i], NAN);
    CHECK_BITS(batch->close[i], (double)i + 0.5);
    CHECK_BITS(batch->volume[i], NAN);
    CHECK_BITS(batch->latency_sec[i], NAN);
    CHECK_INT(batch->is_gap[i], 0);
    CHECK_TEXT(text_at(&batch->symbol, i), EURUSD);
    CHECK_TEXT(text_at(&batch->timeframe, i), HOURLY);
    CHECK_TEXT(text_at(&batch->source, i), "feed");
    CHECK_TEXT(text_at(&batch->quality, i), NULL);
  }
  CHECK_INT(batch->feature_count, 0);
  CHECK(batch->features == NULL && batch->features_json == NULL);
  CHECK(ds_bars_batch(bars) == batch);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void columns_are_aligned(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->feature_count == 1);
  const void *const arrays[] = {
      batch->open, batch->high, batch->low, batch->close, batch->volume, batch->latency_sec,
      batch->is_gap, batch->source.codes, batch->quality.codes, batch->features[0].values,
      batch->features[0].quality.codes,
  };
  for (size_t i = 0; i < COUNT_OF(arrays); i++) CHECK_INT((uintptr_t)arrays[i] % 16, 0);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void only_columns_asked_for_come(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  for (uint32_t bit = 0; bit <= 9; bit++) {
    check_note("bit %u", bit);
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.columns = bit == 9 ? 0 : 1u << bit;
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    const ds_bar_batch *batch = ds_bars_batch(bars);
    CHECK_INT(batch->count, 2);
    CHECK_INT(batch->timestamps[1], T0 + HOUR);
    const void *const columns[] = {batch->open,          batch->high,           batch->low,
                                   batch->close,         batch->volume,         batch->source.values,
                                   batch->quality.values, batch->is_gap,        batch->latency_sec};
    for (uint32_t i = 0; i < COUNT_OF(columns); i++) {
      /* A text column without any text needs no dictionary. */
      if (i == 6 && i == bit) continue;
      CHECK_INT(columns[i] != NULL, i == bit);
    }
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

static void nulls_come_as_missing(void) {
  ds_store *store = open_store(path_of("bars.db"));
  foreign(path_of("bars.db"), "INSERT INTO market_data (symbol, timeframe, timestamp, is_gap)"
                              " VALUES ('EURUSD', '1h', '" T0_TEXT "', NULL)");
  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 1);
  CHECK_BITS(batch->open[0], NAN);
  CHECK_INT(batch->is_gap[0], 0);
  CHECK_TEXT(text_at(&batch->source, 0), NULL);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void nothing_found_is_a_result(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  const char *nobody = "NOBODY";
  static const int32_t modes[] = {DS_FEATURES_NONE, DS_FEATURES_JSON, DS_FEATURES_VALUES,
                                  DS_FEATURES_COLUMNS};
  for (size_t i = 0; i < COUNT_OF(modes); i++) {
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = modes[i];
    ds_bars *bars = read_symbol(store, nobody, &options);
    CHECK_INT(ds_bars_batch(bars)->count, 0);
    ds_bars_free(bars);
  }
  ds_bars *bars = NULL;
  CHECK_OK(ds_market_read(store, &EURUSD, 1, "1d", NULL, NULL, &bars));
  REQUIRE(bars != NULL);
  CHECK_INT(ds_bars_batch(bars)->count, 0);
  CHECK_OK(ds_market_write(store, ds_bars_batch(bars), 0, NULL));
  ds_bars_free(bars);
  ds_store_free(store);
}

static void symbols_come_in_the_order_asked(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 2);
  write_hours(store, "BBB", 3);
  write_hours(store, "CCC", 1);
  const char *asked[] = {"CCC", "NOBODY", "AAA", "BBB"};
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, asked, 4, HOURLY, NULL, NULL, &bars));
  const ds_bar_batch *batch = ds_bars_batch(bars);
  static const char *const expected[] = {"CCC", "AAA", "AAA", "BBB", "BBB", "BBB"};
  static const int hours[] = {0, 0, 1, 0, 1, 2};
  REQUIRE(batch->count == 6);
  for (int i = 0; i < 6; i++) {
    CHECK_TEXT(text_at(&batch->symbol, i), expected[i]);
    CHECK_INT(batch->timestamps[i], T0 + hours[i] * HOUR);
  }
  ds_bars_free(bars);

  const char *twice[] = {"BBB", "AAA", "BBB"};
  bars = NULL;
  int32_t status = ds_market_read(store, twice, 3, HOURLY, NULL, NULL, &bars);
  if (status == DS_OK) {
    CHECK_INT(ds_bars_batch(bars)->count, 5); /* each once */
  } else {
    CHECK_FAILS(status, DS_INVALID, "BBB");
  }
  ds_bars_free(bars);
  ds_store_free(store);
}

static void limit_takes_the_first_rows(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 5);
  write_hours(store, "BBB", 5);
  static const struct {
    int64_t limit, count;
  } cases[] = {{-1, 10}, {0, 0}, {1, 1}, {5, 5}, {7, 7}, {10, 10}, {11, 10}, {INT64_MAX, 10}};
  const char *both[] = {"AAA", "BBB"};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("limit %lld", (long long)cases[i].limit);
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.limit = cases[i].limit;
    ds_bars *bars = NULL;
    REQUIRE_OK(ds_market_read(store, both, 2, HOURLY, NULL, &options, &bars));
    const ds_bar_batch *batch = ds_bars_batch(bars);
    CHECK_INT(batch->count, cases[i].count);
    for (int64_t row = 0; row < batch->count; row++) {
      CHECK_INT(batch->timestamps[row], T0 + row % 5 * HOUR);
    }
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

/* ---- Features ---- */

static ds_store *open_with_features(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  CHECK_OK(write_json(store, T0, "{\"b@1\":{\"value\":2.5,\"quality\":\"ready\"},"
                                 "\"a@1\":{\"value\":null,\"quality\":\"warmup\"}}", 0));
  CHECK_OK(write_json(store, T0 + 2 * HOUR,
                      "{\"b@1\":{\"value\":3,\"quality\":\"degraded\"}}", 0));
  return store;
}

static void feature_keys_come_sorted(void) {
  ds_store *store = open_with_features();
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = 0;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 3 && batch->feature_count == 2);
  static const double values[2][3] = {{NAN, NAN, NAN}, {2.5, NAN, 3}};
  static const char *const words[2][3] = {{"warmup", NULL, NULL}, {"ready", NULL, "degraded"}};
  static const char *const keys[] = {"a@1", "b@1"};
  for (int i = 0; i < 2; i++) {
    CHECK_TEXT(batch->features[i].key, keys[i]);
    for (int row = 0; row < 3; row++) {
      CHECK_BITS(batch->features[i].values[row], values[i][row]);
      CHECK_TEXT(text_at(&batch->features[i].quality, row), words[i][row]);
    }
  }
  CHECK(batch->features_json == NULL);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void feature_keys_come_as_asked(void) {
  ds_store *store = open_with_features();
  const char *keys[] = {"never@9", "b@1"};
  for (int32_t mode = DS_FEATURES_VALUES; mode <= DS_FEATURES_COLUMNS; mode++) {
    check_note("mode %d", mode);
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = mode;
    options.feature_keys = keys;
    options.feature_key_count = 2;
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    const ds_bar_batch *batch = ds_bars_batch(bars);
    REQUIRE(batch->count == 3 && batch->feature_count == 2);
    CHECK_TEXT(batch->features[0].key, "never@9");
    CHECK_TEXT(batch->features[1].key, "b@1");
    for (int row = 0; row < 3; row++) CHECK_BITS(batch->features[0].values[row], NAN);
    CHECK_BITS(batch->features[1].values[2], 3);
    CHECK_TEXT(text_at(&batch->features[1].quality, 2),
               mode == DS_FEATURES_COLUMNS ? "degraded" : NULL);
    ds_bars_free(bars);
    options.feature_key_count = 0;
    bars = read_symbol(store, EURUSD, &options);
    CHECK_INT(ds_bars_batch(bars)->feature_count, 0);
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

static void feature_json_is_the_exact_text(void) {
  ds_store *store = open_with_features();
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_JSON;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 3 && batch->features_json != NULL);
  CHECK_TEXT(batch->features_json[0], "{\"b@1\":{\"value\":2.5,\"quality\":\"ready\"},"
                                      "\"a@1\":{\"value\":null,\"quality\":\"warmup\"}}");
  CHECK_TEXT(batch->features_json[1], NULL);
  CHECK_TEXT(batch->features_json[2], "{\"b@1\":{\"value\":3,\"quality\":\"degraded\"}}");
  CHECK_INT(batch->feature_count, 0);
  ds_bars_free(bars);
  ds_store_free(store);
}

/* ---- What is refused ---- */

static void bad_reads_are_refused(void) {
  static const char *const keys[] = {"a@1", NULL}, *const empty_key[] = {""};
  static const char *const not_text[] = {"\xff"};
  static const char *const good[] = {"EURUSD"}, *const null[] = {NULL}, *const empty[] = {""};
  static const struct {
    const char *word;
    const char *const *symbols;
    int32_t symbol_count;
    const char *timeframe;
    ds_read_options options;
  } cases[] = {
      {"symbol", good, 0, "1h", DS_READ_OPTIONS_INIT},
      {"symbol", good, -1, "1h", DS_READ_OPTIONS_INIT},
      {"symbol", good, INT32_MIN, "1h", DS_READ_OPTIONS_INIT},
      {"symbol", null, 1, "1h", DS_READ_OPTIONS_INIT},
      {"symbol", empty, 1, "1h", DS_READ_OPTIONS_INIT},
      {"symbol", not_text, 1, "1h", DS_READ_OPTIONS_INIT},
      {"timeframe", good, 1, "", DS_READ_OPTIONS_INIT},
      {"timeframe", good, 1, "\xff", DS_READ_OPTIONS_INIT},
      {"column", good, 1, "1h", {sizeof(ds_read_options), 1u << 10, 0, NULL, 0, -1}},
      {"column", good, 1, "1h", {sizeof(ds_read_options), UINT32_MAX, 0, NULL, 0, -1}},
      {"features", good, 1, "1h", {sizeof(ds_read_options), 1, 4, NULL, 0, -1}},
      {"features", good, 1, "1h", {sizeof(ds_read_options), 1, -1, NULL, 0, -1}},
      {"feature", good, 1, "1h", {sizeof(ds_read_options), 1, 2, keys, -1, -1}},
      {"feature", good, 1, "1h", {sizeof(ds_read_options), 1, 2, keys, INT32_MIN, -1}},
      {"feature", good, 1, "1h", {sizeof(ds_read_options), 1, 2, keys, 2, -1}},
      {"feature", good, 1, "1h", {sizeof(ds_read_options), 1, 2, empty_key, 1, -1}},
      {"feature", good, 1, "1h", {sizeof(ds_read_options), 1, 2, not_text, 1, -1}},
      {"limit", good, 1, "1h", {sizeof(ds_read_options), 1, 0, NULL, 0, -2}},
      {"limit", good, 1, "1h", {sizeof(ds_read_options), 1, 0, NULL, 0, INT64_MIN}},
      {"struct_size", good, 1, "1h", {0, 1, 0, NULL, 0, -1}},
  };
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu: %s", i, cases[i].word);
    ds_bars *bars = NULL;
    CHECK_FAILS(ds_market_read(store, cases[i].symbols, cases[i].symbol_count, cases[i].timeframe,
                               NULL, &cases[i].options, &bars),
                DS_INVALID, cases[i].word);
    CHECK(bars == NULL);
    ds_scan *scan = NULL;
    CHECK_FAILS(ds_market_scan(store, cases[i].symbols, cases[i].symbol_count, cases[i].timeframe,
                               NULL, &cases[i].options, 10, &scan),
                DS_INVALID, cases[i].word);
    CHECK(scan == NULL);
    if (strcmp(cases[i].word, "limit") == 0) continue; /* does not apply there */
    CHECK_FAILS(ds_market_latest(store, cases[i].symbols, cases[i].symbol_count,
                                 cases[i].timeframe, 1, &cases[i].options, &bars),
                DS_INVALID, cases[i].word);
    CHECK(bars == NULL);
  }
  ds_store_free(store);
}

const check_test read_tests[] = {
    {"rows_come_as_columns", rows_come_as_columns},
    {"columns_are_aligned", columns_are_aligned},
    {"only_columns_asked_for_come", only_columns_asked_for_come},
    {"nulls_come_as_missing", nulls_come_as_missing},
    {"nothing_found_is_a_result", nothing_found_is_a_result},
    {"symbols_come_in_the_order_asked", symbols_come_in_the_order_asked},
    {"limit_takes_the_first_rows", limit_takes_the_first_rows},
    {"feature_keys_come_sorted", feature_keys_come_sorted},
    {"feature_keys_come_as_asked", feature_keys_come_as_asked},
    {"feature_json_is_the_exact_text", feature_json_is_the_exact_text},
    {"bad_reads_are_refused", bad_reads_are_refused},
    {NULL, NULL},
};
