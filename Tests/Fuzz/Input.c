/* Input.c: arguments made from an input's bytes.
 * SPDX-License-Identifier: MIT
 */
#include "Input.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define T0 INT64_C(1772377200000000000) /* 2026-03-01T15:00:00Z */
#define HOUR (INT64_C(3600) * 1000000000)

/* ---- Memory ----------------------------------------------------------------------------------- */

struct loan {
  loan *next;
  void *memory;
};

void *borrow(input *in, size_t size) {
  loan *made = malloc(sizeof *made);
  void *memory = malloc(size);
  if (made == NULL || memory == NULL) abort();
  memset(memory, 0, size);
  *made = (loan){in->loans, memory};
  in->loans = made;
  return memory;
}

void give_back(input *in) {
  while (in->loans != NULL) {
    loan *last = in->loans;
    in->loans = last->next;
    free(last->memory);
    free(last);
  }
}

/* ---- Numbers ---------------------------------------------------------------------------------- */

uint8_t take_byte(input *in) { return in->next < in->end ? *in->next++ : 0; }

int32_t take_flag(input *in) {
  uint8_t choice = take_byte(in);
  return choice < 0xf0 ? choice & 1 : (int32_t)take_integer(in);
}

int64_t take_integer(input *in) {
  static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, INT32_MIN,
                                 INT32_MAX, INT64_C(1) << 31, INT64_C(1) << 32, INT64_C(1) << 53, -1};
  uint8_t choice = take_byte(in);
  if (choice < 0x60) return choice;
  if (choice < 0xa0) return T0 + (choice - 0x80) * HOUR;
  if (choice < 0xc0) return ends[choice % COUNT_OF(ends)];
  if (choice < 0xe0) return -(int64_t)(choice - 0xc0);
  uint64_t any = 0;
  for (int32_t i = 0; i < 8; i++) any = any << 8 | take_byte(in);
  return (int64_t)any;
}

