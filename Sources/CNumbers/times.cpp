// SPDX-License-Identifier: MIT
#include "times.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Neighbours in an index are mostly bars of one series and of one hour. So an entry is compared with the one before, whose
// header, names and hour are known to be as they should be; what differs is looked at by itself.

namespace {

constexpr size_t time_bytes = 25, date_bytes = 10, hour_end = 13;

// What the entries of a series have in common.
struct Shape {
  size_t prefix;  // bytes before the time: length, header and names
  size_t bytes;   // of the whole cell
};

bool is_digit(uint8_t character) { return uint8_t(character - '0') <= 9; }

// Lengths and types of an entry that begins at `cell`, where `room` bytes are left of the page.
// https://sqlite.org/fileformat2.html, "Record Format". Whatever is in one byte is below 0x80.
bool read_shape(const uint8_t *cell, size_t room, size_t page_size, Shape *shape) {
  if (room < 6 || cell[0] >= 0x80 || cell[1] != 5) return false;
  const unsigned symbol = cell[2], timeframe = cell[3], rowid = cell[5];
  if (cell[4] != 13 + 2 * time_bytes) return false;
  if (symbol < 13 || symbol >= 0x80 || symbol % 2 == 0) return false;
  if (timeframe < 13 || timeframe >= 0x80 || timeframe % 2 == 0) return false;
  static const uint8_t sizes[10] = {0, 1, 2, 3, 4, 6, 8, 0, 0, 0};
  if (rowid == 0 || rowid == 7 || rowid > 9) return false;
  const size_t names = (symbol - 13) / 2 + (timeframe - 13) / 2, length = cell[0];
  // What is longer goes on in other pages.
  if (length > (page_size - 12) * 64 / 255 - 23) return false;
  if (length != 5 + names + time_bytes + sizes[rowid] || 1 + length > room) return false;
  shape->prefix = 6 + names;
  shape->bytes = 1 + length;
  return true;
}

// A day of the years that int64 nanoseconds hold whole.
bool is_date(const uint8_t *text) {
  for (size_t place = 0; place < date_bytes; ++place) {
    if (place == 4 || place == 7 ? text[place] != '-' : !is_digit(text[place])) return false;
  }
  const int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
  const int month = (text[5] - '0') * 10 + (text[6] - '0'), day = (text[8] - '0') * 10 + (text[9] - '0');
  if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1) return false;
  static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + (month == 2 && is_leap);
}

bool is_hour(const uint8_t *text) {
  return text[10] == 'T' && is_digit(text[11]) && is_digit(text[12]) &&
         (text[11] < '2' || (text[11] == '2' && text[12] <= '3'));
}

#if defined(__SSE2__)

inline __m128i load(const uint8_t *text) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(text)); }

