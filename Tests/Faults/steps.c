/* steps.c: each function of the interface that touches the file or keeps what it found.
 * SPDX-License-Identifier: MIT
 *
 * A step is done when it returns DS_OK, and can be repeated when it does not.
 */
#include "steps.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "content.h"

/* ---- Writing --------------------------------------------------------------------------------------- */

static int32_t write_new(scene *s) { return write_bars(s->store, "write_new", 100, 40, BARS_PLAIN, 0); }
static int32_t write_again(scene *s) { return write_bars(s->store, "write_again", 0, 20, BARS_PLAIN, 0); }
static int32_t write_with_features(scene *s) {
  return write_bars(s->store, "write_with_features", 5, 30, BARS_FEATURES, 0);
}
static int32_t merge(scene *s) { return write_bars(s->store, "merge", 0, 12, BARS_OTHER_FEATURES, 0); }
static int32_t replace(scene *s) { return write_bars(s->store, "replace", 0, 12, BARS_FEATURES, 1); }
static int32_t write_features(scene *s) {
  return write_bars(s->store, "write_features", 0, 12, FEATURES_ONLY, 0);
}
static int32_t replace_features(scene *s) {
  return write_bars(s->store, "replace_features", 0, 12, FEATURES_ONLY, 1);
}

/* Rows of which each fills several pages. */
static int32_t merge_wide(scene *s) { return write_bars(s->store, "wide", 0, 3, BARS_FEATURES, 0); }

static int32_t live_bar(scene *s, const char *symbol, int64_t hour, int32_t replace) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = hour_at(hour);
  bar.columns = DS_COLUMN_OPEN | DS_COLUMN_CLOSE | DS_COLUMN_SOURCE | DS_COLUMN_FEATURES;
  bar.open = 1.5;
  bar.close = 2.5;
  bar.source = "live";
  bar.features_json = "{\"live@1\":{\"value\":0.25,\"quality\":\"ready\"}}";
  return ds_market_write_bar(s->store, symbol, hourly, &bar, replace);
}
/* Without features it is a statement of its own. */
static int32_t write_bar_plain(scene *s) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = hour_at(100);
  bar.columns = DS_COLUMN_CLOSE | DS_COLUMN_SOURCE;
  bar.close = 2.5;
  bar.source = "live";
  return ds_market_write_bar(s->store, "write_bar_plain", hourly, &bar, 0);
}

/* Batches whose bars are all stored, long enough to be a statement that is its own transaction. */
static int32_t merge_large(scene *s) {
  return write_bars(s->store, large_symbols[0], 0, 600, FEATURES_ONLY, 0);
}
static int32_t rewrite_large(scene *s) {
  return write_bars(s->store, large_symbols[0], 0, 600, BARS_OTHER_FEATURES, 0);
}
/* The last bar is new: an update and an upsert within one transaction. */
static int32_t rewrite_most(scene *s) {
  return write_bars(s->store, large_symbols[0], 300, 301, BARS_PLAIN, 0);
}

static int32_t write_bar_new(scene *s) { return live_bar(s, "write_bar_new", 100, 0); }
static int32_t write_bar_merged(scene *s) { return live_bar(s, "write_bar_merged", 3, 0); }
static int32_t write_bar_replaced(scene *s) { return live_bar(s, "write_bar_replaced", 3, 1); }

/* More than SQLite keeps in memory, so that it spills into the WAL, and more than the WAL's limit, so that a
 * checkpoint follows. */
static int32_t write_bulk(scene *s) { return write_bars(s->store, "write_bulk", 0, 540, BARS_LONG_SOURCE, 0); }

static int32_t write_wide(scene *s) { return write_bars(s->store, "write_wide", 0, 4, BARS_WIDE, 0); }

static int32_t delete_bars(scene *s) {
  ds_range range = DS_RANGE_INIT;
  range.start = hour_at(4);
  int64_t rows = 0;
  TRY(ds_market_delete(s->store, "delete_bars", hourly, &range, &rows));
  see_number(s, rows);
  return DS_OK;
}

static int32_t record_request(scene *s) {
  ds_request request = DS_REQUEST_INIT;
  request.symbol = "record_request";
  request.timeframe = hourly;
  request.requested_at = hour_at(50);
  request.start_ts = hour_at(0);
  request.end_ts = hour_at(40);
  request.provider_used = "provider";
  request.coverage_ratio = 0.5;
  request.notes = "some gaps";
  return ds_market_record_request(s->store, &request, NULL);
}

