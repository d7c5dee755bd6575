/* The stored form of a time, 2026-03-01T15:00:00+00:00, for whole seconds.
 * SPDX-License-Identifier: MIT */
#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_BYTES 25

/* Remembers the day of the last time: neighbours share it. One for each loop, zeroed. */
typedef struct {
  int64_t day;
  char text[10];
  int known;
} timestamp_cache;

void timestamp_print(timestamp_cache *cache, int64_t nanoseconds, char *out);

/* Fails the program where `text` is of another form. */
int64_t timestamp_parse(timestamp_cache *cache, const char *text, int bytes);

#endif
