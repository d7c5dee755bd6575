/* test_settings.c: "Settings" and "Stack": what others set for the thread changes no value.
 * SPDX-License-Identifier: MIT
 */
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

/* ---- Floating point ---- */

typedef struct {
  const char *name;
  int rounding; /* -1: flush-to-zero and denormals-are-zero */
} setting;

static const setting settings[] = {
    {"flush", -1}, {"up", FE_UPWARD}, {"down", FE_DOWNWARD}, {"zero", FE_TOWARDZERO}};

static void set(const setting *wanted) {
  if (wanted->rounding >= 0) {
    REQUIRE(fesetround(wanted->rounding) == 0);
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | UINT64_C(1) << 24));
#endif
}

static bool is_set(const setting *wanted) {
  if (wanted->rounding >= 0) return fegetround() == wanted->rounding;
#if defined(__x86_64__)
  return (__builtin_ia32_stmxcsr() & 0x8040) == 0x8040;
#else
  return true;
#endif
}

/* By their bits, for no comparison to look at them. */
static const uint64_t patterns[] = {
    1,                                /* 5e-324 */
    UINT64_C(0x8000000000000001),     /* -5e-324 */
    UINT64_C(0x000fffffffffffff),     /* the largest subnormal number */
    UINT64_C(0x0010000000000000),     /* the least normal one */
    UINT64_C(0x3fb999999999999a),     /* 0.1 */
    UINT64_C(0xbfd3333333333334),     /* -0.30000000000000004 */
    UINT64_C(0x44b52d02c7e14af7),     /* 1e23, nearly */
    UINT64_C(0x7fefffffffffffff),     /* the largest of all */
};
#define NUMBERS (int64_t)COUNT_OF(patterns)

static void write_numbers(ds_store *store) {
  int64_t timestamps[COUNT_OF(patterns)];
  double values[COUNT_OF(patterns)];
  memcpy(values, patterns, sizeof values);
  for (int64_t i = 0; i < NUMBERS; i++) timestamps[i] = T0 + i * HOUR;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, NUMBERS);
  batch.close = values;
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  for (int64_t i = 0; i < NUMBERS; i++) {
    ds_bar bar = DS_BAR_INIT;
    bar.timestamp = timestamps[i];
    bar.columns = DS_COLUMN_CLOSE;
    bar.close = values[i];
    CHECK_OK(ds_market_write_bar(store, "LIVE", HOURLY, &bar, 0));
  }
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":5e-324,\"quality\":\"ready\"}}", 0));
  CHECK_OK(ds_state_set(store, "tiny", "5e-324"));
  CHECK_OK(ds_state_set(store, "tenth", "0.1"));
  CHECK_OK(ds_state_set(store, "long", "0.30000000000000004"));
}

static void check_numbers(ds_store *store, const char *symbol) {
  ds_bars *bars = read_symbol(store, symbol, NULL);
  const ds_bar_batch *batch = ds_bars_batch(bars);
  CHECK_INT(batch->count, NUMBERS);
  CHECK(memcmp(batch->close, patterns, sizeof patterns) == 0);
  ds_bars_free(bars);
  ds_bar *last = NULL;
  CHECK_OK(ds_market_latest_bar(store, symbol, HOURLY, &last));
  REQUIRE(last != NULL);
  CHECK(memcmp(&last->close, &patterns[NUMBERS - 1], sizeof(double)) == 0);
  ds_bar_free(last);
}

static void check_all(ds_store *store) {
  check_numbers(store, EURUSD);
  check_numbers(store, "LIVE");
  ds_rows *rows = NULL;
  CHECK_OK(ds_sql(store,
                  on_server() ? "SELECT close, (features -> 'a@1' ->> 'value')::float8 FROM market_data"
                                      " WHERE features IS NOT NULL"
                                    : "SELECT close, json_extract(features, '$.\"a@1\".value') FROM market_data"
                  " WHERE features IS NOT NULL",
                  NULL, 0, &rows));
  REQUIRE(rows != NULL && ds_rows_count(rows) == 1);
  for (int column = 0; column < 2; column++)
    CHECK(memcmp(ds_rows_columns(rows)[column].reals, &patterns[0], sizeof(double)) == 0);
  ds_rows_free(rows);
  static const struct {
    const char *key, *json;
  } states[] = {{"tiny", "5e-324"}, {"tenth", "0.1"}, {"long", "0.30000000000000004"}};
  for (size_t i = 0; i < COUNT_OF(states); i++) {
    char *json = NULL;
    CHECK_OK(ds_state_get(store, states[i].key, &json));
    CHECK_TEXT(json, states[i].json);
    ds_text_free(json);
  }
}

