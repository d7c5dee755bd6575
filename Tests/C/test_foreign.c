/* test_foreign.c: rows that other tools wrote: other forms of time, damage.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void insert_bar(const char *timestamp, double close) {
  char statement[512];
  snprintf(statement, sizeof statement,
           "INSERT INTO market_data (symbol, timeframe, timestamp, close)"
           " VALUES ('EURUSD', '1h', '%s', %g)", timestamp, close);
  foreign(path_of("bars.db"), statement);
}

/* Every one in the file's text order is elsewhere than in time. */
static const struct {
  const char *text;
  int64_t minutes; /* after 15:00 */
} forms[] = {
    {"2026-03-01T15:00:00+00:00", 0},
    {"2026-03-01 15:05:00+00:00", 5},
    {"2026-03-01T15:10:00Z", 10},
    {"2026-03-01T16:15:00+01:00", 15},
    {"2026-03-01T10:20:00-05:00", 20},
    {"2026-03-01T15:25:00.000+00:00", 25},
    {"2026-03-02T05:00:00+14:00", 0},
    {"2026-03-01 15:30:00.000000Z", 30},
    {"2026-03-01T20:20:00+05:45", -25},
    {"2026-03-01T15:40:00.000000000+00:00", 40},
};

static ds_store *open_with_forms(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(forms); i++) insert_bar(forms[i].text, (double)forms[i].minutes);
  return store;
}

static void check_ascending(const ds_bar_batch *batch) {
  for (int64_t i = 0; i < batch->count; i++) {
    CHECK_INT(batch->timestamps[i], T0 + (int64_t)batch->close[i] * 60 * SECOND);
    if (i > 0) CHECK(batch->timestamps[i - 1] <= batch->timestamps[i]);
  }
}

static void other_forms_are_read_in_order(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_with_forms();
  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  CHECK_INT(ds_bars_batch(bars)->count, COUNT_OF(forms));
  check_ascending(ds_bars_batch(bars));
  ds_bars_free(bars);
  ds_store_free(store);
}

static void other_forms_are_found_by_range(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_with_forms();
  for (int64_t minute = -30; minute <= 45; minute += 5) {
    check_note("minute %lld", (long long)minute);
    int64_t expected = 0;
    for (size_t i = 0; i < COUNT_OF(forms); i++) expected += forms[i].minutes == minute;
    ds_range range = DS_RANGE_INIT;
    range.start = range.end = T0 + minute * 60 * SECOND;
    ds_bars *bars = NULL;
    REQUIRE_OK(ds_market_read(store, &EURUSD, 1, HOURLY, &range, NULL, &bars));
    CHECK_INT(ds_bars_batch(bars)->count, expected);
    check_ascending(ds_bars_batch(bars));
    ds_bars_free(bars);
    CHECK_OK(ds_transaction_begin(store));
    int64_t deleted = -1;
    CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, &range, &deleted));
    CHECK_INT(deleted, expected);
    CHECK_OK(ds_transaction_rollback(store));
  }
  ds_store_free(store);
}

static void other_forms_are_scanned(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_with_forms();
  for (int64_t chunk = 1; chunk <= 4; chunk++) {
    check_note("chunk %lld", (long long)chunk);
    ds_scan *scan = NULL;
    REQUIRE_OK(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, chunk, &scan));
    int64_t count = 0;
    int64_t before = INT64_MIN;
    for (;;) {
      ds_bars *bars = NULL;
      REQUIRE_OK(ds_scan_next(scan, &bars));
      if (bars == NULL) break;
      check_ascending(ds_bars_batch(bars));
      CHECK(ds_bars_batch(bars)->timestamps[0] >= before);
      count += ds_bars_batch(bars)->count;
      before = ds_bars_batch(bars)->timestamps[ds_bars_batch(bars)->count - 1];
      ds_bars_free(bars);
      REQUIRE(count <= (int64_t)COUNT_OF(forms));
    }
    CHECK_INT(count, COUNT_OF(forms));
    ds_scan_free(scan);
  }
  ds_store_free(store);
}

static void other_forms_count_as_latest(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_with_forms();
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_latest(store, &EURUSD, 1, HOURLY, 3, NULL, &bars));
  REQUIRE(ds_bars_batch(bars)->count == 3);
  CHECK_BITS(ds_bars_batch(bars)->close[0], 25);
  CHECK_BITS(ds_bars_batch(bars)->close[2], 40);
  check_ascending(ds_bars_batch(bars));
  ds_bars_free(bars);
  ds_bar *bar = NULL;
  REQUIRE_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &bar));
  REQUIRE(bar != NULL);
  CHECK_INT(bar->timestamp, T0 + 40 * 60 * SECOND);
  ds_bar_free(bar);
  ds_series *series = NULL;
  REQUIRE_OK(ds_market_series(store, 1, &series));
  REQUIRE(ds_series_entries(series)->count == 1);
  CHECK_INT(ds_series_entries(series)->first[0], T0 - 25 * 60 * SECOND);
  CHECK_INT(ds_series_entries(series)->last[0], T0 + 40 * 60 * SECOND);
  CHECK_INT(ds_series_entries(series)->bars[0], COUNT_OF(forms));
  ds_series_free(series);
  ds_store_free(store);
}

