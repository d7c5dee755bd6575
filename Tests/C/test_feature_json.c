/* test_feature_json.c: features as JSON text: what is taken, what is refused.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

#define READY(value) "{\"a@1\":{\"value\":" value ",\"quality\":\"ready\"}}"

static const struct {
  const char *what;
  const char *json;
} broken[] = {
    {"empty text", ""},
    {"blanks", " \n"},
    {"no object", "[]"},
    {"a number", "1"},
    {"a text", "\"a@1\""},
    {"a word", "true"},
    {"key twice", "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},"
                  "\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"key twice, once escaped", "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},"
                                "\"\\u0061@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"value twice", "{\"a@1\":{\"value\":1,\"value\":1,\"quality\":\"ready\"}}"},
    {"quality twice", "{\"a@1\":{\"value\":1,\"quality\":\"ready\",\"quality\":\"ready\"}}"},
    {"value twice, once escaped",
     "{\"a@1\":{\"value\":1,\"v\\u0061lue\":1,\"quality\":\"ready\"}}"},
    {"no quality", "{\"a@1\":{\"value\":1}}"},
    {"no value", "{\"a@1\":{\"quality\":\"ready\"}}"},
    {"empty entry", "{\"a@1\":{}}"},
    {"third member", "{\"a@1\":{\"value\":1,\"quality\":\"ready\",\"note\":1}}"},
    {"other member", "{\"a@1\":{\"value\":1,\"Quality\":\"ready\"}}"},
    {"entry no object", "{\"a@1\":1}"},
    {"entry null", "{\"a@1\":null}"},
    {"entry an array", "{\"a@1\":[1,\"ready\"]}"},
    {"no @", "{\"a\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"no name", "{\"@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"no version", "{\"a@\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"only @", "{\"@\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"empty key", "{\"\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"bad second entry", "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},\"b\":{}}"},
    {"true", READY("true")},
    {"false", READY("false")},
    {"text", READY("\"text\"")},
    {"number in text", READY("\"1\"")},
    {"array", READY("[1]")},
    {"object", READY("{}")},
    {"NaN", READY("NaN")},
    {"nan", READY("nan")},
    {"Infinity", READY("Infinity")},
    {"-Infinity", READY("-Infinity")},
    {"1e400", READY("1e400")},
    {"-1e400", READY("-1e400")},
    {"1e999999999999", READY("1e999999999999")},
    {"1.8e308", READY("1.8e308")},
    {"leading zero", READY("01")},
    {"leading plus", READY("+1")},
    {"only a sign", READY("-")},
    {"no digit before the point", READY(".5")},
    {"no digit after the point", READY("1.")},
    {"no exponent", READY("1e")},
    {"no digit in the exponent", READY("1e+")},
    {"hexadecimal", READY("0x10")},
    {"underscore", READY("1_000")},
    {"Null", READY("Null")},
    {"nul", READY("nul")},
    {"None", READY("None")},
    {"quality unknown", "{\"a@1\":{\"value\":1,\"quality\":\"fine\"}}"},
    {"quality in capitals", "{\"a@1\":{\"value\":1,\"quality\":\"Ready\"}}"},
    {"quality with a blank", "{\"a@1\":{\"value\":1,\"quality\":\"ready \"}}"},
    {"quality empty", "{\"a@1\":{\"value\":1,\"quality\":\"\"}}"},
    {"quality null", "{\"a@1\":{\"value\":1,\"quality\":null}}"},
    {"quality a number", "{\"a@1\":{\"value\":1,\"quality\":1}}"},
    {"quality with a NUL", "{\"a@1\":{\"value\":1,\"quality\":\"ready\\u0000\"}}"},
    {"key with a NUL", "{\"a\\u0000@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"trailing bytes", READY("1") "x"},
    {"two objects", READY("1") "{}"},
    {"trailing comma", "{\"a@1\":{\"value\":1,\"quality\":\"ready\"},}"},
    {"trailing comma within", "{\"a@1\":{\"value\":1,\"quality\":\"ready\",}}"},
    {"leading comma", "{,\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"no colon", "{\"a@1\" {\"value\":1,\"quality\":\"ready\"}}"},
    {"single quotes", "{'a@1':{'value':1,'quality':'ready'}}"},
    {"key without quotes", "{a@1:{\"value\":1,\"quality\":\"ready\"}}"},
    {"comment", "{/* */\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"byte order mark", "\xef\xbb\xbf" READY("1")},
    {"blank that is none in JSON", "{\v\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"high surrogate alone", "{\"a\\ud83d@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"low surrogate alone", "{\"a\\ude00@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"surrogates swapped", "{\"a\\ude00\\ud83d@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"unknown escape", "{\"a\\x@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"short escape", "{\"a\\u00e@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"line break in a key", "{\"a\n@1\":{\"value\":1,\"quality\":\"ready\"}}"},
    {"control byte in a key", "{\"a\x01@1\":{\"value\":1,\"quality\":\"ready\"}}"},
};

/* The text in the second row of a batch, in a bar of its own, and for a bar that is stored. */
static void check_refused(ds_store *store, const char *json) {
  int64_t timestamps[] = {T0 + HOUR, T0 + 2 * HOUR};
  const char *texts[] = {READY("1"), json};
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, timestamps, 2);
  batch.features_json = texts;
  CHECK_FAILS(ds_market_write(store, &batch, 0, NULL), DS_INVALID_FEATURE, EURUSD, HOURLY,
              "2026-03-01T17:00:00+00:00");
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  CHECK_OK(ds_last_error_detail(&detail));
  CHECK_INT(detail.row, 1);
  CHECK(detail.reason != NULL && detail.reason[0] != '\0');

  CHECK_FAILS(write_json(store, T0 + HOUR, json, 0), DS_INVALID_FEATURE, EURUSD);
  CHECK_FAILS(write_json(store, T0 + HOUR, json, 1), DS_INVALID_FEATURE, EURUSD);

  batch.count = 1;
  timestamps[0] = T0;
  texts[0] = json;
  CHECK_FAILS(ds_market_write_features(store, &batch, 0, NULL), DS_INVALID_FEATURE, EURUSD);
}

/* One bar at T0, whose features stay what they are. */
static ds_store *open_with_one_bar(void) {
  ds_store *store = open_store(path_of("bars.db"));
  CHECK_OK(write_json(store, T0, READY("5"), 0));
  return store;
}

static void close_with_one_bar(ds_store *store) {
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT timestamp, features FROM market_data"),
             T0_TEXT "|" READY("5"));
}

static void broken_json_is_refused(void) {
  ds_store *store = open_with_one_bar();
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    check_note("%s: %s", broken[i].what, broken[i].json);
    char *json = guarded_text(broken[i].json);
    check_refused(store, json);
  }
  check_note("%s", "");
  close_with_one_bar(store);
}

static void broken_utf8_is_refused(void) {
  ds_store *store = open_with_one_bar();
  for (size_t i = 0; i < not_utf8_count; i++) {
    check_note("text %zu", i);
    char json[128];
    snprintf(json, sizeof json, "{\"a%s@1\":{\"value\":1,\"quality\":\"ready\"}}", not_utf8[i]);
    CHECK_STATUS(write_json(store, T0 + HOUR, guarded_text(json), 0), DS_INVALID_FEATURE);
    snprintf(json, sizeof json, "{\"a%s", not_utf8[i]);
    CHECK_STATUS(write_json(store, T0 + HOUR, guarded_text(json), 0), DS_INVALID_FEATURE);
  }
  check_note("%s", "");
  close_with_one_bar(store);
}

static void every_cut_is_refused(void) {
  static const char whole[] =
      "{\"r\\u0065t\xe2\x82\xac\\ud83d\\ude00@1.0\":{\"value\":-1.25e-3,\"quality\":\"ready\"},"
      " \"rsi@2.1\":{\"quality\":\"warmup\",\"value\":null}}";
  ds_store *store = open_with_one_bar();
  for (size_t length = 0; length < sizeof whole - 1; length++) {
    check_note("the first %zu bytes", length);
    char cut[sizeof whole];
    memcpy(cut, whole, length);
    cut[length] = '\0';
    char *json = guarded_text(cut);
    int32_t status = write_json(store, T0 + HOUR, json, 0);
    CHECK(status == DS_INVALID_FEATURE || status == DS_INVALID);
  }
  CHECK_OK(write_json(store, T0 + HOUR, guarded_text(whole), 0));
  CHECK_OK(ds_market_delete(store, EURUSD, HOURLY,
                            &(ds_range){sizeof(ds_range), T0 + HOUR, INT64_MAX, NULL, NULL}, NULL));
  check_note("%s", "");
  close_with_one_bar(store);
}

static void deep_nesting_is_refused(void) {
  ds_store *store = open_with_one_bar();
  enum { DEPTH = 1000000 };
  static const char openers[] = {'[', '{'};
  for (size_t i = 0; i < COUNT_OF(openers); i++) {
    char *nest = long_text(DEPTH, openers[i]);
    CHECK_FAILS(write_json(store, T0 + HOUR, nest, 0), DS_INVALID_FEATURE, "");
    static const char prefix[] = "{\"a@1\":{\"value\":";
    memcpy(nest, prefix, sizeof prefix - 1);
    CHECK_FAILS(write_json(store, T0 + HOUR, nest, 0), DS_INVALID_FEATURE, "");
    free(nest);
  }
  close_with_one_bar(store);
}

static void long_keys_are_refused(void) {
  ds_store *store = open_with_one_bar();
  for (int over = 0; over <= 1; over++) {
    size_t length = DS_MAX_NAME_BYTES + (size_t)over;
    char *json = malloc(length + 64);
    REQUIRE(json != NULL);
    strcpy(json, "{\"");
    memset(json + 2, 'k', length);
    strcpy(json + 2 + length - 2, "@1\":{\"value\":1,\"quality\":\"ready\"}}");
    CHECK_STATUS(write_json(store, T0 + HOUR, json, 0), over ? DS_INVALID_FEATURE : DS_OK);
    free(json);
    CHECK_OK(ds_market_delete(store, EURUSD, HOURLY,
                              &(ds_range){sizeof(ds_range), T0 + HOUR, INT64_MAX, NULL, NULL},
                              NULL));
  }
  close_with_one_bar(store);
}

/* ---- What is taken ---- */

static void numbers_are_kept_digit_for_digit(void) {
  static const char *const numbers[] = {
      "0", "-0", "0.0", "-0.0", "1", "1.0", "1.50", "1E5", "1e+05", "1e-05", "100000.0", "0.1000",
      "123456789012345678901234567890", "0.1234567890123456789012345678901234567890",
      "9223372036854775807", "9223372036854775808", "1.7976931348623157e308", "5e-324", "1e-400",
      "0e999", "-1.25e-3",
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(numbers); i++) {
    char json[128];
    snprintf(json, sizeof json, READY("%s"), numbers[i]);
    for (int32_t replace = 0; replace <= 1; replace++) {
      CHECK_OK(write_json(store, T0, json, replace));
      CHECK_TEXT(stored(path_of("bars.db"), "SELECT features FROM market_data"), json);
    }
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = DS_FEATURES_VALUES;
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    REQUIRE(ds_bars_batch(bars)->feature_count == 1);
    CHECK_BITS(ds_bars_batch(bars)->features[0].values[0], strtod(numbers[i], NULL));
    ds_bars_free(bars);
    /* A merge of another key moves these digits, and must not rewrite them. */
    CHECK_OK(write_json(store, T0, "{\"b@1\":{\"value\":0,\"quality\":\"ready\"}}", 0));
    char member[96];
    snprintf(member, sizeof member, "\"a@1\":{\"value\":%s,\"quality\":\"ready\"}", numbers[i]);
    CHECK(strstr(stored(path_of("bars.db"), "SELECT features FROM market_data"), member) != NULL);
    CHECK_OK(write_json(store, T0, json, 1));
  }
  ds_store_free(store);
}

static void escapes_mean_what_they_say(void) {
  static const struct {
    const char *json;
    const char *key;
  } cases[] = {
      {"{\"\\u0061@1\":{\"value\":1,\"quality\":\"ready\"}}", "a@1"},
      {"{\"a\\u00401\":{\"value\":1,\"quality\":\"ready\"}}", "a@1"},
      {"{\"a@1\":{\"v\\u0061lue\":1,\"quality\":\"re\\u0061dy\"}}", "a@1"},
      {"{\"a@1\":{\"quality\":\"ready\",\"value\":1}}", "a@1"},
      {"{\"\\\"\\\\\\/\\b\\f\\n\\r\\t@1\":{\"value\":1,\"quality\":\"ready\"}}",
       "\"\\/\b\f\n\r\t@1"},
      {"{\"\\ud83d\\ude00@1\":{\"value\":1,\"quality\":\"ready\"}}", "\xf0\x9f\x98\x80@1"},
      {"{\"\\u20AC@1\":{\"value\":1,\"quality\":\"ready\"}}", "\xe2\x82\xac@1"},
      {"{\"\x7f@1\":{\"value\":1,\"quality\":\"ready\"}}", "\x7f@1"},
  };
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("%s", cases[i].json);
    CHECK_OK(write_json(store, T0, cases[i].json, 1));
    ds_read_options options = DS_READ_OPTIONS_INIT;
    options.features = DS_FEATURES_COLUMNS;
    ds_bars *bars = read_symbol(store, EURUSD, &options);
    const ds_bar_batch *batch = ds_bars_batch(bars);
    REQUIRE(batch->feature_count == 1);
    CHECK_TEXT(batch->features[0].key, cases[i].key);
    CHECK_BITS(batch->features[0].values[0], 1);
    CHECK_TEXT(text_at(&batch->features[0].quality, 0), "ready");
    ds_bars_free(bars);
    /* The same key as a column meets the stored one, however it was written. */
    double two = 2;
    const char *word = "warmup";
    ds_feature_column feature = {cases[i].key, &two, NULL, NULL, {NULL, &word, 1}};
    ds_bar_batch update = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0}, 1);
    update.features = &feature;
    update.feature_count = 1;
    CHECK_OK(ds_market_write_features(store, &update, 0, NULL));
    bars = read_symbol(store, EURUSD, &options);
    REQUIRE(ds_bars_batch(bars)->feature_count == 1);
    CHECK_BITS(ds_bars_batch(bars)->features[0].values[0], 2);
    ds_bars_free(bars);
  }
  ds_store_free(store);
}

const check_test feature_json_tests[] = {
    {"broken_json_is_refused", broken_json_is_refused},
    {"broken_utf8_is_refused", broken_utf8_is_refused},
    {"every_cut_is_refused", every_cut_is_refused},
    {"deep_nesting_is_refused", deep_nesting_is_refused},
    {"long_keys_are_refused", long_keys_are_refused},
    {"numbers_are_kept_digit_for_digit", numbers_are_kept_digit_for_digit},
    {"escapes_mean_what_they_say", escapes_mean_what_they_say},
    {NULL, NULL},
};
