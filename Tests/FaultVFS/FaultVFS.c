// SPDX-License-Identifier: MIT
#include "FaultVFS.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

typedef struct fault_file {
  sqlite3_file base;
  const char *path;   // SQLite keeps it for as long as the file is open; NULL for its own temporary files
  sqlite3_file *real; // lies right behind this struct
} fault_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;

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

#define REAL(file) (((fault_file *)(file))->real)
#define PATH(file) (((fault_file *)(file))->path)
#define FATE(file, operation) fate(PATH(file), operation)

static int file_close(sqlite3_file *file) { return REAL(file)->pMethods->xClose(REAL(file)); }

static int file_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset) {
  int result = FATE(file, FAULT_READ);
  return result ? result : REAL(file)->pMethods->xRead(REAL(file), out, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  int result = FATE(file, FAULT_WRITE);
  if (!result) return REAL(file)->pMethods->xWrite(REAL(file), bytes, count, offset);
  // A disk that fails half-way leaves half of what was written.
  REAL(file)->pMethods->xWrite(REAL(file), bytes, count / 2, offset);
  return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int result = FATE(file, FAULT_TRUNCATE);
  return result ? result : REAL(file)->pMethods->xTruncate(REAL(file), size);
}

// No test pulls the plug, so nothing needs to reach the disk.
static int file_sync(sqlite3_file *file, int flags) {
  int result = FATE(file, FAULT_SYNC);
  if (result || is_watched(PATH(file))) return result;
  return REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out) {
  int result = FATE(file, FAULT_SIZE);
  return result ? result : REAL(file)->pMethods->xFileSize(REAL(file), out);
}
static int file_lock(sqlite3_file *file, int level) {
  int result = FATE(file, FAULT_LOCK);
  return result ? result : REAL(file)->pMethods->xLock(REAL(file), level);
}
static int file_unlock(sqlite3_file *file, int level) {
  int unlocked = REAL(file)->pMethods->xUnlock(REAL(file), level);
  int result = FATE(file, FAULT_UNLOCK);
  return result ? result : unlocked;
}
static int file_check_lock(sqlite3_file *file, int *out) {
  return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}
static int file_control(sqlite3_file *file, int operation, void *argument) {
  return REAL(file)->pMethods->xFileControl(REAL(file), operation, argument);
}
static int file_sector_size(sqlite3_file *file) { return REAL(file)->pMethods->xSectorSize(REAL(file)); }
static int file_characteristics(sqlite3_file *file) {
  return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  int result = FATE(file, FAULT_SHM_MAP);
  if (!result) return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
  *out = 0;
  return result;
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  int result = flags & SQLITE_SHM_LOCK ? FATE(file, FAULT_SHM_LOCK) : SQLITE_OK;
  return result ? result : REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static void file_shm_barrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int file_shm_unmap(sqlite3_file *file, int remove) {
  return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

// Without memory-mapped reads, which cannot be made to fail; a layer beneath may wait for the end of one (IntruderVFS).
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **out) {
  (void)file, (void)offset, (void)count;
  *out = 0;
  return SQLITE_OK;
}
static int file_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page) {
  const sqlite3_io_methods *real = REAL(file)->pMethods;
  return real->iVersion >= 3 ? real->xUnfetch(REAL(file), offset, page) : SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    3,           file_close,       file_read,        file_write,           file_truncate, file_sync,
    file_size,   file_lock,        file_unlock,      file_check_lock,      file_control,  file_sector_size,
    file_characteristics, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, file_fetch, file_unfetch};

// ---- The VFS -------------------------------------------------------------------------------

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
  (void)vfs;
  fault_file *mine = (fault_file *)file;
  memset(mine, 0, sizeof *mine);
  mine->path = path;
  mine->real = (sqlite3_file *)(mine + 1);
  int result = fate(path, FAULT_OPEN);
  if (result) return result;
  result = real_vfs->xOpen(real_vfs, path, mine->real, flags, out_flags);
  if (mine->real->pMethods) mine->base.pMethods = &methods;
  return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder) {
  (void)vfs;
  int result = fate(path, FAULT_DELETE);
  return result ? result : real_vfs->xDelete(real_vfs, path, sync_folder);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
  (void)vfs;
  int result = fate(path, FAULT_ACCESS);
  return result ? result : real_vfs->xAccess(real_vfs, path, flags, out);
}

int fault_vfs_install(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  int result = sqlite3_initialize();
  if (result == SQLITE_OK && !real_vfs) {
    real_vfs = sqlite3_vfs_find(0);
    // Everything else goes straight to the real one, whose methods take their own pAppData through us.
    fault_vfs = *real_vfs;
    fault_vfs.pNext = 0;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
    fault_vfs.xOpen = vfs_open;
    fault_vfs.xDelete = vfs_delete;
    fault_vfs.xAccess = vfs_access;
    result = sqlite3_vfs_register(&fault_vfs, 1);
  }
  pthread_mutex_unlock(&once);
  return result;
}
