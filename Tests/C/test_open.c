/* test_open.c: "Store": what ds_store_open() makes, takes and refuses.
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

static const char *const tables_query =
    "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type = 'table'"
    " ORDER BY name)";

static int files_in_directory(void) {
  DIR *directory = opendir(path_of("."));
  REQUIRE(directory != NULL);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] != '.') count++;
  }
  closedir(directory);
  return count;
}

/* `path` is refused with `status`, and nothing in the directory changes. */
static void check_refused(const char *path, int32_t status) {
  file_copy before = load_file(path);
  int files = files_in_directory();
  for (int read_only = 0; read_only <= 1; read_only++) {
    check_note("%s, read_only %d", path, read_only);
    ds_open_options options = DS_OPEN_OPTIONS_INIT;
    options.read_only = read_only;
    ds_store *store = NULL;
    CHECK_FAILS(ds_store_open(path, &options, &store), status, path);
    CHECK(store == NULL);
    CHECK(file_is(path, before));
    CHECK_INT(files_in_directory(), files);
  }
  check_note("%s", "");
  free(before.bytes);
}

/* ---- What is taken ---- */

static void absent_file_is_made(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store_free(open_store(path));
  CHECK_TEXT(stored(path, tables_query), "market_data,market_requests,system_state");
  CHECK_TEXT(stored(path, "PRAGMA user_version"), "1");
  CHECK_TEXT(stored(path, "PRAGMA journal_mode"), "wal");
  CHECK_TEXT(stored(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
                          " AND name NOT LIKE 'sqlite_autoindex_%'"),
             "0");
  CHECK_TEXT(stored(path, "SELECT name, type, \"notnull\", dflt_value, pk"
                          " FROM pragma_table_info('market_data')"),
             "symbol|TEXT|1|NULL|1\ntimeframe|TEXT|1|NULL|2\ntimestamp|TEXT|1|NULL|3\n"
             "open|REAL|0|NULL|0\nhigh|REAL|0|NULL|0\nlow|REAL|0|NULL|0\nclose|REAL|0|NULL|0\n"
             "volume|REAL|0|NULL|0\nsource|TEXT|0|NULL|0\nquality|TEXT|0|NULL|0\n"
             "is_gap|INTEGER|0|0|0\nlatency_sec|REAL|0|NULL|0\nfeatures|JSON|0|NULL|0");
  CHECK_TEXT(stored(path, "SELECT name, type, \"notnull\", dflt_value, pk"
                          " FROM pragma_table_info('market_requests')"),
             "symbol|TEXT|1|NULL|1\ntimeframe|TEXT|1|NULL|2\nrequested_at|TEXT|1|NULL|3\n"
             "provider_used|TEXT|1|NULL|0\nfallback_used|INTEGER|0|0|0\nstart_ts|TEXT|1|NULL|0\n"
             "end_ts|TEXT|1|NULL|0\ncoverage_ratio|REAL|0|NULL|0\ngap_count|INTEGER|0|NULL|0\n"
             "quality|TEXT|0|NULL|0\nnotes|TEXT|0|NULL|0");
  CHECK_TEXT(stored(path, "SELECT name, type, \"notnull\", dflt_value, pk"
                          " FROM pragma_table_info('system_state')"),
             "key|TEXT|0|NULL|1\nvalue|JSON|1|NULL|0\nupdated_at|TEXT|1|NULL|0");
}

static void empty_file_is_made_a_store(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  save_file(path, "", 0);
  ds_store_free(open_store(path));
  CHECK_TEXT(stored(path, tables_query), "market_data,market_requests,system_state");
  CHECK_TEXT(stored(path, "PRAGMA user_version"), "1");
}

static void umask_decides_the_mode(void) {
  files_only("the store is a file");
  static const mode_t masks[] = {0077, 0022, 0002, 0};
  for (size_t i = 0; i < COUNT_OF(masks); i++) {
    char name[32];
    snprintf(name, sizeof name, "mask%zu.db", i);
    const char *path = path_of(name);
    umask(masks[i]);
    ds_store *store = open_store(path);
    struct stat status;
    REQUIRE(stat(path, &status) == 0);
    CHECK_INT(status.st_mode & 0777, 0666 & ~masks[i]);
    ds_store_free(store);
  }
}

