/* test_arrow_write.c: "Arrow": ds_market_write_arrow().
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrow_producer.h"
#include "fixture.h"
#include "suites.h"

#define TIMES "tsn:UTC"

static const int64_t hours[] = {T0, T0 + HOUR, T0 + 2 * HOUR, T0 + 3 * HOUR, T0 + 4 * HOUR, T0 + 5 * HOUR};
static const double prices[] = {1.5, 2.5, 3.5, 4.5, 5.5, 6.5};

static int32_t write_all(ds_store *store, producer *from, int64_t *rows) {
  struct ArrowArrayStream stream = stream_of(from);
  int32_t status = ds_market_write_arrow(store, &stream, EURUSD, HOURLY, 0, rows);
  CHECK(stream.release == NULL);
  return status;
}

/* Writes one chunk of `count` columns and `length` rows. */
static int32_t write_chunk(ds_store *store, const column *columns, int64_t count, int64_t length) {
  chunk only = {.length = length, .columns = columns};
  producer from = {.chunks = &only, .chunk_count = 1, .column_count = count};
  int64_t rows = 77;
  int32_t status = write_all(store, &from, &rows);
  CHECK_INT(rows, status == DS_OK ? length : 77);
  check_all_released(&from);
  return status;
}

/* Writes one column of two rows beside the times. */
static int32_t write_column(ds_store *store, column given) {
  const column columns[] = {{.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}}, given};
  return write_chunk(store, columns, 2, 2);
}

static const char *closes(void) { return stored(path_of("bars.db"), "SELECT close FROM market_data ORDER BY timestamp"); }

static void every_type_of_number_is_taken(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const struct {
    const char *format;
    const void *values;
    const char *expected;
  } types[] = {
      {"c", (int8_t[]){-1, 2}, "-1.0\n2.0"},
      {"C", (uint8_t[]){255, 2}, "255.0\n2.0"},
      {"s", (int16_t[]){-300, 2}, "-300.0\n2.0"},
      {"S", (uint16_t[]){65535, 2}, "65535.0\n2.0"},
      {"i", (int32_t[]){-70000, 2}, "-70000.0\n2.0"},
      {"I", (uint32_t[]){4294967295u, 2}, "4294967295.0\n2.0"},
      {"l", (int64_t[]){-(INT64_C(1) << 53), 2}, "-9.00719925474099e+15\n2.0"},
      {"L", (uint64_t[]){UINT64_C(1) << 63, 2}, "9.22337203685478e+18\n2.0"},
      {"e", (uint16_t[]){0x3e00, 0xc000}, "1.5\n-2.0"},
      {"f", (float[]){1.5f, -2.0f}, "1.5\n-2.0"},
      {"g", (double[]){1.5, NAN}, "1.5\nNULL"},
      {"n", NULL, "NULL\nNULL"},
  };
  for (size_t i = 0; i < COUNT_OF(types); i++) {
    check_note("format %s", types[i].format);
    column close = {.name = "close", .format = types[i].format, .buffers = {NULL, types[i].values}};
    CHECK_OK(write_column(store, close));
    CHECK_TEXT(closes(), types[i].expected);
    if (types[i].values == NULL) continue;
    close.buffers[0] = bits_of("01");
    close.null_count = 1;
    CHECK_OK(write_column(store, close));
    CHECK(strncmp(closes(), "NULL\n", 5) == 0);
  }
  ds_store_free(store);
}

