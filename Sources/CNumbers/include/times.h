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

/// The two texts of a series.
typedef struct {
  const uint8_t *_Nonnull symbol;
  size_t symbol_bytes;
  const uint8_t *_Nonnull timeframe;
  size_t timeframe_bytes;
} cnumbers_series_names;

/// The same, but it stops at the first entry with other texts, too.
size_t cnumbers_count_times_of_series(const cnumbers_index_page *_Nonnull page, const cnumbers_series_names *_Nonnull names,
                                      size_t first, size_t end);

/// A place in an index over two texts and a time: before or behind an entry.
typedef struct {
  const uint8_t *_Nonnull key;  // texts and time, one behind the other
  size_t bytes;                 // of the key
  size_t names;                 // bytes of the two texts
  uint64_t first;               // the first eight bytes as a big-endian number, or fewer, with zeros behind them
  uint32_t beginning;           // what an entry with texts of these lengths begins with, but for its first byte: little-endian
  // Above 0 where the place is behind an entry of the same key, and behind one that begins with the key.
  int32_t if_same, if_longer;
} cnumbers_index_place;

#define CNUMBERS_UNCLEAR ((size_t)-1)

/// The first cell in [low, high] that is behind a place. CNUMBERS_UNCLEAR where it comes upon an entry that is not like those
/// of `cnumbers_count_plain_times` with texts as long as the key's.
size_t cnumbers_find_place(const cnumbers_index_page *_Nonnull page, const cnumbers_index_place *_Nonnull place, size_t low,
                           size_t high);

/// The first cell of a page of a table whose number is not below `rowid`, or `cells`. `is_leaf`: an entry begins with its
/// length. CNUMBERS_UNCLEAR where an entry reaches beyond the page.
size_t cnumbers_find_row(const cnumbers_index_page *_Nonnull page, int64_t rowid, int32_t is_leaf);

/// The first cell of a page of an index over one text whose text is not below `key` by its bytes, or `cells`. CNUMBERS_UNCLEAR
/// where it comes upon an entry that is something else, or is longer than 127 bytes.
size_t cnumbers_find_key(const cnumbers_index_page *_Nonnull page, const uint8_t *_Nonnull key, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
