// SPDX-License-Identifier: MIT
// The Arrow C data interface and the Arrow C stream interface, as the standard writes them, without trust in any pointer:
// https://arrow.apache.org/docs/format/CDataInterface.html. include/data_store.h declares the same for C; that the two are one
// and the same is what the compiler holds them to.
#ifndef CARROW_H
#define CARROW_H

#include <stdint.h>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *_Nullable format;
  const char *_Nullable name;
  const char *_Nullable metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema *_Nullable *_Nullable children;
  struct ArrowSchema *_Nullable dictionary;
  void (*_Nullable release)(struct ArrowSchema *_Nullable);
  void *_Nullable private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void *_Nullable *_Nullable buffers;
  struct ArrowArray *_Nullable *_Nullable children;
  struct ArrowArray *_Nullable dictionary;
  void (*_Nullable release)(struct ArrowArray *_Nullable);
  void *_Nullable private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*_Nullable get_schema)(struct ArrowArrayStream *_Nullable, struct ArrowSchema *_Nullable out);
  int (*_Nullable get_next)(struct ArrowArrayStream *_Nullable, struct ArrowArray *_Nullable out);
  const char *_Nullable (*_Nullable get_last_error)(struct ArrowArrayStream *_Nullable);
  void (*_Nullable release)(struct ArrowArrayStream *_Nullable);
  void *_Nullable private_data;
};

#endif

#endif
