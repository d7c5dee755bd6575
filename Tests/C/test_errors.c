/* test_errors.c: "Status, errors".
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void every_status_has_a_name(void) {
  static const struct {
    int32_t status;
    const char *name;
  } cases[] = {
      {DS_OK, "DS_OK"},
      {DS_INVALID, "DS_INVALID"},
      {DS_INVALID_FEATURE, "DS_INVALID_FEATURE"},
      {DS_MISSING_BAR, "DS_MISSING_BAR"},
      {DS_BUSY, "DS_BUSY"},
      {DS_STORAGE, "DS_STORAGE"},
      {DS_CORRUPT, "DS_CORRUPT"},
      {DS_SCHEMA, "DS_SCHEMA"},
      {DS_CLOSED, "DS_CLOSED"},
      {DS_INTERRUPTED, "DS_INTERRUPTED"},
      {DS_NO_MEMORY, "DS_NO_MEMORY"},
      {DS_INTERNAL, "DS_INTERNAL"},
      {DS_TIMEOUT, "DS_TIMEOUT"},
      {-1, "DS_UNKNOWN"},
      {13, "DS_UNKNOWN"},
      {INT32_MIN, "DS_UNKNOWN"},
      {INT32_MAX, "DS_UNKNOWN"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_TEXT(ds_status_name(cases[i].status), cases[i].name);
  }
}

static void no_failure_leaves_no_message(void) {
  CHECK_TEXT(ds_last_error(), "");
  ds_error_detail detail = {sizeof detail, 77, 77, 77, "key", "reason"};
  CHECK_OK(ds_last_error_detail(&detail));
  CHECK_INT(detail.status, DS_OK);
  CHECK_INT(detail.sqlite_code, 0);
  CHECK_INT(detail.row, -1);
  CHECK(detail.key == NULL);
  CHECK(detail.reason == NULL);
  ds_store_free(open_store(path_of("bars.db")));
  CHECK_TEXT(ds_last_error(), "");
}

static void message_outlives_success(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_FAILS(ds_state_set(store, "", "1"), DS_INVALID, "key");
  const char *message = ds_last_error();
  char *copy = strdup(message);
  CHECK_OK(ds_state_set(store, "key", "1"));
  write_hours(store, EURUSD, 10);
  ds_store_free(store);
  CHECK(ds_last_error() == message);
  CHECK_TEXT(message, copy);
  free(copy);
}

/* One failure of each kind that a test can bring about without harm, one after the other. */
static void each_status_leaves_its_own_message(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_impatient(path);
  ds_store *other = open_impatient(path);
  char messages[8][512];
  size_t count = 0;
#define KEEP snprintf(messages[count++], sizeof messages[0], "%s", ds_last_error())

  CHECK_FAILS(ds_state_set(store, "key", "[1,"), DS_INVALID, "key");
  KEEP;
  CHECK_FAILS(write_json(store, T0, "{\"a\":{\"value\":1,\"quality\":\"ready\"}}", 0),
              DS_INVALID_FEATURE, "EURUSD", "1h", T0_TEXT, "@");
  KEEP;
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0}, 1);
  const char *json = "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}";
  batch.features_json = &json;
  CHECK_FAILS(ds_market_write_features(store, &batch, 0, NULL), DS_MISSING_BAR, "EURUSD", "1h",
              T0_TEXT);
  KEEP;
  CHECK_OK(ds_transaction_begin(other));
  CHECK_FAILS(ds_state_set(store, "key", "1"), DS_BUSY, "");
  KEEP;
  CHECK_OK(ds_transaction_rollback(other));
  ds_store *none = NULL;
  CHECK_FAILS(ds_store_open(path_of("no/such/directory/bars.db"), NULL, &none), DS_STORAGE,
              "no/such/directory");
  KEEP;
  write_hours(store, EURUSD, 1);
  foreign(path, "UPDATE market_data SET features = '[1]'");
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_COLUMNS;
  ds_bars *bars = NULL;
  CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, &options, &bars), DS_CORRUPT,
              "EURUSD", "1h", T0_TEXT);
  KEEP;
  if (on_server()) {
    foreign(path_of("other.db"), "CREATE TABLE market_data (x int)");
  } else {
    foreign(path_of("other.db"), "CREATE TABLE elsewhere (x)");
  }
  CHECK_FAILS(ds_store_open(place_of(path_of("other.db")), NULL, &none), DS_SCHEMA,
              on_server() ? "market_data" : "other.db");
  KEEP;
  CHECK_OK(ds_store_close(store));
  CHECK_FAILS(ds_state_set(store, "key", "1"), DS_CLOSED, "");
  KEEP;
