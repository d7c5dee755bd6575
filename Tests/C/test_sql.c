/* test_sql.c: "SQL".
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static ds_rows *query(ds_store *store, const char *text, const ds_sql_parameter *parameters,
                      int32_t count) {
  ds_rows *rows = NULL;
  REQUIRE_OK(ds_sql(store, text, parameters, count, &rows));
  REQUIRE(rows != NULL);
  return rows;
}

/* Whether row `row` of the column is this text or blob. */
static bool has_bytes(const ds_sql_column *column, int64_t row, const char *bytes, size_t size) {
  int64_t length = column->offsets[row + 1] - column->offsets[row];
  if (length != (int64_t)size) return false;
  return size == 0 || memcmp(column->bytes + column->offsets[row], bytes, size) == 0;
}

static void every_type_comes_back(void) {
  files_only("queries are PostgreSQL's SQL");
  ds_store *store = open_store(path_of("bars.db"));
  ds_rows *rows = query(store,
                        "SELECT 1 AS i, 0.1 AS r, 'text' AS t, x'00ff00' AS b, NULL AS n"
                        " UNION ALL SELECT 9223372036854775807, -1e300, '', x'', NULL",
                        NULL, 0);
  REQUIRE(ds_rows_count(rows) == 2);
  REQUIRE(ds_rows_column_count(rows) == 5);
  const ds_sql_column *columns = ds_rows_columns(rows);
  static const char *const names[] = {"i", "r", "t", "b", "n"};
  static const uint8_t types[] = {DS_SQL_INTEGER, DS_SQL_REAL, DS_SQL_TEXT, DS_SQL_BLOB,
                                  DS_SQL_NULL};
  for (int i = 0; i < 5; i++) {
    CHECK_TEXT(columns[i].name, names[i]);
    REQUIRE(columns[i].types != NULL);
    CHECK_INT(columns[i].types[0], types[i]);
    CHECK_INT(columns[i].types[1], types[i]);
  }
  CHECK_INT(columns[0].integers[0], 1);
  CHECK_INT(columns[0].integers[1], INT64_MAX);
  CHECK_BITS(columns[1].reals[0], 0.1);
  CHECK_BITS(columns[1].reals[1], -1e300);
  CHECK(has_bytes(&columns[2], 0, "text", 4));
  CHECK(has_bytes(&columns[2], 1, "", 0));
  CHECK(has_bytes(&columns[3], 0, "\0\xff\0", 3));
  CHECK(has_bytes(&columns[3], 1, "", 0));
  CHECK(columns[0].reals == NULL && columns[0].offsets == NULL && columns[0].bytes == NULL);
  CHECK(columns[1].integers == NULL && columns[1].offsets == NULL);
  CHECK(columns[2].integers == NULL && columns[2].reals == NULL);
  CHECK(columns[4].integers == NULL && columns[4].reals == NULL && columns[4].offsets == NULL);
  ds_rows_free(rows);
  ds_store_free(store);
}

static void a_column_may_mix_types(void) {
  files_only("queries are PostgreSQL's SQL");
  ds_store *store = open_store(path_of("bars.db"));
  ds_rows *rows = query(store, "VALUES (1), ('two'), (NULL), (4.5), (x'05')", NULL, 0);
  REQUIRE(ds_rows_count(rows) == 5 && ds_rows_column_count(rows) == 1);
  const ds_sql_column *column = ds_rows_columns(rows);
  static const uint8_t types[] = {DS_SQL_INTEGER, DS_SQL_TEXT, DS_SQL_NULL, DS_SQL_REAL,
                                  DS_SQL_BLOB};
  for (int i = 0; i < 5; i++) CHECK_INT(column->types[i], types[i]);
  CHECK_INT(column->integers[0], 1);
  CHECK(has_bytes(column, 1, "two", 3));
  CHECK(has_bytes(column, 2, "", 0));
  CHECK_BITS(column->reals[3], 4.5);
  CHECK(has_bytes(column, 4, "\x05", 1));
  ds_rows_free(rows);
  ds_store_free(store);
}

