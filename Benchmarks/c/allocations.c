/* Preloaded, counts the heap allocations of the whole process: its own code, the library's,
 * SQLite's. glibc offers its allocator under these names to replacements of malloc.
 * SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_llong count;

/* floor.c asks through this; without the preload it is not there. */
int64_t allocation_count(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

static void counted(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }

void *malloc(size_t bytes) {
  counted();
  return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
  counted();
  return __libc_calloc(items, bytes);
}

void *realloc(void *memory, size_t bytes) {
  counted();
  return __libc_realloc(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  counted();
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
  counted();
  *out = __libc_memalign(alignment, bytes);
  return *out ? 0 : 12; /* ENOMEM */
}
