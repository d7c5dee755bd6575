/* Doubles as their shortest text, and back. In C++, which has both in <charconv>.
 * SPDX-License-Identifier: MIT */
#ifndef NUMBERS_H
#define NUMBERS_H

#ifdef __cplusplus
extern "C" {
#endif

#define NUMBER_BYTES 32

/* Gives the end of what was written, without a NUL. `value` is finite. */
char *number_print(char *out, double value);

/* Gives the end of the number, NULL where there is none. */
const char *number_parse(const char *text, const char *end, double *out);

#ifdef __cplusplus
}
#endif

#endif
