/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "ours.h"

static void succeed(int32_t status, const char *what) {
  if (status != DS_OK) fail("%s: %s: %s", what, ds_status_name(status), ds_last_error());
}

ds_store *ours_open(const char *path, const char *synchronous) {
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.durability = strcmp(synchronous, "FULL") == 0 ? DS_DURABILITY_FULL : DS_DURABILITY_NORMAL;
  ds_store *store;
  succeed(ds_store_open(path, &options, &store), path);
  return store;
}

/* The columns of one series as a batch. `symbol` and `features` are room for what it points at. */
static ds_bar_batch batch_of(const dataset *data, int series, const char **symbol, ds_feature_column *features) {
  static const char *timeframe = TIMEFRAME;
  const int64_t first = series * data->rows;
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = data->rows;
  batch.timestamps = data->timestamps;
  batch.symbol = (ds_text_column){NULL, symbol, 1};
  batch.timeframe = (ds_text_column){NULL, &timeframe, 1};
  for (int index = 0; index < data->features; ++index) {
    const feature_data *feature = &data->feature[index];
    features[index] = (ds_feature_column){
        feature->key, feature->values + first, NULL, NULL, {feature->qualities + first, FEATURE_QUALITIES, 4}};
  }
  batch.features = data->features ? features : NULL;
  batch.feature_count = data->features;
  return batch;
}

void ours_write(ds_store *store, const dataset *data, int series) {
  char name[NAME_BYTES];
  const char *symbol = name;
  ds_feature_column features[MAX_FEATURES];
  symbol_name(series, name);
  ds_bar_batch batch = batch_of(data, series, &symbol, features);
  const int64_t first = series * data->rows;
  batch.open = data->open + first;
  batch.high = data->high + first;
  batch.low = data->low + first;
  batch.close = data->close + first;
  batch.volume = data->volume + first;
  batch.latency_sec = data->latency + first;
  batch.is_gap = data->is_gap + first;
  batch.source = (ds_text_column){data->source + first, SOURCES, 2};
  batch.quality = (ds_text_column){data->quality + first, QUALITIES, 2};
  succeed(ds_market_write(store, &batch, 0, NULL), "write");
}

void ours_merge(ds_store *store, const dataset *data, int series) {
  char name[NAME_BYTES];
  const char *symbol = name;
  ds_feature_column features[MAX_FEATURES];
  symbol_name(series, name);
  const ds_bar_batch batch = batch_of(data, series, &symbol, features);
  succeed(ds_market_write_features(store, &batch, 0, NULL), "write_features");
}

void ours_write_bar(ds_store *store, const char *symbol, const dataset *data, int64_t row, int64_t cell) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = data->timestamps[row];
  bar.columns = DS_COLUMNS_ALL;
  bar.open = data->open[cell];
  bar.high = data->high[cell];
  bar.low = data->low[cell];
  bar.close = data->close[cell];
  bar.volume = data->volume[cell];
  bar.latency_sec = data->latency[cell];
  bar.is_gap = data->is_gap[cell];
  bar.source = SOURCES[data->source[cell]];
  bar.quality = QUALITIES[data->quality[cell]];
  succeed(ds_market_write_bar(store, symbol, TIMEFRAME, &bar, 0), "write_bar");
}
