/* fixture.h: what the tests share: times, names, small batches, and a second pair of eyes.
 * SPDX-License-Identifier: MIT
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "check.h"
#include "server.h"

#define MICROSECOND INT64_C(1000)
#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define T0 INT64_C(1772377200000000000) /* 2026-03-01T15:00:00Z */
#define T0_TEXT "2026-03-01T15:00:00+00:00"

/* A text column whose every row is `value`: the address of a pointer that outlives the column. */
ds_text_column every_row(const char *const *value);

/* `count` timestamps of one series and nothing else. */
ds_bar_batch rows_of(const char *const *symbol, const char *const *timeframe,
                     const int64_t *timestamps, int64_t count);

extern const char *const EURUSD; /* "EURUSD" */
extern const char *const HOURLY; /* "1h" */

/* Opens the store of a path, wherever it lies, or gives the test up. */
ds_store *open_store(const char *path);
/* The same, whose writers do not wait: a lock that is taken is DS_BUSY at once. */
ds_store *open_impatient(const char *path);
ds_store *open_read_only(const char *path);

/* Writes `count` hourly bars from T0 on: open i, close i + 0.5, source "feed". */
void write_hours(ds_store *store, const char *symbol, int64_t count);

/* Writes one hourly EURUSD bar that carries nothing but these features. */
int32_t write_json(ds_store *store, int64_t timestamp, const char *features_json, int32_t replace);

/* Reads all hourly bars of one symbol. Free with ds_bars_free(). */
ds_bars *read_symbol(ds_store *store, const char *symbol, const ds_read_options *options);

/* How many hourly bars of one symbol the store finds. */
int64_t count_bars(ds_store *store, const char *symbol);

/* The text of row `row`, NULL for SQL NULL. */
const char *text_at(const ds_text_column *column, int64_t row);

/* ---- The file as another tool sees it: plain SQLite, no data_store ----
 *
 * Of a store on a server stored() asks its backup, which is a file. */

/* The rows of a query: columns parted by "|", rows by a newline, NULL as "NULL". Lives in the
 * thread, for three more calls. */
const char *stored(const char *path, const char *query);

/* Runs statements on the file, or gives the test up. */
void foreign(const char *path, const char *statements);
/* Runs one statement, with a text for its parameter (NULL: it has none). */
void foreign_with(const char *path, const char *statement, const char *value);

/* ---- Bytes ---- */

/* A copy that ends where an unreadable page begins, so that one byte too far is a crash. */
void *guarded(const void *bytes, size_t size);
char *guarded_text(const char *text);

/* A text of `length` times the letter. The caller frees it. */
char *long_text(size_t length, char letter);

typedef struct file_copy {
  unsigned char *bytes; /* the caller frees them */
  size_t size;
} file_copy;

/* For files that no store and no SQLite in this process has open: to close any descriptor of a
 * file drops all POSIX locks that the process holds on it. Likewise file_is(). */
file_copy load_file(const char *path);
void save_file(const char *path, const void *bytes, size_t size);

/* Whether the file holds these bytes and no others. */
bool file_is(const char *path, file_copy expected);
bool exists(const char *path);

/* Texts that are not UTF-8: each must be refused wherever text goes in. */
extern const char *const not_utf8[];
extern const size_t not_utf8_count;

/* ---- The clock ---- */

/* From now on this process's wall clock stands at `moment`; DS_NO_TIME lets it run again. */
void stop_clock(int64_t moment);

#endif
