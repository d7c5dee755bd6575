/* mutate.c: bytes, pages and lengths that no sound file has.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "mutated.h"

static size_t page_size(file_bytes file) {
  if (file.size < 100) return 512;
  size_t size = (size_t)file.bytes[16] << 8 | file.bytes[17];
  return size >= 512 && (size & (size - 1)) == 0 ? size : 65536;
}

/* Any byte, those at the ends of ranges more often. */
static unsigned char odd_byte(dice *dice) {
  static const unsigned char ends[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  return below(dice, 2) ? ends[below(dice, sizeof ends)] : (unsigned char)roll(dice);
}

static void spoil(dice *dice, file_bytes *file, size_t start, size_t length, size_t most) {
  if (start >= file->size) return;
  if (length > file->size - start) length = file->size - start;
  for (size_t i = 1 + below(dice, most); i > 0; i--)
    file->bytes[start + below(dice, length)] = odd_byte(dice);
}

static void spoil_page_header(dice *dice, file_bytes *file, size_t page) {
  size_t start = below(dice, file->size / page + 1) * page;
  /* Type, free block, cell count, start of the cells, right child, then the pointers to the cells. */
  spoil(dice, file, start == 0 ? 100 : start, below(dice, 2) ? 12 : 40, 4);
}

static void swap_pages(dice *dice, file_bytes *file, size_t page) {
  size_t pages = file->size / page;
  if (pages < 2) return;
  unsigned char *one = file->bytes + below(dice, pages) * page;
  unsigned char *other = file->bytes + below(dice, pages) * page;
  for (size_t i = 0; i < page; i++) {
    unsigned char kept = one[i];
    one[i] = other[i];
    other[i] = kept;
  }
}

static void overwrite(dice *dice, file_bytes *file, const file_bytes *with, size_t unit) {
  if (file->size == 0 || with->size == 0) return;
  size_t from = below(dice, with->size / unit + 1) * unit, to = below(dice, file->size / unit + 1) * unit;
  size_t length = unit * (1 + below(dice, 3));
  if (from >= with->size || to >= file->size) return;
  if (length > with->size - from) length = with->size - from;
  if (length > file->size - to) length = file->size - to;
  memmove(file->bytes + to, with->bytes + from, length);
}

/* A word of the schema becomes another. */
static void spoil_schema_text(dice *dice, file_bytes *file) {
  static const char *const words[][2] = {{"market_data", "market_dat\xff"}, {"TEXT", "BLOB"}, {"PRIMARY", "UNIQUE "},
                                         {"NOT NULL", "        "},         {"REAL", "TEXT"}, {"DEFAULT 0", "AS (7+8) "},
                                         {"system_state", "market_data\0"}, {"CREATE TABLE", "CREATE VIEW "},
                                         {"key", "KEY"},                   {"JSON", "ANY "}, {"timestamp", "timeframe"}};
  const char *const *pair = words[below(dice, sizeof words / sizeof *words)];
  size_t length = strlen(pair[0]), limit = file->size < 8192 ? file->size : 8192;
  for (size_t start = below(dice, limit); start + length <= limit; start++) {
    if (memcmp(file->bytes + start, pair[0], length) != 0) continue;
    memcpy(file->bytes + start, pair[1], length);
    return;
  }
}

/* ---- The -wal: its frames count only where their checksums are right (sqlite.org/fileformat2.html, 4.2) ---- */

static uint32_t big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_big_endian(unsigned char *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void add_up(uint32_t sums[2], const unsigned char *bytes, size_t size, bool is_big_endian) {
  for (size_t i = 0; i + 8 <= size; i += 8) {
    uint32_t words[2];
    memcpy(words, bytes + i, 8);
    if (is_big_endian) {
      words[0] = big_endian(bytes + i);
      words[1] = big_endian(bytes + i + 4);
    }
    sums[0] += words[0] + sums[1];
    sums[1] += words[1] + sums[0];
  }
}

static void fix_checksums(file_bytes *wal, size_t page) {
  if (wal->size < 32) return;
  bool is_big_endian = wal->bytes[3] & 1;
  uint32_t sums[2] = {0, 0};
  add_up(sums, wal->bytes, 24, is_big_endian);
  put_big_endian(wal->bytes + 24, sums[0]);
  put_big_endian(wal->bytes + 28, sums[1]);
  for (size_t frame = 32; frame + 24 + page <= wal->size; frame += 24 + page) {
    unsigned char *header = wal->bytes + frame;
    add_up(sums, header, 8, is_big_endian);
    add_up(sums, header + 24, page, is_big_endian);
    put_big_endian(header + 16, sums[0]);
    put_big_endian(header + 20, sums[1]);
  }
}

static void mutate_wal(dice *dice, database *target, size_t page) {
  file_bytes *wal = &target->wal;
  switch (below(dice, 4)) {
    case 0: spoil(dice, wal, 0, 32 + 24, 3); break;
    case 1: spoil(dice, wal, 32 + below(dice, wal->size / (24 + page) + 1) * (24 + page), 24, 3); break;
    case 2: spoil(dice, wal, 0, wal->size, 12); break;
    default: wal->size = below(dice, wal->size);
  }
  if (below(dice, 4)) fix_checksums(wal, page);
}

/* ---- All of it --------------------------------------------------------------------------------- */

void mutate(dice *dice, database *target, const database sound[SOUND_FILES]) {
  size_t page = page_size(target->main);
  file_bytes *file = &target->main;
  for (size_t i = 1 + below(dice, 3); i > 0; i--) {
    if (target->wal.size > 0 && below(dice, 2)) {
      mutate_wal(dice, target, page);
      continue;
    }
    switch (below(dice, 10)) {
      case 0: spoil(dice, file, 0, file->size, 16); break;
      case 1: spoil(dice, file, 0, 100, 2); break;
      case 2: spoil(dice, file, 100, page, 4); break;
      case 3:
      case 4: spoil_page_header(dice, file, page); break;
      case 5: swap_pages(dice, file, page); break;
      case 6: overwrite(dice, file, &sound[below(dice, SOUND_FILES)].main, page); break;
      case 7: overwrite(dice, file, file, 1 + below(dice, page)); break;
      case 8: spoil_schema_text(dice, file); break;
      default: file->size = below(dice, 2) ? below(dice, file->size) : below(dice, file->size / page + 1) * page;
    }
  }
}
