// SPDX-License-Identifier: MIT
// Doubles to shortest text and back, by the C++ standard library (<charconv>): bit-exact both
// ways, no locale, no allocation. And the powers of ten for exact methods of our own; times, a page at a time; JSON at a glance.
#ifndef CNUMBERS_H
#define CNUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "digits.h"
#include "json.h"
#include "prefetch.h"
#include "times.h"

// Of the table alone Swift has to know that it is never NULL.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

#ifdef __cplusplus
extern "C" {
#endif

/// Enough for any double in scientific form: sign, 17 digits, point, "e-308".
#define CNUMBERS_SCIENTIFIC_BYTES 32
/// Enough for any finite double written out as an integer: sign, 309 digits.
#define CNUMBERS_FIXED_BYTES 320

/// Writes the shortest text in scientific form ("1.5e+02") that reads back to `value`; returns its
/// length. The reference that the tests hold the store's own printing against. `value` is finite; `out` has
/// CNUMBERS_SCIENTIFIC_BYTES bytes.
size_t cnumbers_print_scientific(double value, char *out);

/// Writes a whole `value` digit by digit ("100000000000000000000"); returns the length. `out` has
/// CNUMBERS_FIXED_BYTES bytes.
size_t cnumbers_print_whole(double value, char *out);

/// Reads the JSON number in [first, last). Returns 1 and the nearest double; 0 if it is beyond the
/// range of a double. What is too small for one is a zero.
int cnumbers_parse(const char *first, const char *last, double *out);

/// Whether one of `count` doubles is NaN.
int32_t cnumbers_has_nan(const double *values, size_t count);

/// Writes a bit per double, the lowest first: 0 for NaN. Returns how many are NaN. `bits` has a byte for eight, or fewer.
size_t cnumbers_write_validity(const double *values, size_t count, uint8_t *bits);

/// The powers of ten in the table.
#define CNUMBERS_SMALLEST_POWER (-343)
#define CNUMBERS_LARGEST_POWER 325

/// The leading 128 bits of each power of ten that doubles meet: those of 10^k are at 2k (the higher 64) and 2k + 1, for k
/// from CNUMBERS_SMALLEST_POWER to CNUMBERS_LARGEST_POWER.
extern const uint64_t *_Nonnull const cnumbers_powers_of_ten;

#ifdef __cplusplus
}
#endif

#pragma clang diagnostic pop

#endif
