/* SPDX-License-Identifier: MIT */
#include "database.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataset.h"

sqlite3 *database_open(const char *path, const char *synchronous) {
  sqlite3 *database;
  int flags = SQLITE_OPEN_READWRITE;
  if (getenv("YARDSTICK_NOMUTEX")) flags |= SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK)
    fail("cannot open %s: %s", path, sqlite3_errmsg(database));
  sqlite3_busy_timeout(database, 10000);
  char pragmas[200];
  snprintf(pragmas, sizeof pragmas,
           "PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA temp_store=MEMORY", synchronous);
  execute(database, pragmas);
  return database;
}

void database_close(sqlite3 *database) {
  if (sqlite3_close(database) != SQLITE_OK) fail("close: %s", sqlite3_errmsg(database));
}

void execute(sqlite3 *database, const char *sql) {
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
    fail("%s: %s", sql, sqlite3_errmsg(database));
}

sqlite3_stmt *prepare(sqlite3 *database, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
    fail("%s: %s", sql, sqlite3_errmsg(database));
  return statement;
}

int step(sqlite3_stmt *statement) {
  const int result = sqlite3_step(statement);
  if (result != SQLITE_ROW && result != SQLITE_DONE)
    fail("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(sqlite3_db_handle(statement)));
  return result == SQLITE_ROW;
}

void run(sqlite3_stmt *statement) {
  if (step(statement)) fail("%s gives rows", sqlite3_sql(statement));
  sqlite3_reset(statement);
}