static void file_of_the_specification_is_taken_as_it_is(void) {
  files_only("the store is a file");
  const char *path = path_of("python.db");
  foreign(path,
          "CREATE TABLE IF NOT EXISTS market_data (\n    symbol TEXT NOT NULL,\n    timeframe TEXT"
          " NOT NULL,\n    timestamp TEXT NOT NULL,\n    open REAL,\n    high REAL,\n    low REAL,\n"
          "    close REAL,\n    volume REAL,\n    source TEXT,\n    quality TEXT,\n"
          "    is_gap INTEGER DEFAULT 0,\n    latency_sec REAL,\n    features JSON,\n"
          "    PRIMARY KEY (symbol, timeframe, timestamp)\n);"
          "CREATE TABLE market_requests (symbol TEXT NOT NULL, timeframe TEXT NOT NULL,"
          " requested_at TEXT NOT NULL, provider_used TEXT NOT NULL,"
          " fallback_used INTEGER DEFAULT 0, start_ts TEXT NOT NULL, end_ts TEXT NOT NULL,"
          " coverage_ratio REAL, gap_count INTEGER, quality TEXT, notes TEXT,"
          " PRIMARY KEY (symbol, timeframe, requested_at));"
          "CREATE TABLE system_state (key TEXT PRIMARY KEY, value JSON NOT NULL,"
          " updated_at TEXT NOT NULL);"
          "INSERT INTO market_data (symbol, timeframe, timestamp, close)"
          " VALUES ('EURUSD', '1h', '" T0_TEXT "', 1.5)");
  ds_store *store = open_store(path);
  CHECK_INT(count_bars(store, EURUSD), 1);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "PRAGMA user_version"), "0");
}

static void missing_tables_are_added(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  foreign(path, "CREATE TABLE system_state (key TEXT PRIMARY KEY, value JSON NOT NULL,"
                " updated_at TEXT NOT NULL);"
                "CREATE TABLE notes_of_mine (x); INSERT INTO notes_of_mine VALUES (7)");
  ds_store_free(open_store(path));
  CHECK_TEXT(stored(path, tables_query),
             "market_data,market_requests,notes_of_mine,system_state");
  CHECK_TEXT(stored(path, "SELECT x FROM notes_of_mine"), "7");
}

static void symbolic_link_is_followed(void) {
  files_only("the store is a file");
  const char *target = path_of("bars.db");
  const char *link_path = path_of("link.db");
  ds_store *store = open_store(target);
  write_hours(store, EURUSD, 3);
  REQUIRE(symlink(target, link_path) == 0);
  ds_store *linked = open_store(link_path);
  CHECK_TEXT(ds_store_path(linked), ds_store_path(store));
  CHECK_INT(count_bars(linked, EURUSD), 3);
  ds_store_free(linked);
  ds_store_free(store);
}

/* SQLite knows names with a meaning of their own; here a path is a path. */
static void path_is_only_a_path(void) {
  files_only("the store is a file");
  REQUIRE(chdir(path_of(".")) == 0);
  static const char *const names[] = {"./:memory:", "./file:x.db?mode=memory", "a b'\"%;.db",
                                      "\xc3\xa9\xe2\x82\xac.db", "-.db"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    check_note("%s", names[i]);
    ds_store *store = open_store(names[i]);
    CHECK(exists(path_of(names[i])));
    char *resolved = realpath(names[i], NULL);
    CHECK_TEXT(ds_store_path(store), resolved);
    free(resolved);
    ds_store_free(store);
  }
}

/* ---- What is refused ---- */