// 0xFF for the bytes from the nth on.
alignas(16) constexpr uint8_t from_sixteenth[32] = {0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                                                    0,    0,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
inline __m128i from_byte(size_t count) { return load(from_sixteenth + 16 - count); }

// The last sixteen characters of a time: the least that may stand in each place, and how many more there are.
alignas(16) constexpr char time_least[17] = "0T00:00:00+00:00";
alignas(16) constexpr uint8_t time_more[16] = {9, 0, 9, 9, 0, 5, 9, 0, 5, 9, 0, 0, 0, 0, 0, 0};
// The same of hours up to 19.
alignas(16) constexpr uint8_t more_early[16] = {9, 0, 1, 9, 0, 5, 9, 0, 5, 9, 0, 0, 0, 0, 0, 0};

// What entries must have in common with one that is known, to be taken four at a time. They lie one behind the other as
// they were added, each in front of the one before. Their names matter where those of one series are counted.
struct Four {
  const uint8_t *known;  // that one
  size_t prefix, bytes;
  size_t lowest, reach;  // of the offsets
  uint64_t header;       // length and types
  __m128i date, mask;    // the date, of late hours with the hour
  __m128i least, more;
  __m128i head, head_mask, tail;  // the first sixteen bytes before the time, or fewer; the last, where there are more

  void know(const uint8_t *entry, const Shape &shape, size_t offsets) {
    known = entry;
    reach = offsets;
    prefix = shape.prefix;
    bytes = shape.bytes;
    header = header_of(entry);
    const bool is_late = entry[prefix + date_bytes + 1] == '2';
    date = load(entry + prefix);
    mask = _mm_xor_si128(from_byte(is_late ? hour_end : date_bytes), _mm_set1_epi8(-1));
    least = load(reinterpret_cast<const uint8_t *>(time_least));
    more = load(is_late ? time_more : more_early);
    head_mask = _mm_xor_si128(from_byte(prefix > 16 ? 16 : prefix), _mm_set1_epi8(-1));
    head = load(entry);
    tail = load(entry + (prefix > 16 ? prefix - 16 : 0));
  }

  static uint64_t header_of(const uint8_t *entry) {
    uint64_t word;
    std::memcpy(&word, entry, sizeof word);
    return word & 0xFFFFFFFFFFFF;  // little-endian, as all that have SSE2 are
  }

  // Whether the four entries whose offsets stand at `pointers` are plain. With `names` 1 they have those of the known one,
  // which end within the first sixteen bytes; with 2, within 32.
  template <int names>
  bool are_plain(const uint8_t *page, const uint8_t *pointers, size_t skipped) const {
    uint64_t word;
    std::memcpy(&word, pointers, sizeof word);
    word = __builtin_bswap64(word);
    const size_t stride = bytes + skipped, offset = word >> 48;
    if (word != offset * UINT64_C(0x0001000100010001) - stride * UINT64_C(0x0000000100020003)) return false;
    // The last one lies lowest.
    if (offset < lowest + 3 * stride || offset - lowest >= reach) return false;
    uint64_t other = 0;
    __m128i wrong = _mm_setzero_si128();
    const uint8_t *entry = page + offset + skipped;
    for (int count = 0; count < 4; ++count, entry -= stride) {
      const uint8_t *time = entry + prefix;
      // The header is in the first bytes, too.
      if (names == 0) other |= header_of(entry) ^ header;
      if (names == 1) wrong = _mm_or_si128(wrong, _mm_and_si128(_mm_xor_si128(load(entry), head), head_mask));
      if (names == 2) {
        wrong = _mm_or_si128(wrong, _mm_or_si128(_mm_xor_si128(load(entry), head), _mm_xor_si128(load(time - 16), tail)));
      }
      wrong = _mm_or_si128(wrong, _mm_and_si128(_mm_xor_si128(load(time), date), mask));
      wrong = _mm_or_si128(wrong, _mm_subs_epu8(_mm_sub_epi8(load(time + 9), least), more));
    }
    return other == 0 && _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) == 0xFFFF;
  }
};

#endif

// Minutes, seconds and all that does not vary from the hour on.
bool has_plain_rest(const uint8_t *text) {
  return text[13] == ':' && text[14] >= '0' && text[14] <= '5' && is_digit(text[15]) && text[16] == ':' &&
         text[17] >= '0' && text[17] <= '5' && is_digit(text[18]) && std::memcmp(text + 19, "+00:00", 6) == 0;
}

size_t offset_of(const cnumbers_index_page &page, size_t cell) {
  const uint8_t *pointer = page.bytes + page.pointers + 2 * cell;
  return size_t(pointer[0]) << 8 | pointer[1];
}

bool is_of(const cnumbers_series_names &names, const uint8_t *entry) {
  return entry[2] == 13 + 2 * names.symbol_bytes && entry[3] == 13 + 2 * names.timeframe_bytes &&
         std::memcmp(entry + 6, names.symbol, names.symbol_bytes) == 0 &&
         std::memcmp(entry + 6 + names.symbol_bytes, names.timeframe, names.timeframe_bytes) == 0;
}

