/* fixture.c: times, names, small batches, guarded memory.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const EURUSD = "EURUSD";
const char *const HOURLY = "1h";

const char *const not_utf8[] = {
    "\xff",             /* no such byte */
    "\x80",             /* a continuation that continues nothing */
    "a\xc3",            /* cut off after the first of two */
    "\xe2\x82",         /* cut off after the second of three */
    "\xf0\x9f\x98",     /* cut off after the third of four */
    "\xc3(",            /* no continuation */
    "\xc0\xaf",         /* "/", written too long */
    "\xe0\x80\xaf",     /* likewise */
    "\xf0\x80\x80\xaf", /* likewise */
    "\xed\xa0\x80",     /* a surrogate, U+D800 */
    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
    "\xf8\x88\x80\x80\x80",
};
const size_t not_utf8_count = COUNT_OF(not_utf8);

/* ---- Batches ---------------------------------------------------------------------------------- */

ds_text_column every_row(const char *const *value) {
  ds_text_column column = {NULL, value, 1};
  return column;
}

ds_bar_batch rows_of(const char *const *symbol, const char *const *timeframe,
                     const int64_t *timestamps, int64_t count) {
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = count;
  batch.timestamps = timestamps;
  batch.symbol = every_row(symbol);
  batch.timeframe = every_row(timeframe);
  return batch;
}

const char *text_at(const ds_text_column *column, int64_t row) {
  if (column->values == NULL) return NULL;
  int32_t code = column->codes == NULL ? 0 : column->codes[row];
  return code < 0 ? NULL : column->values[code];
}

/* ---- Stores ----------------------------------------------------------------------------------- */

static ds_store *open_with(const char *path, const ds_open_options *options) {
  ds_store *store = NULL;
  REQUIRE_OK(ds_store_open(place_of(path), options, &store));
  REQUIRE(store != NULL);
  return store;
}

ds_store *open_store(const char *path) { return open_with(path, NULL); }

ds_store *open_impatient(const char *path) {
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.timeout_seconds = 0;
  return open_with(path, &options);
}

ds_store *open_read_only(const char *path) {
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.read_only = 1;
  return open_with(path, &options);
}

void write_hours(ds_store *store, const char *symbol, int64_t count) {
  static const char *const feed = "feed";
  int64_t *timestamps = calloc((size_t)count + 1, sizeof *timestamps);
  double *open = calloc((size_t)count + 1, sizeof *open);
  double *close = calloc((size_t)count + 1, sizeof *close);
  REQUIRE(timestamps && open && close);
  for (int64_t i = 0; i < count; i++) {
    timestamps[i] = T0 + i * HOUR;
    open[i] = (double)i;
    close[i] = (double)i + 0.5;
  }
  ds_bar_batch batch = rows_of(&symbol, &HOURLY, timestamps, count);
  batch.open = open;
  batch.close = close;
  batch.source = every_row(&feed);
  int64_t rows = -1;
  REQUIRE_OK(ds_market_write(store, &batch, 0, &rows));
  CHECK_INT(rows, count);
  free(timestamps);
  free(open);
  free(close);
}

int32_t write_json(ds_store *store, int64_t timestamp, const char *features_json,
                   int32_t replace) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = timestamp;
  bar.columns = DS_COLUMN_FEATURES;
  bar.features_json = features_json;
  return ds_market_write_bar(store, EURUSD, HOURLY, &bar, replace);
}

ds_bars *read_symbol(ds_store *store, const char *symbol, const ds_read_options *options) {
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, &symbol, 1, HOURLY, NULL, options, &bars));
  REQUIRE(bars != NULL);
  return bars;
}

int64_t count_bars(ds_store *store, const char *symbol) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = 0;
  ds_bars *bars = read_symbol(store, symbol, &options);
  int64_t count = ds_bars_batch(bars)->count;
  ds_bars_free(bars);
  return count;
}

/* ---- Bytes ------------------------------------------------------------------------------------ */

void *guarded(const void *bytes, size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t room = (size / page + 1) * page;
  char *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  REQUIRE(mprotect(pages + room, page, PROT_NONE) == 0);
  char *copy = pages + room - size;
  memcpy(copy, bytes, size);
  return copy;
}

char *guarded_text(const char *text) { return guarded(text, strlen(text) + 1); }

char *long_text(size_t length, char letter) {
  char *text = malloc(length + 1);
  REQUIRE(text != NULL);
  memset(text, letter, length);
  text[length] = '\0';
  return text;
}

file_copy load_file(const char *path) {
  file_copy copy = {NULL, 0};
  FILE *file = fopen(path, "rb");
  REQUIRE(file != NULL);
  struct stat status;
  REQUIRE(fstat(fileno(file), &status) == 0);
  copy.size = (size_t)status.st_size;
  copy.bytes = malloc(copy.size + 1);
  REQUIRE(copy.bytes != NULL);
  REQUIRE(fread(copy.bytes, 1, copy.size, file) == copy.size);
  fclose(file);
  return copy;
}

void save_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  REQUIRE(file != NULL);
  REQUIRE(fwrite(bytes, 1, size, file) == size);
  REQUIRE(fclose(file) == 0);
}

bool file_is(const char *path, file_copy expected) {
  if (!exists(path)) return false;
  file_copy actual = load_file(path);
  bool same = actual.size == expected.size && memcmp(actual.bytes, expected.bytes, actual.size) == 0;
  free(actual.bytes);
  return same;
}

bool exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}
