// SPDX-License-Identifier: MIT
#ifndef SHIM_VFS_H
#define SHIM_VFS_H

// The base of a shim VFS: a VFS of SQLite's that stands before another one and passes everything on to it, but for what
// its user does otherwise (https://sqlite.org/vfs.html, "VFS shims").
//
// A method that its user has no own one for is the wrapped one's, version for version: a shim before a file without
// shared memory has none itself. All of this holds for the second and third version of sqlite3_io_methods, and for the
// third of sqlite3_vfs, which SQLite has had since 3.7.17.

#include <sqlite3.h>

// The tables of methods of one kind of file: one for each version, and each with and without shared memory.
typedef struct shim_methods {
  sqlite3_io_methods tables[3][2];
} shim_methods;

typedef struct shim_vfs shim_vfs;

// A file of a shim VFS. One with more to it begins with this.
typedef struct shim_file {
  sqlite3_file base;
  sqlite3_file *wrapped;
  const shim_vfs *vfs;
  const char *path; // SQLite keeps it for as long as the file is open; NULL for temporary files
  void *owner;      // what the methods of shim_file_switch_on() need
} shim_file;

struct shim_vfs {
  sqlite3_vfs base;
  sqlite3_vfs *wrapped;
  int file_bytes;
  int kinds; // SQLITE_OPEN_ bits of the files that it stands before; the others are the wrapped VFS's own. 0: all
  shim_methods methods;
};

// Makes the tables of a kind of file: `own` has its methods, and NULL for those that only pass on.
void shim_methods_make(shim_methods *made, const sqlite3_io_methods *own);

// The table for a file that stands before one with the methods `wrapped`: with no more of them than that one has.
const sqlite3_io_methods *shim_methods_before(const shim_methods *methods, const sqlite3_io_methods *wrapped);

// Makes a shim VFS before `wrapped`, which must outlive it, to be registered with sqlite3_vfs_register(). `name` is not
// copied. A file is `file_bytes` long, a multiple of 8, has the methods of `own`, and is all zeros as it is opened.
void shim_vfs_make(shim_vfs *made, sqlite3_vfs *wrapped, const char *name, int file_bytes, int kinds,
                   const sqlite3_io_methods *own);

// MARK: What methods pass on

static inline sqlite3_file *shim_wrapped(sqlite3_file *file) { return ((shim_file *)file)->wrapped; }

static inline const sqlite3_io_methods *shim_wrapped_methods(sqlite3_file *file) {
  return ((shim_file *)file)->wrapped->pMethods;
}

static inline const char *shim_path(sqlite3_file *file) { return ((shim_file *)file)->path; }
static inline void *shim_owner(sqlite3_file *file) { return ((shim_file *)file)->owner; }

static inline int shim_close(sqlite3_file *file) { return shim_wrapped_methods(file)->xClose(shim_wrapped(file)); }

static inline int shim_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  return shim_wrapped_methods(file)->xRead(shim_wrapped(file), bytes, count, offset);
}

static inline int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  return shim_wrapped_methods(file)->xWrite(shim_wrapped(file), bytes, count, offset);
}

static inline int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return shim_wrapped_methods(file)->xTruncate(shim_wrapped(file), size);
}

static inline int shim_sync(sqlite3_file *file, int flags) {
  return shim_wrapped_methods(file)->xSync(shim_wrapped(file), flags);
}

static inline int shim_file_size(sqlite3_file *file, sqlite3_int64 *size) {
  return shim_wrapped_methods(file)->xFileSize(shim_wrapped(file), size);
}

static inline int shim_lock(sqlite3_file *file, int level) {
  return shim_wrapped_methods(file)->xLock(shim_wrapped(file), level);
}

static inline int shim_unlock(sqlite3_file *file, int level) {
  return shim_wrapped_methods(file)->xUnlock(shim_wrapped(file), level);
}

static inline int shim_check_reserved_lock(sqlite3_file *file, int *is_locked) {
  return shim_wrapped_methods(file)->xCheckReservedLock(shim_wrapped(file), is_locked);
}

// SQLITE_FCNTL_VFSNAME gives the names of all layers, with slashes between them.
int shim_file_control(sqlite3_file *file, int operation, void *argument);

// SQLite's own guess where a VFS does not tell.
static inline int shim_sector_size(sqlite3_file *file) {
  return shim_wrapped_methods(file)->xSectorSize ? shim_wrapped_methods(file)->xSectorSize(shim_wrapped(file)) : 4096;
}

static inline int shim_device_characteristics(sqlite3_file *file) {
  return shim_wrapped_methods(file)->xDeviceCharacteristics(shim_wrapped(file));
}

static inline int shim_shm_map(sqlite3_file *file, int region, int size, int extends, void volatile **memory) {
  return shim_wrapped_methods(file)->xShmMap(shim_wrapped(file), region, size, extends, memory);
}

static inline int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return shim_wrapped_methods(file)->xShmLock(shim_wrapped(file), offset, count, flags);
}

static inline void shim_shm_barrier(sqlite3_file *file) {
  shim_wrapped_methods(file)->xShmBarrier(shim_wrapped(file));
}

static inline int shim_shm_unmap(sqlite3_file *file, int deletes) {
  return shim_wrapped_methods(file)->xShmUnmap(shim_wrapped(file), deletes);
}

static inline int shim_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **bytes) {
  return shim_wrapped_methods(file)->xFetch(shim_wrapped(file), offset, count, bytes);
}

static inline int shim_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *bytes) {
  return shim_wrapped_methods(file)->xUnfetch(shim_wrapped(file), offset, bytes);
}

static inline sqlite3_vfs *shim_wrapped_vfs(sqlite3_vfs *vfs) { return ((shim_vfs *)vfs)->wrapped; }

// What base.xOpen is, for one that does more.
int shim_vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags);

static inline int shim_vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs_folder) {
  return shim_wrapped_vfs(vfs)->xDelete(shim_wrapped_vfs(vfs), path, syncs_folder);
}

static inline int shim_vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *is_there) {
  return shim_wrapped_vfs(vfs)->xAccess(shim_wrapped_vfs(vfs), path, flags, is_there);
}

static inline int shim_vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  return shim_wrapped_vfs(vfs)->xSleep(shim_wrapped_vfs(vfs), microseconds);
}

#endif
