/* Arguments.c: every function of data_store.h with arguments that no sane caller would pass.
 * SPDX-License-Identifier: MIT
 *
 * An input is a small program: calls, each with arguments made from the bytes that follow. All
 * memory that an argument claims is there, to the byte and no further, so that a look beyond it is
 * a report. Whatever comes: a status that the header names, a message, no result that is half
 * there, and on success a result that can be read from end to end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "Input.h"

#define UNTOUCHED INT64_C(0x5a5a5a5a)
static char untouched_target;
#define UNTOUCHED_HANDLE ((void *)&untouched_target)

static char folder[64];
static char store_path[96];
static ds_store *open_one, *closed_one;

static void hold(int32_t held, const char *what) {
  if (held) return;
  fprintf(stderr, "Arguments: %s (%s)\n", what, ds_last_error());
  abort();
}

/* ---- Statuses and out-parameters -------------------------------------------------------------- */

static int32_t settle(int32_t status) {
  hold(status >= DS_OK && status < DS_INTERNAL, "a status that this cannot have");
  if (status == DS_OK) return status;
  hold(ds_last_error()[0] != '\0', "a failure without a message");
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  hold(ds_last_error_detail(&detail) == DS_OK, "no detail");
  hold(detail.status == status, "the detail is of another failure");
  return status;
}

/* For a call that writes a number. */
static void settle_number(int32_t status, int64_t out) {
  if (settle(status) != DS_OK) hold(out == UNTOUCHED, "a failed call wrote a result");
}

/* For a call that makes a handle: whether there is one. */
static int32_t settle_handle(int32_t status, const void *out, int32_t had_place) {
  if (settle(status) == DS_OK) {
    hold(had_place, "a result went nowhere");
    return 1;
  }
  if (had_place) hold(out == UNTOUCHED_HANDLE, "a failed call wrote a result");
  return 0;
}

/* ---- Results, read from end to end ------------------------------------------------------------ */

static volatile uint64_t sink;

static void walk_text(const char *text) {
  if (text != NULL) sink += strlen(text);
}

static void walk_bytes(const void *bytes, size_t size) {
  for (size_t i = 0; bytes != NULL && i < size; i++) sink += ((const unsigned char *)bytes)[i];
}

static void walk_texts(const ds_text_column *column, int64_t count) {
  for (int64_t i = 0; i < column->value_count; i++) walk_text(column->values[i]);
  for (int64_t i = 0; column->codes != NULL && i < count; i++)
    hold(column->codes[i] >= -1 && column->codes[i] < column->value_count, "a code without a text");
}

static void walk_bars(const ds_bars *bars) {
  const ds_bar_batch *batch = ds_bars_batch(bars);
  size_t count = (size_t)batch->count;
  walk_bytes(batch->timestamps, count * 8);
  const double *columns[] = {batch->open, batch->high,   batch->low,
                             batch->close, batch->volume, batch->latency_sec};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) walk_bytes(columns[i], count * 8);
  walk_bytes(batch->is_gap, count);
  walk_texts(&batch->symbol, batch->count);
  walk_texts(&batch->timeframe, batch->count);
  walk_texts(&batch->source, batch->count);
  walk_texts(&batch->quality, batch->count);
  for (int32_t i = 0; i < batch->feature_count; i++) {
    walk_text(batch->features[i].key);
    walk_bytes(batch->features[i].values, count * 8);
    walk_texts(&batch->features[i].quality, batch->count);
  }
  for (size_t i = 0; batch->features_json != NULL && i < count; i++)
    walk_text(batch->features_json[i]);
}

static void settle_bars(int32_t status, ds_bars *bars, int32_t had_place) {
  if (!settle_handle(status, bars, had_place)) return;
  if (bars != NULL) walk_bars(bars);
  ds_bars_free(bars);
}

/* ---- Market ----------------------------------------------------------------------------------- */

static ds_store *take_store(input *in) {
  switch (take_byte(in)) {
    case 0: return NULL;
    case 1: return closed_one;
    default: return open_one;
  }
}

static void call_write(input *in) {
  int64_t rows = UNTOUCHED, *place = take_place(in, &rows);
  ds_store *store = take_store(in);
  ds_bar_batch *batch = take_batch(in);
  int32_t replace = take_flag(in);
  int32_t status = take_byte(in) & 1 ? ds_market_write(store, batch, replace, place)
                                     : ds_market_write_features(store, batch, replace, place);
  settle_number(status, rows);
}

