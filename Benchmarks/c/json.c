/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <math.h>
#include <string.h>

#include "numbers.h"

static char *put(char *out, const char *text, size_t bytes) {
  memcpy(out, text, bytes);
  return out + bytes;
}
#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

static char *put_entry(char *out, const feature_data *feature, int64_t cell) {
  out = put(out, feature->opening, (size_t)feature->opening_bytes);
  const double value = feature->values[cell];
  out = isnan(value) ? PUT(out, "null") : number_print(out, value);
  switch (feature->qualities[cell]) {
  case 0: return PUT(out, ",\"quality\":\"ready\"}");
  case 1: return PUT(out, ",\"quality\":\"warmup\"}");
  case 2: return PUT(out, ",\"quality\":\"degraded\"}");
  case 3: return PUT(out, ",\"quality\":\"missing\"}");
  default: fail("%s: no quality in row %lld", feature->key, (long long)cell);
  }
}

int features_pack(const dataset *data, int64_t cell, char *out) {
  char *end = PUT(out, "{");
  for (int index = 0; index < data->features; ++index) {
    if (index) *end++ = ',';
    end = put_entry(end, &data->feature[index], cell);
  }
  return (int)(PUT(end, "}") - out);
}

int features_merge(const char *text, int bytes, const dataset *data, int64_t cell, char *out) {
  const feature_data *feature = &data->feature[0];
  const char *found = memmem(text, (size_t)bytes, feature->opening, (size_t)feature->opening_bytes);
  char *end;
  if (found) {
    const char *rest = memchr(found, '}', (size_t)(text + bytes - found));
    end = put_entry(put(out, text, (size_t)(found - text)), feature, cell);
    end = put(end, rest + 1, (size_t)(text + bytes - rest - 1));
  } else {
    end = put(out, text, (size_t)bytes - 1);
    if (bytes > 2) *end++ = ',';
    end = PUT(put_entry(end, feature, cell), "}");
  }
  return (int)(end - out);
}

static const char *expect(const char *at, const char *end, const char *literal, size_t bytes) {
  if ((size_t)(end - at) < bytes || memcmp(at, literal, bytes) != 0)
    fail("features: expected %s, found %.*s", literal, (int)(end - at), at);
  return at + bytes;
}
#define EXPECT(at, end, literal) expect(at, end, literal, sizeof(literal) - 1)

/* The four words have four lengths. */
static int8_t quality_code(const char *word, size_t bytes) {
  switch (bytes) {
  case 5: if (memcmp(word, "ready", 5) == 0) return 0; break;
  case 6: if (memcmp(word, "warmup", 6) == 0) return 1; break;
  case 8: if (memcmp(word, "degraded", 8) == 0) return 2; break;
  case 7: if (memcmp(word, "missing", 7) == 0) return 3; break;
  }
  fail("features: no quality: %.*s", (int)bytes, word);
}

/* Bars mostly have the same features in the same order, so the column after the last one is
 * tried first. */
static int column_of(const char *key, int bytes, const feature_column *columns, int count, int likely) {
  for (int tried = 0; tried < count; ++tried) {
    const int index = likely + tried < count ? likely + tried : likely + tried - count;
    if (columns[index].key_bytes == bytes && memcmp(columns[index].key, key, (size_t)bytes) == 0)
      return index;
  }
  return -1;
}

int features_unpack(const char *text, int bytes, feature_column *columns, int count, int64_t row) {
  for (int index = 0; index < count; ++index) {
    columns[index].values[row] = NAN;
    columns[index].qualities[row] = -1;
  }
  if (!text) return 0;
  const char *end = text + bytes, *at = EXPECT(text, end, "{");
  int entries = 0, likely = 0;
  while (at < end && *at != '}') {
    if (entries++) at = EXPECT(at, end, ",");
    const char *key = EXPECT(at, end, "\"");
    at = memchr(key, '"', (size_t)(end - key));
    if (!at) fail("features: a key without end");
    const int column = column_of(key, (int)(at - key), columns, count, likely);
    at = EXPECT(at, end, "\":{\"value\":");
    double value = NAN;
    at = *at == 'n' ? EXPECT(at, end, "null") : number_parse(at, end, &value);
    if (!at) fail("features: no number in %.*s", bytes, text);
    const char *word = EXPECT(at, end, ",\"quality\":\"");
    at = memchr(word, '"', (size_t)(end - word));
    if (!at) fail("features: a quality without end");
    if (column >= 0) {
      columns[column].values[row] = value;
      columns[column].qualities[row] = quality_code(word, (size_t)(at - word));
      likely = column + 1 < count ? column + 1 : 0;
    }
    at = EXPECT(at, end, "\"}");
  }
  EXPECT(at, end, "}");
  return entries;
}
