/* test_store.c: "Store": options, lifetimes, several stores on one file.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "fixture.h"
#include "suites.h"

static void every_call_works_on_a_fresh_store(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < store_call_count; i++) {
    check_note("%s", store_calls[i].name);
    CHECK_OK(store_calls[i].run(store));
  }
  ds_store_free(store);
}

static void path_is_absolute_and_outlives_close(void) {
  files_only("the store is a file");
  REQUIRE(chdir(path_of(".")) == 0);
  ds_store *store = open_store("./bars.db");
  char *resolved = realpath("bars.db", NULL);
  CHECK_TEXT(ds_store_path(store), resolved);
  CHECK(ds_store_path(store) == ds_store_path(store));
  CHECK_OK(ds_store_close(store));
  CHECK_TEXT(ds_store_path(store), resolved);
  ds_store_free(store);
  free(resolved);
}

static void options_take_their_whole_range(void) {
  static const ds_open_options cases[] = {
      {sizeof(ds_open_options), DS_DURABILITY_FULL, 0, 0, 1},
      {sizeof(ds_open_options), DS_DURABILITY_NORMAL, 0, 1000000, 0},
      {sizeof(ds_open_options), DS_DURABILITY_NORMAL, 0, 0.0005, 1},
      {sizeof(ds_open_options), DS_DURABILITY_FULL, 1, 10, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu", i);
    ds_store *store = NULL;
    REQUIRE_OK(ds_store_open(place_of(path_of("bars.db")), &cases[i], &store));
    ds_info info = DS_INFO_INIT;
    CHECK_OK(ds_store_info(store, &info));
    CHECK_INT(info.durability, cases[i].durability);
    CHECK_INT(info.read_only, cases[i].read_only);
    CHECK_TEXT(info.synchronous,
               cases[i].durability == DS_DURABILITY_FULL ? "FULL" : "NORMAL");
    /* All of them are on, or a reason says why not. */
    if (!cases[i].fast_paths && !on_server()) {
      CHECK_TEXT(info.fast_paths, "");
      CHECK(strstr(info.fast_paths_reason, "fast_paths") != NULL);
    } else if (info.fast_paths_reason == NULL) {
      CHECK_TEXT(info.fast_paths, on_server() ? "" : "pages latest_pages frames read_lock");
    }
    ds_store_free(store);
  }
}

/* ---- Read-only ---- */

static void read_only_writes_nothing(void) {
  const char *path = path_of("bars.db");
  ds_store *writer = open_store(path);
  write_hours(writer, EURUSD, 5);
  ds_store_free(writer);
  file_copy before = on_server() ? (file_copy){NULL, 0} : load_file(path);

  ds_store *store = open_read_only(path);
  CHECK_INT(count_bars(store, EURUSD), 5);
  for (size_t i = 0; i < store_call_count; i++) {
    check_note("%s", store_calls[i].name);
    if (store_calls[i].writes) {
      CHECK_FAILS(store_calls[i].run(store), DS_STORAGE, "read");
    }
  }
  CHECK_FAILS(ds_transaction_begin(store), DS_STORAGE, "read");
  ds_store_free(store);
  CHECK(on_server() || file_is(path, before));
  free(before.bytes);
}

static void read_only_needs_a_file(void) {
  files_only("the store is a file");
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.read_only = 1;
  ds_store *store = NULL;
  CHECK_FAILS(ds_store_open(path_of("absent.db"), &options, &store), DS_STORAGE, "absent.db");
  CHECK(store == NULL);
  CHECK(!exists(path_of("absent.db")));
}

static void read_only_sees_what_others_write(void) {
  const char *path = path_of("bars.db");
  ds_store *writer = open_store(path);
  ds_store *reader = open_read_only(path);
  CHECK_INT(count_bars(reader, EURUSD), 0);
  write_hours(writer, EURUSD, 4);
  CHECK_INT(count_bars(reader, EURUSD), 4);
  ds_store_free(writer);
  CHECK_INT(count_bars(reader, EURUSD), 4);
  ds_store_free(reader);
}

/* ---- Lifetimes ---- */

static void handles_may_be_null_to_free(void) {
  ds_store_free(NULL);
  ds_bars_free(NULL);
  ds_bar_free(NULL);
  ds_scan_free(NULL);
  ds_series_free(NULL);
  ds_requests_free(NULL);
  ds_text_free(NULL);
  ds_state_entries_free(NULL);
  ds_rows_free(NULL);
  ds_texts_free(NULL);
  CHECK_TEXT(ds_last_error(), "");
}

