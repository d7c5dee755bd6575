/* test_batch.c: "Columns": batches that break the layout are refused whole.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

/* A sound batch of three rows; each test spoils one thing of it. */
typedef struct sound_batch {
  int64_t timestamps[3];
  double prices[3];
  int32_t symbol_codes[3], timeframe_codes[3], source_codes[3], quality_codes[3];
  const char *symbols[2], *timeframes[2], *sources[2], *qualities[2];
  uint8_t is_gap[3];
  int32_t feature_codes[3];
  const char *words[2];
  ds_feature_column feature;
  const char *json[3];
  ds_bar_batch batch;
} sound_batch;

static void make_sound(sound_batch *sound) {
  *sound = (sound_batch){
      .timestamps = {T0, T0 + HOUR, T0 + 2 * HOUR},
      .prices = {1, 2, 3},
      .symbol_codes = {0, 1, 0},
      .timeframe_codes = {0, 1, 0},
      .source_codes = {0, 1, -1},
      .quality_codes = {0, 1, -1},
      .symbols = {"EURUSD", "GOOG"},
      .timeframes = {"1h", "1d"},
      .sources = {"feed", "file"},
      .qualities = {"ok", "poor"},
      .is_gap = {0, 1, 0},
      .feature_codes = {0, 1, 0},
      .words = {"ready", "warmup"},
      .json = {NULL, NULL, NULL},
  };
  sound->feature = (ds_feature_column){"a@1", sound->prices, NULL, NULL,
                                       {sound->feature_codes, sound->words, 2}};
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  batch.count = 3;
  batch.timestamps = sound->timestamps;
  batch.symbol = (ds_text_column){sound->symbol_codes, sound->symbols, 2};
  batch.timeframe = (ds_text_column){sound->timeframe_codes, sound->timeframes, 2};
  batch.open = batch.close = sound->prices;
  batch.source = (ds_text_column){sound->source_codes, sound->sources, 2};
  batch.quality = (ds_text_column){sound->quality_codes, sound->qualities, 2};
  batch.is_gap = sound->is_gap;
  batch.features = &sound->feature;
  batch.feature_count = 1;
  sound->batch = batch;
}

static char *too_long; /* a name one byte longer than DS_MAX_NAME_BYTES */

#define SPOIL(name, statement) \
  static void spoil_##name(sound_batch *b) { statement; }