static void every_type_of_text_is_taken(void) {
  ds_store *store = open_store(path_of("bars.db"));
  /* A view of at most twelve bytes holds the text itself. */
  unsigned char views[32] = {4, 0, 0, 0, 'f', 'e', 'e', 'd'};
  const int32_t far[4] = {14, 0, 0, 3};
  memcpy(views + 16, far, sizeof far);
  memcpy(views + 20, "a te", 4);
  const int64_t size = 20;
  const column texts = {.format = "u", .length = 3, .buffers = {NULL, (int32_t[]){0, 4, 4, 18}, "feeda text of 14 b"}};
  const column columns[] = {
      {.name = "source", .format = "u", .buffers = {NULL, (int32_t[]){0, 4, 18}, "feeda text of 14 b"}},
      {.name = "source", .format = "U", .buffers = {NULL, (int64_t[]){0, 4, 18}, "feeda text of 14 b"}},
      {.name = "source", .format = "vu", .buffers = {NULL, views, "...a text of 14 b...", &size}},
      {.name = "source", .format = "c", .buffers = {NULL, (int8_t[]){0, 2}}, .dictionary = &texts},
      {.name = "source", .format = "L", .buffers = {NULL, (uint64_t[]){0, 2}}, .dictionary = &texts},
  };
  for (size_t i = 0; i < COUNT_OF(columns); i++) {
    check_note("format %s", columns[i].format);
    CHECK_OK(write_column(store, columns[i]));
    CHECK_TEXT(stored(path_of("bars.db"), "SELECT source FROM market_data ORDER BY timestamp"),
               "feed\na text of 14 b");
    column nulls = columns[i];
    nulls.buffers[0] = bits_of("10");
    nulls.null_count = -1; /* not counted */
    CHECK_OK(write_column(store, nulls));
    CHECK_TEXT(stored(path_of("bars.db"), "SELECT source FROM market_data ORDER BY timestamp"), "feed\nNULL");
  }
  ds_store_free(store);
}

static void flags_are_bools_or_zeros_and_ones(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const column columns[] = {
      {.name = "is_gap", .format = "b", .buffers = {NULL, bits_of("10")}},
      {.name = "is_gap", .format = "C", .buffers = {NULL, (uint8_t[]){1, 0}}},
      {.name = "is_gap", .format = "g", .buffers = {NULL, (double[]){1, NAN}}},
      {.name = "is_gap", .format = "b", .buffers = {bits_of("10"), bits_of("11")}, .null_count = 1},
  };
  for (size_t i = 0; i < COUNT_OF(columns); i++) {
    CHECK_OK(write_column(store, columns[i]));
    CHECK_TEXT(stored(path_of("bars.db"), "SELECT is_gap FROM market_data ORDER BY timestamp"), "1\n0");
  }
  column two = {.name = "is_gap", .format = "C", .buffers = {NULL, (uint8_t[]){1, 2}}};
  CHECK_FAILS(write_column(store, two), DS_INVALID, "is_gap", "row 1", "2");
  ds_store_free(store);
}

static void times_of_any_unit_and_zone_are_the_same_instants(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const struct {
    const char *format;
    int64_t per_tick;
  } units[] = {{"tss:UTC", SECOND}, {"tsm:+02:00", SECOND / 1000}, {"tsu:Europe/Madrid", 1000}, {TIMES, 1}};
  for (size_t i = 0; i < COUNT_OF(units); i++) {
    const int64_t ticks[] = {hours[0] / units[i].per_tick, hours[1] / units[i].per_tick};
    const column columns[] = {
        {.name = "close", .format = "g", .buffers = {NULL, prices}},
        {.name = "timestamp", .format = units[i].format, .buffers = {NULL, ticks}},
    };
    CHECK_OK(write_chunk(store, columns, 2, 2));
    CHECK_TEXT(stored(path_of("bars.db"), "SELECT timestamp FROM market_data ORDER BY 1"),
               "2026-03-01T15:00:00+00:00\n2026-03-01T16:00:00+00:00");
  }
  const column naive = {.name = "timestamp", .format = "tsu:", .buffers = {NULL, hours}};
  CHECK_FAILS(write_chunk(store, &naive, 1, 2), DS_INVALID, "timestamp", "time zone", "replace_time_zone");
  const column late = {.name = "timestamp", .format = "tss:UTC", .buffers = {NULL, (int64_t[]){0, INT64_MAX}}};
  CHECK_FAILS(write_chunk(store, &late, 1, 2), DS_INVALID, "row 1", "out of range");
  const column null = {.name = "timestamp", .format = TIMES, .buffers = {bits_of("10"), hours}, .null_count = 1};
  CHECK_FAILS(write_chunk(store, &null, 1, 2), DS_INVALID, "row 1", "NaT");
  const column date = {.name = "timestamp", .format = "tdD", .buffers = {NULL, hours}};
  CHECK_FAILS(write_chunk(store, &date, 1, 2), DS_INVALID, "timestamp", "date32", "time zone");
  ds_store_free(store);
}