static void call_write_bar(input *in) {
  ds_store *store = take_store(in);
  const char *symbol = take_name(in), *timeframe = take_name(in);
  ds_bar *bar = take_bar(in);
  settle(ds_market_write_bar(store, symbol, timeframe, bar, take_flag(in)));
}

static void call_read(input *in) {
  ds_bars *bars = UNTOUCHED_HANDLE, **place = take_place(in, &bars);
  ds_store *store = take_store(in);
  int32_t count;
  const char *const *symbols = take_texts(in, &count);
  const char *timeframe = take_name(in);
  ds_range *range = take_range(in);
  ds_read_options *options = take_read_options(in);
  int32_t status;
  if (take_byte(in) & 1)
    status = ds_market_read(store, symbols, count, timeframe, range, options, place);
  else
    status = ds_market_latest(store, symbols, count, timeframe, take_integer(in), options, place);
  settle_bars(status, bars, place != NULL);
}

static void call_latest_bar(input *in) {
  ds_bar *bar = UNTOUCHED_HANDLE, **place = take_place(in, &bar);
  ds_store *store = take_store(in);
  const char *symbol = take_name(in);
  int32_t status = ds_market_latest_bar(store, symbol, take_name(in), place);
  if (!settle_handle(status, bar, place != NULL)) return;
  if (bar != NULL) {
    walk_text(bar->source);
    walk_text(bar->quality);
    walk_text(bar->features_json);
  }
  ds_bar_free(bar);
}

static void call_latest_bar_into(input *in) {
  int32_t size = (int32_t)UNTOUCHED, *place = take_place(in, &size);
  ds_store *store = take_store(in);
  const char *symbol = take_name(in), *timeframe = take_name(in);
  int32_t room = take_byte(in) * 4;
  ds_bar *bar = borrow(in, (size_t)room + (room == 0));
  int32_t status = ds_market_latest_bar_into(store, symbol, timeframe, bar, room, place);
  settle_number(status, size);
  if (status != DS_OK || size == 0 || size > room) return;
  walk_text(bar->source);
  walk_text(bar->quality);
  walk_text(bar->features_json);
}

static void call_scan(input *in) {
  ds_scan *scan = UNTOUCHED_HANDLE, **place = take_place(in, &scan);
  ds_store *store = take_store(in);
  int32_t count;
  const char *const *symbols = take_texts(in, &count);
  const char *timeframe = take_name(in);
  ds_range *range = take_range(in);
  ds_read_options *options = take_read_options(in);
  int32_t status =
      ds_market_scan(store, symbols, count, timeframe, range, options, take_integer(in), place);
  if (!settle_handle(status, scan, place != NULL)) return;
  for (int32_t chunk = 0; chunk < 4; chunk++) {
    ds_bars *bars = UNTOUCHED_HANDLE;
    status = ds_scan_next(scan, take_byte(in) == 1 ? NULL : &bars);
    int32_t is_last = status != DS_OK || bars == NULL;
    settle_bars(status, bars, bars != UNTOUCHED_HANDLE);
    if (is_last) break;
  }
  ds_scan_free(scan);
}

static void call_coverage(input *in) {
  int64_t number = UNTOUCHED, *place = take_place(in, &number);
  int32_t there = (int32_t)UNTOUCHED, *there_place = take_place(in, &there);
  ds_store *store = take_store(in);
  const char *symbol = take_name(in), *timeframe = take_name(in);
  ds_range *range = take_range(in);
  settle_number(ds_market_exists(store, symbol, timeframe, there_place), there);
  settle_number(ds_market_count(store, symbol, timeframe, range, place), number);
  ds_texts *keys = UNTOUCHED_HANDLE, **keys_place = take_place(in, &keys);
  if (!settle_handle(ds_market_feature_keys(store, symbol, timeframe, range, keys_place), keys, keys_place != NULL))
    return;
  for (int64_t i = 0; i < ds_texts_count(keys); i++) walk_text(ds_texts_items(keys)[i]);
  ds_texts_free(keys);
}