static void no_rows_keep_their_columns(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_rows *rows = query(store, "SELECT symbol, close FROM market_data", NULL, 0);
  CHECK_INT(ds_rows_count(rows), 0);
  REQUIRE(ds_rows_column_count(rows) == 2);
  CHECK_TEXT(ds_rows_columns(rows)[0].name, "symbol");
  CHECK_TEXT(ds_rows_columns(rows)[1].name, "close");
  ds_rows_free(rows);
  ds_store_free(store);
}

/* ---- Parameters ---- */

static const ds_sql_parameter integer_7 = {NULL, DS_SQL_INTEGER, 7, 0, NULL, 0};
static const ds_sql_parameter text_ab = {NULL, DS_SQL_TEXT, 0, 0, "ab", 2};

static void parameters_by_position(void) {
  files_only("queries are PostgreSQL's SQL");
  ds_store *store = open_store(path_of("bars.db"));
  static const ds_sql_parameter parameters[] = {
      {NULL, DS_SQL_INTEGER, INT64_MIN, 0, NULL, 0},
      {NULL, DS_SQL_REAL, 0, -0.5, NULL, 0},
      {NULL, DS_SQL_TEXT, 0, 0, "a\0b", 3},
      {NULL, DS_SQL_BLOB, 0, 0, "\xff\0", 2},
      {NULL, DS_SQL_NULL, 0, 0, NULL, 0},
      {NULL, DS_SQL_TEXT, 0, 0, NULL, 0},
      {NULL, DS_SQL_BLOB, 0, 0, NULL, 0},
      {NULL, DS_SQL_TIME, T0, 0, NULL, 0},
      {NULL, DS_SQL_TIME, T0 + 1, 0, NULL, 0},
  };
  ds_rows *rows = query(store, "SELECT ?, ?, hex(?), ?, ?, ?, ?, ?, ?", parameters, 9);
  REQUIRE(ds_rows_count(rows) == 1 && ds_rows_column_count(rows) == 9);
  const ds_sql_column *columns = ds_rows_columns(rows);
  CHECK_INT(columns[0].integers[0], INT64_MIN);
  CHECK_BITS(columns[1].reals[0], -0.5);
  CHECK(has_bytes(&columns[2], 0, "610062", 6));
  CHECK(has_bytes(&columns[3], 0, "\xff\0", 2));
  CHECK_INT(columns[4].types[0], DS_SQL_NULL);
  CHECK_INT(columns[5].types[0], DS_SQL_TEXT);
  CHECK_INT(columns[6].types[0], DS_SQL_BLOB);
  CHECK(has_bytes(&columns[7], 0, T0_TEXT, strlen(T0_TEXT)));
  CHECK(has_bytes(&columns[8], 0, "2026-03-01T15:00:00.000000001+00:00", 35));
  ds_rows_free(rows);
  ds_store_free(store);
}

static void parameters_by_name(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  static const ds_sql_parameter parameters[] = {
      {"since", DS_SQL_TIME, T0 + HOUR, 0, NULL, 0},
      {"symbol", DS_SQL_TEXT, 0, 0, "EURUSD", 6},
      {"factor", DS_SQL_REAL, 0, 2, NULL, 0},
  };
  ds_rows *rows = query(store,
                        "SELECT close * @factor FROM market_data WHERE symbol = :symbol"
                        " AND timestamp >= $since ORDER BY timestamp", parameters, 3);
  REQUIRE(ds_rows_count(rows) == 2);
  CHECK_BITS(ds_rows_columns(rows)[0].reals[0], 3);
  CHECK_BITS(ds_rows_columns(rows)[0].reals[1], 5);
  ds_rows_free(rows);
  ds_store_free(store);
}

