/* test_null.c: NULL for each pointer parameter of each function.
 * SPDX-License-Identifier: MIT
 */
#include "calls.h"
#include "fixture.h"
#include "suites.h"

#define REFUSED(call, word) CHECK_FAILS(call, DS_INVALID, word)

static void no_store_is_refused(void) { check_all_calls_fail(NULL, DS_INVALID); }

static void store_functions_refuse_null(void) {
  ds_store *store = NULL;
  REFUSED(ds_store_open(NULL, NULL, &store), "path");
  REFUSED(ds_store_open(path_of("bars.db"), NULL, NULL), "out_store");
  CHECK(store == NULL);
  CHECK(!exists(path_of("bars.db")));
  REFUSED(ds_store_close(NULL), "store");
  REFUSED(ds_interrupt(NULL), "store");
  REFUSED(ds_last_error_detail(NULL), "out_detail");
}

static void market_functions_refuse_null(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0;
  ds_bars *bars = NULL;
  ds_scan *scan = NULL;
  ds_bar *latest = NULL;
  const char *null_name = NULL;
  ds_request request = DS_REQUEST_INIT;

  REFUSED(ds_market_write(store, NULL, 0, NULL), "batch");
  REFUSED(ds_market_write_features(store, NULL, 0, NULL), "batch");
  REFUSED(ds_market_write_bar(store, NULL, HOURLY, &bar, 0), "symbol");
  REFUSED(ds_market_write_bar(store, EURUSD, NULL, &bar, 0), "timeframe");
  REFUSED(ds_market_write_bar(store, EURUSD, HOURLY, NULL, 0), "bar");
  REFUSED(ds_market_read(store, NULL, 1, HOURLY, NULL, NULL, &bars), "symbols");
  REFUSED(ds_market_read(store, &null_name, 1, HOURLY, NULL, NULL, &bars), "symbol");
  REFUSED(ds_market_read(store, &EURUSD, 1, NULL, NULL, NULL, &bars), "timeframe");
  REFUSED(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, NULL, NULL), "out_bars");
  REFUSED(ds_market_latest(store, NULL, 1, HOURLY, 1, NULL, &bars), "symbols");
  REFUSED(ds_market_latest(store, &null_name, 1, HOURLY, 1, NULL, &bars), "symbol");
  REFUSED(ds_market_latest(store, &EURUSD, 1, NULL, 1, NULL, &bars), "timeframe");
  REFUSED(ds_market_latest(store, &EURUSD, 1, HOURLY, 1, NULL, NULL), "out_bars");
  REFUSED(ds_market_latest_bar(store, NULL, HOURLY, &latest), "symbol");
  REFUSED(ds_market_latest_bar(store, EURUSD, NULL, &latest), "timeframe");
  REFUSED(ds_market_latest_bar(store, EURUSD, HOURLY, NULL), "out_bar");
  ds_bar into = DS_BAR_INIT;
  int32_t size = 77;
  REFUSED(ds_market_latest_bar_into(store, NULL, HOURLY, &into, sizeof into, &size), "symbol");
  REFUSED(ds_market_latest_bar_into(store, EURUSD, NULL, &into, sizeof into, &size), "timeframe");
  REFUSED(ds_market_latest_bar_into(store, EURUSD, HOURLY, NULL, sizeof into, &size), "bar");
  REFUSED(ds_market_latest_bar_into(store, EURUSD, HOURLY, &into, sizeof into, NULL), "out_size");
  CHECK_INT(size, 77);
  REFUSED(ds_market_scan(store, NULL, 1, HOURLY, NULL, NULL, 1, &scan), "symbols");
  REFUSED(ds_market_scan(store, &null_name, 1, HOURLY, NULL, NULL, 1, &scan), "symbol");
  REFUSED(ds_market_scan(store, &EURUSD, 1, NULL, NULL, NULL, 1, &scan), "timeframe");
  REFUSED(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, NULL), "out_scan");
  REFUSED(ds_scan_next(NULL, &bars), "scan");
  int32_t there = 77;
  int64_t count = 77;
  ds_texts *keys = NULL;
  ds_missing *missing = NULL;
  ds_expected expected = DS_EXPECTED_INIT;
  REFUSED(ds_market_exists(store, NULL, HOURLY, &there), "symbol");
  REFUSED(ds_market_exists(store, EURUSD, NULL, &there), "timeframe");
  REFUSED(ds_market_exists(store, EURUSD, HOURLY, NULL), "out_exists");
  REFUSED(ds_market_count(store, NULL, HOURLY, NULL, &count), "symbol");
  REFUSED(ds_market_count(store, EURUSD, NULL, NULL, &count), "timeframe");
  REFUSED(ds_market_count(store, EURUSD, HOURLY, NULL, NULL), "out_count");
  REFUSED(ds_market_feature_keys(store, NULL, HOURLY, NULL, &keys), "symbol");
  REFUSED(ds_market_feature_keys(store, EURUSD, NULL, NULL, &keys), "timeframe");
  REFUSED(ds_market_feature_keys(store, EURUSD, HOURLY, NULL, NULL), "out_keys");
  REFUSED(ds_market_missing(store, NULL, HOURLY, NULL, &expected, &missing), "symbol");
  REFUSED(ds_market_missing(store, EURUSD, NULL, NULL, &expected, &missing), "timeframe");
  REFUSED(ds_market_missing(store, EURUSD, HOURLY, NULL, NULL, &missing), "expected");
  REFUSED(ds_market_missing(store, EURUSD, HOURLY, NULL, &expected, NULL), "out_missing");
  CHECK(there == 77 && count == 77 && keys == NULL && missing == NULL);
  REFUSED(ds_market_series(store, 1, NULL), "out_series");
  REFUSED(ds_market_delete(store, NULL, HOURLY, NULL, NULL), "symbol");
  REFUSED(ds_market_delete(store, EURUSD, NULL, NULL, NULL), "timeframe");
  int64_t time = 77;
  REFUSED(ds_time_of_text(NULL, &time), "text");
  REFUSED(ds_time_of_text("2026-03-01T15:00Z", NULL), "out_time");
  REFUSED(ds_market_record_request(store, NULL, NULL), "request");
  REFUSED(ds_market_record_request(store, &request, NULL), "symbol");
  REFUSED(ds_market_requests(store, NULL, NULL, NULL, -1, NULL), "out_requests");
  CHECK(bars == NULL && scan == NULL && latest == NULL);

  write_hours(store, EURUSD, 1);
  REQUIRE_OK(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, &scan));
  REFUSED(ds_scan_next(scan, NULL), "out_bars");
  CHECK_OK(ds_scan_next(scan, &bars)); /* the refused call took no chunk away */
  REQUIRE(bars != NULL);
  CHECK_INT(ds_bars_batch(bars)->count, 1);
  ds_bars_free(bars);
  ds_scan_free(scan);
  ds_store_free(store);
}