static int32_t record_request_now(scene *s) {
  ds_request request = DS_REQUEST_INIT;
  request.symbol = "record_request";
  request.timeframe = hourly;
  request.start_ts = hour_at(0);
  request.end_ts = hour_at(40);
  request.provider_used = "provider";
  /* The time differs from run to run: taken back within the step. */
  TRY(ds_transaction_begin(s->store));
  int32_t status = ds_market_record_request(s->store, &request, NULL);
  int32_t ended = ds_transaction_rollback(s->store);
  return status != DS_OK ? status : ended;
}

/* ---- State ----------------------------------------------------------------------------------------- */

static int32_t state_set(scene *s) { return ds_state_set(s->store, "state_set", "{\"phase\":\"short\"}"); }
static int32_t state_set_many(scene *s) {
  static const char *const keys[] = {"state_set_many", "state_set_many.b", "state_set_many.c"};
  static const char *const values[] = {"[1,2.5,\"x\"]", "17", "0.1"};
  return ds_state_set_many(s->store, keys, values, 3);
}
static int32_t state_set_long(scene *s) { return ds_state_set(s->store, "long", long_json()); }
static int32_t compare_and_set_long(scene *s) {
  int32_t swapped = 0;
  TRY(ds_state_compare_and_set(s->store, "long", "[1,0]", "2", &swapped));
  see_number(s, swapped);
  return DS_OK;
}
static int32_t state_get_long(scene *s) {
  char *json = NULL;
  TRY(ds_state_get(s->store, "long", &json));
  see_text(s, json);
  ds_text_free(json);
  return DS_OK;
}
static int32_t state_delete(scene *s) {
  int32_t deleted = 0;
  TRY(ds_state_delete(s->store, "state_delete", &deleted));
  see_number(s, deleted);
  return DS_OK;
}
static int32_t compare_and_set(scene *s) {
  int32_t swapped = 0;
  TRY(ds_state_compare_and_set(s->store, "compare_and_set", "{\"of\":\"compare_and_set\"}", "\"long\"",
                               &swapped));
  see_number(s, swapped);
  return DS_OK;
}
static int32_t compare_in_vain(scene *s) {
  int32_t swapped = 0;
  TRY(ds_state_compare_and_set(s->store, "compare_in_vain", "\"other\"", "\"long\"", &swapped));
  see_number(s, swapped);
  return DS_OK;
}
static int32_t state_get(scene *s) {
  char *json = NULL;
  TRY(ds_state_get(s->store, "state_get", &json));
  see_text(s, json);
  ds_text_free(json);
  int64_t time = DS_NO_TIME;
  TRY(ds_state_updated_at(s->store, "state_get", &time));
  see_number(s, time != DS_NO_TIME);
  return DS_OK;
}
static int32_t state_items(scene *s) {
  ds_state_entries *entries = NULL;
  TRY(ds_state_items(s->store, "state_i", 1, &entries));
  const ds_state_entry *items = ds_state_entries_items(entries);
  for (int64_t i = 0; i < ds_state_entries_count(entries); i++) {
    see_text(s, items[i].key);
    see_text(s, items[i].value_json);
  }
  ds_state_entries_free(entries);
  return DS_OK;
}

/* ---- Reading --------------------------------------------------------------------------------------- */

static int32_t read_as(scene *s, const char *const *symbols, int32_t count, int32_t features, int64_t limit) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = features;
  options.limit = limit;
  ds_bars *bars = NULL;
  TRY(ds_market_read(s->store, symbols, count, hourly, NULL, &options, &bars));
  see_bars(s, bars);
  ds_bars_free(bars);
  return DS_OK;
}
static const char *const two_symbols[] = {"read", "merge"};
static int32_t read_bars(scene *s) { return read_as(s, two_symbols, 2, DS_FEATURES_NONE, -1); }
static int32_t read_limited(scene *s) { return read_as(s, two_symbols, 2, DS_FEATURES_NONE, 5); }
static int32_t read_features(scene *s) { return read_as(s, two_symbols, 2, DS_FEATURES_COLUMNS, -1); }
static int32_t read_values(scene *s) { return read_as(s, two_symbols, 1, DS_FEATURES_VALUES, -1); }
static int32_t read_json(scene *s) { return read_as(s, two_symbols, 2, DS_FEATURES_JSON, -1); }
static int32_t read_large(scene *s) { return read_as(s, large_symbols, 2, DS_FEATURES_NONE, -1); }
static int32_t read_large_features(scene *s) { return read_as(s, large_symbols, 2, DS_FEATURES_COLUMNS, -1); }
static int32_t read_large_json(scene *s) { return read_as(s, large_symbols, 2, DS_FEATURES_JSON, -1); }

