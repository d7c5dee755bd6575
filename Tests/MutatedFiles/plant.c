/* plant.c: files that bring SQL along, each in a place where SQLite may run it. Wherever it is run, it is seen: it
 * calls a function that this program counts, or leaves a mark in the file.
 * SPDX-License-Identifier: MIT
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "mutated.h"

/* ---- What is seen ------------------------------------------------------------------------------- */

static int64_t times_run;
static bool is_mine;

static void planted(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  if (!is_mine) times_run++;
  sqlite3_result_value(context, values[0]);
}

static int planted_order(void *nothing, int length, const void *left, int other_length, const void *right) {
  (void)nothing;
  if (!is_mine) times_run++;
  int order = memcmp(left, right, (size_t)(length < other_length ? length : other_length));
  return order != 0 ? order : length - other_length;
}

static int give_functions(sqlite3 *connection, char **message, const void *routines) {
  (void)message, (void)routines;
  /* Harmless by its own word, so that no setting but a refusal keeps a schema from calling it. */
  int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  sqlite3_create_function_v2(connection, "planted", 1, flags, NULL, planted, NULL, NULL, NULL);
  return sqlite3_create_collation_v2(connection, "planted_order", SQLITE_UTF8, NULL, planted_order, NULL);
}

void watch_planted_sql(void) {
  must(sqlite3_auto_extension((void (*)(void))give_functions) == SQLITE_OK, "SQLite takes an extension");
}

void run_planted_sql_unseen(bool unseen) { is_mine = unseen; }

int64_t times_planted_sql_ran(void) { return times_run; }

int64_t marks_of_planted_sql(const char *path) {
  sqlite3 *connection = NULL;
  sqlite3_stmt *statement = NULL;
  int64_t marks = 0;
  run_planted_sql_unseen(true);
  if (sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
      sqlite3_prepare_v2(connection, "SELECT count(*) FROM canary WHERE what IN ('dead', 1)", -1, &statement, NULL) ==
          SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW) {
    marks = sqlite3_column_int64(statement, 0);
  }
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  run_planted_sql_unseen(false);
  return marks;
}

/* ---- What is planted ---------------------------------------------------------------------------- */

/* New things beside the tables. */
static const char *const additions[] = {
    "CREATE TRIGGER p AFTER INSERT ON market_data BEGIN UPDATE canary SET what = 'dead'; END",
    "CREATE TRIGGER p BEFORE UPDATE ON market_data BEGIN INSERT INTO canary VALUES (planted(1)); END",
    "CREATE TRIGGER p BEFORE DELETE ON market_data BEGIN SELECT planted(1), RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER p AFTER INSERT ON system_state BEGIN UPDATE canary SET what = 'dead'; END",
    "CREATE TRIGGER p BEFORE UPDATE OF value ON system_state WHEN planted(1) BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER p AFTER DELETE ON system_state BEGIN UPDATE canary SET what = 'dead'; END",
    "CREATE TRIGGER p BEFORE INSERT ON market_requests BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    "CREATE VIEW bait AS SELECT planted(close) AS x FROM market_data",
    "CREATE VIEW ds_bars AS SELECT planted(symbol) AS symbol, * FROM market_data",
    "CREATE VIEW pragma_table_xinfo AS SELECT planted('key') AS name",
    "CREATE TABLE ds_bars(symbol, timeframe, timestamp, x AS (planted(symbol)))",
    "CREATE TABLE pragma_index_list(name, partial, origin, x AS (planted(name)))",
    "CREATE INDEX p ON market_data(planted(close))",
    "CREATE INDEX p ON market_data(close) WHERE planted(close) > 1",
    "CREATE UNIQUE INDEX p ON market_data(planted(timestamp), planted(symbol), planted(timeframe))",
    "CREATE INDEX p ON system_state(planted(value))",
    "CREATE INDEX p ON market_requests(notes) WHERE planted(1)",
    "CREATE INDEX p ON market_data(source COLLATE planted_order)",
    "CREATE INDEX p ON system_state(key COLLATE planted_order)",
    "CREATE UNIQUE INDEX p ON market_data(close)",
    "CREATE TABLE child(symbol, timeframe, timestamp, FOREIGN KEY(symbol, timeframe, timestamp) REFERENCES market_data"
    " ON DELETE CASCADE ON UPDATE CASCADE); INSERT INTO child SELECT symbol, timeframe, timestamp FROM market_data",
    "CREATE TABLE other(x CHECK (planted(x)), y DEFAULT (planted(1)), z AS (planted(x)) STORED);"
    " INSERT INTO other(x) VALUES (1), (2); CREATE INDEX other_x ON other(planted(x))",
    "CREATE VIRTUAL TABLE found USING fts5(words); INSERT INTO found VALUES ('x')",
    "CREATE TABLE sly(x); ANALYZE; UPDATE sqlite_stat1 SET stat = '99999999999999999999 0 -1 unordered sz=1'",
};

