/* test_series_delete.c: "Market: inventory, deletion".
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "suites.h"

static void write_gap(ds_store *store, const char *symbol, const char *timeframe, int64_t time) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = time;
  bar.columns = DS_COLUMN_IS_GAP;
  bar.is_gap = 1;
  CHECK_OK(ds_market_write_bar(store, symbol, timeframe, &bar, 0));
}

static void inventory_is_sorted_and_counted(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "GOOG", 3);
  write_hours(store, "AAPL", 5);
  write_gap(store, "AAPL", "1h", T0 - HOUR);
  write_gap(store, "AAPL", "1d", T0);
  for (int32_t counts = 0; counts <= 1; counts++) {
    check_note("counts %d", counts);
    ds_series *series = NULL;
    REQUIRE_OK(ds_market_series(store, counts, &series));
    const ds_series_view *view = ds_series_entries(series);
    CHECK_INT(view->struct_size, sizeof *view);
    REQUIRE(view->count == 3);
    static const struct {
      const char *symbol, *timeframe;
      int64_t first, last, bars, gaps;
    } expected[] = {
        {"AAPL", "1d", T0, T0, 1, 1},
        {"AAPL", "1h", T0 - HOUR, T0 + 4 * HOUR, 6, 1},
        {"GOOG", "1h", T0, T0 + 2 * HOUR, 3, 0},
    };
    for (int i = 0; i < 3; i++) {
      CHECK_TEXT(view->symbols[i], expected[i].symbol);
      CHECK_TEXT(view->timeframes[i], expected[i].timeframe);
      CHECK_INT(view->first[i], expected[i].first);
      CHECK_INT(view->last[i], expected[i].last);
      if (counts) CHECK_INT(view->bars[i], expected[i].bars);
      if (counts) CHECK_INT(view->gaps[i], expected[i].gaps);
    }
    CHECK_INT(view->bars != NULL, counts);
    CHECK_INT(view->gaps != NULL, counts);
    ds_series_free(series);
  }
  ds_store_free(store);
}

static void empty_store_has_no_series(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_series *series = NULL;
  REQUIRE_OK(ds_market_series(store, 1, &series));
  REQUIRE(series != NULL);
  CHECK_INT(ds_series_entries(series)->count, 0);
  ds_series_free(series);
  ds_store_free(store);
}

static void names_are_sorted_by_bytes(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const char *const names[] = {"\xc3\xa9", "b", "B", "\xf0\x9f\x98\x80", "a b", "ab", "10",
                                      "9", "\xef\xbd\xa1"};
  static const char *const sorted[] = {"10", "9", "B", "a b", "ab", "b", "\xc3\xa9",
                                       "\xef\xbd\xa1", "\xf0\x9f\x98\x80"};
  for (size_t i = 0; i < COUNT_OF(names); i++) write_hours(store, names[i], 1);
  ds_series *series = NULL;
  REQUIRE_OK(ds_market_series(store, 0, &series));
  const ds_series_view *view = ds_series_entries(series);
  REQUIRE(view->count == (int64_t)COUNT_OF(sorted));
  for (size_t i = 0; i < COUNT_OF(sorted); i++) CHECK_TEXT(view->symbols[i], sorted[i]);
  ds_series_free(series);
  ds_store_free(store);
}

/* ---- Deletion ---- */

static void delete_takes_one_series(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 5);
  write_hours(store, "GOOG", 3);
  write_gap(store, EURUSD, "1d", T0);
  int64_t rows = -1;
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, &rows));
  CHECK_INT(rows, 5);
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, &rows));
  CHECK_INT(rows, 0);
  CHECK_OK(ds_market_delete(store, "NOBODY", HOURLY, NULL, NULL));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT symbol, timeframe, count(*) FROM market_data"
                                        " GROUP BY symbol, timeframe"),
             "EURUSD|1d|1\nGOOG|1h|3");
  ds_store_free(store);
}

static void delete_takes_a_range(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 10);
  ds_range range = {sizeof range, T0 + 2 * HOUR, T0 + 4 * HOUR, NULL, NULL};
  int64_t rows = -1;
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, &range, &rows));
  CHECK_INT(rows, 3);
  range = (ds_range){sizeof range, DS_NO_TIME, INT64_MAX, "2026-03-02", "2026-03-02"};
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, &range, &rows));
  CHECK_INT(rows, 1); /* 15:00 and nine hours on: one bar of the day after */
  CHECK_INT(count_bars(store, EURUSD), 6);
  ds_store_free(store);
}

static void bad_deletes_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  ds_range sizeless = {0, T0, T0, NULL, NULL};
  CHECK_FAILS(ds_market_delete(store, "", HOURLY, NULL, NULL), DS_INVALID, "symbol");
  CHECK_FAILS(ds_market_delete(store, "\xff", HOURLY, NULL, NULL), DS_INVALID, "symbol");
  CHECK_FAILS(ds_market_delete(store, EURUSD, "", NULL, NULL), DS_INVALID, "timeframe");
  CHECK_FAILS(ds_market_delete(store, EURUSD, "\xff", NULL, NULL), DS_INVALID, "timeframe");
  CHECK_FAILS(ds_market_delete(store, EURUSD, HOURLY, &sizeless, NULL), DS_INVALID, "struct_size");
  CHECK_INT(count_bars(store, EURUSD), 2);
  ds_store_free(store);
}

const check_test series_delete_tests[] = {
    {"inventory_is_sorted_and_counted", inventory_is_sorted_and_counted},
    {"empty_store_has_no_series", empty_store_has_no_series},
    {"names_are_sorted_by_bytes", names_are_sorted_by_bytes},
    {"delete_takes_one_series", delete_takes_one_series},
    {"delete_takes_a_range", delete_takes_a_range},
    {"bad_deletes_are_refused", bad_deletes_are_refused},
    {NULL, NULL},
};
