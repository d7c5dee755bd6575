/* arrow_producer.c: a producer of Arrow streams that counts what is released.
 * SPDX-License-Identifier: MIT
 */
#include "arrow_producer.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* ---- Schemas ---- */

static void release_schema(struct ArrowSchema *schema) {
  producer *from = schema->private_data;
  CHECK(schema->release != NULL);
  from->schemas_released++;
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    free(schema->children[i]);
  }
  free(schema->children);
  if (schema->dictionary) {
    if (schema->dictionary->release) schema->dictionary->release(schema->dictionary);
    free(schema->dictionary);
  }
  if (!from->never_marks) schema->release = NULL;
}

static void make_schema(producer *from, struct ArrowSchema *out, const char *name, const char *format,
                        const column *children, int64_t child_count, const column *dictionary) {
  memset(out, 0, sizeof *out);
  from->schemas_made++;
  out->format = format;
  out->name = name;
  out->flags = ARROW_FLAG_NULLABLE;
  out->n_children = child_count;
  out->release = release_schema;
  out->private_data = from;
  if (child_count > 0) out->children = calloc((size_t)child_count, sizeof *out->children);
  for (int64_t i = 0; i < child_count; i++) {
    const column *child = &children[i];
    out->children[i] = calloc(1, sizeof **out->children);
    make_schema(from, out->children[i], child->name, child->format, child->children, child->child_count,
                child->dictionary);
  }
  if (dictionary) {
    out->dictionary = calloc(1, sizeof *out->dictionary);
    make_schema(from, out->dictionary, "", dictionary->format, NULL, 0, dictionary->dictionary);
  }
}

/* ---- Arrays ---- */

static void release_array(struct ArrowArray *array) {
  producer *from = array->private_data;
  CHECK(array->release != NULL);
  from->arrays_released++;
  for (int64_t i = 0; array->children && array->children[i]; i++) {
    if (array->children[i]->release) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  free(array->children);
  if (array->dictionary) {
    if (array->dictionary->release) array->dictionary->release(array->dictionary);
    free(array->dictionary);
  }
  free(array->buffers);
  if (!from->never_marks) array->release = NULL;
}

static int64_t buffers_of(const char *format) {
  if (format[0] == 'n') return 0;
  if (format[0] == '+') return 1;
  if (format[0] == 'u' || format[0] == 'U') return 3;
  if (strcmp(format, "vu") == 0) return 4;
  return 2;
}

static void make_array(producer *from, struct ArrowArray *out, const column *given, int64_t length) {
  memset(out, 0, sizeof *out);
  if (given->is_released) return;
  from->arrays_made++;
  out->length = given->length ? given->length : length;
  out->null_count = given->null_count;
  out->offset = given->offset;
  out->n_buffers = given->buffer_count ? given->buffer_count : buffers_of(given->format);
  out->buffers = calloc(COUNT_OF(given->buffers), sizeof *out->buffers);
  memcpy(out->buffers, given->buffers, sizeof given->buffers);
  out->release = release_array;
  out->private_data = from;
  if (given->child_count > 0) {
    out->n_children = given->child_count;
    out->children = calloc((size_t)given->child_count + 1, sizeof *out->children);
    for (int64_t i = 0; i < given->child_count; i++) {
      out->children[i] = calloc(1, sizeof **out->children);
      make_array(from, out->children[i], &given->children[i], out->length + out->offset);
    }
  }
  if (given->dictionary) {
    out->dictionary = calloc(1, sizeof *out->dictionary);
    make_array(from, out->dictionary, given->dictionary, given->dictionary->length);
  }
}

/* ---- Streams ---- */

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  producer *from = stream->private_data;
  if (from->schema_fails) return from->schema_fails;
  const column *columns = from->schema ? from->schema : from->chunks[0].columns;
  make_schema(from, out, "", from->format ? from->format : "+s", columns, from->column_count, NULL);
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  producer *from = stream->private_data;
  if (from->next_fails && from->next == from->fails_at) return from->next_fails;
  memset(out, 0, sizeof *out);
  if (from->store) CHECK_INT(count_bars(from->store, EURUSD), 0);
  if (from->next == from->chunk_count) return 0;
  const chunk *given = &from->chunks[from->next++];
  column batch = {.format = "+s", .children = given->columns, .child_count = from->column_count};
  batch.offset = given->offset;
  batch.buffers[0] = given->validity;
  make_array(from, out, &batch, given->length);
  if (from->child_count) out->n_children = from->child_count;
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  return ((producer *)stream->private_data)->message;
}

static void release_stream(struct ArrowArrayStream *stream) {
  producer *from = stream->private_data;
  CHECK(stream->release != NULL);
  from->streams_released++;
  if (!from->never_marks) stream->release = NULL;
}

struct ArrowArrayStream stream_of(producer *from) {
  struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, from};
  from->streams_made++;
  from->next = 0;
  return stream;
}

void check_all_released(const producer *from) {
  CHECK_INT(from->streams_released, from->streams_made);
  CHECK_INT(from->schemas_released, from->schemas_made);
  CHECK_INT(from->arrays_released, from->arrays_made);
}

const uint8_t *bits_of(const char *zeros_and_ones) {
  static uint8_t maps[32][32];
  static size_t turn;
  uint8_t *bits = memset(maps[turn++ % 32], 0, sizeof maps[0]);
  for (size_t i = 0; zeros_and_ones[i]; i++) {
    if (zeros_and_ones[i] == '1') bits[i / 8] |= (uint8_t)(1u << (i % 8));
  }
  return bits;
}
