/* test_transaction.c: "Transactions".
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>

#include "fixture.h"
#include "suites.h"

static int64_t state_keys(ds_store *store) {
  ds_state_entries *entries = NULL;
  REQUIRE_OK(ds_state_items(store, "", 0, &entries));
  int64_t count = ds_state_entries_count(entries);
  ds_state_entries_free(entries);
  return count;
}

/* Runs `work` on the store in a thread of its own and waits for its end. */
static void in_thread(void *(*work)(void *), void *store) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, work, store) == 0);
  REQUIRE(pthread_join(thread, NULL) == 0);
}

static void commit_spans_both_repos(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 3);
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_INT(count_bars(store, EURUSD), 3);
  CHECK_INT(state_keys(store), 1);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "0");
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "0");
  CHECK_OK(ds_transaction_commit(store));
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "3");
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "1");
  ds_store_free(store);
}

static void rollback_undoes_both_repos(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 9);
  write_hours(store, "GOOG", 9);
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, NULL));
  CHECK_OK(ds_transaction_rollback(store));
  CHECK_INT(count_bars(store, EURUSD), 2);
  CHECK_INT(count_bars(store, "GOOG"), 0);
  CHECK_INT(state_keys(store), 0);
  ds_store_free(store);
}

static void commit_and_rollback_need_a_begin(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_FAILS(ds_transaction_commit(store), DS_INVALID, "transaction");
  CHECK_FAILS(ds_transaction_rollback(store), DS_INVALID, "transaction");
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_transaction_commit(store));
  CHECK_FAILS(ds_transaction_commit(store), DS_INVALID, "transaction");
  ds_store_free(store);
}

static void nested_ones_are_savepoints(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "a", "1"));
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "b", "1"));
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "c", "1"));
  CHECK_OK(ds_transaction_commit(store));
  CHECK_INT(state_keys(store), 3);
  CHECK_OK(ds_transaction_rollback(store));
  CHECK_INT(state_keys(store), 1);
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "d", "1"));
  CHECK_OK(ds_transaction_commit(store));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM system_state"), "0");
  CHECK_OK(ds_transaction_commit(store));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT group_concat(key) FROM"
                                        " (SELECT key FROM system_state ORDER BY key)"),
             "a,d");
  ds_store_free(store);
}

static void deep_nesting_unwinds(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (int depth = 0; depth < 200; depth++) {
    char key[16];
    snprintf(key, sizeof key, "k%d", depth);
    CHECK_OK(ds_transaction_begin(store));
    CHECK_OK(ds_state_set(store, key, "1"));
  }
  for (int depth = 199; depth >= 100; depth--) CHECK_OK(ds_transaction_rollback(store));
  for (int depth = 99; depth >= 0; depth--) CHECK_OK(ds_transaction_commit(store));
  CHECK_FAILS(ds_transaction_commit(store), DS_INVALID, "");
  CHECK_INT(state_keys(store), 100);
  ds_store_free(store);
}

static void failed_call_is_undone_alone(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 2);
  int64_t timestamps[] = {T0 + 10 * HOUR, T0 + 11 * HOUR};
  const char *json[] = {"{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", "{oops"};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 2);
  batch.features_json = json;
  CHECK_FAILS(ds_market_write(store, &batch, 0, NULL), DS_INVALID_FEATURE, EURUSD);
  /* The first of the two bars is stored, the second is not: found out while writing. */
  timestamps[0] = T0;
  json[1] = json[0];
  CHECK_FAILS(ds_market_write_features(store, &batch, 0, NULL), DS_MISSING_BAR, EURUSD);
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_OK(ds_transaction_commit(store));
  CHECK_INT(count_bars(store, EURUSD), 2);
  CHECK_INT(state_keys(store), 1);
  CHECK_TEXT(stored(path_of("bars.db"),
                    "SELECT count(*) FROM market_data WHERE features IS NOT NULL"),
             "0");
  ds_store_free(store);
}

static void close_rolls_back(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 3);
  CHECK_OK(ds_store_close(store));
  CHECK_FAILS(ds_transaction_commit(store), DS_CLOSED, "");
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "0");
}

static void free_rolls_back(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 3);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "0");
}

/* ---- Other threads, other stores ---- */