/* Offsets of the batch and of the column add up; chunks may be of any length, also of none. */
static void chunks_and_slices_make_up_one_write(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const column first[] = {
      {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}, .length = 3},
      {.name = "close", .format = "g", .buffers = {bits_of("0101"), prices}, .offset = 1, .length = 3, .null_count = 1},
      {.name = "source", .format = "u", .buffers = {NULL, (int32_t[]){0, 1, 2, 3, 4}, "abcd"}, .offset = 1, .length = 3},
  };
  const column none[] = {
      {.name = "timestamp", .format = TIMES},
      {.name = "close", .format = "g"},
      {.name = "source", .format = "u"},
  };
  const column last[] = {
      {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}, .offset = 3},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .offset = 3},
      {.name = "source", .format = "u", .buffers = {bits_of("0001"), (int32_t[]){0, 0, 0, 0, 1}, "b"}, .offset = 3, .null_count = 0},
  };
  const chunk chunks[] = {
      {.length = 2, .offset = 1, .columns = first},
      {.length = 0, .columns = none},
      {.length = 1, .columns = last},
      {.length = 0, .columns = none},
  };
  producer from = {.chunks = chunks, .chunk_count = COUNT_OF(chunks), .column_count = 3, .store = store};
  int64_t rows = 0;
  CHECK_OK(write_all(store, &from, &rows));
  CHECK_INT(rows, 3);
  check_all_released(&from);
  /* Batch row 0 is column row 1 of `first`, which is buffer row 2 where the column is a slice, too. */
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT timestamp, close, source FROM market_data ORDER BY timestamp"),
             "2026-03-01T16:00:00+00:00|NULL|c\n2026-03-01T17:00:00+00:00|4.5|d\n2026-03-01T18:00:00+00:00|4.5|b");
  ds_store_free(store);
}

/* More rows than are gathered: several parts, which are one transaction. */
static void many_rows_in_many_chunks(void) {
  enum { CHUNK = 30000, CHUNKS = 8 };
  ds_store *store = open_store(path_of("bars.db"));
  int64_t *times = malloc(CHUNK * CHUNKS * sizeof *times);
  double *values = malloc(CHUNK * CHUNKS * sizeof *values);
  column columns[CHUNKS][2];
  chunk chunks[CHUNKS];
  for (int64_t i = 0; i < CHUNK * CHUNKS; i++) {
    times[i] = T0 + i * SECOND;
    values[i] = (double)i;
  }
  for (size_t i = 0; i < CHUNKS; i++) {
    columns[i][0] = (column){.name = "timestamp", .format = TIMES, .buffers = {NULL, times + i * CHUNK}};
    columns[i][1] = (column){.name = "close", .format = "g", .buffers = {NULL, values + i * CHUNK}};
    chunks[i] = (chunk){.length = CHUNK, .columns = columns[i]};
  }
  producer from = {.chunks = chunks, .chunk_count = CHUNKS, .column_count = 2};
  int64_t rows = 0;
  times[7 * CHUNK + 5] = INT64_MIN;
  CHECK_FAILS(write_all(store, &from, &rows), DS_INVALID, "row 210005", "NaT");
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  CHECK_OK(ds_last_error_detail(&detail));
  CHECK_INT(detail.row, 210005);
  CHECK_INT(count_bars(store, EURUSD), 0);
  times[7 * CHUNK + 5] = T0; /* the first row's: the later one wins */
  CHECK_OK(write_all(store, &from, &rows));
  CHECK_INT(rows, CHUNK * CHUNKS);
  check_all_released(&from);
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT count(*), sum(close) - 240000.0 * 239999 / 2 FROM market_data"),
             "239999|0.0");
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT close FROM market_data ORDER BY timestamp LIMIT 1"), "210005.0");
  free(times);
  free(values);
  ds_store_free(store);
}

