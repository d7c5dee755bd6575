/* case_values.c: the arguments and results of a case's calls.
 * SPDX-License-Identifier: MIT
 */
#include "case_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case_calls.h"
#include "fixture.h"

static const struct {
  const char *name;
  uint32_t bit;
} columns[] = {
    {"open", DS_COLUMN_OPEN},       {"high", DS_COLUMN_HIGH},
    {"low", DS_COLUMN_LOW},         {"close", DS_COLUMN_CLOSE},
    {"volume", DS_COLUMN_VOLUME},   {"source", DS_COLUMN_SOURCE},
    {"quality", DS_COLUMN_QUALITY}, {"is_gap", DS_COLUMN_IS_GAP},
    {"latency_sec", DS_COLUMN_LATENCY_SEC},
};

static void *zeroed(size_t count, size_t size) {
  void *block = calloc(count + 1, size);
  REQUIRE(block != NULL);
  return block;
}

/* ---- Arguments -------------------------------------------------------------------------------- */

const char *case_text(const json *text) {
  return text != NULL && text->kind == JSON_TEXT ? text->text : NULL;
}

const char **case_texts(const json *list) {
  const char **texts = zeroed(list->count, sizeof *texts);
  for (size_t i = 0; i < list->count; i++) texts[i] = case_text(list->items[i]);
  return texts;
}

double case_number(const json *number) {
  if (number == NULL || number->kind == JSON_NULL) return NAN;
  if (number->kind == JSON_NUMBER) return number->number;
  REQUIRE(number->kind == JSON_TEXT);
  if (strcmp(number->text, "inf") == 0) return INFINITY;
  if (strcmp(number->text, "-inf") == 0) return -INFINITY;
  REQUIRE(strcmp(number->text, "-0") == 0);
  return -0.0;
}

int64_t case_time(const json *time) {
  if (time == NULL || time->kind == JSON_NULL) return DS_NO_TIME;
  int64_t instant = time->integer;
  if (time->kind == JSON_TEXT) REQUIRE_OK(ds_time_of_text(time->text, &instant));
  return instant;
}

int32_t case_flag(json *with, const char *name, int32_t otherwise) {
  json *flag = json_given(with, name);
  return flag == NULL ? otherwise : flag->kind == JSON_TRUE;
}

static const char **name_of(json *with, const char *name, const char *otherwise) {
  const char **text = zeroed(1, sizeof *text);
  json *given = json_given(with, name);
  *text = given ? case_text(given) : otherwise;
  return text;
}

const char **case_symbol(json *with) { return name_of(with, "symbol", EURUSD); }
const char **case_timeframe(json *with) { return name_of(with, "timeframe", HOURLY); }

const char *const *case_symbols(json *with, int32_t *count) {
  json *given = json_given(with, "symbol");
  *count = given && given->kind == JSON_LIST ? (int32_t)given->count : 1;
  return given && given->kind == JSON_LIST ? case_texts(given) : case_symbol(with);
}

ds_range case_range(json *with) {
  ds_range range = DS_RANGE_INIT;
  json *start = json_given(with, "start"), *end = json_given(with, "end");
  if (start) range.start = start->integer;
  if (end) range.end = end->integer;
  range.start_text = case_text(start);
  range.end_text = case_text(end);
  return range;
}

ds_read_options case_options(json *with) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  json *names = json_given(with, "columns"), *limit = json_given(with, "limit");
  if (limit) options.limit = limit->integer;
  if (json_given(with, "features")) options.features = DS_FEATURES_JSON;
  if (names) options.columns = 0;
  for (size_t i = 0; names && i < names->count; i++) {
    for (size_t column = 0; column < COUNT_OF(columns); column++) {
      if (strcmp(columns[column].name, names->items[i]->text) == 0) {
        options.columns |= columns[column].bit;
      }
    }
  }
  return options;
}

