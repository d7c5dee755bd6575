/* test_maintenance.c: "Maintenance": check, checkpoint, info, the connection script.
 * SPDX-License-Identifier: MIT
 */
#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fixture.h"
#include "suites.h"

/* How many findings; `word` is in at least one of them (NULL: does not matter). */
static int64_t findings_of(ds_store *store, const char *word) {
  ds_texts *findings = NULL;
  REQUIRE_OK(ds_store_check(store, &findings));
  REQUIRE(findings != NULL);
  int64_t count = ds_texts_count(findings);
  const char *const *items = ds_texts_items(findings);
  bool found = word == NULL;
  for (int64_t i = 0; i < count; i++) {
    CHECK(items[i] != NULL && items[i][0] != '\0');
    if (word != NULL && strstr(items[i], word) != NULL) found = true;
  }
  check_note("findings about \"%s\"", word ? word : "");
  CHECK(found);
  check_note("%s", "");
  ds_texts_free(findings);
  return count;
}

static void sound_file_has_no_findings(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_INT(findings_of(store, NULL), 0);
  write_hours(store, EURUSD, 100);
  CHECK_OK(write_json(store, T0, "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", 0));
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_INT(findings_of(store, NULL), 0);
  ds_store_free(store);
}

static void what_others_left_is_found(void) {
  files_only("a column of text takes what a typed column refuses");
  static const struct {
    const char *statement, *word;
  } cases[] = {
      {"UPDATE market_data SET timestamp = 'yesterday' WHERE timestamp = '" T0_TEXT "'",
       "yesterday"},
      {"UPDATE market_data SET timestamp = '2026-03-01 15:00:00Z' WHERE timestamp = '" T0_TEXT "'",
       "EURUSD"},
      {"UPDATE market_data SET features = '{oops'", "features"},
      {"UPDATE market_data SET open = 'cheap'", "open"},
      {"CREATE TRIGGER spy AFTER INSERT ON market_data BEGIN DELETE FROM system_state; END", "spy"},
      {"UPDATE system_state SET value = 'oops'", "key"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char name[32];
    snprintf(name, sizeof name, "found%zu.db", i);
    const char *path = path_of(name);
    ds_store *store = open_store(path);
    write_hours(store, EURUSD, 2);
    CHECK_OK(ds_state_set(store, "key", "[1]"));
    foreign(path, cases[i].statement);
    CHECK(findings_of(store, cases[i].word) >= 1);
    ds_store_free(store);
  }
}

static void damaged_pages_are_found(void) {
  files_only("the store is a file");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 2000);
  ds_store_free(store);
  file_copy file = load_file(path);
  REQUIRE(file.size > 16 * 4096);
  memset(file.bytes + file.size / 2 / 4096 * 4096, 0x5a, 4096);
  save_file(path, file.bytes, file.size);
  free(file.bytes);
  store = NULL;
  int32_t status = ds_store_open(path, NULL, &store);
  if (status != DS_OK) {
    CHECK_STATUS(status, DS_CORRUPT);
    return;
  }
  ds_texts *findings = NULL;
  status = ds_store_check(store, &findings);
  if (status == DS_OK) {
    CHECK(ds_texts_count(findings) >= 1);
  } else {
    CHECK_FAILS(status, DS_CORRUPT, "");
  }
  ds_texts_free(findings);
  ds_store_free(store);
}

/* ---- Checkpoint ---- */

static void checkpoint_folds_the_wal(void) {
  files_only("checkpoints are the server's own business");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 1000);
  ds_checkpoint_result result = DS_CHECKPOINT_RESULT_INIT;
  CHECK_OK(ds_store_checkpoint(store, &result));
  CHECK(result.wal_frames > 0);
  CHECK_INT(result.checkpointed, result.wal_frames);
  CHECK_INT(result.held_back, 0);
  CHECK_OK(ds_store_checkpoint(store, NULL));
  CHECK_INT(count_bars(store, EURUSD), 1000);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM market_data"), "1000");
}

