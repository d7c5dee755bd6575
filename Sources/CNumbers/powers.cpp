// SPDX-License-Identifier: MIT
#include "CNumbers.h"

// The table is made by the compiler, in exact integer arithmetic: it lies in the library's read-only pages.

namespace {

// An unsigned integer of 1,088 bits: room for 5^325, and for 2^1087 / 5^343 with 290 bits to spare.
struct Wide {
  static constexpr int count = 34;
  uint32_t words[count] = {};  // least significant first

  constexpr void multiply_by_five() {
    uint64_t carry = 0;
    for (uint32_t &word : words) {
      const uint64_t product = uint64_t{word} * 5 + carry;
      word = static_cast<uint32_t>(product);
      carry = product >> 32;
    }
  }

  constexpr void divide_by_five() {
    uint64_t remainder = 0;
    for (int index = count - 1; index >= 0; --index) {
      const uint64_t dividend = remainder << 32 | words[index];
      words[index] = static_cast<uint32_t>(dividend / 5);
      remainder = dividend % 5;
    }
  }

  // The 128 bits from the highest one that is set.
  constexpr void leading_128(uint64_t *high, uint64_t *low) const {
    int top = count - 1;
    while (words[top] == 0) --top;
    uint64_t parts[5] = {};
    for (int part = 0; part < 5 && part <= top; ++part) parts[part] = words[top - part];
    const uint64_t first = parts[0] << 32 | parts[1], second = parts[2] << 32 | parts[3], third = parts[4] << 32;
    int shift = 0;
    while (!(first << shift >> 63)) ++shift;
    *high = shift ? first << shift | second >> (64 - shift) : first;
    *low = shift ? second << shift | third >> (64 - shift) : second;
  }
};

struct Table {
  uint64_t words[2 * (CNUMBERS_LARGEST_POWER - CNUMBERS_SMALLEST_POWER + 1)] = {};

  constexpr Table() {
    // 5^k has the same leading bits as 10^k.
    Wide power;
    power.words[0] = 1;
    for (int exponent = 0; exponent <= CNUMBERS_LARGEST_POWER; ++exponent) {
      set(exponent, power);
      power.multiply_by_five();
    }
    // floor(floor(x / 5) / 5) is floor(x / 25): dividing step by step loses nothing.
    Wide reciprocal;
    reciprocal.words[Wide::count - 1] = 1u << 31;
    for (int exponent = -1; exponent >= CNUMBERS_SMALLEST_POWER; --exponent) {
      reciprocal.divide_by_five();
      set(exponent, reciprocal);
    }
  }

  constexpr void set(int exponent, const Wide &power) {
    uint64_t *place = words + 2 * (exponent - CNUMBERS_SMALLEST_POWER);
    power.leading_128(place, place + 1);
  }
};

constexpr Table table;

}  // namespace

extern "C" const uint64_t *const cnumbers_powers_of_ten = table.words - 2 * CNUMBERS_SMALLEST_POWER;