static void call_missing(input *in) {
  ds_missing *missing = UNTOUCHED_HANDLE, **place = take_place(in, &missing);
  ds_store *store = take_store(in);
  const char *symbol = take_name(in), *timeframe = take_name(in);
  ds_range *range = take_range(in);
  ds_expected expected = DS_EXPECTED_INIT;
  expected.step = take_byte(in) & 1 ? take_integer(in) : 0;
  expected.count = take_byte(in) & 7;
  int64_t *times = borrow(in, sizeof *times * (size_t)(expected.count + 1));
  for (int64_t i = 0; i < expected.count; i++) times[i] = take_integer(in);
  expected.times = take_byte(in) == 0 ? NULL : times;
  if (take_byte(in) >= 0xf0) expected.struct_size = (size_t)take_integer(in) & 31;
  if (!settle_handle(ds_market_missing(store, symbol, timeframe, range, &expected, place), missing, place != NULL))
    return;
  const ds_missing_view *view = ds_missing_runs(missing);
  for (int64_t i = 0; i < view->count; i++) {
    hold(view->starts[i] <= view->ends[i] && view->bars[i] > 0, "a run that ends before it begins");
    hold(i == 0 || view->ends[i - 1] < view->starts[i], "runs out of order");
  }
  ds_missing_free(missing);
}

static void call_series(input *in) {
  ds_series *series = UNTOUCHED_HANDLE, **place = take_place(in, &series);
  ds_store *store = take_store(in);
  if (!settle_handle(ds_market_series(store, take_flag(in), place), series, place != NULL)) return;
  const ds_series_view *view = ds_series_entries(series);
  for (int64_t i = 0; i < view->count; i++) {
    walk_text(view->symbols[i]);
    walk_text(view->timeframes[i]);
    hold(view->first[i] <= view->last[i], "a series that ends before it begins");
    if (view->bars != NULL) hold(view->gaps[i] <= view->bars[i], "more gaps than bars");
  }
  ds_series_free(series);
}

static void call_delete(input *in) {
  int64_t rows = UNTOUCHED, *place = take_place(in, &rows);
  ds_store *store = take_store(in);
  const char *symbol = take_name(in), *timeframe = take_name(in);
  settle_number(ds_market_delete(store, symbol, timeframe, take_range(in), place), rows);
}

static void call_record_request(input *in) {
  int64_t time = UNTOUCHED, *place = take_place(in, &time);
  ds_store *store = take_store(in);
  settle_number(ds_market_record_request(store, take_request(in), place), time);
}

static void call_requests(input *in) {
  ds_requests *requests = UNTOUCHED_HANDLE, **place = take_place(in, &requests);
  ds_store *store = take_store(in);
  const char *symbol = take_name(in), *timeframe = take_name(in);
  ds_range *range = take_range(in);
  int32_t status = ds_market_requests(store, symbol, timeframe, range, take_integer(in), place);
  if (!settle_handle(status, requests, place != NULL)) return;
  const ds_request *items = ds_requests_items(requests);
  for (int64_t i = 0; i < ds_requests_count(requests); i++) {
    walk_text(items[i].symbol);
    walk_text(items[i].provider_used);
    walk_text(items[i].notes);
  }
  ds_requests_free(requests);
}

/* ---- State ------------------------------------------------------------------------------------ */

static void call_state_set(input *in) {
  ds_store *store = take_store(in);
  const char *key = take_name(in);
  settle(ds_state_set(store, key, take_json(in)));
}

static void call_state_set_many(input *in) {
  ds_store *store = take_store(in);
  int32_t count;
  const char **keys = take_texts(in, &count), **values = NULL;
  if (take_byte(in) != 0) {
    values = borrow(in, sizeof *values * (size_t)(count > 0 ? count : 0));
    for (int32_t i = 0; i < count; i++) values[i] = take_json(in);
  }
  settle(ds_state_set_many(store, keys, values, count));
}

static void call_state_get(input *in) {
  char *json = UNTOUCHED_HANDLE, **place = take_place(in, &json);
  ds_store *store = take_store(in);
  if (!settle_handle(ds_state_get(store, take_name(in), place), json, place != NULL)) return;
  walk_text(json);
  ds_text_free(json);
}

