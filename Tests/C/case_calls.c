/* case_calls.c: the calls that a case can make.
 * SPDX-License-Identifier: MIT
 */
#include "case_calls.h"

#include <stdlib.h>
#include <string.h>

#include "case_values.h"
#include "fixture.h"

/* ---- Writing ---------------------------------------------------------------------------------- */

static int32_t batch_call(ds_store *store, json *with, json **out, bool only_features) {
  ds_bar_batch batch = case_batch(json_get(with, "rows"), case_symbol(with), case_timeframe(with));
  int32_t replace = case_flag(with, "replace", 0);
  int64_t rows = -1;
  int32_t status = only_features ? ds_market_write_features(store, &batch, replace, &rows)
                                 : ds_market_write(store, &batch, replace, &rows);
  *out = json_integer(rows);
  return status;
}

static int32_t write_rows(ds_store *store, json *with, json **out) {
  return batch_call(store, with, out, false);
}

static int32_t write_features(ds_store *store, json *with, json **out) {
  return batch_call(store, with, out, true);
}

static int32_t write_bar(ds_store *store, json *with, json **out) {
  (void)out;
  ds_bar bar = case_bar(json_get(with, "bar"));
  return ds_market_write_bar(store, *case_symbol(with), *case_timeframe(with), &bar,
                             case_flag(with, "replace", 0));
}

static int32_t delete_bars(ds_store *store, json *with, json **out) {
  ds_range range = case_range(with);
  int64_t rows = -1;
  int32_t status =
      ds_market_delete(store, *case_symbol(with), *case_timeframe(with), &range, &rows);
  *out = json_integer(rows);
  return status;
}

/* ---- Reading ---------------------------------------------------------------------------------- */

static int32_t finished(int32_t status, ds_bars *bars, json **out) {
  if (status != DS_OK) return status;
  *out = case_table(ds_bars_batch(bars));
  ds_bars_free(bars);
  return status;
}

static int32_t read_bars(ds_store *store, json *with, json **out) {
  int32_t count;
  const char *const *symbols = case_symbols(with, &count);
  ds_range range = case_range(with);
  ds_read_options options = case_options(with);
  ds_bars *bars = NULL;
  int32_t status =
      ds_market_read(store, symbols, count, *case_timeframe(with), &range, &options, &bars);
  return finished(status, bars, out);
}

static int32_t read_features(ds_store *store, json *with, json **out) {
  int32_t count;
  const char *const *symbols = case_symbols(with, &count);
  ds_range range = case_range(with);
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = 0;
  options.features = DS_FEATURES_COLUMNS;
  json *keys = json_given(with, "keys");
  if (keys != NULL) {
    options.feature_keys = case_texts(keys);
    options.feature_key_count = (int32_t)keys->count;
  }
  ds_bars *bars = NULL;
  int32_t status =
      ds_market_read(store, symbols, count, *case_timeframe(with), &range, &options, &bars);
  return finished(status, bars, out);
}

static int32_t latest(ds_store *store, json *with, json **out) {
  int32_t count;
  const char *const *symbols = case_symbols(with, &count);
  ds_read_options options = case_options(with);
  ds_bars *bars = NULL;
  int32_t status = ds_market_latest(store, symbols, count, *case_timeframe(with),
                                    json_get(with, "n")->integer, &options, &bars);
  return finished(status, bars, out);
}

static int32_t latest_bar(ds_store *store, json *with, json **out) {
  ds_bar *bar = NULL;
  int32_t status = ds_market_latest_bar(store, *case_symbol(with), *case_timeframe(with), &bar);
  if (status == DS_OK) *out = bar == NULL ? json_new(JSON_NULL) : case_bar_found(bar);
  ds_bar_free(bar);
  return status;
}