/* A table made again with the same rows: text in place of text. */
typedef struct rewrite {
  const char *table, *from, *to;
} rewrite;

static const rewrite rewrites[] = {
    {"market_data", "close       REAL", "close       REAL CHECK (planted(close))"},
    {"market_data", "DEFAULT 0", "DEFAULT (planted(0))"},
    {"market_data", "latency_sec REAL", "latency_sec REAL AS (planted(1.0))"},
    {"market_data", "features    JSON", "features    JSON, x AS (planted(close))"},
    {"market_data", "features    JSON", "features    JSON, x AS (planted(close)) STORED"},
    {"market_data", "features    JSON", "features    JSON, x DEFAULT (planted(1))"},
    {"market_data", "features    JSON", "features    JSON REFERENCES canary(what) ON DELETE CASCADE"},
    {"market_data", "symbol      TEXT", "symbol      TEXT COLLATE planted_order"},
    {"market_data", "source      TEXT", "source      TEXT COLLATE planted_order"},
    {"market_data", "source      TEXT", "source      TEXT UNIQUE ON CONFLICT REPLACE"},
    {"market_data", "timestamp)", "timestamp) ON CONFLICT IGNORE"},
    {"market_data", "timestamp)", "timestamp), CHECK (planted(symbol) <> '')"},
    {"market_data", "open        REAL", "open        REAL NOT NULL ON CONFLICT IGNORE"},
    {"market_requests", "notes           TEXT", "notes           TEXT CHECK (planted(1))"},
    {"market_requests", "symbol          TEXT", "symbol          TEXT COLLATE NOCASE"},
    {"system_state", "JSON NOT NULL", "JSON NOT NULL CHECK (planted(value) IS NOT NULL)"},
    {"system_state", "TEXT PRIMARY KEY", "TEXT COLLATE planted_order PRIMARY KEY"},
    {"system_state", "TEXT PRIMARY KEY", "TEXT PRIMARY KEY ON CONFLICT IGNORE"},
    {"system_state", "updated_at TEXT", "updated_at TEXT GENERATED ALWAYS AS (planted(key))"},
    {"system_state", "JSON NOT NULL", "JSON NOT NULL DEFAULT (planted(1))"},
};

