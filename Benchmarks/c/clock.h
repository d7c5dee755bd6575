/* Time that passes, and the middle of many such times.
 * SPDX-License-Identifier: MIT */
#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>

double seconds_now(void);

/* Sorts `values` in place. */
double median(double *values, size_t count);

#endif
