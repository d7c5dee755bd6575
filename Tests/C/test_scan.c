/* test_scan.c: "Market: reading": ds_market_scan().
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "fixture.h"
#include "suites.h"

static ds_scan *start(ds_store *store, const char *const *symbols, int32_t count,
                      const ds_read_options *options, int64_t chunk) {
  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, symbols, count, HOURLY, NULL, options, chunk, &scan));
  REQUIRE(scan != NULL);
  return scan;
}

static ds_bars *next(ds_scan *scan) {
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_scan_next(scan, &bars));
  return bars;
}

static void chunks_make_up_the_read(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 10);
  static const int64_t chunks[] = {1, 2, 3, 9, 10, 11, 1000000, INT64_MAX};
  for (size_t i = 0; i < COUNT_OF(chunks); i++) {
    check_note("chunk %lld", (long long)chunks[i]);
    ds_scan *scan = start(store, &EURUSD, 1, NULL, chunks[i]);
    int64_t row = 0;
    ds_bars *bars;
    while ((bars = next(scan)) != NULL) {
      const ds_bar_batch *batch = ds_bars_batch(bars);
      int64_t expected = chunks[i] < 10 - row ? chunks[i] : 10 - row;
      REQUIRE(batch->count == expected);
      for (int64_t j = 0; j < batch->count; j++, row++) {
        CHECK_INT(batch->timestamps[j], T0 + row * HOUR);
        CHECK_BITS(batch->close[j], (double)row + 0.5);
        CHECK_TEXT(text_at(&batch->source, j), "feed");
      }
      ds_bars_free(bars);
    }
    CHECK_INT(row, 10);
    CHECK(next(scan) == NULL);
    CHECK(next(scan) == NULL);
    ds_scan_free(scan);
  }
  ds_store_free(store);
}

static void nothing_found_gives_no_chunk(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_scan *scan = start(store, &EURUSD, 1, NULL, 10);
  ds_bars *bars = (ds_bars *)&scan;
  CHECK_OK(ds_scan_next(scan, &bars));
  CHECK(bars == NULL);
  ds_scan_free(scan);
  ds_store_free(store);
}

static void chunk_holds_one_symbol(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 3);
  write_hours(store, "BBB", 2);
  const char *symbols[] = {"BBB", "NOBODY", "AAA"};
  ds_scan *scan = start(store, symbols, 3, NULL, 2);
  static const struct {
    const char *symbol;
    int64_t count;
  } expected[] = {{"BBB", 2}, {"AAA", 2}, {"AAA", 1}};
  for (size_t i = 0; i < COUNT_OF(expected); i++) {
    ds_bars *bars = next(scan);
    REQUIRE(bars != NULL);
    REQUIRE(ds_bars_batch(bars)->count == expected[i].count);
    for (int64_t row = 0; row < expected[i].count; row++) {
      CHECK_TEXT(text_at(&ds_bars_batch(bars)->symbol, row), expected[i].symbol);
    }
    ds_bars_free(bars);
  }
  CHECK(next(scan) == NULL);
  ds_scan_free(scan);
  ds_store_free(store);
}

static void limit_spans_the_chunks(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 4);
  write_hours(store, "BBB", 4);
  const char *symbols[] = {"AAA", "BBB"};
  for (int64_t limit = 0; limit <= 9; limit++) {
    check_note("limit %lld", (long long)limit);
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.limit = limit;
    ds_scan *scan = start(store, symbols, 2, &options, 3);
    int64_t count = 0;
    ds_bars *bars;
    while ((bars = next(scan)) != NULL) {
      count += ds_bars_batch(bars)->count;
      ds_bars_free(bars);
    }
    CHECK_INT(count, limit < 8 ? limit : 8);
    ds_scan_free(scan);
  }
  ds_store_free(store);
}

static void bars_written_ahead_are_seen(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 4);
  ds_scan *scan = start(store, &EURUSD, 1, NULL, 2);
  ds_bars *bars = next(scan);
  REQUIRE(bars != NULL);
  ds_bars_free(bars);
  write_hours(store, EURUSD, 6);
  int64_t count = 2;
  while ((bars = next(scan)) != NULL) {
    count += ds_bars_batch(bars)->count;
    ds_bars_free(bars);
  }
  CHECK_INT(count, 6);
  ds_scan_free(scan);
  ds_store_free(store);
}

static void bars_deleted_ahead_are_not_seen(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 6);
  ds_scan *scan = start(store, &EURUSD, 1, NULL, 2);
  ds_bars *bars = next(scan);
  REQUIRE(bars != NULL);
  CHECK_INT(ds_bars_batch(bars)->count, 2);
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, NULL, NULL));
  CHECK_INT(ds_bars_batch(bars)->timestamps[1], T0 + HOUR); /* a result is a copy */
  ds_bars_free(bars);
  CHECK(next(scan) == NULL);
  ds_scan_free(scan);
  ds_store_free(store);
}

