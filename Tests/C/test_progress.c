/* test_progress.c: "Store": ds_thread_report_progress().
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

typedef struct reports {
  ds_store *store; /* called from within, where there is one */
  int64_t count;
  int64_t stop_at; /* the report that is answered with a stop; 0: none */
  int64_t done;
  int64_t total;
  int32_t unit;
  int64_t ends; /* reports in which all was done */
  pthread_t thread;
} reports;

static int32_t take(const ds_progress *progress) {
  reports *taken = progress->context;
  CHECK_INT(progress->struct_size, sizeof(ds_progress));
  CHECK(pthread_equal(taken->thread, pthread_self()));
  CHECK(progress->done >= taken->done);
  CHECK(progress->total == -1 || progress->done <= progress->total);
  CHECK_INT(taken->ends, 0); /* nothing comes behind the last */
  taken->count++;
  taken->done = progress->done;
  taken->total = progress->total;
  taken->unit = progress->unit;
  taken->ends += progress->done == progress->total;
  if (taken->store) {
    CHECK_INT(ds_state_set(taken->store, "within", "1"), DS_INVALID);
    CHECK_INT(ds_store_close(taken->store), DS_INVALID);
    CHECK_INT(ds_thread_report_progress(NULL, NULL, 0), DS_INVALID);
    CHECK_INT(ds_thread_stop_when(NULL, NULL), DS_INVALID);
  }
  return taken->count == taken->stop_at;
}

static reports begin(int64_t stop_at, ds_store *store) {
  reports taken = {0};
  taken.store = store;
  taken.stop_at = stop_at;
  taken.thread = pthread_self();
  return taken;
}

static void check_end(const reports *taken, int64_t done, int32_t unit) {
  CHECK_INT(taken->ends, 1);
  CHECK_INT(taken->done, done);
  CHECK_INT(taken->unit, unit);
}

static ds_bar_batch many(int64_t count, int64_t *timestamps, double *close) {
  for (int64_t row = 0; row < count; row++) {
    timestamps[row] = T0 + row * HOUR;
    close[row] = (double)row;
  }
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, count);
  batch.close = close;
  return batch;
}

#define ROWS 5000
static int64_t timestamps[ROWS];
static double closes[ROWS];

static void a_write_counts_its_rows(void) {
  ds_store *store = open_store(path_of("bars.db"));
  /* All new; then all stored; then some of each, in order and not. */
  struct {
    int64_t count, first;
    bool turned;
  } batches[] = {
      {3000, 0, false}, {3000, 0, false},  {ROWS, 0, false}, {50, 10, false},
      {1, 7, false},    {2000, 100, true}, {0, 0, false},
  };
  for (size_t i = 0; i < COUNT_OF(batches); i++) {
    check_note("batch %zu", i);
    many(ROWS, timestamps, closes);
    for (int64_t row = 0; row < ROWS; row++) closes[row] += (double)i;
    if (batches[i].turned) {
      int64_t first = timestamps[batches[i].first];
      timestamps[batches[i].first] = timestamps[batches[i].first + 1];
      timestamps[batches[i].first + 1] = first;
    }
    ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps + batches[i].first, batches[i].count);
    batch.close = closes;
    reports taken = begin(0, NULL);
    CHECK_OK(ds_thread_report_progress(take, &taken, 0));
    CHECK_OK(ds_market_write(store, &batch, 0, NULL));
    CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
    check_end(&taken, batches[i].count, DS_PROGRESS_ROWS);
    if (batches[i].count >= 2000) CHECK(taken.count > (on_server() ? 1 : 3));
  }
  CHECK_INT(count_bars(store, EURUSD), ROWS);
  ds_store_free(store);
}