static int32_t read_wide(scene *s) {
  static const char *const symbol = "wide";
  TRY(read_as(s, &symbol, 1, DS_FEATURES_COLUMNS, -1));
  TRY(read_as(s, &symbol, 1, DS_FEATURES_JSON, -1));
  ds_bar *bar = NULL;
  TRY(ds_market_latest_bar(s->store, symbol, hourly, &bar));
  see_text(s, bar == NULL ? NULL : bar->features_json);
  ds_bar_free(bar);
  return DS_OK;
}

static int32_t read_foreign(scene *s) {
  static const char *const symbol = "foreign";
  return read_as(s, &symbol, 1, DS_FEATURES_COLUMNS, -1);
}

static int32_t latest(scene *s) {
  ds_bars *bars = NULL;
  TRY(ds_market_latest(s->store, two_symbols, 2, hourly, 4, NULL, &bars));
  see_bars(s, bars);
  ds_bars_free(bars);
  ds_bar *bar = NULL;
  TRY(ds_market_latest_bar(s->store, "read", hourly, &bar));
  if (bar == NULL) return DS_INTERNAL;
  see_number(s, bar->timestamp);
  see_text(s, bar->source);
  see_text(s, bar->features_json);
  ds_bar_free(bar);
  return DS_OK;
}

static int32_t scan_as(scene *s, const char *const *symbols, int64_t chunk) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_VALUES;
  ds_scan *scan = NULL;
  TRY(ds_market_scan(s->store, symbols, 2, hourly, NULL, &options, chunk, &scan));
  int32_t status;
  while (true) {
    ds_bars *bars = NULL;
    status = ds_scan_next(scan, &bars);
    if (status != DS_OK || bars == NULL) break;
    see_bars(s, bars);
    ds_bars_free(bars);
  }
  ds_scan_free(scan);
  return status;
}
static int32_t scan(scene *s) { return scan_as(s, two_symbols, 5); }
static int32_t scan_large(scene *s) { return scan_as(s, large_symbols, 1000); }

static int32_t series(scene *s) {
  for (int32_t counts = 0; counts < 2; counts++) {
    ds_series *found = NULL;
    TRY(ds_market_series(s->store, counts, &found));
    const ds_series_view *view = ds_series_entries(found);
    for (int64_t i = 0; i < view->count; i++) {
      see_text(s, view->symbols[i]);
      see_number(s, view->first[i] ^ view->last[i]);
      if (counts) see_number(s, view->bars[i]);
    }
    ds_series_free(found);
  }
  return DS_OK;
}

static int32_t count_as(scene *s, const char *symbol) {
  int32_t exists = 0;
  TRY(ds_market_exists(s->store, symbol, hourly, &exists));
  see_number(s, exists);
  ds_range range = DS_RANGE_INIT;
  range.start = hour_at(-2);
  range.end = hour_at(600);
  int64_t count = 0;
  TRY(ds_market_count(s->store, symbol, hourly, &range, &count));
  see_number(s, count);
  ds_expected expected = DS_EXPECTED_INIT;
  expected.step = hour_at(1) - hour_at(0);
  const int64_t times[] = {hour_at(7), hour_at(2), hour_at(900)};
  for (int32_t is_listed = 0; is_listed < 2; is_listed++) {
    ds_missing *missing = NULL;
    TRY(ds_market_missing(s->store, symbol, hourly, &range, &expected, &missing));
    const ds_missing_view *view = ds_missing_runs(missing);
    for (int64_t i = 0; i < view->count; i++) see_number(s, view->starts[i] ^ view->ends[i] ^ view->bars[i]);
    ds_missing_free(missing);
    expected = (ds_expected){sizeof expected, 0, times, 3};
  }
  return DS_OK;
}
static int32_t count(scene *s) { return count_as(s, two_symbols[0]); }
static int32_t count_large(scene *s) { return count_as(s, large_symbols[0]); }
static int32_t count_foreign(scene *s) { return count_as(s, "foreign"); }