static void other_forms_are_found_by_check(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  ds_texts *findings = NULL;
  REQUIRE_OK(ds_store_check(store, &findings));
  CHECK_INT(ds_texts_count(findings), 0);
  ds_texts_free(findings);
  insert_bar("2026-03-01T15:10:00Z", 10);
  findings = NULL;
  REQUIRE_OK(ds_store_check(store, &findings));
  CHECK(ds_texts_count(findings) >= 1);
  ds_texts_free(findings);
  ds_store_free(store);
}

/* ---- Damage ---- */

static void check_corrupt(ds_store *store, const char *word) {
  ds_bars *bars = NULL;
  CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, NULL, &bars), DS_CORRUPT, EURUSD,
              HOURLY, word);
  CHECK(bars == NULL);
  ds_texts *findings = NULL;
  CHECK_OK(ds_store_check(store, &findings));
  CHECK(findings != NULL && ds_texts_count(findings) >= 1);
  ds_texts_free(findings);
}

static void text_that_is_no_timestamp_is_corrupt(void) {
  files_only("a column of text takes what a typed column refuses");
  static const char *const broken[] = {
      "yesterday", "", "1772377200", "2026-13-01T00:00:00+00:00", "2026-02-30T00:00:00+00:00",
      "2026-03-01T25:00:00+00:00", "2026-03-01T15:00:00+00:00x", "2026-03-01T15:00:00+0",
      "2500-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00", "T15:00:00Z", "\xff",
      "2026-03-01T15:00:00.1234567890123456789+00:00x",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    check_note("\"%s\"", broken[i]);
    write_hours(store, EURUSD, 2);
    insert_bar(broken[i], 1);
    check_corrupt(store, strcmp(broken[i], "\xff") == 0 ? EURUSD : broken[i]);
    foreign(path_of("bars.db"), "DELETE FROM market_data");
  }
  ds_store_free(store);
}

static void wrong_types_are_corrupt(void) {
  files_only("a column of text takes what a typed column refuses");
  static const struct {
    const char *column, *value;
  } cases[] = {
      {"open", "'cheap'"},      {"high", "x'00'"},    {"low", "''"},
      {"close", "'1,5'"},       {"volume", "'many'"}, {"latency_sec", "'slow'"},
      {"is_gap", "'perhaps'"},  {"source", "x'ff'"},  {"quality", "x'00'"},
      {"timestamp", "x'3132'"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("%s = %s", cases[i].column, cases[i].value);
    write_hours(store, EURUSD, 2);
    char update[256];
    snprintf(update, sizeof update,
             "UPDATE market_data SET %s = %s WHERE timestamp = '2026-03-01T16:00:00+00:00'",
             cases[i].column, cases[i].value);
    foreign(path_of("bars.db"), update);
    ds_bars *bars = NULL;
    CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, NULL, &bars), DS_CORRUPT, EURUSD,
                HOURLY, cases[i].column);
    CHECK(bars == NULL);
    if (strcmp(cases[i].column, "timestamp") != 0) {
      CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, NULL, &bars), DS_CORRUPT,
                  "2026-03-01T16:00:00+00:00");
      ds_bar *bar = NULL;
      CHECK_FAILS(ds_market_latest_bar(store, EURUSD, HOURLY, &bar), DS_CORRUPT, cases[i].column);
      CHECK(bar == NULL);
    }
    foreign(path_of("bars.db"), "DELETE FROM market_data");
  }
  ds_store_free(store);
}

static void damage_elsewhere_does_not_matter(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  write_hours(store, "GOOG", 3);
  foreign(path_of("bars.db"), "UPDATE market_data SET open = 'x' WHERE symbol = 'EURUSD'");
  CHECK_INT(count_bars(store, "GOOG"), 3);
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = DS_COLUMN_CLOSE;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  CHECK_INT(ds_bars_batch(bars)->count, 2);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void integers_in_price_columns_are_numbers(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  foreign(path_of("bars.db"), "UPDATE market_data SET open = 5, close = '7', is_gap = 1");
  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  CHECK_BITS(ds_bars_batch(bars)->open[0], 5);
  CHECK_BITS(ds_bars_batch(bars)->close[0], 7); /* SQLite's own affinity made it a number */
  CHECK_INT(ds_bars_batch(bars)->is_gap[0], 1);
  ds_bars_free(bars);
  ds_store_free(store);
}

const check_test foreign_tests[] = {
    {"other_forms_are_read_in_order", other_forms_are_read_in_order},
    {"other_forms_are_found_by_range", other_forms_are_found_by_range},
    {"other_forms_are_scanned", other_forms_are_scanned},
    {"other_forms_count_as_latest", other_forms_count_as_latest},
    {"other_forms_are_found_by_check", other_forms_are_found_by_check},
    {"text_that_is_no_timestamp_is_corrupt", text_that_is_no_timestamp_is_corrupt},
    {"wrong_types_are_corrupt", wrong_types_are_corrupt},
    {"damage_elsewhere_does_not_matter", damage_elsewhere_does_not_matter},
    {"integers_in_price_columns_are_numbers", integers_in_price_columns_are_numbers},
    {NULL, NULL},
};