SPOIL(struct_size, b->batch.struct_size = 0)
SPOIL(count_negative, b->batch.count = -1)
SPOIL(count_lowest, b->batch.count = INT64_MIN)
SPOIL(count_huge, b->batch.count = (int64_t)DS_MAX_ROWS + 1)
SPOIL(count_highest, b->batch.count = INT64_MAX)
SPOIL(timestamps_null, b->batch.timestamps = NULL)
SPOIL(timestamp_none, b->timestamps[1] = DS_NO_TIME)
SPOIL(symbol_absent, b->batch.symbol.values = NULL)
SPOIL(symbol_count_zero, b->batch.symbol.value_count = 0)
SPOIL(symbol_count_negative, b->batch.symbol.value_count = -2)
SPOIL(symbol_count_lowest, b->batch.symbol.value_count = INT64_MIN)
SPOIL(symbol_count_huge, b->batch.symbol.value_count = (int64_t)INT32_MAX + 1)
SPOIL(symbol_count_highest, b->batch.symbol.value_count = INT64_MAX)
SPOIL(symbol_code_missing, b->symbol_codes[1] = -1)
SPOIL(symbol_code_below, b->symbol_codes[1] = -2)
SPOIL(symbol_code_above, b->symbol_codes[1] = 2)
SPOIL(symbol_code_highest, b->symbol_codes[1] = INT32_MAX)
SPOIL(symbol_code_lowest, b->symbol_codes[1] = INT32_MIN)
SPOIL(symbol_null, b->symbols[1] = NULL)
SPOIL(symbol_empty, b->symbols[1] = "")
SPOIL(symbol_too_long, b->symbols[1] = too_long)
SPOIL(timeframe_absent, b->batch.timeframe.values = NULL)
SPOIL(timeframe_code_missing, b->timeframe_codes[1] = -1)
SPOIL(timeframe_code_above, b->timeframe_codes[1] = 2)
SPOIL(timeframe_null, b->timeframes[1] = NULL)
SPOIL(timeframe_empty, b->timeframes[1] = "")
SPOIL(timeframe_too_long, b->timeframes[1] = too_long)
SPOIL(source_code_below, b->source_codes[1] = -2)
SPOIL(source_code_above, b->source_codes[1] = 2)
SPOIL(source_count_negative, b->batch.source.value_count = -1)
SPOIL(quality_code_below, b->quality_codes[1] = -2)
SPOIL(quality_code_above, b->quality_codes[1] = 2)
SPOIL(is_gap_two, b->is_gap[1] = 2)
SPOIL(is_gap_highest, b->is_gap[1] = 255)
SPOIL(features_twice, b->batch.features_json = b->json)
SPOIL(features_null, b->batch.features = NULL)
SPOIL(feature_count_negative, b->batch.feature_count = -1)
SPOIL(feature_count_huge, b->batch.feature_count = DS_MAX_FEATURES + 1)
SPOIL(feature_count_highest, b->batch.feature_count = INT32_MAX)
SPOIL(feature_both_types, b->feature.integers = b->timestamps)
SPOIL(feature_code_above, b->feature_codes[1] = 2)
SPOIL(feature_code_below, b->feature_codes[1] = -2)

static const struct {
  const char *name;
  void (*spoil)(sound_batch *b);
  const char *word; /* that the message must hold */
  int64_t row;      /* in the detail; -2: whatever it says */
  int32_t status;
} cases[] = {
    {"struct_size", spoil_struct_size, "struct_size", -1, DS_INVALID},
    {"count_negative", spoil_count_negative, "count", -1, DS_INVALID},
    {"count_lowest", spoil_count_lowest, "count", -1, DS_INVALID},
    {"count_huge", spoil_count_huge, "count", -1, DS_INVALID},
    {"count_highest", spoil_count_highest, "count", -1, DS_INVALID},
    {"timestamps_null", spoil_timestamps_null, "timestamps", -1, DS_INVALID},
    {"timestamp_none", spoil_timestamp_none, "timestamp", 1, DS_INVALID},
    {"symbol_absent", spoil_symbol_absent, "symbol", -2, DS_INVALID},
    {"symbol_count_zero", spoil_symbol_count_zero, "symbol", -2, DS_INVALID},
    {"symbol_count_negative", spoil_symbol_count_negative, "symbol", -2, DS_INVALID},
    {"symbol_count_lowest", spoil_symbol_count_lowest, "symbol", -2, DS_INVALID},
    {"symbol_count_huge", spoil_symbol_count_huge, "symbol", -2, DS_INVALID},
    {"symbol_count_highest", spoil_symbol_count_highest, "symbol", -2, DS_INVALID},
    {"symbol_code_missing", spoil_symbol_code_missing, "symbol", 1, DS_INVALID},
    {"symbol_code_below", spoil_symbol_code_below, "symbol", 1, DS_INVALID},
    {"symbol_code_above", spoil_symbol_code_above, "symbol", 1, DS_INVALID},
    {"symbol_code_highest", spoil_symbol_code_highest, "symbol", 1, DS_INVALID},
    {"symbol_code_lowest", spoil_symbol_code_lowest, "symbol", 1, DS_INVALID},
    {"symbol_null", spoil_symbol_null, "symbol", -2, DS_INVALID},
    {"symbol_empty", spoil_symbol_empty, "symbol", -2, DS_INVALID},
    {"symbol_too_long", spoil_symbol_too_long, "symbol", -2, DS_INVALID},
    {"timeframe_absent", spoil_timeframe_absent, "timeframe", -2, DS_INVALID},
    {"timeframe_code_missing", spoil_timeframe_code_missing, "timeframe", 1, DS_INVALID},
    {"timeframe_code_above", spoil_timeframe_code_above, "timeframe", 1, DS_INVALID},
    {"timeframe_null", spoil_timeframe_null, "timeframe", -2, DS_INVALID},
    {"timeframe_empty", spoil_timeframe_empty, "timeframe", -2, DS_INVALID},
    {"timeframe_too_long", spoil_timeframe_too_long, "timeframe", -2, DS_INVALID},
    {"source_code_below", spoil_source_code_below, "source", 1, DS_INVALID},
    {"source_code_above", spoil_source_code_above, "source", 1, DS_INVALID},
    {"source_count_negative", spoil_source_count_negative, "source", -2, DS_INVALID},
    {"quality_code_below", spoil_quality_code_below, "quality", 1, DS_INVALID},
    {"quality_code_above", spoil_quality_code_above, "quality", 1, DS_INVALID},
    {"is_gap_two", spoil_is_gap_two, "is_gap", 1, DS_INVALID},
    {"is_gap_highest", spoil_is_gap_highest, "is_gap", 1, DS_INVALID},
    {"features_twice", spoil_features_twice, "features", -1, DS_INVALID},
    {"features_null", spoil_features_null, "feature", -1, DS_INVALID},
    {"feature_count_negative", spoil_feature_count_negative, "feature", -1, DS_INVALID},
    {"feature_count_huge", spoil_feature_count_huge, "feature", -1, DS_INVALID},
    {"feature_count_highest", spoil_feature_count_highest, "feature", -1, DS_INVALID},
    {"feature_both_types", spoil_feature_both_types, "a@1", -2, DS_INVALID_FEATURE},
    {"feature_code_above", spoil_feature_code_above, "a@1", 1, DS_INVALID_FEATURE},
    {"feature_code_below", spoil_feature_code_below, "a@1", 1, DS_INVALID_FEATURE},
};

