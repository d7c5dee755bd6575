// header_use.cpp: the library from C++17: write, read, an error.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "data_store.h"

namespace {

template <auto release>
struct Free {
  template <typename Handle>
  void operator()(Handle *handle) const {
    release(handle);
  }
};
using Store = std::unique_ptr<ds_store, Free<ds_store_free>>;
using Bars = std::unique_ptr<ds_bars, Free<ds_bars_free>>;

int failures = 0;

void check(bool held, const char *what) {
  if (held) return;
  std::printf("header_use.cpp: %s: %s\n", what, ds_last_error());
  failures++;
}

Store open(const std::string &path) {
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.timeout_seconds = 1.5;
  ds_store *store = nullptr;
  check(ds_store_open(path.c_str(), &options, &store) == DS_OK, "open");
  return Store(store);
}

}  // namespace

int main(int, char **argv) {
  const Store store = open(std::string(argv[1]) + "/cpp.db");
  if (!store) return 1;

  const char *symbol = "EURUSD";
  const char *timeframe = "1h";
  const int64_t timestamps[] = {1772377200000000000, 1772380800000000000};
  const double close[] = {1.08, NAN};
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = 2;
  batch.timestamps = timestamps;
  batch.symbol = {nullptr, &symbol, 1};
  batch.timeframe = {nullptr, &timeframe, 1};
  batch.close = close;
  int64_t rows = 0;
  check(ds_market_write(store.get(), &batch, 0, &rows) == DS_OK && rows == 2, "write");

  ds_range range = DS_RANGE_INIT;
  range.start_text = "2026-03-01";
  ds_bars *read = nullptr;
  check(ds_market_read(store.get(), &symbol, 1, timeframe, &range, nullptr, &read) == DS_OK, "read");
  const Bars bars(read);
  if (!bars) return 1;
  const ds_bar_batch *result = ds_bars_batch(bars.get());
  check(result->count == 2 && result->timestamps[1] == timestamps[1], "timestamps");
  check(result->count == 2 && result->close[0] == 1.08 && std::isnan(result->close[1]), "close");

  check(ds_state_set(store.get(), "key", "oops") == DS_INVALID, "refusal");
  check(std::strstr(ds_last_error(), "key") != nullptr, "message");
  return failures == 0 ? 0 : 1;
}
