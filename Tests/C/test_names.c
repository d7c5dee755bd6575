/* test_names.c: names are bytes, in every function that takes one.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

/* What Unicode, letter case or code that joins names takes for the same, sorted by bytes. */
static const char *const alike[] = {
    "%",
    "/",
    "/\xcc\x81", /* a mark after a slash */
    "A",
    "A B",
    "AB",
    "A\xcc\x8a", /* A and a ring */
    "BTC",
    "K",
    "_",
    "a",
    "btc",
    "e\xcc\x81", /* e and an accent */
    "fi",
    "k",
    "\xc3\x85",                 /* A with a ring */
    "\xc3\xa9",                 /* e with an accent */
    "\xcc\x81",                 /* an accent alone */
    "\xe1\x84\x80\xe1\x85\xa1", /* two Hangul letters */
    "\xe2\x84\xaa",             /* the Kelvin sign */
    "\xe2\x84\xab",             /* the unit of length */
    "\xea\xb0\x80",             /* the Hangul syllable of the two */
    "\xef\xac\x81",             /* the ligature of f and i */
    "\xef\xbd\xa1",
    "\xf0\x9f\x98\x80",
};
enum { ALIKE = COUNT_OF(alike) };

static double latest_close(ds_store *store, const char *symbol, const char *timeframe) {
  ds_bar *bar = NULL;
  CHECK_OK(ds_market_latest_bar(store, symbol, timeframe, &bar));
  double close = bar == NULL ? -1 : bar->close;
  ds_bar_free(bar);
  return close;
}

static void put(ds_store *store, const char *symbol, const char *timeframe, double close) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0;
  bar.columns = DS_COLUMN_CLOSE;
  bar.close = close;
  CHECK_OK(ds_market_write_bar(store, symbol, timeframe, &bar, 0));
}

/* ---- Bars ---- */

static void check_all(ds_store *store) {
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, alike, ALIKE, HOURLY, NULL, NULL, &bars));
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == ALIKE);
  for (int i = 0; i < ALIKE; i++) {
    CHECK_BITS(batch->close[i], i);
    CHECK_TEXT(text_at(&batch->symbol, i), alike[i]);
  }
  ds_bars_free(bars);
  REQUIRE_OK(ds_market_latest(store, alike, ALIKE, HOURLY, 1, NULL, &bars));
  batch = ds_bars_batch(bars);
  REQUIRE(batch->count == ALIKE);
  for (int i = 0; i < ALIKE; i++) CHECK_BITS(batch->close[i], i);
  ds_bars_free(bars);
  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, alike, ALIKE, HOURLY, NULL, NULL, 10, &scan));
  for (int i = 0; i < ALIKE; i++) {
    REQUIRE_OK(ds_scan_next(scan, &bars));
    REQUIRE(bars != NULL);
    CHECK_BITS(ds_bars_batch(bars)->close[0], i);
    ds_bars_free(bars);
  }
  ds_scan_free(scan);
  for (int i = 0; i < ALIKE; i++) CHECK_BITS(latest_close(store, alike[i], HOURLY), i);
  for (int32_t counts = 0; counts <= 1; counts++) {
    ds_series *series = NULL;
    REQUIRE_OK(ds_market_series(store, counts, &series));
    const ds_series_view *view = ds_series_entries(series);
    REQUIRE(view->count == ALIKE);
    for (int i = 0; i < ALIKE; i++) CHECK_TEXT(view->symbols[i], alike[i]);
    ds_series_free(series);
  }
}

static void series_are_kept_apart_in_one_batch(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int64_t timestamps[ALIKE];
  int32_t codes[ALIKE];
  double close[ALIKE];
  for (int i = 0; i < ALIKE; i++) {
    timestamps[i] = T0;
    codes[i] = ALIKE - 1 - i;
    close[i] = codes[i];
  }
  ds_bar_batch batch = rows_of(alike, &HOURLY, timestamps, ALIKE);
  batch.symbol = (ds_text_column){codes, alike, ALIKE};
  batch.source = batch.symbol;
  batch.close = close;
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  check_all(store);
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, alike, ALIKE, HOURLY, NULL, NULL, &bars));
  for (int i = 0; i < ALIKE; i++) {
    CHECK_TEXT(text_at(&ds_bars_batch(bars)->source, i), alike[i]);
  }
  ds_bars_free(bars);
  ds_store_free(store);
}

