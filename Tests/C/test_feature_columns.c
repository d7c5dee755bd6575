/* test_feature_columns.c: features as columns: numbers, nulls, quality words, absence.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static const char *const words[] = {"ready", "warmup", "degraded", "missing"};
static const char *const features_query = "SELECT features FROM market_data ORDER BY timestamp";

/* Writes rows of one feature column. The bars need not be there. */
static int32_t write_column(ds_store *store, const ds_feature_column *feature, int64_t count,
                            int32_t replace) {
  int64_t timestamps[64];
  REQUIRE(count <= 64);
  for (int64_t i = 0; i < count; i++) timestamps[i] = T0 + i * HOUR;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, count);
  batch.features = feature;
  batch.feature_count = 1;
  return ds_market_write(store, &batch, replace, NULL);
}

/* ---- What is stored ---- */

static void doubles_are_printed_like_python(void) {
  static const struct {
    double value;
    const char *text;
  } cases[] = {
      {100000.0, "100000.0"},
      {1e16, "1e+16"},
      {9999999999999998.0, "9999999999999998.0"},
      {1e15, "1000000000000000.0"},
      {0.0001, "0.0001"},
      {1e-05, "1e-05"},
      {0.00012345, "0.00012345"},
      {1.2345e-05, "1.2345e-05"},
      {-0.0, "-0.0"},
      {0.0, "0.0"},
      {5e-324, "5e-324"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {123456789.123456789, "123456789.12345679"},
      {1.5e300, "1.5e+300"},
      {-2.5, "-2.5"},
      {1e22, "1e+22"},
      {1e23, "1e+23"},
      {9007199254740993.0, "9007199254740992.0"},
      {NAN, "null"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ds_feature_column feature = {"a@1", &cases[i].value, NULL, NULL, {NULL, words, 4}};
    CHECK_OK(write_column(store, &feature, 1, 1));
    char expected[128];
    snprintf(expected, sizeof expected, "{\"a@1\":{\"value\":%s,\"quality\":\"ready\"}}",
             cases[i].text);
    CHECK_TEXT(stored(path_of("bars.db"), features_query), expected);
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = DS_FEATURES_VALUES;
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    REQUIRE(ds_bars_batch(bars)->feature_count == 1);
    CHECK_BITS(ds_bars_batch(bars)->features[0].values[0], cases[i].value);
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

static void integers_are_printed_as_integers(void) {
  static const int64_t values[] = {0, -1, 42, INT64_C(9007199254740993), INT64_MIN, INT64_MAX};
  ds_store *store = open_store(path_of("bars.db"));
  ds_feature_column feature = {"a@1", NULL, values, NULL, {NULL, words, 4}};
  CHECK_OK(write_column(store, &feature, COUNT_OF(values), 0));
  char expected[1024] = "";
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    char row[128];
    snprintf(row, sizeof row, "%s{\"a@1\":{\"value\":%lld,\"quality\":\"ready\"}}", i ? "\n" : "",
             (long long)values[i]);
    strcat(expected, row);
  }
  CHECK_TEXT(stored(path_of("bars.db"), features_query), expected);
  ds_store_free(store);
}

static void null_and_absent_differ(void) {
  ds_store *store = open_store(path_of("bars.db"));
  double values[] = {1, NAN, 7, NAN, 8};
  uint8_t is_null[] = {0, 0, 1, 0, 1};
  int32_t codes[] = {0, 1, 3, -1, -1};
  ds_feature_column feature = {"a@1", values, NULL, is_null, {codes, words, 4}};
  CHECK_OK(write_column(store, &feature, 5, 0));
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 5 && batch->feature_count == 1);
  static const char *const qualities[] = {"ready", "warmup", "missing", NULL, NULL};
  for (int i = 0; i < 5; i++) {
    check_note("row %d", i);
    CHECK_BITS(batch->features[0].values[i], i == 0 ? 1 : (double)NAN);
    CHECK_TEXT(text_at(&batch->features[0].quality, i), qualities[i]);
  }
  ds_bars_free(bars);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT features FROM market_data ORDER BY timestamp"
                                        " LIMIT 3"),
             "{\"a@1\":{\"value\":1.0,\"quality\":\"ready\"}}\n"
             "{\"a@1\":{\"value\":null,\"quality\":\"warmup\"}}\n"
             "{\"a@1\":{\"value\":null,\"quality\":\"missing\"}}");
}

