/* sound.c: files to spoil: of this library and of another tool, with a -wal waiting and without, with small pages and
 * large, with values that need pages of their own.
 * SPDX-License-Identifier: MIT
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutated.h"

static void run_sql(const char *path, const char *sql) {
  sqlite3 *connection = NULL;
  must(sqlite3_open(path, &connection) == SQLITE_OK, "plain SQLite opens a new file");
  must(sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(connection));
  sqlite3_close(connection);
}

static void fill(ds_store *store) {
  static const char *const symbol = "EURUSD", *const hourly = "1h", *const feed = "feed";
  static const char *const ready = "ready";
  int64_t times[BARS];
  double closes[BARS], values[BARS];
  for (int i = 0; i < BARS; i++) {
    times[i] = T0 + i * HOUR;
    closes[i] = i + 0.5;
    values[i] = i;
  }
  const ds_feature_column features[] = {{"a@1", values, NULL, NULL, {NULL, &ready, 1}},
                                        {"b@1", closes, NULL, NULL, {NULL, &ready, 1}}};
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = BARS;
  batch.timestamps = times;
  batch.symbol = (ds_text_column){NULL, &symbol, 1};
  batch.timeframe = (ds_text_column){NULL, &hourly, 1};
  batch.close = closes;
  batch.source = (ds_text_column){NULL, &feed, 1};
  batch.features = features;
  batch.feature_count = 2;
  must(ds_market_write(store, &batch, 0, NULL) == DS_OK, ds_last_error());
  must(ds_state_set(store, "phase", "{\"long\":[1,2.5,null]}") == DS_OK, ds_last_error());
  must(ds_state_set(store, "count", "42") == DS_OK, ds_last_error());
  for (int i = 0; i < 5; i++) {
    ds_request request = DS_REQUEST_INIT;
    request.symbol = symbol;
    request.timeframe = hourly;
    request.start_ts = T0;
    request.end_ts = T0 + i * HOUR;
    request.provider_used = feed;
    must(ds_market_record_request(store, &request, NULL) == DS_OK, ds_last_error());
  }
}

/* Values that do not fit a page, and room that was given back. */
static void fill_with_large_values(ds_store *store) {
  char *text = malloc(100002);
  must(text != NULL, "memory");
  memset(text, 'x', 100001);
  text[0] = text[100000] = '"';
  text[100001] = '\0';
  char key[16];
  for (int i = 0; i < 4; i++) {
    snprintf(key, sizeof key, "large %d", i);
    must(ds_state_set(store, key, text) == DS_OK, ds_last_error());
  }
  must(ds_state_delete(store, "large 1", NULL) == DS_OK, ds_last_error());
  free(text);
}

/* What other tools write: their forms of times, numbers as integers, an index, statistics. */
static const char *const another_tool =
    "INSERT INTO market_data(symbol, timeframe, timestamp, close) VALUES ('GBPUSD', '1h', '2026-03-01 15:00:00', 1),"
    " ('GBPUSD', '1h', '2026-03-01T16:00:00Z', 2), ('GBPUSD', '1d', '20260301', 3);"
    "CREATE TABLE notes(what); INSERT INTO notes VALUES ('x'), ('y'); CREATE INDEX by_what ON notes(what); ANALYZE;";

void make_sound_files(const char *folder, database sound[SOUND_FILES]) {
  static const char *const before[SOUND_FILES] = {
      NULL, NULL, "PRAGMA page_size=512; CREATE TABLE t(x); DROP TABLE t;",
      "PRAGMA page_size=1024; PRAGMA auto_vacuum=INCREMENTAL; CREATE TABLE t(x); DROP TABLE t;",
      "PRAGMA page_size=4096; PRAGMA encoding='UTF-16le'; CREATE TABLE t(x); DROP TABLE t;"};
  char path[512], wal[520];
  for (int kind = 0; kind < SOUND_FILES; kind++) {
    snprintf(path, sizeof path, "%s/sound%d.db", folder, kind);
    snprintf(wal, sizeof wal, "%s-wal", path);
    /* A process that ends without closing leaves a -wal behind. */
    pid_t child = fork();
    if (child == 0) {
      if (before[kind] != NULL) run_sql(path, before[kind]);
      ds_store *store = NULL;
      must(ds_store_open(path, NULL, &store) == DS_OK, ds_last_error());
      fill(store);
      if (kind >= 2) fill_with_large_values(store);
      if (kind == 0 || kind == 3) ds_store_free(store);
      if (kind == 3) run_sql(path, another_tool);
      _exit(0);
    }
    int status = -1;
    must(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a sound file is made");
    sound[kind] = (database){load(path), load(wal)};
    must(sound[kind].main.size > 0 && (sound[kind].wal.size > 0) == (kind != 0 && kind != 3),
         "the -wal waits where it should");
    remove_store(path);
  }
}
