/* test_threads.c: threads that share a store, and processes that share a file.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "fixture.h"
#include "suites.h"

enum { THREADS = 4, ROUNDS = 25, BARS = 10 };

typedef struct worker {
  pthread_t thread;
  ds_store *store;
  int number;
} worker;

static void run_workers(worker *workers, ds_store *store, void *(*run)(void *)) {
  for (int i = 0; i < THREADS; i++) {
    workers[i].store = store;
    workers[i].number = i;
    REQUIRE(pthread_create(&workers[i].thread, NULL, run, &workers[i]) == 0);
  }
}

static void join_workers(worker *workers) {
  for (int i = 0; i < THREADS; i++) REQUIRE(pthread_join(workers[i].thread, NULL) == 0);
}

static void *write_and_read_own_series(void *context) {
  worker *self = context;
  char symbol[16];
  snprintf(symbol, sizeof symbol, "T%d", self->number);
  for (int round = 1; round <= ROUNDS; round++) {
    write_hours(self->store, symbol, round * BARS);
    CHECK_INT(count_bars(self->store, symbol), round * BARS);
  }
  return NULL;
}

static void threads_share_a_store(void) {
  ds_store *store = open_store(path_of("bars.db"));
  worker workers[THREADS];
  run_workers(workers, store, write_and_read_own_series);
  join_workers(workers);
  ds_store_free(store);
  CHECK_INT(atoi(stored(path_of("bars.db"), "SELECT count(*) FROM market_data")),
            THREADS * ROUNDS * BARS);
}

/* A batch becomes visible whole: a reader sees a multiple of its rows, each with its close. */
static void *read_while_others_write(void *context) {
  worker *self = context;
  if (self->number == 0) {
    for (int64_t round = 0; round < ROUNDS; round++) {
      int64_t timestamps[BARS];
      double close[BARS];
      for (int i = 0; i < BARS; i++) {
        timestamps[i] = T0 + (round * BARS + i) * HOUR;
        close[i] = (double)round;
      }
      ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, BARS);
      batch.close = close;
      CHECK_OK(ds_market_write(self->store, &batch, 0, NULL));
    }
    return NULL;
  }
  int64_t count = 0;
  while (count < ROUNDS * BARS) {
    ds_bars *bars = read_symbol(self->store, EURUSD, NULL);
    const ds_bar_batch *batch = ds_bars_batch(bars);
    CHECK(batch->count >= count);
    CHECK_INT(batch->count % BARS, 0);
    count = batch->count;
    if (count > 0) CHECK_BITS(batch->close[count - 1], (double)((count - 1) / BARS));
    ds_bars_free(bars);
  }
  return NULL;
}

static void readers_see_whole_batches(void) {
  ds_store *store = open_store(path_of("bars.db"));
  worker workers[THREADS];
  run_workers(workers, store, read_while_others_write);
  join_workers(workers);
  ds_store_free(store);
}

static void *make_every_call(void *context) {
  worker *self = context;
  for (int round = 0; round < 5; round++) {
    for (size_t i = 0; i < store_call_count; i++) {
      check_note("%s", store_calls[i].name);
      /* An interrupt would stop the others' calls, a backup needs a target of its own. */
      if (strcmp(store_calls[i].name, "ds_interrupt") == 0) continue;
      if (strcmp(store_calls[i].name, "ds_store_backup") == 0) continue;
      /* The others write to what it copies and compares. */
      if (strcmp(store_calls[i].name, "ds_store_copy") == 0) continue;
      if (strcmp(store_calls[i].name, "ds_store_compare") == 0) continue;
      CHECK_OK(store_calls[i].run(self->store));
    }
    char name[32];
    snprintf(name, sizeof name, "copy%d.db", self->number);
    CHECK_OK(ds_store_backup(self->store, path_of(name), 1));
  }
  return NULL;
}

static void every_call_is_for_any_thread(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1);
  worker workers[THREADS];
  run_workers(workers, store, make_every_call);
  join_workers(workers);
  ds_store_free(store);
}

/* ---- Transactions of several threads ---- */

static void *transfer(void *context) {
  worker *self = context;
  for (int round = 0; round < ROUNDS; round++) {
    CHECK_OK(ds_transaction_begin(self->store));
    char *json = NULL;
    CHECK_OK(ds_state_get(self->store, "total", &json));
    char next[32];
    snprintf(next, sizeof next, "%ld", (json ? strtol(json, NULL, 10) : 0) + 1);
    ds_text_free(json);
    CHECK_OK(ds_state_set(self->store, "total", next));
    if (round % 5 == 4) {
      CHECK_OK(ds_transaction_rollback(self->store));
    } else {
      CHECK_OK(ds_transaction_commit(self->store));
    }
  }
  return NULL;
}