static void bad_parameters_are_refused(void) {
  static const struct {
    const char *query;
    ds_sql_parameter parameters[2];
    int32_t count;
  } cases[] = {
      {"SELECT 1", {{NULL, DS_SQL_INTEGER, 7, 0, NULL, 0}}, -1},
      {"SELECT 1", {{NULL, DS_SQL_INTEGER, 7, 0, NULL, 0}}, INT32_MIN},
      {"SELECT ?, ?", {{NULL, DS_SQL_INTEGER, 7, 0, NULL, 0}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_INTEGER, 7, 0, NULL, 0}, {NULL, DS_SQL_NULL, 0, 0, NULL, 0}}, 2},
      {"SELECT 1", {{NULL, DS_SQL_INTEGER, 7, 0, NULL, 0}}, 1},
      {"SELECT :a", {{"b", DS_SQL_INTEGER, 7, 0, NULL, 0}}, 1},
      {"SELECT :a, :b", {{"a", DS_SQL_INTEGER, 7, 0, NULL, 0}}, 1},
      {"SELECT ?", {{"", DS_SQL_INTEGER, 7, 0, NULL, 0}}, 1},
      {"SELECT :a", {{"\xff", DS_SQL_INTEGER, 7, 0, NULL, 0}}, 1},
      {"SELECT ?", {{NULL, 6, 7, 0, NULL, 0}}, 1},
      {"SELECT ?", {{NULL, -1, 7, 0, NULL, 0}}, 1},
      {"SELECT ?", {{NULL, INT32_MAX, 7, 0, NULL, 0}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_TEXT, 0, 0, NULL, 1}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_BLOB, 0, 0, NULL, 1}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_TEXT, 0, 0, "x", -1}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_BLOB, 0, 0, "x", INT64_MIN}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_BLOB, 0, 0, "x", INT64_MAX}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_TEXT, 0, 0, "\xff", 1}}, 1},
      {"SELECT ?", {{NULL, DS_SQL_TIME, DS_NO_TIME, 0, NULL, 0}}, 1},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu: %s", i, cases[i].query);
    ds_rows *rows = NULL;
    CHECK_FAILS(ds_sql(store, cases[i].query, cases[i].parameters, cases[i].count, &rows),
                DS_INVALID, "");
    CHECK(rows == NULL);
  }
  check_note("too many");
  ds_rows *rows = NULL;
  CHECK_FAILS(ds_sql(store, "SELECT ?", NULL, 1, &rows), DS_INVALID, "parameters");
  ds_store_free(store);
}

/* ---- What is refused ---- */

static void writing_statements_are_refused(void) {
  static const char *const statements[] = {
      "INSERT INTO system_state VALUES ('x', '1', '')",
      "REPLACE INTO system_state VALUES ('x', '1', '')",
      "INSERT INTO system_state VALUES ('x', '1', '') RETURNING key",
      "WITH n AS (SELECT 'x') INSERT INTO system_state SELECT 'x', '1', '' FROM n",
      "UPDATE market_data SET close = 0",
      "UPDATE market_data SET close = 0 WHERE 0",
      "DELETE FROM market_data",
      "DELETE FROM market_data WHERE 0",
      "CREATE TABLE t (x)",
      "CREATE TEMP TABLE t (x)",
      "CREATE VIEW v AS SELECT 1",
      "CREATE TEMP VIEW v AS SELECT 1",
      "CREATE INDEX i ON market_data (close)",
      "CREATE TRIGGER t AFTER INSERT ON market_data BEGIN SELECT 1; END",
      "CREATE VIRTUAL TABLE f USING fts5(x)",
      "DROP TABLE market_data",
      "DROP TABLE IF EXISTS nothing",
      "ALTER TABLE market_data ADD COLUMN x",
      "VACUUM",
      "VACUUM INTO 'stolen.db'",
      "REINDEX",
      "ANALYZE",
      "ATTACH 'other.db' AS other",
      "ATTACH ':memory:' AS other",
      "DETACH main",
      "BEGIN",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "ROLLBACK",
      "SAVEPOINT s",
      "RELEASE s",
      "PRAGMA user_version = 5",
      "PRAGMA user_version(5)",
      "PRAGMA journal_mode = DELETE",
      "PRAGMA journal_mode(OFF)",
      "PRAGMA synchronous = OFF",
      "PRAGMA query_only = OFF",
      "PRAGMA writable_schema = ON",
      "PRAGMA wal_checkpoint",
      "PRAGMA wal_checkpoint(TRUNCATE)",
      "PRAGMA locking_mode = EXCLUSIVE",
      "PRAGMA trusted_schema = ON",
      "PRAGMA incremental_vacuum(1)",
      "PRAGMA optimize",
      "PRAGMA main.page_size = 512",
      "PRAGMA cache_size = 10",
      "PRAGMA temp_store_directory = '/'",
      "SELECT load_extension('x')",
      "SELECT fts3_tokenizer('x', x'00')",
  };
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  write_hours(store, EURUSD, 2);
  for (size_t i = 0; i < COUNT_OF(statements); i++) {
    check_note("%s", statements[i]);
    ds_rows *rows = NULL;
    CHECK_FAILS(ds_sql(store, statements[i], NULL, 0, &rows), DS_INVALID, "");
    CHECK(rows == NULL);
  }
  check_note("%s", "");
  CHECK_INT(count_bars(store, EURUSD), 2);
  CHECK_TEXT(stored(path, "SELECT count(*) FROM sqlite_schema"), "6");
  CHECK_TEXT(stored(path, "PRAGMA user_version"), "1");
  CHECK_TEXT(stored(path, "PRAGMA journal_mode"), "wal");
  CHECK_TEXT(stored(path, "SELECT sum(close) FROM market_data"), "2.0");
  CHECK(!exists(path_of("stolen.db")) && !exists("stolen.db") && !exists("other.db"));
  ds_info info = DS_INFO_INIT;
  CHECK_OK(ds_store_info(store, &info));
  CHECK_TEXT(info.synchronous, "FULL");
  ds_store_free(store);
}

