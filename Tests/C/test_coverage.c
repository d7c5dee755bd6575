/* test_coverage.c: "Market: coverage": what there is of a series, and what is not.
 * SPDX-License-Identifier: MIT
 *
 * What a read finds is the reference: nothing of it comes from the index alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define MINUTE (60 * SECOND)

static ds_range between(int64_t start, int64_t end) { return (ds_range){sizeof(ds_range), start, end, NULL, NULL}; }
static ds_expected every(int64_t step) { return (ds_expected){sizeof(ds_expected), step, NULL, 0}; }
static ds_expected listed(const int64_t *times, int64_t count) {
  return (ds_expected){sizeof(ds_expected), 0, times, count};
}

static int64_t count_of(ds_store *store, const ds_range *range) {
  int64_t count = -1;
  CHECK_OK(ds_market_count(store, EURUSD, HOURLY, range, &count));
  return count;
}

static ds_missing *missing_of(ds_store *store, const ds_range *range, const ds_expected *expected) {
  ds_missing *missing = NULL;
  REQUIRE_OK(ds_market_missing(store, EURUSD, HOURLY, range, expected, &missing));
  CHECK_INT(ds_missing_runs(missing)->struct_size, sizeof(ds_missing_view));
  return missing;
}

static void check_runs(ds_store *store, const ds_range *range, const ds_expected *expected, const int64_t (*runs)[3],
                       int64_t count) {
  ds_missing *missing = missing_of(store, range, expected);
  const ds_missing_view *view = ds_missing_runs(missing);
  CHECK_INT(view->count, count);
  for (int64_t i = 0; i < view->count && i < count; i++) {
    CHECK_INT(view->starts[i], runs[i][0]);
    CHECK_INT(view->ends[i], runs[i][1]);
    CHECK_INT(view->bars[i], runs[i][2]);
  }
  ds_missing_free(missing);
}

static void a_series_exists_with_its_first_bar(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int32_t exists = 77;
  CHECK_OK(ds_market_exists(store, EURUSD, HOURLY, &exists));
  CHECK_INT(exists, 0);
  write_hours(store, EURUSD, 1);
  CHECK_OK(ds_market_exists(store, EURUSD, HOURLY, &exists));
  CHECK_INT(exists, 1);
  static const char *const others[][2] = {{"EURUS", "1h"}, {"EURUSD1", "h"}, {"eurusd", "1h"}, {"EURUSD", "1d"}};
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    CHECK_OK(ds_market_exists(store, others[i][0], others[i][1], &exists));
    CHECK_INT(exists, 0);
  }
  ds_store_free(store);
}

static void counts_are_of_one_series_and_inclusive(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_INT(count_of(store, NULL), 0);
  write_hours(store, EURUSD, 400);
  write_hours(store, "EURUSC", 30);
  write_hours(store, "EURUSE", 30);
  CHECK_INT(count_of(store, NULL), 400);
  ds_range range = between(T0 + 2 * HOUR, T0 + 4 * HOUR);
  CHECK_INT(count_of(store, &range), 3);
  range = between(T0 + 4 * HOUR, T0 + 2 * HOUR);
  CHECK_INT(count_of(store, &range), 0);
  range = between(DS_NO_TIME, T0 + 9 * HOUR);
  CHECK_INT(count_of(store, &range), 10);
  range = between(T0 + 399 * HOUR, INT64_MAX);
  CHECK_INT(count_of(store, &range), 1);
  range = (ds_range){sizeof range, DS_NO_TIME, INT64_MAX, "2026-03-02", "2026-03-02"};
  CHECK_INT(count_of(store, &range), 24);
  ds_store_free(store);
}

static void a_transaction_counts_its_own_writes(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  ds_expected hours = every(HOUR);
  ds_range range = between(T0, T0 + 5 * HOUR);
  CHECK_OK(ds_transaction_begin(store));
  write_hours(store, EURUSD, 5);
  CHECK_INT(count_of(store, NULL), 5);
  check_runs(store, &range, &hours, (const int64_t[][3]){{T0 + 5 * HOUR, T0 + 5 * HOUR, 1}}, 1);
  CHECK_OK(ds_transaction_rollback(store));
  CHECK_INT(count_of(store, NULL), 3);
  check_runs(store, &range, &hours, (const int64_t[][3]){{T0 + 3 * HOUR, T0 + 5 * HOUR, 3}}, 1);
  ds_store_free(store);
}

static void runs_of_a_grid(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_expected hours = every(HOUR);
  ds_range range = between(T0, T0 + 9 * HOUR + MINUTE); /* the grid ends before the range does */
  check_runs(store, &range, &hours, (const int64_t[][3]){{T0, T0 + 9 * HOUR, 10}}, 1);
  write_hours(store, EURUSD, 10);
  check_runs(store, &range, &hours, NULL, 0);
  ds_range hole = between(T0 + 3 * HOUR, T0 + 4 * HOUR);
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, &hole, NULL));
  hole = between(T0 + 9 * HOUR, T0 + 9 * HOUR);
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY, &hole, NULL));
  check_runs(store, &range, &hours,
             (const int64_t[][3]){{T0 + 3 * HOUR, T0 + 4 * HOUR, 2}, {T0 + 9 * HOUR, T0 + 9 * HOUR, 1}}, 2);
  /* A bar beside the grid fills nothing and parts no run. */
  ds_bar_batch beside = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0 + 3 * HOUR + MINUTE}, 1);
  CHECK_OK(ds_market_write(store, &beside, 0, NULL));
  check_runs(store, &range, &hours,
             (const int64_t[][3]){{T0 + 3 * HOUR, T0 + 4 * HOUR, 2}, {T0 + 9 * HOUR, T0 + 9 * HOUR, 1}}, 2);
  range = between(T0 + HOUR, T0);
  check_runs(store, &range, &hours, NULL, 0);
  ds_store_free(store);
}

