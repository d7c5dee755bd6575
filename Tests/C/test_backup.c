/* test_backup.c: "Maintenance": ds_store_backup().
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

/* Every name in the test's directory but the store's own three files, and nothing else. */
static const char *other_files(void) {
  static char text[512];
  text[0] = '\0';
  struct dirent **entries = NULL;
  int count = scandir(path_of("."), &entries, NULL, alphasort);
  REQUIRE(count >= 0);
  for (int i = 0; i < count; i++) {
    const char *name = entries[i]->d_name;
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strncmp(name, "bars.db", 7) != 0) {
      if (text[0] != '\0') strcat(text, " ");
      strcat(text, name);
    }
    free(entries[i]);
  }
  free(entries);
  return text;
}

static void backup_is_a_whole_store(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 500);
  CHECK_OK(ds_state_set(store, "key", "[1]"));
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 0));
  CHECK_TEXT(other_files(), "copy.db");
  write_hours(store, "GOOG", 5);
  CHECK_TEXT(stored(path_of("copy.db"), "PRAGMA integrity_check"), "ok");
  ds_store *copy = open_store(path_of("copy.db"));
  CHECK_INT(count_bars(copy, EURUSD), 500);
  CHECK_INT(count_bars(copy, "GOOG"), 0);
  write_hours(copy, "AAPL", 3);
  CHECK_INT(count_bars(copy, "AAPL"), 3);
  CHECK_INT(count_bars(store, "AAPL"), 0);
  ds_store_free(copy);
  ds_store_free(store);
}

static void existing_target_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  save_file(path_of("precious.txt"), "precious", 8);
  CHECK_FAILS(ds_store_backup(store, path_of("precious.txt"), 0), DS_INVALID, "precious.txt",
              "overwrite");
  CHECK_TEXT(other_files(), "precious.txt");
  file_copy kept = load_file(path_of("precious.txt"));
  CHECK(kept.size == 8 && memcmp(kept.bytes, "precious", 8) == 0);
  free(kept.bytes);
  ds_store_free(store);
}

static void overwrite_replaces_the_target(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 1));
  write_hours(store, EURUSD, 9);
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 1));
  CHECK_TEXT(stored(path_of("copy.db"), "SELECT count(*) FROM market_data"), "9");
  save_file(path_of("copy.db"), "no database", 11);
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 1));
  CHECK_TEXT(stored(path_of("copy.db"), "SELECT count(*) FROM market_data"), "9");
  CHECK_TEXT(other_files(), "copy.db");
  ds_store_free(store);
}

static void own_file_is_always_refused(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 3);
  REQUIRE(symlink(path, path_of("symbolic.db")) == 0);
  REQUIRE(link(path, path_of("hard.db")) == 0);
  static const char *const names[] = {"bars.db", "./bars.db", "symbolic.db", "hard.db"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    for (int32_t overwrite = 0; overwrite <= 1; overwrite++) {
      check_note("%s, overwrite %d", names[i], overwrite);
      CHECK_STATUS(ds_store_backup(store, path_of(names[i]), overwrite), DS_INVALID);
    }
  }
  check_note("%s", "");
  CHECK_INT(count_bars(store, EURUSD), 3);
  CHECK_TEXT(other_files(), "hard.db symbolic.db");
  REQUIRE(unlink(path_of("hard.db")) == 0);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "PRAGMA integrity_check"), "ok");
}

static void own_side_files_are_always_refused(void) {
  files_only("the store is a file");
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  REQUIRE(symlink(path_of("bars.db-wal"), path_of("symbolic")) == 0);
  REQUIRE(link(path_of("bars.db-shm"), path_of("hard")) == 0);
  REQUIRE(symlink(path_of("."), path_of("folder")) == 0);
  static const char *const names[] = {"bars.db-wal", "bars.db-shm", "bars.db-journal", "symbolic",
                                      "hard",        "folder/bars.db-wal", "folder/bars.db-journal"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    for (int32_t overwrite = 0; overwrite <= 1; overwrite++) {
      check_note("%s, overwrite %d", names[i], overwrite);
      CHECK_STATUS(ds_store_backup(store, path_of(names[i]), overwrite), DS_INVALID);
      CHECK_TEXT(other_files(), "folder hard symbolic");
    }
  }
  check_note("%s", "");
  write_hours(store, "GOOG", 3);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "6");
}

