/* test_latest.c: "Market: reading": ds_market_latest(), ds_market_latest_bar(), ds_market_latest_bar_into().
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void latest_bars_come_ascending(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 5);
  static const struct {
    int64_t n, count;
  } cases[] = {{1, 1}, {2, 2}, {5, 5}, {6, 5}, {INT64_MAX, 5}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("n %lld", (long long)cases[i].n);
    ds_bars *bars = NULL;
    REQUIRE_OK(ds_market_latest(store, &EURUSD, 1, HOURLY, cases[i].n, NULL, &bars));
    const ds_bar_batch *batch = ds_bars_batch(bars);
    REQUIRE(batch->count == cases[i].count);
    for (int64_t row = 0; row < batch->count; row++) {
      CHECK_INT(batch->timestamps[row], T0 + (5 - batch->count + row) * HOUR);
    }
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

static void latest_counts_for_each_symbol(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 1);
  write_hours(store, "BBB", 4);
  const char *symbols[] = {"BBB", "NOBODY", "AAA"};
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.limit = 1; /* does not apply here */
  options.columns = DS_COLUMN_OPEN;
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_latest(store, symbols, 3, HOURLY, 2, &options, &bars));
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 3);
  static const char *const expected[] = {"BBB", "BBB", "AAA"};
  static const double open[] = {2, 3, 0};
  for (int i = 0; i < 3; i++) {
    CHECK_TEXT(text_at(&batch->symbol, i), expected[i]);
    CHECK_BITS(batch->open[i], open[i]);
  }
  CHECK(batch->close == NULL);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void latest_has_features_as_asked(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  CHECK_OK(write_json(store, T0, "{\"old@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  CHECK_OK(write_json(store, T0 + HOUR, "{\"new@1\":{\"value\":2,\"quality\":\"warmup\"}}", 0));
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_latest(store, &EURUSD, 1, HOURLY, 1, &options, &bars));
  const ds_bar_batch *batch = ds_bars_batch(bars);
  REQUIRE(batch->count == 1 && batch->feature_count == 1);
  CHECK_TEXT(batch->features[0].key, "new@1");
  CHECK_BITS(batch->features[0].values[0], 2);
  CHECK_TEXT(text_at(&batch->features[0].quality, 0), "warmup");
  ds_bars_free(bars);
  ds_store_free(store);
}

static void nothing_stored_is_a_result(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_latest(store, &EURUSD, 1, HOURLY, 1, NULL, &bars));
  REQUIRE(bars != NULL);
  CHECK_INT(ds_bars_batch(bars)->count, 0);
  ds_bars_free(bars);
  ds_bar *bar = (ds_bar *)&bars;
  CHECK_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &bar));
  CHECK(bar == NULL);
  ds_store_free(store);
}

static void negative_n_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bars *bars = NULL;
  CHECK_FAILS(ds_market_latest(store, &EURUSD, 1, HOURLY, -1, NULL, &bars), DS_INVALID, "n");
  CHECK_FAILS(ds_market_latest(store, &EURUSD, 1, HOURLY, INT64_MIN, NULL, &bars), DS_INVALID,
              "n");
  CHECK(bars == NULL);
  ds_store_free(store);
}

/* ---- One bar ---- */

static void latest_bar_has_everything(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  ds_bar written = {sizeof written, T0 + 5 * HOUR, DS_COLUMNS_ALL | DS_COLUMN_FEATURES, 1, 1, 2,
                    0.5, 1.5, 100, 0.25, "feed", "ok",
                    "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"};
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &written, 0));
  ds_bar *bar = NULL;
  REQUIRE_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &bar));
  REQUIRE(bar != NULL);
  CHECK_INT(bar->struct_size, sizeof *bar);
  CHECK_INT(bar->timestamp, T0 + 5 * HOUR);
  CHECK_INT(bar->columns, DS_COLUMNS_ALL | DS_COLUMN_FEATURES);
  CHECK_INT(bar->is_gap, 1);
  CHECK_BITS(bar->open, 1);
  CHECK_BITS(bar->high, 2);
  CHECK_BITS(bar->low, 0.5);
  CHECK_BITS(bar->close, 1.5);
  CHECK_BITS(bar->volume, 100);
  CHECK_BITS(bar->latency_sec, 0.25);
  CHECK_TEXT(bar->source, "feed");
  CHECK_TEXT(bar->quality, "ok");
  CHECK_TEXT(bar->features_json, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}");
  ds_bar_free(bar);
  ds_store_free(store);
}

static void latest_bar_has_missing_values(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar written = DS_BAR_INIT;
  written.timestamp = T0;
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &written, 0));
  ds_bar *bar = NULL;
  REQUIRE_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &bar));
  REQUIRE(bar != NULL);
  const double numbers[] = {bar->open, bar->high, bar->low, bar->close, bar->volume,
                            bar->latency_sec};
  for (size_t i = 0; i < COUNT_OF(numbers); i++) CHECK_BITS(numbers[i], NAN);
  CHECK_INT(bar->is_gap, 0);
  CHECK_TEXT(bar->source, NULL);
  CHECK_TEXT(bar->quality, NULL);
  CHECK_TEXT(bar->features_json, NULL);
  ds_bar_free(bar);
  ds_store_free(store);
}

/* ---- One bar, into memory of the caller's ---- */

/* Writes a bar with these texts, NULL or not, as the latest one. */
static void write_latest(ds_store *store, const char *source, const char *quality,
                         const char *features) {
  ds_bar written = {sizeof written, T0 + 5 * HOUR, DS_COLUMNS_ALL, 1, 1, 2, 0.5, 1.5, 100, 0.25,
                    source, quality, features};
  if (features != NULL) written.columns |= DS_COLUMN_FEATURES;
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &written, 1));
}