static void state_functions_refuse_null(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char *json = NULL;
  int32_t swapped = 77;
  int64_t time = 77;
  ds_state_entries *entries = NULL;
  REFUSED(ds_state_set(store, NULL, "1"), "key");
  REFUSED(ds_state_set(store, "key", NULL), "value_json");
  REFUSED(ds_state_get(store, NULL, &json), "key");
  REFUSED(ds_state_get(store, "key", NULL), "out_json");
  char text[8];
  int32_t size = 77;
  REFUSED(ds_state_get_into(store, NULL, text, sizeof text, &size), "key");
  REFUSED(ds_state_get_into(store, "key", NULL, sizeof text, &size), "json");
  REFUSED(ds_state_get_into(store, "key", text, sizeof text, NULL), "out_size");
  CHECK_INT(size, 77);
  REFUSED(ds_state_delete(store, NULL, NULL), "key");
  REFUSED(ds_state_compare_and_set(store, NULL, NULL, "1", &swapped), "key");
  REFUSED(ds_state_compare_and_set(store, "key", NULL, NULL, &swapped), "value_json");
  REFUSED(ds_state_compare_and_set(store, "key", NULL, "1", NULL), "out_swapped");
  REFUSED(ds_state_updated_at(store, NULL, &time), "key");
  REFUSED(ds_state_updated_at(store, "key", NULL), "out_time");
  REFUSED(ds_state_items(store, NULL, 1, &entries), "prefix");
  REFUSED(ds_state_items(store, "", 1, NULL), "out_entries");
  CHECK(json == NULL && entries == NULL && swapped == 77 && time == 77);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM system_state"), "0");
}

static void sql_and_maintenance_refuse_null(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_rows *rows = NULL;
  REFUSED(ds_sql(store, NULL, NULL, 0, &rows), "query");
  REFUSED(ds_sql(store, "SELECT 1", NULL, 0, NULL), "out_rows");
  REFUSED(ds_sql(store, "SELECT ?", NULL, 1, &rows), "parameters");
  REFUSED(ds_store_check(store, NULL), "out_findings");
  REFUSED(ds_store_backup(store, NULL, 0), "target");
  REFUSED(ds_store_info(store, NULL), "out_info");
  REFUSED(ds_store_connection_script(store, NULL), "out_sql");
  CHECK(rows == NULL);
  ds_store_free(store);
}

/* They have no status to answer with: what they return is empty. */
static void accessors_of_nothing_are_empty(void) {
  CHECK_TEXT(ds_store_path(NULL), "");
  const ds_bar_batch *batch = ds_bars_batch(NULL);
  REQUIRE(batch != NULL);
  CHECK_INT(batch->count, 0);
  CHECK_INT(batch->feature_count, 0);
  const ds_series_view *view = ds_series_entries(NULL);
  REQUIRE(view != NULL);
  CHECK_INT(view->count, 0);
  REQUIRE(ds_missing_runs(NULL) != NULL);
  CHECK_INT(ds_missing_runs(NULL)->count, 0);
  ds_missing_free(NULL);
  CHECK_INT(ds_requests_count(NULL), 0);
  CHECK(ds_requests_items(NULL) == NULL);
  CHECK_INT(ds_state_entries_count(NULL), 0);
  CHECK(ds_state_entries_items(NULL) == NULL);
  CHECK_INT(ds_rows_count(NULL), 0);
  CHECK_INT(ds_rows_column_count(NULL), 0);
  CHECK(ds_rows_columns(NULL) == NULL);
  CHECK_INT(ds_texts_count(NULL), 0);
  CHECK(ds_texts_items(NULL) == NULL);
}

static void optional_results_may_be_null(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0}, 1);
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, NULL));
  CHECK_OK(ds_state_delete(store, "key", NULL));
  CHECK_OK(ds_store_checkpoint(store, NULL));
  ds_request request = {sizeof request, EURUSD, HOURLY, T0, T0, T0, "feed", NAN, 0, 0, 0, NULL,
                        NULL};
  CHECK_OK(ds_market_record_request(store, &request, NULL));
  ds_store_free(store);
}

const check_test null_tests[] = {
    {"no_store_is_refused", no_store_is_refused},
    {"store_functions_refuse_null", store_functions_refuse_null},
    {"market_functions_refuse_null", market_functions_refuse_null},
    {"state_functions_refuse_null", state_functions_refuse_null},
    {"sql_and_maintenance_refuse_null", sql_and_maintenance_refuse_null},
    {"accessors_of_nothing_are_empty", accessors_of_nothing_are_empty},
    {"optional_results_may_be_null", optional_results_may_be_null},
    {NULL, NULL},
};