static void a_callback_that_says_so_takes_the_call_back(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  ds_bar_batch batch = many(ROWS, timestamps, closes);
  /* At each report in turn, the last among them; then it runs through. */
  int64_t stop_at = 1;
  for (;; stop_at++) {
    reports taken = begin(stop_at, store);
    CHECK_OK(ds_thread_report_progress(take, &taken, 0));
    int32_t status = ds_market_write(store, &batch, 0, NULL);
    CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
    if (status == DS_OK) break;
    CHECK_INT(status, DS_INTERRUPTED);
    CHECK_INT(taken.count, stop_at);
    CHECK_INT(count_bars(store, EURUSD), 0);
    REQUIRE(stop_at < ROWS);
  }
  CHECK(stop_at > 3);
  CHECK_INT(count_bars(store, EURUSD), ROWS);

  reports taken = begin(1, store);
  CHECK_OK(ds_thread_report_progress(take, &taken, 0));
  CHECK_FAILS(ds_store_backup(store, path_of("copy.db"), 0), DS_INTERRUPTED, "");
  CHECK(access(path_of("copy.db"), F_OK) != 0);
  taken = begin(1, store);
  ds_bars *bars = NULL;
  CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, NULL, &bars), DS_INTERRUPTED, "");
  taken = begin(1, store);
  ds_texts *texts = NULL;
  CHECK_FAILS(ds_store_check(store, &texts), DS_INTERRUPTED, "");
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  ds_store_free(store);
}

static void a_stop_within_a_transaction_takes_back_that_call_alone(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar_batch batch = many(ROWS, timestamps, closes);
  CHECK_OK(ds_transaction_begin(store));
  CHECK_OK(ds_state_set(store, "before", "1"));
  for (int64_t stop_at = 1; stop_at < 4; stop_at++) {
    reports taken = begin(stop_at, store);
    CHECK_OK(ds_thread_report_progress(take, &taken, 0));
    CHECK_FAILS(ds_market_write(store, &batch, 0, NULL), DS_INTERRUPTED, "");
    CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  }
  CHECK_OK(ds_transaction_commit(store));
  CHECK_INT(count_bars(store, EURUSD), 0);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT key FROM system_state"), "before");
  ds_store_free(store);
}

static void reads_scans_backups_and_checks_count(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3000);
  write_hours(store, "GBPUSD", 10);
  const char *symbols[] = {EURUSD, "GBPUSD"};
  reports taken = begin(0, store);
  CHECK_OK(ds_thread_report_progress(take, &taken, 0));

  ds_bars *bars = NULL;
  CHECK_OK(ds_market_read(store, symbols, 2, HOURLY, NULL, NULL, &bars));
  check_end(&taken, 3010, DS_PROGRESS_ROWS);
  CHECK(taken.count > (on_server() ? 2 : 3));
  ds_bars_free(bars);

  taken = begin(0, store);
  CHECK_OK(ds_market_latest(store, symbols, 2, HOURLY, 100, NULL, &bars));
  check_end(&taken, 110, DS_PROGRESS_ROWS);
  ds_bars_free(bars);

  taken = begin(0, store);
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 0));
  if (on_server()) {
    check_end(&taken, 3010, DS_PROGRESS_ROWS);
  } else {
    check_end(&taken, atoi(stored(path_of("copy.db"), "PRAGMA page_count")), DS_PROGRESS_PAGES);
  }

  taken = begin(0, store);
  ds_texts *texts = NULL;
  CHECK_OK(ds_store_check(store, &texts));
  CHECK_INT(ds_texts_count(texts), 0);
  check_end(&taken, 2 * 3010, DS_PROGRESS_ROWS);
  CHECK(taken.count > 1);
  ds_texts_free(texts);

  /* What tells of nothing. */
  taken = begin(0, store);
  CHECK_OK(ds_state_set(store, "a", "1"));
  int64_t count = 0;
  CHECK_OK(ds_market_count(store, EURUSD, HOURLY, NULL, &count));
  CHECK_INT(count, 3000);
  CHECK_INT(taken.count, 0);
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  ds_store_free(store);
}