static void *look_from_outside(void *store) {
  CHECK_INT(count_bars(store, EURUSD), 0);
  CHECK_INT(state_keys(store), 0);
  CHECK_FAILS(ds_transaction_commit(store), DS_INVALID, "transaction");
  CHECK_FAILS(ds_transaction_rollback(store), DS_INVALID, "transaction");
  CHECK_FAILS(ds_state_set(store, "mine", "1"), DS_BUSY, "");
  CHECK_FAILS(ds_transaction_begin(store), DS_BUSY, "");
  return NULL;
}

static void *look_after_commit(void *store) {
  CHECK_INT(count_bars(store, EURUSD), 3);
  CHECK_OK(ds_state_set(store, "mine", "1"));
  return NULL;
}

static void other_threads_see_the_last_commit(void) {
  ds_store *store = open_impatient(path_of("bars.db"));
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 3);
  in_thread(look_from_outside, store);
  CHECK_INT(count_bars(store, EURUSD), 3);
  CHECK_OK(ds_transaction_commit(store));
  in_thread(look_after_commit, store);
  ds_store_free(store);
}

static void *write_patiently(void *store) {
  CHECK_OK(ds_state_set(store, "waited", "1"));
  return NULL;
}

/* The writer may begin to wait before or after the commit: it must write in both cases. */
static void other_threads_writes_wait(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_transaction_begin(store));
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, write_patiently, store) == 0);
  for (int i = 0; i < 100; i++) CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_INT(state_keys(store), 1);
  CHECK_OK(ds_transaction_commit(store));
  REQUIRE(pthread_join(thread, NULL) == 0);
  CHECK_INT(state_keys(store), 2);
  ds_store_free(store);
}

static void other_stores_writes_are_busy(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  ds_store *other = open_impatient(path);
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_FAILS(ds_state_set(other, "key", "2"), DS_BUSY, "");
  CHECK_FAILS(ds_transaction_begin(other), DS_BUSY, "");
  CHECK_FAILS(write_json(other, T0, NULL, 0), DS_BUSY, "");
  CHECK_INT(state_keys(other), 0);
  CHECK_OK(ds_transaction_commit(store));
  CHECK_OK(ds_state_set(other, "key", "2"));
  ds_store_free(store);
  ds_store_free(other);
  CHECK_TEXT(stored(path, "SELECT value FROM system_state"), "2");
}

static void *begin_and_leave(void *store) {
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "left", "1"));
  return NULL;
}

static void a_thread_that_ends_is_rolled_back(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_impatient(path);
  in_thread(begin_and_leave, store);
  CHECK_FAILS(ds_transaction_commit(store), DS_INVALID, "transaction");
  CHECK_OK(ds_state_set(store, "mine", "1"));
  in_thread(begin_and_leave, store);
  ds_store *other = open_impatient(path);
  CHECK_OK(ds_state_set(other, "theirs", "1"));
  ds_store_free(other);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT group_concat(key) FROM (SELECT key FROM system_state ORDER BY key)"),
             "mine,theirs");
}

static void a_numbered_one_ends_by_its_number(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_impatient(path);
  int64_t outer = 0, inner = 0;
  CHECK_FAILS(ds_transaction_begin_numbered(store, NULL), DS_INVALID, "out_transaction");
  CHECK_OK(ds_transaction_begin_numbered(store, &outer));
  CHECK_OK(ds_state_set(store, "a", "1"));
  CHECK_OK(ds_transaction_begin_numbered(store, &inner));
  CHECK(outer != 0 && inner != 0 && inner != outer);
  CHECK_OK(ds_state_set(store, "b", "1"));
  CHECK_OK(ds_transaction_end(store, inner, 0));
  CHECK_FAILS(ds_transaction_end(store, inner, 1), DS_INVALID, "over");
  CHECK_FAILS(ds_transaction_end(store, outer, 2), DS_INVALID, "commit");
  CHECK_OK(ds_transaction_end(store, outer, 1));
  CHECK_FAILS(ds_transaction_end(store, outer, 1), DS_INVALID, "over");
  CHECK_FAILS(ds_transaction_end(store, 0, 0), DS_INVALID, "over");
  CHECK_TEXT(stored(path, "SELECT group_concat(key) FROM system_state"), "a");
  CHECK_OK(ds_transaction_begin_numbered(store, &outer));
  CHECK_OK(ds_transaction_begin_numbered(store, &inner));
  CHECK_OK(ds_state_set(store, "c", "1"));
  CHECK_FAILS(ds_transaction_end(store, outer, 1), DS_INVALID, "order");
  CHECK_FAILS(ds_transaction_end(store, inner, 1), DS_INVALID, "over");
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT group_concat(key) FROM system_state"), "a");
}

