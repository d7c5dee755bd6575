// SPDX-License-Identifier: MIT
#include "PowerCutVFS.h"

#include <pthread.h>
#include <shim_vfs.h>
#include <stdlib.h>
#include <string.h>

typedef struct recorded_file {
  shim_file base;
  power_cut_file file;
  int syncs_folder; // at its next sync
} recorded_file;

static shim_vfs vfs;

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

#define FILE_OF(file) (((recorded_file *)(file))->file)

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  int result = shim_write(file, bytes, count, offset);
  if (!result) add(POWER_CUT_WRITE, FILE_OF(file), offset, bytes, count);
  return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int result = shim_truncate(file, size);
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

// Nothing is memory-mapped, which would pass us by.
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **out) {
  (void)file, (void)offset, (void)count;
  *out = 0;
  return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFetch = file_fetch,
};

// ---- The VFS -------------------------------------------------------------------------------

static int vfs_open(sqlite3_vfs *recording_vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
  power_cut_file which = file_of(path);
  sqlite3_vfs *wrapped = shim_wrapped_vfs(recording_vfs);
  if (which == POWER_CUT_FILES) return wrapped->xOpen(wrapped, path, file, flags, out_flags);

  int result = shim_vfs_open(recording_vfs, path, file, flags, out_flags);
  recorded_file *mine = (recorded_file *)file;
  mine->file = which;
  // SQLite's own VFS syncs the folder with the first sync of each -wal and -journal that it may create.
  mine->syncs_folder = which != POWER_CUT_DATABASE && flags & SQLITE_OPEN_CREATE;
  // Whether it was there before is for the reader of the log to say.
  if (!result && flags & SQLITE_OPEN_CREATE) add(POWER_CUT_CREATE, which, 0, NULL, 0);
  return result;
}

static int vfs_delete(sqlite3_vfs *recording_vfs, const char *path, int syncs_folder) {
  power_cut_file which = file_of(path);
  int result = shim_vfs_delete(recording_vfs, path, syncs_folder);
  if (which == POWER_CUT_FILES || result) return result;
  add(POWER_CUT_DELETE, which, 0, NULL, 0);
  if (syncs_folder) add(POWER_CUT_SYNC_FOLDER, which, 0, NULL, 0);
  return result;
}

int power_cut_vfs_install(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&once);
  int result = SQLITE_OK;
  if (!vfs.wrapped) {
    shim_vfs_make(&vfs, sqlite3_vfs_find(0), "power cut", sizeof(recorded_file), 0, &methods);
    vfs.base.xOpen = vfs_open;
    vfs.base.xDelete = vfs_delete;
    result = sqlite3_vfs_register(&vfs.base, 1);
  }
  pthread_mutex_unlock(&once);
  return result;
}
