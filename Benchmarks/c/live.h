/* The newest bar of a series, as live.c and desk.c read it.
 * SPDX-License-Identifier: MIT */
#ifndef LIVE_H
#define LIVE_H

#include <sqlite3.h>
#include <stdint.h>

/* A bar with texts of its own, as a caller may keep it. */
typedef struct {
  int64_t timestamp;
  double values[6]; /* open, high, low, close, volume, latency_sec */
  int is_gap;
  char *source, *quality, *features;
} live_bar;

/* Parameter 2 is the timeframe. */
#define LATEST_BAR                                                                                       \
  "SELECT timestamp, open, high, low, close, volume, latency_sec, source, quality, is_gap, features" \
  " FROM market_data WHERE symbol = ?1 AND timeframe = ?2 ORDER BY timestamp DESC LIMIT 1"

/* `select` is LATEST_BAR with its timeframe bound. */
live_bar latest_bar(sqlite3_stmt *select, const char *symbol);

/* NaN for NULL. */
double number_of(sqlite3_stmt *select, int column);

#endif