static void a_bar_goes_into_the_callers_memory(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const char *const features = "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}";
  char *long_source = long_text(5000, 's');
  const struct {
    const char *source, *quality, *features;
  } cases[] = {
      {"feed", "ok", features}, {"feed", "ok", NULL},   {NULL, "ok", NULL}, {"feed", NULL, features},
      {NULL, NULL, NULL},       {"", "", NULL},         {"", NULL, NULL},   {NULL, "", features},
      {long_source, "ok", NULL}, {"é", "\xf0\x9f\x98\x80", features},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu", i);
    write_latest(store, cases[i].source, cases[i].quality, cases[i].features);
    ds_bar *own = NULL;
    REQUIRE_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &own));
    int32_t size = -1;
    ds_bar little = DS_BAR_INIT;
    REQUIRE_OK(ds_market_latest_bar_into(store, EURUSD, HOURLY, &little, 0, &size));
    CHECK_INT(little.timestamp, DS_NO_TIME);
    int32_t expected = sizeof(ds_bar);
    const char *const texts[] = {own->source, own->quality, own->features_json};
    for (size_t t = 0; t < COUNT_OF(texts); t++) {
      if (texts[t] != NULL) expected += (int32_t)strlen(texts[t]) + 1;
    }
    REQUIRE(size == expected);

    /* One byte too few: not written. Just enough: written, and nothing behind it. */
    char *memory = malloc((size_t)size + 1);
    REQUIRE(memory != NULL);
    memset(memory, 'x', (size_t)size + 1);
    size = -1;
    REQUIRE_OK(ds_market_latest_bar_into(store, EURUSD, HOURLY, (ds_bar *)memory, expected - 1, &size));
    CHECK_INT(size, expected);
    for (int32_t at = 0; at <= expected; at++) REQUIRE(memory[at] == 'x');
    size = -1;
    REQUIRE_OK(ds_market_latest_bar_into(store, EURUSD, HOURLY, (ds_bar *)memory, expected, &size));
    CHECK_INT(size, expected);
    CHECK(memory[expected] == 'x');
    const ds_bar *bar = (const ds_bar *)memory;
    CHECK_INT(bar->struct_size, sizeof *bar);
    CHECK_INT(bar->timestamp, own->timestamp);
    CHECK_INT(bar->columns, own->columns);
    CHECK_INT(bar->is_gap, own->is_gap);
    CHECK_BITS(bar->open, own->open);
    CHECK_BITS(bar->latency_sec, own->latency_sec);
    CHECK_TEXT(bar->source, cases[i].source);
    CHECK_TEXT(bar->quality, cases[i].quality);
    CHECK_TEXT(bar->features_json, own->features_json);
    const char *const copied[] = {bar->source, bar->quality, bar->features_json};
    for (size_t t = 0; t < COUNT_OF(copied); t++) {
      CHECK(copied[t] == NULL || (copied[t] >= memory + sizeof *bar && copied[t] < memory + size));
    }
    free(memory);
    ds_bar_free(own);
  }
  free(long_source);
  ds_store_free(store);
}

static void no_bar_has_no_size(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = DS_BAR_INIT;
  int32_t size = 77;
  CHECK_OK(ds_market_latest_bar_into(store, EURUSD, HOURLY, &bar, sizeof bar, &size));
  CHECK_INT(size, 0);
  size = 77;
  static const char *const bad[] = {"", "\xff"};
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    CHECK_FAILS(ds_market_latest_bar_into(store, bad[i], HOURLY, &bar, sizeof bar, &size), DS_INVALID,
                "symbol");
    CHECK_FAILS(ds_market_latest_bar_into(store, EURUSD, bad[i], &bar, sizeof bar, &size), DS_INVALID,
                "timeframe");
  }
  CHECK_FAILS(ds_market_latest_bar_into(store, EURUSD, HOURLY, &bar, -1, &size), DS_INVALID, "size");
  CHECK_FAILS(ds_market_latest_bar_into(store, EURUSD, HOURLY, &bar, INT32_MIN, &size), DS_INVALID,
              "size");
  CHECK_INT(size, 77);
  CHECK_INT(bar.timestamp, DS_NO_TIME);
  ds_store_free(store);
}

static void bad_names_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const char *const bad[] = {"", "\xff"};
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    ds_bar *bar = NULL;
    CHECK_FAILS(ds_market_latest_bar(store, bad[i], HOURLY, &bar), DS_INVALID, "symbol");
    CHECK_FAILS(ds_market_latest_bar(store, EURUSD, bad[i], &bar), DS_INVALID, "timeframe");
    CHECK(bar == NULL);
  }
  ds_store_free(store);
}

const check_test latest_tests[] = {
    {"latest_bars_come_ascending", latest_bars_come_ascending},
    {"latest_counts_for_each_symbol", latest_counts_for_each_symbol},
    {"latest_has_features_as_asked", latest_has_features_as_asked},
    {"nothing_stored_is_a_result", nothing_stored_is_a_result},
    {"negative_n_is_refused", negative_n_is_refused},
    {"latest_bar_has_everything", latest_bar_has_everything},
    {"latest_bar_has_missing_values", latest_bar_has_missing_values},
    {"a_bar_goes_into_the_callers_memory", a_bar_goes_into_the_callers_memory},
    {"no_bar_has_no_size", no_bar_has_no_size},
    {"bad_names_are_refused", bad_names_are_refused},
    {NULL, NULL},
};