static void readers_hold_the_wal_back(void) {
  files_only("checkpoints are the server's own business");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 10);
  sqlite3 *reader = NULL;
  REQUIRE(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
  REQUIRE(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM market_data", NULL, NULL, NULL) ==
          SQLITE_OK);
  write_hours(store, "GOOG", 1000);
  ds_checkpoint_result result = DS_CHECKPOINT_RESULT_INIT;
  CHECK_OK(ds_store_checkpoint(store, &result));
  CHECK(result.held_back > 0);
  CHECK_INT(result.checkpointed + result.held_back, result.wal_frames);
  REQUIRE(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
  CHECK_OK(ds_store_checkpoint(store, &result));
  CHECK_INT(result.held_back, 0);
  CHECK_INT(result.checkpointed, result.wal_frames);
  sqlite3_close(reader);
  ds_store_free(store);
}

/* ---- Info ---- */

static void info_tells_of_the_store(void) {
  files_only("info() tells of files");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 7);
  CHECK_OK(ds_state_set(store, "a", "1"));
  CHECK_OK(ds_state_set(store, "b", "1"));
  ds_info info = DS_INFO_INIT;
  CHECK_OK(ds_store_info(store, &info));
  CHECK(info.path == ds_store_path(store));
  CHECK_TEXT(info.sqlite_version, sqlite3_libversion());
  CHECK_TEXT(info.sqlite_source_id, sqlite3_sourceid());
  CHECK_TEXT(info.journal_mode, "wal");
  CHECK_TEXT(info.synchronous, "FULL");
  CHECK_INT(info.durability, DS_DURABILITY_FULL);
  CHECK_INT(info.read_only, 0);
  CHECK_INT(info.market_data_rows, 7);
  CHECK_INT(info.market_requests_rows, 0);
  CHECK_INT(info.system_state_rows, 2);
  int version = sqlite3_libversion_number();
  bool safe = version >= 3051003 || (version >= 3050007 && version < 3051000) ||
              (version >= 3044006 && version < 3045000);
  CHECK_INT(info.wal_reset_safe, safe);
  CHECK_INT(info.page_size, atoi(stored(path, "PRAGMA page_size")));
  struct stat status;
  REQUIRE(stat(path, &status) == 0);
  CHECK_INT(info.file_bytes, status.st_size);
  char wal[512];
  snprintf(wal, sizeof wal, "%s-wal", path);
  REQUIRE(stat(wal, &status) == 0);
  CHECK_INT(info.wal_bytes, status.st_size);
  ds_store_free(store);
}

static void info_tells_of_the_last_checkpoint(void) {
  files_only("checkpoints are the server's own business");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 10);
  ds_info info = DS_INFO_INIT;
  info.last_checkpoint = 1;
  CHECK_OK(ds_store_info(store, &info));
  CHECK(info.last_checkpoint == DS_NO_TIME);
  CHECK_INT(info.last_checkpoint_wal_frames, 0);

  sqlite3 *reader = NULL;
  REQUIRE(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
  REQUIRE(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM market_data", NULL, NULL, NULL) ==
          SQLITE_OK);
  write_hours(store, "GOOG", 1000);
  ds_checkpoint_result result = DS_CHECKPOINT_RESULT_INIT;
  time_t before = time(NULL);
  CHECK_OK(ds_store_checkpoint(store, &result));
  CHECK_OK(ds_store_info(store, &info));
  CHECK(info.last_checkpoint / 1000000000 >= before && info.last_checkpoint / 1000000000 <= time(NULL));
  CHECK(result.held_back > 0);
  CHECK_INT(info.last_checkpoint_wal_frames, result.wal_frames);
  CHECK_INT(info.last_checkpoint_checkpointed, result.checkpointed);
  CHECK_INT(info.last_checkpoint_held_back, result.held_back);
  sqlite3_close(reader);

  /* A caller from before these members gets no more than it has room for. */
  ds_info older = DS_INFO_INIT;
  older.struct_size = offsetof(ds_info, last_checkpoint);
  older.last_checkpoint = 1;
  CHECK_OK(ds_store_info(store, &older));
  CHECK_INT(older.last_checkpoint, 1);
  CHECK_INT(older.market_data_rows, 1010);
  ds_store_free(store);
}