#undef KEEP
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < i; j++) CHECK(strcmp(messages[i], messages[j]) != 0);
  }
  ds_store_free(store);
  ds_store_free(other);
}

static void detail_names_row_key_reason(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int64_t timestamps[] = {T0, T0 + HOUR, T0 + 2 * HOUR};
  double values[] = {1, 2, INFINITY};
  int32_t codes[] = {0, 0, 0};
  const char *ready = "ready";
  ds_feature_column feature = {"rsi@2.1", values, NULL, NULL, {codes, &ready, 1}};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 3);
  batch.features = &feature;
  batch.feature_count = 1;
  CHECK_FAILS(ds_market_write(store, &batch, 0, NULL), DS_INVALID_FEATURE, "rsi@2.1", "EURUSD");
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  REQUIRE_OK(ds_last_error_detail(&detail));
  CHECK_INT(detail.status, DS_INVALID_FEATURE);
  CHECK_INT(detail.row, 2);
  CHECK_TEXT(detail.key, "rsi@2.1");
  REQUIRE(detail.reason != NULL);
  CHECK(detail.reason[0] != '\0');
  CHECK(strstr(detail.reason, "EURUSD") == NULL);
  CHECK(strstr(ds_last_error(), detail.reason) != NULL);

  CHECK_FAILS(ds_store_open("", NULL, &store), DS_INVALID, "");
  REQUIRE_OK(ds_last_error_detail(&detail));
  CHECK_INT(detail.status, DS_INVALID);
  CHECK_INT(detail.row, -1);
  ds_store_free(store);
}

static void detail_has_sqlite_code(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_impatient(path);
  ds_store *other = open_impatient(path);
  CHECK_OK(ds_transaction_begin(other));
  CHECK_FAILS(ds_transaction_begin(store), DS_BUSY, "");
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  REQUIRE_OK(ds_last_error_detail(&detail));
  /* SQLITE_BUSY, extended or not. */
  CHECK_INT(detail.sqlite_code & 0xff, on_server() ? 0 : 5);
  ds_store_free(store);
  ds_store_free(other);
}

/* ---- Threads ---- */

static void *fail_otherwise(void *context) {
  ds_store *store = context;
  CHECK_TEXT(ds_last_error(), "");
  for (int i = 0; i < 100; i++) {
    CHECK_FAILS(ds_state_set(store, "mine", "[oops"), DS_INVALID, "mine");
  }
  return NULL;
}

static void a_thread_keeps_its_message(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_FAILS(ds_state_set(store, "ours", "{oops"), DS_INVALID, "ours");
  const char *message = ds_last_error();
  char *copy = strdup(message);
  for (int i = 0; i < 10; i++) {
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, fail_otherwise, store) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    CHECK_TEXT(ds_last_error(), copy);
  }
  CHECK(ds_last_error() == message);
  free(copy);
  ds_store_free(store);
}

const check_test errors_tests[] = {
    {"every_status_has_a_name", every_status_has_a_name},
    {"no_failure_leaves_no_message", no_failure_leaves_no_message},
    {"message_outlives_success", message_outlives_success},
    {"each_status_leaves_its_own_message", each_status_leaves_its_own_message},
    {"detail_names_row_key_reason", detail_names_row_key_reason},
    {"detail_has_sqlite_code", detail_has_sqlite_code},
    {"a_thread_keeps_its_message", a_thread_keeps_its_message},
    {NULL, NULL},
};
