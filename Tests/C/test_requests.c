/* test_requests.c: "Market: requests".
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "suites.h"

static ds_request plain_request(void) {
  ds_request request = DS_REQUEST_INIT;
  request.symbol = EURUSD;
  request.timeframe = HOURLY;
  request.requested_at = T0;
  request.start_ts = T0 - DAY;
  request.end_ts = T0 - HOUR;
  request.provider_used = "broker";
  return request;
}

static ds_requests *read_requests(ds_store *store, const char *symbol, const char *timeframe,
                                  const ds_range *range, int64_t limit) {
  ds_requests *requests = NULL;
  REQUIRE_OK(ds_market_requests(store, symbol, timeframe, range, limit, &requests));
  REQUIRE(requests != NULL);
  return requests;
}

static void every_field_round_trips(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_request written = plain_request();
  written.coverage_ratio = 0.975;
  written.gap_count = 3;
  written.has_gap_count = 1;
  written.fallback_used = 1;
  written.quality = "partial";
  written.notes = "two \"gaps\"\nand one more \xe2\x82\xac";
  int64_t requested_at = -1;
  CHECK_OK(ds_market_record_request(store, &written, &requested_at));
  CHECK_INT(requested_at, T0);
  CHECK_TEXT(stored(path_of("bars.db"),
                    "SELECT symbol, timeframe, requested_at, provider_used, fallback_used,"
                    " start_ts, end_ts, coverage_ratio, gap_count, quality FROM market_requests"),
             "EURUSD|1h|" T0_TEXT "|broker|1|2026-02-28T15:00:00+00:00|"
             "2026-03-01T14:00:00+00:00|0.975|3|partial");
  ds_requests *requests = read_requests(store, NULL, NULL, NULL, -1);
  REQUIRE(ds_requests_count(requests) == 1);
  const ds_request *read = ds_requests_items(requests);
  CHECK_INT(read->struct_size, sizeof *read);
  CHECK_TEXT(read->symbol, written.symbol);
  CHECK_TEXT(read->timeframe, written.timeframe);
  CHECK_INT(read->requested_at, written.requested_at);
  CHECK_INT(read->start_ts, written.start_ts);
  CHECK_INT(read->end_ts, written.end_ts);
  CHECK_TEXT(read->provider_used, written.provider_used);
  CHECK_BITS(read->coverage_ratio, written.coverage_ratio);
  CHECK_INT(read->gap_count, written.gap_count);
  CHECK_INT(read->has_gap_count, 1);
  CHECK_INT(read->fallback_used, 1);
  CHECK_TEXT(read->quality, written.quality);
  CHECK_TEXT(read->notes, written.notes);
  CHECK_OK(ds_market_record_request(store, read, NULL)); /* what was read may be recorded */
  ds_requests_free(requests);
  ds_store_free(store);
}

static void absent_fields_are_null(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_request written = plain_request();
  CHECK_OK(ds_market_record_request(store, &written, NULL));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT fallback_used, coverage_ratio, gap_count, quality,"
                                        " notes FROM market_requests"),
             "0|NULL|NULL|NULL|NULL");
  ds_requests *requests = read_requests(store, NULL, NULL, NULL, -1);
  REQUIRE(ds_requests_count(requests) == 1);
  const ds_request *read = ds_requests_items(requests);
  CHECK_BITS(read->coverage_ratio, NAN);
  CHECK_INT(read->has_gap_count, 0);
  CHECK_INT(read->fallback_used, 0);
  CHECK_TEXT(read->quality, NULL);
  CHECK_TEXT(read->notes, NULL);
  ds_requests_free(requests);
  ds_store_free(store);
}

static void the_whole_row_is_upserted(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_request request = plain_request();
  request.notes = "first";
  request.has_gap_count = 1;
  request.gap_count = 5;
  CHECK_OK(ds_market_record_request(store, &request, NULL));
  request = plain_request();
  request.provider_used = "file";
  CHECK_OK(ds_market_record_request(store, &request, NULL));
  CHECK_TEXT(stored(path_of("bars.db"),
                    "SELECT provider_used, gap_count, notes FROM market_requests"),
             "file|NULL|NULL");
  ds_store_free(store);
}

/* ---- The moment of a request ---- */

static void now_is_what_the_clock_says(void) {
  ds_store *store = open_store(path_of("bars.db"));
  stop_clock(T0 + 123456789);
  ds_request request = plain_request();
  request.requested_at = DS_NO_TIME;
  int64_t requested_at = -1;
  CHECK_OK(ds_market_record_request(store, &request, &requested_at));
  stop_clock(DS_NO_TIME);
  CHECK(requested_at / MICROSECOND == (T0 + 123456789) / MICROSECOND);
  ds_requests *requests = read_requests(store, NULL, NULL, NULL, -1);
  REQUIRE(ds_requests_count(requests) == 1);
  CHECK_INT(ds_requests_items(requests)->requested_at, requested_at);
  ds_requests_free(requests);
  ds_store_free(store);
}

