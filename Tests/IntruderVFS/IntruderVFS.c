// SPDX-License-Identifier: MIT
#include "IntruderVFS.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

typedef struct entered_file {
  sqlite3_file base;
  const char *path;   // SQLite keeps it for as long as the file is open
  sqlite3_file *real; // lies right behind this struct
} entered_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs intruder_vfs;

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
  const char *path = ((entered_file *)file)->path;
  if (!armed.intrude || armed.inside || !path || strcmp(path, armed.path) != 0) return;
  if (++armed.operations < armed.first) return;
  armed.inside = 1;
  armed.intrude(armed.context);
  armed.inside = 0;
}

// ---- Files ---------------------------------------------------------------------------------

#define REAL(file) (((entered_file *)(file))->real)
// The method `name` of the real file, once the intruder has had its turn.
#define ENTERED(file, name) (enter(file), REAL(file)->pMethods->name)

static int file_close(sqlite3_file *file) { return REAL(file)->pMethods->xClose(REAL(file)); }
static int file_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset) {
  return ENTERED(file, xRead)(REAL(file), out, count, offset);
}
static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  return ENTERED(file, xWrite)(REAL(file), bytes, count, offset);
}
static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return ENTERED(file, xTruncate)(REAL(file), size);
}
static int file_sync(sqlite3_file *file, int flags) { return ENTERED(file, xSync)(REAL(file), flags); }
static int file_size(sqlite3_file *file, sqlite3_int64 *out) { return ENTERED(file, xFileSize)(REAL(file), out); }
static int file_lock(sqlite3_file *file, int level) { return ENTERED(file, xLock)(REAL(file), level); }
static int file_unlock(sqlite3_file *file, int level) { return ENTERED(file, xUnlock)(REAL(file), level); }
static int file_check_lock(sqlite3_file *file, int *out) {
  return ENTERED(file, xCheckReservedLock)(REAL(file), out);
}
static int file_control(sqlite3_file *file, int operation, void *argument) {
  return ENTERED(file, xFileControl)(REAL(file), operation, argument);
}
static int file_sector_size(sqlite3_file *file) { return REAL(file)->pMethods->xSectorSize(REAL(file)); }
static int file_characteristics(sqlite3_file *file) {
  return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  return ENTERED(file, xShmMap)(REAL(file), page, size, extend, out);
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return ENTERED(file, xShmLock)(REAL(file), offset, count, flags);
}
static void file_shm_barrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int file_shm_unmap(sqlite3_file *file, int remove) {
  return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

// Nothing is memory-mapped, but a checkpoint that finds the WAL changed calls xUnfetch, and that right between looking
// at the WAL's length and acting on it: https://sqlite.org/wal.html#walresetbug.
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **out) {
  (void)file, (void)offset, (void)count;
  *out = 0;
  return SQLITE_OK;
}
static int file_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page) {
  (void)offset, (void)page;
  enter(file);
  return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    3,           file_close,       file_read,        file_write,           file_truncate, file_sync,
    file_size,   file_lock,        file_unlock,      file_check_lock,      file_control,  file_sector_size,
    file_characteristics, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, file_fetch, file_unfetch};

// ---- The VFS -------------------------------------------------------------------------------

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
  (void)vfs;
  // Whether a test will ask for the file is not known yet, so each database, and each -wal, is prepared for it.
  if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) return real_vfs->xOpen(real_vfs, path, file, flags, out_flags);
  entered_file *mine = (entered_file *)file;
  memset(mine, 0, sizeof *mine);
  mine->path = path;
  mine->real = (sqlite3_file *)(mine + 1);
  int result = real_vfs->xOpen(real_vfs, path, mine->real, flags, out_flags);
  if (mine->real->pMethods) mine->base.pMethods = &methods;
  return result;
}

// What the intruder waits for does not come: the other side is waiting for it to leave.
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return armed.inside ? 0 : real_vfs->xSleep(real_vfs, microseconds);
}

int intruder_vfs_install(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  int result = sqlite3_initialize();
  if (result == SQLITE_OK && !real_vfs) {
    real_vfs = sqlite3_vfs_find(0);
    intruder_vfs = *real_vfs;
    intruder_vfs.pNext = 0;
    intruder_vfs.zName = "intruder";
    intruder_vfs.szOsFile = (int)sizeof(entered_file) + real_vfs->szOsFile;
    intruder_vfs.xOpen = vfs_open;
    intruder_vfs.xSleep = vfs_sleep;
    result = sqlite3_vfs_register(&intruder_vfs, 1);
  }
  pthread_mutex_unlock(&once);
  return result;
}
