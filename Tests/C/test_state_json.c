/* test_state_json.c: "State": which values are taken, and how they come back.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

/* What the store returns for the value; the caller frees it with ds_text_free(). */
static char *round_trip(ds_store *store, const char *value) {
  REQUIRE_OK(ds_state_set(store, "key", value));
  char *json = NULL;
  REQUIRE_OK(ds_state_get(store, "key", &json));
  REQUIRE(json != NULL);
  return json;
}

static void values_come_back_digit_for_digit(void) {
  static const char *const values[] = {
      "null", "true", "false", "\"\"", "\"text\"", "\"1\"", "\"1e5\"", "\" 7 \"", "\"null\"",
      "\"\\u0000\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\xe2\x82\xac\xf0\x9f\x98\x80\"",
      "\"\\ud83d\\ude00\"", "\"\x7f\"", "[]", "{}", "[1]", "[1.0]", "[1.50,-0.0,1E5,1e-400]",
      "[12345678901234567890123456789012345678901234567890]", "[0.1000000000000000055511151231257]",
      "{\"a\":1.0,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}", "{\"z\":1,\"a\":2}", "{\"\":0}",
      "[[[[[[[[[[]]]]]]]]]]",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    char *json = round_trip(store, values[i]);
    CHECK_TEXT(json, values[i]);
    ds_text_free(json);
  }
  ds_store_free(store);
}

/* The column has NUMERIC affinity, so SQLite rewrites a number that stands alone. */
static void lone_floats_keep_their_bits(void) {
  static const double values[] = {
      0.1, 0.5, 1.0 / 3, 3.141592653589793, 1e-5, 1.5e300, 5e-324, 2.2250738585072014e-308,
      1.7976931348623157e308, -1.7976931348623157e308, 123456789.123456789, 0.30000000000000004,
      1e16, 1e22, 1e23, 9.223372036854775e18, 1.8446744073709552e19, 9007199254740993.0, -2.5, 1.0,
      100000.0, 4.35, 2.5e-8, 1e308, 6.02214076e23, 0.1 + 0.7, 1152921504606846976.0,
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    char text[64];
    snprintf(text, sizeof text, "%.17g", values[i]);
    char *json = round_trip(store, text);
    check_note("%s came back as %s", text, json);
    char *end = NULL;
    CHECK_BITS(strtod(json, &end), values[i]);
    CHECK(*end == '\0');
    ds_text_free(json);
  }
  ds_store_free(store);
}

static void lone_integers_keep_their_digits(void) {
  static const char *const values[] = {
      "0", "1", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808",
      "1000000000000000000", "999999999999999999",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    char *json = round_trip(store, values[i]);
    CHECK_TEXT(json, values[i]);
    ds_text_free(json);
  }
  char *json = round_trip(store, "100.0");
  CHECK_TEXT(json, "100"); /* a whole float comes back as the equal integer */
  ds_text_free(json);
  json = round_trip(store, "-0");
  CHECK(strtod(json, NULL) == 0);
  ds_text_free(json);
  ds_store_free(store);
}

static void broken_values_are_refused(void) {
  static const char *const broken[] = {
      "", " ", "NaN", "Infinity", "-Infinity", "nan", "inf", "1e400", "-1e400", "True", "None",
      "nul", "nullx", "tru", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"",
      "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "01", "-01",
      "+1", ".5", "1.", "1e", "1e+", "-", "0x1", "1_0", "1 2", "[1]x", "[1][2]", "'a'", "\"",
      "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u123g\"", "\"a\nb\"", "\"a\tb\"", "\"\x01\"",
      "// x\n1", "[NaN]", "[Infinity]", ("\xef\xbb\xbf" "1"), "1\f", "9223372036854775808",
      "-9223372036854775809", "123456789012345678901234567890",
  };
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(ds_state_set(store, "key", "\"kept\""));
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    check_note("%s", broken[i]);
    char *value = guarded_text(broken[i]);
    CHECK_FAILS(ds_state_set(store, "key", value), DS_INVALID, "key");
    const char *key = "key";
    const char *values[] = {value};
    CHECK_FAILS(ds_state_set_many(store, &key, values, 1), DS_INVALID, "key");
  }
  check_note("%s", "");
  char *json = NULL;
  CHECK_OK(ds_state_get(store, "key", &json));
  CHECK_TEXT(json, "\"kept\"");
  ds_text_free(json);
  ds_store_free(store);
}

static void large_integer_names_the_remedy(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_FAILS(ds_state_set(store, "key", "9223372036854775808"), DS_INVALID, "key", "list");
  CHECK_OK(ds_state_set(store, "key", "[9223372036854775808]"));
  ds_store_free(store);
}

