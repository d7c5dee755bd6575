/* test_state.c: "State": keys, deletion, compare-and-set, listing.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static void check_value(ds_store *store, const char *key, const char *expected) {
  char *json = NULL;
  CHECK_OK(ds_state_get(store, key, &json));
  CHECK_TEXT(json, expected);
  ds_text_free(json);
}

static void set_get_delete(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char *json = (char *)&store;
  CHECK_OK(ds_state_get(store, "key", &json));
  CHECK(json == NULL);
  CHECK_OK(ds_state_set(store, "key", "{\"cooldown\":true,\"bars\":[1,2.50,null]}"));
  check_value(store, "key", "{\"cooldown\":true,\"bars\":[1,2.50,null]}");
  CHECK_OK(ds_state_set(store, "key", "\"again\""));
  check_value(store, "key", "\"again\"");
  int32_t deleted = -1;
  CHECK_OK(ds_state_delete(store, "key", &deleted));
  CHECK_INT(deleted, 1);
  CHECK_OK(ds_state_delete(store, "key", &deleted));
  CHECK_INT(deleted, 0);
  CHECK_OK(ds_state_delete(store, "key", NULL));
  check_value(store, "key", NULL);
  ds_store_free(store);
}

static void a_value_goes_into_the_callers_memory(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char memory[32];
  memset(memory, 'x', sizeof memory);
  int32_t size = 77;
  CHECK_OK(ds_state_get_into(store, "key", memory, sizeof memory, &size));
  CHECK_INT(size, 0);
  CHECK(memory[0] == 'x');
  CHECK_OK(ds_state_set(store, "key", "[1,2.50,null]"));
  static const int32_t too_small[] = {0, 1, 13};
  for (size_t i = 0; i < COUNT_OF(too_small); i++) {
    check_note("size %d", too_small[i]);
    size = 77;
    CHECK_OK(ds_state_get_into(store, "key", memory, too_small[i], &size));
    CHECK_INT(size, 14);
    CHECK(memory[0] == 'x' && memory[13] == 'x');
  }
  CHECK_OK(ds_state_get_into(store, "key", memory, 14, &size));
  CHECK_INT(size, 14);
  CHECK_TEXT(memory, "[1,2.50,null]");
  CHECK(memory[14] == 'x');
  size = 77;
  CHECK_FAILS(ds_state_get_into(store, "key", memory, -1, &size), DS_INVALID, "size");
  CHECK_FAILS(ds_state_get_into(store, "", memory, 14, &size), DS_INVALID, "key");
  CHECK_INT(size, 77);
  ds_store_free(store);
}

static void set_many_is_all_or_none(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const char *keys[] = {"first", "second", "third"};
  const char *values[] = {"1", "[2]", "null"};
  CHECK_OK(ds_state_set_many(store, keys, values, 3));
  check_value(store, "first", "1");
  check_value(store, "second", "[2]");
  check_value(store, "third", "null");
  const char *bad[] = {"7", "[8", "9"};
  CHECK_FAILS(ds_state_set_many(store, keys, bad, 3), DS_INVALID, "second");
  const char *bad_keys[] = {"first", "", "third"};
  CHECK_FAILS(ds_state_set_many(store, bad_keys, values, 3), DS_INVALID, "key");
  const char *null_key[] = {"first", NULL};
  CHECK_FAILS(ds_state_set_many(store, null_key, values, 2), DS_INVALID, "key");
  const char *null_value[] = {"7", NULL};
  CHECK_FAILS(ds_state_set_many(store, keys, null_value, 2), DS_INVALID, "value");
  CHECK_FAILS(ds_state_set_many(store, keys, values, -1), DS_INVALID, "count");
  CHECK_FAILS(ds_state_set_many(store, keys, values, INT64_MIN), DS_INVALID, "count");
  CHECK_FAILS(ds_state_set_many(store, NULL, values, 3), DS_INVALID, "keys");
  CHECK_FAILS(ds_state_set_many(store, keys, NULL, 3), DS_INVALID, "values");
  check_value(store, "first", "1");
  CHECK_OK(ds_state_set_many(store, NULL, NULL, 0));
  ds_store_free(store);
}

static void bad_keys_are_refused(void) {
  char *long_key = long_text(DS_MAX_NAME_BYTES + 1, 'k');
  const char *bad[] = {"", long_key, "\xff", "a\xc3", "\xed\xa0\x80"};
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    check_note("key %zu", i);
    char *json = NULL;
    int32_t flag = 77;
    int64_t time = 77;
    CHECK_FAILS(ds_state_set(store, bad[i], "1"), DS_INVALID, "key");
    CHECK_FAILS(ds_state_get(store, bad[i], &json), DS_INVALID, "key");
    CHECK_FAILS(ds_state_delete(store, bad[i], &flag), DS_INVALID, "key");
    CHECK_FAILS(ds_state_compare_and_set(store, bad[i], NULL, "1", &flag), DS_INVALID, "key");
    CHECK_FAILS(ds_state_updated_at(store, bad[i], &time), DS_INVALID, "key");
    CHECK(json == NULL);
    CHECK_INT(flag, 77);
    CHECK_INT(time, 77);
  }
  free(long_key);
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM system_state"), "0");
}

static void any_other_text_is_a_key(void) {
  char *longest = long_text(on_server() ? 2600 : DS_MAX_NAME_BYTES, 'k');
  const char *keys[] = {"'; DROP TABLE system_state; --", "a.b", "A", "a", " ", "1", "1.0", "true",
                        "\xf0\x9f\x98\x80", "%", "_", longest};
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(keys); i++) {
    char value[16];
    snprintf(value, sizeof value, "[%zu]", i);
    CHECK_OK(ds_state_set(store, keys[i], value));
  }
  for (size_t i = 0; i < COUNT_OF(keys); i++) {
    char value[16];
    snprintf(value, sizeof value, "[%zu]", i);
    check_value(store, keys[i], value);
  }
  free(longest);
  ds_store_free(store);
}

static void updated_at_is_what_the_clock_says(void) {
  const char *path = path_of("bars.db");
  ds_store *store = open_store(path);
  int64_t time = -1;
  CHECK_OK(ds_state_updated_at(store, "key", &time));
  CHECK_INT(time, DS_NO_TIME);
  stop_clock(T0);
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_TEXT(stored(path, "SELECT updated_at FROM system_state"), T0_TEXT);
  CHECK_OK(ds_state_updated_at(store, "key", &time));
  CHECK_INT(time, T0);
  stop_clock(T0 + HOUR);
  CHECK_OK(ds_state_set(store, "key", "1"));
  CHECK_OK(ds_state_updated_at(store, "key", &time));
  CHECK_INT(time, T0 + HOUR);
  stop_clock(T0 + 2 * HOUR);
  int32_t swapped = -1;
  CHECK_OK(ds_state_compare_and_set(store, "key", "2", "3", &swapped));
  CHECK_OK(ds_state_updated_at(store, "key", &time));
  CHECK_INT(time, T0 + HOUR);
  CHECK_OK(ds_state_compare_and_set(store, "key", "1", "3", &swapped));
  CHECK_OK(ds_state_updated_at(store, "key", &time));
  CHECK_INT(time, T0 + 2 * HOUR);
  stop_clock(DS_NO_TIME);
  ds_store_free(store);
}

/* ---- Listing ---- */