// `names` null: any. An entry that is like the one before has the same.
inline __attribute__((always_inline)) size_t count_times(const cnumbers_index_page *given,
                                                         const cnumbers_series_names *names, size_t first, size_t end) {
  const cnumbers_index_page page = *given;
  const size_t lowest = page.pointers + 2 * page.cells;
  const uint8_t *known = nullptr;  // the entry before, and what it has in common with its neighbours
  Shape shape = {0, 0};
  size_t reach = 0;  // of the offsets that an entry of this shape may have, how many
#if defined(__SSE2__)
  const __m128i least_rest = load(reinterpret_cast<const uint8_t *>(time_least)), more_rest = load(time_more);
  const __m128i behind_hour = from_byte(hour_end);
  __m128i head = _mm_setzero_si128(), tail = head, behind_head = head, hour = head;
  Four four = {};
  four.lowest = lowest;
  bool is_likely = false;  // that the next ones are of one date
#endif
  size_t cell = first;
  for (; cell < end; ++cell) {
#if defined(__SSE2__)
    if (is_likely && end - cell > 4) {
      if (four.known != known) four.know(known, shape, reach);
      const uint8_t *pointers = page.bytes + page.pointers;
      const size_t skipped = page.skipped;
      if (names == nullptr) {
        while (end - cell > 4 && four.are_plain<0>(page.bytes, pointers + 2 * cell, skipped)) cell += 4;
      } else if (shape.prefix <= 16) {
        while (end - cell > 4 && four.are_plain<1>(page.bytes, pointers + 2 * cell, skipped)) cell += 4;
      } else if (shape.prefix <= 32) {
        while (end - cell > 4 && four.are_plain<2>(page.bytes, pointers + 2 * cell, skipped)) cell += 4;
      }
    }
#endif
    const size_t offset = offset_of(page, cell);
    const uint8_t *entry = page.bytes + offset + page.skipped;
    if (offset - lowest < reach) {
      const uint8_t *time = entry + shape.prefix;
#if defined(__SSE2__)
      // With its time an entry has more than 31 bytes.
      const __m128i rest = _mm_sub_epi8(load(time + 9), least_rest);
      __m128i same = _mm_cmpeq_epi8(_mm_min_epu8(rest, more_rest), rest);
      same = _mm_and_si128(same, _mm_or_si128(_mm_cmpeq_epi8(load(time), hour), behind_hour));
      same = _mm_and_si128(same, _mm_or_si128(_mm_cmpeq_epi8(load(entry), head), behind_head));
      if (shape.prefix > 16) same = _mm_and_si128(same, _mm_cmpeq_epi8(load(time - 16), tail));
      if (_mm_movemask_epi8(same) == 0xFFFF &&
          (shape.prefix <= 32 || std::memcmp(entry + 16, known + 16, shape.prefix - 32) == 0)) {
        is_likely = true;
        continue;
      }
#else
      if (std::memcmp(entry, known, shape.prefix + hour_end) == 0 && has_plain_rest(time)) continue;
#endif
    }
    if (offset < lowest || offset > page.size || page.size - offset < page.skipped) break;
    Shape found;
    if (!read_shape(entry, page.size - offset - page.skipped, page.size, &found)) break;
    if (names != nullptr && !is_of(*names, entry)) break;
    const uint8_t *time = entry + found.prefix;
    const bool is_of_known_date =
        known != nullptr && std::memcmp(time, known + shape.prefix, date_bytes) == 0;
    if (!(is_of_known_date || is_date(time)) || !is_hour(time) || !has_plain_rest(time)) break;
    known = entry;
    shape = found;
    // This one is within.
    reach = page.size - page.skipped - shape.bytes - lowest + 1;
#if defined(__SSE2__)
    // The first sixteen bytes before the time, and the last, which may overlap; or fewer.
    behind_head = from_byte(shape.prefix > 16 ? 16 : shape.prefix);
    head = load(entry);
    if (shape.prefix > 16) tail = load(time - 16);
    hour = load(time);
    is_likely = is_of_known_date;
#endif
  }
  return cell - first;
}

}  // namespace

extern "C" size_t cnumbers_count_plain_times(const cnumbers_index_page *page, size_t first, size_t end) {
  return count_times(page, nullptr, first, end);
}

extern "C" size_t cnumbers_count_times_of_series(const cnumbers_index_page *page, const cnumbers_series_names *names,
                                                 size_t first, size_t end) {
  return count_times(page, names, first, end);
}

