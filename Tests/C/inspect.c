/* inspect.c: the file as another tool sees it: plain SQLite, no data_store.
 * SPDX-License-Identifier: MIT
 *
 * It links the same libsqlite3 as the library does. Two copies of SQLite in one process would
 * drop each other's file locks (sqlite.org/howtocorrupt.html, section 2.2.1).
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static sqlite3 *connect_to(const char *path, int flags) {
  sqlite3 *connection = NULL;
  REQUIRE(sqlite3_open_v2(path, &connection, flags, NULL) == SQLITE_OK);
  sqlite3_busy_timeout(connection, 10000);
  return connection;
}

static void give_up(sqlite3 *connection, const char *statement) {
  printf("    SQLite says \"%s\" to %s\n", sqlite3_errmsg(connection), statement);
  REQUIRE(!"plain SQLite refused a statement of the test");
}

static void append(char *text, size_t room, const char *part) {
  size_t length = strlen(text);
  REQUIRE(length + strlen(part) + 1 < room);
  strcpy(text + length, part);
}

/* The file that holds what the store of this path does. */
static const char *file_of(const char *path) {
  if (!on_server() || exists(path)) return path;
  const char *copy = path_of("stored.db");
  ds_store *store = open_store(path);
  REQUIRE_OK(ds_store_backup(store, copy, 1));
  ds_store_free(store);
  return copy;
}

const char *stored(const char *path, const char *query) {
  static _Thread_local char texts[4][65536];
  static _Thread_local unsigned turn;
  char *text = texts[turn++ % COUNT_OF(texts)];
  text[0] = '\0';
  sqlite3 *connection = connect_to(file_of(path), SQLITE_OPEN_READWRITE);
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(connection, query, -1, &statement, NULL) != SQLITE_OK) {
    give_up(connection, query);
  }
  bool first = true;
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (!first) append(text, sizeof texts[0], "\n");
    first = false;
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
      if (i > 0) append(text, sizeof texts[0], "|");
      const char *value = (const char *)sqlite3_column_text(statement, i);
      append(text, sizeof texts[0], value ? value : "NULL");
    }
  }
  if (code != SQLITE_DONE) give_up(connection, query);
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  return text;
}

void foreign(const char *path, const char *statements) {
  if (on_server()) {
    run_on_server(place_of(path), statements, NULL);
    return;
  }
  sqlite3 *connection = connect_to(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (sqlite3_exec(connection, statements, NULL, NULL, NULL) != SQLITE_OK) {
    give_up(connection, statements);
  }
  sqlite3_close(connection);
}

void foreign_with(const char *path, const char *statement, const char *value) {
  if (on_server()) {
    char numbered[4096];
    const char *mark = value ? strchr(statement, '?') : NULL;
    int before = mark ? (int)(mark - statement) : (int)strlen(statement);
    snprintf(numbered, sizeof numbered, "%.*s%s%s", before, statement, mark ? "$1" : "",
             mark ? mark + 1 : "");
    run_on_server(strncmp(path, "postgresql:", 11) == 0 ? path : place_of(path), numbered, value);
    return;
  }
  sqlite3 *connection = connect_to(path, SQLITE_OPEN_READWRITE);
  sqlite3_stmt *prepared = NULL;
  if (sqlite3_prepare_v2(connection, statement, -1, &prepared, NULL) != SQLITE_OK) {
    give_up(connection, statement);
  }
  if (value != NULL) sqlite3_bind_text(prepared, 1, value, -1, SQLITE_TRANSIENT);
  if (sqlite3_step(prepared) != SQLITE_DONE) give_up(connection, statement);
  sqlite3_finalize(prepared);
  sqlite3_close(connection);
}