static int32_t feature_keys(scene *s) {
  ds_texts *keys = NULL;
  TRY(ds_market_feature_keys(s->store, large_symbols[0], hourly, NULL, &keys));
  for (int64_t i = 0; i < ds_texts_count(keys); i++) see_text(s, ds_texts_items(keys)[i]);
  ds_texts_free(keys);
  return DS_OK;
}

static int32_t requests(scene *s) {
  ds_requests *found = NULL;
  TRY(ds_market_requests(s->store, NULL, hourly, NULL, -1, &found));
  const ds_request *items = ds_requests_items(found);
  for (int64_t i = 0; i < ds_requests_count(found); i++) {
    see_text(s, items[i].symbol);
    see_number(s, items[i].requested_at);
    see_text(s, items[i].notes);
  }
  ds_requests_free(found);
  return DS_OK;
}

static int32_t sql_as(scene *s, const char *query) {
  ds_sql_parameter parameters[1] = {{"symbol", DS_SQL_TEXT, 0, 0, "large", 5}};
  ds_rows *rows = NULL;
  TRY(ds_sql(s->store, query, parameters, 1, &rows));
  see_rows(s, rows);
  ds_rows_free(rows);
  return DS_OK;
}
static int32_t sql(scene *s) {
  return sql_as(s, "SELECT symbol, count(*) AS bars, sum(close), max(source) FROM market_data "
                   "WHERE symbol <> :symbol GROUP BY symbol ORDER BY max(open) DESC, symbol");
}
static int32_t sql_large(scene *s) {
  return sql_as(s, "SELECT timestamp, close, features, rowid FROM market_data WHERE symbol = :symbol");
}

/* ---- Arrow ----------------------------------------------------------------------------------------- */

/* Out and in: a stream that fails is released by the call that takes it over. */
static int32_t arrow_copy(scene *s) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_JSON;
  struct ArrowArrayStream stream;
  TRY(ds_market_read_arrow(s->store, large_symbols, 2, hourly, NULL, &options, 1, &stream));
  int64_t rows = 0;
  TRY(ds_market_write_arrow(s->store, &stream, NULL, "arrow", 0, &rows));
  see_number(s, rows);
  return DS_OK;
}

static int32_t arrow_features(scene *s) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = 0;
  options.features = DS_FEATURES_COLUMNS;
  struct ArrowArrayStream stream;
  TRY(ds_market_read_arrow(s->store, large_symbols, 1, hourly, NULL, &options, 0, &stream));
  int64_t rows = 0;
  TRY(ds_market_write_features_arrow(s->store, &stream, large_symbols[0], hourly, NULL, 1, &rows));
  see_number(s, rows);
  return DS_OK;
}

static int32_t arrow_sql(scene *s) {
  struct ArrowArrayStream stream;
  TRY(ds_sql_arrow(s->store, "SELECT timestamp, close, features, rowid FROM market_data", NULL, 0, -1, &stream));
  struct ArrowArray batch;
  int32_t status = stream.get_next(&stream, &batch) == 0 ? DS_OK : DS_NO_MEMORY;
  if (status == DS_OK) {
    see_number(s, batch.length);
    batch.release(&batch);
  }
  stream.release(&stream);
  return status;
}

/* ---- Transactions ---------------------------------------------------------------------------------- */

static int32_t both(scene *s, const char *name) {
  TRY(write_bars(s->store, name, 20, 3, BARS_FEATURES, 0));
  return ds_state_set(s->store, name, "2");
}

static int32_t ended(scene *s, int32_t status) {
  if (status == DS_OK) status = ds_transaction_commit(s->store);
  if (status != DS_OK) ds_transaction_rollback(s->store);
  return status;
}

static int32_t commit(scene *s) {
  TRY(ds_transaction_begin(s->store));
  return ended(s, both(s, "commit"));
}

static int32_t roll_back(scene *s) {
  TRY(ds_transaction_begin(s->store));
  int32_t status = both(s, "roll_back");
  int32_t rolled_back = ds_transaction_rollback(s->store);
  return status != DS_OK ? status : rolled_back;
}

