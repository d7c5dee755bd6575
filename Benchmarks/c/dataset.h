/* The data of a work, as dataset.py laid it out: a folder with one raw array a column.
 * SPDX-License-Identifier: MIT */
#ifndef DATASET_H
#define DATASET_H

#include <stdint.h>

#define TIMEFRAME "1m"
#define MAX_FEATURES 64
#define NAME_BYTES 32

extern const char *const SOURCES[2];
extern const char *const QUALITIES[2];
extern const char *const FEATURE_QUALITIES[4];

/* One feature over all series. Quality: a code into FEATURE_QUALITIES. */
typedef struct {
  char key[NAME_BYTES];
  char opening[NAME_BYTES + 16]; /* "key":{"value": */
  int opening_bytes;
  const double *values;
  const int32_t *qualities;
} feature_data;

/* Column arrays have series * rows values, series after series. All series share `timestamps`. */
typedef struct {
  int series;
  int64_t rows; /* a series */
  int features;
  const int64_t *timestamps; /* `rows` of them, nanoseconds since 1970 in UTC */
  const double *open, *high, *low, *close, *volume, *latency;
  const uint8_t *is_gap;
  const int32_t *source, *quality; /* codes into SOURCES, QUALITIES */
  feature_data feature[MAX_FEATURES];
} dataset;

/* Maps the files of `folder` and reads them once, so that no timing has to. */
dataset dataset_load(const char *folder);

void symbol_name(int series, char *out);

/* Ends the program with a message. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same double, or both missing. */
int same(double left, double right);

void *allocate(int64_t bytes);

#endif
