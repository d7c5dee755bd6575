/* The features of a bar as compact JSON: {"name@1.0":{"value":0.5,"quality":"ready"},...}
 * SPDX-License-Identifier: MIT */
#ifndef JSON_H
#define JSON_H

#include <stdint.h>

#include "dataset.h"

#define ENTRY_BYTES (NAME_BYTES + 80)
#define PACKED_BYTES (MAX_FEATURES * ENTRY_BYTES)

/* The features of row `cell` into `out`, which has PACKED_BYTES. Gives the length. */
int features_pack(const dataset *data, int64_t cell, char *out);

/* `text` with feature 0 of `data` put in, or put in the place of what is there. */
int features_merge(const char *text, int bytes, const dataset *data, int64_t cell, char *out);

/* A column a feature, as they are read. */
typedef struct {
  const char *key;
  int key_bytes;
  double *values;
  int8_t *qualities; /* -1: the bar has no such feature */
} feature_column;

/* Takes one bar's features apart into `row` of the columns. Gives the number of entries; entries
 * that no column wants are passed over. */
int features_unpack(const char *text, int bytes, feature_column *columns, int count, int64_t row);

#endif