static int32_t scan(ds_store *store, json *with, json **out) {
  int32_t count;
  const char *const *symbols = case_symbols(with, &count);
  ds_range range = case_range(with);
  ds_read_options options = case_options(with);
  json *chunk = json_given(with, "chunk");
  ds_scan *scan = NULL;
  int32_t status = ds_market_scan(store, symbols, count, *case_timeframe(with), &range, &options,
                                  chunk ? chunk->integer : 50000, &scan);
  *out = json_new(JSON_LIST);
  while (status == DS_OK) {
    ds_bars *bars = NULL;
    json *table = NULL;
    status = ds_scan_next(scan, &bars);
    if (bars == NULL) break;
    status = finished(status, bars, &table);
    json_add(*out, NULL, table);
  }
  ds_scan_free(scan);
  return status;
}

/* ---- Coverage --------------------------------------------------------------------------------- */

static int32_t exists_call(ds_store *store, json *with, json **out) {
  int32_t found = -1;
  int32_t status = ds_market_exists(store, *case_symbol(with), *case_timeframe(with), &found);
  *out = json_bool(found == 1);
  return status;
}

static int32_t count(ds_store *store, json *with, json **out) {
  ds_range range = case_range(with);
  int64_t rows = -1;
  int32_t status = ds_market_count(store, *case_symbol(with), *case_timeframe(with), &range, &rows);
  *out = json_integer(rows);
  return status;
}

static int32_t feature_keys(ds_store *store, json *with, json **out) {
  ds_range range = case_range(with);
  ds_texts *keys = NULL;
  int32_t status = ds_market_feature_keys(store, *case_symbol(with), *case_timeframe(with), &range, &keys);
  *out = json_new(JSON_LIST);
  for (int64_t i = 0; i < ds_texts_count(keys); i++) json_add(*out, NULL, json_text(ds_texts_items(keys)[i]));
  ds_texts_free(keys);
  return status;
}

static int32_t missing(ds_store *store, json *with, json **out) {
  ds_range range = case_range(with);
  ds_expected expected = DS_EXPECTED_INIT;
  json *step = json_given(with, "step"), *times = json_given(with, "times");
  int64_t instants[16];
  if (step) expected.step = step->integer;
  for (size_t i = 0; times && i < times->count && i < COUNT_OF(instants); i++) {
    CHECK_OK(ds_time_of_text(times->items[i]->text, &instants[i]));
    expected.times = instants;
    expected.count++;
  }
  ds_missing *found = NULL;
  int32_t status =
      ds_market_missing(store, *case_symbol(with), *case_timeframe(with), &range, &expected, &found);
  const ds_missing_view *view = ds_missing_runs(found);
  *out = json_new(JSON_LIST);
  for (int64_t i = 0; i < view->count; i++) {
    json *run = json_add(*out, NULL, json_new(JSON_OBJECT));
    json_add(run, "start", json_time(view->starts[i]));
    json_add(run, "end", json_time(view->ends[i]));
    json_add(run, "bars", json_integer(view->bars[i]));
  }
  ds_missing_free(found);
  return status;
}

static int32_t series(ds_store *store, json *with, json **out) {
  ds_series *series = NULL;
  int32_t status = ds_market_series(store, case_flag(with, "counts", 1), &series);
  if (status != DS_OK) return status;
  const ds_series_view *view = ds_series_entries(series);
  *out = json_new(JSON_LIST);
  for (int64_t i = 0; i < view->count; i++) {
    json *entry = json_add(*out, NULL, json_new(JSON_OBJECT));
    json_add(entry, "symbol", json_text(view->symbols[i]));
    json_add(entry, "timeframe", json_text(view->timeframes[i]));
    json_add(entry, "first", json_time(view->first[i]));
    json_add(entry, "last", json_time(view->last[i]));
    if (view->bars != NULL) json_add(entry, "bars", json_integer(view->bars[i]));
    if (view->gaps != NULL) json_add(entry, "gaps", json_integer(view->gaps[i]));
  }
  ds_series_free(series);
  return status;
}

/* ---- Requests --------------------------------------------------------------------------------- */

