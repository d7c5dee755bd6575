// SPDX-License-Identifier: MIT
#include "PowerCutVFS.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct recorded_file {
  sqlite3_file base;
  power_cut_file file;
  int syncs_folder;   // at its next sync
  sqlite3_file *real; // lies right behind this struct
} recorded_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs recording_vfs;

static struct {
  pthread_mutex_t lock;
  char path[1024]; // of the database; empty where nothing is recorded
  power_cut_log log;
  int64_t capacity;
} recording = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const suffixes[POWER_CUT_FILES] = {"", "-wal", "-journal"};

// POWER_CUT_FILES if no option was given for this file.
static power_cut_file file_of(const char *path) {
  power_cut_file found = POWER_CUT_FILES;
  pthread_mutex_lock(&recording.lock);
  size_t length = strlen(recording.path);
  if (path && length > 0 && strncmp(path, recording.path, length) == 0)
    for (int file = 0; file < POWER_CUT_FILES; file++)
      if (strcmp(path + length, suffixes[file]) == 0) found = (power_cut_file)file;
  pthread_mutex_unlock(&recording.lock);
  return found;
}

static void add(power_cut_kind kind, power_cut_file file, int64_t offset, const void *bytes, int64_t count) {
  pthread_mutex_lock(&recording.lock);
  if (recording.path[0]) {
    power_cut_log *log = &recording.log;
    if (log->count == recording.capacity) {
      recording.capacity = recording.capacity ? 2 * recording.capacity : 1024;
      log->operations = realloc(log->operations, (size_t)recording.capacity * sizeof *log->operations);
      if (!log->operations) abort();
    }
    uint8_t *copy = NULL;
    if (count > 0) {
      copy = malloc((size_t)count);
      if (!copy) abort();
      memcpy(copy, bytes, (size_t)count);
    }
    log->operations[log->count++] = (power_cut_operation){(int32_t)kind, (int32_t)file, offset, count, copy};
  }
  pthread_mutex_unlock(&recording.lock);
}

void power_cut_record(const char *path) {
  pthread_mutex_lock(&recording.lock);
  strncpy(recording.path, path, sizeof recording.path - 1);
  pthread_mutex_unlock(&recording.lock);
}

void power_cut_mark(power_cut_kind kind, int64_t number) { add(kind, POWER_CUT_FILES, number, NULL, 0); }

power_cut_log power_cut_end(void) {
  pthread_mutex_lock(&recording.lock);
  power_cut_log log = recording.log;
  recording.log = (power_cut_log){NULL, 0};
  recording.capacity = 0;
  recording.path[0] = 0;
  pthread_mutex_unlock(&recording.lock);
  return log;
}

void power_cut_log_free(power_cut_log log) {
  for (int64_t index = 0; index < log.count; index++) free((void *)log.operations[index].bytes);
  free(log.operations);
}

// ---- Files ---------------------------------------------------------------------------------

#define REAL(file) (((recorded_file *)(file))->real)
#define FILE_OF(file) (((recorded_file *)(file))->file)

static int file_close(sqlite3_file *file) { return REAL(file)->pMethods->xClose(REAL(file)); }

static int file_read(sqlite3_file *file, void *out, int count, sqlite3_int64 offset) {
  return REAL(file)->pMethods->xRead(REAL(file), out, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  int result = REAL(file)->pMethods->xWrite(REAL(file), bytes, count, offset);
  if (!result) add(POWER_CUT_WRITE, FILE_OF(file), offset, bytes, count);
  return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int result = REAL(file)->pMethods->xTruncate(REAL(file), size);
  if (!result) add(POWER_CUT_TRUNCATE, FILE_OF(file), size, NULL, 0);
  return result;
}

static int file_sync(sqlite3_file *file, int flags) {
  (void)flags;
  recorded_file *mine = (recorded_file *)file;
  add(POWER_CUT_SYNC, mine->file, 0, NULL, 0);
  if (mine->syncs_folder) add(POWER_CUT_SYNC_FOLDER, mine->file, 0, NULL, 0);
  mine->syncs_folder = 0;
  return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out) {
  return REAL(file)->pMethods->xFileSize(REAL(file), out);
}
static int file_lock(sqlite3_file *file, int level) { return REAL(file)->pMethods->xLock(REAL(file), level); }
static int file_unlock(sqlite3_file *file, int level) { return REAL(file)->pMethods->xUnlock(REAL(file), level); }
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
  return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static void file_shm_barrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int file_shm_unmap(sqlite3_file *file, int remove) {
  return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

// Nothing is memory-mapped, which would pass us by; a layer beneath may wait for the end of a look (IntruderVFS).
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
  power_cut_file which = file_of(path);
  if (which == POWER_CUT_FILES) return real_vfs->xOpen(real_vfs, path, file, flags, out_flags);

  recorded_file *mine = (recorded_file *)file;
  memset(mine, 0, sizeof *mine);
  mine->file = which;
  mine->real = (sqlite3_file *)(mine + 1);
  // SQLite's own VFS syncs the folder with the first sync of each -wal and -journal that it may create.
  mine->syncs_folder = which != POWER_CUT_DATABASE && flags & SQLITE_OPEN_CREATE;
  int result = real_vfs->xOpen(real_vfs, path, mine->real, flags, out_flags);
  if (mine->real->pMethods) mine->base.pMethods = &methods;
  // Whether it was there before is for the reader of the log to say.
  if (!result && flags & SQLITE_OPEN_CREATE) add(POWER_CUT_CREATE, which, 0, NULL, 0);
  return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs_folder) {
  (void)vfs;
  power_cut_file which = file_of(path);
  int result = real_vfs->xDelete(real_vfs, path, syncs_folder);
  if (which == POWER_CUT_FILES || result) return result;
  add(POWER_CUT_DELETE, which, 0, NULL, 0);
  if (syncs_folder) add(POWER_CUT_SYNC_FOLDER, which, 0, NULL, 0);
  return result;
}

int power_cut_vfs_install(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  int result = sqlite3_initialize();
  if (result == SQLITE_OK && !real_vfs) {
    real_vfs = sqlite3_vfs_find(0);
    recording_vfs = *real_vfs;
    recording_vfs.pNext = 0;
    recording_vfs.zName = "power cut";
    recording_vfs.szOsFile = (int)sizeof(recorded_file) + real_vfs->szOsFile;
    recording_vfs.xOpen = vfs_open;
    recording_vfs.xDelete = vfs_delete;
    result = sqlite3_vfs_register(&recording_vfs, 1);
  }
  pthread_mutex_unlock(&once);
  return result;
}