static void info_of_a_file_tells_of_no_server(void) {
  files_only("info() tells of files");
  ds_store *store = open_store(path_of("bars.db"));
  ds_info info = DS_INFO_INIT;
  info.server_version = 1;
  info.server_fsync = 1;
  CHECK_OK(ds_store_info(store, &info));
  CHECK_INT(info.server_version, 0);
  CHECK_INT(info.server_standby, 0);
  CHECK_INT(info.server_fsync, 0);
  CHECK_INT(info.server_full_page_writes, 0);
  CHECK(info.server_schema == NULL);
  CHECK(info.server_synchronous_commit == NULL);
  ds_store_free(store);
}

static void info_tells_of_a_reader(void) {
  files_only("info() tells of files");
  const char *path = path_of("bars.db");
  ds_store_free(open_store(path));
  ds_store *store = open_read_only(path);
  ds_info info = DS_INFO_INIT;
  CHECK_OK(ds_store_info(store, &info));
  CHECK_INT(info.read_only, 1);
  CHECK_TEXT(info.journal_mode, "wal");
  ds_store_free(store);
}

/* ---- Connections of other SQLite clients ---- */

static int pragma_number(sqlite3 *connection, const char *query) {
  sqlite3_stmt *statement = NULL;
  REQUIRE(sqlite3_prepare_v2(connection, query, -1, &statement, NULL) == SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  int number = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return number;
}

static void connection_script_sets_a_connection_up(void) {
  files_only("get_connection() is sqlite3's");
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  char *script = NULL;
  REQUIRE_OK(ds_store_connection_script(store, &script));
  sqlite3 *connection = NULL;
  REQUIRE(sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
  CHECK_INT(sqlite3_exec(connection, script, NULL, NULL, NULL), SQLITE_OK);
  ds_text_free(script);
  CHECK_INT(pragma_number(connection, "PRAGMA synchronous"), 1);
  CHECK_INT(pragma_number(connection, "PRAGMA temp_store"), 2);
  CHECK_INT(pragma_number(connection, "PRAGMA wal_autocheckpoint"), 0);
  REQUIRE(sqlite3_exec(connection, "INSERT INTO system_state VALUES ('own', '1', '" T0_TEXT "')",
                       NULL, NULL, NULL) == SQLITE_OK);
  sqlite3_close(connection);
  char *json = NULL;
  CHECK_OK(ds_state_get(store, "own", &json));
  CHECK_TEXT(json, "1");
  ds_text_free(json);
  ds_store_free(store);
  CHECK_TEXT(stored(path, "PRAGMA journal_mode"), "wal");
}

static void another_copy_of_sqlite_is_told_apart(void) {
  /* This program is linked with the library's own. */
  CHECK_OK(ds_sqlite_is_shared((const void *)(uintptr_t)sqlite3_libversion));
  CHECK_FAILS(ds_sqlite_is_shared((const void *)(uintptr_t)sqlite3_sourceid), DS_INVALID, "sql()");
  CHECK_FAILS(ds_sqlite_is_shared(NULL), DS_INVALID, "copy of SQLite");
}

const check_test maintenance_tests[] = {
    {"sound_file_has_no_findings", sound_file_has_no_findings},
    {"what_others_left_is_found", what_others_left_is_found},
    {"damaged_pages_are_found", damaged_pages_are_found},
    {"checkpoint_folds_the_wal", checkpoint_folds_the_wal},
    {"readers_hold_the_wal_back", readers_hold_the_wal_back},
    {"info_tells_of_the_store", info_tells_of_the_store},
    {"info_tells_of_the_last_checkpoint", info_tells_of_the_last_checkpoint},
    {"info_of_a_file_tells_of_no_server", info_of_a_file_tells_of_no_server},
    {"info_tells_of_a_reader", info_tells_of_a_reader},
    {"connection_script_sets_a_connection_up", connection_script_sets_a_connection_up},
    {"another_copy_of_sqlite_is_told_apart", another_copy_of_sqlite_is_told_apart},
    {NULL, NULL},
};
