/* exercise.c: a store whose file may be anything, used in every way.
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mutated.h"

static const char *const EURUSD = "EURUSD", *const HOURLY = "1h";
static int refusals;
static bool is_spoilt;

/* Whether the call did its work. A refusal has a status of the header's, and a message. */
static bool done(int32_t status, const char *call) {
  if (status == DS_OK) return true;
  if (status <= DS_OK || status >= DS_INTERNAL || ds_last_error()[0] == '\0') {
    fprintf(stderr, "%s: %s, \"%s\"\n", call, ds_status_name(status), ds_last_error());
    must(false, "a refusal has a status that this call can have, and a message");
  }
  refusals++;
  return false;
}
#define DONE(call) done((call), #call)

/* ---- What was read ------------------------------------------------------------------------------ */

static volatile uint64_t sink;

static void walk(const void *bytes, size_t size) {
  for (size_t i = 0; bytes != NULL && i < size; i++) sink += ((const unsigned char *)bytes)[i];
}

static void walk_text(const char *text) { walk(text, text == NULL ? 0 : strlen(text)); }

static void walk_column(const ds_text_column *column, int64_t rows) {
  for (int64_t i = 0; i < column->value_count; i++) walk_text(column->values[i]);
  for (int64_t i = 0; column->codes != NULL && i < rows; i++)
    must(column->codes[i] >= -1 && column->codes[i] < column->value_count, "a code has a text");
}

static void walk_bars(const ds_bars *bars) {
  const ds_bar_batch *batch = ds_bars_batch(bars);
  size_t rows = (size_t)batch->count;
  for (size_t i = 1; i < rows; i++)
    must(batch->timestamps[i - 1] <= batch->timestamps[i], "bars come in the order of time");
  const double *columns[] = {batch->open,  batch->high,   batch->low,
                             batch->close, batch->volume, batch->latency_sec};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) walk(columns[i], rows * 8);
  for (size_t i = 0; batch->is_gap != NULL && i < rows; i++) must(batch->is_gap[i] <= 1, "a flag is 0 or 1");
  walk_column(&batch->source, batch->count);
  walk_column(&batch->quality, batch->count);
  for (int32_t i = 0; i < batch->feature_count; i++) {
    walk_text(batch->features[i].key);
    walk(batch->features[i].values, rows * 8);
    walk_column(&batch->features[i].quality, batch->count);
  }
  for (size_t i = 0; batch->features_json != NULL && i < rows; i++) walk_text(batch->features_json[i]);
}

/* Rows and their closes in one number, whatever their order. */
typedef struct digest {
  bool is_known;
  int64_t rows;
  uint64_t closes;
} digest;

static void add_close(digest *digest, double close) {
  uint64_t bits = 0;
  if (!isnan(close)) memcpy(&bits, &close, sizeof bits);
  digest->rows++;
  digest->closes += bits * UINT64_C(0x9e3779b97f4a7c15) ^ bits >> 29;
}

/* The same bars as plain SQLite reads them, from a copy, so that nothing of the file changes. */
static digest read_plainly(const char *path) {
  char copy[600], name[620], copied_name[620];
  snprintf(copy, sizeof copy, "%s.plain", path);
  static const char *const suffixes[] = {"", "-wal"};
  remove_store(copy);
  for (int i = 0; i < 2; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    snprintf(copied_name, sizeof copied_name, "%s%s", copy, suffixes[i]);
    file_bytes file = load(name);
    if (file.size > 0) save(copied_name, file);
    free(file.bytes);
  }
  digest found = {false, 0, 0};
  sqlite3 *connection = NULL;
  sqlite3_stmt *statement = NULL;
  run_planted_sql_unseen(true);
  if (sqlite3_open(copy, &connection) == SQLITE_OK &&
      sqlite3_prepare_v2(connection, "SELECT close FROM market_data WHERE symbol = 'EURUSD' AND timeframe = '1h'", -1,
                         &statement, NULL) == SQLITE_OK) {
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
      add_close(&found, sqlite3_column_type(statement, 0) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, 0));
    found.is_known = result == SQLITE_DONE;
  }
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  run_planted_sql_unseen(false);
  remove_store(copy);
  return found;
}

/* ---- The market --------------------------------------------------------------------------------- */