static void other_files_are_refused(void) {
  files_only("the store is a file");
  static const char diary[] = "Dear diary, today the market was closed.\n";
  save_file(path_of("notes.txt"), diary, strlen(diary));
  check_refused(path_of("notes.txt"), DS_SCHEMA);
  foreign(path_of("other.db"), "CREATE TABLE elsewhere (x); INSERT INTO elsewhere VALUES (1)");
  check_refused(path_of("other.db"), DS_SCHEMA);
}

static void other_columns_are_refused(void) {
  files_only("the store is a file");
  foreign(path_of("columns.db"), "CREATE TABLE market_data (symbol TEXT, price REAL)");
  check_refused(path_of("columns.db"), DS_SCHEMA);
  foreign(path_of("types.db"), "CREATE TABLE system_state (key TEXT PRIMARY KEY,"
                               " value TEXT NOT NULL, updated_at TEXT NOT NULL)");
  check_refused(path_of("types.db"), DS_SCHEMA);
  foreign(path_of("key.db"), "CREATE TABLE system_state (key TEXT, value JSON NOT NULL,"
                             " updated_at TEXT NOT NULL)");
  check_refused(path_of("key.db"), DS_SCHEMA);
  foreign(path_of("view.db"),
          "CREATE TABLE t (key, value, updated_at);"
          "CREATE VIEW system_state AS SELECT key, value, updated_at FROM t");
  check_refused(path_of("view.db"), DS_SCHEMA);
}

static void newer_version_is_refused(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store_free(open_store(path));
  foreign(path, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 2");
  check_refused(path, DS_SCHEMA);
}

static void places_without_a_file_are_refused(void) {
  files_only("the store is a file");
  REQUIRE(mkdir(path_of("directory"), 0777) == 0);
  REQUIRE(symlink(path_of("nowhere"), path_of("dangling")) == 0);
  static const struct {
    const char *path, *word;
  } cases[] = {{"directory", "/directory"},
               {"dangling", "/dangling"},
               {"absent/bars.db", "/absent"},
               {"dangling/bars.db", "/dangling"}};
  int files = files_in_directory();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ds_store *store = NULL;
    CHECK_FAILS(ds_store_open(path_of(cases[i].path), NULL, &store), DS_STORAGE, cases[i].word);
    CHECK(store == NULL);
  }
  CHECK_INT(files_in_directory(), files);
  CHECK(!exists(path_of("nowhere")));
}

static void bad_paths_are_refused(void) {
  files_only("the store is a file");
  ds_store *store = NULL;
  CHECK_FAILS(ds_store_open("", NULL, &store), DS_INVALID, "path");
  char *endless = long_text(100000, 'p');
  CHECK_STATUS(ds_store_open(endless, NULL, &store), DS_STORAGE);
  free(endless);
  CHECK(store == NULL);
}

static void uris_are_refused(void) {
  files_only("the store is a file");
  REQUIRE(chdir(path_of(".")) == 0);
  ds_store *store = open_store("bars.db");
  int files = files_in_directory();
  static const char *const names[] = {":memory:", "file:bars.db", "file:bars.db?mode=ro", "sqlite:///bars.db",
                                      "sqlite+aiosqlite:///bars.db", "s3://bucket/bars.db"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    check_note("%s", names[i]);
    for (int read_only = 0; read_only <= 1; read_only++) {
      ds_open_options options = DS_OPEN_OPTIONS_INIT;
      options.read_only = read_only;
      ds_store *other = NULL;
      CHECK_FAILS(ds_store_open(names[i], &options, &other), DS_INVALID, "pass");
      CHECK(other == NULL);
      CHECK_FAILS(ds_store_backup(store, names[i], read_only), DS_INVALID, "pass");
    }
    CHECK_INT(files_in_directory(), files);
  }
  ds_store_free(store);
}

static void long_paths_say_so(void) {
  files_only("the store is a file");
  char *name = long_text(248, 'n');
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", path_of("."), name);
  ds_store *store = NULL;
  CHECK_FAILS(ds_store_open(path, NULL, &store), DS_STORAGE, "too long");
  free(name);
  name = long_text(300, 'n');
  snprintf(path, sizeof path, "%s/%s", path_of("."), name);
  CHECK_FAILS(ds_store_open(path, NULL, &store), DS_STORAGE, "too long");
  free(name);
  CHECK_INT(files_in_directory(), 0);
}

