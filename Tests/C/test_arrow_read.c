/* test_arrow_read.c: "Arrow": what comes out as streams.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arrow_producer.h"
#include "fixture.h"
#include "suites.h"

static const char *const FEATURES = "{\"a@1\":{\"value\":1.5,\"quality\":\"ready\"},\"b@1\":{\"value\":null,\"quality\":\"warmup\"}}";

static void never_called(struct ArrowArray *array) { CHECK(array == NULL); }

/* The only record batch of a stream, which is then at its end. */
static struct ArrowArray only_batch(struct ArrowArrayStream *stream) {
  struct ArrowArray batch = {0}, end = {0};
  end.release = never_called;
  REQUIRE(stream->get_next(stream, &batch) == 0);
  REQUIRE(batch.release != NULL);
  CHECK_INT(stream->get_next(stream, &end), 0);
  CHECK(end.release == NULL);
  return batch;
}

static int64_t column_place(const struct ArrowSchema *schema, const char *name) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) return i;
  }
  REQUIRE(false);
  return 0;
}

static bool is_null(const struct ArrowArray *array, int64_t row) {
  const uint8_t *bits = array->buffers[0];
  return bits && !(bits[row / 8] >> (row % 8) & 1);
}

/* The text of a row of a large_utf8 column, or of a dictionary of them. Lives until the next call. */
static const char *text_of(const struct ArrowArray *array, int64_t row) {
  static char text[256];
  if (is_null(array, row)) return NULL;
  if (array->dictionary) return text_of(array->dictionary, ((const int32_t *)array->buffers[1])[row]);
  const int64_t *offsets = array->buffers[1];
  size_t length = (size_t)(offsets[row + 1] - offsets[row]);
  REQUIRE(length < sizeof text);
  memcpy(text, (const char *)array->buffers[2] + offsets[row], length);
  text[length] = '\0';
  return text;
}

static void write_rows(ds_store *store) {
  write_hours(store, EURUSD, 3);
  ds_bar_batch batch = rows_of(&EURUSD, &HOURLY, (int64_t[]){T0 + HOUR, T0 + 2 * HOUR}, 2);
  batch.volume = (double[]){NAN, 7};
  batch.is_gap = (uint8_t[]){1, 0};
  batch.features_json = (const char *[]){FEATURES, NULL};
  CHECK_OK(ds_market_write(store, &batch, 0, NULL));
}

static void columns_have_the_types_that_are_promised(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_rows(store);
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_JSON;
  struct ArrowArrayStream stream;
  REQUIRE_OK(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, &options, 1, &stream));
  ds_store_free(store); /* the stream does not need it */
  struct ArrowSchema schema;
  REQUIRE(stream.get_schema(&stream, &schema) == 0);
  static const struct {
    const char *name, *format;
  } expected[] = {{"symbol", "i"}, {"timestamp", "tsn:UTC"}, {"open", "g"}, {"high", "g"}, {"low", "g"},
                  {"close", "g"}, {"volume", "g"}, {"source", "i"}, {"quality", "i"}, {"is_gap", "b"},
                  {"latency_sec", "g"}, {"features", "U"}};
  CHECK_TEXT(schema.format, "+s");
  REQUIRE(schema.n_children == COUNT_OF(expected));
  for (size_t i = 0; i < COUNT_OF(expected); i++) {
    CHECK_TEXT(schema.children[i]->name, expected[i].name);
    CHECK_TEXT(schema.children[i]->format, expected[i].format);
    CHECK_INT(schema.children[i]->flags, ARROW_FLAG_NULLABLE);
    CHECK_INT(schema.children[i]->dictionary != NULL, strcmp(expected[i].format, "i") == 0);
    if (schema.children[i]->dictionary) CHECK_TEXT(schema.children[i]->dictionary->format, "U");
  }
  struct ArrowArray batch = only_batch(&stream);
  stream.release(&stream);
  CHECK(stream.release == NULL);
  CHECK_INT(batch.length, 3);
  CHECK_INT(batch.n_children, schema.n_children);
