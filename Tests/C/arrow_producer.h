/* arrow_producer.h: a producer of Arrow streams that counts what is released, and may break the rules.
 * SPDX-License-Identifier: MIT
 */
#ifndef ARROW_PRODUCER_H
#define ARROW_PRODUCER_H

#include "check.h"

typedef struct column column;

/* One column of one chunk. What is 0 is what most columns have. */
struct column {
  const char *name;
  const char *format;
  const void *buffers[5]; /* the validity bitmap first; nothing of them is copied */
  int64_t buffer_count;   /* 0: as many as the format needs */
  int64_t offset;
  int64_t length; /* 0: that of the chunk, with its offset */
  int64_t null_count;
  const column *dictionary; /* `format` is then that of the indices */
  const column *children;
  int64_t child_count;
  bool is_released; /* arrives as if it had been moved out */
};

/* Rows of a stream. */
typedef struct chunk {
  int64_t length;
  int64_t offset;
  const column *columns;
  const void *validity;
} chunk;

/* Makes streams. Those of one producer add up in its counts. */
typedef struct producer {
  const chunk *chunks;
  size_t chunk_count;
  int64_t column_count;
  const column *schema;   /* NULL: the columns of the first chunk */
  const char *format;     /* of the schema; NULL: "+s" */
  int schema_fails;       /* an errno */
  int next_fails;         /* an errno, instead of chunk `fails_at` */
  size_t fails_at;
  const char *message;    /* what get_last_error says */
  int64_t child_count;    /* of the arrays; 0: column_count */
  bool never_marks;       /* its release callbacks forget to mark what they release */
  ds_store *store;        /* reads and writes here while it is asked for arrays */

  int streams_made, streams_released;
  int schemas_made, schemas_released;
  int arrays_made, arrays_released;
  size_t next;
} producer;

/* A stream of all chunks of the producer, which outlives it. */
struct ArrowArrayStream stream_of(producer *from);

/* Whether each stream, each schema and each array that was made was released, once. */
void check_all_released(const producer *from);

/* Fills a bitmap of `count` bits, the lowest first, from zeros and ones. */
const uint8_t *bits_of(const char *zeros_and_ones);

#endif
