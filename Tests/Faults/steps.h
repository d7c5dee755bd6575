/* steps.h: the calls that meet the faults, each with what it works on.
 * SPDX-License-Identifier: MIT
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data_store.h"

/* What lies on the disk when a step begins. */
typedef enum start {
  START_OPEN,   /* a small store, open */
  START_LARGE,  /* one with a thousand rows, open */
  START_WIDE,   /* one with rows and values that each fill several pages, open */
  START_FOREIGN, /* one with rows of other tools, open */
  START_ABSENT, /* nothing; the step opens the store */
  START_CLOSED, /* a small store; the step opens it */
  START_WAL,    /* the same with a WAL that a killed process left behind */
} start;

static inline bool starts_open(start start) { return start <= START_FOREIGN; }

typedef struct scene {
  const char *path;   /* of the store */
  const char *backup; /* where a backup goes */
  ds_store *store;    /* NULL until it is open */
  uint64_t seen;      /* a hash over all that the step was told */
} scene;

typedef struct step {
  const char *name;              /* also its symbol and its state key */
  int32_t (*call)(scene *scene); /* the first failure, if any */
  start start;
} step;

extern const step steps[];
extern const size_t step_count;

#endif