static void anything_but_one_statement_is_refused(void) {
  static const char *const statements[] = {
      "", " ", ";", "-- nothing", "/* nothing */", "SELECT 1; SELECT 2",
      "SELECT 1; DELETE FROM market_data", "SELECT 1;;SELECT 2", "SELEC 1", "SELECT",
      "SELECT nothing FROM market_data", "SELECT 1 FROM nowhere", "SELECT 'open",
      "SELECT nofunction(1)", "SELECT \xff", "hello", "SELECT 1 -- \xc3",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(statements); i++) {
    /* PostgreSQL has rows without columns. */
    if (on_server() && strcmp(statements[i], "SELECT") == 0) continue;
    check_note("\"%s\"", statements[i]);
    ds_rows *rows = NULL;
    CHECK_FAILS(ds_sql(store, statements[i], NULL, 0, &rows), DS_INVALID, "");
    CHECK(rows == NULL);
  }
  ds_store_free(store);
}

static void one_reading_statement_is_taken(void) {
  files_only("queries are PostgreSQL's SQL");
  static const char *const statements[] = {
      "SELECT 1", "SELECT 1;", "SELECT 1 ; ", "SELECT 1; -- done", "/* first */ SELECT 1",
      "VALUES (1)", "WITH n AS (SELECT 1) SELECT * FROM n", "EXPLAIN QUERY PLAN SELECT 1",
      "PRAGMA user_version", "PRAGMA table_info(market_data)", "PRAGMA page_size",
      "SELECT * FROM pragma_table_info('market_data')", "SELECT count(*) FROM sqlite_schema",
      "SELECT json_extract('{\"a\":1}', '$.a')", "SELECT value FROM json_each('[1,2]')",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(statements); i++) {
    check_note("%s", statements[i]);
    ds_rows *rows = NULL;
    CHECK_OK(ds_sql(store, statements[i], NULL, 0, &rows));
    CHECK(rows != NULL && ds_rows_count(rows) >= 1);
    ds_rows_free(rows);
  }
  ds_store_free(store);
}

static void failing_statements_are_refused(void) {
  files_only("queries are PostgreSQL's SQL");
  static const char *const statements[] = {
      "SELECT abs(-9223372036854775808)", "SELECT json('{')",
      "SELECT zeroblob(9223372036854775807)",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(statements); i++) {
    check_note("%s", statements[i]);
    ds_rows *rows = NULL;
    CHECK_FAILS(ds_sql(store, statements[i], NULL, 0, &rows), DS_INVALID, "");
    CHECK(rows == NULL);
  }
  ds_store_free(store);
}

