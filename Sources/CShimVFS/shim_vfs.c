// SPDX-License-Identifier: MIT
#include "shim_vfs.h"

#include <string.h>

// MARK: Files

static const sqlite3_io_methods passing = {
    .iVersion = 3,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_file_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_reserved_lock,
    .xFileControl = shim_file_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_device_characteristics,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
    .xFetch = shim_fetch,
    .xUnfetch = shim_unfetch,
};

// A method of the user's, where there is one.
#define CHOOSE(method) table.method = own->method ? own->method : passing.method

void shim_methods_make(shim_methods *made, const sqlite3_io_methods *own) {
  sqlite3_io_methods table = passing;
  CHOOSE(xClose);
  CHOOSE(xRead);
  CHOOSE(xWrite);
  CHOOSE(xTruncate);
  CHOOSE(xSync);
  CHOOSE(xFileSize);
  CHOOSE(xLock);
  CHOOSE(xUnlock);
  CHOOSE(xCheckReservedLock);
  CHOOSE(xFileControl);
  CHOOSE(xSectorSize);
  CHOOSE(xDeviceCharacteristics);
  CHOOSE(xShmMap);
  CHOOSE(xShmLock);
  CHOOSE(xShmBarrier);
  CHOOSE(xShmUnmap);
  CHOOSE(xFetch);
  CHOOSE(xUnfetch);
  for (int version = 1; version <= 3; version++) {
    for (int is_shared = 0; is_shared < 2; is_shared++) {
      sqlite3_io_methods *entry = &made->tables[version - 1][is_shared];
      *entry = table;
      entry->iVersion = version;
      // SQLite takes a file without this one for one without shared memory.
      if (!is_shared) entry->xShmMap = NULL;
    }
  }
}

const sqlite3_io_methods *shim_methods_before(const shim_methods *methods, const sqlite3_io_methods *wrapped) {
  int version = wrapped->iVersion < 3 ? wrapped->iVersion : 3;
  return &methods->tables[version - 1][version > 1 && wrapped->xShmMap];
}

int shim_file_control(sqlite3_file *file, int operation, void *argument) {
  int result = shim_wrapped_methods(file)->xFileControl(shim_wrapped(file), operation, argument);
  if (operation != SQLITE_FCNTL_VFSNAME || result != SQLITE_OK) return result;
  char **names = argument;
  char *all = sqlite3_mprintf("%s/%s", ((shim_file *)file)->vfs->base.zName, *names);
  if (!all) return SQLITE_NOMEM;
  sqlite3_free(*names);
  *names = all;
  return SQLITE_OK;
}

int shim_vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
  const shim_vfs *shim = (const shim_vfs *)vfs;
  sqlite3_vfs *wrapped = shim->wrapped;
  if (shim->kinds && !(flags & shim->kinds)) return wrapped->xOpen(wrapped, path, file, flags, out_flags);
  shim_file *mine = (shim_file *)file;
  memset(mine, 0, (size_t)shim->file_bytes);
  mine->vfs = shim;
  mine->path = path;
  mine->wrapped = (sqlite3_file *)((char *)file + shim->file_bytes);
  mine->wrapped->pMethods = NULL;
  int result = wrapped->xOpen(wrapped, path, mine->wrapped, flags, out_flags);
  // SQLite closes a file that has methods, even one that could not be opened.
  if (mine->wrapped->pMethods) mine->base.pMethods = shim_methods_before(&shim->methods, mine->wrapped->pMethods);
  return result;
}

// MARK: The VFS

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int room, char *full) {
  return shim_wrapped_vfs(vfs)->xFullPathname(shim_wrapped_vfs(vfs), path, room, full);
}

static void *vfs_dl_open(sqlite3_vfs *vfs, const char *path) {
  return shim_wrapped_vfs(vfs)->xDlOpen(shim_wrapped_vfs(vfs), path);
}