static void absent_entries_leave_what_is_stored(void) {
  ds_store *store = open_store(path_of("bars.db"));
  double values[] = {1, 2};
  ds_feature_column feature = {"a@1", values, NULL, NULL, {NULL, words, 4}};
  CHECK_OK(write_column(store, &feature, 2, 0));
  double update[] = {NAN, 3};
  int32_t codes[] = {-1, 2};
  feature.values = update;
  feature.quality.codes = codes;
  CHECK_OK(write_column(store, &feature, 2, 0));
  CHECK_TEXT(stored(path_of("bars.db"), features_query),
             "{\"a@1\":{\"value\":1.0,\"quality\":\"ready\"}}\n"
             "{\"a@1\":{\"value\":3.0,\"quality\":\"degraded\"}}");
  ds_store_free(store);
}

static void column_without_values_is_null_in_every_row(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_feature_column feature = {"a@1", NULL, NULL, NULL, {NULL, &words[1], 1}};
  CHECK_OK(write_column(store, &feature, 2, 0));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT DISTINCT features FROM market_data"),
             "{\"a@1\":{\"value\":null,\"quality\":\"warmup\"}}");
  ds_store_free(store);
}

static void is_null_hides_any_number(void) {
  ds_store *store = open_store(path_of("bars.db"));
  double values[] = {INFINITY};
  int64_t integers[] = {7};
  uint8_t is_null[] = {1};
  ds_feature_column feature = {"a@1", values, NULL, is_null, {NULL, words, 1}};
  CHECK_OK(write_column(store, &feature, 1, 0));
  feature.values = NULL;
  feature.integers = integers;
  CHECK_OK(write_column(store, &feature, 1, 0));
  CHECK_TEXT(stored(path_of("bars.db"), features_query),
             "{\"a@1\":{\"value\":null,\"quality\":\"ready\"}}");
  ds_store_free(store);
}

static void quality_that_is_not_given_goes_by_the_value(void) {
  ds_store *store = open_store(path_of("bars.db"));
  double values[] = {1, NAN, 2};
  int64_t integers[] = {1, 2, 3};
  uint8_t is_null[] = {0, 0, 1};
  ds_feature_column feature = {"a@1", values, NULL, NULL, {NULL, NULL, 0}};
  CHECK_OK(write_column(store, &feature, 3, 0));
  CHECK_TEXT(stored(path_of("bars.db"), features_query),
             "{\"a@1\":{\"value\":1.0,\"quality\":\"ready\"}}\n"
             "{\"a@1\":{\"value\":null,\"quality\":\"missing\"}}\n"
             "{\"a@1\":{\"value\":2.0,\"quality\":\"ready\"}}");
  feature = (ds_feature_column){"a@1", NULL, integers, is_null, {NULL, NULL, 0}};
  CHECK_OK(write_column(store, &feature, 3, 0));
  CHECK_TEXT(stored(path_of("bars.db"), features_query),
             "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}\n"
             "{\"a@1\":{\"value\":2,\"quality\":\"ready\"}}\n"
             "{\"a@1\":{\"value\":null,\"quality\":\"missing\"}}");
  feature = (ds_feature_column){"a@1", NULL, NULL, NULL, {NULL, NULL, 0}};
  CHECK_OK(write_column(store, &feature, 3, 0));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT DISTINCT features FROM market_data"),
             "{\"a@1\":{\"value\":null,\"quality\":\"missing\"}}");
  ds_store_free(store);
}

static void many_columns_make_one_text(void) {
  ds_store *store = open_store(path_of("bars.db"));
  enum { N = 300 };
  char keys[N][16];
  double value = 0.5;
  ds_feature_column features[N];
  for (int i = 0; i < N; i++) {
    snprintf(keys[i], sizeof keys[i], "f%03d@1", i);
    features[i] = (ds_feature_column){keys[i], &value, NULL, NULL, {NULL, words, 4}};
  }
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0}, 1);
  batch.features = features;
  batch.feature_count = N;
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  REQUIRE(ds_bars_batch(bars)->feature_count == N);
  for (int i = 0; i < N; i++) {
    CHECK_TEXT(ds_bars_batch(bars)->features[i].key, keys[i]);
    CHECK_BITS(ds_bars_batch(bars)->features[i].values[0], 0.5);
  }
  ds_bars_free(bars);
  ds_store_free(store);
}

