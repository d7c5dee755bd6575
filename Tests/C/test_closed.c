/* test_closed.c: "Store": closed, forked, moved or deleted: every call is DS_CLOSED.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "fixture.h"
#include "suites.h"

static void close_works_any_number_of_times(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (int i = 0; i < 3; i++) CHECK_OK(ds_store_close(store));
  ds_store_free(store);
}

static void every_call_after_close_is_closed(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  CHECK_OK(ds_store_close(store));
  check_all_calls_fail(store, DS_CLOSED);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "1");
}

static void scan_after_close_is_closed(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, &scan));
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_scan_next(scan, &bars));
  ds_bars_free(bars);
  CHECK_OK(ds_store_close(store));
  bars = NULL;
  CHECK_FAILS(ds_scan_next(scan, &bars), DS_CLOSED, "");
  CHECK(bars == NULL);
  ds_scan_free(scan);
  ds_store_free(store);
}

static void failed_open_leaves_no_store_behind(void) {
  ds_store *store = NULL;
  for (int i = 0; i < 20; i++) {
    CHECK_FAILS(ds_store_open(path_of("no/where.db"), NULL, &store), DS_STORAGE, "/no");
  }
  CHECK(store == NULL);
}

/* ---- After a fork ---- */

/* Runs in a child of this test, and counts its failed checks into the parent's. */
static void in_child(void (*run)(ds_store *), ds_store *store) {
  fflush(stdout);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    run(store);
    fflush(stdout);
    _exit(check_failure_count() > 0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK_INT(WEXITSTATUS(status), 0);
}

static void use_in_child(ds_store *store) {
  check_all_calls_fail(store, DS_CLOSED);
  CHECK_OK(ds_store_close(store));
  CHECK(ds_store_path(store)[0] == (on_server() ? 'p' : '/'));
  ds_store_free(store);
}

static void fork_closes_the_store_in_the_child(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 5);
  in_child(use_in_child, store);
  write_hours(store, "GOOG", 5);
  CHECK_INT(count_bars(store, EURUSD), 5);
  CHECK_INT(count_bars(store, "GOOG"), 5);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "PRAGMA integrity_check"), "ok");
}

/* A child that committed its parent's transaction would take its decision away from it. */
static void fork_leaves_the_transaction_to_the_parent(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "key", "1"));
  in_child(use_in_child, store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "0");
  CHECK_OK(ds_state_set(store, "other", "2"));
  CHECK_OK(ds_transaction_commit(store));
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "2");
  ds_store_free(store);
}

static ds_scan *scan_of_parent;
static ds_bars *bars_of_parent;

static void use_results_in_child(ds_store *store) {
  ds_bars *bars = NULL;
  CHECK_FAILS(ds_scan_next(scan_of_parent, &bars), DS_CLOSED, "");
  CHECK_INT(ds_bars_batch(bars_of_parent)->count, 5);
  ds_store *own = open_store(path_of("child.db"));
  write_hours(own, EURUSD, 2);
  CHECK_INT(count_bars(own, EURUSD), 2);
  ds_store_free(own);
  own = open_store(path_of("bars.db"));
  CHECK_INT(count_bars(own, EURUSD), 5);
  ds_store_free(own);
  check_all_calls_fail(store, DS_CLOSED);
}

static void child_may_open_a_store_of_its_own(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 5);
  REQUIRE_OK(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, &scan_of_parent));
  bars_of_parent = read_symbol(store, EURUSD, NULL);
  in_child(use_results_in_child, store);
  ds_bars *bars = NULL;
  CHECK_OK(ds_scan_next(scan_of_parent, &bars));
  CHECK(bars != NULL);
  ds_bars_free(bars);
  ds_bars_free(bars_of_parent);
  ds_scan_free(scan_of_parent);
  ds_store_free(store);
}

/* ---- Moved, deleted, replaced ---- */

static void moved_file_is_closed(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  const char *moved = path_of("moved.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 3);
  CHECK_OK(ds_store_checkpoint(store, NULL));
  REQUIRE(rename(path, moved) == 0);
  for (size_t i = 0; i < store_call_count; i++) {
    check_note("%s", store_calls[i].name);
    if (strcmp(store_calls[i].name, "ds_interrupt") == 0) continue; /* touches no file */
    CHECK_FAILS(store_calls[i].run(store), DS_CLOSED, "bars.db");
  }
  check_note("%s", "");
  ds_store_free(store);
  CHECK(!exists(path));
  CHECK_TEXT(stored(moved, "SELECT count(*) FROM market_data"), "3");
  CHECK_TEXT(stored(moved, "PRAGMA integrity_check"), "ok");
}

static void deleted_file_is_closed(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 3);
  REQUIRE(unlink(path) == 0);
  CHECK_FAILS(ds_state_set(store, "key", "1"), DS_CLOSED, "bars.db");
  char *json = NULL;
  CHECK_FAILS(ds_state_get(store, "key", &json), DS_CLOSED, "bars.db");
  CHECK(!exists(path));
  ds_store_free(store);
  CHECK(!exists(path));
}

static void replaced_file_is_left_alone(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store *other = open_store(path_of("other.db"));
  write_hours(other, EURUSD, 7);
  ds_store_free(other);
  file_copy before = load_file(path_of("other.db"));

  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 3);
  REQUIRE(rename(path_of("other.db"), path) == 0);
  CHECK_FAILS(ds_state_set(store, "key", "1"), DS_CLOSED, "bars.db");
  ds_store_free(store);
  CHECK(file_is(path, before));
  free(before.bytes);
}

const check_test closed_tests[] = {
    {"close_works_any_number_of_times", close_works_any_number_of_times},
    {"every_call_after_close_is_closed", every_call_after_close_is_closed},
    {"scan_after_close_is_closed", scan_after_close_is_closed},
    {"failed_open_leaves_no_store_behind", failed_open_leaves_no_store_behind},
    {"fork_closes_the_store_in_the_child", fork_closes_the_store_in_the_child},
    {"fork_leaves_the_transaction_to_the_parent", fork_leaves_the_transaction_to_the_parent},
    {"child_may_open_a_store_of_its_own", child_may_open_a_store_of_its_own},
    {"moved_file_is_closed", moved_file_is_closed},
    {"deleted_file_is_closed", deleted_file_is_closed},
    {"replaced_file_is_left_alone", replaced_file_is_left_alone},
    {NULL, NULL},
};
