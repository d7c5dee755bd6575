/* test_structs.c: structs of older, newer and careless callers.
 * SPDX-License-Identifier: MIT
 *
 * Each struct lies directly before an unreadable page, as long as its struct_size says: a function that
 * reads or writes one byte beyond crashes.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static int32_t use_open_options(ds_store *store, void *options) {
  (void)store;
  ds_store *other = NULL;
  int32_t status = ds_store_open(path_of("options.db"), options, &other);
  CHECK_INT(other != NULL, status == DS_OK);
  ds_store_free(other);
  return status;
}

static int32_t use_batch(ds_store *store, void *batch) {
  return ds_market_write(store, batch, 0, NULL);
}

static int32_t use_bar(ds_store *store, void *bar) {
  return ds_market_write_bar(store, EURUSD, HOURLY, bar, 0);
}

static int32_t use_range(ds_store *store, void *range) {
  ds_bars *bars = NULL;
  int32_t status = ds_market_read(store, &EURUSD, 1, HOURLY, range, NULL, &bars);
  CHECK_INT(bars != NULL, status == DS_OK);
  ds_bars_free(bars);
  return status;
}

static int32_t use_read_options(ds_store *store, void *options) {
  ds_bars *bars = NULL;
  int32_t status = ds_market_read(store, &EURUSD, 1, HOURLY, NULL, options, &bars);
  CHECK_INT(bars != NULL, status == DS_OK);
  ds_bars_free(bars);
  return status;
}

static int32_t use_request(ds_store *store, void *request) {
  return ds_market_record_request(store, request, NULL);
}

static int32_t use_error_detail(ds_store *store, void *detail) {
  (void)store;
  return ds_last_error_detail(detail);
}

static int32_t use_checkpoint_result(ds_store *store, void *result) {
  return ds_store_checkpoint(store, result);
}

static ds_store *copy_of_itself(void) { return open_store(path_of("copied.db")); }

static int32_t use_copy_options(ds_store *store, void *options) {
  ds_store *target = copy_of_itself();
  int32_t status = ds_store_copy(store, target, options, NULL);
  ds_store_free(target);
  return status;
}

static int32_t use_copy_result(ds_store *store, void *result) {
  ds_store *target = copy_of_itself();
  int32_t status = ds_store_copy(store, target, NULL, result);
  ds_store_free(target);
  return status;
}

static int32_t use_compare_options(ds_store *store, void *options) {
  ds_differences *differences = NULL;
  int32_t status = ds_store_compare(store, store, options, &differences);
  CHECK_INT(differences != NULL, status == DS_OK);
  ds_differences_free(differences);
  return status;
}

static int32_t use_info(ds_store *store, void *info) { return ds_store_info(store, info); }

static const ds_open_options open_options = DS_OPEN_OPTIONS_INIT;
static const ds_bar_batch batch_init = DS_BAR_BATCH_INIT;
static const ds_bar sound_bar = {sizeof(ds_bar), T0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL};
static const ds_range range_init = DS_RANGE_INIT;
static const ds_read_options read_options = DS_READ_OPTIONS_INIT;
static const ds_request sound_request = {sizeof(ds_request), "EURUSD", "1h", T0, T0, T0, "feed",
                                         0, 0, 0, 0, NULL, NULL};
static const ds_error_detail error_detail = DS_ERROR_DETAIL_INIT;
static const ds_checkpoint_result checkpoint_result = DS_CHECKPOINT_RESULT_INIT;
static const ds_info info_init = DS_INFO_INIT;
static const ds_copy_options copy_options = DS_COPY_OPTIONS_INIT;
static const ds_copy_result copy_result = DS_COPY_RESULT_INIT;
static const ds_compare_options compare_options = DS_COMPARE_OPTIONS_INIT;

static const struct {
  const char *name;
  const void *sound;
  size_t size;
  int32_t (*use)(ds_store *store, void *structure);
} cases[] = {
    {"ds_open_options", &open_options, sizeof open_options, use_open_options},
    {"ds_bar_batch", &batch_init, sizeof batch_init, use_batch},
    {"ds_bar", &sound_bar, sizeof sound_bar, use_bar},
    {"ds_range", &range_init, sizeof range_init, use_range},
    {"ds_read_options", &read_options, sizeof read_options, use_read_options},
    {"ds_request", &sound_request, sizeof sound_request, use_request},
    {"ds_error_detail", &error_detail, sizeof error_detail, use_error_detail},
    {"ds_checkpoint_result", &checkpoint_result, sizeof checkpoint_result, use_checkpoint_result},
    {"ds_info", &info_init, sizeof info_init, use_info},
    {"ds_copy_options", &copy_options, sizeof copy_options, use_copy_options},
    {"ds_copy_result", &copy_result, sizeof copy_result, use_copy_result},
    {"ds_compare_options", &compare_options, sizeof compare_options, use_compare_options},
};

/* The struct cut to, or followed by zeros up to, `size` bytes, which its struct_size then says. */
static void *resized(size_t index, size_t size) {
  unsigned char bytes[1024] = {0};
  memcpy(bytes, cases[index].sound, cases[index].size < size ? cases[index].size : size);
  memcpy(bytes, &size, sizeof size);
  size_t kept = size < sizeof size ? sizeof size : (size + 7) / 8 * 8;
  REQUIRE(kept <= sizeof bytes);
  return guarded(bytes, kept);
}

