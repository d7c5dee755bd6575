/* The yardstick: what a C programmer writes by hand on SQLite, row at a time, as well as that goes.
 * SPDX-License-Identifier: MIT */
#ifndef YARDSTICK_H
#define YARDSTICK_H

#include "database.h"
#include "dataset.h"

typedef struct {
  const char *database;    /* path of a file that has its tables */
  const char *synchronous; /* "NORMAL" or "FULL" */
  const char *folder;      /* of the data */
  int64_t count;           /* calls, where an operation makes many */
} task;

/* The operations. Each does its work once on `task`, holds what it read against the data, and
 * prints what it measured as one line of JSON. */
void op_write(const task *task);
void op_stream(const task *task);
void op_merge(const task *task);
void op_read(const task *task);
void op_read_features(const task *task);
void op_threads(const task *task);
void op_write_bar(const task *task);
void op_latest_bar(const task *task);
void op_series(const task *task);

/* Bars written one by one through a prepared INSERT OR REPLACE. */
typedef struct bar_writer bar_writer;
bar_writer *bar_writer_new(sqlite3 *database, int with_features);
void bar_writer_free(bar_writer *writer);
void bar_writer_series(bar_writer *writer, const char *symbol);
void bar_writer_put(bar_writer *writer, const dataset *data, int64_t row, int64_t cell);

#endif
