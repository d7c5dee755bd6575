/* data_store through its C interface: the calls that are measured.
 * SPDX-License-Identifier: MIT */
#ifndef OURS_H
#define OURS_H

#include "data_store.h"
#include "dataset.h"

/* "NORMAL" or "FULL". Fails the program, as do all of these, with the library's message. */
ds_store *ours_open(const char *path, const char *synchronous);

/* One series, bars and features in one call. */
void ours_write(ds_store *store, const dataset *data, int series);

/* The features of one series into bars that are there. */
void ours_merge(ds_store *store, const dataset *data, int series);

void ours_write_bar(ds_store *store, const char *symbol, const dataset *data, int64_t row, int64_t cell);

ds_bars *ours_read(ds_store *store, int series);
void ours_check_bars(const ds_bars *bars, const dataset *data, int series);

ds_bars *ours_read_features(ds_store *store, int series);
void ours_check_features(const ds_bars *bars, const dataset *data, int series);

ds_bar *ours_latest_bar(ds_store *store, const char *symbol);
void ours_check_latest(const ds_bar *bar, const dataset *data, int series);

#endif