static void read_bars(ds_store *store, digest expected) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  ds_bars *bars = NULL;
  for (int32_t features = DS_FEATURES_NONE; features <= DS_FEATURES_COLUMNS; features++) {
    options.features = features;
    if (!DONE(ds_market_read(store, &EURUSD, 1, HOURLY, NULL, &options, &bars))) continue;
    walk_bars(bars);
    const ds_bar_batch *batch = ds_bars_batch(bars);
    digest found = {true, 0, 0};
    for (int64_t i = 0; i < batch->count; i++) add_close(&found, batch->close[i]);
    if (expected.is_known)
      must(found.rows == expected.rows && found.closes == expected.closes, "a read finds what plain SQLite finds");
    ds_bars_free(bars);
  }
  if (DONE(ds_market_latest(store, &EURUSD, 1, HOURLY, 5, &options, &bars))) {
    must(ds_bars_batch(bars)->count <= 5, "five bars at most");
    walk_bars(bars);
    ds_bars_free(bars);
  }
  ds_bar *bar = NULL;
  if (DONE(ds_market_latest_bar(store, EURUSD, HOURLY, &bar)) && bar != NULL) {
    walk_text(bar->source);
    walk_text(bar->features_json);
    ds_bar_free(bar);
  }
  ds_range range = DS_RANGE_INIT;
  range.start = T0 + 7 * HOUR;
  range.end_text = "2026-03-02";
  ds_scan *scan = NULL;
  if (DONE(ds_market_scan(store, &EURUSD, 1, HOURLY, &range, &options, 7, &scan))) {
    for (int chunk = 0; chunk < 40; chunk++) {
      if (!DONE(ds_scan_next(scan, &bars)) || bars == NULL) break;
      walk_bars(bars);
      ds_bars_free(bars);
    }
    ds_scan_free(scan);
  }
  int64_t count = 0;
  if (DONE(ds_market_count(store, EURUSD, HOURLY, NULL, &count)) && expected.is_known)
    must(count == expected.rows, "a count is what plain SQLite counts");
  range.end_text = NULL;
  range.end = T0 + 90 * HOUR;
  int32_t exists = 0;
  DONE(ds_market_exists(store, EURUSD, HOURLY, &exists));
  DONE(ds_market_count(store, EURUSD, HOURLY, &range, &count));
  ds_expected hours = {sizeof hours, HOUR, NULL, 0};
  ds_missing *missing = NULL;
  if (DONE(ds_market_missing(store, EURUSD, HOURLY, &range, &hours, &missing))) {
    const ds_missing_view *view = ds_missing_runs(missing);
    for (int64_t i = 0; i < view->count; i++) must(view->starts[i] <= view->ends[i], "a run begins before it ends");
    ds_missing_free(missing);
  }
  ds_texts *keys = NULL;
  if (DONE(ds_market_feature_keys(store, EURUSD, HOURLY, NULL, &keys))) {
    for (int64_t i = 0; i < ds_texts_count(keys); i++) walk_text(ds_texts_items(keys)[i]);
    ds_texts_free(keys);
  }
  for (int32_t counts = 0; counts < 2; counts++) {
    ds_series *series = NULL;
    if (!DONE(ds_market_series(store, counts, &series))) continue;
    const ds_series_view *view = ds_series_entries(series);
    for (int64_t i = 0; i < view->count; i++) walk_text(view->symbols[i]);
    ds_series_free(series);
  }
}

/* What a write has acknowledged is there, whatever the file was before. */
static void write_bars(ds_store *store, dice *dice, int32_t replace) {
  static const char *const ready = "ready";
  int64_t times[3];
  double closes[3], values[3];
  for (int i = 0; i < 3; i++) {
    times[i] = T0 + (int64_t)(below(dice, 2) ? (size_t)(BARS + i) : below(dice, BARS)) * HOUR;
    closes[i] = 1000 + i + (double)below(dice, 100000);
    values[i] = (double)below(dice, 100);
  }
  times[1] = times[0] + HOUR;
  times[2] = times[0] + 2 * HOUR;
  const ds_feature_column feature = {"c@1", values, NULL, NULL, {NULL, &ready, 1}};
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = 3;
  batch.timestamps = times;
  batch.symbol = (ds_text_column){NULL, &EURUSD, 1};
  batch.timeframe = (ds_text_column){NULL, &HOURLY, 1};
  batch.features = &feature;
  batch.feature_count = 1;
  DONE(ds_market_write_features(store, &batch, replace, NULL));
  batch.close = closes;
  if (!DONE(ds_market_write(store, &batch, replace, NULL))) return;
  ds_range range = {sizeof range, times[0], times[2], NULL, NULL};
  ds_bars *bars = NULL;
  if (!DONE(ds_market_read(store, &EURUSD, 1, HOURLY, &range, NULL, &bars))) return;
  const ds_bar_batch *found = ds_bars_batch(bars);
  bool is_there[3] = {false, false, false};
  for (int64_t i = 0; i < found->count; i++)
    for (int row = 0; row < 3; row++)
      if (found->timestamps[i] == times[row] && found->close[i] == closes[row]) is_there[row] = true;
  must(is_spoilt || (is_there[0] && is_there[1] && is_there[2]), "what was written is read");
  ds_bars_free(bars);
}

static void write_one(ds_store *store, dice *dice) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0 + (int64_t)below(dice, BARS + 5) * HOUR;
  bar.columns = DS_COLUMN_OPEN | DS_COLUMN_SOURCE | DS_COLUMN_FEATURES;
  bar.open = 1.25;
  bar.source = "live";
  bar.features_json = "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}";
  DONE(ds_market_write_bar(store, EURUSD, HOURLY, &bar, (int32_t)below(dice, 2)));
}