/* ---- What is refused ---- */

static void bad_columns_are_refused(void) {
  static const double numbers[] = {1, 2}, endless[] = {1, INFINITY}, endless_below[] = {1, -INFINITY};
  static const int32_t fine[] = {0, 0}, unknown[] = {0, 1}, absent[] = {0, -1};
  static const char *const bad_words[] = {"ready", "fine"}, *const upper[] = {"ready", "READY"};
  static const char *const empty[] = {"ready", ""}, *const broken[] = {"ready", "\xff"};
  static const struct {
    ds_feature_column feature;
    const char *word;
  } cases[] = {
      {{"a@1", endless, NULL, NULL, {fine, words, 4}}, "a@1"},
      {{"a@1", endless_below, NULL, NULL, {fine, words, 4}}, "a@1"},
      {{"a@1", numbers, NULL, NULL, {unknown, bad_words, 2}}, "fine"},
      {{"a@1", numbers, NULL, NULL, {unknown, upper, 2}}, "READY"},
      {{"a@1", numbers, NULL, NULL, {unknown, empty, 2}}, "quality"},
      {{"a@1", numbers, NULL, NULL, {absent, words, 4}}, "quality"},
      {{"a@1", numbers, NULL, NULL, {NULL, words, 0}}, "quality"},
      {{"a", numbers, NULL, NULL, {fine, words, 4}}, "@"},
      {{"@1", numbers, NULL, NULL, {fine, words, 4}}, "@1"},
      {{"a@", numbers, NULL, NULL, {fine, words, 4}}, "a@"},
      {{"@", numbers, NULL, NULL, {fine, words, 4}}, "@"},
      {{"", numbers, NULL, NULL, {fine, words, 4}}, "@"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu", i);
    CHECK_FAILS(write_column(store, &cases[i].feature, 2, 0), DS_INVALID_FEATURE, cases[i].word);
    ds_error_detail detail = DS_ERROR_DETAIL_INIT;
    CHECK_OK(ds_last_error_detail(&detail));
    CHECK_TEXT(detail.key, cases[i].feature.key);
    if (i < 6) CHECK_INT(detail.row, 1);
  }
  check_note("quality no UTF-8");
  ds_feature_column feature = {"a@1", numbers, NULL, NULL, {unknown, broken, 2}};
  CHECK_STATUS(write_column(store, &feature, 2, 0), DS_INVALID_FEATURE);
  check_note("key no UTF-8");
  feature = (ds_feature_column){"a\xff@1", numbers, NULL, NULL, {fine, words, 4}};
  CHECK_STATUS(write_column(store, &feature, 2, 0), DS_INVALID_FEATURE);
  check_note("key NULL");
  feature.key = NULL;
  CHECK_STATUS(write_column(store, &feature, 2, 0), DS_INVALID);
  check_note("%s", "");
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "0");
}

static void key_twice_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  double value = 1;
  ds_feature_column features[] = {{"a@1", &value, NULL, NULL, {NULL, words, 4}},
                                  {"b@1", &value, NULL, NULL, {NULL, words, 4}},
                                  {"a@1", &value, NULL, NULL, {NULL, words, 4}}};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0}, 1);
  batch.features = features;
  batch.feature_count = 3;
  CHECK_FAILS(ds_market_write(store, &batch, 0, NULL), DS_INVALID_FEATURE, "a@1");
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "0");
}

const check_test feature_columns_tests[] = {
    {"doubles_are_printed_like_python", doubles_are_printed_like_python},
    {"integers_are_printed_as_integers", integers_are_printed_as_integers},
    {"null_and_absent_differ", null_and_absent_differ},
    {"absent_entries_leave_what_is_stored", absent_entries_leave_what_is_stored},
    {"column_without_values_is_null_in_every_row", column_without_values_is_null_in_every_row},
    {"is_null_hides_any_number", is_null_hides_any_number},
    {"quality_that_is_not_given_goes_by_the_value",
     quality_that_is_not_given_goes_by_the_value},
    {"many_columns_make_one_text", many_columns_make_one_text},
    {"bad_columns_are_refused", bad_columns_are_refused},
    {"key_twice_is_refused", key_twice_is_refused},
    {NULL, NULL},
};
