/* furniture.h: what lies in the store when a step begins.
 * SPDX-License-Identifier: MIT
 */
#ifndef FURNITURE_H
#define FURNITURE_H

#include <stdbool.h>

#include "steps.h"

/* Writes what the step works on, and little else: each run reads all of it several times. */
int32_t furnish(ds_store *store, const step *step);

/* Whether two steps begin with the same. */
bool share_furniture(const step *one, const step *other);

/* Rows as other tools write them: the same hours in forms that do not sort by time. */
bool add_foreign_rows(const char *path);

#endif