static void use_requests(ds_store *store) {
  ds_request request = DS_REQUEST_INIT;
  request.symbol = EURUSD;
  request.timeframe = HOURLY;
  request.start_ts = request.end_ts = T0;
  request.provider_used = "feed";
  DONE(ds_market_record_request(store, &request, NULL));
  ds_requests *requests = NULL;
  if (!DONE(ds_market_requests(store, NULL, NULL, NULL, -1, &requests))) return;
  const ds_request *items = ds_requests_items(requests);
  for (int64_t i = 0; i < ds_requests_count(requests); i++) walk_text(items[i].notes);
  ds_requests_free(requests);
}

/* ---- State, SQL, maintenance -------------------------------------------------------------------- */

static void use_state(ds_store *store) {
  char *json = NULL;
  static const char *const keys[] = {"phase", "count", "large 2", "nobody"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (DONE(ds_state_get(store, keys[i], &json))) {
      walk_text(json);
      ds_text_free(json);
    }
    int64_t time;
    DONE(ds_state_updated_at(store, keys[i], &time));
  }
  if (DONE(ds_state_set(store, "phase", "[\"short\"]")) && DONE(ds_state_get(store, "phase", &json))) {
    must(is_spoilt || (json != NULL && strcmp(json, "[\"short\"]") == 0), "the state that was set is read");
    ds_text_free(json);
  }
  int32_t answer = 0;
  DONE(ds_state_compare_and_set(store, "count", "42", "43", &answer));
  DONE(ds_state_delete(store, "count", &answer));
  ds_state_entries *entries = NULL;
  if (!DONE(ds_state_items(store, "", 1, &entries))) return;
  const ds_state_entry *items = ds_state_entries_items(entries);
  for (int64_t i = 0; i < ds_state_entries_count(entries); i++) walk_text(items[i].value_json);
  ds_state_entries_free(entries);
}

/* Queries over our tables. What another table or a view of the file computes, its query asked for. */
static void use_sql(ds_store *store) {
  static const char *const queries[] = {
      "SELECT * FROM market_data ORDER BY close", "SELECT count(*), min(updated_at) FROM system_state",
      "SELECT name, sql FROM sqlite_schema", "SELECT * FROM market_requests WHERE notes IS NULL"};
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    ds_rows *rows = NULL;
    if (!DONE(ds_sql(store, queries[i], NULL, 0, &rows))) continue;
    const ds_sql_column *columns = ds_rows_columns(rows);
    for (int32_t column = 0; column < ds_rows_column_count(rows); column++)
      walk(columns[column].types, (size_t)ds_rows_count(rows));
    ds_rows_free(rows);
  }
}

static void maintain(ds_store *store, const char *path) {
  char backup[600];
  snprintf(backup, sizeof backup, "%s.backup", path);
  remove_store(backup);
  if (!DONE(ds_store_backup(store, backup, 0))) must(access(backup, F_OK) != 0, "a failed backup leaves nothing");
  remove_store(backup);
  ds_texts *findings = NULL;
  if (DONE(ds_store_check(store, &findings))) {
    for (int64_t i = 0; i < ds_texts_count(findings); i++) walk_text(ds_texts_items(findings)[i]);
    ds_texts_free(findings);
  }
  ds_info info = DS_INFO_INIT;
  DONE(ds_store_info(store, &info));
  DONE(ds_store_checkpoint(store, NULL));
}

/* ---- All of it ---------------------------------------------------------------------------------- */

static bool same_file(const char *path, file_bytes before) {
  file_bytes now = load(path);
  bool same = now.size == before.size && (now.size == 0 || memcmp(now.bytes, before.bytes, now.size) == 0);
  free(now.bytes);
  return same;
}

int exercise(const char *path, dice *dice, bool spoilt) {
  refusals = 0;
  is_spoilt = spoilt;
  digest expected = read_plainly(path);
  file_bytes before = load(path);
  for (int32_t read_only = 1; read_only >= 0; read_only--) {
    ds_open_options options = {sizeof options, DS_DURABILITY_NORMAL, read_only, 0, 1};
    ds_store *store = NULL;
    int32_t status = ds_store_open(path, &options, &store);
    if (!done(status, "ds_store_open")) {
      if (status == DS_SCHEMA) must(same_file(path, before), "a refused file stays as it was, byte for byte");
      continue;
    }
    read_bars(store, expected);
    use_sql(store);
    for (int32_t replace = 0; replace < 2; replace++) write_bars(store, dice, replace);
    write_one(store, dice);
    use_state(store);
    use_requests(store);
    maintain(store, path);
    if (DONE(ds_transaction_begin(store))) {
      DONE(ds_market_delete(store, EURUSD, HOURLY, NULL, NULL));
      DONE(ds_transaction_rollback(store));
    }
    DONE(ds_market_delete(store, EURUSD, HOURLY, NULL, NULL));
    ds_store_free(store);
    if (read_only) must(same_file(path, before), "a store that only reads leaves the file as it was");
  }
  free(before.bytes);
  return refusals;
}