struct numbered {
  ds_store *store;
  int64_t number;
};

static void *end_elsewhere(void *numbered) {
  const struct numbered *it = numbered;
  CHECK_FAILS(ds_transaction_end(it->store, it->number, 1), DS_INVALID, "another thread");
  CHECK_OK(ds_state_set(it->store, "mine", "1"));
  return NULL;
}

static void ended_in_another_thread_it_is_rolled_back(void) {
  const char *path = path_of("bars.db");
  struct numbered it = {open_impatient(path), 0};
  CHECK_OK(ds_transaction_begin_numbered(it.store, &it.number));
  CHECK_OK(ds_state_set(it.store, "left", "1"));
  in_thread(end_elsewhere, &it);
  CHECK_FAILS(ds_transaction_end(it.store, it.number, 1), DS_INVALID, "over");
  CHECK_OK(ds_state_set(it.store, "after", "1"));
  ds_store_free(it.store);
  CHECK_TEXT(stored(path, "SELECT group_concat(key) FROM (SELECT key FROM system_state ORDER BY key)"),
             "after,mine");
}

static void tasks_of_a_thread_are_told_apart(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int64_t number = 0;
  ds_thread_task(1);
  CHECK_OK(ds_transaction_begin_numbered(store, &number));
  write_hours(store, EURUSD, 2);
  ds_thread_task(2);
  CHECK_INT(count_bars(store, EURUSD), 0);
  CHECK_FAILS(ds_state_set(store, "key", "1"), DS_BUSY, "task");
  CHECK_FAILS(ds_transaction_begin(store), DS_BUSY, "task");
  CHECK_FAILS(ds_transaction_commit(store), DS_INVALID, "transaction");
  ds_thread_task(1);
  CHECK_INT(count_bars(store, EURUSD), 2);
  CHECK_OK(ds_transaction_end(store, number, 1));
  ds_thread_task(0);
  CHECK_INT(count_bars(store, EURUSD), 2);
  CHECK_OK(ds_state_set(store, "key", "1"));
  ds_store_free(store);
}

static void close_ends_another_threads_transaction(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  in_thread(begin_and_leave, store);
  CHECK_INT(state_keys(store), 0);
  CHECK_OK(ds_store_close(store));
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "0");
  foreign(path, "INSERT INTO system_state VALUES ('free', '1', '" T0_TEXT "')");
}

/* Inside a transaction a checkpoint is refused; what only reads sees the last commit. */
static void maintenance_leaves_the_transaction_alone(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_impatient(path);
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_FAILS(ds_store_checkpoint(store, NULL), DS_INVALID, "transaction");
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 0));
  CHECK_TEXT(stored(path_of("copy.db"), "SELECT count(*) FROM system_state"), "0");
  ds_texts *findings = NULL;
  CHECK_OK(ds_store_check(store, &findings));
  ds_texts_free(findings);
  ds_info info = DS_INFO_INIT;
  CHECK_OK(ds_store_info(store, &info));
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "0");
  CHECK_OK(ds_transaction_commit(store));
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM system_state"), "1");
}

const check_test transaction_tests[] = {
    {"commit_spans_both_repos", commit_spans_both_repos},
    {"rollback_undoes_both_repos", rollback_undoes_both_repos},
    {"commit_and_rollback_need_a_begin", commit_and_rollback_need_a_begin},
    {"nested_ones_are_savepoints", nested_ones_are_savepoints},
    {"deep_nesting_unwinds", deep_nesting_unwinds},
    {"failed_call_is_undone_alone", failed_call_is_undone_alone},
    {"close_rolls_back", close_rolls_back},
    {"free_rolls_back", free_rolls_back},
    {"other_threads_see_the_last_commit", other_threads_see_the_last_commit},
    {"other_threads_writes_wait", other_threads_writes_wait},
    {"other_stores_writes_are_busy", other_stores_writes_are_busy},
    {"a_thread_that_ends_is_rolled_back", a_thread_that_ends_is_rolled_back},
    {"a_numbered_one_ends_by_its_number", a_numbered_one_ends_by_its_number},
    {"ended_in_another_thread_it_is_rolled_back", ended_in_another_thread_it_is_rolled_back},
    {"tasks_of_a_thread_are_told_apart", tasks_of_a_thread_are_told_apart},
    {"close_ends_another_threads_transaction", close_ends_another_threads_transaction},
    {"maintenance_leaves_the_transaction_alone", maintenance_leaves_the_transaction_alone},
    {NULL, NULL},
};