static int32_t record_request(ds_store *store, json *with, json **out) {
  (void)out;
  ds_request request = DS_REQUEST_INIT;
  request.symbol = *case_symbol(with);
  request.timeframe = *case_timeframe(with);
  json *requested_at = json_given(with, "requested_at");
  if (requested_at != NULL) request.requested_at = case_time(requested_at);
  request.start_ts = case_time(json_get(with, "start_ts"));
  request.end_ts = case_time(json_get(with, "end_ts"));
  request.provider_used = case_text(json_get(with, "provider_used"));
  request.coverage_ratio = case_number(json_get(with, "coverage_ratio"));
  json *gap_count = json_given(with, "gap_count");
  request.has_gap_count = gap_count != NULL;
  if (gap_count != NULL) request.gap_count = gap_count->integer;
  request.fallback_used = case_flag(with, "fallback_used", 0);
  request.quality = case_text(json_get(with, "quality"));
  request.notes = case_text(json_get(with, "notes"));
  return ds_market_record_request(store, &request, NULL);
}

static json *request_found(const ds_request *request) {
  json *found = json_new(JSON_OBJECT);
  json_add(found, "symbol", json_text(request->symbol));
  json_add(found, "timeframe", json_text(request->timeframe));
  json_add(found, "requested_at", json_time(request->requested_at));
  json_add(found, "provider_used", json_text(request->provider_used));
  json_add(found, "fallback_used", json_bool(request->fallback_used));
  json_add(found, "start_ts", json_time(request->start_ts));
  json_add(found, "end_ts", json_time(request->end_ts));
  json_add(found, "coverage_ratio", json_number(request->coverage_ratio));
  json_add(found, "gap_count",
           request->has_gap_count ? json_integer(request->gap_count) : json_new(JSON_NULL));
  json_add(found, "quality", json_text(request->quality));
  json_add(found, "notes", json_text(request->notes));
  return found;
}

static int32_t requests(ds_store *store, json *with, json **out) {
  ds_range range = case_range(with);
  json *limit = json_given(with, "limit");
  bool only_providers = case_flag(with, "providers", 0);
  ds_requests *requests = NULL;
  int32_t status = ds_market_requests(store, case_text(json_get(with, "symbol")),
                                      case_text(json_get(with, "timeframe")), &range,
                                      limit ? limit->integer : -1, &requests);
  if (status != DS_OK) return status;
  *out = json_new(JSON_LIST);
  for (int64_t i = 0; i < ds_requests_count(requests); i++) {
    const ds_request *request = &ds_requests_items(requests)[i];
    json_add(*out, NULL,
             only_providers ? json_text(request->provider_used) : request_found(request));
  }
  ds_requests_free(requests);
  return status;
}

static int32_t time_of_text(ds_store *store, json *with, json **out) {
  (void)store;
  int64_t time = DS_NO_TIME;
  int32_t status = ds_time_of_text(case_text(json_get(with, "text")), &time);
  *out = json_time(time);
  return status;
}

/* ---- State ------------------------------------------------------------------------------------ */

static int32_t state_set(ds_store *store, json *with, json **out) {
  (void)out;
  return ds_state_set(store, case_text(json_get(with, "key")), case_text(json_get(with, "value")));
}

static int32_t state_set_many(ds_store *store, json *with, json **out) {
  (void)out;
  json *entries = json_get(with, "entries");
  const char **keys = calloc(entries->count + 1, sizeof *keys);
  const char **values = calloc(entries->count + 1, sizeof *values);
  REQUIRE(keys && values);
  for (size_t i = 0; i < entries->count; i++) {
    keys[i] = entries->items[i]->items[0]->text;
    values[i] = entries->items[i]->items[1]->text;
  }
  int32_t status = ds_state_set_many(store, keys, values, (int64_t)entries->count);
  free(keys);
  free(values);
  return status;
}

