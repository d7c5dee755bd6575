/* test_hostile.c: files made to do harm, and files that came to harm.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "fixture.h"
#include "suites.h"

/* ---- SQL that a file brings along ---- */

static void triggers_are_not_run(void) {
  files_only("the store is a file");
  static const char *const tables[] = {"market_data", "market_requests", "system_state"};
  static const char *const events[] = {"INSERT", "UPDATE", "DELETE"};
  static const char *const times[] = {"BEFORE", "AFTER"};
  const char *path = path_of("bars.db");
  ds_store_free(open_store(path));
  foreign(path, "CREATE TABLE loot (what)");
  for (size_t i = 0; i < COUNT_OF(tables) * COUNT_OF(events) * COUNT_OF(times); i++) {
    const char *table = tables[i % 3], *event = events[i / 3 % 3], *time = times[i / 9];
    char statement[256];
    snprintf(statement, sizeof statement,
             "CREATE TRIGGER t%zu %s %s ON %s BEGIN INSERT INTO loot VALUES ('%s %s');"
             " SELECT RAISE(ABORT, 'stopped by a trigger'); END",
             i, time, event, table, event, table);
    foreign(path, statement);
  }
  ds_store *store = open_store(path);
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < store_call_count; i++) {
      check_note("%s", store_calls[i].name);
      CHECK_OK(store_calls[i].run(store));
    }
  }
  check_note("%s", "");
  int64_t rows = 0;
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, &rows));
  CHECK_INT(rows, 1);
  int32_t deleted = 0;
  CHECK_OK(ds_state_delete(store, "key", &deleted));
  CHECK_INT(deleted, 1);
  ds_texts *findings = NULL;
  CHECK_OK(ds_store_check(store, &findings));
  CHECK(ds_texts_count(findings) >= 1);
  ds_texts_free(findings);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM loot"), "0");
}

static void views_are_not_run(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store_free(open_store(path));
  foreign(path, "CREATE VIEW harmless AS SELECT 1 AS x");
  ds_store *store = open_store(path);
  ds_rows *rows = NULL;
  CHECK_FAILS(ds_sql(store, "SELECT x FROM harmless", NULL, 0, &rows), DS_INVALID, "");
  CHECK(rows == NULL);
  write_hours(store, EURUSD, 2);
  ds_store_free(store);
}

/* The schema has no further index, and one over an expression runs the file's SQL on each write. */
static void indexes_over_expressions_are_refused(void) {
  files_only("the store is a file");
  static const char *const expressions[] = {"abs(close)", "json_extract(features, '$.x')"};
  for (size_t i = 0; i < COUNT_OF(expressions); i++) {
    char name[32], statement[256];
    snprintf(name, sizeof name, "index%zu.db", i);
    snprintf(statement, sizeof statement, "CREATE INDEX sly ON market_data (%s)", expressions[i]);
    check_note("%s", statement);
    ds_store_free(open_store(path_of(name)));
    foreign(path_of(name), statement);
    ds_store *store = NULL;
    int32_t status = ds_store_open(path_of(name), NULL, &store);
    /* Some versions of SQLite hold json_extract() to be unsafe in a schema, and take the schema for damaged. */
    CHECK_FAILS(status, i == 1 && status == DS_CORRUPT ? DS_CORRUPT : DS_SCHEMA, "sly");
    CHECK(store == NULL);
  }
}

/* A CHECK is SQL that a file brings along, too: it is refused with the file, or never run. */
static void constraints_are_not_run(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  foreign(path, "CREATE TABLE system_state (key TEXT PRIMARY KEY, value JSON NOT NULL"
                " CHECK (abs(length(key)) < 0), updated_at TEXT NOT NULL)");
  ds_store *store = NULL;
  REQUIRE_OK(ds_store_open(path, NULL, &store));
  CHECK_OK(ds_state_set(store, "key", "1"));
  ds_store_free(store);
}

