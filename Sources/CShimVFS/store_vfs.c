// SPDX-License-Identifier: MIT
#include "store_vfs.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

// One for each VFS that was the default as a connection was opened, seldom more than one. They stay for good.
typedef struct store_vfs {
  shim_vfs shim;
  struct store_vfs *next;
  // What tells another VFS at the same address.
  int (*wrapped_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
  char name[40];
} store_vfs;

// Only ever grows at its head: read without a lock, which another thread could hold at a fork.
static _Atomic(store_vfs *) made;

static store_vfs *find(const sqlite3_vfs *wrapped) {
  for (store_vfs *known = atomic_load(&made); known; known = known->next) {
    const sqlite3_vfs *base = &known->shim.base;
    int version = wrapped->iVersion < 3 ? wrapped->iVersion : 3;
    if (known->shim.wrapped == wrapped && known->wrapped_open == wrapped->xOpen && base->iVersion == version &&
        base->szOsFile == known->shim.file_bytes + wrapped->szOsFile && base->mxPathname == wrapped->mxPathname)
      return known;
  }
  return NULL;
}

static store_vfs *make(sqlite3_vfs *wrapped) {
  static const sqlite3_io_methods none;
  store_vfs *new = malloc(sizeof *new);
  if (!new) return NULL;
  snprintf(new->name, sizeof new->name, "data_store-%p", (void *)new);
  new->wrapped_open = wrapped->xOpen;
  shim_vfs_make(&new->shim, wrapped, new->name, sizeof(shim_file), SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL, &none);
  new->next = atomic_load(&made);
  while (!atomic_compare_exchange_weak(&made, &new->next, new)) {
  }
  return new;
}

const char *store_vfs_name(void) {
  sqlite3_vfs *wrapped = sqlite3_vfs_find(NULL);
  if (!wrapped) return NULL;
  store_vfs *vfs = find(wrapped);
  if (!vfs) vfs = make(wrapped);
  if (!vfs) return NULL;
  if (sqlite3_vfs_find(vfs->name) != &vfs->shim.base) {
    sqlite3_vfs *second = wrapped->pNext;
    if (sqlite3_vfs_register(&vfs->shim.base, 0) != SQLITE_OK) return NULL;
    // SQLite puts it right behind the default, and would make it that when the default is unregistered. So what stood there
    // goes back to where it stood.
    if (second) sqlite3_vfs_register(second, 0);
  }
  return vfs->name;
}

// MARK: Files

static int is_passing(const sqlite3_file *file) {
  for (const store_vfs *known = atomic_load(&made); known; known = known->next) {
    const sqlite3_io_methods *first = &known->shim.methods.tables[0][0];
    for (int index = 0; index < 6; index++)
      if (file->pMethods == first + index) return 1;
  }
  return 0;
}

int store_vfs_switch_on(sqlite3_file *file, const shim_methods *methods, void *owner) {
  if (!file || !is_passing(file)) return 0;
  ((shim_file *)file)->owner = owner;
  file->pMethods = shim_methods_before(methods, shim_wrapped_methods(file));
  return 1;
}

void store_vfs_switch_off(sqlite3_file *file) {
  file->pMethods = shim_methods_before(&((shim_file *)file)->vfs->methods, shim_wrapped_methods(file));
  ((shim_file *)file)->owner = NULL;
}
