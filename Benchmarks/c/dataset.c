/* SPDX-License-Identifier: MIT */
#include "dataset.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const SOURCES[2] = {"alpha", "beta"};
const char *const QUALITIES[2] = {"clean", "repaired"};
const char *const FEATURE_QUALITIES[4] = {"ready", "warmup", "degraded", "missing"};

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

void *allocate(int64_t bytes) {
  void *memory = malloc((size_t)bytes);
  if (!memory) fail("no memory for %lld bytes", (long long)bytes);
  return memory;
}

int same(double left, double right) { return left == right || (left != left && right != right); }

void symbol_name(int series, char *out) { snprintf(out, NAME_BYTES, "SYM%04d", series); }

static const void *map(const char *folder, const char *name, int64_t bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  const int file = open(path, O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) fail("cannot read %s", path);
  if (status.st_size != bytes)
    fail("%s has %lld bytes, expected %lld", path, (long long)status.st_size, (long long)bytes);
  void *memory = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (memory == MAP_FAILED) fail("cannot map %s", path);
  close(file);
  return memory;
}

dataset dataset_load(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/shape", folder);
  FILE *shape = fopen(path, "r");
  dataset data;
  long long rows;
  int first_feature;
  if (!shape || fscanf(shape, "%d %lld %d %d", &data.series, &rows, &data.features, &first_feature) != 4)
    fail("cannot read %s", path);
  fclose(shape);
  if (data.features > MAX_FEATURES) fail("%s: more than %d features", path, MAX_FEATURES);
  data.rows = rows;

  const int64_t cells = data.series * data.rows;
  data.timestamps = map(folder, "timestamps.i64", data.rows * 8);
  data.open = map(folder, "open.f64", cells * 8);
  data.high = map(folder, "high.f64", cells * 8);
  data.low = map(folder, "low.f64", cells * 8);
  data.close = map(folder, "close.f64", cells * 8);
  data.volume = map(folder, "volume.f64", cells * 8);
  data.latency = map(folder, "latency_sec.f64", cells * 8);
  data.is_gap = map(folder, "is_gap.u8", cells);
  data.source = map(folder, "source.i32", cells * 4);
  data.quality = map(folder, "quality.i32", cells * 4);
  for (int index = 0; index < data.features; ++index) {
    feature_data *feature = &data.feature[index];
    char name[NAME_BYTES];
    snprintf(feature->key, sizeof feature->key, "feature_%02d@1.0", first_feature + index);
    feature->opening_bytes =
        snprintf(feature->opening, sizeof feature->opening, "\"%s\":{\"value\":", feature->key);
    snprintf(name, sizeof name, "feature_%02d.f64", first_feature + index);
    feature->values = map(folder, name, cells * 8);
    snprintf(name, sizeof name, "feature_%02d.i32", first_feature + index);
    feature->qualities = map(folder, name, cells * 4);
  }
  return data;
}
