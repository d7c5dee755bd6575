/* The yardstick on a PostgreSQL server: what a C programmer writes by hand on libpq, as well as that goes.
 *
 *   postgresql OPERATION CONNINFO FOLDER
 *
 * OPERATION is write, read, write_bar or latest_bar, FOLDER has the data. The tables are those that data_store
 * makes, in the schema of the connection's search_path. Each write is a commit of its own. What was read is held
 * against the data. Prints what it measured as one line of JSON. write_bar and latest_bar read numbers from the input,
 * a line each, make so many calls for each, and print their times in one line: others take turns meanwhile.
 * SPDX-License-Identifier: MIT */
#include <endian.h>
#include <libpq-fe.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dataset.h"
#include "json.h"

#define COLUMNS "\"timestamp\", timestamp_ns, open, high, low, close, volume, source, quality, is_gap, latency_sec"
#define KEY "symbol, timeframe, \"timestamp\", timestamp_ns"
/* Microseconds from 1970 to 2000, where the server begins to count. */
#define EPOCH INT64_C(946684800000000)

static PGconn *connection;

static PGresult *expect(PGresult *result, ExecStatusType status) {
  if (PQresultStatus(result) != status) fail("%s", PQerrorMessage(connection));
  return result;
}

static void execute(const char *sql) { PQclear(expect(PQexec(connection, sql), PGRES_COMMAND_OK)); }

static void prepare(const char *name, const char *sql) {
  PQclear(expect(PQprepare(connection, name, sql, 0, NULL), PGRES_COMMAND_OK));
}

/* ---- Values in network order ------------------------------------------------------------------ */

static char *put16(char *out, int value) {
  const uint16_t swapped = htobe16((uint16_t)value);
  return (char *)memcpy(out, &swapped, 2) + 2;
}

static char *put32(char *out, int value) {
  const uint32_t swapped = htobe32((uint32_t)value);
  return (char *)memcpy(out, &swapped, 4) + 4;
}

static char *put64(char *out, int64_t value) {
  const uint64_t swapped = htobe64((uint64_t)value);
  return (char *)memcpy(out, &swapped, 8) + 8;
}

static int64_t bits(double value) {
  int64_t raw;
  memcpy(&raw, &value, 8);
  return raw;
}

static char *put_number(char *out, double value) {
  return isnan(value) ? put32(out, -1) : put64(put32(out, 8), bits(value));
}

static char *put_text(char *out, const char *text, int bytes) {
  return (char *)memcpy(put32(out, bytes), text, (size_t)bytes) + bytes;
}

static int64_t get64(const char *value) {
  uint64_t raw;
  memcpy(&raw, value, 8);
  return (int64_t)be64toh(raw);
}

static double get_number(const PGresult *result, int row, int column) {
  if (PQgetisnull(result, row, column)) return NAN;
  const int64_t raw = get64(PQgetvalue(result, row, column));
  double value;
  memcpy(&value, &raw, 8);
  return value;
}

static int64_t get_time(const PGresult *result, int row) {
  uint16_t rest;
  memcpy(&rest, PQgetvalue(result, row, 1), 2);
  return (get64(PQgetvalue(result, row, 0)) + EPOCH) * 1000 + be16toh(rest);
}

/* ---- Writing in bulk ---------------------------------------------------------------------------- */

#define PIECE 65536

static void make_upsert(int features) {
  char sql[4096];
  const char *more = features ? ", features" : "";
  execute("CREATE TEMPORARY TABLE batch (LIKE market_data) ON COMMIT DELETE ROWS");
  snprintf(
      sql, sizeof sql,
      "INSERT INTO market_data (symbol, timeframe, " COLUMNS "%s) SELECT symbol, timeframe, " COLUMNS "%s FROM batch"
      " ON CONFLICT (" KEY ") DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,"
      " close = excluded.close, volume = excluded.volume, source = excluded.source, quality = excluded.quality,"
      " is_gap = excluded.is_gap, latency_sec = excluded.latency_sec%s",
      more, more, features ? ", features = excluded.features" : "");
  prepare("upsert", sql);
}

static char *put_row(char *out, const dataset *data, const char *symbol, int64_t row, int64_t cell) {
  static char packed[PACKED_BYTES];
  const char *source = SOURCES[data->source[cell]], *quality = QUALITIES[data->quality[cell]];
  out = put16(out, data->features ? 14 : 13);
  out = put_text(out, symbol, (int)strlen(symbol));
  out = put_text(out, TIMEFRAME, (int)strlen(TIMEFRAME));
  out = put64(put32(out, 8), data->timestamps[row] / 1000 - EPOCH);
  out = put16(put32(out, 2), (int)(data->timestamps[row] % 1000));
  out = put_number(out, data->open[cell]);
  out = put_number(out, data->high[cell]);
  out = put_number(out, data->low[cell]);
  out = put_number(out, data->close[cell]);
  out = put_number(out, data->volume[cell]);
  out = put_text(out, source, (int)strlen(source));
  out = put_text(out, quality, (int)strlen(quality));
  out = put32(out, 1);
  *out++ = (char)data->is_gap[cell];
  out = put_number(out, data->latency[cell]);
  if (data->features) out = put_text(out, packed, features_pack(data, cell, packed));
  return out;
}

