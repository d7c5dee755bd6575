// SPDX-License-Identifier: MIT
#include "json.h"

#include <cstring>

namespace {

using Place = const uint8_t *;

constexpr int most_levels = 64;

Place skip_space(Place next, Place end) {
  while (next < end && (*next == ' ' || *next == '\n' || *next == '\r' || *next == '\t')) ++next;
  return next;
}

// By byte: most of a text are strings.
struct Plain {
  bool bytes[256] = {};
  constexpr Plain() {
    for (int byte = 0x20; byte < 0x80; ++byte) bytes[byte] = byte != '"' && byte != '\\';
  }
};
constexpr Plain plain;

// Each of these gives the place behind what it finds; nullptr where it does not find it.

Place string(Place next, Place end) {
  if (next == end || *next != '"') return nullptr;
  do ++next;
  while (next < end && plain.bytes[*next]);
  return next < end && *next == '"' ? next + 1 : nullptr;
}

Place name(Place next, Place end) {
  next = string(skip_space(next, end), end);
  if (!next) return nullptr;
  next = skip_space(next, end);
  return next < end && *next == ':' ? next + 1 : nullptr;
}

Place digits(Place next, Place end) {
  const Place start = next;
  while (next < end && static_cast<uint8_t>(*next - '0') <= 9) ++next;
  return next > start ? next : nullptr;
}

Place number(Place next, Place end) {
  if (next < end && *next == '-') ++next;
  if (next < end && *next == '0') {
    ++next;
  } else {
    next = digits(next, end);
  }
  if (next && next < end && *next == '.') next = digits(next + 1, end);
  if (next && next < end && (*next == 'e' || *next == 'E')) {
    ++next;
    if (next < end && (*next == '+' || *next == '-')) ++next;
    next = digits(next, end);
  }
  return next;
}

Place word(Place next, Place end, const char *text, size_t count) {
  const bool is_there = static_cast<size_t>(end - next) >= count && std::memcmp(next, text, count) == 0;
  return is_there ? next + count : nullptr;
}

Place scalar(Place next, Place end) {
  switch (*next) {
    case '"': return string(next, end);
    case 't': return word(next, end, "true", 4);
    case 'f': return word(next, end, "false", 5);
    case 'n': return word(next, end, "null", 4);
    default: return number(next, end);
  }
}

}  // namespace

extern "C" int32_t cnumbers_is_plain_json(const uint8_t *text, size_t count) {
  Place next = text;
  const Place end = text + count;
  // One bit a level: set in an object, clear in an array.
  uint64_t objects = 0;
  int level = 0;
  for (;;) {
    next = skip_space(next, end);
    if (next == end) return 0;
    if (*next == '{' || *next == '[') {
      if (level == most_levels) return 0;
      const bool is_object = *next == '{';
      const Place inside = skip_space(next + 1, end);
      if (inside == end) return 0;
      if (*inside != (is_object ? '}' : ']')) {
        objects = objects << 1 | (is_object ? 1 : 0);
        ++level;
        next = is_object ? name(inside, end) : inside;
        if (!next) return 0;
        continue;
      }
      next = inside + 1;
    } else {
      next = scalar(next, end);
      if (!next) return 0;
    }
    // A value has ended, and with it perhaps those that it is within.
    for (;;) {
      next = skip_space(next, end);
      if (level == 0) return next == end ? 1 : 0;
      if (next == end) return 0;
      const bool in_object = (objects & 1) != 0;
      if (*next == ',') {
        next = in_object ? name(next + 1, end) : next + 1;
        if (!next) return 0;
        break;
      }
      if (*next != (in_object ? '}' : ']')) return 0;
      ++next;
      objects >>= 1;
      --level;
    }
  }
}