static void results_outlive_their_store(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  CHECK_OK(ds_state_set(store, "key", "[1]"));
  ds_request request = DS_REQUEST_INIT;
  request.symbol = EURUSD;
  request.timeframe = HOURLY;
  request.provider_used = "feed";
  request.start_ts = request.end_ts = request.requested_at = T0;
  CHECK_OK(ds_market_record_request(store, &request, NULL));

  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  ds_bar *bar = NULL;
  REQUIRE_OK(ds_market_latest_bar(store, EURUSD, HOURLY, &bar));
  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, &scan));
  ds_bars *chunk = NULL;
  REQUIRE_OK(ds_scan_next(scan, &chunk));
  ds_series *series = NULL;
  REQUIRE_OK(ds_market_series(store, 1, &series));
  ds_requests *requests = NULL;
  REQUIRE_OK(ds_market_requests(store, NULL, NULL, NULL, -1, &requests));
  char *json = NULL;
  REQUIRE_OK(ds_state_get(store, "key", &json));
  ds_state_entries *entries = NULL;
  REQUIRE_OK(ds_state_items(store, "", 1, &entries));
  ds_rows *rows = NULL;
  REQUIRE_OK(ds_sql(store, "SELECT 'text'", NULL, 0, &rows));
  ds_texts *findings = NULL;
  REQUIRE_OK(ds_store_check(store, &findings));
  ds_store_free(store);

  CHECK_INT(ds_bars_batch(bars)->count, 3);
  CHECK_TEXT(text_at(&ds_bars_batch(bars)->source, 2), "feed");
  CHECK_TEXT(bar->source, "feed");
  CHECK_INT(ds_bars_batch(chunk)->timestamps[0], T0);
  CHECK_TEXT(ds_series_entries(series)->symbols[0], EURUSD);
  CHECK_TEXT(ds_requests_items(requests)[0].provider_used, "feed");
  CHECK_TEXT(json, "[1]");
  CHECK_TEXT(ds_state_entries_items(entries)[0].value_json, "[1]");
  CHECK(memcmp(ds_rows_columns(rows)[0].bytes, "text", 4) == 0);
  CHECK_INT(ds_texts_count(findings), 0);
  ds_bars *none = NULL;
  CHECK_FAILS(ds_scan_next(scan, &none), DS_CLOSED, "");
  CHECK(none == NULL);

  ds_bars_free(bars);
  ds_bar_free(bar);
  ds_bars_free(chunk);
  ds_scan_free(scan);
  ds_series_free(series);
  ds_requests_free(requests);
  ds_text_free(json);
  ds_state_entries_free(entries);
  ds_rows_free(rows);
  ds_texts_free(findings);
}

/* ---- Several stores on one file ---- */

static void two_stores_share_a_file(void) {
  const char *path = path_of("bars.db");
  ds_store *first = open_store(path);
  ds_store *second = open_store(path);
  write_hours(first, "ONE", 2);
  write_hours(second, "TWO", 3);
  CHECK_INT(count_bars(first, "TWO"), 3);
  CHECK_INT(count_bars(second, "ONE"), 2);
  ds_store_free(first);
  write_hours(second, "THREE", 4);
  ds_store *third = open_store(path);
  CHECK_INT(count_bars(third, "THREE"), 4);
  ds_store_free(second);
  CHECK_INT(count_bars(third, "ONE"), 2);
  ds_store_free(third);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "9");
  CHECK_TEXT(stored(path, "PRAGMA integrity_check"), "ok");
}

static void opened_many_times_leaks_no_descriptor(void) {
  const char *path = path_of("bars.db");
  ds_store_free(open_store(path));
  int before = dup(0);
  REQUIRE(before >= 0);
  close(before);
  for (int i = 0; i < 50; i++) {
    ds_store *store = open_store(path);
    CHECK_INT(count_bars(store, EURUSD), 0);
    ds_store_free(store);
  }
  int after = dup(0);
  CHECK_INT(after, before);
  close(after);
}

const check_test store_tests[] = {
    {"every_call_works_on_a_fresh_store", every_call_works_on_a_fresh_store},
    {"path_is_absolute_and_outlives_close", path_is_absolute_and_outlives_close},
    {"options_take_their_whole_range", options_take_their_whole_range},
    {"read_only_writes_nothing", read_only_writes_nothing},
    {"read_only_needs_a_file", read_only_needs_a_file},
    {"read_only_sees_what_others_write", read_only_sees_what_others_write},
    {"handles_may_be_null_to_free", handles_may_be_null_to_free},
    {"results_outlive_their_store", results_outlive_their_store},
    {"two_stores_share_a_file", two_stores_share_a_file},
    {"opened_many_times_leaks_no_descriptor", opened_many_times_leaks_no_descriptor},
    {NULL, NULL},
};
