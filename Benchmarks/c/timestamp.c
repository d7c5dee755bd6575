/* SPDX-License-Identifier: MIT */
#include "timestamp.h"

#include <string.h>

#include "dataset.h"

#define SECOND INT64_C(1000000000)
#define DAY INT64_C(86400)

static void two_digits(char *out, int64_t value) {
  out[0] = (char)('0' + value / 10);
  out[1] = (char)('0' + value % 10);
}

/* Civil date and day number in the proleptic Gregorian calendar, years that begin in March. */
static void print_day(int64_t day, char *out) {
  const int64_t shifted = day + 719468, era = shifted / 146097, of_era = shifted % 146097;
  const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t march_month = (5 * of_year + 2) / 153;
  const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2);
  two_digits(out, year / 100);
  two_digits(out + 2, year % 100);
  out[4] = '-';
  two_digits(out + 5, month);
  out[7] = '-';
  two_digits(out + 8, of_year - (153 * march_month + 2) / 5 + 1);
}

static int64_t number(const char *text, int digits) {
  int64_t value = 0;
  for (int index = 0; index < digits; ++index) {
    if (text[index] < '0' || text[index] > '9') fail("no timestamp: %.25s", text);
    value = value * 10 + (text[index] - '0');
  }
  return value;
}

static int64_t parse_day(const char *text) {
  const int64_t month = number(text + 5, 2), year = number(text, 4) - (month <= 2);
  const int64_t era = year / 400, year_of_era = year % 400;
  const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + number(text + 8, 2) - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719468;
}

void timestamp_print(timestamp_cache *cache, int64_t nanoseconds, char *out) {
  const int64_t seconds = nanoseconds / SECOND, day = seconds / DAY, rest = seconds % DAY;
  if (!cache->known || cache->day != day) {
    print_day(day, cache->text);
    cache->day = day;
    cache->known = 1;
  }
  memcpy(out, cache->text, 10);
  out[10] = 'T';
  two_digits(out + 11, rest / 3600);
  out[13] = ':';
  two_digits(out + 14, rest / 60 % 60);
  out[16] = ':';
  two_digits(out + 17, rest % 60);
  memcpy(out + 19, "+00:00", 6);
}

int64_t timestamp_parse(timestamp_cache *cache, const char *text, int bytes) {
  if (bytes != TIMESTAMP_BYTES || text[10] != 'T' || memcmp(text + 19, "+00:00", 6) != 0)
    fail("no timestamp: %.*s", bytes, text);
  if (!cache->known || memcmp(cache->text, text, 10) != 0) {
    cache->day = parse_day(text);
    memcpy(cache->text, text, 10);
    cache->known = 1;
  }
  const int64_t of_day = number(text + 11, 2) * 3600 + number(text + 14, 2) * 60 + number(text + 17, 2);
  return (cache->day * DAY + of_day) * SECOND;
}