static void runs_of_a_list(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  /* In any order, twice, before the bars and behind. */
  static const int64_t times[] = {T0 + 40 * HOUR, T0 - DAY, T0, T0 + HOUR, T0 + HOUR, T0 + 2 * HOUR + 1, T0 - DAY};
  ds_expected expected = listed(times, COUNT_OF(times));
  check_runs(store, NULL, &expected,
             (const int64_t[][3]){{T0 - DAY, T0 - DAY, 1}, {T0 + 2 * HOUR + 1, T0 + 40 * HOUR, 2}}, 2);
  ds_range range = between(T0 - DAY + 1, T0 + 2 * HOUR + 1);
  check_runs(store, &range, &expected, (const int64_t[][3]){{T0 + 2 * HOUR + 1, T0 + 2 * HOUR + 1, 1}}, 1);
  expected = listed(NULL, 0);
  check_runs(store, NULL, &expected, NULL, 0);
  CHECK_INT(times[0], T0 + 40 * HOUR);
  ds_store_free(store);
}

static void a_grid_may_be_of_any_length(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 2);
  ds_expected expected = every(1);
  ds_range range = between(DS_NO_TIME + 1, T0);
  CHECK_FAILS(ds_market_missing(store, EURUSD, HOURLY, &range, &expected, &(ds_missing *){NULL}), DS_INVALID, "longer");
  range = between(T0 - INT64_C(1000000000000000), T0 + HOUR);
  check_runs(store, &range, &expected,
             (const int64_t[][3]){{range.start, T0 - 1, INT64_C(1000000000000000)},
                                  {T0 + 1, T0 + HOUR - 1, HOUR - 1}}, 2);
  expected = every(INT64_MAX);
  range = between(DS_NO_TIME + 1, INT64_MAX - 1);
  check_runs(store, &range, &expected, (const int64_t[][3]){{DS_NO_TIME + 1, 0, 2}}, 1);
  ds_store_free(store);
}

