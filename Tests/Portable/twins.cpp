// SPDX-License-Identifier: MIT
// Both variants of what CNumbers does with and without SSE2, against plain code: twins ROUNDS SEED.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "CNumbers.h"

extern "C" {
int32_t portable_has_nan(const double *values, size_t count);
size_t portable_write_validity(const double *values, size_t count, uint8_t *bits);
size_t portable_count_plain_times(const cnumbers_index_page *page, size_t first, size_t end);
size_t portable_count_times_of_series(const cnumbers_index_page *page, const cnumbers_series_names *names,
                                      size_t first, size_t end);
}

namespace {

std::mt19937_64 random_bits;

size_t below(size_t limit) { return random_bits() % limit; }

void expect(bool holds, const char *what, size_t round) {
  if (holds) return;
  std::fprintf(stderr, "twins: %s, round %zu\n", what, round);
  std::exit(1);
}

// ---- Columns --------------------------------------------------------------------------------------

void compare_columns(size_t round) {
  // The memory ends with the column.
  const size_t count = below(3) == 0 ? below(20) : below(3000);
  std::unique_ptr<double[]> values(new double[count]);
  for (size_t row = 0; row < count; ++row) values[row] = double(row) - 7.5;
  const double odd[] = {std::nan(""), -std::nan("7"), INFINITY, -INFINITY, 0.0, -0.0,
                        std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::signaling_NaN()};
  for (size_t left = count ? below(4) : 0; left > 0; --left) values[below(count)] = odd[below(8)];
  if (round % 16 == 0) {
    for (size_t row = 0; row < count; ++row) values[row] = odd[below(8)];
  }
  size_t missing = 0;
  const size_t bytes = (count + 7) / 8;
  std::vector<uint8_t> expected(bytes);
  std::unique_ptr<uint8_t[]> one(new uint8_t[bytes]), other(new uint8_t[bytes]);
  for (size_t row = 0; row < count; ++row) {
    if (std::isnan(values[row])) {
      ++missing;
    } else {
      expected[row / 8] = uint8_t(expected[row / 8] | 1 << row % 8);
    }
  }
  std::memset(one.get(), 0xAA, bytes);
  std::memset(other.get(), 0x55, bytes);
  expect(cnumbers_has_nan(values.get(), count) == (missing > 0), "has_nan", round);
  expect(portable_has_nan(values.get(), count) == (missing > 0), "has_nan without SSE2", round);
  expect(cnumbers_write_validity(values.get(), count, one.get()) == missing, "missing", round);
  expect(portable_write_validity(values.get(), count, other.get()) == missing, "missing without SSE2", round);
  expect(bytes == 0 || std::memcmp(one.get(), expected.data(), bytes) == 0, "validity", round);
  expect(bytes == 0 || std::memcmp(other.get(), expected.data(), bytes) == 0, "validity without SSE2", round);
}

// ---- Pages ----------------------------------------------------------------------------------------

struct Page {
  std::unique_ptr<uint8_t[]> bytes;
  cnumbers_index_page page;
  struct Cell {
    size_t offset;  // of the entry itself
    size_t time;    // of its time
    std::string symbol, timeframe;
    bool is_known;  // whether its rowid is of a type that a rowid has
  };
  std::vector<Cell> cells;
};

std::string name_of(size_t most) {
  std::string name;
  for (size_t left = 1 + below(most); left > 0; --left) name += char('A' + below(26));
  return name;
}

std::string time_text(int64_t seconds) {
  // Days since 1970 as a date, by counting years and months.
  int64_t day = seconds / 86400, left = seconds % 86400;
  int year = 1970, month = 0;
  auto is_leap = [](int y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); };
  while (day >= (is_leap(year) ? 366 : 365)) day -= is_leap(year++) ? 366 : 365;
  int days[12] = {31, is_leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  while (day >= days[month]) day -= days[month++];
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d+00:00", year, month + 1, int(day) + 1,
                int(left / 3600), int(left / 60 % 60), int(left % 60));
  return text;
}