static void check_spoilt(ds_store *store, const sound_batch *spoilt, const char *word,
                         int64_t row, int32_t status) {
  for (int32_t replace = 0; replace <= 1; replace++) {
    int64_t rows = 77;
    CHECK_FAILS(ds_market_write(store, &spoilt->batch, replace, &rows), status, word);
    CHECK_INT(rows, 77);
    ds_error_detail detail = DS_ERROR_DETAIL_INIT;
    CHECK_OK(ds_last_error_detail(&detail));
    if (row >= -1) CHECK_INT(detail.row, row);
  }
}

static void spoilt_batches_are_refused_whole(void) {
  too_long = long_text(DS_MAX_NAME_BYTES + 1, 'x');
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    check_note("%s", cases[i].name);
    sound_batch spoilt;
    make_sound(&spoilt);
    cases[i].spoil(&spoilt);
    check_spoilt(store, &spoilt, cases[i].word, cases[i].row, cases[i].status);
  }
  check_note("%s", "");
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "0");
  sound_batch sound;
  make_sound(&sound);
  CHECK_OK(ds_market_write(store, &sound.batch, 0, NULL));
  ds_store_free(store);
  free(too_long);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "3");
}

static void value_that_no_row_uses_harms_nobody(void) {
  char *long_name = long_text(DS_MAX_NAME_BYTES + 1, 'x');
  const char *const unused[] = {"", long_name, "\xff"};
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < COUNT_OF(unused); i++) {
    sound_batch sound;
    make_sound(&sound);
    for (int row = 0; row < 3; row++) {
      sound.symbol_codes[row] = sound.timeframe_codes[row] = 0;
      sound.source_codes[row] = sound.quality_codes[row] = 0;
    }
    sound.symbols[1] = sound.timeframes[1] = sound.sources[1] = sound.qualities[1] = unused[i];
    CHECK_OK(ds_market_write(store, &sound.batch, 0, NULL));
  }
  ds_store_free(store);
  free(long_name);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(DISTINCT symbol) FROM market_data"), "1");
}