#define COLUMN(name) batch.children[column_place(&schema, name)]
  for (int64_t row = 0; row < 3; row++) {
    CHECK_TEXT(text_of(COLUMN("symbol"), row), EURUSD);
    CHECK_INT(((const int64_t *)COLUMN("timestamp")->buffers[1])[row], T0 + row * HOUR);
    CHECK_BITS(((const double *)COLUMN("close")->buffers[1])[row], (double)row + 0.5);
    CHECK(is_null(COLUMN("high"), row));
    CHECK_INT(is_null(COLUMN("volume"), row), row < 2);
    CHECK_TEXT(text_of(COLUMN("source"), row), "feed");
    CHECK_TEXT(text_of(COLUMN("quality"), row), NULL);
    CHECK_INT(((const uint8_t *)COLUMN("is_gap")->buffers[1])[0] >> row & 1, row == 1);
    CHECK_TEXT(text_of(COLUMN("features"), row), row == 1 ? FEATURES : NULL);
  }
  CHECK_INT(COLUMN("close")->null_count, 0);
  CHECK(COLUMN("close")->buffers[0] == NULL);
  CHECK_INT(COLUMN("high")->null_count, 3);
  CHECK_INT(COLUMN("volume")->null_count, 2);
  CHECK_INT(COLUMN("quality")->null_count, 3);
  CHECK_INT(COLUMN("features")->null_count, 2);
  batch.release(&batch);
  schema.release(&schema);
  CHECK(batch.release == NULL && schema.release == NULL);
}

static void numbers_are_not_copied(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_rows(store);
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_VALUES;
  ds_bars *bars = read_symbol(store, EURUSD, &options);
  const ds_bar_batch *view = ds_bars_batch(bars);
  const void *const own[] = {view->timestamps, view->open, view->close, view->volume, view->source.codes,
                             view->features[0].values};
  static const char *const names[] = {"timestamp", "open", "close", "volume", "source", "a@1"};
  struct ArrowArrayStream streams[2];
  struct ArrowArray batches[2];
  for (int i = 0; i < 2; i++) REQUIRE_OK(ds_bars_arrow(bars, 0, &streams[i]));
  ds_bars_free(bars);
  ds_store_free(store);
  for (int i = 0; i < 2; i++) {
    struct ArrowSchema schema;
    REQUIRE(streams[i].get_schema(&streams[i], &schema) == 0);
    batches[i] = only_batch(&streams[i]);
    streams[i].release(&streams[i]);
    for (size_t j = 0; j < COUNT_OF(own); j++) {
      CHECK(batches[i].children[column_place(&schema, names[j])]->buffers[1] == own[j]);
    }
    schema.release(&schema);
  }
  batches[0].release(&batches[0]);
  CHECK_BITS(((const double *)own[2])[2], 2.5); /* the other batch's still */
  batches[1].release(&batches[1]);
}

static void children_may_be_moved_out(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_rows(store);
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = DS_COLUMN_CLOSE | DS_COLUMN_SOURCE;
  options.features = DS_FEATURES_COLUMNS;
  struct ArrowArrayStream stream;
  REQUIRE_OK(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, &options, 0, &stream));
  ds_store_free(store);
  struct ArrowSchema schema;
  REQUIRE(stream.get_schema(&stream, &schema) == 0);
  struct ArrowArray batch = only_batch(&stream);
  struct ArrowArray close = *COLUMN("close"), source = *COLUMN("source"), entries = *COLUMN("b@1");
  COLUMN("close")->release = COLUMN("source")->release = COLUMN("b@1")->release = NULL;
  struct ArrowSchema key = *schema.children[column_place(&schema, "b@1")];
  schema.children[column_place(&schema, "b@1")]->release = NULL;
  stream.release(&stream);
  batch.release(&batch);
  schema.release(&schema);

  CHECK_BITS(((const double *)close.buffers[1])[2], 2.5);
  close.release(&close);
  CHECK_TEXT(text_of(&source, 2), "feed");
  source.release(&source);
  CHECK_TEXT(key.name, "b@1");
  REQUIRE(key.n_children == 2);
  CHECK_TEXT(key.children[0]->name, "value");
  CHECK_TEXT(key.children[0]->format, "g");
  CHECK_TEXT(key.children[1]->name, "quality");
  CHECK_TEXT(key.children[1]->dictionary->format, "U");
  struct ArrowSchema quality_type = *key.children[1];
  key.children[1]->release = NULL;
  key.release(&key);
  CHECK_TEXT(quality_type.format, "i");
  quality_type.release(&quality_type);
  CHECK_INT(entries.null_count, 2);
  CHECK(is_null(&entries, 0) && !is_null(&entries, 1) && is_null(&entries, 2));
  CHECK_INT(entries.children[0]->null_count, 3);
  struct ArrowArray quality = *entries.children[1];
  entries.children[1]->release = NULL;
  entries.release(&entries);
  CHECK_TEXT(text_of(&quality, 0), NULL);
  CHECK_TEXT(text_of(&quality, 1), "warmup");
  quality.release(&quality);
}