double take_double(input *in) {
  static const double ends[] = {NAN, INFINITY, -INFINITY, -0.0, 5e-324, 1.7976931348623157e308, 0.1};
  uint8_t choice = take_byte(in);
  if (choice < 0x80) return choice * 0.25;
  if (choice < 0xc0) return ends[choice % COUNT_OF(ends)];
  int64_t bits = take_integer(in);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void *take_place(input *in, void *out) { return take_byte(in) == 0xff ? NULL : out; }

/* ---- Texts ------------------------------------------------------------------------------------ */

static const char *copied(input *in, const void *bytes, size_t size) {
  char *text = borrow(in, size + 1);
  memcpy(text, bytes, size);
  return text;
}

static const char *take_any_text(input *in) {
  size_t size = take_byte(in) % 64, left = (size_t)(in->end - in->next);
  if (size > left) size = left;
  const char *text = copied(in, in->next, size);
  in->next += size;
  return text;
}

static const char *take_text(input *in, const char *const *known, size_t count) {
  uint8_t choice = take_byte(in);
  if (choice == 0xff) return NULL;
  if (choice >= 0xd0) return take_any_text(in);
  const char *text = known[choice % count];
  return copied(in, text, strlen(text));
}

const char *take_name(input *in) {
  static const char *const names[] = {"EURUSD", "1h", "", "\xff", "\xed\xa0\x80", "x", "a\xc3", "%"};
  uint8_t choice = take_byte(in);
  if (choice < 0x80) return copied(in, names[choice & 1], strlen(names[choice & 1]));
  if (choice == 0xfe) {
    char *text = borrow(in, DS_MAX_NAME_BYTES + 2);
    memset(text, 'x', DS_MAX_NAME_BYTES + (size_t)(take_byte(in) & 1));
    return text;
  }
  return take_text(in, names, COUNT_OF(names));
}

const char *take_json(input *in) {
  static const char *const texts[] = {
      "1", "1.0", "null", "true", "\"x\"", "[1,2]", "{\"b\":1,\"a\":[]}", "{\"a\":[],\"b\":1.0}", "",
      "\xff", "NaN", "1e400", "9223372036854775808", "{}", "[", "\"\\ud800\"",
      "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}", "{\"a@1\":{\"value\":null,\"quality\":\"warmup\"}}",
      "{\"b@1\":{\"value\":-0.5,\"quality\":\"missing\"},\"a@1\":{\"value\":2,\"quality\":\"degraded\"}}"};
  return take_text(in, texts, COUNT_OF(texts));
}

static const char *take_time_text(input *in) {
  static const char *const texts[] = {"2026-03-01", "2026-03-01T15:00:00+00:00", "1677-09-21", "2262-04-11",
                                      "", "\xff", "0000-01-01", "9999-12-31", "20260301T15"};
  return take_byte(in) < 0xa0 ? NULL : take_text(in, texts, COUNT_OF(texts));
}

const char *take_query(input *in) {
  static const char *const queries[] = {
      "SELECT * FROM market_data", "SELECT ?1, ?2, :a, @b, $c", "", ";", "SELECT 1; SELECT 2", "\xff",
      "DELETE FROM market_data", "INSERT INTO system_state VALUES (1, 2, 3)", "DROP TABLE system_state",
      "ATTACH 'x' AS y", "PRAGMA journal_mode=DELETE", "PRAGMA table_info(market_data)", "BEGIN", "COMMIT",
      "PRAGMA user_version=9", "VACUUM", "SELECT load_extension('x')", "SELECT ds_collect(1)",
      "SELECT x'00ff', NULL, 1, 1.5, 'a' || char(0) || 'b'", "EXPLAIN SELECT 1", "-- no more", "SELECT /*",
      "SELECT key, value FROM system_state UNION SELECT symbol, features FROM market_data",
      "SELECT min(close), json_extract(features, '$') FROM market_data GROUP BY symbol",
      "WITH r(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM r WHERE i < 9) SELECT i FROM r"};
  return take_text(in, queries, COUNT_OF(queries));
}

const char **take_texts(input *in, int32_t *count) {
  uint8_t choice = take_byte(in);
  *count = choice & 3;
  if (choice == 0xff) return NULL;
  const char **texts = borrow(in, sizeof *texts * (size_t)*count);
  for (int32_t i = 0; i < *count; i++) texts[i] = take_name(in);
  if (choice >= 0xf0) *count = choice & 1 ? -1 : INT32_MIN;
  return texts;
}

/* ---- Columns ---------------------------------------------------------------------------------- */

static double *take_doubles(input *in, int64_t count) {
  if (take_byte(in) < 0xa0) return NULL;
  double *values = borrow(in, sizeof *values * (size_t)count);
  for (int64_t i = 0; i < count; i++) values[i] = take_double(in);
  return values;
}

static int64_t *take_integers(input *in, int64_t count) {
  int64_t *values = borrow(in, sizeof *values * (size_t)count);
  for (int64_t i = 0; i < count; i++) values[i] = take_integer(in);
  return values;
}

static uint8_t *take_flags(input *in, int64_t count) {
  if (take_byte(in) < 0xc0) return NULL;
  uint8_t *flags = borrow(in, (size_t)count);
  for (int64_t i = 0; i < count; i++) flags[i] = take_byte(in) < 0xf0 ? take_byte(in) & 1 : take_byte(in);
  return flags;
}

static ds_text_column take_column(input *in, int64_t rows, const char *usual) {
  ds_text_column column = {NULL, NULL, 0};
  uint8_t choice = take_byte(in);
  if (choice == 0xff) return column;
  int64_t count = choice < 0x80 ? 1 : choice & 3;
  const char **values = borrow(in, sizeof *values * (size_t)count);
  for (int64_t i = 0; i < count; i++)
    values[i] = choice < 0x80 ? copied(in, usual, strlen(usual)) : take_name(in);
  column.values = choice == 0xfe ? NULL : values;
  /* The count may lie where that is seen without a look at the values. */
  column.value_count = choice == 0xfd ? take_integer(in) | INT64_MIN : count;
  if (choice == 0xfc) column.value_count = (int64_t)INT32_MAX + 1;
  if (choice == 0xfe && count == 0) column.value_count = 1;
  if (choice < 0x40 || choice >= 0xc0) return column;
  int32_t *codes = borrow(in, sizeof *codes * (size_t)rows);
  for (int64_t i = 0; i < rows; i++) {
    uint8_t code = take_byte(in);
    codes[i] = code < 0xe0 && count > 0 ? (int32_t)(code % count) : code < 0xf8 ? -1 : (int32_t)take_integer(in);
  }
  column.codes = codes;
  return column;
}

ds_text_column *take_text_column(input *in, int64_t rows) {
  ds_text_column *column = borrow(in, sizeof *column);
  *column = take_column(in, rows, "EURUSD");
  return column;
}

static ds_feature_column take_feature(input *in, int64_t rows) {
  static const char *const keys[] = {"a@1", "b@1", "c", "@", "\xff@1", "d@\"\\", "a@1@2"};
  ds_feature_column feature = {take_text(in, keys, COUNT_OF(keys)), take_doubles(in, rows), NULL,
                               take_flags(in, rows), take_column(in, rows, "ready")};
  if (take_byte(in) >= 0xc0) feature.integers = take_integers(in, rows);
  return feature;
}

/* ---- Structs ---------------------------------------------------------------------------------- */

/* Room for a struct, of which the caller knows `struct_size` bytes: NULL now and then, mostly
 * whole, else of any size. What the size claims of the struct is there, and no more. */
static void *take_struct(input *in, const void *whole, size_t size) {
  uint8_t choice = take_byte(in);
  if (choice == 0xff) return NULL;
  size_t claimed = size;
  if (choice >= 0xe0) claimed = (size_t)take_integer(in);
  if (choice >= 0xc0 && choice < 0xe0) claimed = size - 8 * (size_t)(choice & 15) % size;
  size_t room = claimed > size && claimed <= 1 << 16 ? claimed : claimed < size ? claimed : size;
  if (room < sizeof(size_t)) room = sizeof(size_t);
  unsigned char *made = borrow(in, room);
  memcpy(made, whole, room < size ? room : size);
  memcpy(made, &claimed, sizeof claimed);
  return made;
}

ds_bar_batch *take_batch(input *in) {
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  uint8_t choice = take_byte(in);
  int64_t rows = choice & 7;
  batch.count = rows;
  batch.timestamps = choice == 0xff ? NULL : take_integers(in, rows);
  batch.symbol = take_column(in, rows, "EURUSD");
  batch.timeframe = take_column(in, rows, "1h");
  batch.open = take_doubles(in, rows);
  batch.high = take_doubles(in, rows);
  batch.low = take_doubles(in, rows);
  batch.close = take_doubles(in, rows);
  batch.volume = take_doubles(in, rows);
  batch.latency_sec = take_doubles(in, rows);
  batch.is_gap = take_flags(in, rows);
  if (take_byte(in) >= 0xa0) batch.source = take_column(in, rows, "feed");
  if (take_byte(in) >= 0xa0) batch.quality = take_column(in, rows, "good");
  uint8_t with = take_byte(in);
  if (with & 1) {
    batch.feature_count = take_byte(in) & 3;
    ds_feature_column *features = borrow(in, sizeof *features * (size_t)batch.feature_count);
    for (int32_t i = 0; i < batch.feature_count; i++) features[i] = take_feature(in, rows);
    batch.features = with >= 0xf0 ? NULL : features;
    if (with >= 0xe0 && with < 0xf0) batch.feature_count = -1;
  }
  if (with & 2) {
    const char **texts = borrow(in, sizeof *texts * (size_t)rows);
    for (int64_t i = 0; i < rows; i++) texts[i] = take_json(in);
    batch.features_json = texts;
  }
  /* A count that is refused before the first row. */
  if (choice >= 0xf0) batch.count = choice & 1 ? -1 - rows : (int64_t)DS_MAX_ROWS + 1;
  return take_struct(in, &batch, sizeof batch);
}

ds_bar *take_bar(input *in) {
  ds_bar bar = DS_BAR_INIT;
  bar.timestamp = take_integer(in);
  bar.columns = (uint32_t)take_integer(in);
  bar.is_gap = take_flag(in);
  bar.open = take_double(in);
  bar.close = take_double(in);
  bar.latency_sec = take_double(in);
  bar.source = take_name(in);
  bar.quality = take_name(in);
  bar.features_json = take_json(in);
  return take_struct(in, &bar, sizeof bar);
}

ds_range *take_range(input *in) {
  ds_range range = DS_RANGE_INIT;
  if (take_byte(in) & 1) {
    range.start = take_integer(in);
    range.end = take_integer(in);
  }
  range.start_text = take_time_text(in);
  range.end_text = take_time_text(in);
  return take_struct(in, &range, sizeof range);
}

ds_read_options *take_read_options(input *in) {
  ds_read_options options = DS_READ_OPTIONS_INIT;
  uint8_t choice = take_byte(in);
  options.columns = choice < 0x80 ? DS_COLUMNS_ALL : (uint32_t)take_integer(in);
  options.features = choice < 0xe0 ? choice & 3 : (int32_t)take_integer(in);
  if (choice & 8) options.feature_keys = take_texts(in, &options.feature_key_count);
  if (choice & 16) options.limit = take_integer(in);
  return take_struct(in, &options, sizeof options);
}

ds_request *take_request(input *in) {
  ds_request request = DS_REQUEST_INIT;
  request.symbol = take_name(in);
  request.timeframe = take_name(in);
  request.requested_at = take_integer(in);
  request.start_ts = take_integer(in);
  request.end_ts = take_integer(in);
  request.provider_used = take_name(in);
  request.coverage_ratio = take_double(in);
  request.gap_count = take_integer(in);
  request.has_gap_count = take_flag(in);
  request.fallback_used = take_flag(in);
  request.quality = take_name(in);
  request.notes = take_name(in);
  return take_struct(in, &request, sizeof request);
}

ds_open_options *take_open_options(input *in) {
  static const double timeouts[] = {0, 0.001, -1, NAN, INFINITY, 1000001, -0.0};
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.durability = take_flag(in);
  options.read_only = take_flag(in);
  options.timeout_seconds = timeouts[take_byte(in) % COUNT_OF(timeouts)];
  options.fast_paths = take_flag(in);
  ds_open_options *made = take_struct(in, &options, sizeof options);
  /* One that knows no timeout has the default one, which is too long here. */
  return made != NULL && made->struct_size < sizeof options ? NULL : made;
}

ds_info *take_info(input *in) {
  ds_info info = DS_INFO_INIT;
  return take_struct(in, &info, sizeof info);
}

ds_checkpoint_result *take_checkpoint_result(input *in) {
  ds_checkpoint_result result = DS_CHECKPOINT_RESULT_INIT;
  return take_struct(in, &result, sizeof result);
}

ds_error_detail *take_error_detail(input *in) {
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  return take_struct(in, &detail, sizeof detail);
}

ds_sql_parameter *take_parameters(input *in, int32_t *count) {
  static const char *const names[] = {"a", "b", "c", "", "\xff", "nobody"};
  uint8_t choice = take_byte(in);
  *count = choice & 3;
  if (choice == 0xff) return NULL;
  ds_sql_parameter *parameters = borrow(in, sizeof *parameters * (size_t)*count);
  for (int32_t i = 0; i < *count; i++) {
    ds_sql_parameter *made = &parameters[i];
    made->name = take_byte(in) < 0x80 ? NULL : take_text(in, names, COUNT_OF(names));
    made->type = take_byte(in) < 0xf0 ? take_byte(in) % 6 : (int32_t)take_integer(in);
    made->integer = take_integer(in);
    made->real = take_double(in);
    const char *bytes = take_byte(in) < 0x20 ? NULL : take_any_text(in);
    made->bytes = bytes;
    made->byte_count = bytes == NULL ? 0 : (int64_t)strlen(bytes);
    if (take_byte(in) >= 0xf0) made->byte_count = take_integer(in) | INT64_MIN;
  }
  if (choice >= 0xf0) *count = choice & 1 ? -1 : INT32_MIN;
  return parameters;
}
