// SPDX-License-Identifier: MIT
// Times by the dozen, as they stand in the entries of an index.
#ifndef CNUMBERS_TIMES_H
#define CNUMBERS_TIMES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A page of an index, of which `size` bytes count. The offsets of its `cells` entries, two bytes each, begin at `pointers`;
/// an entry begins `skipped` bytes behind its offset. See https://sqlite.org/fileformat2.html, "B-tree Pages".
typedef struct {
  const uint8_t *_Nonnull bytes;
  size_t size;
  size_t pointers;
  size_t cells;
  size_t skipped;
} cnumbers_index_page;

/// How many entries from cell `first` on, before cell `end`, are two texts, a time as the store writes whole seconds
/// ("2026-03-01T15:00:00+00:00"), and a rowid. It stops at the first that is anything else, or that it does not know: one
/// of a year at the ends of what int64 nanoseconds hold, one whose header is longer than usual. `end` is at most `cells`.
size_t cnumbers_count_plain_times(const cnumbers_index_page *_Nonnull page, size_t first, size_t end);

#ifdef __cplusplus
}
#endif

#endif