static const double *numbers_of(const json *list) {
  if (list == NULL) return NULL;
  double *numbers = zeroed(list->count, sizeof *numbers);
  for (size_t i = 0; i < list->count; i++) numbers[i] = case_number(list->items[i]);
  return numbers;
}

/* A dictionary with an entry per row. */
static ds_text_column texts_of(const json *list) {
  ds_text_column column = {NULL, NULL, 0};
  if (list == NULL) return column;
  int32_t *codes = zeroed(list->count, sizeof *codes);
  for (size_t i = 0; i < list->count; i++) {
    codes[i] = case_text(list->items[i]) ? (int32_t)i : -1;
  }
  const char **values = case_texts(list);
  for (size_t i = 0; i < list->count; i++) values[i] = values[i] ? values[i] : "";
  return (ds_text_column){codes, values, (int64_t)list->count};
}

static void add_features(ds_bar_batch *batch, const json *list) {
  ds_feature_column *features = zeroed(list->count, sizeof *features);
  for (size_t i = 0; i < list->count; i++) {
    const json *feature = list->items[i];
    features[i].key = case_text(feature->items[0]);
    features[i].values = numbers_of(feature->items[1]);
    if (feature->count > 2) features[i].quality = texts_of(feature->items[2]);
  }
  batch->features = features;
  batch->feature_count = (int32_t)list->count;
}

ds_bar_batch case_batch(json *rows, const char **symbol, const char **timeframe) {
  json *times = json_get(rows, "timestamp");
  REQUIRE(times != NULL);
  int64_t *timestamps = zeroed(times->count, sizeof *timestamps);
  for (size_t i = 0; i < times->count; i++) timestamps[i] = case_time(times->items[i]);
  ds_bar_batch batch = rows_of(symbol, timeframe, timestamps, (int64_t)times->count);
  batch.open = numbers_of(json_get(rows, "open"));
  batch.high = numbers_of(json_get(rows, "high"));
  batch.low = numbers_of(json_get(rows, "low"));
  batch.close = numbers_of(json_get(rows, "close"));
  batch.volume = numbers_of(json_get(rows, "volume"));
  batch.latency_sec = numbers_of(json_get(rows, "latency_sec"));
  batch.source = texts_of(json_get(rows, "source"));
  batch.quality = texts_of(json_get(rows, "quality"));
  json *flags = json_get(rows, "is_gap"), *features = json_get(rows, "features");
  json *texts = json_get(rows, "features_json");
  if (flags) {
    uint8_t *is_gap = zeroed(flags->count, 1);
    for (size_t i = 0; i < flags->count; i++) is_gap[i] = flags->items[i]->kind == JSON_TRUE;
    batch.is_gap = is_gap;
  }
  if (features) add_features(&batch, features);
  if (texts) batch.features_json = case_texts(texts);
  return batch;
}

ds_bar case_bar(json *bar) {
  ds_bar result = DS_BAR_INIT;
  result.timestamp = case_time(json_get(bar, "timestamp"));
  for (size_t i = 0; i < COUNT_OF(columns); i++) {
    if (json_get(bar, columns[i].name)) result.columns |= columns[i].bit;
  }
  json *features = json_get(bar, "features");
  if (features) result.columns |= DS_COLUMN_FEATURES;
  result.open = case_number(json_get(bar, "open"));
  result.high = case_number(json_get(bar, "high"));
  result.low = case_number(json_get(bar, "low"));
  result.close = case_number(json_get(bar, "close"));
  result.volume = case_number(json_get(bar, "volume"));
  result.latency_sec = case_number(json_get(bar, "latency_sec"));
  result.source = case_text(json_get(bar, "source"));
  result.quality = case_text(json_get(bar, "quality"));
  result.is_gap = case_flag(bar, "is_gap", 0);
  result.features_json = case_text(features);
  return result;
}

/* ---- Results ---------------------------------------------------------------------------------- */

static void add_numbers(json *table, const char *name, const double *numbers, int64_t count) {
  if (numbers == NULL && count > 0) return;
  json *list = json_add(table, name, json_new(JSON_LIST));
  for (int64_t i = 0; i < count; i++) json_add(list, NULL, json_number(numbers[i]));
}

