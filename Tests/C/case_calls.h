/* case_calls.h: the calls that a case can make, by the names that Tests/Cases/README.md lists.
 * SPDX-License-Identifier: MIT
 */
#ifndef CASE_CALLS_H
#define CASE_CALLS_H

#include "data_store.h"
#include "json.h"

typedef struct case_call {
  const char *name;
  /* Makes the call with the arguments of `with`, which may be NULL; `out` is its result, or NULL. */
  int32_t (*run)(ds_store *store, json *with, json **out);
} case_call;

/* The call of that name, or NULL. */
const case_call *case_call_of(const char *name);

/* An instant of a case: nanoseconds, text with an offset, or null. */
int64_t case_time(const json *time);
/* A number of a case, which "inf", "-inf" and "-0" are, too; null is NaN. */
double case_number(const json *number);

#endif