Page made() {
  Page made;
  const size_t size = below(4) == 0 ? 1024 : 4096, skipped = below(2) ? 4 : 0;
  made.bytes.reset(new uint8_t[size]());
  const size_t pointers = skipped ? 12 : 8;
  size_t end = size;
  std::string symbol = name_of(20), timeframe = name_of(4);
  int64_t seconds = int64_t(below(9000000000ULL)), step = below(2) ? 60 : 3600;
  unsigned type = below(2) ? 1 : 2;
  const size_t often = 1 + below(60);
  while (true) {
    if (below(often) == 0) symbol = name_of(below(4) == 0 ? 50 : 20), timeframe = name_of(4);
    if (below(often) == 0) seconds = int64_t(below(9000000000ULL));
    if (below(often) == 0) type = unsigned(1 + below(9));
    const size_t sizes[10] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    const size_t names = symbol.size() + timeframe.size(), length = 5 + names + 25 + sizes[type];
    const size_t whole = skipped + 1 + length;
    if (end < whole + pointers + 2 * (made.cells.size() + 1) + 40) break;
    // Mostly one behind the other, as they were added.
    end -= whole + (below(often) == 0 ? below(3) : 0);
    uint8_t *entry = made.bytes.get() + end + skipped;
    const uint8_t header[6] = {uint8_t(length), 5, uint8_t(13 + 2 * symbol.size()), uint8_t(13 + 2 * timeframe.size()), 63,
                               uint8_t(type)};
    std::memcpy(entry, header, 6);
    std::memcpy(entry + 6, symbol.data(), symbol.size());
    std::memcpy(entry + 6 + symbol.size(), timeframe.data(), timeframe.size());
    std::memcpy(entry + 6 + names, time_text(seconds).data(), 25);
    for (size_t place = 0; place < sizes[type]; ++place) entry[6 + names + 25 + place] = uint8_t(random_bits());
    const bool is_known = type != 7 && symbol.size() < 58 && length < 0x80 && length <= (size - 12) * 64 / 255 - 23;
    made.bytes[pointers + 2 * made.cells.size()] = uint8_t(end >> 8);
    made.bytes[pointers + 2 * made.cells.size() + 1] = uint8_t(end);
    made.cells.push_back({end + skipped, end + skipped + 6 + names, symbol, timeframe, is_known});
    seconds += step;
  }
  made.page = {made.bytes.get(), size, pointers, made.cells.size(), skipped};
  return made;
}

bool is_plain(const uint8_t *bytes) {
  const std::string text(reinterpret_cast<const char *>(bytes), 25), form = "dddd-dd-ddTdd:dd:dd+00:00";
  for (size_t place = 0; place < 25; ++place) {
    if (form[place] == 'd' ? text[place] < '0' || text[place] > '9' : text[place] != form[place]) return false;
  }
  auto number = [&](size_t from, size_t count) { return std::atoi(text.substr(from, count).c_str()); };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int days[13] = {0, 31, is_leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return year >= 1678 && year <= 2261 && month >= 1 && month <= 12 && day >= 1 && day <= days[month] &&
         number(11, 2) < 24 && number(14, 2) < 60 && number(17, 2) < 60;
}

void compare_pages(size_t round) {
  Page page = made();
  const size_t count = page.cells.size();
  if (count == 0) return;
  // Times that are not quite times.
  for (size_t left = below(4); left > 0; --left) {
    const Page::Cell &cell = page.cells[below(count)];
    const char odd[] = "0123456789:-+TZ /\0\xff";
    page.bytes[cell.time + below(25)] = uint8_t(odd[below(sizeof odd)]);
  }
  auto compare = [&](bool has_reference) {
    for (int again = 0; again < 8; ++again) {
      const size_t first = below(count + 1), end = again == 0 ? count : first + below(count - first + 1);
      const Page::Cell &cell = page.cells[below(count)];
      const cnumbers_series_names names = {reinterpret_cast<const uint8_t *>(cell.symbol.data()), cell.symbol.size(),
                                           reinterpret_cast<const uint8_t *>(cell.timeframe.data()),
                                           cell.timeframe.size()};
      const size_t all = cnumbers_count_plain_times(&page.page, first, end);
      const size_t series = cnumbers_count_times_of_series(&page.page, &names, first, end);
      expect(all == portable_count_plain_times(&page.page, first, end), "times with and without SSE2", round);
      expect(series == portable_count_times_of_series(&page.page, &names, first, end),
             "times of a series with and without SSE2", round);
      if (!has_reference) continue;
      size_t plain = 0, same = 0;
      auto is_counted = [&](size_t place) {
        const Page::Cell &at = page.cells[place];
        return at.is_known && is_plain(page.bytes.get() + at.time);
      };
      while (first + plain < end && is_counted(first + plain)) ++plain;
      while (first + same < end && is_counted(first + same) && page.cells[first + same].symbol == cell.symbol &&
             page.cells[first + same].timeframe == cell.timeframe)
        ++same;
      expect(all == plain, "times", round);
      expect(series == same, "times of a series", round);
    }
  };
  compare(true);
  // And damage of any kind, of which both have to think the same.
  for (size_t left = 1 + below(6); left > 0; --left) page.bytes[below(page.page.size)] = uint8_t(random_bits());
  compare(false);
}

}  // namespace

int main(int count, char **arguments) {
  const size_t rounds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 2000;
  random_bits.seed(count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1);
  for (size_t round = 0; round < rounds; ++round) {
    compare_columns(round);
    compare_pages(round);
  }
  if (rounds == 0) return 1;
#if defined(__SSE2__)
  std::printf("twins: %zu columns and pages, with SSE2 and without\n", rounds);
#else
  std::printf("twins: %zu columns and pages, on a processor without SSE2\n", rounds);
#endif
}