static void columns_with_sql_are_refused(void) {
  files_only("the store is a file");
  static const char *const columns[] = {
      "key TEXT PRIMARY KEY, value JSON NOT NULL, updated_at TEXT NOT NULL,"
      " sly AS (hex(value)) STORED",
      "key TEXT PRIMARY KEY, value JSON NOT NULL DEFAULT (hex('x')), updated_at TEXT NOT NULL",
  };
  for (size_t i = 0; i < COUNT_OF(columns); i++) {
    char name[32], statement[256];
    snprintf(name, sizeof name, "columns%zu.db", i);
    snprintf(statement, sizeof statement, "CREATE TABLE system_state (%s)", columns[i]);
    check_note("%s", statement);
    foreign(path_of(name), statement);
    ds_store *store = NULL;
    CHECK_FAILS(ds_store_open(path_of(name), NULL, &store), DS_SCHEMA, "system_state");
    CHECK(store == NULL);
  }
}

/* ---- Damage ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 32) % limit;
}

static void spoil_bytes(file_copy *file, uint32_t round) {
  if (round % 8 == 7) file->size = random_below((uint32_t)file->size);
  if (file->size == 0) return;
  uint32_t reach = round % 4 == 0 ? 100 : round % 4 == 1 ? 4096 : (uint32_t)file->size;
  if (reach > file->size) reach = (uint32_t)file->size;
  uint32_t changes = 1 + random_below(8);
  for (uint32_t i = 0; i < changes; i++) {
    file->bytes[random_below(reach)] = (unsigned char)random_below(256);
  }
}

static void remove_side_files(const char *path) {
  static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
  for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
    char name[600];
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    unlink(name);
  }
}

static void check_sane(int32_t status) {
  CHECK(status >= DS_OK && status < DS_INTERNAL);
  if (status != DS_OK) CHECK(ds_last_error()[0] != '\0');
}

static void damaged_files_never_crash(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 40);
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  for (size_t i = 0; i < store_call_count; i++) CHECK_OK(store_calls[i].run(store));
  ds_store_free(store);
  file_copy sound = load_file(path);
  unsigned char *bytes = malloc(sound.size);
  REQUIRE(bytes != NULL);
  char *spoilt_path = strdup(path_of("spoilt.db"));
  for (uint32_t round = 0; round < 200; round++) {
    check_note("damage %u", round);
    random_state = UINT64_C(0x9e3779b97f4a7c15) * (round + 1);
    memcpy(bytes, sound.bytes, sound.size);
    file_copy spoilt = {bytes, sound.size};
    spoil_bytes(&spoilt, round);
    remove_side_files(spoilt_path);
    save_file(spoilt_path, spoilt.bytes, spoilt.size);
    ds_open_options options = {sizeof options, DS_DURABILITY_NORMAL, 0, 1, 1};
    store = NULL;
    int32_t status = ds_store_open(spoilt_path, &options, &store);
    check_sane(status);
    if (status != DS_OK) continue;
    for (size_t i = 0; i < store_call_count; i++) {
      check_note("damage %u, %s", round, store_calls[i].name);
      check_sane(store_calls[i].run(store));
    }
    ds_store_free(store);
  }
  free(spoilt_path);
  free(bytes);
  free(sound.bytes);
}

/* What a power cut leaves of a WAL may be anything: SQLite takes the frames that are whole. */
static void rubbish_in_the_wal_is_ignored(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 10);
  ds_store_free(store);
  unsigned char rubbish[20000];
  random_state = 1;
  for (size_t i = 0; i < sizeof rubbish; i++) rubbish[i] = (unsigned char)random_below(256);
  static const size_t sizes[] = {1, 31, 32, 33, 4096, sizeof rubbish};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    check_note("%zu bytes", sizes[i]);
    char *wal = strdup(path_of("bars.db-wal"));
    save_file(wal, rubbish, sizes[i]);
    free(wal);
    store = open_store(path_of("bars.db"));
    CHECK_INT(count_bars(store, EURUSD), 10);
    write_hours(store, EURUSD, 10);
    ds_store_free(store);
  }
  CHECK_TEXT(stored(path_of("bars.db"), "PRAGMA integrity_check"), "ok");
}

const check_test hostile_tests[] = {
    {"triggers_are_not_run", triggers_are_not_run},
    {"views_are_not_run", views_are_not_run},
    {"indexes_over_expressions_are_refused", indexes_over_expressions_are_refused},
    {"constraints_are_not_run", constraints_are_not_run},
    {"columns_with_sql_are_refused", columns_with_sql_are_refused},
    {"damaged_files_never_crash", damaged_files_never_crash},
    {"rubbish_in_the_wal_is_ignored", rubbish_in_the_wal_is_ignored},
    {NULL, NULL},
};