static int32_t state_get(ds_store *store, json *with, json **out) {
  char *text = NULL;
  int32_t status = ds_state_get(store, case_text(json_get(with, "key")), &text);
  if (status == DS_OK) *out = json_text(text);
  ds_text_free(text);
  return status;
}

static int32_t state_delete(ds_store *store, json *with, json **out) {
  int32_t deleted = -1;
  int32_t status = ds_state_delete(store, case_text(json_get(with, "key")), &deleted);
  *out = json_bool(deleted == 1);
  return status;
}

static int32_t state_compare_and_set(ds_store *store, json *with, json **out) {
  int32_t swapped = -1;
  int32_t status = ds_state_compare_and_set(
      store, case_text(json_get(with, "key")), case_text(json_get(with, "expected")),
      case_text(json_get(with, "value")), &swapped);
  *out = json_bool(swapped == 1);
  return status;
}

static int32_t entries_call(ds_store *store, json *with, json **out, int32_t values) {
  const char *prefix = case_text(json_get(with, "prefix"));
  ds_state_entries *entries = NULL;
  int32_t status = ds_state_items(store, prefix ? prefix : "", values, &entries);
  if (status != DS_OK) return status;
  *out = json_new(JSON_LIST);
  for (int64_t i = 0; i < ds_state_entries_count(entries); i++) {
    const ds_state_entry *entry = &ds_state_entries_items(entries)[i];
    json *key = json_text(entry->key);
    if (!values) {
      json_add(*out, NULL, key);
      continue;
    }
    json *pair = json_add(*out, NULL, json_new(JSON_LIST));
    json_add(pair, NULL, key);
    json_add(pair, NULL, json_text(entry->value_json));
  }
  ds_state_entries_free(entries);
  return status;
}

static int32_t state_keys(ds_store *store, json *with, json **out) {
  return entries_call(store, with, out, 0);
}

static int32_t state_items(ds_store *store, json *with, json **out) {
  return entries_call(store, with, out, 1);
}

/* ---- The file --------------------------------------------------------------------------------- */

static int32_t sql(ds_store *store, json *with, json **out) {
  ds_rows *rows = NULL;
  int32_t status = ds_sql(store, case_text(json_get(with, "query")), NULL, 0, &rows);
  if (status != DS_OK) return status;
  *out = case_rows(rows);
  ds_rows_free(rows);
  return status;
}

static int32_t check(ds_store *store, json *with, json **out) {
  (void)with;
  ds_texts *findings = NULL;
  int32_t status = ds_store_check(store, &findings);
  if (status == DS_OK) *out = json_integer(ds_texts_count(findings));
  ds_texts_free(findings);
  return status;
}

static int32_t other_tool(ds_store *store, json *with, json **out) {
  (void)out;
  foreign_with(ds_store_path(store), case_text(json_get(with, "sql")),
               case_text(json_get(with, "value")));
  return DS_OK;
}

static const case_call calls[] = {
    {"write", write_rows},
    {"write_features", write_features},
    {"write_bar", write_bar},
    {"read", read_bars},
    {"read_features", read_features},
    {"latest", latest},
    {"latest_bar", latest_bar},
    {"scan", scan},
    {"exists", exists_call},
    {"count", count},
    {"feature_keys", feature_keys},
    {"missing", missing},
    {"series", series},
    {"delete", delete_bars},
    {"record_request", record_request},
    {"requests", requests},
    {"time_of_text", time_of_text},
    {"sql", sql},
    {"check", check},
    {"other_tool", other_tool},
    {"state_set", state_set},
    {"state_get", state_get},
    {"state_set_many", state_set_many},
    {"state_delete", state_delete},
    {"state_keys", state_keys},
    {"state_items", state_items},
    {"state_compare_and_set", state_compare_and_set},
};

const case_call *case_call_of(const char *name) {
  for (size_t i = 0; i < COUNT_OF(calls); i++) {
    if (strcmp(calls[i].name, name) == 0) return &calls[i];
  }
  return NULL;
}