static void send_piece(const char *piece, char *end) {
  if (PQputCopyData(connection, piece, (int)(end - piece)) != 1) fail("%s", PQerrorMessage(connection));
}

/* One message: the rows, and the statement over them; one transaction without a BEGIN. */
static void write_series(const dataset *data, int series) {
  static char piece[PIECE + 4096 + PACKED_BYTES];
  char symbol[NAME_BYTES], sql[512];
  symbol_name(series, symbol);
  snprintf(sql, sizeof sql,
           "COPY batch (symbol, timeframe, " COLUMNS "%s) FROM STDIN (FORMAT binary); EXECUTE upsert",
           data->features ? ", features" : "");
  if (!PQsendQuery(connection, sql)) fail("%s", PQerrorMessage(connection));
  PQclear(expect(PQgetResult(connection), PGRES_COPY_IN));
  char *end = piece;
  memcpy(end, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  end += 19;
  for (int64_t row = 0; row < data->rows; ++row) {
    end = put_row(end, data, symbol, row, series * data->rows + row);
    if (end - piece >= PIECE) send_piece(piece, end), end = piece;
  }
  send_piece(piece, put16(end, -1));
  if (PQputCopyEnd(connection, NULL) != 1) fail("%s", PQerrorMessage(connection));
  PGresult *result;
  while ((result = PQgetResult(connection))) PQclear(expect(result, PGRES_COMMAND_OK));
}

static void op_write(const dataset *data) {
  make_upsert(data->features);
  const double began = seconds_now();
  for (int series = 0; series < data->series; ++series) write_series(data, series);
  printf("{\"seconds\": %.9f}\n", seconds_now() - began);
}

/* ---- Reading in bulk ---------------------------------------------------------------------------- */

/* A series' columns, as a caller may keep them. */
typedef struct {
  int64_t *timestamps;
  double *values[6]; /* open, high, low, close, volume, latency_sec */
  uint8_t *is_gap;
  int32_t *source, *quality;
} columns;

static int32_t code_of(const char *text, const char *const *words) {
  return strcmp(text, words[0]) == 0 ? 0 : strcmp(text, words[1]) == 0 ? 1 : (fail("'%s' is unknown", text), -1);
}

static int64_t read_series(const char *symbol, columns *out) {
  const char *values[] = {symbol, TIMEFRAME};
  const int lengths[] = {(int)strlen(symbol), (int)strlen(TIMEFRAME)}, formats[] = {1, 1};
  if (!PQsendQueryPrepared(connection, "bars", 2, values, lengths, formats, 1) || !PQsetSingleRowMode(connection))
    fail("%s", PQerrorMessage(connection));
  int64_t row = 0;
  PGresult *result;
  while ((result = PQgetResult(connection))) {
    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
      out->timestamps[row] = get_time(result, 0);
      for (int index = 0; index < 5; ++index) out->values[index][row] = get_number(result, 0, 2 + index);
      out->source[row] = code_of(PQgetvalue(result, 0, 7), SOURCES);
      out->quality[row] = code_of(PQgetvalue(result, 0, 8), QUALITIES);
      out->is_gap[row] = (uint8_t)*PQgetvalue(result, 0, 9);
      out->values[5][row] = get_number(result, 0, 10);
      ++row;
    } else {
      expect(result, PGRES_TUPLES_OK);
    }
    PQclear(result);
  }
  return row;
}

static void check(const dataset *data, int series, const columns *read, int64_t rows) {
  if (rows != data->rows) fail("%lld rows instead of %lld", (long long)rows, (long long)data->rows);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t cell = series * data->rows + row;
    const double expected[] = {data->open[cell],  data->high[cell],   data->low[cell],
                               data->close[cell], data->volume[cell], data->latency[cell]};
    for (int index = 0; index < 6; ++index)
      if (!same(read->values[index][row], expected[index])) fail("row %lld differs", (long long)row);
    if (read->timestamps[row] != data->timestamps[row] || read->is_gap[row] != data->is_gap[cell] ||
        read->source[row] != data->source[cell] || read->quality[row] != data->quality[cell])
      fail("row %lld differs", (long long)row);
  }
}

static void op_read(const dataset *data) {
  prepare("bars", "SELECT " COLUMNS " FROM market_data WHERE symbol = $1 AND timeframe = $2"
                  " ORDER BY \"timestamp\", timestamp_ns");
  columns read = {.timestamps = allocate(data->rows * 8), .is_gap = allocate(data->rows)};
  for (int index = 0; index < 6; ++index) read.values[index] = allocate(data->rows * 8);
  read.source = allocate(data->rows * 4);
  read.quality = allocate(data->rows * 4);
  double seconds = 0;
  for (int series = 0; series < data->series; ++series) {
    char symbol[NAME_BYTES];
    symbol_name(series, symbol);
    const double began = seconds_now();
    const int64_t rows = read_series(symbol, &read);
    seconds += seconds_now() - began;
    check(data, series, &read, rows);
  }
  printf("{\"seconds\": %.9f}\n", seconds);
}

