// SPDX-License-Identifier: MIT
#include "numbers.h"

#include <charconv>

char *number_print(char *out, double value) { return std::to_chars(out, out + NUMBER_BYTES, value).ptr; }

const char *number_parse(const char *text, const char *end, double *out) {
  const auto result = std::from_chars(text, end, *out);
  return result.ec == std::errc() ? result.ptr : nullptr;
}