static void broken_utf8_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < not_utf8_count; i++) {
    check_note("text %zu", i);
    char value[64];
    snprintf(value, sizeof value, "\"%s\"", not_utf8[i]);
    CHECK_FAILS(ds_state_set(store, "key", guarded_text(value)), DS_INVALID, "");
    snprintf(value, sizeof value, "\"%s", not_utf8[i]);
    CHECK_FAILS(ds_state_set(store, "key", guarded_text(value)), DS_INVALID, "");
  }
  ds_store_free(store);
}

static void every_cut_is_refused(void) {
  static const char whole[] =
      "{\"a\":[1,-2.5e+10,null,true,false,\"\\ud83d\\ude00\xe2\x82\xac\"],\"b\":{\"c\":{}}}";
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t length = 0; length < sizeof whole - 1; length++) {
    check_note("the first %zu bytes", length);
    char cut[sizeof whole];
    memcpy(cut, whole, length);
    cut[length] = '\0';
    CHECK_FAILS(ds_state_set(store, "key", guarded_text(cut)), DS_INVALID, "");
  }
  CHECK_OK(ds_state_set(store, "key", guarded_text(whole)));
  ds_store_free(store);
}

/* `depth` arrays within each other, around nothing. The caller frees it. */
static char *nest_of(int depth) {
  char *nest = long_text((size_t)depth * 2, '[');
  memset(nest + depth, ']', (size_t)depth);
  return nest;
}

static void depth_has_a_limit(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char *deepest = nest_of(DS_MAX_JSON_DEPTH);
  char *json = round_trip(store, deepest);
  CHECK_TEXT(json, deepest);
  ds_text_free(json);
  int32_t swapped = 0;
  CHECK_OK(ds_state_compare_and_set(store, "key", deepest, "1", &swapped));
  CHECK_INT(swapped, 1);
  free(deepest);
  static const int depths[] = {DS_MAX_JSON_DEPTH + 1, 100000, 5000000};
  for (size_t i = 0; i < COUNT_OF(depths); i++) {
    char *nest = nest_of(depths[i]);
    CHECK_FAILS(ds_state_set(store, "key", nest), DS_INVALID, "key");
    CHECK_FAILS(ds_state_compare_and_set(store, "key", nest, "1", &swapped), DS_INVALID, "");
    memset(nest, '{', (size_t)depths[i]);
    CHECK_FAILS(ds_state_set(store, "key", nest), DS_INVALID, "key");
    free(nest);
  }
  ds_store_free(store);
}

static void large_values_come_back(void) {
  ds_store *store = open_store(path_of("bars.db"));
  char *text = long_text(5000000, 'x');
  text[0] = text[4999999] = '"';
  char *json = round_trip(store, text);
  CHECK(strcmp(json, text) == 0);
  ds_text_free(json);
  free(text);
  ds_store_free(store);
}

static void foreign_damage_is_corrupt(void) {
  files_only("a column of text takes what a typed column refuses");
  static const char *const broken[] = {"'oops'", "'[1'", "'NaN'", "x'00ff'", "''", "9e999"};
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    check_note("%s", broken[i]);
    CHECK_OK(ds_state_set(store, "broken", "1"));
    CHECK_OK(ds_state_set(store, "sound", "1"));
    char update[128];
    snprintf(update, sizeof update, "UPDATE system_state SET value = %s WHERE key = 'broken'",
             broken[i]);
    foreign(path_of("bars.db"), update);
    char *json = NULL;
    CHECK_FAILS(ds_state_get(store, "broken", &json), DS_CORRUPT, "broken");
    CHECK(json == NULL);
    ds_state_entries *entries = NULL;
    CHECK_FAILS(ds_state_items(store, "", 1, &entries), DS_CORRUPT, "broken");
    CHECK(entries == NULL);
    int32_t swapped = 77;
    CHECK_FAILS(ds_state_compare_and_set(store, "broken", NULL, "1", &swapped), DS_CORRUPT,
                "broken");
    CHECK_OK(ds_state_get(store, "sound", &json));
    ds_text_free(json);
  }
  ds_store_free(store);
}

const check_test state_json_tests[] = {
    {"values_come_back_digit_for_digit", values_come_back_digit_for_digit},
    {"lone_floats_keep_their_bits", lone_floats_keep_their_bits},
    {"lone_integers_keep_their_digits", lone_integers_keep_their_digits},
    {"broken_values_are_refused", broken_values_are_refused},
    {"large_integer_names_the_remedy", large_integer_names_the_remedy},
    {"broken_utf8_is_refused", broken_utf8_is_refused},
    {"every_cut_is_refused", every_cut_is_refused},
    {"depth_has_a_limit", depth_has_a_limit},
    {"large_values_come_back", large_values_come_back},
    {"foreign_damage_is_corrupt", foreign_damage_is_corrupt},
    {NULL, NULL},
};
