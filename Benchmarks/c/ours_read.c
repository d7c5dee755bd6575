/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "ours.h"

static ds_bars *read(ds_store *store, int series, uint32_t columns, int32_t features) {
  char name[NAME_BYTES];
  const char *symbol = name;
  symbol_name(series, name);
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = columns;
  options.features = features;
  ds_bars *bars;
  if (ds_market_read(store, &symbol, 1, TIMEFRAME, NULL, &options, &bars) != DS_OK)
    fail("read: %s", ds_last_error());
  return bars;
}

ds_bars *ours_read(ds_store *store, int series) { return read(store, series, DS_COLUMNS_ALL, DS_FEATURES_NONE); }

ds_bars *ours_read_features(ds_store *store, int series) {
  return read(store, series, 0, DS_FEATURES_COLUMNS);
}

static const char *word(const ds_text_column *column, int64_t row) {
  const int32_t code = column->codes ? column->codes[row] : 0;
  return code < 0 ? NULL : column->values[code];
}

static int has_word(const ds_text_column *column, int64_t row, const char *expected) {
  const char *found = word(column, row);
  return found && strcmp(found, expected) == 0;
}

void ours_check_bars(const ds_bars *bars, const dataset *data, int series) {
  const ds_bar_batch *found = ds_bars_batch(bars);
  if (found->count != data->rows) fail("series %d: %lld rows", series, (long long)found->count);
  for (int64_t row = 0; row < data->rows; ++row) {
    const int64_t cell = series * data->rows + row;
    if (found->timestamps[row] != data->timestamps[row] || !same(found->open[row], data->open[cell]) ||
        !same(found->high[row], data->high[cell]) || !same(found->low[row], data->low[cell]) ||
        !same(found->close[row], data->close[cell]) || !same(found->volume[row], data->volume[cell]) ||
        !same(found->latency_sec[row], data->latency[cell]) || found->is_gap[row] != data->is_gap[cell] ||
        !has_word(&found->source, row, SOURCES[data->source[cell]]) ||
        !has_word(&found->quality, row, QUALITIES[data->quality[cell]]))
      fail("series %d, row %lld: read another bar than was written", series, (long long)row);
  }
}

void ours_check_features(const ds_bars *bars, const dataset *data, int series) {
  const ds_bar_batch *found = ds_bars_batch(bars);
  if (found->count != data->rows || found->feature_count != data->features)
    fail("series %d: %lld rows, %d features", series, (long long)found->count, found->feature_count);
  for (int index = 0; index < data->features; ++index) {
    const feature_data *feature = &data->feature[index];
    const ds_feature_column *column = &found->features[index];
    if (strcmp(column->key, feature->key) != 0) fail("found %s for %s", column->key, feature->key);
    for (int64_t row = 0; row < data->rows; ++row) {
      const int64_t cell = series * data->rows + row;
      if (!same(column->values[row], feature->values[cell]) ||
          !has_word(&column->quality, row, FEATURE_QUALITIES[feature->qualities[cell]]))
        fail("series %d, row %lld: read another %s than was written", series, (long long)row, feature->key);
    }
  }
}

ds_bar *ours_latest_bar(ds_store *store, const char *symbol) {
  ds_bar *bar;
  if (ds_market_latest_bar(store, symbol, TIMEFRAME, &bar) != DS_OK || !bar)
    fail("latest_bar %s: %s", symbol, ds_last_error());
  return bar;
}

void ours_check_latest(const ds_bar *bar, const dataset *data, int series) {
  const int64_t row = data->rows - 1, cell = series * data->rows + row;
  if (bar->timestamp != data->timestamps[row] || !same(bar->open, data->open[cell]) ||
      !same(bar->high, data->high[cell]) || !same(bar->low, data->low[cell]) ||
      !same(bar->close, data->close[cell]) || !same(bar->volume, data->volume[cell]) ||
      !same(bar->latency_sec, data->latency[cell]) || bar->is_gap != data->is_gap[cell] ||
      strcmp(bar->source, SOURCES[data->source[cell]]) != 0 ||
      strcmp(bar->quality, QUALITIES[data->quality[cell]]) != 0 || bar->features_json)
    fail("series %d: the newest bar is another", series);
}