static void a_stream_that_fails_midway_leaves_nothing(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const column columns[] = {
      {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}},
      {.name = "close", .format = "g", .buffers = {NULL, prices}},
  };
  const chunk chunks[] = {{.length = 3, .columns = columns}, {.length = 2, .columns = columns}};
  for (size_t at = 0; at <= 2; at++) {
    producer from = {.chunks = chunks, .chunk_count = 2, .column_count = 2, .next_fails = EIO, .fails_at = at,
                     .message = "the feed is down"};
    int64_t rows = 77;
    CHECK_FAILS(write_all(store, &from, &rows), DS_INVALID, "the feed is down", at == 0 ? "0 rows" : at == 1 ? "3 rows" : "5 rows");
    CHECK_INT(rows, 77);
    check_all_released(&from);
    CHECK_INT(count_bars(store, EURUSD), 0);
  }
  producer silent = {.chunks = chunks, .chunk_count = 2, .column_count = 2, .next_fails = ENOMEM, .fails_at = 1};
  CHECK_FAILS(write_all(store, &silent, NULL), DS_NO_MEMORY, "errno 12");
  check_all_released(&silent);
  producer bare = {.chunks = chunks, .chunk_count = 2, .column_count = 2, .schema_fails = EINVAL, .message = "no schema"};
  CHECK_FAILS(write_all(store, &bare, NULL), DS_INVALID, "no schema");
  check_all_released(&bare);
  ds_store_free(store);
}

/* Whatever argument is wrong: the stream is taken over, and released once. */
static void a_stream_is_released_once_whatever_fails(void) {
  ds_store *store = open_store(path_of("bars.db"));
  ds_store *closed = open_store(path_of("other.db"));
  ds_store_close(closed);
  const column columns[] = {
      {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}},
      {.name = "close", .format = "g", .buffers = {NULL, prices}},
  };
  const chunk only = {.length = 3, .columns = columns};
  producer from = {.chunks = &only, .chunk_count = 1, .column_count = 2};
  struct ArrowArrayStream stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(NULL, &stream, EURUSD, HOURLY, 0, NULL), DS_INVALID, "store");
  check_all_released(&from);
  stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(closed, &stream, EURUSD, HOURLY, 0, NULL), DS_CLOSED, "");
  check_all_released(&from);
  stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(store, &stream, "", HOURLY, 0, NULL), DS_INVALID, "symbol");
  check_all_released(&from);
  stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(store, &stream, EURUSD, "\xff", 0, NULL), DS_INVALID, "timeframe");
  check_all_released(&from);
  stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(store, &stream, EURUSD, HOURLY, 2, NULL), DS_INVALID, "replace");
  check_all_released(&from);
  stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(store, &stream, EURUSD, NULL, 0, NULL), DS_INVALID, "no timeframe");
  check_all_released(&from);
  CHECK_FAILS(ds_market_write_arrow(store, &stream, EURUSD, HOURLY, 0, NULL), DS_INVALID, "released already");
  CHECK_FAILS(ds_market_write_arrow(store, NULL, EURUSD, HOURLY, 0, NULL), DS_INVALID, "stream");
  struct ArrowArrayStream empty = {0};
  CHECK_FAILS(ds_market_write_arrow(store, &empty, EURUSD, HOURLY, 0, NULL), DS_INVALID, "released already");

  from.never_marks = true;
  CHECK_OK(write_all(store, &from, NULL));
  check_all_released(&from);
  CHECK_INT(count_bars(store, EURUSD), 3);
  ds_store_free(closed);
  ds_store_free(store);
}

