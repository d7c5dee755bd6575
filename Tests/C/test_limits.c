/* test_limits.c: programs under limits: no descriptors left, files that may not grow.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

static struct rlimit limit(int resource, rlim_t value) {
  struct rlimit before, now;
  REQUIRE(getrlimit((__rlimit_resource_t)resource, &before) == 0);
  now = before;
  now.rlim_cur = value;
  REQUIRE(setrlimit((__rlimit_resource_t)resource, &now) == 0);
  return before;
}

static void lift(int resource, struct rlimit before) {
  REQUIRE(setrlimit((__rlimit_resource_t)resource, &before) == 0);
}

/* The number that the next descriptor gets: all below are taken. */
static rlim_t next_descriptor(void) {
  int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(next >= 0);
  REQUIRE(close(next) == 0);
  return (rlim_t)next;
}

enum { ENOUGH = 40 };

static void a_store_opens_with_enough_descriptors_or_says_so(void) {
  ds_store *store = NULL;
  int opened = 0;
  for (rlim_t spare = 0; spare < ENOUGH; spare++) {
    rlim_t before = next_descriptor();
    struct rlimit usual = limit(RLIMIT_NOFILE, before + spare);
    int32_t status = ds_store_open(path_of("other.db"), NULL, &store);
    if (status == DS_OK) {
      opened++;
      CHECK_OK(ds_state_set(store, "key", "1"));
    } else {
      CHECK_INT(status, DS_STORAGE);
      CHECK_FAILS(status, DS_STORAGE, "descriptor");
    }
    ds_store_free(store);
    store = NULL;
    lift(RLIMIT_NOFILE, usual);
    CHECK_INT(next_descriptor(), before);
  }
  CHECK(opened > 0 && opened < ENOUGH);
  ds_store *again = open_store(path_of("other.db"));
  CHECK_OK(ds_state_set(again, "key", "2"));
  ds_store_free(again);
}

static void without_descriptors_calls_say_so_and_lose_nothing(void) {
  files_only("limits of the process that writes the file");
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  struct rlimit usual = limit(RLIMIT_NOFILE, next_descriptor());
  const char *symbols[] = {EURUSD};
  ds_bars *bars = NULL;
  CHECK_FAILS(ds_market_read(store, symbols, 1, "1h", NULL, NULL, &bars), DS_STORAGE, "descriptor");
  CHECK_FAILS(ds_store_backup(store, path_of("copy.db"), 0), DS_STORAGE, "descriptor");
  CHECK_FAILS(ds_store_checkpoint(store, NULL), DS_STORAGE, "descriptor");
  /* The writer has what it needs, and lends it to the first reads of a single row. */
  CHECK_OK(ds_state_set(store, "key", "1"));
  char *value = NULL;
  CHECK_OK(ds_state_get(store, "key", &value));
  CHECK_TEXT(value, "1");
  ds_text_free(value);
  CHECK(!exists(path_of("copy.db")));
  lift(RLIMIT_NOFILE, usual);
  CHECK_INT(count_bars(store, EURUSD), 3);
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 0));
  CHECK_OK(ds_store_checkpoint(store, NULL));
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT key, value FROM system_state"), "key|1");
}

/* As the header asks of programs under such a limit. */
static void files_that_may_not_grow_are_a_full_disk(void) {
  files_only("limits of the process that writes the file");
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  ds_store *store = open_store(path_of("bars.db"));
  struct rlimit usual = limit(RLIMIT_FSIZE, 300000);
  int acknowledged = 0;
  int32_t status = DS_OK;
  char name[32];
  while (status == DS_OK && acknowledged < 10000) {
    REQUIRE(snprintf(name, sizeof name, "key%d", acknowledged) > 0);
    status = ds_state_set(store, name, "\"value\"");
    if (status == DS_OK) acknowledged++;
  }
  CHECK_INT(status, DS_STORAGE);
  CHECK(acknowledged > 0);
  lift(RLIMIT_FSIZE, usual);
  CHECK_OK(ds_state_set(store, "after", "1"));
  ds_store_free(store);
  signal(SIGXFSZ, handler);
  char expected[32];
  REQUIRE(snprintf(expected, sizeof expected, "%d", acknowledged + 1) > 0);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM system_state"), expected);
}

const check_test limits_tests[] = {
    {"a_store_opens_with_enough_descriptors_or_says_so",
     a_store_opens_with_enough_descriptors_or_says_so},
    {"without_descriptors_calls_say_so_and_lose_nothing",
     without_descriptors_calls_say_so_and_lose_nothing},
    {"files_that_may_not_grow_are_a_full_disk", files_that_may_not_grow_are_a_full_disk},
    {NULL, NULL},
};