/* ---- One bar at a time ---------------------------------------------------------------------------- */

static void write_bar(const dataset *data, const char *symbol, int64_t row, int64_t cell) {
  char room[9][8];
  put64(room[0], data->timestamps[row] / 1000 - EPOCH);
  put16(room[1], (int)(data->timestamps[row] % 1000));
  const double numbers[] = {data->open[cell],  data->high[cell],   data->low[cell],
                            data->close[cell], data->volume[cell], data->latency[cell]};
  for (int index = 0; index < 6; ++index) put64(room[2 + index], bits(numbers[index]));
  room[8][0] = (char)data->is_gap[cell];
  const char *source = SOURCES[data->source[cell]], *quality = QUALITIES[data->quality[cell]];
  const char *values[] = {symbol,  TIMEFRAME, room[0], room[1], room[2], room[3], room[4],
                          room[5], room[6],   source,  quality, room[8], room[7]};
  int lengths[13] = {(int)strlen(symbol), (int)strlen(TIMEFRAME), 8, 2, 8, 8, 8, 8, 8, 0, 0, 1, 8}, formats[13];
  lengths[9] = (int)strlen(source);
  lengths[10] = (int)strlen(quality);
  for (int index = 0; index < 13; ++index) formats[index] = 1;
  for (int index = 0; index < 5; ++index)
    if (isnan(numbers[index])) values[4 + index] = NULL;
  if (isnan(numbers[5])) values[12] = NULL;
  PQclear(expect(PQexecPrepared(connection, "bar", 13, values, lengths, formats, 1), PGRES_COMMAND_OK));
}

static void op_write_bar(const dataset *data) {
  prepare("bar", "INSERT INTO market_data (symbol, timeframe, " COLUMNS ")"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (" KEY ") DO UPDATE SET"
                 " open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,"
                 " volume = excluded.volume, source = excluded.source, quality = excluded.quality,"
                 " is_gap = excluded.is_gap, latency_sec = excluded.latency_sec");
  int64_t call = 0;
  for (int calls; scanf("%d", &calls) == 1;) {
    for (int left = calls; left > 0; --left, ++call) {
      const int series = (int)(call % data->series);
      const int64_t row = call / data->series;
      if (row >= data->rows) fail("there are no more rows");
      char symbol[NAME_BYTES];
      symbol_name(series, symbol);
      const double began = seconds_now();
      write_bar(data, symbol, row, series * data->rows + row);
      printf("%.9f ", seconds_now() - began);
    }
    printf("\n");
    fflush(stdout);
  }
}

static void op_latest_bar(const dataset *data) {
  prepare("latest", "SELECT " COLUMNS ", features FROM market_data WHERE symbol = $1 AND timeframe = $2"
                    " ORDER BY \"timestamp\" DESC, timestamp_ns DESC LIMIT 1");
  int64_t call = 0;
  for (int calls; scanf("%d", &calls) == 1;) {
    for (int left = calls; left > 0; --left, ++call) {
      const int series = (int)(call % data->series);
      char symbol[NAME_BYTES];
      symbol_name(series, symbol);
      const char *values[] = {symbol, TIMEFRAME};
      const int lengths[] = {(int)strlen(symbol), (int)strlen(TIMEFRAME)}, formats[] = {1, 1};
      const double began = seconds_now();
      PGresult *result =
          expect(PQexecPrepared(connection, "latest", 2, values, lengths, formats, 1), PGRES_TUPLES_OK);
      const int64_t time = get_time(result, 0);
      const double close = get_number(result, 0, 5);
      printf("%.9f ", seconds_now() - began);
      const int64_t cell = series * data->rows + data->rows - 1;
      if (time != data->timestamps[data->rows - 1] || !same(close, data->close[cell])) fail("%s differs", symbol);
      PQclear(result);
    }
    printf("\n");
    fflush(stdout);
  }
}

int main(int count, char **arguments) {
  if (count != 4) fail("usage: postgresql OPERATION CONNINFO FOLDER");
  connection = PQconnectdb(arguments[2]);
  if (PQstatus(connection) != CONNECTION_OK) fail("%s", PQerrorMessage(connection));
  const dataset data = dataset_load(arguments[3]);
  const char *operation = arguments[1];
  if (strcmp(operation, "write") == 0) op_write(&data);
  else if (strcmp(operation, "read") == 0) op_read(&data);
  else if (strcmp(operation, "write_bar") == 0) op_write_bar(&data);
  else if (strcmp(operation, "latest_bar") == 0) op_latest_bar(&data);
  else fail("unknown operation '%s'", operation);
  PQfinish(connection);
}
