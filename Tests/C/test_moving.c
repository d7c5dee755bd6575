/* test_moving.c: "Two stores": copy, compare, hash.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

/* A store with bars of two series, features, a request and state. */
static ds_store *filled(const char *name) {
  ds_store *store = open_store(path_of(name));
  write_hours(store, EURUSD, 50);
  write_hours(store, "GOOG", 5);
  CHECK_OK(write_json(store, T0 + HOUR, "{\"a@1\":{\"value\":1.50,\"quality\":\"ready\"}}", 0));
  CHECK_OK(ds_state_set(store, "phase", "{\"x\":1.10}"));
  ds_request request = DS_REQUEST_INIT;
  request.symbol = EURUSD;
  request.timeframe = HOURLY;
  request.requested_at = request.start_ts = request.end_ts = T0;
  request.provider_used = "feed";
  CHECK_OK(ds_market_record_request(store, &request, NULL));
  return store;
}

static void a_copy_is_equal_and_made_once(void) {
  ds_store *store = filled("bars.db");
  ds_store *copy = open_store(path_of("copy.db"));
  ds_copy_options options = DS_COPY_OPTIONS_INIT;
  options.chunk = 7;
  ds_copy_result result = DS_COPY_RESULT_INIT;
  CHECK_OK(ds_store_copy(store, copy, &options, &result));
  CHECK_INT(result.series, 2);
  CHECK_INT(result.bars, 55);
  CHECK_INT(result.bars_written, 55);
  CHECK_INT(result.requests, 1);
  CHECK_INT(result.requests_written, 1);
  CHECK_INT(result.states, 1);
  CHECK_INT(result.states_written, 1);
  CHECK_OK(ds_store_copy(store, copy, NULL, &result));
  CHECK_INT(result.bars, 55);
  CHECK_INT(result.bars_written + result.requests_written + result.states_written, 0);
  for (const char *const *table = (const char *const[]){"market_data", "market_requests", "system_state", NULL};
       *table != NULL; table++) {
    char query[64] = "SELECT * FROM ";
    strcat(query, *table);
    char *there = strdup(stored(path_of("copy.db"), query));
    CHECK_TEXT(there, stored(path_of("bars.db"), query));
    free(there);
  }
  ds_store_free(copy);
  ds_store_free(store);
}

static void a_difference_is_told_in_parts(void) {
  ds_store *store = filled("bars.db");
  ds_store *copy = open_store(path_of("copy.db"));
  CHECK_OK(ds_store_copy(store, copy, NULL, NULL));
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = T0 + 3 * HOUR;
  bar.columns = DS_COLUMN_OPEN;
  bar.open = 3.25;
  CHECK_OK(ds_market_write_bar(copy, EURUSD, HOURLY, &bar, 0));
  CHECK_OK(ds_state_set(copy, "other", "1"));

  ds_differences *differences = NULL;
  CHECK_OK(ds_store_compare(store, copy, NULL, &differences));
  CHECK_INT(ds_differences_count(differences), 2);
  const ds_difference *found = ds_differences_items(differences);
  CHECK_INT(found[0].part, DS_DIFFERENCE_BAR);
  CHECK_INT(found[0].kind, DS_DIFFERENCE_VALUE);
  CHECK_TEXT(found[0].symbol, "EURUSD");
  CHECK_TEXT(found[0].timeframe, "1h");
  CHECK_INT(found[0].time, T0 + 3 * HOUR);
  CHECK(found[0].key == NULL);
  CHECK_TEXT(found[0].column, "open");
  CHECK_TEXT(found[0].here, "3.0");
  CHECK_TEXT(found[0].there, "3.25");
  CHECK_TEXT(found[0].text, "EURUSD 1h 2026-03-01T18:00:00+00:00: open is 3.0 here and 3.25 there");
  CHECK_INT(found[1].part, DS_DIFFERENCE_STATE);
  CHECK_INT(found[1].kind, DS_DIFFERENCE_ONLY_THERE);
  CHECK(found[1].symbol == NULL && found[1].column == NULL && found[1].here == NULL);
  CHECK_INT(found[1].time, DS_NO_TIME);
  CHECK_TEXT(found[1].key, "other");
  ds_differences_free(differences);

  ds_compare_options options = DS_COMPARE_OPTIONS_INIT;
  options.limit = 1;
  CHECK_OK(ds_store_compare(copy, store, &options, &differences));
  CHECK_INT(ds_differences_count(differences), 1);
  ds_differences_free(differences);
  ds_store_free(copy);
  ds_store_free(store);
}

