/* floor PATH CALLS DATABASE DATA: one main path over the public interface, CALLS times, each call on
 * the next series of the data. Prints the calls' heap allocations where allocations.so is preloaded.
 * A path that opens the store itself is given none.
 * SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ours.h"

typedef int64_t counter(void);

static void read_bars(ds_store *store, const dataset *data, int series) {
  (void)data;
  ds_bars_free(ours_read(store, series));
}

static void read_features(ds_store *store, const dataset *data, int series) {
  (void)data;
  ds_bars_free(ours_read_features(store, series));
}

/* The last bar of the data once more, as a feed that amends it does. */
static void write_bar(ds_store *store, const dataset *data, int series) {
  char symbol[NAME_BYTES];
  const int64_t row = data->rows - 1;
  symbol_name(series, symbol);
  ours_write_bar(store, symbol, data, row, series * data->rows + row);
}

/* The next bar of each series in turn: what a feed sends all day. */
static void new_bar(ds_store *store, const dataset *data, int series) {
  static int64_t minute;
  char symbol[NAME_BYTES];
  minute += series == 0;
  symbol_name(series, symbol);
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = data->timestamps[data->rows - 1] + minute * 60 * INT64_C(1000000000);
  bar.columns = DS_COLUMNS_ALL & ~DS_COLUMN_FEATURES;
  bar.open = bar.high = bar.low = bar.close = 100.25 + (double)(minute % 97) * 0.013;
  bar.volume = 1234.5;
  bar.source = "alpha";
  bar.quality = "clean";
  if (ds_market_write_bar(store, symbol, TIMEFRAME, &bar, 0) != DS_OK) fail("%s", ds_last_error());
}

static void latest_bar(ds_store *store, const dataset *data, int series) {
  char symbol[NAME_BYTES];
  (void)data;
  symbol_name(series, symbol);
  ds_bar_free(ours_latest_bar(store, symbol));
}

static const char *file;

static void succeed(int32_t status) {
  if (status != DS_OK) fail("%s: %s", ds_status_name(status), ds_last_error());
}

static const char *state_key(int series) {
  static char key[32];
  snprintf(key, sizeof key, "strategy.%04d", series);
  return key;
}

/* The features of the last bar of the data, as one merges them that was computed late. */
static void merge_one(ds_store *store, const dataset *data, int series) {
  char symbol[NAME_BYTES];
  const char *symbols[] = {symbol}, *timeframes[] = {TIMEFRAME};
  const int64_t row = data->rows - 1, cell = series * data->rows + row;
  ds_feature_column features[MAX_FEATURES];
  symbol_name(series, symbol);
  for (int index = 0; index < data->features; ++index) {
    const feature_data *feature = &data->feature[index];
    features[index] = (ds_feature_column){
        feature->key, feature->values + cell, NULL, NULL, {feature->qualities + cell, FEATURE_QUALITIES, 4}};
  }
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = 1;
  batch.timestamps = data->timestamps + row;
  batch.symbol = (ds_text_column){NULL, symbols, 1};
  batch.timeframe = (ds_text_column){NULL, timeframes, 1};
  batch.features = features;
  batch.feature_count = data->features;
  succeed(ds_market_write_features(store, &batch, 0, NULL));
}

static void state_set(ds_store *store, const dataset *data, int series) {
  (void)data;
  succeed(ds_state_set(store, state_key(series),
                       "{\"phase\":\"long\",\"quantity\":12,\"entry\":101.25,\"stops\":[99.5,98.5],\"armed\":true}"));
}

static void state_get(ds_store *store, const dataset *data, int series) {
  (void)data;
  char *json;
  succeed(ds_state_get(store, state_key(series), &json));
  ds_text_free(json);
}

static void record_request(ds_store *store, const dataset *data, int series) {
  char symbol[NAME_BYTES];
  symbol_name(series, symbol);
  ds_request request = DS_REQUEST_INIT;
  request.symbol = symbol;
  request.timeframe = TIMEFRAME;
  request.start_ts = data->timestamps[0];
  request.end_ts = data->timestamps[data->rows - 1];
  request.provider_used = "feed";
  request.coverage_ratio = 0.99;
  request.gap_count = 2;
  request.has_gap_count = 1;
  request.quality = "clean";
  succeed(ds_market_record_request(store, &request, NULL));
}

/* Ten means, as a report asks for them again and again. */
static void sql(ds_store *store, const dataset *data, int series) {
  char symbol[NAME_BYTES];
  symbol_name(series, symbol);
  ds_sql_parameter parameters[] = {
      {NULL, DS_SQL_TEXT, 0, 0, symbol, (int64_t)strlen(symbol)},
      {NULL, DS_SQL_TEXT, 0, 0, TIMEFRAME, (int64_t)strlen(TIMEFRAME)},
      {NULL, DS_SQL_TIME, data->timestamps[10], 0, NULL, 0},
  };
  ds_rows *rows;
  succeed(ds_sql(store,
                 "SELECT timestamp, avg(close) FROM market_data WHERE symbol = ? AND timeframe = ? AND timestamp < ? "
                 "GROUP BY timestamp",
                 parameters, 3, &rows));
  ds_rows_free(rows);
}

/* What a short script does. */
static void open_close(ds_store *store, const dataset *data, int series) {
  (void)store;
  store = ours_open(file, "NORMAL");
  state_get(store, data, series);
  ds_store_free(store);
}

static const struct {
  const char *name;
  void (*call)(ds_store *, const dataset *, int);
} PATHS[] = {
    {"write", ours_write},
    {"merge", ours_merge},
    {"read", read_bars},
    {"read_features", read_features},
    {"write_bar", write_bar},
    {"new_bar", new_bar},
    {"latest_bar", latest_bar},
    {"merge_one", merge_one},
    {"state_set", state_set},
    {"state_get", state_get},
    {"record_request", record_request},
    {"sql", sql},
    {"open_close", open_close},
};

int main(int argc, char **argv) {
  if (argc != 5) fail("usage: floor PATH CALLS DATABASE DATA");
  const dataset data = dataset_load(argv[4]);
  const int calls = atoi(argv[2]);
  counter *allocation_count;
  *(void **)&allocation_count = dlsym(RTLD_DEFAULT, "allocation_count");
  file = argv[3];
  ds_store *store = ours_open(file, "NORMAL");
  /* As in a program that runs for a while: a store's first calls look for its files in another way. */
  for (int call = 0; call < 40; ++call) state_get(store, &data, 0);
  for (size_t index = 0; index < sizeof PATHS / sizeof *PATHS; ++index) {
    if (strcmp(PATHS[index].name, argv[1]) != 0) continue;
    if (PATHS[index].call == state_get || PATHS[index].call == open_close)
      for (int series = 0; series < data.series; ++series) state_set(store, &data, series);
    if (PATHS[index].call == open_close) {
      ds_store_free(store);
      store = NULL;
    }
    for (int call = 0; call < calls; ++call) {
      const int64_t before = allocation_count ? allocation_count() : 0;
      PATHS[index].call(store, &data, call % data.series);
      if (allocation_count) printf("%lld\n", (long long)(allocation_count() - before));
    }
    ds_store_free(store);
    return 0;
  }
  fail("no such path: %s", argv[1]);
}