static void wrong_expectations_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const int64_t no_time[] = {T0, DS_NO_TIME};
  ds_range range = between(T0, T0 + HOUR), open_start = between(DS_NO_TIME, T0), open_end = between(T0, INT64_MAX);
  ds_missing *missing = NULL;
  const struct {
    const ds_range *range;
    ds_expected expected;
    const char *word;
  } wrong[] = {
      {&range, every(-1), "-1"},
      {NULL, every(HOUR), "start"},
      {&open_start, every(HOUR), "start"},
      {&open_end, every(HOUR), "end"},
      {&range, listed(no_time, 2), "row 1"},
      {&range, listed(NULL, 1), "times"},
      {&range, listed(no_time, -1), "count"},
      {&range, {sizeof(ds_expected), HOUR, no_time, 1}, "one of them"},
      {&range, {4, HOUR, NULL, 0}, "struct_size"},
  };
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    check_note("case %zu", i);
    CHECK_FAILS(ds_market_missing(store, EURUSD, HOURLY, wrong[i].range, &wrong[i].expected, &missing), DS_INVALID,
                wrong[i].word);
  }
  int64_t count = 77;
  ds_range sizeless = {0, T0, T0, NULL, NULL};
  ds_texts *keys = NULL;
  CHECK_FAILS(ds_market_count(store, "", HOURLY, NULL, &count), DS_INVALID, "symbol");
  CHECK_FAILS(ds_market_count(store, EURUSD, "\xff", NULL, &count), DS_INVALID, "timeframe");
  CHECK_FAILS(ds_market_count(store, EURUSD, HOURLY, &sizeless, &count), DS_INVALID, "struct_size");
  CHECK_FAILS(ds_market_feature_keys(store, EURUSD, HOURLY, &sizeless, &keys), DS_INVALID, "struct_size");
  CHECK(missing == NULL && keys == NULL && count == 77);
  ds_store_free(store);
}

/* ---- Against what a read finds ---- */

static uint64_t dice = 17;
static int64_t below(int64_t sides) {
  dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (int64_t)((dice >> 33) % (uint64_t)sides);
}

/* A time in one of several forms; the first is the stored one. */
static void print_time(char *out, size_t size, int64_t time, int64_t form) {
  static const int64_t offsets[] = {0, 0, 0, 3600, -5 * 3600, 14 * 3600, 0};
  int64_t second = time / SECOND + offsets[form], day = second / 86400, clock = second % 86400;
  /* Days of March and April 2026 only. */
  int64_t day_of_march = day - 20513 + 1;
  int64_t month = day_of_march > 31 ? 4 : 3, date = day_of_march > 31 ? day_of_march - 31 : day_of_march;
  static const char *const formats[] = {
      "2026-%02lld-%02lldT%02lld:%02lld:%02lld+00:00",  "2026-%02lld-%02lld %02lld:%02lld:%02lldZ",
      "2026-%02lld-%02lldT%02lld:%02lld:%02lld.000Z",   "2026-%02lld-%02lldT%02lld:%02lld:%02lld+01:00",
      "2026-%02lld-%02lldT%02lld:%02lld:%02lld-05:00",  "2026-%02lld-%02lld %02lld:%02lld:%02lld+14:00",
      "2026%02lld%02lldT%02lld%02lld%02lldZ",
  };
  snprintf(out, size, formats[form], (long long)month, (long long)date, (long long)(clock / 3600),
           (long long)(clock / 60 % 60), (long long)(clock % 60));
}

#define DAY_10 (INT64_C(1773100800) * SECOND) /* 2026-03-10T00:00:00Z */

static void insert_random_bars(int64_t bars, int64_t forms) {
  char *statements = malloc((size_t)bars * 200 + 100), *end = statements;
  end += sprintf(end, "BEGIN;");
  for (int64_t i = 0; i < bars; i++) {
    char text[64];
    print_time(text, sizeof text, DAY_10 + below(3 * 24 * 60) * MINUTE, below(3) ? 0 : below(forms));
    end += sprintf(end,
                   "INSERT INTO market_data (symbol, timeframe, timestamp) VALUES ('EURUSD','1h','%s')"
                   " ON CONFLICT DO NOTHING;",
                   text);
  }
  sprintf(end, "COMMIT;");
  foreign(path_of("bars.db"), statements);
  free(statements);
}