static void numbers_are_exact_whatever_is_set(void) {
  fenv_t before;
  REQUIRE(fegetenv(&before) == 0);
  for (size_t i = 0; i < COUNT_OF(settings); i++) {
    check_note("%s", settings[i].name);
    char name[32];
    snprintf(name, sizeof name, "%s.db", settings[i].name);
    set(&settings[i]);
    ds_store *store = open_store(path_of(name));
    write_numbers(store);
    check_all(store);
    CHECK(is_set(&settings[i]));
    fesetenv(&before);
    check_all(store);
    ds_store_free(store);
  }
}

/* ---- Stack ---- */

static ds_store *shared;
static int32_t status_of_call;
static char message[256];

static void *call(void *context) {
  const int which = *(const int *)context;
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0;
  bar.columns = DS_COLUMN_CLOSE | DS_COLUMN_FEATURES;
  bar.close = 1;
  bar.features_json = "{\"a@1\":{\"value\":0.1,\"quality\":\"ready\"}}";
  ds_bar *last = NULL;
  ds_bars *bars = NULL;
  ds_rows *rows = NULL;
  ds_range range = DS_RANGE_INIT;
  switch (which) {
    case 0: status_of_call = ds_market_write_bar(shared, EURUSD, HOURLY, &bar, 0); break;
    case 1: status_of_call = ds_market_latest_bar(shared, EURUSD, HOURLY, &last); break;
    case 2: status_of_call = ds_state_set(shared, "key", "{\"a\":[1,2.5]}"); break;
    case 3: status_of_call = ds_market_read(shared, &EURUSD, 1, HOURLY, &range, NULL, &bars); break;
    case 4: status_of_call = ds_sql(shared, "SELECT count(*) FROM market_data", NULL, 0, &rows); break;
    default: status_of_call = ds_store_backup(shared, path_of("copy.db"), 1); break;
  }
  snprintf(message, sizeof message, "%s", status_of_call ? ds_last_error() : "");
  ds_bar_free(last);
  ds_bars_free(bars);
  ds_rows_free(rows);
  return NULL;
}

static void *nothing(void *context) { return context; }

/* false: the system starts no thread with so little. */
static bool run_on_stack(size_t size, void *(*body)(void *), int which) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread;
  bool started = pthread_attr_setstacksize(&attributes, size) == 0 &&
                 pthread_create(&thread, &attributes, body, &which) == 0;
  pthread_attr_destroy(&attributes);
  if (started) REQUIRE(pthread_join(thread, NULL) == 0);
  return started;
}

static void small_stacks_are_enough_or_refused(void) {
  shared = open_store(path_of("bars.db"));
  /* The program's own thread-local texts lie on the stack as well. */
  size_t least = 16 << 10;
  while (!run_on_stack(least, nothing, 0)) least += 4 << 10;
#if defined(__SANITIZE_ADDRESS__)
  least += 512 << 10; /* its frames are several times as large */
#else
  least += 12 << 10;
#endif
  int refused = 0;
  for (size_t more = 0; more <= 96 << 10; more += 8 << 10) {
    for (int which = 0; which < 6; which++) {
      check_note("%zu bytes, call %d", least + more, which);
      REQUIRE(run_on_stack(least + more, call, which));
      if (status_of_call == DS_OK) continue;
      refused++;
      CHECK_STATUS(status_of_call, DS_INVALID);
      CHECK(strstr(message, "stack") != NULL);
      CHECK(more < 64 << 10);
    }
  }
  check_note("%s", "");
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(refused > 0);
#endif
  ds_store_free(shared);
}

const check_test settings_tests[] = {
    {"numbers_are_exact_whatever_is_set", numbers_are_exact_whatever_is_set},
    {"small_stacks_are_enough_or_refused", small_stacks_are_enough_or_refused},
    {NULL, NULL},
};
