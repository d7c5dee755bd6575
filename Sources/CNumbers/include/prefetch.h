// SPDX-License-Identifier: MIT
// Texts of numbers, before they are read.
#ifndef CNUMBERS_PREFETCH_H
#define CNUMBERS_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

/// Begins to bring `count` bytes into the cache of the core that asks: advice, whatever is there.
static inline __attribute__((always_inline)) void cnumbers_prefetch(const uint8_t *start, size_t count) {
  const size_t line = 64;
  for (size_t offset = 0; offset < count; offset += line) __builtin_prefetch(start + offset);
}

#endif