static void check_missing_by_reference(ds_store *store, const ds_range *range, const ds_expected *expected,
                                       const int64_t *times, int64_t time_count) {
  ds_bars *bars = NULL;
  REQUIRE_OK(ds_market_read(store, &EURUSD, 1, HOURLY, range, NULL, &bars));
  const ds_bar_batch *batch = ds_bars_batch(bars);
  ds_missing *missing = missing_of(store, range, expected);
  const ds_missing_view *view = ds_missing_runs(missing);
  int64_t run = 0, bars_of_run = 0, first = 0, last = 0;
  for (int64_t i = 0; i <= time_count; i++) {
    bool is_there = i == time_count;
    for (int64_t row = 0; i < time_count && row < batch->count; row++) is_there |= batch->timestamps[row] == times[i];
    if (!is_there) {
      if (bars_of_run == 0) first = times[i];
      last = times[i];
      bars_of_run++;
    } else if (bars_of_run > 0) {
      REQUIRE(run < view->count);
      CHECK_INT(view->starts[run], first);
      CHECK_INT(view->ends[run], last);
      CHECK_INT(view->bars[run], bars_of_run);
      run++;
      bars_of_run = 0;
    }
  }
  CHECK_INT(view->count, run);
  ds_missing_free(missing);
  ds_bars_free(bars);
}

static void check_random_ranges(ds_store *store) {
  static int64_t times[5000];
  for (int round = 0; round < 40; round++) {
    int64_t start = DAY_10 - DAY + below(5 * 24 * 60) * MINUTE, end = start + below(3 * 24 * 60) * MINUTE;
    ds_range range = between(start, end);
    check_note("%lld to %lld", (long long)start, (long long)end);
    ds_bars *bars = NULL;
    REQUIRE_OK(ds_market_read(store, &EURUSD, 1, HOURLY, &range, NULL, &bars));
    CHECK_INT(count_of(store, &range), ds_bars_batch(bars)->count);
    ds_bars_free(bars);
    ds_expected grid = every((1 + below(4)) * MINUTE * (below(5) ? 1 : 7));
    int64_t count = 0;
    for (int64_t time = start; time <= end; time += grid.step) times[count++] = time;
    check_missing_by_reference(store, &range, &grid, times, count);
    count = 0;
    for (int64_t time = start; time <= end; time += (1 + below(90)) * MINUTE) times[count++] = time;
    ds_expected list = listed(times, count);
    check_missing_by_reference(store, &range, &list, times, count);
  }
  ds_bars *bars = read_symbol(store, EURUSD, NULL);
  CHECK_INT(count_of(store, NULL), ds_bars_batch(bars)->count);
  ds_bars_free(bars);
}

static void check_with_forms(int64_t forms) {
  ds_store_free(open_store(path_of("bars.db")));
  insert_random_bars(1200, forms);
  for (int32_t fast = 0; fast <= 1; fast++) {
    ds_open_options options = DS_OPEN_OPTIONS_INIT;
    options.fast_paths = fast;
    ds_store *store = NULL;
    REQUIRE_OK(ds_store_open(place_of(path_of("bars.db")), &options, &store));
    check_random_ranges(store);
    CHECK_OK(ds_transaction_begin(store));
    check_random_ranges(store);
    CHECK_OK(ds_transaction_commit(store));
    ds_store_free(store);
  }
}

static void counts_are_what_a_read_finds(void) { check_with_forms(1); }
static void other_forms_count_as_they_are_read(void) {
  files_only("a column of text takes what a typed column refuses");
  check_with_forms(7);
}

/* ---- Features ---- */