static void a_scan_is_a_batch_per_chunk(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, "AAA", 3);
  write_hours(store, EURUSD, 2);
  CHECK_OK(write_json(store, T0 + HOUR, FEATURES, 0));
  static const char *const symbols[] = {"EURUSD", "NOBODY", "AAA"};
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.columns = 0;
  options.features = DS_FEATURES_VALUES;
  struct ArrowArrayStream stream;
  REQUIRE_OK(ds_market_scan_arrow(store, symbols, 3, HOURLY, NULL, &options, 2, 1, &stream));
  struct ArrowSchema schema;
  REQUIRE(stream.get_schema(&stream, &schema) == 0);
  CHECK_INT(schema.n_children, 4); /* the keys of all chunks */
  schema.release(&schema);
  static const struct {
    const char *symbol;
    int64_t rows;
  } expected[] = {{"EURUSD", 2}, {"AAA", 2}, {"AAA", 1}};
  struct ArrowArray batch;
  for (size_t i = 0; i < COUNT_OF(expected); i++) {
    REQUIRE(stream.get_next(&stream, &batch) == 0);
    REQUIRE(batch.release != NULL);
    CHECK_INT(batch.length, expected[i].rows);
    CHECK_INT(batch.n_children, 4);
    CHECK_TEXT(text_of(batch.children[0], 0), expected[i].symbol);
    CHECK_INT(batch.children[2]->null_count, i == 0 ? 1 : expected[i].rows);
    batch.release(&batch);
  }
  CHECK_INT(stream.get_next(&stream, &batch), 0);
  CHECK(batch.release == NULL);
  stream.release(&stream);

  REQUIRE_OK(ds_market_scan_arrow(store, symbols, 3, HOURLY, NULL, NULL, 2, 0, &stream));
  ds_store_free(store);
  CHECK_INT(stream.get_next(&stream, &batch), EIO);
  CHECK(strstr(stream.get_last_error(&stream), "closed") != NULL);
  stream.release(&stream);
}

static void nothing_found_is_a_batch_without_rows(void) {
  ds_store *store = open_store(path_of("bars.db"));
  struct ArrowArrayStream stream;
  REQUIRE_OK(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, &stream));
  struct ArrowArray batch = only_batch(&stream);
  CHECK_INT(batch.length, 0);
  CHECK_INT(batch.n_children, 11);
  for (int64_t i = 0; i < batch.n_children; i++) CHECK(batch.children[i]->buffers[1] != NULL);
  batch.release(&batch);
  stream.release(&stream);
  REQUIRE_OK(ds_market_scan_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 2, 0, &stream));
  CHECK_INT(stream.get_next(&stream, &batch), 0);
  CHECK(batch.release == NULL);
  stream.release(&stream);
  ds_store_free(store);
}