static void vfs_dl_error(sqlite3_vfs *vfs, int room, char *message) {
  shim_wrapped_vfs(vfs)->xDlError(shim_wrapped_vfs(vfs), room, message);
}

static void (*vfs_dl_sym(sqlite3_vfs *vfs, void *library, const char *name))(void) {
  return shim_wrapped_vfs(vfs)->xDlSym(shim_wrapped_vfs(vfs), library, name);
}

static void vfs_dl_close(sqlite3_vfs *vfs, void *library) {
  shim_wrapped_vfs(vfs)->xDlClose(shim_wrapped_vfs(vfs), library);
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
  return shim_wrapped_vfs(vfs)->xRandomness(shim_wrapped_vfs(vfs), count, bytes);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *days) {
  return shim_wrapped_vfs(vfs)->xCurrentTime(shim_wrapped_vfs(vfs), days);
}

static int vfs_get_last_error(sqlite3_vfs *vfs, int room, char *message) {
  return shim_wrapped_vfs(vfs)->xGetLastError(shim_wrapped_vfs(vfs), room, message);
}

static int vfs_current_time_64(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
  return shim_wrapped_vfs(vfs)->xCurrentTimeInt64(shim_wrapped_vfs(vfs), milliseconds);
}

static int vfs_set_system_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call) {
  return shim_wrapped_vfs(vfs)->xSetSystemCall(shim_wrapped_vfs(vfs), name, call);
}

static sqlite3_syscall_ptr vfs_get_system_call(sqlite3_vfs *vfs, const char *name) {
  return shim_wrapped_vfs(vfs)->xGetSystemCall(shim_wrapped_vfs(vfs), name);
}

static const char *vfs_next_system_call(sqlite3_vfs *vfs, const char *name) {
  return shim_wrapped_vfs(vfs)->xNextSystemCall(shim_wrapped_vfs(vfs), name);
}

// NULL where the wrapped VFS, whose method of that name is `there`, has none.
#define WHERE(there, method) ((there) ? (method) : NULL)

void shim_vfs_make(shim_vfs *made, sqlite3_vfs *wrapped, const char *name, int file_bytes, int kinds,
                   const sqlite3_io_methods *own) {
  int version = wrapped->iVersion < 3 ? wrapped->iVersion : 3;
  *made = (shim_vfs){.wrapped = wrapped, .file_bytes = file_bytes, .kinds = kinds};
  made->base = (sqlite3_vfs){
      .iVersion = version,
      .szOsFile = file_bytes + wrapped->szOsFile,
      .mxPathname = wrapped->mxPathname,
      .zName = name,
      .pAppData = made,
      .xOpen = shim_vfs_open,
      .xDelete = shim_vfs_delete,
      .xAccess = shim_vfs_access,
      .xFullPathname = vfs_full_pathname,
      // Without extensions to load, these four may be missing.
      .xDlOpen = WHERE(wrapped->xDlOpen, vfs_dl_open),
      .xDlError = WHERE(wrapped->xDlError, vfs_dl_error),
      .xDlSym = WHERE(wrapped->xDlSym, vfs_dl_sym),
      .xDlClose = WHERE(wrapped->xDlClose, vfs_dl_close),
      .xRandomness = vfs_randomness,
      .xSleep = shim_vfs_sleep,
      .xCurrentTime = WHERE(wrapped->xCurrentTime, vfs_current_time),
      .xGetLastError = WHERE(wrapped->xGetLastError, vfs_get_last_error),
  };
  if (version >= 2) made->base.xCurrentTimeInt64 = WHERE(wrapped->xCurrentTimeInt64, vfs_current_time_64);
  if (version >= 3) {
    made->base.xSetSystemCall = WHERE(wrapped->xSetSystemCall, vfs_set_system_call);
    made->base.xGetSystemCall = WHERE(wrapped->xGetSystemCall, vfs_get_system_call);
    made->base.xNextSystemCall = WHERE(wrapped->xNextSystemCall, vfs_next_system_call);
  }
  shim_methods_make(&made->methods, own);
}