static void columns_go_by_name(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const column names = {.format = "u", .length = 2, .buffers = {NULL, (int32_t[]){0, 3, 6}, "AAABBB"}};
  const column columns[] = {
      {.name = "close", .format = "g", .buffers = {NULL, prices}},
      {.name = "symbol", .format = "i", .buffers = {NULL, (int32_t[]){1, 0, 1}}, .dictionary = &names},
      {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}},
      {.name = "timeframe", .format = "u", .buffers = {NULL, (int32_t[]){0, 2, 4, 6}, "1h1h1d"}},
      {.name = "features", .format = "U", .buffers = {bits_of("010"), (int64_t[]){0, 0, 37, 37},
       "{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}"}, .null_count = 2},
  };
  const chunk only = {.length = 3, .columns = columns};
  producer from = {.chunks = &only, .chunk_count = 1, .column_count = 5};
  struct ArrowArrayStream stream = stream_of(&from);
  CHECK_OK(ds_market_write_arrow(store, &stream, NULL, NULL, 0, NULL));
  CHECK_TEXT(stored(path_of("bars.db"), "SELECT symbol, timeframe, close, features FROM market_data ORDER BY 1, 2"),
             "AAA|1h|2.5|{\"a@1\":{\"value\":1,\"quality\":\"ready\"}}\nBBB|1d|3.5|NULL\nBBB|1h|1.5|NULL");
  stream = stream_of(&from);
  CHECK_FAILS(ds_market_write_arrow(store, &stream, "AAA", NULL, 0, NULL), DS_INVALID, "symbol", "given twice");
  check_all_released(&from);

  const column strange[] = {
      {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}},
      {.name = "Close", .format = "g", .buffers = {NULL, prices}},
      {.name = "rsi@1", .format = "g", .buffers = {NULL, prices}},
  };
  CHECK_FAILS(write_chunk(store, strange, 3, 2), DS_INVALID, "'Close', 'rsi@1'", "'Close' to 'close'", "write_features");
  const column index[] = {
      {.name = "close", .format = "g", .buffers = {NULL, prices}},
      {.name = "date", .format = TIMES, .buffers = {NULL, hours}},
  };
  CHECK_FAILS(write_chunk(store, index, 2, 2), DS_INVALID, "'date' to 'timestamp'");
  /* An index without a name, as pandas' tables have it. */
  const column unnamed[] = {index[0], {.name = "__index_level_0__", .format = TIMES, .buffers = {NULL, hours}}};
  CHECK_OK(write_chunk(store, unnamed, 2, 2));
  const column naive[] = {index[0], {.name = "__index_level_0__", .format = "tsn:", .buffers = {NULL, hours}}};
  CHECK_FAILS(write_chunk(store, naive, 2, 2), DS_INVALID, "'__index_level_0__'", "time zone");
  const column numbers[] = {index[0], {.name = "__index_level_0__", .format = "l", .buffers = {NULL, hours}}};
  CHECK_FAILS(write_chunk(store, numbers, 2, 2), DS_INVALID, "unknown column '__index_level_0__'");
  CHECK_FAILS(write_chunk(store, index, 1, 2), DS_INVALID, "no timestamps");
  const column twice[] = {index[0], index[0]};
  CHECK_FAILS(write_chunk(store, twice, 2, 2), DS_INVALID, "'close' is given twice");
  ds_store_free(store);
}

static void no_rows_are_fine(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const column columns[] = {{.name = "timestamp", .format = TIMES}, {.name = "close", .format = "g"}};
  producer from = {.schema = columns, .column_count = 2};
  int64_t rows = 77;
  CHECK_OK(write_all(store, &from, &rows));
  CHECK_INT(rows, 0);
  from.column_count = 0;
  rows = 77;
  CHECK_OK(write_all(store, &from, &rows));
  CHECK_INT(rows, 0);
  check_all_released(&from);
  ds_store_free(store);
}