static void broken_text_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  for (size_t i = 0; i < not_utf8_count; i++) {
    char *broken = guarded_text(not_utf8[i]);
    sound_batch spoilt;
    const char **const places[] = {&spoilt.symbols[1], &spoilt.timeframes[1], &spoilt.sources[1],
                                   &spoilt.qualities[1]};
    static const char *const names[] = {"symbol", "timeframe", "source", "quality"};
    for (size_t place = 0; place < COUNT_OF(places); place++) {
      check_note("%s, text %zu", names[place], i);
      make_sound(&spoilt);
      *places[place] = broken;
      check_spoilt(store, &spoilt, names[place], -2, DS_INVALID);
    }
  }
  ds_store_free(store);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*) FROM market_data"), "0");
}

/* Buffers that end where memory ends: what is read beyond them is a crash. */
static void nothing_is_read_beyond_the_columns(void) {
  ds_store *store = open_store(path_of("bars.db"));
  sound_batch sound;
  make_sound(&sound);
  sound.batch.timestamps = guarded(sound.timestamps, sizeof sound.timestamps);
  sound.batch.open = guarded(sound.prices, sizeof sound.prices);
  sound.batch.is_gap = guarded(sound.is_gap, sizeof sound.is_gap);
  sound.batch.symbol.codes = guarded(sound.symbol_codes, sizeof sound.symbol_codes);
  sound.symbols[0] = guarded_text("EURUSD");
  sound.symbols[1] = guarded_text("GOOG");
  sound.batch.symbol.values = guarded(sound.symbols, sizeof sound.symbols);
  sound.batch.source.codes = guarded(sound.source_codes, sizeof sound.source_codes);
  sound.feature.key = guarded_text("a@1");
  sound.batch.features = guarded(&sound.feature, sizeof sound.feature);
  const ds_bar_batch *batch = guarded(&sound.batch, sizeof sound.batch);
  CHECK_OK(ds_market_write(store, batch, 0, NULL));
  CHECK_INT(count_bars(store, EURUSD), 2);
  ds_store_free(store);
}

static void names_are_only_data(void) {
  static const char *const names[] = {
      "'; DROP TABLE market_data; --", "\"", "'", "%", "_", "?1", ":a", "a b", " ", "\t\n",
      "eurusd", "EURUSD", "\xc3\xa9", "e\xcc\x81", "\xf0\x9f\x98\x80", "\x01", "\\u0000", "NULL",
      ("\xef\xbb\xbf" "x"), "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf",
  };
  ds_store *store = open_store(path_of("bars.db"));
  char *longest = long_text(on_server() ? 2598 : DS_MAX_NAME_BYTES, 'x');
  for (size_t i = 0; i <= COUNT_OF(names); i++) {
    const char *name = i < COUNT_OF(names) ? names[i] : longest;
    check_note("name %zu", i);
    write_hours(store, name, 1);
    ds_bars *bars = read_symbol(store, name, NULL);
    REQUIRE(ds_bars_batch(bars)->count == 1);
    CHECK_TEXT(text_at(&ds_bars_batch(bars)->symbol, 0), name);
    ds_bars_free(bars);
  }
  free(longest);
  ds_store_free(store);
  CHECK_INT(atoi(stored(path_of("bars.db"), "SELECT count(*) FROM market_data")),
            COUNT_OF(names) + 1);
}

const check_test batch_tests[] = {
    {"spoilt_batches_are_refused_whole", spoilt_batches_are_refused_whole},
    {"value_that_no_row_uses_harms_nobody", value_that_no_row_uses_harms_nobody},
    {"broken_text_is_refused", broken_text_is_refused},
    {"nothing_is_read_beyond_the_columns", nothing_is_read_beyond_the_columns},
    {"names_are_only_data", names_are_only_data},
    {NULL, NULL},
};
