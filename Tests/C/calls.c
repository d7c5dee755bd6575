/* calls.c: every function that takes a store, called with sound arguments.
 * SPDX-License-Identifier: MIT
 */
#include "calls.h"

#include "fixture.h"

/* What lies in an out-parameter before the call, and must lie there after a failed one. */
#define UNTOUCHED INT64_C(0x5a5a5a5a)
static char untouched_target;

/* A handle comes back, or what `out` pointed to before is still there. */
#define UNTOUCHED_HANDLE ((void *)&untouched_target)

static int32_t settle_number(int32_t status, int64_t out) {
  if (status != DS_OK) CHECK_INT(out, UNTOUCHED);
  return status;
}

static int32_t settle_handle(int32_t status, const void *out) {
  if (status != DS_OK) CHECK(out == UNTOUCHED_HANDLE);
  return status;
}

/* ---- Market -------------------------------------------------------------------------------- */

static const int64_t moment = T0;
static const double price = 1.5;
static const char *const features = "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}";

static int32_t call_write(ds_store *store) {
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, &moment, 1);
  batch.close = &price;
  int64_t rows = UNTOUCHED;
  return settle_number(ds_market_write(store, &batch, 0, &rows), rows);
}

static int32_t call_write_features(ds_store *store) {
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, &moment, 1);
  batch.features_json = &features;
  int64_t rows = UNTOUCHED;
  return settle_number(ds_market_write_features(store, &batch, 0, &rows), rows);
}

static int32_t call_write_bar(ds_store *store) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0;
  bar.columns = DS_COLUMN_CLOSE;
  bar.close = price;
  return ds_market_write_bar(store, EURUSD, HOURLY, &bar, 0);
}

static int32_t call_read(ds_store *store) {
  ds_bars *bars = UNTOUCHED_HANDLE;
  int32_t status = ds_market_read(store, &EURUSD, 1, HOURLY, NULL, NULL, &bars);
  if (status == DS_OK) ds_bars_free(bars);
  return settle_handle(status, bars);
}

static int32_t call_latest(ds_store *store) {
  ds_bars *bars = UNTOUCHED_HANDLE;
  int32_t status = ds_market_latest(store, &EURUSD, 1, HOURLY, 1, NULL, &bars);
  if (status == DS_OK) ds_bars_free(bars);
  return settle_handle(status, bars);
}

static int32_t call_latest_bar(ds_store *store) {
  ds_bar *bar = UNTOUCHED_HANDLE;
  int32_t status = ds_market_latest_bar(store, EURUSD, HOURLY, &bar);
  if (status == DS_OK) ds_bar_free(bar);
  return settle_handle(status, bar);
}

static int32_t call_latest_bar_into(ds_store *store) {
  ds_bar bar = DS_BAR_INIT;
  int32_t size = (int32_t)UNTOUCHED;
  return settle_number(ds_market_latest_bar_into(store, EURUSD, HOURLY, &bar, sizeof bar, &size), size);
}

static int32_t call_scan(ds_store *store) {
  ds_scan *scan = UNTOUCHED_HANDLE;
  int32_t status = ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, 10, &scan);
  if (status == DS_OK) ds_scan_free(scan);
  return settle_handle(status, scan);
}

/* A stream that is written is released, one that comes out is left as it was: see test_arrow_write.c, too. */
static void release_nothing(struct ArrowArrayStream *stream) { stream->release = NULL; }

static void release_no_columns(struct ArrowSchema *schema) { schema->release = NULL; }

static int get_no_columns(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  *out = (struct ArrowSchema){.format = "+s", .release = release_no_columns};
  return 0;
}

static int get_no_rows(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  out->release = NULL;
  return 0;
}

static int32_t call_write_arrow(ds_store *store) {
  struct ArrowArrayStream stream = {get_no_columns, get_no_rows, NULL, release_nothing, NULL};
  int64_t rows = UNTOUCHED;
  int32_t status = ds_market_write_arrow(store, &stream, EURUSD, HOURLY, 0, &rows);
  CHECK(stream.release == NULL);
  return settle_number(status, rows);
}

static int32_t call_write_features_arrow(ds_store *store) {
  struct ArrowArrayStream stream = {get_no_columns, get_no_rows, NULL, release_nothing, NULL};
  int64_t rows = UNTOUCHED;
  int32_t status = ds_market_write_features_arrow(store, &stream, EURUSD, HOURLY, NULL, 0, &rows);
  CHECK(stream.release == NULL);
  return settle_number(status, rows);
}

static int32_t settle_stream(int32_t status, struct ArrowArrayStream *stream) {
  if (status == DS_OK) stream->release(stream);
  else CHECK(stream->private_data == UNTOUCHED_HANDLE);
  return status;
}

static int32_t call_read_arrow(ds_store *store) {
  struct ArrowArrayStream stream = {.private_data = UNTOUCHED_HANDLE};
  return settle_stream(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 0, &stream), &stream);
}

