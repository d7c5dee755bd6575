/* floor PATH CALLS DATABASE DATA: one main path over the public interface, CALLS times, each call on
 * the next series of the data. Prints the calls' heap allocations where allocations.so is preloaded.
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

static void latest_bar(ds_store *store, const dataset *data, int series) {
  char symbol[NAME_BYTES];
  (void)data;
  symbol_name(series, symbol);
  ds_bar_free(ours_latest_bar(store, symbol));
}

static const struct {
  const char *name;
  void (*call)(ds_store *, const dataset *, int);
} PATHS[] = {
    {"write", ours_write},           {"merge", ours_merge},     {"read", read_bars},
    {"read_features", read_features}, {"write_bar", write_bar}, {"latest_bar", latest_bar},
};

int main(int argc, char **argv) {
  if (argc != 5) fail("usage: floor PATH CALLS DATABASE DATA");
  const dataset data = dataset_load(argv[4]);
  const int calls = atoi(argv[2]);
  counter *allocation_count;
  *(void **)&allocation_count = dlsym(RTLD_DEFAULT, "allocation_count");
  ds_store *store = ours_open(argv[3], "NORMAL");
  for (size_t index = 0; index < sizeof PATHS / sizeof *PATHS; ++index) {
    if (strcmp(PATHS[index].name, argv[1]) != 0) continue;
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