static void what_is_left_of_another_file_is_not_taken_over(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db"), *wal = path_of("bars.db-wal");
  for (int is_there = 0; is_there <= 1; is_there++) {
    save_file(wal, "what was committed last", 23);
    if (is_there) save_file(path, "", 0);
    file_copy before = load_file(wal);
    for (int read_only = 0; read_only <= 1; read_only++) {
      check_note("there %d, read_only %d", is_there, read_only);
      ds_open_options options = DS_OPEN_OPTIONS_INIT;
      options.read_only = read_only;
      ds_store *store = NULL;
      CHECK_FAILS(ds_store_open(path, &options, &store), DS_STORAGE, "-wal");
      CHECK(file_is(wal, before));
      CHECK_INT(files_in_directory(), 1 + is_there);
    }
    free(before.bytes);
  }
}

static void side_files_are_no_stores(void) {
  files_only("the store is a file");
  ds_store *store = open_store(path_of("bars.db"));
  static const char *const names[] = {"bars.db-wal", "bars.db-shm", "bars.db-journal"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    ds_store *other = NULL;
    CHECK_FAILS(ds_store_open(path_of(names[i]), NULL, &other), DS_INVALID, "bars.db");
  }
  ds_store_free(store);
}

static void bad_options_are_refused(void) {
  files_only("the store is a file");
  static const struct {
    const char *what;
    ds_open_options options;
  } cases[] = {
      {"durability", {sizeof(ds_open_options), 2, 0, 10, 1}},
      {"durability", {sizeof(ds_open_options), -1, 0, 10, 1}},
      {"read_only", {sizeof(ds_open_options), 0, 2, 10, 1}},
      {"timeout", {sizeof(ds_open_options), 0, 0, -0.001, 1}},
      {"timeout", {sizeof(ds_open_options), 0, 0, 1000000.5, 1}},
      {"timeout", {sizeof(ds_open_options), 0, 0, INFINITY, 1}},
      {"timeout", {sizeof(ds_open_options), 0, 0, NAN, 1}},
      {"struct_size", {0, 0, 0, 10, 1}},
      {"fast_paths", {sizeof(ds_open_options), 0, 0, 10, 2}},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu: %s", i, cases[i].what);
    ds_store *store = NULL;
    CHECK_FAILS(ds_store_open(path_of("bars.db"), &cases[i].options, &store), DS_INVALID,
                cases[i].what);
    CHECK(store == NULL);
  }
  CHECK(!exists(path_of("bars.db")));
}

const check_test open_tests[] = {
    {"absent_file_is_made", absent_file_is_made},
    {"empty_file_is_made_a_store", empty_file_is_made_a_store},
    {"umask_decides_the_mode", umask_decides_the_mode},
    {"file_of_the_specification_is_taken_as_it_is", file_of_the_specification_is_taken_as_it_is},
    {"missing_tables_are_added", missing_tables_are_added},
    {"symbolic_link_is_followed", symbolic_link_is_followed},
    {"path_is_only_a_path", path_is_only_a_path},
    {"other_files_are_refused", other_files_are_refused},
    {"other_columns_are_refused", other_columns_are_refused},
    {"newer_version_is_refused", newer_version_is_refused},
    {"places_without_a_file_are_refused", places_without_a_file_are_refused},
    {"bad_paths_are_refused", bad_paths_are_refused},
    {"uris_are_refused", uris_are_refused},
    {"long_paths_say_so", long_paths_say_so},
    {"what_is_left_of_another_file_is_not_taken_over", what_is_left_of_another_file_is_not_taken_over},
    {"side_files_are_no_stores", side_files_are_no_stores},
    {"bad_options_are_refused", bad_options_are_refused},
    {NULL, NULL},
};