static void call_state_get_into(input *in) {
  int32_t size = (int32_t)UNTOUCHED, *place = take_place(in, &size);
  ds_store *store = take_store(in);
  const char *key = take_name(in);
  int32_t room = take_byte(in);
  char *json = borrow(in, (size_t)room + (room == 0));
  int32_t status = ds_state_get_into(store, key, json, room, place);
  settle_number(status, size);
  if (status == DS_OK && size > 0 && size <= room) walk_text(json);
}

static void call_state_delete(input *in) {
  int32_t deleted = (int32_t)UNTOUCHED, *place = take_place(in, &deleted);
  ds_store *store = take_store(in);
  settle_number(ds_state_delete(store, take_name(in), place), deleted);
}

static void call_compare_and_set(input *in) {
  int32_t swapped = (int32_t)UNTOUCHED, *place = take_place(in, &swapped);
  ds_store *store = take_store(in);
  const char *key = take_name(in), *expected = take_json(in);
  settle_number(ds_state_compare_and_set(store, key, expected, take_json(in), place), swapped);
}

static void call_updated_at(input *in) {
  int64_t time = UNTOUCHED, *place = take_place(in, &time);
  ds_store *store = take_store(in);
  settle_number(ds_state_updated_at(store, take_name(in), place), time);
}

static void call_state_items(input *in) {
  ds_state_entries *entries = UNTOUCHED_HANDLE, **place = take_place(in, &entries);
  ds_store *store = take_store(in);
  const char *prefix = take_name(in);
  int32_t status = ds_state_items(store, prefix, take_flag(in), place);
  if (!settle_handle(status, entries, place != NULL)) return;
  const ds_state_entry *items = ds_state_entries_items(entries);
  for (int64_t i = 0; i < ds_state_entries_count(entries); i++) {
    walk_text(items[i].key);
    walk_text(items[i].value_json);
  }
  ds_state_entries_free(entries);
}

/* ---- SQL, maintenance ------------------------------------------------------------------------- */

static void call_sql(input *in) {
  ds_rows *rows = UNTOUCHED_HANDLE, **place = take_place(in, &rows);
  ds_store *store = take_store(in);
  const char *query = take_query(in);
  int32_t count;
  ds_sql_parameter *parameters = take_parameters(in, &count);
  if (!settle_handle(ds_sql(store, query, parameters, count, place), rows, place != NULL)) return;
  int64_t found = ds_rows_count(rows);
  const ds_sql_column *columns = ds_rows_columns(rows);
  for (int32_t i = 0; i < ds_rows_column_count(rows); i++) {
    walk_text(columns[i].name);
    for (int64_t row = 0; row < found; row++) {
      switch (columns[i].types[row]) {
        case DS_SQL_INTEGER: sink += (uint64_t)columns[i].integers[row]; break;
        case DS_SQL_REAL: walk_bytes(&columns[i].reals[row], 8); break;
        case DS_SQL_TEXT:
        case DS_SQL_BLOB: {
          int64_t start = columns[i].offsets[row];
          walk_bytes(columns[i].bytes + start, (size_t)(columns[i].offsets[row + 1] - start));
          break;
        }
        default: hold(columns[i].types[row] == DS_SQL_NULL, "a value of no type");
      }
    }
  }
  ds_rows_free(rows);
}

static void call_check(input *in) {
  ds_texts *findings = UNTOUCHED_HANDLE, **place = take_place(in, &findings);
  if (!settle_handle(ds_store_check(take_store(in), place), findings, place != NULL)) return;
  hold(ds_texts_count(findings) == 0, ds_texts_count(findings) > 0 ? *ds_texts_items(findings) : "");
  ds_texts_free(findings);
}

static void call_info(input *in) {
  ds_store *store = take_store(in);
  if (take_byte(in) & 1)
    settle(ds_store_info(store, take_info(in)));
  else
    settle(ds_store_checkpoint(store, take_checkpoint_result(in)));
}

static void call_connection_script(input *in) {
  char *script = UNTOUCHED_HANDLE, **place = take_place(in, &script);
  int32_t status = ds_store_connection_script(take_store(in), place);
  if (!settle_handle(status, script, place != NULL)) return;
  walk_text(script);
  ds_text_free(script);
}

/* A path, good and bad: in the folder, the store's own, no folder at all. */
static const char *take_path(input *in) {
  static const char *const names[] = {"/other.db", "/fuzzed.db", "", "/", "/none/x.db", "/\xff.db"};
  uint8_t choice = take_byte(in);
  if (choice == 0) return NULL;
  if (choice == 1) return "";
  char *path = borrow(in, sizeof folder + 16);
  snprintf(path, sizeof folder + 16, "%s%s", folder, names[choice % 6]);
  return path;
}