static void series_are_kept_apart_bar_by_bar(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (int i = 0; i < ALIKE; i++) put(store, alike[i], HOURLY, i);
  check_all(store);
  for (int i = 0; i < ALIKE; i++) {
    int64_t rows = -1;
    CHECK_OK(ds_market_delete(store, alike[i], HOURLY, NULL, &rows));
    CHECK_INT(rows, 1);
    for (int j = 0; j < ALIKE; j++) {
      CHECK_BITS(latest_close(store, alike[j], HOURLY), j <= i ? -1 : j);
    }
  }
  ds_store_free(store);
}

static void pairs_are_not_glued(void) {
  static const char *const pairs[][2] = {{"A B", "1h"}, {"A", "B 1h"}, {"AB", "1h"}, {"A", "B1h"},
                                         {"A|B", "1h"}, {"A", "B|1h"}, {"A\x1f" "B", "1h"}};
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(pairs); i++) {
    put(store, pairs[i][0], pairs[i][1], (double)i);
    ds_request request = DS_REQUEST_INIT;
    request.symbol = pairs[i][0];
    request.timeframe = pairs[i][1];
    request.requested_at = T0;
    request.start_ts = T0;
    request.end_ts = T0 + (int64_t)i;
    request.provider_used = "broker";
    CHECK_OK(ds_market_record_request(store, &request, NULL));
  }
  for (size_t i = 0; i < COUNT_OF(pairs); i++) {
    CHECK_BITS(latest_close(store, pairs[i][0], pairs[i][1]), (double)i);
    ds_requests *requests = NULL;
    REQUIRE_OK(
        ds_market_requests(store, pairs[i][0], pairs[i][1], NULL, -1, &requests));
    REQUIRE(ds_requests_count(requests) == 1);
    CHECK_INT(ds_requests_items(requests)->end_ts, T0 + (int64_t)i);
    ds_requests_free(requests);
  }
  ds_store_free(store);
}

/* ---- Features ---- */

static void feature_keys_are_kept_apart(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static char keys[ALIKE][32];
  const char *asked[ALIKE];
  double values[ALIKE];
  ds_feature_column columns[ALIKE];
  memset(columns, 0, sizeof columns);
  static const char *const ready = "ready";
  for (int i = 0; i < ALIKE; i++) {
    snprintf(keys[i], sizeof keys[i], "k@%s", alike[i]);
    asked[i] = keys[i];
    values[i] = i;
    columns[i].key = keys[i];
    columns[i].values = &values[i];
    columns[i].quality = every_row(&ready);
  }
  int64_t time = T0;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, &time, 1);
  batch.features = columns;
  batch.feature_count = ALIKE;
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  for (int round = 0; round < 2; round++) {
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    const ds_bar_batch *found = ds_bars_batch(bars);
    REQUIRE(found->feature_count == ALIKE);
    for (int i = 0; i < ALIKE; i++) {
      CHECK_TEXT(found->features[i].key, keys[i]);
      CHECK_BITS(found->features[i].values[0], i);
    }
    ds_bars_free(bars);
    options.feature_keys = asked;
    options.feature_key_count = ALIKE;
  }
  ds_store_free(store);
}

/* ---- State, queries ---- */

static void state_keys_are_kept_apart(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char value[32];
  for (int i = 0; i < ALIKE; i++) {
    snprintf(value, sizeof value, "[%d]", i);
    CHECK_OK(ds_state_set(store, alike[i], value));
  }
  for (int i = 0; i < ALIKE; i++) {
    char *json = NULL;
    snprintf(value, sizeof value, "[%d]", i);
    CHECK_OK(ds_state_get(store, alike[i], &json));
    CHECK_TEXT(json, value);
    ds_text_free(json);
    ds_state_entries *entries = NULL;
    REQUIRE_OK(ds_state_items(store, alike[i], 0, &entries));
    const ds_state_entry *items = ds_state_entries_items(entries);
    int64_t count = 0;
    for (int j = 0; j < ALIKE; j++) {
      if (strncmp(alike[j], alike[i], strlen(alike[i])) != 0) continue;
      REQUIRE(count < ds_state_entries_count(entries));
      CHECK_TEXT(items[count++].key, alike[j]);
    }
    CHECK_INT(ds_state_entries_count(entries), count);
    ds_state_entries_free(entries);
  }
  int32_t swapped = -1;
  CHECK_OK(ds_state_set(store, "key", "{\"e\xcc\x81\":1}"));
  CHECK_OK(ds_state_compare_and_set(store, "key", "{\"\xc3\xa9\":1}", "2", &swapped));
  CHECK_INT(swapped, 0);
  CHECK_OK(ds_state_compare_and_set(store, "key", "{\"\\u0065\\u0301\":1}", "\"\\ud800\"", &swapped));
  CHECK_INT(swapped, 1);
  /* Half of a pair, and the six characters of its escape. */
  CHECK_OK(ds_state_compare_and_set(store, "key", "\"\\\\ud800\"", "3", &swapped));
  CHECK_INT(swapped, 0);
  ds_store_free(store);
}