static void what_would_be_a_guess_is_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const void *any = hours;
  const column item = {.name = "item", .format = "g", .buffers = {NULL, prices}};
  const struct {
    column given;
    const char *word;
  } refused[] = {
      {{.name = "close", .format = "l", .buffers = {NULL, (int64_t[]){1, (INT64_C(1) << 53) + 1}}}, "9007199254740993"},
      {{.name = "close", .format = "L", .buffers = {NULL, (uint64_t[]){UINT64_MAX, 1}}}, "18446744073709551615"},
      {{.name = "close", .format = "b", .buffers = {NULL, any}}, "boolean"},
      {{.name = "close", .format = "u", .buffers = {NULL, (int32_t[]){0, 1, 2}, "12"}}, "text is not a number"},
      {{.name = "close", .format = TIMES, .buffers = {NULL, any}}, "a time is not a number"},
      {{.name = "source", .format = "g", .buffers = {NULL, any}}, "not text"},
      {{.name = "is_gap", .format = "u", .buffers = {NULL, (int32_t[]){0, 1, 2}, "01"}}, "neither a boolean"},
      {{.name = "close", .format = "d:10,2", .buffers = {NULL, any}}, "a decimal[10,2]"},
      {{.name = "close", .format = "+l", .buffers = {NULL, any}, .children = &item, .child_count = 1}, "a list"},
      {{.name = "close", .format = "+s", .children = &item, .child_count = 1}, "a struct"},
      {{.name = "close", .format = "+r", .buffers = {NULL, any}}, "run-end"},
      {{.name = "source", .format = "z", .buffers = {NULL, any}}, "binary"},
      {{.name = "volume", .format = "tDs", .buffers = {NULL, any}}, "a duration"},
      {{.name = "volume", .format = "??", .buffers = {NULL, any}}, "'?\?'"},
      {{.name = "features", .format = "g", .buffers = {NULL, any}}, "must be text"},
  };
  for (size_t i = 0; i < COUNT_OF(refused); i++) {
    check_note("format %s as %s", refused[i].given.format, refused[i].given.name);
    CHECK_FAILS(write_column(store, refused[i].given), DS_INVALID, refused[i].given.name, refused[i].word);
  }
  /* What is null does not count, and neither does what no row uses. */
  column beyond = refused[0].given;
  beyond.buffers[0] = bits_of("10");
  CHECK_OK(write_column(store, beyond));
  column flags = refused[2].given;
  flags.buffers[0] = bits_of("00");
  CHECK_OK(write_column(store, flags));
  const column values = {.format = "l", .length = 2, .buffers = {NULL, (int64_t[]){7, INT64_MAX}}};
  column coded = {.name = "close", .format = "c", .buffers = {NULL, (int8_t[]){0, 0}}, .dictionary = &values};
  CHECK_OK(write_column(store, coded));
  CHECK_TEXT(closes(), "7.0\n7.0");
  coded.buffers[1] = (int8_t[]){0, 1};
  CHECK_FAILS(write_column(store, coded), DS_INVALID, "row 1", "9223372036854775807");
  ds_store_free(store);
}