static void own_writes_are_read_in_a_transaction(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 3);
  ds_rows *rows = query(store, "SELECT count(*) FROM market_data", NULL, 0);
  CHECK_INT(ds_rows_columns(rows)[0].integers[0], 3);
  ds_rows_free(rows);
  rows = NULL;
  CHECK_FAILS(ds_sql(store, "COMMIT", NULL, 0, &rows), DS_INVALID, "");
  CHECK_FAILS(ds_sql(store, "DELETE FROM market_data", NULL, 0, &rows), DS_INVALID, "");
  CHECK_OK(ds_transaction_rollback(store));
  CHECK_INT(count_bars(store, EURUSD), 0);
  ds_store_free(store);
}

static void parameters_are_only_data(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const char text[] = "'; DROP TABLE market_data; --";
  ds_sql_parameter parameters[] = {integer_7, text_ab, {NULL, DS_SQL_TEXT, 0, 0, text,
                                                        sizeof text - 1}};
  ds_rows *rows = query(store, "SELECT ?3, ?1, ?2", parameters, 3);
  CHECK(has_bytes(&ds_rows_columns(rows)[0], 0, text, sizeof text - 1));
  CHECK_INT(ds_rows_columns(rows)[1].integers[0], 7);
  CHECK(has_bytes(&ds_rows_columns(rows)[2], 0, "ab", 2));
  ds_rows_free(rows);
  ds_store_free(store);
}

static void a_query_stops_at_its_timeout(void) {
  static const char *const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  ds_store *store = open_store(path_of("bars.db"));
  ds_rows *rows = NULL;
  CHECK_FAILS(ds_sql_within(store, endless, NULL, 0, 0, &rows), DS_TIMEOUT, "timeout of 0.0 s");
  CHECK_FAILS(ds_sql_within(store, endless, NULL, 0, 0.05, &rows), DS_TIMEOUT, "LIMIT");
  CHECK(rows == NULL);
  static const double wrong[] = {-1, NAN, INFINITY, 1e9};
  for (int i = 0; i < 4; i++)
    CHECK_FAILS(ds_sql_within(store, "SELECT 1", NULL, 0, wrong[i], &rows), DS_INVALID, "timeout");
  CHECK_FAILS(ds_sql_within(NULL, "SELECT 1", NULL, 0, 1, &rows), DS_INVALID, "store");
  CHECK_FAILS(ds_sql_within(store, NULL, NULL, 0, 1, &rows), DS_INVALID, "query");
  CHECK_FAILS(ds_sql_within(store, "SELECT 1", NULL, 0, 1, NULL), DS_INVALID, "out_rows");
  CHECK(rows == NULL);
  /* Within a transaction, which goes on. */
  REQUIRE_OK(ds_transaction_begin(store));
  REQUIRE_OK(ds_state_set(store, "key", "1"));
  CHECK_FAILS(ds_sql_within(store, endless, NULL, 0, 0.01, &rows), DS_TIMEOUT, "");
  CHECK_OK(ds_transaction_commit(store));
  CHECK_OK(ds_sql_within(store, "SELECT key FROM system_state", NULL, 0, 1000000, &rows));
  REQUIRE(rows != NULL);
  CHECK_INT(ds_rows_count(rows), 1);
  ds_rows_free(rows);
  ds_store_free(store);
}

const check_test sql_tests[] = {
    {"every_type_comes_back", every_type_comes_back},
    {"a_column_may_mix_types", a_column_may_mix_types},
    {"no_rows_keep_their_columns", no_rows_keep_their_columns},
    {"parameters_by_position", parameters_by_position},
    {"parameters_by_name", parameters_by_name},
    {"bad_parameters_are_refused", bad_parameters_are_refused},
    {"writing_statements_are_refused", writing_statements_are_refused},
    {"anything_but_one_statement_is_refused", anything_but_one_statement_is_refused},
    {"one_reading_statement_is_taken", one_reading_statement_is_taken},
    {"failing_statements_are_refused", failing_statements_are_refused},
    {"own_writes_are_read_in_a_transaction", own_writes_are_read_in_a_transaction},
    {"parameters_are_only_data", parameters_are_only_data},
    {"a_query_stops_at_its_timeout", a_query_stops_at_its_timeout},
    {NULL, NULL},
};