/* Straight from one store into another, with symbols and features. */
static void what_comes_out_goes_in(void) {
  ds_store *store = open_store(path_of("bars.db")), *copy = open_store(path_of("copy.db"));
  write_rows(store);
  write_hours(store, "AAA", 2);
  static const char *const symbols[] = {"EURUSD", "AAA"};
  ds_read_options options = DS_READ_OPTIONS_INIT;
  options.features = DS_FEATURES_JSON;
  struct ArrowArrayStream stream;
  int64_t rows = 0;
  REQUIRE_OK(ds_market_scan_arrow(store, symbols, 2, HOURLY, NULL, &options, 2, 1, &stream));
  CHECK_OK(ds_market_write_arrow(copy, &stream, NULL, HOURLY, 0, &rows));
  CHECK(stream.release == NULL);
  CHECK_INT(rows, 5);
  static const char all[] = "SELECT * FROM market_data ORDER BY symbol, timestamp";
  char *original = strdup(stored(path_of("bars.db"), all));
  CHECK_TEXT(stored(path_of("copy.db"), all), original);

  /* The features alone, into bars that have none. */
  CHECK_OK(ds_market_delete(copy, EURUSD, HOURLY, NULL, NULL));
  options.features = DS_FEATURES_NONE;
  REQUIRE_OK(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, &options, 0, &stream));
  CHECK_OK(ds_market_write_arrow(copy, &stream, EURUSD, HOURLY, 0, &rows));
  options.features = DS_FEATURES_COLUMNS;
  options.columns = 0;
  REQUIRE_OK(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, &options, 0, &stream));
  CHECK_OK(ds_market_write_features_arrow(copy, &stream, EURUSD, HOURLY, NULL, 0, &rows));
  CHECK_INT(rows, 3);
  CHECK_TEXT(stored(path_of("copy.db"), all), original);

  /* Onto the store that it comes from. */
  options = (ds_read_options)DS_READ_OPTIONS_INIT;
  REQUIRE_OK(ds_market_scan_arrow(store, symbols, 2, HOURLY, NULL, &options, 1, 1, &stream));
  CHECK_OK(ds_market_write_arrow(store, &stream, NULL, HOURLY, 0, &rows));
  CHECK_INT(rows, 5);
  CHECK_TEXT(stored(path_of("bars.db"), all), original);
  free(original);
  ds_store_free(copy);
  ds_store_free(store);
}

static void a_query_has_a_type_per_column(void) {
  files_only("queries are PostgreSQL's SQL");
  ds_store *store = open_store(path_of("bars.db"));
  struct ArrowArrayStream stream;
  REQUIRE_OK(ds_sql_arrow(
      store,
      "SELECT column1 AS i, column2 AS r, column3 AS m, column4 AS t, column5 AS b, column6 AS n, column7 AS x, "
      "column8 AS y FROM (VALUES (1, 1.5, 1, 'one', x'00ff', NULL, 1, 'a'), (NULL, NULL, 2.5, NULL, NULL, NULL, "
      "0.1, x'ff'), (?, 3.5, NULL, 'h\xc3\xa9', x'', NULL, 'text', 3))",
      (ds_sql_parameter[]){{NULL, DS_SQL_INTEGER, INT64_MAX, 0, NULL, 0}}, 1, -1, &stream));
  struct ArrowSchema schema;
  REQUIRE(stream.get_schema(&stream, &schema) == 0);
  static const char *const formats[] = {"l", "g", "g", "U", "Z", "n", "U", "Z"};
  REQUIRE(schema.n_children == COUNT_OF(formats));
  for (size_t i = 0; i < COUNT_OF(formats); i++) CHECK_TEXT(schema.children[i]->format, formats[i]);
  CHECK_TEXT(schema.children[0]->name, "i");
  struct ArrowArray batch = only_batch(&stream);
  stream.release(&stream);
  schema.release(&schema);
  struct ArrowArray **columns = batch.children;
  CHECK_INT(batch.length, 3);
  CHECK_INT(((const int64_t *)columns[0]->buffers[1])[2], INT64_MAX);
  CHECK(is_null(columns[0], 1));
  CHECK_BITS(((const double *)columns[1]->buffers[1])[2], 3.5);
  CHECK_BITS(((const double *)columns[2]->buffers[1])[0], 1.0);
  CHECK_BITS(((const double *)columns[2]->buffers[1])[1], 2.5);
  CHECK(is_null(columns[2], 2));
  CHECK_TEXT(text_of(columns[3], 0), "one");
  CHECK_TEXT(text_of(columns[3], 1), NULL);
  CHECK_TEXT(text_of(columns[3], 2), "h\xc3\xa9");
  CHECK_INT(((const int64_t *)columns[4]->buffers[1])[3], 2);
  CHECK_INT(columns[5]->null_count, 3);
  CHECK_INT(columns[5]->n_buffers, 0);
  CHECK_TEXT(text_of(columns[6], 0), "1");
  CHECK_TEXT(text_of(columns[6], 1), "0.1");
  CHECK_TEXT(text_of(columns[6], 2), "text");
  CHECK_TEXT(text_of(columns[7], 1), "\xff");
  CHECK_TEXT(text_of(columns[7], 2), "3");
  batch.release(&batch);

  ds_rows *rows = NULL;
  REQUIRE_OK(ds_sql(store, "SELECT 1 AS a WHERE 0", NULL, 0, &rows));
  REQUIRE_OK(ds_rows_arrow(rows, &stream));
  ds_rows_free(rows);
  batch = only_batch(&stream);
  CHECK_INT(batch.length, 0);
  CHECK_INT(batch.n_children, 1);
  batch.release(&batch);
  stream.release(&stream);
  CHECK_FAILS(ds_sql_arrow(store, "SELECT CAST(x'ff' AS TEXT) AS bad", NULL, 0, -1, &stream), DS_CORRUPT, "bad", "UTF-8");
  CHECK_FAILS(ds_sql_arrow(store, "DELETE FROM market_data", NULL, 0, -1, &stream), DS_INVALID, "");
  CHECK_FAILS(ds_sql_arrow(store, "SELECT 1", NULL, 0, NAN, &stream), DS_INVALID, "timeout");
  ds_store_free(store);
}