static void query_parameters_are_kept_apart(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_sql_parameter parameters[2];
  memset(parameters, 0, sizeof parameters);
  parameters[0].type = parameters[1].type = DS_SQL_INTEGER;
  parameters[0].name = "e\xcc\x81";
  parameters[1].name = "\xc3\xa9";
  parameters[1].integer = 1;
  ds_rows *rows = NULL;
  REQUIRE_OK(ds_sql(store, "SELECT :\xc3\xa9 AS \"\xc3\xa9\", :e\xcc\x81 AS \"e\xcc\x81\"",
                    parameters, 2, &rows));
  const ds_sql_column *columns = ds_rows_columns(rows);
  CHECK_INT(columns[0].integers[0], 1);
  CHECK_INT(columns[1].integers[0], 0);
  CHECK_TEXT(columns[0].name, "\xc3\xa9");
  CHECK_TEXT(columns[1].name, "e\xcc\x81");
  ds_rows_free(rows);
  ds_store_free(store);
}

/* ---- Files, and what is not a name ---- */

static void files_are_kept_apart(void) {
  files_only("the store is a file");
  static const char *const files[] = {"e\xcc\x81", "\xc3\xa9", "\xcc\x81", "K", "\xe2\x84\xaa", "k"};
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    ds_store *store = open_store(path_of(files[i]));
    CHECK_TEXT(ds_store_path(store), path_of(files[i]));
    CHECK_OK(ds_state_set(store, files[i], "1"));
    ds_store_free(store);
  }
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    CHECK_TEXT(stored(path_of(files[i]), "SELECT key FROM system_state"), files[i]);
  }
}

static void what_is_no_utf8_is_no_name(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0;
  ds_sql_parameter parameter;
  memset(&parameter, 0, sizeof parameter);
  parameter.type = DS_SQL_INTEGER;
  for (size_t i = 0; i < not_utf8_count; i++) {
    check_note("text %zu", i);
    const char *name = not_utf8[i];
    ds_bars *bars = NULL;
    ds_bar *latest = NULL;
    ds_scan *scan = NULL;
    ds_requests *requests = NULL;
    ds_state_entries *entries = NULL;
    ds_rows *rows = NULL;
    CHECK_FAILS(ds_market_write_bar(store, name, HOURLY, &bar, 0), DS_INVALID, "symbol");
    CHECK_FAILS(ds_market_write_bar(store, EURUSD, name, &bar, 0), DS_INVALID, "timeframe");
    CHECK_FAILS(ds_market_read(store, &name, 1, HOURLY, NULL, NULL, &bars), DS_INVALID, "symbol");
    CHECK_FAILS(ds_market_latest(store, &EURUSD, 1, name, 1, NULL, &bars), DS_INVALID, "timeframe");
    CHECK_FAILS(ds_market_latest_bar(store, name, HOURLY, &latest), DS_INVALID, "UTF-8");
    CHECK_FAILS(ds_market_scan(store, &name, 1, HOURLY, NULL, NULL, 1, &scan), DS_INVALID, "symbol");
    CHECK_FAILS(ds_market_requests(store, name, NULL, NULL, -1, &requests), DS_INVALID, "symbol");
    CHECK_FAILS(ds_state_items(store, name, 1, &entries), DS_INVALID, "prefix");
    parameter.name = name;
    CHECK_FAILS(ds_sql(store, "SELECT :a", &parameter, 1, &rows), DS_INVALID, "name");
    CHECK_FAILS(ds_store_backup(store, name, 0), DS_INVALID, "UTF-8");
  }
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "0");
  ds_store_free(store);
}

const check_test names_tests[] = {
    {"series_are_kept_apart_in_one_batch", series_are_kept_apart_in_one_batch},
    {"series_are_kept_apart_bar_by_bar", series_are_kept_apart_bar_by_bar},
    {"pairs_are_not_glued", pairs_are_not_glued},
    {"feature_keys_are_kept_apart", feature_keys_are_kept_apart},
    {"state_keys_are_kept_apart", state_keys_are_kept_apart},
    {"query_parameters_are_kept_apart", query_parameters_are_kept_apart},
    {"files_are_kept_apart", files_are_kept_apart},
    {"what_is_no_utf8_is_no_name", what_is_no_utf8_is_no_name},
    {NULL, NULL},
};