static void call_backup(input *in) {
  ds_store *store = take_store(in);
  const char *target = take_path(in);
  settle(ds_store_backup(store, target, take_flag(in)));
}

static void call_open(input *in) {
  ds_store *store = UNTOUCHED_HANDLE, **place = take_place(in, &store);
  const char *path = take_path(in);
  ds_open_options *options = take_open_options(in);
  if (!settle_handle(ds_store_open(path, options, place), store, place != NULL)) return;
  walk_text(ds_store_path(store));
  /* By default a writer waits for ten seconds, and the current transaction may have the lock. */
  if (options != NULL) settle(ds_state_set(store, "another", "1"));
  settle(ds_store_close(store));
  ds_store_free(store);
}

static void call_transaction(input *in) {
  ds_store *store = take_store(in);
  switch (take_byte(in) % 4) {
    case 0: settle(ds_transaction_begin(store)); break;
    case 1: settle(ds_transaction_commit(store)); break;
    case 2: settle(ds_transaction_rollback(store)); break;
    default: settle(ds_interrupt(store));
  }
}

static void call_lay_out(input *in) {
  int64_t count = take_byte(in) & 7;
  const ds_text_column *columns[3];
  int32_t column_count = take_byte(in) % 4;
  for (int32_t i = 0; i < column_count; i++)
    columns[i] = take_byte(in) == 0xff ? NULL : take_text_column(in, count);
  /* Counts that are refused before the first row. */
  int64_t claimed = take_byte(in) >= 0xf0 ? -1 - count : count;
  int32_t claimed_columns = take_byte(in) >= 0xf0 ? -1 : column_count;
  ds_text_layouts *layouts = NULL;
  if (settle(ds_text_columns_lay_out(columns, claimed_columns, claimed, &layouts)) == DS_OK) {
    const ds_text_layout *array = ds_text_layouts_array(layouts);
    for (int32_t i = 0; i < column_count; i++) {
      const int64_t *offsets = array[i].offsets;
      hold(offsets[count] == array[i].byte_count, "texts that end elsewhere than their bytes");
      for (int64_t row = 0; row < count; row++) hold(offsets[row] <= offsets[row + 1], "a text that ends before it begins");
    }
  }
  ds_text_layouts_free(layouts);
}

static void call_code(input *in) {
  int64_t count = take_byte(in) & 7;
  ds_text_layout layout = DS_TEXT_LAYOUT_INIT;
  layout.first = take_byte(in) & 3;
  layout.offset_size = take_byte(in) & 1 ? 4 : 8;
  uint8_t *offsets = borrow(in, (size_t)(layout.offset_size * (layout.first + count + 1)));
  /* Mostly small and ascending, so that some are right. */
  int64_t next = 0;
  for (int64_t i = 0; i <= layout.first + count; i++) {
    next += (int8_t)take_byte(in) >> 4;
    if (layout.offset_size == 4) ((int32_t *)(void *)offsets)[i] = (int32_t)next;
    else ((int64_t *)(void *)offsets)[i] = next;
  }
  layout.offsets = take_byte(in) >= 0xf0 ? NULL : offsets;
  layout.byte_count = take_byte(in);
  layout.bytes = borrow(in, (size_t)layout.byte_count);
  uint8_t *validity = borrow(in, 2);
  validity[0] = take_byte(in);
  layout.validity = take_byte(in) & 1 ? validity : NULL;
  int32_t *codes = borrow(in, sizeof *codes * (size_t)(count + 1));
  int32_t *first_rows = borrow(in, sizeof *first_rows * (size_t)(count + 1));
  int64_t distinct = -1;
  int64_t claimed = take_byte(in) >= 0xf0 ? -1 - count : count;
  if (settle(ds_text_layout_code(&layout, claimed, codes, first_rows, &distinct)) != DS_OK) return;
  hold(distinct >= 0 && distinct <= count, "more texts than rows");
  for (int64_t i = 0; i < count; i++)
    hold(codes[i] >= -1 && codes[i] < distinct, "a code without a text");
  for (int64_t i = 0; i < distinct; i++)
    hold(codes[first_rows[i]] == i, "a first row with another code");
}