static void sound_structs_are_taken(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("%s", cases[i].name);
    CHECK_OK(cases[i].use(store, resized(i, cases[i].size)));
  }
  ds_store_free(store);
}

static void no_size_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    for (size_t size = 0; size < sizeof(size_t); size++) {
      check_note("%s of %zu bytes", cases[i].name, size);
      CHECK_FAILS(cases[i].use(store, resized(i, size)), DS_INVALID, "struct_size");
    }
  }
  ds_store_free(store);
}

/* There is no older caller yet, so that a short struct may be refused; it may also count as
 * defaults. What it may not do is to be read or written beyond its end. */
static void short_structs_end_where_they_say(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    for (size_t size = sizeof(size_t); size < cases[i].size; size++) {
      check_note("%s of %zu bytes", cases[i].name, size);
      int32_t status = cases[i].use(store, resized(i, size));
      CHECK(status == DS_OK || status == DS_INVALID);
    }
  }
  ds_store_free(store);
}

static void structs_of_newer_callers_are_taken(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    for (size_t more = 8; more <= 256; more *= 2) {
      check_note("%s with %zu more bytes", cases[i].name, more);
      CHECK_OK(cases[i].use(store, resized(i, cases[i].size + more)));
    }
  }
  ds_store_free(store);
}

/* What follows a struct that the library fills belongs to the caller. */
static void results_are_not_written_beyond_the_struct(void) {
  ds_store *store = open_store(path_of("bars.db"));
  struct {
    ds_info info;
    unsigned char after[32];
  } around;
  unsigned char pattern[sizeof around.after];
  memset(pattern, 0x5a, sizeof pattern);
  memcpy(around.after, pattern, sizeof pattern);
  around.info = info_init;
  CHECK_OK(ds_store_info(store, &around.info));
  CHECK(memcmp(around.after, pattern, sizeof pattern) == 0);
  CHECK_INT(around.info.struct_size, sizeof around.info);
  ds_store_free(store);
}

const check_test structs_tests[] = {
    {"sound_structs_are_taken", sound_structs_are_taken},
    {"no_size_is_refused", no_size_is_refused},
    {"short_structs_end_where_they_say", short_structs_end_where_they_say},
    {"structs_of_newer_callers_are_taken", structs_of_newer_callers_are_taken},
    {"results_are_not_written_beyond_the_struct", results_are_not_written_beyond_the_struct},
    {NULL, NULL},
};