/* The inner one is taken back, the outer one stays. */
static int32_t within_outer(scene *s) {
  TRY(ds_state_set(s->store, "savepoint", "\"outer\""));
  TRY(ds_transaction_begin(s->store));
  int32_t status = both(s, "savepoint");
  int32_t rolled_back = ds_transaction_rollback(s->store);
  if (status != DS_OK) return status;
  TRY(rolled_back);
  TRY(ds_transaction_begin(s->store));
  status = write_bars(s->store, "savepoint", 30, 2, BARS_PLAIN, 0);
  if (status == DS_OK) status = ds_transaction_commit(s->store);
  if (status != DS_OK) ds_transaction_rollback(s->store);
  return status;
}
static int32_t savepoint(scene *s) {
  TRY(ds_transaction_begin(s->store));
  return ended(s, within_outer(s));
}

/* A call that is refused is undone alone; the rest is committed. */
static int32_t refused_within(scene *s) {
  TRY(ds_transaction_begin(s->store));
  int32_t status = ds_state_set(s->store, "refused_within", "3");
  if (status == DS_OK) {
    status = write_bars(s->store, "refused_within", 1000, 2, FEATURES_ONLY, 0);
    if (status == DS_MISSING_BAR) status = DS_OK;
  }
  return ended(s, status);
}

/* ---- The file -------------------------------------------------------------------------------------- */

static int32_t checkpoint(scene *s) {
  TRY(ds_store_checkpoint(s->store, NULL));
  return ds_state_set(s->store, "checkpoint", "\"after\"");
}

static int32_t backup(scene *s) { return ds_store_backup(s->store, s->backup, 0); }
static int32_t backup_over(scene *s) {
  int32_t status = ds_store_backup(s->store, s->backup, 1);
  return status == DS_OK ? ds_store_backup(s->store, s->backup, 1) : status;
}

/* A copy that failed keeps what it has, which is not a backup: it goes on, and then it goes. */
static int32_t copied(scene *s, ds_store *target) {
  ds_copy_options options = DS_COPY_OPTIONS_INIT;
  options.chunk = 100;
  ds_copy_result result = DS_COPY_RESULT_INIT;
  TRY(ds_store_copy(s->store, target, &options, &result));
  ds_differences *differences = NULL;
  TRY(ds_store_compare(s->store, target, NULL, &differences));
  see_number(s, result.bars);
  see_number(s, result.states);
  see_number(s, ds_differences_count(differences));
  ds_differences_free(differences);
  uint64_t hash = 0;
  TRY(ds_market_hash(target, large_symbols[0], hourly, NULL, &hash, NULL));
  see_number(s, (int64_t)hash);
  return DS_OK;
}
static int32_t copy(scene *s) {
  ds_store *target = NULL;
  int32_t status = ds_store_open(s->backup, NULL, &target);
  if (status == DS_OK) status = copied(s, target);
  ds_store_free(target);
  static const char *const suffixes[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < 3; i++) {
    char path[400];
    snprintf(path, sizeof path, "%s%s", s->backup, suffixes[i]);
    unlink(path);
  }
  return status;
}

static int32_t check(scene *s) {
  ds_texts *findings = NULL;
  TRY(ds_store_check(s->store, &findings));
  see_number(s, ds_texts_count(findings));
  for (int64_t i = 0; i < ds_texts_count(findings); i++) see_text(s, ds_texts_items(findings)[i]);
  ds_texts_free(findings);
  return DS_OK;
}

static int32_t info(scene *s) {
  ds_info found = DS_INFO_INIT;
  TRY(ds_store_info(s->store, &found));
  see_number(s, found.market_data_rows);
  see_number(s, found.market_requests_rows);
  see_number(s, found.system_state_rows);
  see_text(s, found.journal_mode);
  see_text(s, found.synchronous);
  char *script = NULL;
  TRY(ds_store_connection_script(s->store, &script));
  see_text(s, script);
  ds_text_free(script);
  return DS_OK;
}

/* Closing cannot fail: what was acknowledged is in the WAL, and the next one to open folds it in. */
static int32_t close_store(scene *s) {
  TRY(ds_state_set(s->store, "close", "\"closed\""));
  TRY(ds_store_close(s->store));
  ds_store_free(s->store);
  s->store = NULL;
  return DS_OK;
}

static int32_t open_and_write(scene *s) {
  if (s->store == NULL) TRY(ds_store_open(s->path, NULL, &s->store));
  ds_bars *bars = NULL;
  TRY(ds_market_read(s->store, two_symbols, 2, hourly, NULL, NULL, &bars));
  see_bars(s, bars);
  ds_bars_free(bars);
  return ds_state_set(s->store, "opened", "1");
}