static void feature_keys_are_of_the_range_and_sorted(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_texts *keys = NULL;
  REQUIRE_OK(ds_market_feature_keys(store, EURUSD, HOURLY, NULL, &keys));
  CHECK_INT(ds_texts_count(keys), 0);
  ds_texts_free(keys);
  write_hours(store, EURUSD, 5);
  static const char *const features[] = {
      "{\"b@1\":{\"value\":1,\"quality\":\"ready\"}}",
      "{\"\xc3\xa9@1\":{\"value\":null,\"quality\":\"missing\"},\"a@1\":{\"value\":2,\"quality\":\"ready\"}}",
      "{ \"B@1\" : {\"quality\":\"ready\",\"value\":2} }",
  };
  for (int i = 0; i < 3; i++)
    foreign_with(path_of("bars.db"),
                 i == 0   ? "UPDATE market_data SET features = ? WHERE close = 0.5"
                 : i == 1 ? "UPDATE market_data SET features = ? WHERE close = 1.5"
                          : "UPDATE market_data SET features = ? WHERE close = 2.5",
                 features[i]);
  static const char *const all[] = {"B@1", "a@1", "b@1", "\xc3\xa9@1"};
  REQUIRE_OK(ds_market_feature_keys(store, EURUSD, HOURLY, NULL, &keys));
  REQUIRE(ds_texts_count(keys) == 4);
  for (int i = 0; i < 4; i++) CHECK_TEXT(ds_texts_items(keys)[i], all[i]);
  ds_texts_free(keys);
  ds_range range = between(T0, T0 + HOUR);
  REQUIRE_OK(ds_market_feature_keys(store, EURUSD, HOURLY, &range, &keys));
  REQUIRE(ds_texts_count(keys) == 3);
  CHECK_TEXT(ds_texts_items(keys)[0], "a@1");
  ds_texts_free(keys);
  range = between(T0 + HOUR, T0);
  REQUIRE_OK(ds_market_feature_keys(store, EURUSD, HOURLY, &range, &keys));
  CHECK_INT(ds_texts_count(keys), 0);
  ds_texts_free(keys);
  foreign(path_of("bars.db"), "UPDATE market_data SET features = '{\"b@1\":1}' WHERE close = 3.5");
  keys = NULL;
  CHECK_FAILS(ds_market_feature_keys(store, EURUSD, HOURLY, NULL, &keys), DS_CORRUPT, EURUSD, HOURLY,
              "2026-03-01T18:00:00+00:00");
  CHECK(keys == NULL);
  range = between(T0, T0 + 2 * HOUR);
  REQUIRE_OK(ds_market_feature_keys(store, EURUSD, HOURLY, &range, &keys));
  CHECK_INT(ds_texts_count(keys), 4);
  ds_texts_free(keys);
  ds_store_free(store);
}

static void a_time_that_is_none_is_corrupt(void) {
  files_only("a column of text takes what a typed column refuses");
  for (int32_t fast = 0; fast <= 1; fast++) {
    ds_open_options options = DS_OPEN_OPTIONS_INIT;
    options.fast_paths = fast;
    ds_store *store = NULL;
    REQUIRE_OK(ds_store_open(place_of(path_of("bars.db")), &options, &store));
    write_hours(store, EURUSD, 300);
    ds_range range = between(T0, T0 + 300 * HOUR);
    ds_expected hours = every(HOUR);
    ds_missing *missing = NULL;
    static const char *const broken[] = {"'2026-03-04T25:00:00+00:00'", "'2026-03-04T'", "x'4142'", "17"};
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
      check_note("%s", broken[i]);
      char statement[200];
      snprintf(statement, sizeof statement,
               "INSERT INTO market_data (symbol, timeframe, timestamp) VALUES ('EURUSD', '1h', %s)", broken[i]);
      foreign(path_of("bars.db"), statement);
      int64_t count = 77;
      CHECK_FAILS(ds_market_count(store, EURUSD, HOURLY, NULL, &count), DS_CORRUPT, EURUSD, HOURLY, "timestamp");
      if (i < 2) /* what is not text does not lie between two texts */
        CHECK_FAILS(ds_market_missing(store, EURUSD, HOURLY, &range, &hours, &missing), DS_CORRUPT, EURUSD, HOURLY,
                    "timestamp");
      CHECK_INT(count, 77);
      snprintf(statement, sizeof statement, "DELETE FROM market_data WHERE timestamp = %s", broken[i]);
      foreign(path_of("bars.db"), statement);
    }
    CHECK_INT(count_of(store, NULL), 300);
    CHECK(missing == NULL);
    ds_store_free(store);
  }
}

const check_test coverage_tests[] = {
    {"a_series_exists_with_its_first_bar", a_series_exists_with_its_first_bar},
    {"counts_are_of_one_series_and_inclusive", counts_are_of_one_series_and_inclusive},
    {"a_transaction_counts_its_own_writes", a_transaction_counts_its_own_writes},
    {"runs_of_a_grid", runs_of_a_grid},
    {"runs_of_a_list", runs_of_a_list},
    {"a_grid_may_be_of_any_length", a_grid_may_be_of_any_length},
    {"wrong_expectations_are_refused", wrong_expectations_are_refused},
    {"counts_are_what_a_read_finds", counts_are_what_a_read_finds},
    {"other_forms_count_as_they_are_read", other_forms_count_as_they_are_read},
    {"feature_keys_are_of_the_range_and_sorted", feature_keys_are_of_the_range_and_sorted},
    {"a_time_that_is_none_is_corrupt", a_time_that_is_none_is_corrupt},
    {NULL, NULL},
};
