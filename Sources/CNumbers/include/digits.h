// SPDX-License-Identifier: MIT
// Digits by the dozen, with what every 64-bit x86 has (SSE2). Inline: a call would cost as much as the work.
#ifndef CNUMBERS_DIGITS_H
#define CNUMBERS_DIGITS_H

#if defined(__SSE2__)

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

/// The values of digits that stand one behind the other: up to eight before the point, and behind it up to eight,
/// and twice eight.
typedef struct {
  uint32_t whole, high, middle, low;
} cnumbers_digit_groups;

/// Which of the 32 bytes at `text` are not digits; bit 0 tells of the first.
static inline __attribute__((always_inline)) uint32_t cnumbers_other_characters(const uint8_t *_Nonnull text) {
  const __m128i zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9);
  const __m128i first = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)text), zero);
  const __m128i second = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(text + 16)), zero);
  const int firstDigits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(first, nine), first));
  const int secondDigits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(second, nine), second));
  return ~((uint32_t)firstDigits | (uint32_t)secondDigits << 16);
}

/// The digits of a number. `whole` holds those before the point as values 0 to 9, the last in the highest byte; those behind
/// it are the last `fraction` (0 to 24) of the 24 characters before `end`.
static inline __attribute__((always_inline)) cnumbers_digit_groups
cnumbers_group_digits(uint64_t whole, const uint8_t *_Nonnull end, unsigned fraction) {
  // Read from the nth byte on, n of the sixteen bytes are kept, the last ones.
  static const uint8_t kept[32] = {0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                                   0,    0,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                   0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  const unsigned last = fraction < 16 ? fraction : 16;
  uint64_t front, isKept;
  memcpy(&front, end - 24, sizeof front);
  memcpy(&isKept, kept + 8 + (fraction - last), sizeof isKept);
  front = (front ^ 0x3030303030303030) & isKept;
  const __m128i upper = _mm_set_epi64x((long long)front, (long long)whole);
  const __m128i lower =
      _mm_and_si128(_mm_sub_epi8(_mm_loadu_si128((const __m128i *)(end - 16)), _mm_set1_epi8('0')),
                    _mm_loadu_si128((const __m128i *)(kept + last)));
  // Neighbours are joined three times: to pairs, where the product's higher byte is ten times the first and the second; to
  // fours; and to eights.
  const __m128i tens = _mm_set1_epi16(10 * 256 + 1), hundreds = _mm_set1_epi32(1 << 16 | 100);
  const __m128i upperFours = _mm_madd_epi16(_mm_srli_epi16(_mm_mullo_epi16(upper, tens), 8), hundreds);
  const __m128i lowerFours = _mm_madd_epi16(_mm_srli_epi16(_mm_mullo_epi16(lower, tens), 8), hundreds);
  const __m128i eights =
      _mm_madd_epi16(_mm_packs_epi32(upperFours, lowerFours), _mm_set1_epi32(1 << 16 | 10000));
  cnumbers_digit_groups groups;
  _mm_storeu_si128((__m128i *)&groups, eights);
  return groups;
}

#endif
#endif
