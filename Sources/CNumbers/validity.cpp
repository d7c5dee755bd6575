// SPDX-License-Identifier: MIT
#include "CNumbers.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

bool is_nan(double value) { return value != value; }

#if defined(__SSE2__)

// A comparison for order fails where either side is NaN: two pairs are looked at by one.
inline __m128d either_is_nan(const double *values) {
  return _mm_cmpunord_pd(_mm_loadu_pd(values), _mm_loadu_pd(values + 2));
}

#endif

}  // namespace

extern "C" int32_t cnumbers_has_nan(const double *values, size_t count) {
  size_t row = 0;
#if defined(__SSE2__)
  // A column that has one has many, mostly: so it is asked now and then.
  const size_t block = 512;
  for (; count - row >= block; row += block) {
    __m128d found = _mm_setzero_pd();
    for (size_t place = row; place < row + block; place += 8) {
      found = _mm_or_pd(found, _mm_or_pd(either_is_nan(values + place), either_is_nan(values + place + 4)));
    }
    if (_mm_movemask_pd(found) != 0) return 1;
  }
#endif
  for (; row < count; ++row) {
    if (is_nan(values[row])) return 1;
  }
  return 0;
}

extern "C" size_t cnumbers_write_validity(const double *values, size_t count, uint8_t *bits) {
  size_t row = 0, missing = 0;
#if defined(__SSE2__)
  __m128i sums = _mm_setzero_si128();
  for (; count - row >= 8; row += 8) {
    int set = 0;
    for (int pair = 0; pair < 4; ++pair) {
      const __m128d two = _mm_loadu_pd(values + row + 2 * pair), is_number = _mm_cmpord_pd(two, two);
      set |= _mm_movemask_pd(is_number) << 2 * pair;
      // Of a number -1, of NaN 0.
      sums = _mm_add_epi64(sums, _mm_castpd_si128(is_number));
    }
    bits[row / 8] = static_cast<uint8_t>(set);
  }
  int64_t numbers[2];
  _mm_storeu_si128(reinterpret_cast<__m128i *>(numbers), sums);
  missing = row - static_cast<size_t>(-(numbers[0] + numbers[1]));
#endif
  for (; row < count; ++row) {
    const uint8_t bit = static_cast<uint8_t>(1u << row % 8);
    if (row % 8 == 0) bits[row / 8] = 0;
    if (is_nan(values[row])) {
      ++missing;
    } else {
      bits[row / 8] |= bit;
    }
  }
  return missing;
}
