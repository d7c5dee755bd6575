/* json.h: a small reader of the JSON that the cases are written in.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is freed before the process ends: a test's process is short.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum json_kind {
  JSON_NULL,
  JSON_FALSE,
  JSON_TRUE,
  JSON_NUMBER,
  JSON_TEXT,
  JSON_LIST,
  JSON_OBJECT,
  JSON_TIME, /* made by the tests only: nanoseconds, which an expected text may spell */
} json_kind;

typedef struct json json;
struct json {
  json_kind kind;
  bool is_integer; /* a number without a fraction or an exponent that int64_t holds */
  bool is_used;    /* somebody asked for this member */
  int64_t integer;
  double number;
  const char *text;
  size_t count;
  const char **names; /* of an object's members */
  json **items;       /* of a list or an object */
};

/* The value that `text` holds, or NULL if it is not JSON. */
json *json_read(const char *text);

/* A copy of `node` with row->items[n] for each text "$n", and {"$repeat": [text, n]} spelt out. */
json *json_filled(const json *node, const json *row);

/* The member of an object, marked as used; NULL if it is absent or `object` is NULL. */
json *json_get(json *object, const char *name);
/* The same, NULL also where it is null. */
json *json_given(json *object, const char *name);
/* The first member that nobody asked for, or NULL. */
const char *json_unused(const json *object);

/* ---- Making ---- */

json *json_new(json_kind kind);
json *json_integer(int64_t integer);
json *json_number(double number); /* NaN: null */
json *json_text(const char *text); /* NULL: null */
json *json_bool(bool truth);
json *json_time(int64_t time); /* DS_NO_TIME: null */
/* Appends to a list, or to an object under a name. Returns `item`. */
json *json_add(json *list, const char *name, json *item);

#endif
