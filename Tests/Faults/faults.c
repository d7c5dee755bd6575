/* faults.c: the disk's faults come from FaultVFS, SQLite's allocator is wrapped, and malloc is
 * the program's own, which a dynamic library uses like everybody else.
 * SPDX-License-Identifier: MIT
 */
#include "faults.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "FaultVFS.h"
#include "data_store.h"

static char folder[512];

void watch_folder(const char *path) { snprintf(folder, sizeof folder, "%s", path); }

/* ---- A countdown over allocations: SQLite's, or all large ones ---------------------------------- */

typedef struct countdown {
  atomic_bool armed;
  atomic_int met;
  atomic_int failed;
  int n;
  bool for_good;
} countdown;

static void start(countdown *count, int n, bool for_good) {
  count->n = n;
  count->for_good = for_good;
  atomic_store(&count->met, 0);
  atomic_store(&count->failed, 0);
  atomic_store(&count->armed, true);
}

static bool refuses(countdown *count) {
  if (!atomic_load(&count->armed)) return false;
  int number = atomic_fetch_add(&count->met, 1) + 1;
  if (number < count->n || (number > count->n && !count->for_good)) return false;
  atomic_fetch_add(&count->failed, 1);
  return true;
}

/* ---- SQLite's allocations (sqlite.org/malloc.html) ------------------------------------------------ */

static countdown sqlite_count;
static sqlite3_mem_methods plain;

static void *failing_malloc(int size) { return refuses(&sqlite_count) ? NULL : plain.xMalloc(size); }
static void *failing_realloc(void *block, int size) {
  return refuses(&sqlite_count) ? NULL : plain.xRealloc(block, size);
}

static void arm_sqlite(const fault *kind, int n, bool for_good) {
  (void)kind;
  start(&sqlite_count, n, for_good);
}
static void disarm_sqlite(void) { atomic_store(&sqlite_count.armed, false); }
static int met_sqlite(void) { return atomic_load(&sqlite_count.met); }
static int failed_sqlite(void) { return atomic_load(&sqlite_count.failed); }

/* ---- malloc, from a size on ----------------------------------------------------------------------- */

/* What grows with the rows. Smaller blocks are the Swift runtime's own objects and arrays of bounded length (the
 * entries of one bar, the columns of one batch): Swift ends the process where it cannot have them, so the library keeps
 * what has no bound out of them. */
#define LARGE (16 * 1024)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static countdown large_count;

static bool refuses_large(size_t size) {
  if (size < LARGE || !refuses(&large_count)) return false;
  errno = ENOMEM;
  return true;
}

void *malloc(size_t size) { return refuses_large(size) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || refuses_large(bytes)) return NULL;
  return __libc_calloc(count, size);
}
void *realloc(void *block, size_t size) {
  return refuses_large(size) ? NULL : __libc_realloc(block, size);
}

static void arm_large(const fault *kind, int n, bool for_good) {
  (void)kind;
  start(&large_count, n, for_good);
}
static void disarm_large(void) { atomic_store(&large_count.armed, false); }
static int met_large(void) { return atomic_load(&large_count.met); }
static int failed_large(void) { return atomic_load(&large_count.failed); }

/* ---- The disk ------------------------------------------------------------------------------------- */

static int disk_failed;

static void arm_disk(const fault *kind, int n, bool for_good) {
  fault_vfs_arm(folder, kind->operations, n, kind->result_code, for_good);
}
static void disarm_disk(void) { disk_failed = fault_vfs_disarm(); }
static int failed_disk(void) { return disk_failed; }

/* ---- All of them ---------------------------------------------------------------------------------- */

#define DISK(name, operations, result_code) \
  {name, arm_disk, disarm_disk, fault_vfs_operations, failed_disk, DS_STORAGE, operations, result_code}

const fault faults[] = {
    DISK("write", FAULT_WRITE, SQLITE_IOERR_WRITE),
    DISK("disk full", FAULT_WRITE, SQLITE_FULL),
    DISK("sync", FAULT_SYNC, SQLITE_IOERR_FSYNC),
    DISK("truncate", FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE),
    DISK("read", FAULT_READ, SQLITE_IOERR_READ),
    DISK("file size", FAULT_SIZE, SQLITE_IOERR_FSTAT),
    DISK("open", FAULT_OPEN, SQLITE_CANTOPEN),
    DISK("delete", FAULT_DELETE, SQLITE_IOERR_DELETE),
    DISK("access", FAULT_ACCESS, SQLITE_IOERR_ACCESS),
    DISK("lock", FAULT_LOCK, SQLITE_IOERR_LOCK),
    DISK("unlock", FAULT_UNLOCK, SQLITE_IOERR_UNLOCK),
    DISK("shm lock", FAULT_SHM_LOCK, SQLITE_IOERR_SHMLOCK),
    DISK("shm map", FAULT_SHM_MAP, SQLITE_IOERR_SHMMAP),
    {"SQLite malloc", arm_sqlite, disarm_sqlite, met_sqlite, failed_sqlite, DS_NO_MEMORY, 0, 0},
    {"large malloc", arm_large, disarm_large, met_large, failed_large, DS_NO_MEMORY, 0, 0},
};
const int fault_count = (int)(sizeof faults / sizeof faults[0]);

void install_faults(void) {
  bool installed = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) == SQLITE_OK;
  sqlite3_mem_methods wrapped = plain;
  wrapped.xMalloc = failing_malloc;
  wrapped.xRealloc = failing_realloc;
  installed = installed && sqlite3_config(SQLITE_CONFIG_MALLOC, &wrapped) == SQLITE_OK;
  installed = installed && fault_vfs_install() == SQLITE_OK;
  if (!installed) {
    fprintf(stderr, "faults: SQLite was in use before the faults could be put below it\n");
    exit(2);
  }
}