/* A cursor left open would keep every later frame in the WAL. */
static void nothing_is_held_between_chunks(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 4);
  ds_scan *scan = start(store, &EURUSD, 1, NULL, 1);
  ds_bars_free(next(scan));
  write_hours(store, "GOOG", 100);
  ds_checkpoint_result result = DS_CHECKPOINT_RESULT_INIT;
  CHECK_OK(ds_store_checkpoint(store, &result));
  CHECK(on_server() || result.wal_frames > 0);
  CHECK_INT(result.held_back, 0);
  CHECK_INT(result.checkpointed, result.wal_frames);
  ds_bars_free(next(scan));
  ds_scan_free(scan);
  ds_store_free(store);
}

static void scans_run_beside_each_other(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 50);
  write_hours(store, "BBB", 50);
  static const char *const a = "AAA", *const b = "BBB";
  ds_scan *first = start(store, &a, 1, NULL, 7);
  ds_scan *second = start(store, &b, 1, NULL, 3);
  int64_t counts[2] = {0, 0};
  for (int i = 0; i < 20; i++) {
    ds_bars *bars = next(first);
    if (bars != NULL) counts[0] += ds_bars_batch(bars)->count;
    ds_bars_free(bars);
    bars = next(second);
    if (bars != NULL) {
      counts[1] += ds_bars_batch(bars)->count;
      CHECK_TEXT(text_at(&ds_bars_batch(bars)->symbol, 0), "BBB");
    }
    ds_bars_free(bars);
  }
  CHECK_INT(counts[0], 50);
  CHECK_INT(counts[1], 50);
  ds_scan_free(first);
  ds_scan_free(second);
  ds_store_free(store);
}

/* The names and keys that a scan was made with need not outlive the call. */
static void scan_keeps_no_pointer_of_the_caller(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  char *name = long_text(6, 'x'), *frame = long_text(2, 'x'), *key = long_text(3, 'x');
  char *start_text = long_text(10, 'x');
  for (int i = 0; i < 7; i++) name[i] = EURUSD[i];
  for (int i = 0; i < 3; i++) frame[i] = HOURLY[i];
  for (int i = 0; i < 4; i++) key[i] = "a@1"[i];
  for (int i = 0; i < 11; i++) start_text[i] = "2026-03-01"[i];
  const char **names = malloc(sizeof *names);
  const char **keys = malloc(sizeof *keys);
  REQUIRE(names != NULL && keys != NULL);
  names[0] = name;
  keys[0] = key;
  ds_read_options options = {sizeof options, 0, DS_FEATURES_VALUES, keys, 1, -1};
  ds_range range = {sizeof range, DS_NO_TIME, INT64_MAX, start_text, NULL};
  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, names, 1, frame, &range, &options, 2, &scan));
  for (int i = 0; i < 6; i++) name[i] = 'y';
  frame[0] = key[0] = start_text[0] = 'y';
  free(name);
  free(frame);
  free(key);
  free(start_text);
  free(names);
  free(keys);
  int64_t count = 0;
  ds_bars *bars;
  while ((bars = next(scan)) != NULL) {
    count += ds_bars_batch(bars)->count;
    REQUIRE(ds_bars_batch(bars)->feature_count == 1);
    CHECK_TEXT(ds_bars_batch(bars)->features[0].key, "a@1");
    ds_bars_free(bars);
  }
  CHECK_INT(count, 3);
  ds_scan_free(scan);
  ds_store_free(store);
}

static void bad_chunks_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const int64_t bad[] = {0, -1, INT64_MIN};
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    ds_scan *scan = NULL;
    CHECK_FAILS(ds_market_scan(store, &EURUSD, 1, HOURLY, NULL, NULL, bad[i], &scan), DS_INVALID,
                "chunk");
    CHECK(scan == NULL);
  }
  ds_store_free(store);
}

const check_test scan_tests[] = {
    {"chunks_make_up_the_read", chunks_make_up_the_read},
    {"nothing_found_gives_no_chunk", nothing_found_gives_no_chunk},
    {"chunk_holds_one_symbol", chunk_holds_one_symbol},
    {"limit_spans_the_chunks", limit_spans_the_chunks},
    {"bars_written_ahead_are_seen", bars_written_ahead_are_seen},
    {"bars_deleted_ahead_are_not_seen", bars_deleted_ahead_are_not_seen},
    {"nothing_is_held_between_chunks", nothing_is_held_between_chunks},
    {"scans_run_beside_each_other", scans_run_beside_each_other},
    {"scan_keeps_no_pointer_of_the_caller", scan_keeps_no_pointer_of_the_caller},
    {"bad_chunks_are_refused", bad_chunks_are_refused},
    {NULL, NULL},
};
