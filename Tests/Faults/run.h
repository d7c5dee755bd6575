/* run.h: one step that meets one fault, and what is expected of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RUN_H
#define RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "faults.h"
#include "steps.h"

#define MOST_FAULTS 32

/* What the workers count together, in memory that they share. */
typedef struct tally {
  atomic_uint complaints;
  atomic_uint runs;                /* that met their fault */
  atomic_uint failed[MOST_FAULTS]; /* operations, by kind */
} tally;

/* What a step leaves, and tells, where nothing fails. */
typedef struct reference {
  uint64_t before, after, seen;
  bool makes_backup;
} reference;

/* Before all else: where the runs of this process count, and what happens when one of them crashes or hangs. */
void begin_runs(tally *shared);

reference refer(const step *step);

/* The n-th operation of this kind fails. Returns whether there was one. */
bool run(const step *step, const reference *reference, int kind, int n, bool for_good);

/* How many operations of this kind a step has where nothing fails. */
int operations(const step *step, int kind);

#endif
