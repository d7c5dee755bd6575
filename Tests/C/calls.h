/* calls.h: every function that takes a store, called with sound arguments.
 * SPDX-License-Identifier: MIT
 *
 * For the promises that hold of them all: closed, forked, moved, NULL, in many threads.
 */
#ifndef CALLS_H
#define CALLS_H

#include "check.h"

typedef struct store_call {
  const char *name;
  /* Makes the call. Where it fails, checks that no result was written; else frees it. */
  int32_t (*run)(ds_store *store);
  bool writes; /* needs the write lock */
} store_call;

/* All but ds_store_open, _close, _free and _path, and the transaction's three. */
extern const store_call store_calls[];
extern const size_t store_call_count;

/* Makes all of these calls and the transaction's three; each must fail with `status`. */
void check_all_calls_fail(ds_store *store, int32_t status);

#endif
