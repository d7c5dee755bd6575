// SPDX-License-Identifier: MIT
#include "IntruderVFS.h"

#include <pthread.h>
#include <shim_vfs.h>
#include <string.h>

static shim_vfs vfs;

// Each thread has an intruder of its own, so that tests do not meet.
static _Thread_local struct {
  char path[1024];
  int operations;
  int first;
  int inside;
  void (*intrude)(void *context);
  void *context;
} armed;

void intruder_vfs_begin(const char *path, int n, void (*intrude)(void *context), void *context) {
  strncpy(armed.path, path, sizeof armed.path - 1);
  armed.operations = 0;
  armed.first = n;
  armed.intrude = intrude;
  armed.context = context;
}

int intruder_vfs_end(void) {
  armed.intrude = 0;
  return armed.operations;
}

static void enter(sqlite3_file *file) {
  const char *path = shim_path(file);
  if (!armed.intrude || armed.inside || !path || strcmp(path, armed.path) != 0) return;
  if (++armed.operations < armed.first) return;
  armed.inside = 1;
  armed.intrude(armed.context);
  armed.inside = 0;
}

// ---- Files ---------------------------------------------------------------------------------

static int file_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset) {
  return enter(file), shim_read(file, out, count, offset);
}
static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  return enter(file), shim_write(file, bytes, count, offset);
}
static int file_truncate(sqlite3_file *file, sqlite3_int64 size) { return enter(file), shim_truncate(file, size); }
static int file_sync(sqlite3_file *file, int flags) { return enter(file), shim_sync(file, flags); }
static int file_size(sqlite3_file *file, sqlite3_int64 *out) { return enter(file), shim_file_size(file, out); }
static int file_lock(sqlite3_file *file, int level) { return enter(file), shim_lock(file, level); }
static int file_unlock(sqlite3_file *file, int level) { return enter(file), shim_unlock(file, level); }
static int file_check_lock(sqlite3_file *file, int *out) { return enter(file), shim_check_reserved_lock(file, out); }
static int file_control(sqlite3_file *file, int operation, void *argument) {
  return enter(file), shim_file_control(file, operation, argument);
}
static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  return enter(file), shim_shm_map(file, page, size, extend, out);
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return enter(file), shim_shm_lock(file, offset, count, flags);
}

// Nothing is memory-mapped, but a checkpoint that finds the WAL changed calls xUnfetch, and that right between looking
// at the WAL's length and acting on it: https://sqlite.org/wal.html#walresetbug.
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **out) {
  (void)file, (void)offset, (void)count;
  *out = 0;
  return SQLITE_OK;
}
static int file_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page) {
  return enter(file), shim_unfetch(file, offset, page);
}

static const sqlite3_io_methods methods = {
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xFetch = file_fetch,
    .xUnfetch = file_unfetch,
};

// ---- The VFS -------------------------------------------------------------------------------

// What the intruder waits for does not come: the writer that it waits for is waiting for it to leave.
static int vfs_sleep(sqlite3_vfs *intruder, int microseconds) {
  return armed.inside ? 0 : shim_vfs_sleep(intruder, microseconds);
}

int intruder_vfs_install(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  int result = SQLITE_OK;
  if (!vfs.wrapped) {
    // Whether a test will ask for the file is not known yet, so each database, and each -wal, is prepared for it.
    shim_vfs_make(&vfs, sqlite3_vfs_find(0), "intruder", sizeof(shim_file), SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL,
                  &methods);
    vfs.base.xSleep = vfs_sleep;
    result = sqlite3_vfs_register(&vfs.base, 1);
  }
  pthread_mutex_unlock(&once);
  return result;
}