static int32_t open_to_read(scene *s) {
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.read_only = 1;
  ds_store *store = NULL;
  TRY(ds_store_open(s->path, &options, &store));
  ds_bars *bars = NULL;
  int32_t status = ds_market_read(store, two_symbols, 2, hourly, NULL, NULL, &bars);
  if (status == DS_OK) see_bars(s, bars);
  ds_bars_free(bars);
  ds_store_free(store);
  return status;
}

const step steps[] = {
    {"open_new", open_and_write, START_ABSENT},
    {"open_existing", open_and_write, START_CLOSED},
    {"open_after_kill", open_and_write, START_WAL},
    {"open_to_read", open_to_read, START_CLOSED},
    {"open_to_read_after_kill", open_to_read, START_WAL},
    {"write_new", write_new, START_OPEN},
    {"write_again", write_again, START_OPEN},
    {"write_with_features", write_with_features, START_OPEN},
    {"merge", merge, START_OPEN},
    {"replace", replace, START_OPEN},
    {"write_features", write_features, START_OPEN},
    {"replace_features", replace_features, START_OPEN},
    {"write_bar_new", write_bar_new, START_OPEN},
    {"write_bar_merged", write_bar_merged, START_OPEN},
    {"write_bar_replaced", write_bar_replaced, START_OPEN},
    {"write_bar_plain", write_bar_plain, START_OPEN},
    {"merge_large", merge_large, START_LARGE},
    {"rewrite_large", rewrite_large, START_LARGE},
    {"rewrite_most", rewrite_most, START_LARGE},
    {"write_bulk", write_bulk, START_OPEN},
    {"write_wide", write_wide, START_OPEN},
    {"delete_bars", delete_bars, START_OPEN},
    {"record_request", record_request, START_OPEN},
    {"record_request_now", record_request_now, START_OPEN},
    {"state_set", state_set, START_OPEN},
    {"state_set_many", state_set_many, START_OPEN},
    {"state_delete", state_delete, START_OPEN},
    {"compare_and_set", compare_and_set, START_OPEN},
    {"compare_in_vain", compare_in_vain, START_OPEN},
    {"state_get", state_get, START_OPEN},
    {"state_items", state_items, START_OPEN},
    {"read", read_bars, START_OPEN},
    {"read_limited", read_limited, START_OPEN},
    {"read_features", read_features, START_OPEN},
    {"read_values", read_values, START_OPEN},
    {"read_json", read_json, START_OPEN},
    {"read_large", read_large, START_LARGE},
    {"read_large_features", read_large_features, START_LARGE},
    {"read_large_json", read_large_json, START_LARGE},
    {"read_wide", read_wide, START_WIDE},
    {"merge_wide", merge_wide, START_WIDE},
    {"state_set_long", state_set_long, START_WIDE},
    {"state_get_long", state_get_long, START_WIDE},
    {"compare_and_set_long", compare_and_set_long, START_WIDE},
    {"read_foreign", read_foreign, START_FOREIGN},
    {"latest", latest, START_OPEN},
    {"scan", scan, START_OPEN},
    {"scan_large", scan_large, START_LARGE},
    {"arrow_copy", arrow_copy, START_LARGE},
    {"arrow_features", arrow_features, START_LARGE},
    {"arrow_sql", arrow_sql, START_LARGE},
    {"count", count, START_OPEN},
    {"count_large", count_large, START_LARGE},
    {"count_foreign", count_foreign, START_FOREIGN},
    {"feature_keys", feature_keys, START_LARGE},
    {"series", series, START_OPEN},
    {"requests", requests, START_OPEN},
    {"sql", sql, START_OPEN},
    {"sql_large", sql_large, START_LARGE},
    {"commit", commit, START_OPEN},
    {"roll_back", roll_back, START_OPEN},
    {"savepoint", savepoint, START_OPEN},
    {"refused_within", refused_within, START_OPEN},
    {"checkpoint", checkpoint, START_OPEN},
    {"backup", backup, START_OPEN},
    {"backup_over", backup_over, START_OPEN},
    {"copy", copy, START_OPEN},
    {"copy_large", copy, START_LARGE},
    {"copy_foreign", copy, START_FOREIGN},
    {"check", check, START_OPEN},
    {"info", info, START_OPEN},
    {"close", close_store, START_OPEN},
};
const size_t step_count = sizeof steps / sizeof steps[0];