static int32_t call_scan_arrow(ds_store *store) {
  struct ArrowArrayStream stream = {.private_data = UNTOUCHED_HANDLE};
  return settle_stream(ds_market_scan_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 10, 0, &stream), &stream);
}

static int32_t call_sql_arrow(ds_store *store) {
  struct ArrowArrayStream stream = {.private_data = UNTOUCHED_HANDLE};
  return settle_stream(ds_sql_arrow(store, "SELECT count(*) FROM market_data", NULL, 0, -1, &stream), &stream);
}

static int32_t call_exists(ds_store *store) {
  int32_t exists = (int32_t)UNTOUCHED;
  return settle_number(ds_market_exists(store, EURUSD, HOURLY, &exists), exists);
}

static int32_t call_count(ds_store *store) {
  int64_t count = UNTOUCHED;
  return settle_number(ds_market_count(store, EURUSD, HOURLY, NULL, &count), count);
}

static int32_t call_feature_keys(ds_store *store) {
  ds_texts *keys = UNTOUCHED_HANDLE;
  int32_t status = ds_market_feature_keys(store, EURUSD, HOURLY, NULL, &keys);
  if (status == DS_OK) ds_texts_free(keys);
  return settle_handle(status, keys);
}

static int32_t call_missing(ds_store *store) {
  ds_missing *missing = UNTOUCHED_HANDLE;
  ds_expected expected = DS_EXPECTED_INIT;
  expected.times = &moment;
  expected.count = 1;
  int32_t status = ds_market_missing(store, EURUSD, HOURLY, NULL, &expected, &missing);
  if (status == DS_OK) ds_missing_free(missing);
  return settle_handle(status, missing);
}

static int32_t call_series(ds_store *store) {
  ds_series *series = UNTOUCHED_HANDLE;
  int32_t status = ds_market_series(store, 1, &series);
  if (status == DS_OK) ds_series_free(series);
  return settle_handle(status, series);
}

static int32_t call_delete(ds_store *store) {
  int64_t rows = UNTOUCHED;
  return settle_number(ds_market_delete(store, "NOBODY", HOURLY, NULL, &rows), rows);
}

static int32_t call_record_request(ds_store *store) {
  ds_request request = DS_REQUEST_INIT;
  request.symbol = EURUSD;
  request.timeframe = HOURLY;
  request.provider_used = "feed";
  request.start_ts = T0;
  request.end_ts = T0 + HOUR;
  int64_t requested_at = UNTOUCHED;
  return settle_number(ds_market_record_request(store, &request, &requested_at), requested_at);
}

static int32_t call_requests(ds_store *store) {
  ds_requests *requests = UNTOUCHED_HANDLE;
  int32_t status = ds_market_requests(store, NULL, NULL, NULL, -1, &requests);
  if (status == DS_OK) ds_requests_free(requests);
  return settle_handle(status, requests);
}

/* ---- State --------------------------------------------------------------------------------- */

static int32_t call_state_set(ds_store *store) { return ds_state_set(store, "key", "1"); }

static int32_t call_state_set_many(ds_store *store) {
  static const char *const keys[] = {"one", "two"};
  static const char *const values[] = {"1", "2"};
  return ds_state_set_many(store, keys, values, 2);
}

static int32_t call_state_get(ds_store *store) {
  char *json = UNTOUCHED_HANDLE;
  int32_t status = ds_state_get(store, "key", &json);
  if (status == DS_OK) ds_text_free(json);
  return settle_handle(status, json);
}

static int32_t call_state_get_into(ds_store *store) {
  char json[16];
  int32_t size = (int32_t)UNTOUCHED;
  return settle_number(ds_state_get_into(store, "key", json, sizeof json, &size), size);
}

static int32_t call_state_delete(ds_store *store) {
  int32_t deleted = (int32_t)UNTOUCHED;
  return settle_number(ds_state_delete(store, "nobody", &deleted), deleted);
}

static int32_t call_state_compare_and_set(ds_store *store) {
  int32_t swapped = (int32_t)UNTOUCHED;
  return settle_number(ds_state_compare_and_set(store, "flag", NULL, "true", &swapped), swapped);
}

static int32_t call_state_updated_at(ds_store *store) {
  int64_t time = UNTOUCHED;
  return settle_number(ds_state_updated_at(store, "key", &time), time);
}

static int32_t call_state_items(ds_store *store) {
  ds_state_entries *entries = UNTOUCHED_HANDLE;
  int32_t status = ds_state_items(store, "", 1, &entries);
  if (status == DS_OK) ds_state_entries_free(entries);
  return settle_handle(status, entries);
}

/* ---- SQL, maintenance ---------------------------------------------------------------------- */

static int32_t call_sql(ds_store *store) {
  ds_rows *rows = UNTOUCHED_HANDLE;
  int32_t status = ds_sql(store, "SELECT count(*) FROM market_data", NULL, 0, &rows);
  if (status == DS_OK) ds_rows_free(rows);
  return settle_handle(status, rows);
}

static int32_t call_check(ds_store *store) {
  ds_texts *findings = UNTOUCHED_HANDLE;
  int32_t status = ds_store_check(store, &findings);
  if (status == DS_OK) ds_texts_free(findings);
  return settle_handle(status, findings);
}

