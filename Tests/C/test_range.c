/* test_range.c: "Market: reading": ds_range, in numbers and in text.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

enum { HOURS = 48 }; /* 2026-03-01T15:00Z to 2026-03-03T14:00Z */

/* Which hours the range takes: "first-last", or "none"; from read, scan and delete alike. */
static const char *hours_within(ds_store *store, const ds_range *range) {
  static char text[64];
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, &EURUSD, 1, HOURLY, range, NULL, &bars));
  const ds_bar_batch *batch = ds_bars_batch(bars);
  int64_t count = batch->count;
  if (count == 0) {
    strcpy(text, "none");
  } else {
    snprintf(text, sizeof text, "%lld-%lld", (long long)((batch->timestamps[0] - T0) / HOUR),
             (long long)((batch->timestamps[count - 1] - T0) / HOUR));
  }
  ds_bars_free(bars);

  ds_scan *scan = NULL;
  REQUIRE_OK(ds_market_scan(store, &EURUSD, 1, HOURLY, range, NULL, 100, &scan));
  int64_t scanned = 0;
  bars = NULL;
  REQUIRE_OK(ds_scan_next(scan, &bars));
  if (bars != NULL) scanned = ds_bars_batch(bars)->count;
  ds_bars_free(bars);
  ds_scan_free(scan);
  CHECK_INT(scanned, count);

  CHECK_OK(ds_transaction_begin(store));
  int64_t deleted = -1;
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, range, &deleted));
  CHECK_INT(deleted, count);
  CHECK_OK(ds_transaction_rollback(store));
  return text;
}

static void numbers_are_inclusive(void) {
  static const struct {
    int64_t start, end;
    const char *hours;
  } cases[] = {
      {DS_NO_TIME, INT64_MAX, "0-47"},
      {T0, T0 + 47 * HOUR, "0-47"},
      {T0, T0, "0-0"},
      {T0 + 1, T0 + 47 * HOUR - 1, "1-46"},
      {T0 + HOUR, T0 + HOUR, "1-1"},
      {T0 + HOUR, T0, "none"},
      {T0 + 1, T0 + HOUR - 1, "none"},
      {DS_NO_TIME, T0 - 1, "none"},
      {T0 + 47 * HOUR + 1, INT64_MAX, "none"},
      {DS_NO_TIME + 1, INT64_MAX - 1, "0-47"},
      {INT64_MAX, INT64_MAX, "none"},
      {DS_NO_TIME, DS_NO_TIME + 1, "none"},
      {-1, 0, "none"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, HOURS);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu", i);
    ds_range range = DS_RANGE_INIT;
    range.start = cases[i].start;
    range.end = cases[i].end;
    CHECK_TEXT(hours_within(store, &range), cases[i].hours);
  }
  CHECK_TEXT(hours_within(store, NULL), "0-47");
  ds_store_free(store);
}

static void texts_are_understood(void) {
  static const struct {
    const char *start, *end, *hours;
  } cases[] = {
      {"2026-03-02", "2026-03-02", "9-32"},
      {"2026-03-02", NULL, "9-47"},
      {NULL, "2026-03-01", "0-8"},
      {"2026-03-01", "2026-03-03", "0-47"},
      {"2026-02-28", "2026-02-28", "none"},
      {T0_TEXT, T0_TEXT, "0-0"},
      {"2026-03-01T15:00:00Z", "2026-03-01T16:00:00Z", "0-1"},
      {"2026-03-01T15:00:00", "2026-03-01T16:00:00", "0-1"},
      {"2026-03-01 15:00:00", "2026-03-01 16:00:00+00:00", "0-1"},
      {"2026-03-01T15:00", "2026-03-01T16:00", "0-1"},
      {"2026-03-01T16:00:00+01:00", "2026-03-01T11:00:00-05:00", "0-1"},
      {"2026-03-01T20:45:00+05:45", "2026-03-01T15:00:00Z", "0-0"},
      {"2026-03-02T00:00:00+14:00", "2026-03-01T15:00:00Z", "0-0"},
      {"2026-03-01T15:00:00.000000001", NULL, "1-47"},
      {"2026-03-01T15:00:00.001", "2026-03-01T15:59:59.999999999", "none"},
      {NULL, "2026-03-01T15:00:00.5", "0-0"},
      {"1900-01-01", "2200-12-31", "0-47"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, HOURS);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("%s to %s", cases[i].start ? cases[i].start : "-",
               cases[i].end ? cases[i].end : "-");
    ds_range range = DS_RANGE_INIT;
    range.start_text = cases[i].start;
    range.end_text = cases[i].end;
    CHECK_TEXT(hours_within(store, &range), cases[i].hours);
  }
  ds_store_free(store);
}