static void arrays_that_break_the_interface_are_refused(void) {
  ds_store *store = open_store(path_of("bars.db"));
  const column texts = {.format = "u", .length = 1, .buffers = {NULL, (int32_t[]){0, 1}, "a"}};
  const int32_t beyond[8] = {13, 0, 0, 8, 13, 0, 0, 8}, nowhere[8] = {13, 0, 1, 0, 13, 0, -1, 0}, shorter[4] = {-1, 0, 0, 0};
  const int64_t size = 20;
  const column broken[] = {
      {.name = "close", .format = "g"},                                                          /* no values */
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .length = 1},                  /* too short */
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .length = -1},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .offset = -1},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .offset = INT64_MAX},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .length = INT64_MAX},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .buffer_count = 1},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .buffer_count = -1},
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .null_count = 1},              /* no bitmap */
      {.name = "close", .format = "g", .buffers = {NULL, prices}, .is_released = true},
      {.name = "source", .format = "u", .buffers = {NULL, (int32_t[]){0, 2, 1}, "abc"}},         /* descending */
      {.name = "source", .format = "u", .buffers = {NULL, (int32_t[]){-1, 0, 1}, "abc"}},
      {.name = "source", .format = "U", .buffers = {NULL, (int64_t[]){0, 1, INT64_MIN}, "abc"}},
      {.name = "source", .format = "u", .buffers = {NULL, (int32_t[]){0, 1, 2}}},                /* no bytes */
      {.name = "source", .format = "u"},
      {.name = "source", .format = "u", .buffers = {NULL, (int32_t[]){0, 1, 2}, "abc"}, .buffer_count = 2},
      {.name = "source", .format = "vu", .buffers = {NULL, beyond, "twenty characters...", &size}},
      {.name = "source", .format = "vu", .buffers = {NULL, nowhere, "twenty characters...", &size}},
      {.name = "source", .format = "vu", .buffers = {NULL, shorter, "twenty characters...", &size}},
      {.name = "source", .format = "c", .buffers = {NULL, (int8_t[]){0, 1}}, .dictionary = &texts},
      {.name = "source", .format = "c", .buffers = {NULL, (int8_t[]){0, -1}}, .dictionary = &texts},
      {.name = "source", .format = "L", .buffers = {NULL, (uint64_t[]){0, UINT64_MAX}}, .dictionary = &texts},
      {.name = "source", .format = "g", .buffers = {NULL, prices}, .dictionary = &texts},        /* no index */
      {.name = NULL, .format = "g", .buffers = {NULL, prices}},
      {.name = "close", .format = NULL, .buffers = {NULL, prices}, .buffer_count = 2},
      {.name = "\xff", .format = "g", .buffers = {NULL, prices}},
  };
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    check_note("broken[%zu]", i);
    CHECK_FAILS(write_column(store, broken[i]), DS_INVALID, "");
  }
  const column good = {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}};
  const chunk lengths[] = {{.length = -1, .columns = &good}, {.length = INT64_MAX, .columns = &good},
                           {.length = 2, .offset = -1, .columns = &good},
                           {.length = 2, .offset = INT64_MAX, .columns = &good},
                           {.length = 2, .columns = &good, .validity = bits_of("10")}};
  for (size_t i = 0; i < COUNT_OF(lengths); i++) {
    check_note("lengths[%zu]", i);
    producer from = {.chunks = &lengths[i], .chunk_count = 1, .column_count = 1};
    CHECK_FAILS(write_all(store, &from, NULL), DS_INVALID, "");
    check_all_released(&from);
  }
  const chunk sound = {.length = 2, .columns = &good};
  producer fewer = {.chunks = &sound, .chunk_count = 1, .column_count = 1, .child_count = -1};
  CHECK_FAILS(write_all(store, &fewer, NULL), DS_INVALID, "children");
  producer no_struct = {.chunks = &sound, .chunk_count = 1, .column_count = 0, .format = "g"};
  CHECK_FAILS(write_all(store, &no_struct, NULL), DS_INVALID, "record batches", "float64");
  CHECK_INT(count_bars(store, EURUSD), 0);
  ds_store_free(store);
}

/* ---- Features ---- */

static int32_t write_features(ds_store *store, const column *columns, int64_t count, const char *quality) {
  const chunk only = {.length = 3, .columns = columns};
  producer from = {.chunks = &only, .chunk_count = 1, .column_count = count};
  struct ArrowArrayStream stream = stream_of(&from);
  int32_t status = ds_market_write_features_arrow(store, &stream, EURUSD, HOURLY, quality, 0, NULL);
  check_all_released(&from);
  return status;
}

static const char *features(void) {
  return stored(path_of("bars.db"), "SELECT features FROM market_data ORDER BY timestamp");
}