static int32_t call_backup(ds_store *store) {
  return ds_store_backup(store, path_of("call_backup.db"), 1);
}

static int32_t call_checkpoint(ds_store *store) {
  ds_checkpoint_result result = {sizeof result, UNTOUCHED, UNTOUCHED, UNTOUCHED};
  int32_t status = ds_store_checkpoint(store, &result);
  settle_number(status, result.wal_frames);
  settle_number(status, result.checkpointed);
  return settle_number(status, result.held_back);
}

static int32_t call_info(ds_store *store) {
  ds_info info = DS_INFO_INIT;
  info.file_bytes = UNTOUCHED;
  return settle_number(ds_store_info(store, &info), info.file_bytes);
}

static int32_t call_connection_script(ds_store *store) {
  char *sql = UNTOUCHED_HANDLE;
  int32_t status = ds_store_connection_script(store, &sql);
  if (status == DS_OK) ds_text_free(sql);
  /* A server has none of SQLite's connections: refused with its reason, as it has to be there. */
  if (on_server() && store && status == DS_INVALID && sql == UNTOUCHED_HANDLE) return DS_OK;
  return settle_handle(status, sql);
}

static int32_t call_copy(ds_store *store) {
  ds_store *target = open_store(path_of("call_copy.db"));
  ds_copy_result result = DS_COPY_RESULT_INIT;
  result.bars = UNTOUCHED;
  int32_t status = ds_store_copy(store, target, NULL, &result);
  ds_store_free(target);
  return settle_number(status, result.bars);
}

static int32_t call_compare(ds_store *store) {
  ds_differences *differences = UNTOUCHED_HANDLE;
  int32_t status = ds_store_compare(store, store, NULL, &differences);
  if (status == DS_OK) {
    CHECK_INT(ds_differences_count(differences), 0);
    ds_differences_free(differences);
  }
  return settle_handle(status, differences);
}

static int32_t call_hash(ds_store *store) {
  uint64_t hash = 0;
  int64_t bars = UNTOUCHED;
  return settle_number(ds_market_hash(store, EURUSD, HOURLY, NULL, &hash, &bars), bars);
}

static int32_t call_interrupt(ds_store *store) { return ds_interrupt(store); }

const store_call store_calls[] = {
    {"ds_market_write", call_write, true},
    {"ds_market_write_features", call_write_features, true},
    {"ds_market_write_bar", call_write_bar, true},
    {"ds_market_read", call_read, false},
    {"ds_market_latest", call_latest, false},
    {"ds_market_latest_bar", call_latest_bar, false},
    {"ds_market_latest_bar_into", call_latest_bar_into, false},
    {"ds_market_scan", call_scan, false},
    {"ds_market_read_arrow", call_read_arrow, false},
    {"ds_market_scan_arrow", call_scan_arrow, false},
    {"ds_sql_arrow", call_sql_arrow, false},
    {"ds_market_write_arrow", call_write_arrow, false},
    {"ds_market_write_features_arrow", call_write_features_arrow, false},
    {"ds_market_exists", call_exists, false},
    {"ds_market_count", call_count, false},
    {"ds_market_feature_keys", call_feature_keys, false},
    {"ds_market_missing", call_missing, false},
    {"ds_market_series", call_series, false},
    {"ds_market_delete", call_delete, true},
    {"ds_market_record_request", call_record_request, true},
    {"ds_market_requests", call_requests, false},
    {"ds_state_set", call_state_set, true},
    {"ds_state_set_many", call_state_set_many, true},
    {"ds_state_get", call_state_get, false},
    {"ds_state_get_into", call_state_get_into, false},
    {"ds_state_delete", call_state_delete, true},
    {"ds_state_compare_and_set", call_state_compare_and_set, true},
    {"ds_state_updated_at", call_state_updated_at, false},
    {"ds_state_items", call_state_items, false},
    {"ds_sql", call_sql, false},
    {"ds_store_check", call_check, false},
    {"ds_store_backup", call_backup, false},
    {"ds_store_checkpoint", call_checkpoint, false},
    {"ds_store_info", call_info, false},
    {"ds_store_connection_script", call_connection_script, false},
    {"ds_store_copy", call_copy, false},
    {"ds_store_compare", call_compare, false},
    {"ds_market_hash", call_hash, false},
    {"ds_interrupt", call_interrupt, false},
};
const size_t store_call_count = COUNT_OF(store_calls);

void check_all_calls_fail(ds_store *store, int32_t status) {
  for (size_t i = 0; i < store_call_count; i++) {
    check_note("%s", store_calls[i].name);
    CHECK_FAILS(store_calls[i].run(store), status, "");
  }
  check_note("the transaction calls");
  CHECK_FAILS(ds_transaction_begin(store), status, "");
  CHECK_FAILS(ds_transaction_commit(store), status, "");
  CHECK_FAILS(ds_transaction_rollback(store), status, "");
  check_note("%s", "");
}