static void target_beside_a_wal_or_a_journal_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  static const char *const names[] = {"copy.db-wal", "copy.db-journal"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    for (int is_there = 0; is_there <= 1; is_there++) {
      for (int32_t overwrite = 0; overwrite <= 1; overwrite++) {
        check_note("%s, there %d, overwrite %d", names[i], is_there, overwrite);
        save_file(path_of(names[i]), "left", 4);
        if (is_there) save_file(path_of("copy.db"), "precious", 8);
        const char *found = other_files();
        char before[512];
        snprintf(before, sizeof before, "%s", found);
        CHECK_FAILS(ds_store_backup(store, path_of("copy.db"), overwrite), DS_INVALID, "copy.db");
        CHECK_TEXT(other_files(), before);
        file_copy left = load_file(path_of(names[i]));
        CHECK(left.size == 4 && memcmp(left.bytes, "left", 4) == 0);
        free(left.bytes);
        (void)unlink(path_of("copy.db"));
        REQUIRE(unlink(path_of(names[i])) == 0);
      }
    }
  }
  check_note("%s", "");
  ds_store_free(store);
}

static void backup_has_the_permissions_of_a_new_file(void) {
  umask(0002);
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 0));
  struct stat status;
  REQUIRE(stat(path_of("copy.db"), &status) == 0);
  CHECK_INT(status.st_mode & 0777, 0664);
  REQUIRE(chmod(path_of("copy.db"), 0600) == 0);
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 1));
  REQUIRE(stat(path_of("copy.db"), &status) == 0);
  CHECK_INT(status.st_mode & 0777, 0600);
  ds_store_free(store);
}

static void failed_backup_leaves_nothing(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  REQUIRE(mkdir(path_of("directory"), 0777) == 0);
  save_file(path_of("file"), "x", 1);
  static const struct {
    const char *target, *word;
    int32_t status;
  } cases[] = {{"absent/copy.db", "/absent", DS_STORAGE},
               {"file/copy.db", "/file", DS_STORAGE},
               {"directory", "/directory", DS_STORAGE}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    for (int32_t overwrite = 0; overwrite <= 1; overwrite++) {
      check_note("%s, overwrite %d", cases[i].target, overwrite);
      CHECK_FAILS(ds_store_backup(store, path_of(cases[i].target), overwrite), cases[i].status,
                  cases[i].word);
      CHECK_TEXT(other_files(), "directory file");
    }
  }
  check_note("%s", "");
  CHECK_FAILS(ds_store_backup(store, "", 1), DS_INVALID, "empty");
  CHECK_FAILS(ds_store_backup(store, path_of("copy.db"), 2), DS_INVALID, "overwrite");
  CHECK_TEXT(other_files(), "directory file");
  ds_store_free(store);
}

static void read_only_store_is_backed_up(void) {
  ds_store *writer = open_store(path_of("bars.db"));
  write_hours(writer, EURUSD, 3);
  ds_store *store = open_read_only(path_of("bars.db"));
  CHECK_OK(ds_store_backup(store, path_of("copy.db"), 0));
  CHECK_TEXT(stored(path_of("copy.db"), "SELECT count(*) FROM market_data"), "3");
  ds_store_free(store);
  ds_store_free(writer);
}

/* ---- While others write ---- */

static atomic_bool enough;

/* Each transaction writes ten bars: a snapshot holds a multiple of ten. */
static void *write_on(void *context) {
  ds_store *store = context;
  for (int64_t day = 0; !atomic_load(&enough); day++) {
    int64_t timestamps[10];
    for (int i = 0; i < 10; i++) timestamps[i] = T0 + day * DAY + i * HOUR;
    ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 10);
    CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  }
  return NULL;
}

static void backup_is_one_snapshot(void) {
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.durability = DS_DURABILITY_NORMAL;
  ds_store *store = NULL;
  REQUIRE_OK(ds_store_open(place_of(path_of("bars.db")), &options, &store));
  write_hours(store, "GOOG", 2000);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, write_on, store) == 0);
  for (int i = 0; i < 5; i++) {
    CHECK_OK(ds_store_backup(store, path_of("copy.db"), 1));
    CHECK_TEXT(stored(path_of("copy.db"), "PRAGMA integrity_check"), "ok");
    CHECK_TEXT(stored(path_of("copy.db"), "SELECT count(*) % 10 FROM market_data"
                                          " WHERE symbol = 'EURUSD'"),
               "0");
  }
  atomic_store(&enough, true);
  REQUIRE(pthread_join(thread, NULL) == 0);
  ds_store_free(store);
}

const check_test backup_tests[] = {
    {"backup_is_a_whole_store", backup_is_a_whole_store},
    {"existing_target_is_refused", existing_target_is_refused},
    {"overwrite_replaces_the_target", overwrite_replaces_the_target},
    {"own_file_is_always_refused", own_file_is_always_refused},
    {"own_side_files_are_always_refused", own_side_files_are_always_refused},
    {"target_beside_a_wal_or_a_journal_is_refused", target_beside_a_wal_or_a_journal_is_refused},
    {"backup_has_the_permissions_of_a_new_file", backup_has_the_permissions_of_a_new_file},
    {"failed_backup_leaves_nothing", failed_backup_leaves_nothing},
    {"read_only_store_is_backed_up", read_only_store_is_backed_up},
    {"backup_is_one_snapshot", backup_is_one_snapshot},
    {NULL, NULL},
};
