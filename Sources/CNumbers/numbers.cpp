// SPDX-License-Identifier: MIT
#include "CNumbers.h"

#include <charconv>

extern "C" size_t cnumbers_print_scientific(double value, char *out) {
  return std::to_chars(out, out + CNUMBERS_SCIENTIFIC_BYTES, value, std::chars_format::scientific).ptr -
         out;
}

extern "C" size_t cnumbers_print_whole(double value, char *out) {
  return std::to_chars(out, out + CNUMBERS_FIXED_BYTES, value, std::chars_format::fixed, 0).ptr - out;
}

// from_chars says "out of range" for 1e400 and for 1e-400 alike. Only the first is one for us: the
// decimal exponent of the leading digit tells them apart.
static bool is_tiny(const char *first, const char *last) {
  long long exponent = 0, leading = 0;
  bool seen_point = false, seen_digit = false;
  const char *p = first;
  for (; p != last && *p != 'e' && *p != 'E'; ++p) {
    if (*p == '.') {
      seen_point = true;
    } else if (*p >= '0' && *p <= '9') {
      if (*p != '0') seen_digit = true;
      if (seen_digit && !seen_point) ++leading;
      if (!seen_digit && seen_point) --leading;
    }
  }
  if (p != last) {
    ++p;
    if (p != last && *p == '+') ++p;
    auto result = std::from_chars(p, last, exponent);
    if (result.ec != std::errc()) return *p == '-';
  }
  return exponent < -leading;  // not as a sum, which may overflow
}

extern "C" int cnumbers_parse(const char *first, const char *last, double *out) {
  auto result = std::from_chars(first, last, *out);
  if (result.ec == std::errc()) return 1;
  if (result.ec != std::errc::result_out_of_range || !is_tiny(first, last)) return 0;
  *out = *first == '-' ? -0.0 : 0.0;
  return 1;
}