static void a_hash_is_the_same_in_a_copy_alone(void) {
  ds_store *store = filled("bars.db");
  ds_store *copy = open_store(path_of("copy.db"));
  CHECK_OK(ds_store_copy(store, copy, NULL, NULL));
  uint64_t one = 0, other = 0;
  int64_t bars = 0;
  CHECK_OK(ds_market_hash(store, EURUSD, HOURLY, NULL, &one, &bars));
  CHECK_INT(bars, 50);
  CHECK_OK(ds_market_hash(copy, EURUSD, HOURLY, NULL, &other, NULL));
  CHECK(one == other);
  CHECK_OK(ds_market_hash(copy, "GOOG", HOURLY, NULL, &other, &bars));
  CHECK(one != other);
  CHECK_OK(ds_market_hash(copy, "absent", HOURLY, NULL, &other, &bars));
  CHECK(other == UINT64_C(0xef46db3751d8e999)); /* XXH64 of nothing */
  CHECK_INT(bars, 0);
  ds_range range = DS_RANGE_INIT;
  range.end = T0;
  CHECK_OK(ds_market_hash(copy, EURUSD, HOURLY, &range, &other, &bars));
  CHECK_INT(bars, 1);
  ds_store_free(copy);
  ds_store_free(store);
}

static void what_cannot_be_copied_is_refused(void) {
  ds_store *store = filled("bars.db");
  ds_store *again = open_store(path_of("bars.db"));
  ds_store *other = open_store(path_of("other.db"));
  ds_store *read_only = open_read_only(path_of("other.db"));
  CHECK_FAILS(ds_store_copy(store, store, NULL, NULL), DS_INVALID, "itself");
  CHECK_FAILS(ds_store_copy(store, again, NULL, NULL), DS_INVALID, "itself");
  CHECK_FAILS(ds_store_copy(store, read_only, NULL, NULL), DS_STORAGE, "read-only");
  ds_copy_options options = DS_COPY_OPTIONS_INIT;
  options.chunk = 0;
  CHECK_FAILS(ds_store_copy(store, other, &options, NULL), DS_INVALID, "chunk");
  ds_compare_options compare = DS_COMPARE_OPTIONS_INIT;
  compare.limit = 0;
  ds_differences *differences = NULL;
  CHECK_FAILS(ds_store_compare(store, other, &compare, &differences), DS_INVALID, "limit");
  CHECK_FAILS(ds_store_copy(NULL, other, NULL, NULL), DS_INVALID, "source");
  CHECK_FAILS(ds_store_copy(store, NULL, NULL, NULL), DS_INVALID, "target");
  CHECK_FAILS(ds_store_compare(store, NULL, NULL, &differences), DS_INVALID, "other");
  CHECK_FAILS(ds_store_compare(store, other, NULL, NULL), DS_INVALID, "out_differences");
  uint64_t hash = 0;
  CHECK_FAILS(ds_market_hash(store, NULL, HOURLY, NULL, &hash, NULL), DS_INVALID, "symbol");
  CHECK_FAILS(ds_market_hash(store, EURUSD, NULL, NULL, &hash, NULL), DS_INVALID, "timeframe");
  CHECK_FAILS(ds_market_hash(store, EURUSD, HOURLY, NULL, NULL, NULL), DS_INVALID, "out_hash");
  CHECK_INT(count_bars(other, EURUSD), 0);
  CHECK_INT(ds_differences_count(NULL), 0);
  CHECK(ds_differences_items(NULL) == NULL);
  ds_differences_free(NULL);
  ds_store_free(read_only);
  ds_store_free(other);
  ds_store_free(again);
  ds_store_free(store);
}

const check_test moving_tests[] = {
    {"a_copy_is_equal_and_made_once", a_copy_is_equal_and_made_once},
    {"a_difference_is_told_in_parts", a_difference_is_told_in_parts},
    {"a_hash_is_the_same_in_a_copy_alone", a_hash_is_the_same_in_a_copy_alone},
    {"what_cannot_be_copied_is_refused", what_cannot_be_copied_is_refused},
    {NULL, NULL},
};