/* The schema's own rows, which SQLite lets no program write unless asked to. */
static const char *const schema_edits[] = {
    "UPDATE sqlite_schema SET type = 'view', rootpage = 0, sql = 'CREATE VIEW market_data AS SELECT planted(1) AS symbol'"
    " WHERE name = 'market_data'",
    "UPDATE sqlite_schema SET rootpage = 0, sql = 'CREATE VIRTUAL TABLE market_data USING fts5(symbol)' WHERE name ="
    " 'market_data'",
    "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'canary') WHERE name ="
    " 'system_state'",
    "UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'market_data'",
    "UPDATE sqlite_schema SET rootpage = 2147483647 WHERE name = 'market_requests'",
    "UPDATE sqlite_schema SET rootpage = -3 WHERE name = 'market_data'",
    "UPDATE sqlite_schema SET sql = NULL WHERE name = 'market_data'",
    "UPDATE sqlite_schema SET sql = sql || ' WITHOUT ROWID' WHERE name = 'market_data'",
    "UPDATE sqlite_schema SET sql = replace(sql, 'close       REAL', 'close       REAL AS (planted(open))')",
    "UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT 0', 'DEFAULT (planted(1))')",
    "UPDATE sqlite_schema SET sql = replace(sql, 'volume      REAL', 'volume      REAL CHECK (planted(1))')",
    "UPDATE sqlite_schema SET sql = replace(sql, 'volume      REAL', 'volume      REAL COLLATE nowhere')",
    "UPDATE sqlite_schema SET sql = replace(sql, 'symbol ', 'symbol COLLATE nowhere ')",
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE canary(what AS (planted(1)))' WHERE name = 'market_data'",
    "UPDATE sqlite_schema SET tbl_name = 'canary' WHERE name = 'system_state'",
    "UPDATE sqlite_schema SET name = 'MARKET_DATA', tbl_name = 'Market_Data' WHERE name = 'market_data'",
    "INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'system_state'",
    "INSERT INTO sqlite_schema VALUES ('trigger', 'p', 'market_data', 0, 'CREATE TRIGGER p AFTER INSERT ON market_data"
    " BEGIN UPDATE canary SET what = ''dead''; END')",
    "INSERT INTO sqlite_schema VALUES ('index', 'p', 'market_data', 5, 'CREATE INDEX p ON market_data(planted(close))')",
    "INSERT INTO sqlite_schema VALUES ('table', 'sqlite_stat1', 'sqlite_stat1', 1, 'CREATE TABLE sqlite_stat1(a, b, c)')",
    "DELETE FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex%'",
    "DELETE FROM sqlite_schema WHERE name = 'system_state'",
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE x(' WHERE name = 'market_requests'",
    "UPDATE sqlite_schema SET sql = x'43524541544500ff'",
};

static void run(sqlite3 *connection, const char *sql) {
  must(sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(connection));
}

static void rewrite_table(sqlite3 *connection, const rewrite *change) {
  char sql[4096], *columns = NULL;
  sqlite3_stmt *statement = NULL;
  sqlite3_snprintf(sizeof sql, sql,
                   "SELECT replace(sql, %Q, %Q), (SELECT group_concat(name) FROM pragma_table_xinfo(%Q))"
                   " FROM sqlite_schema WHERE name = %Q",
                   change->from, change->to, change->table, change->table);
  must(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) == SQLITE_OK, sqlite3_errmsg(connection));
  must(sqlite3_step(statement) == SQLITE_ROW, "the table is there");
  char *ddl = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
  columns = sqlite3_mprintf("%s", sqlite3_column_text(statement, 1));
  sqlite3_finalize(statement);
  must(strstr(ddl, change->to) != NULL, "the text to replace is there");
  snprintf(sql, sizeof sql, "ALTER TABLE %s RENAME TO old", change->table);
  run(connection, sql);
  run(connection, ddl);
  /* A generated column takes no value: such a table stays empty. */
  snprintf(sql, sizeof sql, "INSERT INTO %s(%s) SELECT %s FROM old", change->table, columns, columns);
  sqlite3_exec(connection, sql, NULL, NULL, NULL);
  run(connection, "DROP TABLE old");
  sqlite3_free(columns);
  sqlite3_free(ddl);
}

void plant(dice *dice, const char *path) {
  sqlite3 *connection = NULL;
  run_planted_sql_unseen(true);
  must(sqlite3_open(path, &connection) == SQLITE_OK, "plain SQLite opens the file");
  run(connection, "CREATE TABLE canary(what); INSERT INTO canary VALUES ('alive')");
  size_t added = sizeof additions / sizeof *additions, rewritten = sizeof rewrites / sizeof *rewrites;
  size_t choice = below(dice, added + rewritten + sizeof schema_edits / sizeof *schema_edits);
  const char *what = choice < added               ? additions[choice]
                     : choice < added + rewritten ? rewrites[choice - added].to
                                                  : schema_edits[choice - added - rewritten];
  announce(what);
  if (choice < added) {
    run(connection, what);
  } else if (choice < added + rewritten) {
    run(connection, "BEGIN; PRAGMA legacy_alter_table=ON");
    rewrite_table(connection, &rewrites[choice - added]);
    run(connection, "COMMIT");
  } else {
    run(connection, "PRAGMA writable_schema=ON");
    run(connection, what);
  }
  sqlite3_close(connection);
  run_planted_sql_unseen(false);
}

/* ---- The control -------------------------------------------------------------------------------- */

void check_that_planted_sql_is_seen(const char *path) {
  sqlite3 *connection = NULL;
  int64_t before = times_run;
  must(sqlite3_open(path, &connection) == SQLITE_OK, "plain SQLite opens the file");
  run(connection, "CREATE TABLE canary(what); INSERT INTO canary VALUES ('alive');"
                  "CREATE TABLE prey(x CHECK (planted(x))); CREATE TRIGGER p AFTER INSERT ON prey BEGIN"
                  " UPDATE canary SET what = 'dead'; END; INSERT INTO prey VALUES (1)");
  sqlite3_close(connection);
  must(times_run > before, "a planted function that runs is seen");
  must(marks_of_planted_sql(path) == 1, "a planted trigger that runs is seen");
}
