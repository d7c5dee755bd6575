/* json.c: a small reader of the JSON that the cases are written in.
 * SPDX-License-Identifier: MIT
 */
#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocated(void *block, size_t size) {
  void *result = realloc(block, size ? size : 1);
  if (result != NULL) return result;
  perror("realloc");
  exit(2);
}

/* ---- Making ----------------------------------------------------------------------------------- */

json *json_new(json_kind kind) {
  json *node = allocated(NULL, sizeof *node);
  memset(node, 0, sizeof *node);
  node->kind = kind;
  return node;
}

json *json_integer(int64_t integer) {
  json *node = json_new(JSON_NUMBER);
  node->is_integer = true;
  node->integer = integer;
  node->number = (double)integer;
  return node;
}

json *json_number(double number) {
  json *node = json_new(isnan(number) ? JSON_NULL : JSON_NUMBER);
  node->number = number;
  return node;
}

json *json_text(const char *text) {
  json *node = json_new(text ? JSON_TEXT : JSON_NULL);
  node->text = text ? strdup(text) : NULL;
  return node;
}

json *json_bool(bool truth) { return json_new(truth ? JSON_TRUE : JSON_FALSE); }

json *json_time(int64_t time) {
  json *node = json_new(time == INT64_MIN ? JSON_NULL : JSON_TIME);
  node->integer = time;
  return node;
}

json *json_add(json *list, const char *name, json *item) {
  list->items = allocated(list->items, (list->count + 1) * sizeof *list->items);
  list->names = allocated(list->names, (list->count + 1) * sizeof *list->names);
  list->items[list->count] = item;
  list->names[list->count++] = name;
  return item;
}

/* ---- Members ---------------------------------------------------------------------------------- */

json *json_get(json *object, const char *name) {
  for (size_t i = 0; object != NULL && object->kind == JSON_OBJECT && i < object->count; i++) {
    if (strcmp(object->names[i], name) != 0) continue;
    object->items[i]->is_used = true;
    return object->items[i];
  }
  return NULL;
}

json *json_given(json *object, const char *name) {
  json *member = json_get(object, name);
  return member == NULL || member->kind == JSON_NULL ? NULL : member;
}

const char *json_unused(const json *object) {
  for (size_t i = 0; object != NULL && object->kind == JSON_OBJECT && i < object->count; i++) {
    if (!object->items[i]->is_used) return object->names[i];
  }
  return NULL;
}

static json *repeated(const json *list) {
  const char *part = list->items[0]->text;
  size_t length = strlen(part), count = (size_t)list->items[1]->integer;
  char *text = allocated(NULL, length * count + 1);
  for (size_t i = 0; i < count; i++) memcpy(text + i * length, part, length);
  text[length * count] = '\0';
  json *node = json_text(text);
  free(text);
  return node;
}

json *json_filled(const json *node, const json *row) {
  const char *text = node->text;
  if (node->kind == JSON_TEXT && text[0] == '$' && isdigit((unsigned char)text[1]) && !text[2]) {
    size_t place = (size_t)(text[1] - '0');
    if (row == NULL || place >= row->count) {
      fprintf(stderr, "a case's row has no %s\n", text);
      exit(2);
    }
    return json_filled(row->items[place], row);
  }
  if (node->kind == JSON_OBJECT && node->count == 1 && strcmp(node->names[0], "$repeat") == 0) {
    return repeated(node->items[0]);
  }
  json *copy = json_new(node->kind);
  *copy = *node;
  copy->is_used = false;
  copy->count = 0;
  copy->items = NULL;
  copy->names = NULL;
  for (size_t i = 0; i < node->count; i++) {
    json_add(copy, node->names[i], json_filled(node->items[i], row));
  }
  return copy;
}

/* ---- Reading ---------------------------------------------------------------------------------- */

static json *value(const char **at);

static void skip_space(const char **at) { *at += strspn(*at, " \t\r\n"); }

static bool skip(const char **at, const char *word) {
  size_t length = strlen(word);
  if (strncmp(*at, word, length) != 0) return false;
  *at += length;
  return true;
}

static char *append_scalar(char *end, unsigned scalar) {
  if (scalar < 0x80) {
    *end++ = (char)scalar;
  } else if (scalar < 0x800) {
    *end++ = (char)(0xc0 | scalar >> 6);
    *end++ = (char)(0x80 | (scalar & 0x3f));
  } else {
    *end++ = (char)(0xe0 | scalar >> 12);
    *end++ = (char)(0x80 | (scalar >> 6 & 0x3f));
    *end++ = (char)(0x80 | (scalar & 0x3f));
  }
  return end;
}

/* The characters of a text; NULL if it is broken. The cases escape nothing beyond U+FFFF. */
static char *string(const char **at) {
  if (!skip(at, "\"")) return NULL;
  char *text = allocated(NULL, strlen(*at) + 1), *end = text;
  while (**at != '"') {
    if (**at == '\0') return NULL;
    if (**at != '\\') {
      *end++ = *(*at)++;
      continue;
    }
    char escape = (*at)[1];
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned scalar = 0;
    const char *known = escape ? strchr(from, escape) : NULL;
    if (known != NULL) {
      *end++ = to[known - from];
      *at += 2;
    } else if (escape == 'u' && sscanf(*at + 2, "%4x", &scalar) == 1 && scalar != 0 &&
               (scalar & 0xf800) != 0xd800) {
      end = append_scalar(end, scalar);
      *at += 6;
    } else {
      return NULL;
    }
  }
  *at += 1;
  *end = '\0';
  return text;
}

static json *number(const char **at) {
  char *end;
  json *node = json_new(JSON_NUMBER);
  node->number = strtod(*at, &end);
  if (end == *at) return NULL;
  errno = 0;
  char *integer_end;
  node->integer = strtoll(*at, &integer_end, 10);
  node->is_integer = integer_end == end && errno == 0;
  *at = end;
  return node;
}

/* Members or elements up to the closing bracket. */
static json *members(const char **at, json_kind kind, const char *closing) {
  json *node = json_new(kind);
  skip_space(at);
  if (skip(at, closing)) return node;
  do {
    const char *name = NULL;
    skip_space(at);
    if (kind == JSON_OBJECT) {
      name = string(at);
      skip_space(at);
      if (name == NULL || !skip(at, ":")) return NULL;
    }
    json *item = value(at);
    if (item == NULL) return NULL;
    json_add(node, name, item);
    skip_space(at);
  } while (skip(at, ","));
  return skip(at, closing) ? node : NULL;
}

static json *value(const char **at) {
  skip_space(at);
  if (skip(at, "null")) return json_new(JSON_NULL);
  if (skip(at, "true")) return json_bool(true);
  if (skip(at, "false")) return json_bool(false);
  if (skip(at, "[")) return members(at, JSON_LIST, "]");
  if (skip(at, "{")) return members(at, JSON_OBJECT, "}");
  if (**at != '"') return number(at);
  json *node = json_new(JSON_TEXT);
  node->text = string(at);
  return node->text ? node : NULL;
}

json *json_read(const char *text) {
  json *node = value(&text);
  skip_space(&text);
  return *text == '\0' ? node : NULL;
}