static void transactions_of_threads_take_turns(void) {
  ds_store *store = open_store(path_of("bars.db"));
  worker workers[THREADS];
  run_workers(workers, store, transfer);
  join_workers(workers);
  ds_store_free(store);
  CHECK_INT(atoi(stored(path_of("bars.db"), "SELECT value FROM system_state")),
            THREADS * (ROUNDS - ROUNDS / 5));
}

/* ---- Closing under way ---- */

static atomic_int calls_made;

static void *call_until_closed(void *context) {
  worker *self = context;
  for (int i = 0;; i++) {
    char key[32];
    snprintf(key, sizeof key, "k%d.%d", self->number, i);
    int32_t status = ds_state_set(self->store, key, "1");
    if (status == DS_OK) {
      ds_rows *rows = NULL;
      status = ds_sql(self->store, "SELECT count(*) FROM system_state", NULL, 0, &rows);
      if (status == DS_OK) ds_rows_free(rows);
    }
    atomic_fetch_add(&calls_made, 1);
    if (status == DS_OK) continue;
    CHECK_STATUS(status, DS_CLOSED);
    return NULL;
  }
}

static void close_waits_for_running_calls(void) {
  ds_store *store = open_store(path_of("bars.db"));
  worker workers[THREADS];
  run_workers(workers, store, call_until_closed);
  while (atomic_load(&calls_made) < 50) sched_yield();
  CHECK_OK(ds_store_close(store));
  join_workers(workers);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "PRAGMA integrity_check"), "ok");
}

/* ---- Opening at once ---- */

static pthread_barrier_t at_once;

static void *open_at_once(void *context) {
  worker *self = context;
  pthread_barrier_wait(&at_once);
  ds_store *store = open_store(path_of("bars.db"));
  char symbol[16];
  snprintf(symbol, sizeof symbol, "T%d", self->number);
  write_hours(store, symbol, BARS);
  ds_store_free(store);
  return NULL;
}

static void threads_make_a_file_at_once(void) {
  REQUIRE(pthread_barrier_init(&at_once, NULL, THREADS) == 0);
  worker workers[THREADS];
  run_workers(workers, NULL, open_at_once);
  join_workers(workers);
  CHECK_INT(atoi(stored(path_of("bars.db"), "SELECT count(*) FROM market_data")), THREADS * BARS);
}

static void processes_share_a_file(void) {
  int gate[2]; /* closed by the parent when all children are there */
  REQUIRE(pipe(gate) == 0);
  fflush(stdout);
  pid_t children[THREADS];
  for (int i = 0; i < THREADS; i++) {
    children[i] = fork();
    REQUIRE(children[i] >= 0);
    if (children[i] != 0) continue;
    close(gate[1]);
    char byte;
    REQUIRE(read(gate[0], &byte, 1) == 0);
    ds_store *store = open_store(path_of("bars.db"));
    worker self = {.store = store, .number = i};
    write_and_read_own_series(&self);
    transfer(&self);
    ds_store_free(store);
    fflush(stdout);
    _exit(check_failure_count() > 0);
  }
  close(gate[0]);
  close(gate[1]);
  for (int i = 0; i < THREADS; i++) {
    int status = 0;
    REQUIRE(waitpid(children[i], &status, 0) == children[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const char *path = path_of("bars.db");
  CHECK_INT(atoi(stored(path, "SELECT count(*) FROM market_data")), THREADS * ROUNDS * BARS);
  CHECK_INT(atoi(stored(path, "SELECT value FROM system_state")), THREADS * (ROUNDS - ROUNDS / 5));
  CHECK_TEXT(stored(path, "PRAGMA integrity_check"), "ok");
}

const check_test threads_tests[] = {
    {"threads_share_a_store", threads_share_a_store},
    {"readers_see_whole_batches", readers_see_whole_batches},
    {"every_call_is_for_any_thread", every_call_is_for_any_thread},
    {"transactions_of_threads_take_turns", transactions_of_threads_take_turns},
    {"close_waits_for_running_calls", close_waits_for_running_calls},
    {"threads_make_a_file_at_once", threads_make_a_file_at_once},
    {"processes_share_a_file", processes_share_a_file},
    {NULL, NULL},
};