static json *texts_found(const ds_text_column *column, int64_t count) {
  json *list = json_new(JSON_LIST);
  for (int64_t i = 0; i < count; i++) json_add(list, NULL, json_text(text_at(column, i)));
  return list;
}

json *case_table(const ds_bar_batch *batch) {
  json *table = json_new(JSON_OBJECT);
  json *times = json_add(table, "timestamp", json_new(JSON_LIST));
  for (int64_t i = 0; i < batch->count; i++) json_add(times, NULL, json_time(batch->timestamps[i]));
  json_add(table, "symbol", texts_found(&batch->symbol, batch->count));
  add_numbers(table, "open", batch->open, batch->count);
  add_numbers(table, "high", batch->high, batch->count);
  add_numbers(table, "low", batch->low, batch->count);
  add_numbers(table, "close", batch->close, batch->count);
  add_numbers(table, "volume", batch->volume, batch->count);
  add_numbers(table, "latency_sec", batch->latency_sec, batch->count);
  json_add(table, "source", texts_found(&batch->source, batch->count));
  json_add(table, "quality", texts_found(&batch->quality, batch->count));
  json *flags = json_add(table, "is_gap", json_new(JSON_LIST));
  for (int64_t i = 0; batch->is_gap && i < batch->count; i++) {
    json_add(flags, NULL, json_bool(batch->is_gap[i]));
  }
  json *texts = json_add(table, "features_json", json_new(JSON_LIST));
  for (int64_t i = 0; batch->features_json && i < batch->count; i++) {
    json_add(texts, NULL, json_text(batch->features_json[i]));
  }
  json *features = json_add(table, "features", json_new(JSON_LIST));
  for (int32_t i = 0; i < batch->feature_count; i++) {
    json *feature = json_add(features, NULL, json_new(JSON_LIST));
    json_add(feature, NULL, json_text(batch->features[i].key));
    add_numbers(feature, NULL, batch->features[i].values, batch->count);
    json_add(feature, NULL, texts_found(&batch->features[i].quality, batch->count));
  }
  return table;
}

json *case_bar_found(const ds_bar *bar) {
  json *found = json_new(JSON_OBJECT);
  json_add(found, "timestamp", json_time(bar->timestamp));
  json_add(found, "open", json_number(bar->open));
  json_add(found, "high", json_number(bar->high));
  json_add(found, "low", json_number(bar->low));
  json_add(found, "close", json_number(bar->close));
  json_add(found, "volume", json_number(bar->volume));
  json_add(found, "latency_sec", json_number(bar->latency_sec));
  json_add(found, "source", json_text(bar->source));
  json_add(found, "quality", json_text(bar->quality));
  json_add(found, "is_gap", json_bool(bar->is_gap));
  json_add(found, "features", json_text(bar->features_json));
  return found;
}

json *case_rows(const ds_rows *rows) {
  json *found = json_new(JSON_LIST);
  const ds_sql_column *cells = ds_rows_columns(rows);
  for (int64_t row = 0; row < ds_rows_count(rows); row++) {
    json *list = json_add(found, NULL, json_new(JSON_LIST));
    for (int32_t i = 0; i < ds_rows_column_count(rows); i++) {
      json *cell = json_new(JSON_NULL);
      if (cells[i].types[row] == DS_SQL_INTEGER) {
        cell = json_integer(cells[i].integers[row]);
      } else if (cells[i].types[row] == DS_SQL_REAL) {
        cell = json_number(cells[i].reals[row]);
      } else if (cells[i].types[row] == DS_SQL_TEXT) {
        const int64_t *offsets = cells[i].offsets + row;
        char *text = strndup(cells[i].bytes + offsets[0], (size_t)(offsets[1] - offsets[0]));
        cell = json_text(text);
        free(text);
      }
      json_add(list, NULL, cell);
    }
  }
  return found;
}
