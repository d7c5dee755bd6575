/* Input.h: arguments for the functions of data_store.h, made from an input's bytes.
 * SPDX-License-Identifier: MIT
 */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "data_store.h"

typedef struct loan loan;

typedef struct input {
  const uint8_t *next, *end;
  loan *loans; /* memory that is given back with the input */
} input;

/* The next byte; 0 if none is left, likewise below. */
uint8_t take_byte(input *in);

/* Memory of this size to the byte, zeroed, until give_back(). */
void *borrow(input *in, size_t size);
void give_back(input *in);

/* 0 or 1, and now and then neither. */
int32_t take_flag(input *in);
/* Small numbers, the ends of the range, times near the bars' ones. */
int64_t take_integer(input *in);
double take_double(input *in);

/* `out`, now and then NULL. */
void *take_place(input *in, void *out);

/* Texts, each of which may be NULL, empty, not UTF-8, or anything that the input says. */
const char *take_name(input *in);
const char *take_json(input *in);
const char *take_query(input *in);

/* Up to four names; `count` tells how many, or is negative. NULL now and then. */
const char **take_texts(input *in, int32_t *count);

/* A text column over `rows` rows, its codes and its counts of any kind. */
ds_text_column *take_text_column(input *in, int64_t rows);

/* Structs, each of which may be NULL, and whose struct_size may be any: what it claims is there. */
ds_bar_batch *take_batch(input *in);
ds_bar *take_bar(input *in);
ds_range *take_range(input *in);
ds_read_options *take_read_options(input *in);
ds_request *take_request(input *in);
ds_open_options *take_open_options(input *in);
ds_info *take_info(input *in);
ds_checkpoint_result *take_checkpoint_result(input *in);
ds_error_detail *take_error_detail(input *in);
ds_sql_parameter *take_parameters(input *in, int32_t *count);

#endif