/* What takes no store, and what takes a handle that may be NULL. */
static void call_anything_else(input *in) {
  settle(ds_last_error_detail(take_error_detail(in)));
  walk_text(ds_status_name((int32_t)take_integer(in)));
  walk_text(ds_version());
  hold(ds_abi_version() == DS_ABI_VERSION, "another ABI");
  hold(ds_bars_batch(NULL)->count == 0, "rows of nothing");
  hold(ds_series_entries(NULL)->count == 0, "series of nothing");
  hold(ds_missing_runs(NULL)->count == 0, "runs of nothing");
  hold(ds_requests_count(NULL) == 0 && ds_requests_items(NULL) == NULL, "requests of nothing");
  hold(ds_state_entries_count(NULL) == 0, "state of nothing");
  hold(ds_state_entries_items(NULL) == NULL, "state of nothing");
  hold(ds_rows_count(NULL) == 0 && ds_rows_column_count(NULL) == 0, "rows of nothing");
  hold(ds_rows_columns(NULL) == NULL && ds_texts_count(NULL) == 0, "columns of nothing");
  hold(ds_texts_items(NULL) == NULL, "texts of nothing");
  walk_text(ds_store_path(take_byte(in) & 1 ? NULL : closed_one));
  ds_bars *bars = UNTOUCHED_HANDLE;
  settle_bars(ds_scan_next(NULL, &bars), bars, 1);
  ds_store_free(NULL);
  ds_bars_free(NULL);
  ds_bar_free(NULL);
  ds_scan_free(NULL);
  ds_series_free(NULL);
  ds_missing_free(NULL);
  ds_requests_free(NULL);
  ds_text_free(NULL);
  ds_state_entries_free(NULL);
  ds_rows_free(NULL);
  ds_texts_free(NULL);
}

static void (*const calls[])(input *) = {
    call_write,       call_write_bar,  call_read,           call_latest_bar,        call_scan,
    call_series,      call_delete,     call_record_request, call_requests,          call_state_set,
    call_state_set_many, call_state_get, call_state_delete, call_compare_and_set,   call_updated_at,
    call_state_items, call_sql,        call_check,          call_info,              call_connection_script,
    call_backup,      call_open,       call_transaction,    call_anything_else,
    call_lay_out,
    call_code,
    call_latest_bar_into,
    call_state_get_into,
    call_coverage,
    call_missing,
};

/* ---- libFuzzer -------------------------------------------------------------------------------- */

static void remove_files(void) {
  static const char *const names[] = {"fuzzed.db", "other.db"};
  static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
  char path[128];
  for (int32_t i = 0; i < 8; i++) {
    snprintf(path, sizeof path, "%s/%s%s", folder, names[i / 4], suffixes[i % 4]);
    unlink(path);
  }
}

static void leave(void) {
  ds_store_free(open_one);
  ds_store_free(closed_one);
  remove_files();
  rmdir(folder);
}

static void start_anew(void) {
  ds_store_free(open_one);
  ds_store_free(closed_one);
  remove_files();
  ds_open_options options = {sizeof options, DS_DURABILITY_NORMAL, 0, 0, 1};
  open_one = closed_one = NULL;
  hold(ds_store_open(store_path, &options, &closed_one) == DS_OK, "no store");
  hold(ds_store_close(closed_one) == DS_OK, "not closed");
  hold(ds_store_open(store_path, &options, &open_one) == DS_OK, "no store");
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  const char *place = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%.40s/data_store_fuzz_XXXXXX", place == NULL ? "/tmp" : place);
  hold(mkdtemp(folder) != NULL, "no folder");
  snprintf(store_path, sizeof store_path, "%s/fuzzed.db", folder);
  atexit(leave);
  start_anew();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  /* A program may commit, and what is stored must not grow for ever. */
  static uint32_t runs = 0;
  if (++runs % 4096 == 0) start_anew();
  input in = {data, data + size, NULL};
  hold(ds_transaction_begin(open_one) == DS_OK, "no transaction");
  for (int32_t i = 0; i < 8 && in.next < in.end; i++)
    calls[take_byte(&in) % (sizeof calls / sizeof *calls)](&in);
  while (ds_transaction_rollback(open_one) == DS_OK) {
  }
  give_back(&in);
  return 0;
}