static void a_taken_moment_moves_on(void) {
  ds_store *store = open_store(path_of("bars.db"));
  stop_clock(T0);
  ds_request request = plain_request();
  CHECK_OK(ds_market_record_request(store, &request, NULL));
  for (int64_t i = 1; i <= 20; i++) {
    request.requested_at = DS_NO_TIME;
    int64_t requested_at = -1;
    CHECK_OK(ds_market_record_request(store, &request, &requested_at));
    CHECK_INT(requested_at, T0 + i * MICROSECOND);
  }
  /* Taken is taken by one series alone. */
  request.symbol = "GOOG";
  int64_t requested_at = -1;
  CHECK_OK(ds_market_record_request(store, &request, &requested_at));
  CHECK_INT(requested_at, T0);
  stop_clock(DS_NO_TIME);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_requests"), "22");
}

/* ---- Finding them ---- */

static void requests_come_oldest_first(void) {
  ds_store *store = open_store(path_of("bars.db"));
  static const struct {
    const char *symbol, *timeframe;
    int64_t hours;
  } rows[] = {{"GOOG", "1d", 3}, {"EURUSD", "1h", 1}, {"EURUSD", "1d", 2},
              {"GOOG", "1d", 0}, {"EURUSD", "1h", 4}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    ds_request request = plain_request();
    request.symbol = rows[i].symbol;
    request.timeframe = rows[i].timeframe;
    request.requested_at = T0 + rows[i].hours * HOUR;
    CHECK_OK(ds_market_record_request(store, &request, NULL));
  }
  static const ds_range middle = {sizeof(ds_range), T0 + HOUR, T0 + 3 * HOUR, NULL, NULL};
  static const ds_range day = {sizeof(ds_range), 0, 0, "2026-03-01", "2026-03-01"};
  static const struct {
    const char *symbol, *timeframe;
    const ds_range *range;
    int64_t limit;
    const char *hours;
  } cases[] = {
      {NULL, NULL, NULL, -1, "01234"},       {"EURUSD", NULL, NULL, -1, "124"},
      {"EURUSD", "1h", NULL, -1, "14"},   {NULL, "1d", NULL, -1, "023"},
      {NULL, NULL, &middle, -1, "123"},      {"GOOG", "1d", &middle, -1, "3"},
      {NULL, NULL, &day, -1, "01234"},       {NULL, NULL, NULL, 2, "01"},
      {"EURUSD", NULL, &middle, 1, "1"},  {NULL, NULL, NULL, 0, ""},
      {"NOBODY", NULL, NULL, -1, ""},        {NULL, NULL, NULL, INT64_MAX, "01234"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu", i);
    ds_requests *requests = read_requests(store, cases[i].symbol, cases[i].timeframe,
                                          cases[i].range, cases[i].limit);
    char hours[16] = "";
    int64_t count = ds_requests_count(requests);
    for (int64_t row = 0; row < count && row < 15; row++) {
      hours[row] = (char)('0' + (ds_requests_items(requests)[row].requested_at - T0) / HOUR);
      hours[row + 1] = '\0';
    }
    CHECK_TEXT(hours, cases[i].hours);
    ds_requests_free(requests);
  }
  ds_store_free(store);
}

static void foreign_requests_are_read(void) {
  files_only("a column of text takes what a typed column refuses");
  ds_store *store = open_store(path_of("bars.db"));
  foreign(path_of("bars.db"),
          "INSERT INTO market_requests VALUES ('EURUSD', '1h', '2026-03-01T16:00:00+01:00',"
          " 'x', NULL, '2026-03-01 14:00:00Z', '2026-03-01T14:30:00.5+00:00', NULL, NULL, NULL,"
          " NULL)");
  ds_requests *requests = read_requests(store, NULL, NULL, NULL, -1);
  REQUIRE(ds_requests_count(requests) == 1);
  CHECK_INT(ds_requests_items(requests)->requested_at, T0);
  CHECK_INT(ds_requests_items(requests)->start_ts, T0 - HOUR);
  CHECK_INT(ds_requests_items(requests)->end_ts, T0 - HOUR / 2 + SECOND / 2);
  CHECK_INT(ds_requests_items(requests)->fallback_used, 0);
  ds_requests_free(requests);
  foreign(path_of("bars.db"), "UPDATE market_requests SET end_ts = 'never'");
  requests = NULL;
  CHECK_FAILS(ds_market_requests(store, NULL, NULL, NULL, -1, &requests), DS_CORRUPT, EURUSD,
              HOURLY, "never");
  CHECK(requests == NULL);
  ds_store_free(store);
}

/* ---- What is refused ---- */

#define SPOIL(name, statement) \
  static void spoil_##name(ds_request *r) { statement; }
SPOIL(struct_size, r->struct_size = 0)
SPOIL(symbol_null, r->symbol = NULL)
SPOIL(symbol_empty, r->symbol = "")
SPOIL(symbol_broken, r->symbol = "\xff")
SPOIL(timeframe_null, r->timeframe = NULL)
SPOIL(timeframe_empty, r->timeframe = "")
SPOIL(timeframe_broken, r->timeframe = "\xc3")
SPOIL(provider_null, r->provider_used = NULL)
SPOIL(provider_broken, r->provider_used = "\xff")
SPOIL(start_none, r->start_ts = DS_NO_TIME)
SPOIL(end_none, r->end_ts = DS_NO_TIME)
SPOIL(fallback_two, r->fallback_used = 2)
SPOIL(fallback_negative, r->fallback_used = -1)
SPOIL(has_gap_count_two, r->has_gap_count = 2)
SPOIL(quality_broken, r->quality = "\xff")
SPOIL(notes_broken, r->notes = "\xff")

static void bad_requests_are_refused(void) {
  static const struct {
    void (*spoil)(ds_request *);
    const char *word;
  } cases[] = {
      {spoil_struct_size, "struct_size"},       {spoil_symbol_null, "symbol"},
      {spoil_symbol_empty, "symbol"},           {spoil_symbol_broken, "symbol"},
      {spoil_timeframe_null, "timeframe"},      {spoil_timeframe_empty, "timeframe"},
      {spoil_timeframe_broken, "timeframe"},    {spoil_provider_null, "provider_used"},
      {spoil_provider_broken, "provider_used"}, {spoil_start_none, "start_ts"},
      {spoil_end_none, "end_ts"},               {spoil_fallback_two, "fallback_used"},
      {spoil_fallback_negative, "fallback_used"}, {spoil_has_gap_count_two, "has_gap_count"},
      {spoil_quality_broken, "quality"},        {spoil_notes_broken, "notes"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("case %zu: %s", i, cases[i].word);
    ds_request request = plain_request();
    cases[i].spoil(&request);
    int64_t requested_at = 77;
    CHECK_FAILS(ds_market_record_request(store, &request, &requested_at), DS_INVALID,
                cases[i].word);
    CHECK_INT(requested_at, 77);
  }
  check_note("%s", "");
  ds_requests *requests = NULL;
  CHECK_FAILS(ds_market_requests(store, "", NULL, NULL, -1, &requests), DS_INVALID, "symbol");
  CHECK_FAILS(ds_market_requests(store, NULL, "\xff", NULL, -1, &requests), DS_INVALID,
              "timeframe");
  CHECK_FAILS(ds_market_requests(store, NULL, NULL, NULL, -2, &requests), DS_INVALID, "limit");
  CHECK(requests == NULL);
  requests = read_requests(store, NULL, NULL, NULL, -1);
  CHECK_INT(ds_requests_count(requests), 0);
  ds_requests_free(requests);
  ds_store_free(store);
}

static void time_of_text_needs_an_offset(void) {
  static const char *const good[] = {T0_TEXT, "2026-03-01T15:00Z", "20260301T163000+0130"};
  static const char *const bad[] = {"2026-03-01", "2026-03-01T15:00:00", "", "now",
                                    "9999-01-01T00:00:00Z", "\xff"};
  for (size_t i = 0; i < COUNT_OF(good); i++) {
    int64_t time = 0;
    CHECK_OK(ds_time_of_text(good[i], &time));
    CHECK_INT(time, T0);
  }
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    int64_t time = 77;
    check_note("%s", bad[i]);
    CHECK_FAILS(ds_time_of_text(bad[i], &time), DS_INVALID, bad[i][0] == '2' ? "offset" : "");
    CHECK_INT(time, 77);
  }
}

const check_test requests_tests[] = {
    {"every_field_round_trips", every_field_round_trips},
    {"absent_fields_are_null", absent_fields_are_null},
    {"the_whole_row_is_upserted", the_whole_row_is_upserted},
    {"now_is_what_the_clock_says", now_is_what_the_clock_says},
    {"a_taken_moment_moves_on", a_taken_moment_moves_on},
    {"requests_come_oldest_first", requests_come_oldest_first},
    {"foreign_requests_are_read", foreign_requests_are_read},
    {"bad_requests_are_refused", bad_requests_are_refused},
    {"time_of_text_needs_an_offset", time_of_text_needs_an_offset},
    {NULL, NULL},
};
