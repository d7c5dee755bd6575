/* ours OPERATION DATABASE SYNCHRONOUS DATA [COUNT]: the operations of yardstick.c on data_store.
 * SPDX-License-Identifier: MIT */
#include "ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

typedef struct {
  ds_store *store;
  dataset data;
  int64_t count;
} task;

static void bulk(task *task, void (*write)(ds_store *, const dataset *, int)) {
  const double began = seconds_now();
  for (int series = 0; series < task->data.series; ++series) write(task->store, &task->data, series);
  const double committed = seconds_now();
  if (ds_store_close(task->store) != DS_OK) fail("close: %s", ds_last_error());
  printf("{\"committed\": %.9f, \"seconds\": %.9f}\n", committed - began, seconds_now() - began);
}

static void op_write(task *task) { bulk(task, ours_write); }
static void op_merge(task *task) { bulk(task, ours_merge); }

static void reading(task *task, ds_bars *(*read)(ds_store *, int),
                    void (*check)(const ds_bars *, const dataset *, int)) {
  double seconds = 0;
  for (int series = 0; series < task->data.series; ++series) {
    const double began = seconds_now();
    ds_bars *bars = read(task->store, series);
    seconds += seconds_now() - began;
    check(bars, &task->data, series);
    ds_bars_free(bars);
  }
  printf("{\"seconds\": %.9f}\n", seconds);
}

static void op_read(task *task) { reading(task, ours_read, ours_check_bars); }
static void op_read_features(task *task) { reading(task, ours_read_features, ours_check_features); }

static void op_write_bar(task *task) {
  const dataset *data = &task->data;
  double *seconds = allocate(data->series * data->rows * 8);
  size_t calls = 0;
  for (int64_t row = 0; row < data->rows; ++row) {
    for (int series = 0; series < data->series; ++series) {
      char symbol[NAME_BYTES];
      symbol_name(series, symbol);
      const double began = seconds_now();
      ours_write_bar(task->store, symbol, data, row, series * data->rows + row);
      seconds[calls++] = seconds_now() - began;
    }
  }
  printf("{\"p50\": %.9f}\n", median(seconds, calls));
}

static void op_latest_bar(task *task) {
  double *seconds = allocate(task->count * 8);
  for (int64_t call = 0; call < task->count; ++call) {
    const int series = (int)(call % task->data.series);
    char symbol[NAME_BYTES];
    symbol_name(series, symbol);
    const double began = seconds_now();
    ds_bar *bar = ours_latest_bar(task->store, symbol);
    seconds[call] = seconds_now() - began;
    ours_check_latest(bar, &task->data, series);
    ds_bar_free(bar);
  }
  printf("{\"p50\": %.9f}\n", median(seconds, (size_t)task->count));
}

static const struct {
  const char *name;
  void (*run)(task *);
} OPERATIONS[] = {
    {"write", op_write},         {"merge", op_merge},           {"read", op_read},
    {"write_bar", op_write_bar}, {"latest_bar", op_latest_bar}, {"read_features", op_read_features},
};

int main(int argc, char **argv) {
  if (argc < 5) fail("usage: ours OPERATION DATABASE SYNCHRONOUS DATA [COUNT]");
  for (size_t index = 0; index < sizeof OPERATIONS / sizeof *OPERATIONS; ++index) {
    if (strcmp(OPERATIONS[index].name, argv[1]) == 0) {
      task task = {ours_open(argv[2], argv[3]), dataset_load(argv[4]), argc > 5 ? atoll(argv[5]) : 0};
      OPERATIONS[index].run(&task);
      ds_store_free(task.store);
      return 0;
    }
  }
  fail("no such operation: %s", argv[1]);
}