namespace {

inline uint64_t big_endian(const uint8_t *bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

inline uint32_t little_endian(const uint8_t *bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  return word;
}

const uint8_t *read_long_varint(const uint8_t *bytes, const uint8_t *end, uint64_t *value) {
  uint64_t sum = 0;
  for (int place = 0; place < 9; ++place) {
    if (bytes >= end) return nullptr;
    const uint8_t byte = *bytes++;
    if (place == 8) {
      *value = sum << 8 | byte;
      return bytes;
    }
    sum = sum << 7 | (byte & 0x7F);
    if (byte < 0x80) break;
  }
  *value = sum;
  return bytes;
}

// A number of one to nine bytes, seven bits in each, the highest first; the ninth has eight. Null where it passes the end.
inline __attribute__((always_inline)) const uint8_t *read_varint(const uint8_t *bytes, const uint8_t *end,
                                                                 uint64_t *value) {
  if (end - bytes < 4) return read_long_varint(bytes, end, value);
  uint32_t sum = bytes[0];
  if (sum < 0x80) {
    *value = sum;
    return bytes + 1;
  }
  sum = (sum & 0x7F) << 7 | (bytes[1] & 0x7F);
  if (bytes[1] < 0x80) {
    *value = sum;
    return bytes + 2;
  }
  sum = sum << 7 | (bytes[2] & 0x7F);
  if (bytes[2] < 0x80) {
    *value = sum;
    return bytes + 3;
  }
  return read_long_varint(bytes, end, value);
}

}  // namespace

extern "C" size_t cnumbers_find_place(const cnumbers_index_page *given, const cnumbers_index_place *place, size_t low,
                                      size_t high) {
  const cnumbers_index_page page = *given;
  const size_t lowest = page.pointers + 2 * page.cells, bytes = place->bytes;
  // Header, names, time, and a rowid of one byte at least. What is shorter than this has no rest on other pages.
  const size_t least = 6 + place->names + time_bytes;
  const uint64_t mask = bytes >= 8 ? ~uint64_t{0} : ~(~uint64_t{0} >> 8 * bytes);
  if (bytes == 0 || page.size < lowest + page.skipped + least || place->names + time_bytes > 80) return CNUMBERS_UNCLEAR;
  const size_t reach = page.size - page.skipped - least - lowest, names = place->names;
  const uint64_t first = place->first;
  const uint32_t begin = place->beginning + static_cast<uint32_t>(least - 1);
  while (low < high) {
    const size_t middle = (low + high) / 2, offset = offset_of(page, middle);
    const uint8_t *entry = page.bytes + offset + page.skipped;
    if (offset - lowest > reach) return CNUMBERS_UNCLEAR;
    const uint32_t beginning = little_endian(entry) - begin;
    // What is left is by how much the length is above the least.
    if (beginning > 8 || entry[4] != 13 + 2 * time_bytes) return CNUMBERS_UNCLEAR;
    const uint64_t word = big_endian(entry + 6) & mask;
    bool is_behind = first > word;
    if (first == word) {
      const size_t all = names + time_bytes, common = bytes < all ? bytes : all;
      int order = common > 8 ? std::memcmp(place->key + 8, entry + 6 + 8, common - 8) : 0;
      if (order == 0) order = bytes > all ? 1 : bytes < all ? place->if_longer : place->if_same;
      is_behind = order > 0;
    }
    low = is_behind ? middle + 1 : low;
    high = is_behind ? high : middle;
  }
  return low;
}

extern "C" size_t cnumbers_find_row(const cnumbers_index_page *given, int64_t rowid, int32_t is_leaf) {
  const cnumbers_index_page page = *given;
  const uint8_t *end = page.bytes + page.size;
  const size_t lowest = page.pointers + 2 * page.cells;
  size_t low = 0, high = page.cells, middle = (low + high) / 2;
  int guesses = is_leaf ? 3 : 0;
  while (low < high) {
    const size_t offset = offset_of(page, middle);
    if (offset < lowest || offset + 4 > page.size) return CNUMBERS_UNCLEAR;
    const uint8_t *entry = page.bytes + offset + page.skipped;
    uint64_t number = 0;
    if (is_leaf && (entry = read_varint(entry, end, &number)) == nullptr) return CNUMBERS_UNCLEAR;
    if (read_varint(entry, end, &number) == nullptr) return CNUMBERS_UNCLEAR;
    const int64_t found = static_cast<int64_t>(number);
    if (found < rowid) {
      low = middle + 1;
    } else {
      high = middle;
    }
    middle = (low + high) / 2;
    // Rows that were added one behind the other have all their numbers on a leaf: then this guess is right.
    if (guesses-- > 0) {
      const uint64_t ahead = static_cast<uint64_t>(rowid) - number, back = number - static_cast<uint64_t>(rowid);
      if (found < rowid && ahead <= high - low) {
        middle = low + static_cast<size_t>(ahead) - 1;
      } else if (found > rowid && back <= high - low) {
        middle = high - static_cast<size_t>(back);
      }
    }
  }
  return low;
}

extern "C" size_t cnumbers_find_key(const cnumbers_index_page *given, const uint8_t *key, size_t bytes) {
  const cnumbers_index_page page = *given;
  const size_t lowest = page.pointers + 2 * page.cells;
  // The lengths of the entry and of its header, and the types of the text and of the row's number.
  constexpr size_t head = 4;
  size_t low = 0, high = page.cells;
  while (low < high) {
    const size_t middle = (low + high) / 2, start = offset_of(page, middle) + page.skipped;
    if (start < lowest || start + head > page.size) return CNUMBERS_UNCLEAR;
    const uint8_t *entry = page.bytes + start;
    const uint8_t type = entry[2];
    if (entry[0] >= 0x80 || entry[1] != 3 || type >= 0x80 || type < 13 || type % 2 == 0) return CNUMBERS_UNCLEAR;
    const size_t text = (type - 13) / 2;
    if (start + head + text > page.size) return CNUMBERS_UNCLEAR;
    int order = std::memcmp(key, entry + head, bytes < text ? bytes : text);
    if (order == 0) order = bytes > text ? 1 : 0;
    low = order > 0 ? middle + 1 : low;
    high = order > 0 ? high : middle;
  }
  return low;
}
