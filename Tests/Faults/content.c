/* content.c: batches in, hashes out.
 * SPDX-License-Identifier: MIT
 */
#include "content.h"

#include <stdio.h>
#include <string.h>

#define MOST_ROWS 600
#define MOST_FEATURES 200
#define SOURCE_BYTES 7000

int64_t hour_at(int64_t hour) { return (INT64_C(1772377200) + hour * 3600) * INT64_C(1000000000); }

/* ---- Writing --------------------------------------------------------------------------------------- */

/* Static, so that the test's own allocations meet no fault. */
static int64_t timestamps[MOST_ROWS];
static double numbers[MOST_ROWS];
static int32_t codes[MOST_ROWS];
static char sources[MOST_ROWS][SOURCE_BYTES];
static const char *source_texts[MOST_ROWS];
static char keys[MOST_FEATURES][300];
static ds_feature_column columns[MOST_FEATURES];

static const char *const qualities[] = {"ready", "degraded"};

static int32_t name_features(bars_kind kind) {
  int32_t count = kind == BARS_WIDE ? MOST_FEATURES : kind == BARS_WIDE_FEATURES ? 10 : 2;
  if (kind == BARS_PLAIN || kind == BARS_LONG_SOURCE) return 0;
  for (int32_t i = 0; i < count; i++) {
    int number = kind == BARS_OTHER_FEATURES ? i + 1 : i;
    if (kind == BARS_WIDE) {
      snprintf(keys[i], sizeof keys[i], "%0*d@1.0", 250, number);
    } else {
      snprintf(keys[i], sizeof keys[i], "feature_%d@1.0", number);
    }
    ds_text_column quality = {NULL, &qualities[i % 2], 1};
    columns[i] = (ds_feature_column){keys[i], numbers, NULL, NULL, quality};
  }
  return count;
}

int32_t write_bars(ds_store *store, const char *symbol, int64_t first_hour, int32_t count, bars_kind kind,
                   int32_t replace) {
  static const char *const source = "feed";
  for (int32_t i = 0; i < count; i++) {
    timestamps[i] = hour_at(first_hour + i);
    numbers[i] = (double)(first_hour + i) / 3 + kind;
  }
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = count;
  batch.timestamps = timestamps;
  batch.symbol = (ds_text_column){NULL, &symbol, 1};
  batch.timeframe = (ds_text_column){NULL, &hourly, 1};
  batch.features = columns;
  batch.feature_count = name_features(kind);
  if (kind == FEATURES_ONLY) return ds_market_write_features(store, &batch, replace, NULL);
  batch.open = numbers;
  batch.close = numbers;
  batch.source = (ds_text_column){NULL, &source, 1};
  if (kind == BARS_LONG_SOURCE) {
    for (int32_t i = 0; i < count; i++) {
      memset(sources[i], 'a' + i % 26, SOURCE_BYTES - 1);
      source_texts[i] = sources[i];
      codes[i] = i;
    }
    batch.source = (ds_text_column){codes, source_texts, count};
  }
  return ds_market_write(store, &batch, replace, NULL);
}

void write_state_json(char *out, size_t size, const char *name) {
  snprintf(out, size, "{\"of\":\"%s\"}", name);
}

const char *long_json(void) {
  static char json[40000]; /* [1,0      ] */
  memset(json, ' ', sizeof json - 1);
  memcpy(json, "[1,0", 4);
  json[sizeof json - 2] = ']';
  return json;
}

/* ---- Hashes ---------------------------------------------------------------------------------------- */

/* By words: a full run takes hundreds of gigabytes into it. */
static uint64_t hash(uint64_t seen, const void *bytes, size_t count) {
  const unsigned char *next = bytes;
  for (; count > 0; next += sizeof(uint64_t)) {
    uint64_t word = count;
    size_t taken = count < sizeof word ? count : sizeof word;
    memcpy(&word, next, taken);
    seen = (seen ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    seen ^= seen >> 32;
    count -= taken;
  }
  return seen;
}

void see_number(scene *scene, int64_t number) { scene->seen = hash(scene->seen, &number, sizeof number); }

void see_text(scene *scene, const char *text) {
  if (text == NULL) {
    see_number(scene, -1);
  } else {
    scene->seen = hash(scene->seen, text, strlen(text) + 1);
  }
}

static void see_doubles(scene *scene, const double *values, int64_t count) {
  see_number(scene, values != NULL);
  if (values != NULL) scene->seen = hash(scene->seen, values, (size_t)count * sizeof *values);
}

static void see_texts(scene *scene, ds_text_column column, int64_t count) {
  see_number(scene, column.values != NULL);
  for (int64_t row = 0; column.values != NULL && row < count; row++) {
    int32_t code = column.codes == NULL ? 0 : column.codes[row];
    see_text(scene, code < 0 ? NULL : column.values[code]);
  }
}

void see_bars(scene *scene, const ds_bars *bars) {
  const ds_bar_batch *batch = ds_bars_batch(bars);
  see_number(scene, batch->count);
  scene->seen = hash(scene->seen, batch->timestamps, (size_t)batch->count * sizeof(int64_t));
  see_doubles(scene, batch->open, batch->count);
  see_doubles(scene, batch->close, batch->count);
  see_doubles(scene, batch->latency_sec, batch->count);
  see_texts(scene, batch->symbol, batch->count);
  see_texts(scene, batch->source, batch->count);
  for (int32_t i = 0; i < batch->feature_count; i++) {
    see_text(scene, batch->features[i].key);
    see_doubles(scene, batch->features[i].values, batch->count);
    see_texts(scene, batch->features[i].quality, batch->count);
  }
  for (int64_t row = 0; batch->features_json != NULL && row < batch->count; row++) {
    see_text(scene, batch->features_json[row]);
  }
}

void see_rows(scene *scene, const ds_rows *rows) {
  int64_t count = ds_rows_count(rows);
  see_number(scene, count);
  for (int32_t i = 0; i < ds_rows_column_count(rows); i++) {
    const ds_sql_column *column = &ds_rows_columns(rows)[i];
    see_text(scene, column->name);
    for (int64_t row = 0; row < count; row++) {
      see_number(scene, column->types[row]);
      switch (column->types[row]) {
        case DS_SQL_INTEGER: see_number(scene, column->integers[row]); break;
        case DS_SQL_REAL: see_doubles(scene, &column->reals[row], 1); break;
        case DS_SQL_TEXT: {
          int64_t begin = column->offsets[row];
          scene->seen = hash(scene->seen, column->bytes + begin, (size_t)(column->offsets[row + 1] - begin));
          break;
        }
      }
    }
  }
}

uint64_t contents(ds_store *store) {
  static const char *const queries[] = {
      "SELECT * FROM market_data ORDER BY symbol, timeframe, timestamp",
      "SELECT * FROM market_requests ORDER BY symbol, timeframe, requested_at",
      "SELECT key, value FROM system_state ORDER BY key",
  };
  scene scene = {NULL, NULL, NULL, UINT64_C(0xcbf29ce484222325)};
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
    ds_rows *rows = NULL;
    if (ds_sql(store, queries[i], NULL, 0, &rows) != DS_OK) return 0;
    see_rows(&scene, rows);
    ds_rows_free(rows);
  }
  return scene.seen;
}