static void features_come_as_numbers_structs_or_text(void) {
  ds_store *store = open_store(path_of("bars.db"));
  write_hours(store, EURUSD, 3);
  const column time = {.name = "timestamp", .format = TIMES, .buffers = {NULL, hours}};
  const column numbers[] = {
      time,
      {.name = "a@1", .format = "g", .buffers = {bits_of("101"), (double[]){1.5, INFINITY, NAN}}, .null_count = 1},
      {.name = "b@1", .format = "C", .buffers = {NULL, (uint8_t[]){1, 2, 3}}},
  };
  CHECK_OK(write_features(store, numbers, 3, NULL));
#define A(value, quality) "\"a@1\":{\"value\":" value ",\"quality\":\"" quality "\"}"
#define B(value, quality) "\"b@1\":{\"value\":" value ",\"quality\":\"" quality "\"}"
  CHECK_TEXT(features(), "{" A("1.5", "ready") "," B("1", "ready") "}\n{" A("null", "missing") "," B("2", "ready") "}\n{"
                         A("null", "missing") "," B("3", "ready") "}");
  CHECK_OK(write_features(store, numbers, 3, "warmup"));
  CHECK_TEXT(features(), "{" A("1.5", "warmup") "," B("1", "warmup") "}\n{" A("null", "warmup") "," B("2", "warmup") "}\n{"
                         A("null", "warmup") "," B("3", "warmup") "}");
  const column members[] = {
      {.name = "value", .format = "g", .buffers = {NULL, (double[]){9, INFINITY, 7}}},
      {.name = "quality", .format = "u", .buffers = {NULL, (int32_t[]){0, 8, 8, 13}, "degradedready"}},
  };
  const column structs[] = {
      time,
      {.name = "a@1", .format = "+s", .buffers = {bits_of("101")}, .null_count = 1, .children = members, .child_count = 2},
  };
  CHECK_OK(write_features(store, structs, 2, NULL));
  CHECK_TEXT(features(), "{" A("9.0", "degraded") "," B("1", "warmup") "}\n{" A("null", "warmup") "," B("2", "warmup") "}\n{"
                         A("7.0", "ready") "," B("3", "warmup") "}");
  CHECK_FAILS(write_features(store, structs, 2, "ready"), DS_INVALID, "quality is given twice");
  const column text[] = {
      time,
      {.name = "features", .format = "u", .buffers = {bits_of("100"), (int32_t[]){0, 38, 38, 38},
       "{" A("10", "ready") "}"}, .null_count = 2},
  };
  CHECK_OK(write_features(store, text, 2, NULL));
  CHECK(strncmp(features(), "{" A("10", "ready"), 30) == 0);

  const column infinite[] = {time, {.name = "a@1", .format = "g", .buffers = {NULL, (double[]){1, 2, INFINITY}}}};
  CHECK_FAILS(write_features(store, infinite, 2, NULL), DS_INVALID_FEATURE, "a@1", "row 2", "infinite");
  const column nameless[] = {time, {.name = "close", .format = "g", .buffers = {NULL, prices}}};
  CHECK_FAILS(write_features(store, nameless, 2, NULL), DS_INVALID_FEATURE, "close", "name@version");
  const column large[] = {time, {.name = "a@1", .format = "L", .buffers = {NULL, (uint64_t[]){1, UINT64_MAX, 1}}}};
  CHECK_FAILS(write_features(store, large, 2, NULL), DS_INVALID_FEATURE, "a@1", "row 1", "18446744073709551615");
  const column missing[] = {{.name = "timestamp", .format = TIMES, .buffers = {NULL, hours + 1}},
                            {.name = "a@1", .format = "g", .buffers = {NULL, prices}}};
  CHECK_FAILS(write_features(store, missing, 2, NULL), DS_MISSING_BAR, "row 2");
  ds_store_free(store);
}

const check_test arrow_write_tests[] = {
    {"every_type_of_number_is_taken", every_type_of_number_is_taken},
    {"every_type_of_text_is_taken", every_type_of_text_is_taken},
    {"flags_are_bools_or_zeros_and_ones", flags_are_bools_or_zeros_and_ones},
    {"times_of_any_unit_and_zone_are_the_same_instants", times_of_any_unit_and_zone_are_the_same_instants},
    {"chunks_and_slices_make_up_one_write", chunks_and_slices_make_up_one_write},
    {"many_rows_in_many_chunks", many_rows_in_many_chunks},
    {"a_stream_that_fails_midway_leaves_nothing", a_stream_that_fails_midway_leaves_nothing},
    {"a_stream_is_released_once_whatever_fails", a_stream_is_released_once_whatever_fails},
    {"columns_go_by_name", columns_go_by_name},
    {"no_rows_are_fine", no_rows_are_fine},
    {"what_would_be_a_guess_is_refused", what_would_be_a_guess_is_refused},
    {"arrays_that_break_the_interface_are_refused", arrays_that_break_the_interface_are_refused},
    {"features_come_as_numbers_structs_or_text", features_come_as_numbers_structs_or_text},
    {NULL, NULL},
};