static void a_scan_counts_over_all_its_chunks(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 1000);
  write_hours(store, "GBPUSD", 10);
  const char *symbols[] = {EURUSD, "GBPUSD"};
  reports taken = begin(0, store);
  CHECK_OK(ds_thread_report_progress(take, &taken, 0));
  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, symbols, 2, HOURLY, NULL, NULL, 100, &scan));
  /* It keeps the callback. */
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  ds_bars *bars = NULL;
  int64_t rows = 0;
  for (;;) {
    REQUIRE_OK(ds_scan_next(scan, &bars));
    if (!bars) break;
    CHECK_INT(taken.total, 1010);
    CHECK_INT(taken.ends, 0);
    rows += ds_bars_batch(bars)->count;
    ds_bars_free(bars);
  }
  CHECK_INT(rows, 1010);
  check_end(&taken, 1010, DS_PROGRESS_ROWS);
  CHECK(taken.count >= 10);
  CHECK_OK(ds_scan_next(scan, &bars));
  CHECK(bars == NULL);
  ds_scan_free(scan);

  /* A chunk that was refused may be asked for again. */
  taken = begin(3, NULL);
  CHECK_OK(ds_thread_report_progress(take, &taken, 0));
  REQUIRE_OK(ds_market_scan(store, symbols, 2, HOURLY, NULL, NULL, 100, &scan));
  int64_t refused = 0;
  for (rows = 0;;) {
    int32_t status = ds_scan_next(scan, &bars);
    if (status == DS_INTERRUPTED) {
      refused++;
      continue;
    }
    REQUIRE(status == DS_OK);
    if (!bars) break;
    rows += ds_bars_batch(bars)->count;
    ds_bars_free(bars);
  }
  CHECK_INT(refused, 1);
  CHECK_INT(rows, 1010);
  check_end(&taken, 1010, DS_PROGRESS_ROWS);
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  ds_scan_free(scan);
  ds_store_free(store);
}

static void short_calls_report_once_and_all_calls_as_often_as_was_said(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar_batch batch = many(ROWS, timestamps, closes);
  reports taken = begin(0, NULL);
  CHECK_OK(ds_thread_report_progress(take, &taken, 1000000));
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  CHECK_INT(taken.count, 1);
  check_end(&taken, ROWS, DS_PROGRESS_ROWS);
  static const double wrong[] = {-1, 1000001, NAN, INFINITY};
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    CHECK_FAILS(ds_thread_report_progress(take, &taken, wrong[i]), DS_INVALID, "interval");
  }
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  ds_store_free(store);
}

static void *write_in_thread(void *context) {
  ds_store *store = context;
  ds_bar_batch batch = many(ROWS, timestamps, closes);
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  return NULL;
}

static void another_threads_calls_report_nothing(void) {
  ds_store *store = open_store(path_of("bars.db"));
  reports taken = begin(0, NULL);
  CHECK_OK(ds_thread_report_progress(take, &taken, 0));
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, write_in_thread, store) == 0);
  REQUIRE(pthread_join(thread, NULL) == 0);
  CHECK_INT(taken.count, 0);
  CHECK_INT(count_bars(store, EURUSD), ROWS);
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  ds_store_free(store);
}

static int32_t fork_once(const ds_progress *progress) {
  reports *taken = progress->context;
  if (taken->count++ > 0) return 0;
  pid_t child = fork();
  if (child == 0) {
    ds_store *own = NULL;
    int32_t status = ds_state_set(taken->store, "within", "1");
    int32_t opened = ds_store_open(place_of(path_of("child.db")), NULL, &own);
    _exit(status == DS_CLOSED && opened == DS_OK ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK_INT(WEXITSTATUS(status), 0);
  return 0;
}

static void a_callback_may_fork(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_bar_batch batch = many(ROWS, timestamps, closes);
  reports taken = begin(0, store);
  CHECK_OK(ds_thread_report_progress(fork_once, &taken, 0));
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  CHECK(taken.count > 1);
  CHECK_OK(ds_thread_report_progress(NULL, NULL, 0));
  CHECK_INT(count_bars(store, EURUSD), ROWS);
  ds_store_free(store);
}

const check_test progress_tests[] = {
    {"a_write_counts_its_rows", a_write_counts_its_rows},
    {"a_callback_that_says_so_takes_the_call_back", a_callback_that_says_so_takes_the_call_back},
    {"a_stop_within_a_transaction_takes_back_that_call_alone",
     a_stop_within_a_transaction_takes_back_that_call_alone},
    {"reads_scans_backups_and_checks_count", reads_scans_backups_and_checks_count},
    {"a_scan_counts_over_all_its_chunks", a_scan_counts_over_all_its_chunks},
    {"short_calls_report_once_and_all_calls_as_often_as_was_said",
     short_calls_report_once_and_all_calls_as_often_as_was_said},
    {"another_threads_calls_report_nothing", another_threads_calls_report_nothing},
    {"a_callback_may_fork", a_callback_may_fork},
    {NULL, NULL},
};
