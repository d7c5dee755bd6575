/* test_interrupt.c: "Store": ds_interrupt() stops the calls of other threads.
 * SPDX-License-Identifier: MIT
 *
 * No test here waits for a time: the interrupter goes on until the call has returned.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

typedef struct call_in_thread {
  ds_store *store;
  int32_t status;
  atomic_bool returned;
} call_in_thread;

/* While true, no interrupt is sent. */
static atomic_bool interrupts_rest;

static void interrupt_until_it_returns(void *(*run)(void *), call_in_thread *call) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, run, call) == 0);
  while (!atomic_load(&call->returned)) {
    if (!atomic_load(&interrupts_rest)) CHECK_OK(ds_interrupt(call->store));
    /* A call of several messages to a server would otherwise never come to its last. */
    if (on_server()) usleep(1000);
    sched_yield();
  }
  REQUIRE(pthread_join(thread, NULL) == 0);
}

static const char *const endless_query =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

static void *run_endless_query(void *context) {
  call_in_thread *call = context;
  ds_rows *rows = NULL;
  CHECK_FAILS(call->status = ds_sql(call->store, endless_query, NULL, 0, &rows), DS_INTERRUPTED,
              "");
  CHECK(rows == NULL);
  atomic_store(&call->returned, true);
  return NULL;
}

static void endless_query_is_stopped(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (int i = 0; i < 5; i++) {
    call_in_thread call = {store, -1, false};
    interrupt_until_it_returns(run_endless_query, &call);
    CHECK_INT(call.status, DS_INTERRUPTED);
  }
  ds_rows *rows = NULL;
  CHECK_OK(ds_sql(store, "SELECT 1", NULL, 0, &rows));
  ds_rows_free(rows);
  ds_store_free(store);
}

static void another_stores_interrupt_does_not_count(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_store *other = open_store(path_of("other.db"));
  call_in_thread call = {store, -1, false};
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, run_endless_query, &call) == 0);
  while (!atomic_load(&call.returned)) {
    /* One store's interrupt is not another's. */
    CHECK_OK(ds_interrupt(other));
    CHECK_OK(ds_state_set(other, "key", "1"));
    CHECK_OK(ds_interrupt(store));
  }
  REQUIRE(pthread_join(thread, NULL) == 0);
  ds_store_free(store);
  ds_store_free(other);
}

static void interrupt_without_a_call_stops_no_later_one(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_interrupt(store));
  write_hours(store, EURUSD, 100);
  CHECK_OK(ds_interrupt(store));
  CHECK_INT(count_bars(store, EURUSD), 100);
  ds_store_free(store);
}

enum { MANY = 50000 };

static void *run_large_write(void *context) {
  call_in_thread *call = context;
  int64_t *timestamps = calloc(MANY, sizeof *timestamps);
  double *close = calloc(MANY, sizeof *close);
  REQUIRE(timestamps && close);
  for (int64_t i = 0; i < MANY; i++) timestamps[i] = T0 + i * SECOND;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, MANY);
  batch.close = close;
  call->status = ds_market_write(call->store, &batch, 0, NULL);
  free(timestamps);
  free(close);
  atomic_store(&call->returned, true);
  return NULL;
}

static void interrupted_write_leaves_all_or_nothing(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (int i = 0; i < 3; i++) {
    call_in_thread call = {store, -1, false};
    interrupt_until_it_returns(run_large_write, &call);
    CHECK(call.status == DS_OK || call.status == DS_INTERRUPTED);
    CHECK_INT(count_bars(store, EURUSD), call.status == DS_OK ? MANY : 0);
    CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, NULL));
  }
  ds_store_free(store);
}

/* ---- Interrupts without end ---- */

enum { ROUNDS = 150, BARS = 500 };

/* On a server each is several round trips. */
static int rounds(void) { return on_server() ? 20 : ROUNDS; }

/* Repeats a call until no interrupt stops it. Interrupts that come faster than the call could go on for
 * ever, so after some attempts they rest. */
#define INSIST(call)                                           \
  do {                                                         \
    int32_t insisted;                                          \
    int attempts = 0;                                          \
    do {                                                       \
      if (++attempts > 20) atomic_store(&interrupts_rest, true); \
      insisted = (call);                                       \
    } while (insisted == DS_INTERRUPTED);                      \
    atomic_store(&interrupts_rest, false);                     \
    CHECK_OK(insisted);                                        \
  } while (0)

static int32_t write_round(ds_store *store, int round) {
  int64_t timestamps[BARS];
  for (int i = 0; i < BARS; i++) timestamps[i] = T0 + (round * BARS + i) * SECOND;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, BARS);
  int32_t status = ds_market_write(store, &batch, 0, NULL);
  CHECK(status == DS_OK || status == DS_INTERRUPTED);
  return status;
}

static int64_t insist_on_count(ds_store *store) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = 0;
  ds_bars *bars = NULL;
  INSIST(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, &options, &bars));
  REQUIRE(bars != NULL);
  int64_t count = ds_bars_batch(bars)->count;
  ds_bars_free(bars);
  return count;
}

static void *write_round_after_round(void *context) {
  call_in_thread *call = context;
  int64_t expected = 0;
  for (int round = 0; round < rounds(); round++) {
    if (write_round(call->store, round) == DS_OK) expected += BARS;
    CHECK_INT(insist_on_count(call->store), expected);
  }
  call->status = (int32_t)expected;
  atomic_store(&call->returned, true);
  return NULL;
}

/* An interrupt may come at any step of a call, its ROLLBACK included. */
static void store_works_on_under_endless_interrupts(void) {
  ds_store *store = open_store(path_of("bars.db"));
  call_in_thread call = {store, -1, false};
  interrupt_until_it_returns(write_round_after_round, &call);
  write_hours(store, "GOOG", 1);
  ds_store_free(store);
  CHECK_INT(atoi(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"
                                            " WHERE symbol = 'EURUSD'")),
            call.status);
}