static void null_and_wrong_arguments_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  struct ArrowArrayStream stream = {0};
  const char *null_name = NULL;
  CHECK_FAILS(ds_market_read_arrow(NULL, &EURUSD, 1, HOURLY, NULL, NULL, 0, &stream), DS_INVALID, "store");
  CHECK_FAILS(ds_market_read_arrow(store, NULL, 1, HOURLY, NULL, NULL, 0, &stream), DS_INVALID, "symbols");
  CHECK_FAILS(ds_market_read_arrow(store, &null_name, 1, HOURLY, NULL, NULL, 0, &stream), DS_INVALID, "symbol");
  CHECK_FAILS(ds_market_read_arrow(store, &EURUSD, 1, NULL, NULL, NULL, 0, &stream), DS_INVALID, "timeframe");
  CHECK_FAILS(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 2, &stream), DS_INVALID, "symbol_column");
  CHECK_FAILS(ds_market_read_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 0, NULL), DS_INVALID, "out_stream");
  CHECK_FAILS(ds_market_scan_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 0, 0, &stream), DS_INVALID, "chunk");
  CHECK_FAILS(ds_market_scan_arrow(store, &EURUSD, 1, HOURLY, NULL, NULL, 1, 0, NULL), DS_INVALID, "out_stream");
  CHECK_FAILS(ds_bars_arrow(NULL, 0, &stream), DS_INVALID, "bars");
  CHECK_FAILS(ds_rows_arrow(NULL, &stream), DS_INVALID, "rows");
  CHECK_FAILS(ds_sql_arrow(store, NULL, NULL, 0, -1, &stream), DS_INVALID, "query");
  CHECK_FAILS(ds_sql_arrow(store, "SELECT 1", NULL, 0, -1, NULL), DS_INVALID, "out_stream");
  CHECK(stream.release == NULL);
  ds_store_free(store);
}

const check_test arrow_read_tests[] = {
    {"columns_have_the_types_that_are_promised", columns_have_the_types_that_are_promised},
    {"numbers_are_not_copied", numbers_are_not_copied},
    {"children_may_be_moved_out", children_may_be_moved_out},
    {"a_scan_is_a_batch_per_chunk", a_scan_is_a_batch_per_chunk},
    {"nothing_found_is_a_batch_without_rows", nothing_found_is_a_batch_without_rows},
    {"what_comes_out_goes_in", what_comes_out_goes_in},
    {"a_query_has_a_type_per_column", a_query_has_a_type_per_column},
    {"null_and_wrong_arguments_are_refused", null_and_wrong_arguments_are_refused},
    {NULL, NULL},
};