/* The keys of the entries, parted by commas. */
static const char *listed(ds_store *store, const char *prefix) {
  static char text[1024];
  text[0] = '\0';
  for (int32_t values = 0; values <= 1; values++) {
    ds_state_entries *entries = NULL;
    REQUIRE_OK(ds_state_items(store, prefix, values, &entries));
    int64_t count = ds_state_entries_count(entries);
    const ds_state_entry *items = ds_state_entries_items(entries);
    for (int64_t i = 0; i < count; i++) {
      CHECK_TEXT(items[i].value_json, values ? "[1]" : NULL);
      if (values) continue;
      if (i > 0) strcat(text, ",");
      strcat(text, items[i].key);
    }
    ds_state_entries_free(entries);
  }
  return text;
}

static void items_are_found_by_prefix(void) {
  static const char *const keys[] = {
      "b", "a", "a.b", "a_b", "aXb", "A", "a%", "z\xf4\x8f\xbf\xbf", "z\xf4\x8f\xbf\xbf" "q", "z",
      "m\x7f", "m\x7fx", "m\xc2\x80", "s\xed\x9f\xbf" "1", "s\xee\x80\x80", "\xf4\x8f\xbf\xbf",
  };
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_TEXT(listed(store, ""), "");
  for (size_t i = 0; i < COUNT_OF(keys); i++) CHECK_OK(ds_state_set(store, keys[i], "[1]"));
  static const struct {
    const char *prefix, *keys;
  } cases[] = {
      {"", "A,a,a%,a.b,aXb,a_b,b,m\x7f,m\x7fx,m\xc2\x80,s\xed\x9f\xbf" "1,s\xee\x80\x80,z,"
           "z\xf4\x8f\xbf\xbf,z\xf4\x8f\xbf\xbfq,\xf4\x8f\xbf\xbf"},
      {"a", "a,a%,a.b,aXb,a_b"},
      {"a_", "a_b"},
      {"a%", "a%"},
      {"a*", ""},
      {"A", "A"},
      {"z", "z,z\xf4\x8f\xbf\xbf,z\xf4\x8f\xbf\xbfq"},
      {"z\xf4\x8f\xbf\xbf", "z\xf4\x8f\xbf\xbf,z\xf4\x8f\xbf\xbfq"},
      {"m\x7f", "m\x7f,m\x7fx"},
      {"s\xed\x9f\xbf", "s\xed\x9f\xbf" "1"},
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      {"nothing", ""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("prefix \"%s\"", cases[i].prefix);
    CHECK_TEXT(listed(store, cases[i].prefix), cases[i].keys);
  }
  ds_state_entries *entries = NULL;
  CHECK_FAILS(ds_state_items(store, "\xff", 1, &entries), DS_INVALID, "prefix");
  CHECK(entries == NULL);
  ds_store_free(store);
}

/* ---- Compare and set ---- */

static void compare_and_set_compares_json(void) {
  static const struct {
    const char *stored, *expected;
    int32_t equal;
  } cases[] = {
      {NULL, NULL, 1},
      {NULL, "null", 1},
      {NULL, " null ", 1},
      {NULL, "0", 0},
      {NULL, "false", 0},
      {"null", NULL, 1},
      {"null", "null", 1},
      {"null", "0", 0},
      {"1", "1.0", 1},
      {"1", "10e-1", 1},
      {"1.0", "1", 1},
      {"1", "true", 0},
      {"true", "1", 0},
      {"0", "false", 0},
      {"0", "-0.0", 1},
      {"1", "\"1\"", 0},
      {"1", NULL, 0},
      {"0.1", "0.1", 1},
      {"0.1", "0.10", 1},
      {"0.1", "1e-1", 1},
      {"0.1", "0.11", 0},
      {"9007199254740993", "9007199254740993", 1},
      {"9007199254740993", "9007199254740992", 0},
      {"\"a\"", "\"\\u0061\"", 1},
      {"\"a\"", "\"A\"", 0},
      {"\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"", 1},
      {"[1,2]", "[1, 2]", 1},
      {"[1,2]", "[2,1]", 0},
      {"[1,2]", "[1,2,3]", 0},
      {"[]", "{}", 0},
      {"[]", "null", 0},
      {"{\"a\":1,\"b\":[2]}", "{ \"b\":[2.0], \"a\":1 }", 1},
      {"{\"a\":1,\"b\":2}", "{\"a\":1}", 0},
      {"{\"a\":1}", "{\"a\":1,\"b\":2}", 0},
      {"{\"a\":null}", "{}", 0},
      {"{\"a\":{\"b\":{\"c\":[true,null]}}}", "{\"a\":{\"b\":{\"c\":[true,null]}}}", 1},
      {"{\"a\":{\"b\":{\"c\":[true,null]}}}", "{\"a\":{\"b\":{\"c\":[1,null]}}}", 0},
      {"[123456789012345678901234567890]", "[123456789012345678901234567890]", 1},
      {"[123456789012345678901234567890]", "[123456789012345678901234567891]", 0},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("stored %s, expected %s", cases[i].stored ? cases[i].stored : "nothing",
               cases[i].expected ? cases[i].expected : "NULL");
    CHECK_OK(ds_state_delete(store, "key", NULL));
    if (cases[i].stored != NULL) CHECK_OK(ds_state_set(store, "key", cases[i].stored));
    char *before = NULL;
    CHECK_OK(ds_state_get(store, "key", &before));
    int32_t swapped = -1;
    CHECK_OK(ds_state_compare_and_set(store, "key", cases[i].expected, "\"new\"", &swapped));
    CHECK_INT(swapped, cases[i].equal);
    check_value(store, "key", cases[i].equal ? "\"new\"" : before);
    ds_text_free(before);
  }
  ds_store_free(store);
}

static void compare_and_set_refuses_what_is_no_json(void) {
  ds_store *store = open_store(path_of("bars.db"));
  int32_t swapped = 77;
  CHECK_FAILS(ds_state_compare_and_set(store, "key", "[", "1", &swapped), DS_INVALID, "expected");
  CHECK_FAILS(ds_state_compare_and_set(store, "key", NULL, "[", &swapped), DS_INVALID, "key");
  CHECK_FAILS(ds_state_compare_and_set(store, "key", "NaN", "1", &swapped), DS_INVALID, "expected");
  CHECK_INT(swapped, 77);
  check_value(store, "key", NULL);
  ds_store_free(store);
}

enum { COUNTERS = 4, STEPS = 50 };

static void *count_up(void *path) {
  ds_store *store = open_store(path);
  for (int i = 0; i < STEPS;) {
    char *seen = NULL;
    REQUIRE_OK(ds_state_get(store, "counter", &seen));
    char next[32];
    snprintf(next, sizeof next, "%ld", (seen ? strtol(seen, NULL, 10) : 0) + 1);
    int32_t swapped = 0;
    REQUIRE_OK(ds_state_compare_and_set(store, "counter", seen, next, &swapped));
    ds_text_free(seen);
    i += swapped;
  }
  ds_store_free(store);
  return NULL;
}

static void compare_and_set_loses_no_step(void) {
  char path[512];
  snprintf(path, sizeof path, "%s", path_of("bars.db"));
  ds_store *store = open_store(path);
  pthread_t threads[COUNTERS];
  for (int i = 0; i < COUNTERS; i++) {
    REQUIRE(pthread_create(&threads[i], NULL, count_up, path) == 0);
  }
  for (int i = 0; i < COUNTERS; i++) REQUIRE(pthread_join(threads[i], NULL) == 0);
  check_value(store, "counter", "200");
  ds_store_free(store);
}

const check_test state_tests[] = {
    {"set_get_delete", set_get_delete},
    {"a_value_goes_into_the_callers_memory", a_value_goes_into_the_callers_memory},
    {"set_many_is_all_or_none", set_many_is_all_or_none},
    {"bad_keys_are_refused", bad_keys_are_refused},
    {"any_other_text_is_a_key", any_other_text_is_a_key},
    {"updated_at_is_what_the_clock_says", updated_at_is_what_the_clock_says},
    {"items_are_found_by_prefix", items_are_found_by_prefix},
    {"compare_and_set_compares_json", compare_and_set_compares_json},
    {"compare_and_set_refuses_what_is_no_json", compare_and_set_refuses_what_is_no_json},
    {"compare_and_set_loses_no_step", compare_and_set_loses_no_step},
    {NULL, NULL},
};