/* Of each transaction's two writes any may be stopped: it is undone alone, and the other stays. */
static void *write_in_transactions(void *context) {
  call_in_thread *call = context;
  int64_t expected = 0;
  for (int round = 0; round < rounds(); round += 2) {
    INSIST(ds_transaction_begin(call->store));
    int64_t within = expected;
    for (int i = 0; i < 2; i++) {
      if (write_round(call->store, round + i) == DS_OK) within += BARS;
      CHECK_INT(insist_on_count(call->store), within);
    }
    if (round % 4 == 0) {
      INSIST(ds_transaction_commit(call->store));
      expected = within;
    } else {
      INSIST(ds_transaction_rollback(call->store));
    }
    CHECK_INT(insist_on_count(call->store), expected);
  }
  call->status = (int32_t)expected;
  atomic_store(&call->returned, true);
  return NULL;
}

static void transactions_hold_under_endless_interrupts(void) {
  ds_store *store = open_store(path_of("bars.db"));
  call_in_thread call = {store, -1, false};
  interrupt_until_it_returns(write_in_transactions, &call);
  ds_store_free(store);
  CHECK_INT(atoi(stored(path_of("bars.db"), "SELECT count(*) FROM market_data")), call.status);
}

/* ---- Inside a transaction ---- */

static pthread_barrier_t transaction_is_open;

static void *query_within_a_transaction(void *context) {
  call_in_thread *call = context;
  CHECK_OK(ds_transaction_begin(call->store));
  CHECK_OK(ds_state_set(call->store, "before", "1"));
  pthread_barrier_wait(&transaction_is_open);
  run_endless_query(call);
  pthread_barrier_wait(&transaction_is_open);
  CHECK_OK(ds_state_set(call->store, "after", "2"));
  CHECK_OK(ds_transaction_commit(call->store));
  return NULL;
}

static void transaction_survives_an_interrupted_query(void) {
  ds_store *store = open_store(path_of("bars.db"));
  call_in_thread call = {store, -1, false};
  pthread_t thread;
  REQUIRE(pthread_barrier_init(&transaction_is_open, NULL, 2) == 0);
  REQUIRE(pthread_create(&thread, NULL, query_within_a_transaction, &call) == 0);
  pthread_barrier_wait(&transaction_is_open);
  while (!atomic_load(&call.returned)) CHECK_OK(ds_interrupt(store));
  pthread_barrier_wait(&transaction_is_open);
  REQUIRE(pthread_join(thread, NULL) == 0);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT key, value FROM system_state ORDER BY key"),
             "after|2\nbefore|1");
}

/* ---- A thread that is asked ---- */

typedef struct answers {
  ds_store *store;
  int questions;
  int yes_at; /* the question that is answered with yes; 0: none */
  int32_t status_within;
} answers;

static int32_t answer(void *context) {
  answers *given = context;
  given->questions++;
  given->status_within = ds_state_set(given->store, "within", "1");
  CHECK_INT(ds_store_close(given->store), DS_INVALID);
  CHECK_INT(ds_thread_stop_when(NULL, NULL), DS_INVALID);
  return given->questions == given->yes_at;
}

static void a_call_stops_where_its_thread_says_so(void) {
  ds_store *store = open_store(path_of("bars.db"));
  answers given = {store, 0, 3, -1};
  CHECK_OK(ds_thread_stop_when(answer, &given));
  ds_rows *rows = NULL;
  CHECK_FAILS(ds_sql(store, endless_query, NULL, 0, &rows), DS_INTERRUPTED, "");
  CHECK_INT(given.questions, 3);
  CHECK_INT(given.status_within, DS_INVALID);
  /* A short call is not asked about. */
  CHECK_OK(ds_state_set(store, "after", "1"));
  CHECK_INT(given.questions, 3);
  CHECK_OK(ds_thread_stop_when(NULL, NULL));
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT key FROM system_state"), "after");
}

static void *run_endless_until_interrupted(void *context) {
  call_in_thread *call = context;
  ds_rows *rows = NULL;
  call->status = ds_sql(call->store, endless_query, NULL, 0, &rows);
  atomic_store(&call->returned, true);
  return NULL;
}

static void another_thread_is_not_asked(void) {
  ds_store *store = open_store(path_of("bars.db"));
  answers given = {store, 0, 1, -1};
  CHECK_OK(ds_thread_stop_when(answer, &given));
  call_in_thread call = {store, -1, false};
  interrupt_until_it_returns(run_endless_until_interrupted, &call);
  CHECK_INT(call.status, DS_INTERRUPTED);
  CHECK_INT(given.questions, 0);
  CHECK_OK(ds_thread_stop_when(NULL, NULL));
  ds_store_free(store);
}

const check_test interrupt_tests[] = {
    {"endless_query_is_stopped", endless_query_is_stopped},
    {"another_stores_interrupt_does_not_count", another_stores_interrupt_does_not_count},
    {"interrupt_without_a_call_stops_no_later_one", interrupt_without_a_call_stops_no_later_one},
    {"interrupted_write_leaves_all_or_nothing", interrupted_write_leaves_all_or_nothing},
    {"store_works_on_under_endless_interrupts", store_works_on_under_endless_interrupts},
    {"transactions_hold_under_endless_interrupts", transactions_hold_under_endless_interrupts},
    {"transaction_survives_an_interrupted_query", transaction_survives_an_interrupted_query},
    {"a_call_stops_where_its_thread_says_so", a_call_stops_where_its_thread_says_so},
    {"another_thread_is_not_asked", another_thread_is_not_asked},
    {NULL, NULL},
};
