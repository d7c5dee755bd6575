// SPDX-License-Identifier: MIT
#include "FaultVFS.h"

#include <pthread.h>
#include <shim_vfs.h>
#include <string.h>

static shim_vfs vfs;

static struct {
  pthread_mutex_t lock;
  char prefix[1024];
  int operations;
  int countdown;
  int result_code;
  int for_good;
  int failed;
  int met;
} armed = {.lock = PTHREAD_MUTEX_INITIALIZER};

// Under the lock.
static int is_below_prefix(const char *path) {
  size_t length = strlen(armed.prefix);
  return path && length > 0 && strncmp(path, armed.prefix, length) == 0;
}

static int is_watched(const char *path) {
  pthread_mutex_lock(&armed.lock);
  int is_below = is_below_prefix(path);
  pthread_mutex_unlock(&armed.lock);
  return is_below;
}

// SQLITE_OK, or the code to fail with.
static int fate(const char *path, int operation) {
  int result = SQLITE_OK;
  pthread_mutex_lock(&armed.lock);
  if (armed.operations & operation && is_below_prefix(path)) {
    armed.met++;
    if (armed.countdown > 0) armed.countdown--;
    if (armed.countdown == 0 && (armed.failed == 0 || armed.for_good)) {
      armed.failed++;
      result = armed.result_code;
    }
  }
  pthread_mutex_unlock(&armed.lock);
  return result;
}

void fault_vfs_arm(const char *prefix, int operations, int n, int result_code, int for_good) {
  pthread_mutex_lock(&armed.lock);
  strncpy(armed.prefix, prefix, sizeof armed.prefix - 1);
  armed.operations = operations;
  armed.countdown = n;
  armed.result_code = result_code;
  armed.for_good = for_good;
  armed.failed = 0;
  armed.met = 0;
  pthread_mutex_unlock(&armed.lock);
}

int fault_vfs_operations(void) {
  pthread_mutex_lock(&armed.lock);
  int met = armed.met;
  pthread_mutex_unlock(&armed.lock);
  return met;
}

int fault_vfs_disarm(void) {
  pthread_mutex_lock(&armed.lock);
  int failed = armed.failed;
  armed.operations = 0;
  pthread_mutex_unlock(&armed.lock);
  return failed;
}

// ---- Files ---------------------------------------------------------------------------------

#define FATE(file, operation) fate(shim_path(file), operation)

static int file_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset) {
  int result = FATE(file, FAULT_READ);
  return result ? result : shim_read(file, out, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  int result = FATE(file, FAULT_WRITE);
  if (!result) return shim_write(file, bytes, count, offset);
  // A disk that fails half-way leaves half of what was written.
  shim_write(file, bytes, count / 2, offset);
  return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int result = FATE(file, FAULT_TRUNCATE);
  return result ? result : shim_truncate(file, size);
}

// No test pulls the plug, so nothing needs to reach the disk.
static int file_sync(sqlite3_file *file, int flags) {
  int result = FATE(file, FAULT_SYNC);
  return result || is_watched(shim_path(file)) ? result : shim_sync(file, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out) {
  int result = FATE(file, FAULT_SIZE);
  return result ? result : shim_file_size(file, out);
}

static int file_lock(sqlite3_file *file, int level) {
  int result = FATE(file, FAULT_LOCK);
  return result ? result : shim_lock(file, level);
}

static int file_unlock(sqlite3_file *file, int level) {
  int unlocked = shim_unlock(file, level);
  int result = FATE(file, FAULT_UNLOCK);
  return result ? result : unlocked;
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  int result = FATE(file, FAULT_SHM_MAP);
  if (!result) return shim_shm_map(file, page, size, extend, out);
  *out = 0;
  return result;
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  int result = flags & SQLITE_SHM_LOCK ? FATE(file, FAULT_SHM_LOCK) : SQLITE_OK;
  return result ? result : shim_shm_lock(file, offset, count, flags);
}

// Without memory-mapped reads, which nobody could make fail.
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **out) {
  (void)file, (void)offset, (void)count;
  *out = 0;
  return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xFetch = file_fetch,
};

// ---- The VFS -------------------------------------------------------------------------------

static int vfs_open(sqlite3_vfs *fault, const char *path, sqlite3_file *file, int flags, int *out_flags) {
  // SQLite closes what has methods, whatever comes of this.
  file->pMethods = 0;
  int result = fate(path, FAULT_OPEN);
  return result ? result : shim_vfs_open(fault, path, file, flags, out_flags);
}

static int vfs_delete(sqlite3_vfs *fault, const char *path, int syncs_folder) {
  int result = fate(path, FAULT_DELETE);
  return result ? result : shim_vfs_delete(fault, path, syncs_folder);
}

static int vfs_access(sqlite3_vfs *fault, const char *path, int flags, int *out) {
  int result = fate(path, FAULT_ACCESS);
  return result ? result : shim_vfs_access(fault, path, flags, out);
}

int fault_vfs_install(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  int result = SQLITE_OK;
  if (!vfs.wrapped) {
    shim_vfs_make(&vfs, sqlite3_vfs_find(0), "fault", sizeof(shim_file), 0, &methods);
    vfs.base.xOpen = vfs_open;
    vfs.base.xDelete = vfs_delete;
    vfs.base.xAccess = vfs_access;
    result = sqlite3_vfs_register(&vfs.base, 1);
  }
  pthread_mutex_unlock(&once);
  return result;
}
