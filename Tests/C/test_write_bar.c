/* test_write_bar.c: "Market: writing": one live bar.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static const char *const all_columns =
    "SELECT timestamp, open, high, low, close, volume, source, quality, is_gap, latency_sec,"
    " features FROM market_data ORDER BY timestamp";

static ds_bar full_bar(void) {
  ds_bar bar = {sizeof bar, T0, DS_COLUMNS_ALL | DS_COLUMN_FEATURES, 1, 1, 2, 0.5, 1.5, 100, 0.25,
                "feed", "ok", "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"};
  return bar;
}

static void every_field_is_stored(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = full_bar();
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0));
  CHECK_TEXT(stored(path_of("bars.db"), all_columns),
             T0_TEXT "|1.0|2.0|0.5|1.5|100.0|feed|ok|1|0.25|"
                     "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}");
  ds_store_free(store);
}

static void only_carried_fields_are_stored(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = full_bar();
  bar.columns = 0;
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0));
  CHECK_TEXT(stored(path_of("bars.db"), all_columns),
             T0_TEXT "|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL");
  static const struct {
    uint32_t column;
    const char *row;
  } steps[] = {
      {DS_COLUMN_OPEN, "|1.0|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL"},
      {DS_COLUMN_HIGH, "|1.0|2.0|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL"},
      {DS_COLUMN_LOW, "|1.0|2.0|0.5|NULL|NULL|NULL|NULL|0|NULL|NULL"},
      {DS_COLUMN_CLOSE, "|1.0|2.0|0.5|1.5|NULL|NULL|NULL|0|NULL|NULL"},
      {DS_COLUMN_VOLUME, "|1.0|2.0|0.5|1.5|100.0|NULL|NULL|0|NULL|NULL"},
      {DS_COLUMN_SOURCE, "|1.0|2.0|0.5|1.5|100.0|feed|NULL|0|NULL|NULL"},
      {DS_COLUMN_QUALITY, "|1.0|2.0|0.5|1.5|100.0|feed|ok|0|NULL|NULL"},
      {DS_COLUMN_IS_GAP, "|1.0|2.0|0.5|1.5|100.0|feed|ok|1|NULL|NULL"},
      {DS_COLUMN_LATENCY_SEC, "|1.0|2.0|0.5|1.5|100.0|feed|ok|1|0.25|NULL"},
      {DS_COLUMN_FEATURES, "|1.0|2.0|0.5|1.5|100.0|feed|ok|1|0.25|"
                           "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"},
  };
  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    bar.columns = steps[i].column;
    CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0));
    CHECK_TEXT(stored(path_of("bars.db"), all_columns) + strlen(T0_TEXT), steps[i].row);
  }
  ds_store_free(store);
}

static void missing_values_are_null(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = full_bar();
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0));
  ds_bar empty = DS_BAR_INIT;
  empty.timestamp = T0;
  empty.columns = DS_COLUMNS_ALL | DS_COLUMN_FEATURES;
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &empty, 0));
  /* No features text says nothing of features, so they stay. */
  CHECK_TEXT(stored(path_of("bars.db"), all_columns),
             T0_TEXT "|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|"
                     "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}");
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &empty, 1));
  CHECK_TEXT(stored(path_of("bars.db"), all_columns),
             T0_TEXT "|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL");
  ds_store_free(store);
}

static void replace_drops_what_is_not_carried(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = full_bar();
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0));
  bar.columns = DS_COLUMN_CLOSE;
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 1));
  CHECK_TEXT(stored(path_of("bars.db"), all_columns),
             T0_TEXT "|NULL|NULL|NULL|1.5|NULL|NULL|NULL|0|NULL|NULL");
  ds_store_free(store);
}

static void bad_bars_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char *long_name = long_text(DS_MAX_NAME_BYTES + 1, 'x');
  struct {
    const char *what, *symbol, *timeframe;
    ds_bar bar;
    int32_t replace;
  } cases[] = {
      {"symbol", "", HOURLY, full_bar(), 0},
      {"timeframe", EURUSD, "", full_bar(), 0},
      {"symbol", long_name, HOURLY, full_bar(), 0},
      {"timeframe", EURUSD, long_name, full_bar(), 0},
      {"symbol", "\xff", HOURLY, full_bar(), 0},
      {"timeframe", EURUSD, "\xff", full_bar(), 0},
      {"timestamp", EURUSD, HOURLY, full_bar(), 0},
      {"column", EURUSD, HOURLY, full_bar(), 0},
      {"is_gap", EURUSD, HOURLY, full_bar(), 0},
      {"is_gap", EURUSD, HOURLY, full_bar(), 0},
      {"source", EURUSD, HOURLY, full_bar(), 0},
      {"quality", EURUSD, HOURLY, full_bar(), 0},
      {"struct_size", EURUSD, HOURLY, full_bar(), 0},
      {"replace", EURUSD, HOURLY, full_bar(), 2},
  };
  cases[6].bar.timestamp = DS_NO_TIME;
  cases[7].bar.columns |= 1u << 10;
  cases[8].bar.is_gap = 2;
  cases[9].bar.is_gap = -1;
  cases[10].bar.source = "\xc3";
  cases[11].bar.quality = "\xe2\x82";
  cases[12].bar.struct_size = 0;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu: %s", i, cases[i].what);
    CHECK_FAILS(ds_market_write_bar(store, cases[i].symbol, cases[i].timeframe, &cases[i].bar,
                                    cases[i].replace),
                DS_INVALID, cases[i].what);
  }
  check_note("%s", "");
  free(long_name);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "0");
}

static void bar_that_was_read_may_be_written(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_store *copy = open_store(path_of("copy.db"));
  ds_bar bar = full_bar();
  CHECK_OK(ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0));
  ds_bar *latest = NULL;
  REQUIRE_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &latest));
  CHECK_OK(ds_market_write_bar(copy, EURUSD, HOURLY, latest, 0));
  ds_bar_free(latest);
  CHECK_TEXT(stored(path_of("copy.db"), all_columns), stored(path_of("bars.db"), all_columns));
  ds_store_free(store);
  ds_store_free(copy);
}

const check_test write_bar_tests[] = {
    {"every_field_is_stored", every_field_is_stored},
    {"only_carried_fields_are_stored", only_carried_fields_are_stored},
    {"missing_values_are_null", missing_values_are_null},
    {"replace_drops_what_is_not_carried", replace_drops_what_is_not_carried},
    {"bad_bars_are_refused", bad_bars_are_refused},
    {"bar_that_was_read_may_be_written", bar_that_was_read_may_be_written},
    {NULL, NULL},
};