static void bare_date_ends_with_its_last_nanosecond(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int64_t midnight = T0 + 9 * HOUR;
  int64_t timestamps[] = {midnight - 1, midnight, midnight + DAY - 1, midnight + DAY};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 4);
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
  ds_range range = DS_RANGE_INIT;
  range.start_text = range.end_text = "2026-03-02";
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, &EURUSD, 1, HOURLY, &range, NULL, &bars));
  REQUIRE(ds_bars_batch(bars)->count == 2);
  CHECK_INT(ds_bars_batch(bars)->timestamps[0], midnight);
  CHECK_INT(ds_bars_batch(bars)->timestamps[1], midnight + DAY - 1);
  ds_bars_free(bars);
  ds_store_free(store);
}

static void text_is_used_instead_of_the_number(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, HOURS);
  ds_range range = {sizeof range, T0 + 5 * HOUR, T0 + 6 * HOUR, "2026-03-01T16:00:00Z", NULL};
  CHECK_TEXT(hours_within(store, &range), "1-6");
  range = (ds_range){sizeof range, T0, T0, NULL, "2026-03-01T16:00:00Z"};
  CHECK_TEXT(hours_within(store, &range), "0-1");
  ds_store_free(store);
}

static void bad_texts_are_refused(void) {
  static const char *const bad[] = {
      "", " ", "yesterday", "2026-13-01", "2026-00-10", "2026-02-29", "2026-04-31",
      "2026-03-01T", "2026-03-01T24:00:01", "2026-03-01T15:60:00", "2026-03-01T15:00:61",
      "2026-03-01T15:00:00+25:00", "2026-03-01T15:00:00+", "2026-03-01T15:00:00 UTC",
      "2026-03-01T15:00:00Zx", "2026-03-01x", "1772377200", "01/03/2026", "2026-03-01T15:00:00.",
      "2026-03-01T15:00:00Z2026-03-01T15:00:00Z", "\xff", "2026-03-01T15:00:00.0000000000000x",
      "99999999999999999999-01-01", "-1-01-01", "2026-03-0\xd9\xa1",
  };
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    for (int at_end = 0; at_end <= 1; at_end++) {
      check_note("%s \"%s\"", at_end ? "end" : "start", bad[i]);
      ds_range range = DS_RANGE_INIT;
      char *text = guarded_text(bad[i]);
      if (at_end) {
        range.end_text = text;
      } else {
        range.start_text = text;
      }
      ds_bars *bars = NULL;
      CHECK_FAILS(ds_market_read(store, &EURUSD, 1, HOURLY, &range, NULL, &bars), DS_INVALID,
                  at_end ? "end" : "start");
      CHECK(bars == NULL);
      ds_scan *scan = NULL;
      CHECK_FAILS(ds_market_scan(store, &EURUSD, 1, HOURLY, &range, NULL, 1, &scan), DS_INVALID,
                  at_end ? "end" : "start");
      CHECK(scan == NULL);
      int64_t rows = 77;
      CHECK_FAILS(ds_market_delete(store, EURUSD, HOURLY, &range, &rows), DS_INVALID,
                  at_end ? "end" : "start");
      CHECK_INT(rows, 77);
      ds_requests *requests = NULL;
      CHECK_FAILS(ds_market_requests(store, NULL, NULL, &range, -1, &requests), DS_INVALID,
                  at_end ? "end" : "start");
      CHECK(requests == NULL);
    }
  }
  check_note("%s", "");
  CHECK_INT(count_bars(store, EURUSD), 2);
  ds_store_free(store);
}

const check_test range_tests[] = {
    {"numbers_are_inclusive", numbers_are_inclusive},
    {"texts_are_understood", texts_are_understood},
    {"bare_date_ends_with_its_last_nanosecond", bare_date_ends_with_its_last_nanosecond},
    {"text_is_used_instead_of_the_number", text_is_used_instead_of_the_number},
    {"bad_texts_are_refused", bad_texts_are_refused},
    {NULL, NULL},
};
